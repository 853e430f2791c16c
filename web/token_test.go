package web_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// tokens is the answer of the token endpoint, good or bad.
type tokens struct {
	status int
	header http.Header
	ID     string `json:"id_token"`
	Access string `json:"access_token"`
	Fresh  string `json:"refresh_token"`
	Type   string `json:"token_type"`
	Error  string `json:"error"`

	Reference string `json:"request_uri"` // of a pushed request
}

// token calls the token endpoint as the confidential client.
func (s *site) token(t *testing.T, form url.Values) *tokens {
	t.Helper()
	return s.tokenAs(t, hubtest.Issuer, hubtest.ClientID, hubtest.ClientSecret, form)
}

// tokenAs calls the token endpoint of an issuer as a client; without a secret it
// is a public one.
func (s *site) tokenAs(t *testing.T, issuer, client, secret string, form url.Values) *tokens {
	t.Helper()
	form = cloneValues(form)
	if secret == "" {
		form.Set("client_id", client)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if secret != "" {
		r.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(secret))
	}
	return s.answer(t, r)
}

func (s *site) answer(t *testing.T, r *http.Request) *tokens {
	t.Helper()
	res, err := transport{hub: s.server}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	a := &tokens{status: res.StatusCode, header: res.Header}
	if err := json.NewDecoder(res.Body).Decode(a); err != nil {
		t.Fatalf("answer is not JSON: %v", err)
	}
	if res.StatusCode >= 500 {
		t.Errorf("status %d for input", res.StatusCode)
	}
	if !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
		t.Error("the answer may be stored")
	}
	return a
}

func redeem(code string, changes ...string) url.Values {
	v := values("grant_type", "authorization_code", "code", code, "redirect_uri", hubtest.Callback, "code_verifier", hubtest.Verifier)
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			v.Del(changes[i])
		} else {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

func refresh(token string) url.Values {
	return values("grant_type", "refresh_token", "refresh_token", token)
}

// userInfo returns the status of userInfo for a token.
func (s *site) userInfo(t *testing.T, token string) int {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", hubtest.Issuer+"/oauth2/userInfo", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := transport{hub: s.server}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

// A code used a second time, at once, after half a minute or after it expired,
// kills everything that the first use gave.
func TestA08_CodeReuse(t *testing.T) {
	for _, wait := range []time.Duration{0, 30 * time.Second, 2 * time.Minute} {
		t.Run(wait.String(), func(t *testing.T) {
			s := serve(t, hubtest.New(t))
			code := s.browser(t).code()
			first := s.token(t, redeem(code))
			if first.Access == "" || s.userInfo(t, first.Access) != http.StatusOK {
				t.Fatal("the first use gave nothing")
			}
			s.Advance(wait)
			if again := s.token(t, redeem(code)); again.status != 400 || again.Error != "invalid_grant" || again.Access != "" {
				t.Errorf("second use: %+v", again)
			}
			if got := s.userInfo(t, first.Access); got != http.StatusUnauthorized {
				t.Errorf("access token of the first use: %d", got)
			}
			if got := s.token(t, refresh(first.Fresh)); got.Error != "invalid_grant" {
				t.Errorf("refresh token of the first use: %+v", got)
			}
			if len(s.Events(hub.CodeReuse)) != 1 {
				t.Error("no event")
			}
		})
	}
}

// Of fifty uses at once one succeeds at most, and what it gave is revoked.
func TestA09_ParallelRedemption(t *testing.T) {
	s := serve(t, hubtest.New(t))
	for range 4 {
		code := s.browser(t).code()
		got := make([]*tokens, 50)
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() { got[i] = s.token(t, redeem(code)) })
		}
		all.Wait()
		won := 0
		for _, g := range got {
			if g.Access == "" {
				continue
			}
			won++
			if s.userInfo(t, g.Access) == http.StatusOK {
				t.Error("the winner's token lives on although others tried")
			}
		}
		if won > 1 {
			t.Fatalf("%d uses of one code succeeded", won)
		}
	}
}

// A code is bound to client, pool, redirect URI and challenge; a wrong binding
// burns it, and a failed client authentication does not.
func TestA10_CodeBindings(t *testing.T) {
	for name, try := range map[string]func(*testing.T, *site, string) *tokens{
		"client": func(t *testing.T, s *site, code string) *tokens {
			return s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", redeem(code))
		},
		"redirect_uri": func(t *testing.T, s *site, code string) *tokens {
			return s.token(t, redeem(code, "redirect_uri", hubtest.Callback+"/"))
		},
		"no redirect_uri": func(t *testing.T, s *site, code string) *tokens {
			return s.token(t, redeem(code, "redirect_uri", ""))
		},
		"verifier": func(t *testing.T, s *site, code string) *tokens {
			return s.token(t, redeem(code, "code_verifier", strings.Repeat("w", 43)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, hubtest.New(t))
			code := s.browser(t).code()
			if got := try(t, s, code); got.Error != "invalid_grant" {
				t.Fatalf("wrong binding: %+v", got)
			}
			if got := s.token(t, redeem(code)); got.Error != "invalid_grant" {
				t.Errorf("the code was not burnt: %+v", got)
			}
		})
	}
	t.Run("pool", func(t *testing.T) {
		h := hubtest.New(t)
		other := h.AddPool("other", "http://other.test")
		s := serve(t, h, h.Pool, other)
		code := s.browser(t).code()
		if got := s.tokenAs(t, other.Issuer, hubtest.ClientID, hubtest.ClientSecret, redeem(code)); got.Error != "invalid_grant" {
			t.Fatalf("at another pool: %+v", got)
		}
		if got := s.token(t, redeem(code)); got.Access == "" {
			t.Errorf("another pool burnt the code: %+v", got)
		}
	})
	t.Run("failed authentication keeps it", func(t *testing.T) {
		s := serve(t, hubtest.New(t))
		code := s.browser(t).code()
		if got := s.tokenAs(t, hubtest.Issuer, hubtest.ClientID, "wrong", redeem(code)); got.Error != "invalid_client" {
			t.Fatalf("wrong secret: %+v", got)
		}
		if got := s.token(t, redeem(code)); got.Access == "" {
			t.Errorf("the code was burnt by a stranger: %+v", got)
		}
	})
}

func TestA11_OldAndGuessedCodes(t *testing.T) {
	s := serve(t, hubtest.New(t))
	code := s.browser(t).code()
	if raw, err := base64.RawURLEncoding.DecodeString(code); err != nil || len(raw) < 16 {
		t.Errorf("the code holds %d bytes of chance", len(raw))
	}
	s.Advance(61 * time.Second)
	if got := s.token(t, redeem(code)); got.Error != "invalid_grant" {
		t.Errorf("after a minute: %+v", got)
	}
	for _, guess := range []string{"x", strings.Repeat("A", 43), code[:42], code + "A", "\x00", strings.Repeat("long", 4000)} {
		if got := s.token(t, redeem(guess)); got.status != 400 {
			t.Errorf("%.20q: %+v", guess, got)
		}
	}
}

// PKCE cannot be taken away, brought along later, or shortened.
func TestA13_PKCEDowngrades(t *testing.T) {
	verifiers := []string{"", "plain"}
	for n := range 200 {
		verifiers = append(verifiers, strings.Repeat("a", n))
	}
	verifiers = append(verifiers, hubtest.Verifier+" ", hubtest.Verifier[:43-1], oauth.Challenge(hubtest.Verifier))
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.code()
	silent := func(changes ...string) string {
		params, ok := b.authorize(append(changes, "prompt", "none")...).app()
		if !ok || params.Get("code") == "" {
			t.Fatalf("no code: %v", params)
		}
		return params.Get("code")
	}
	for _, v := range verifiers {
		code := silent()
		if got := s.token(t, redeem(code, "code_verifier", v)); got.Access != "" || got.status != 400 {
			t.Fatalf("verifier %q: %+v", v, got)
		}
		if got := s.token(t, redeem(code)); got.Access != "" && v != "" {
			t.Fatalf("verifier %q did not burn the code", v)
		}
	}
	code := silent("code_challenge", "", "code_challenge_method", "")
	if got := s.token(t, redeem(code)); got.Error != "invalid_grant" {
		t.Errorf("a verifier without a challenge: %+v", got)
	}
}

func TestA21_ClientAuthentication(t *testing.T) {
	s := serve(t, hubtest.New(t))
	code := s.browser(t).code()
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	good := basic(hubtest.ClientID, hubtest.ClientSecret)
	for name, c := range map[string]struct {
		authorization, query string
		body                 url.Values
		status               int
		want                 string
	}{
		"nothing":                  {"", "", redeem(code), 401, "invalid_client"},
		"id alone":                 {"", "", redeem(code, "client_id", hubtest.ClientID), 401, "invalid_client"},
		"wrong secret":             {basic(hubtest.ClientID, "x"), "", redeem(code), 401, "invalid_client"},
		"wrong secret in the body": {"", "", redeem(code, "client_id", hubtest.ClientID, "client_secret", "x"), 401, "invalid_client"},
		"unknown client":           {basic("nobody", "x"), "", redeem(code), 401, "invalid_client"},
		"secret in the URL":        {"", "client_id=app&client_secret=" + hubtest.ClientSecret, redeem(code), 401, "invalid_client"},
		"two methods":              {good, "", redeem(code, "client_id", hubtest.ClientID, "client_secret", hubtest.ClientSecret), 400, "invalid_request"},
		"two names":                {good, "", redeem(code, "client_id", hubtest.PublicID), 400, "invalid_request"},
		"broken base64":            {"Basic !!!", "", redeem(code), 401, "invalid_client"},
		"no colon":                 {"Basic " + base64.StdEncoding.EncodeToString([]byte("app")), "", redeem(code), 401, "invalid_client"},
		"bad encoding":             {basic("app", "%zz"), "", redeem(code), 401, "invalid_client"},
		"bearer":                   {"Bearer " + hubtest.ClientSecret, "", redeem(code), 401, "invalid_client"},
		"public with a secret":     {basic(hubtest.PublicID, "x"), "", redeem(code), 401, "invalid_client"},
		"code in the URL":          {good, "code=" + code, redeem(code, "code", ""), 400, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := http.NewRequestWithContext(t.Context(), "POST", hubtest.Issuer+"/oauth2/token?"+c.query, strings.NewReader(c.body.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if c.authorization != "" {
				r.Header.Set("Authorization", c.authorization)
			}
			got := s.answer(t, r)
			if got.status != c.status || got.Error != c.want {
				t.Errorf("%d %s, want %d %s", got.status, got.Error, c.status, c.want)
			}
			if c.status == 401 && got.header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
	if got := s.token(t, redeem(code)); got.Access == "" {
		t.Errorf("none of these may have touched the code: %+v", got)
	}
}

// A rotated refresh token used again after the grace kills the family; within it
// the same successor comes back.
func TestA26_RefreshReuse(t *testing.T) {
	s := serve(t, hubtest.New(t))
	first := s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", redeem(s.browser(t).code("client_id", hubtest.PublicID)))
	use := func(token string) *tokens { return s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", refresh(token)) }
	second := use(first.Fresh)
	if second.Access == "" || second.Fresh == "" || second.Fresh == first.Fresh {
		t.Fatalf("no rotation: %+v", second)
	}
	s.Advance(5 * time.Second)
	if again := use(first.Fresh); again.Fresh != second.Fresh {
		t.Errorf("inside the grace another successor: %+v", again)
	}
	s.Advance(6 * time.Second)
	if late := use(first.Fresh); late.Error != "invalid_grant" {
		t.Errorf("after the grace: %+v", late)
	}
	if got := use(second.Fresh); got.Error != "invalid_grant" {
		t.Errorf("the family lives on: %+v", got)
	}
	if s.userInfo(t, second.Access) != http.StatusUnauthorized {
		t.Error("the family's access token lives on")
	}
	if len(s.Events(hub.RefreshReuse)) != 1 {
		t.Error("no event")
	}
}

// The same refresh token many times at once gives one successor, never two
// branches; a token two generations old is theft even inside the grace.
func TestA27_ParallelRefresh(t *testing.T) {
	s := serve(t, hubtest.New(t))
	first := s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", redeem(s.browser(t).code("client_id", hubtest.PublicID)))
	got := make([]*tokens, 32)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i] = s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", refresh(first.Fresh)) })
	}
	all.Wait()
	for _, g := range got {
		if g.Fresh == "" || g.Fresh != got[0].Fresh {
			t.Fatalf("two branches: %+v", g)
		}
	}
	third := s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", refresh(got[0].Fresh))
	if third.Fresh == "" {
		t.Fatal("the successor does not work")
	}
	if old := s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", refresh(first.Fresh)); old.Error != "invalid_grant" {
		t.Errorf("two generations old: %+v", old)
	}
	if now := s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", refresh(third.Fresh)); now.Error != "invalid_grant" {
		t.Errorf("the family lives on: %+v", now)
	}
}

// Refresh and userInfo ask what became of person, provider, client and scope.
func TestA29_RefreshAfterChanges(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *site){
		"disabled": func(t *testing.T, s *site) {
			if _, err := directory.SetDisabled(t.Context(), s.Pool, hubtest.Username, true, hub.End{}); err != nil {
				t.Fatal(err)
			}
		},
		"signed out everywhere": func(t *testing.T, s *site) {
			if _, err := directory.SignOut(t.Context(), s.Pool, hubtest.Username, hub.End{}); err != nil {
				t.Fatal(err)
			}
		},
		"deleted": func(t *testing.T, s *site) {
			if _, err := directory.Delete(t.Context(), s.Pool, hubtest.Username, hub.End{}); err != nil {
				t.Fatal(err)
			}
		},
		"scope withdrawn": func(_ *testing.T, s *site) {
			s.Pool.Clients[hubtest.ClientID].Scopes = oauth.Scope{"openid"}
		},
		"client removed": func(_ *testing.T, s *site) { delete(s.Pool.Clients, hubtest.ClientID) },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, hubtest.New(t))
			got := s.token(t, redeem(s.browser(t).code()))
			change(t, s)
			want := "invalid_grant"
			if name == "client removed" {
				want = "invalid_client"
			}
			if after := s.token(t, refresh(got.Fresh)); after.Error != want {
				t.Errorf("refresh: %+v", after)
			}
			if name != "scope withdrawn" && s.userInfo(t, got.Access) != http.StatusUnauthorized {
				t.Error("userInfo still answers")
			}
		})
	}
}

func TestA25_RefreshNeverWidens(t *testing.T) {
	s := serve(t, hubtest.New(t))
	got := s.token(t, redeem(s.browser(t).code("scope", "openid email")))
	wide := refresh(got.Fresh)
	wide.Set("scope", "openid email profile")
	if after := s.token(t, wide); after.Error != "invalid_scope" {
		t.Errorf("wider: %+v", after)
	}
	narrow := refresh(got.Fresh)
	narrow.Set("scope", "openid")
	if after := s.token(t, narrow); after.Access == "" || after.Fresh != "" {
		t.Errorf("narrower: %+v", after)
	}
	t.Run("RefusalUsesNothingUp", func(t *testing.T) {
		use := func(form url.Values) *tokens { return s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", form) }
		got := use(redeem(s.browser(t).code("client_id", hubtest.PublicID, "scope", "openid email")))
		wide := refresh(got.Fresh)
		wide.Set("scope", "openid email profile")
		if after := use(wide); after.Error != "invalid_scope" {
			t.Errorf("wider: %+v", after)
		}
		s.Advance(time.Minute) // longer than the grace
		if after := use(refresh(got.Fresh)); after.Fresh == "" {
			t.Errorf("the token was used up by a refused request: %+v", after)
		}
	})
}

// Each kind of token opens only what it is for, and only at its own pool.
func TestA33_KindsOfTokens(t *testing.T) {
	h := hubtest.New(t)
	other := h.AddPool("other", "http://other.test")
	h.AddUser(other, "bob", directory.NewUser{Password: hubtest.Password, Attributes: map[string]string{"email": "bob@corp.example"}})
	s := serve(t, h, h.Pool, other)
	code := s.browser(t).code()
	got := s.token(t, redeem(code))
	b := s.browser(t)
	theirs := s.tokenAs(t, other.Issuer, hubtest.ClientID, hubtest.ClientSecret, redeem(foreignCode(t, b, other.Issuer)))
	if theirs.Access == "" {
		t.Fatal("no token of the other pool")
	}
	for name, token := range map[string]string{
		"ID token": got.ID, "refresh token": got.Fresh, "code": code, "other pool's": theirs.Access, "nothing": "x",
		"cut": got.Access[:len(got.Access)-1], "longer": got.Access + "A", "no signature": got.Access[:strings.LastIndex(got.Access, ".")+1],
	} {
		if status := s.userInfo(t, token); status != http.StatusUnauthorized {
			t.Errorf("%s at userInfo: %d", name, status)
		}
	}
	for name, token := range map[string]string{"access token": got.Access, "ID token": got.ID, "code": code, "other pool's": theirs.Fresh} {
		if after := s.token(t, refresh(token)); after.Error != "invalid_grant" {
			t.Errorf("%s as refresh token: %+v", name, after)
		}
	}
	for name, token := range map[string]string{"access token": got.Access, "refresh token": got.Fresh} {
		if after := s.token(t, redeem(token)); after.status != 400 {
			t.Errorf("%s as code: %+v", name, after)
		}
	}
}

func foreignCode(t *testing.T, b *browser, issuer string) string {
	t.Helper()
	page := b.get(issuer + "/oauth2/authorize?" + hubtest.Authorization().Encode())
	params, ok := b.submit(page, "username", "bob", "password", hubtest.Password).app()
	if !ok {
		t.Fatal("no code of the other pool")
	}
	return params.Get("code")
}

// Nothing that a copy of the database holds signs anybody in.
func TestA39_StoreHoldsNoSecrets(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	code := b.code()
	got := s.token(t, redeem(code))
	secrets := map[string]string{"code": code, "access token": got.Access, "ID token": got.ID, "refresh token": got.Fresh,
		"password": hubtest.Password, "client secret": hubtest.ClientSecret}
	for _, c := range b.cookies() {
		secrets["cookie "+c.Name] = c.Value
	}
	data, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range secrets {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the %s stands in the file", name)
		}
	}
	log := s.log.String()
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("A17: the %s stands in the log", name)
		}
	}
}

func cloneValues(v url.Values) url.Values {
	c := url.Values{}
	for name, list := range v {
		c[name] = append([]string(nil), list...)
	}
	return c
}
