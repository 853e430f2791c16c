package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/idp/idptest"
)

func TestSignIn(t *testing.T) {
	b := newRig(t, idptest.Config{}).browser()
	request, err := url.Parse(b.send("GET", "/signin?prompt=login&way=corporate").Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	query := request.Query()
	for name, want := range map[string]string{
		"response_type": "code", "code_challenge_method": "S256", "prompt": "login", "identity_provider": "CorporateID",
		"redirect_uri": b.url + CallbackPath,
	} {
		if query.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, query.Get(name), want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(query.Get(name)) < 26 {
			t.Errorf("%s is %q: too easy to guess", name, query.Get(name))
		}
	}
	if b.signedIn() {
		t.Fatal("signed in before anything happened")
	}
	b.signIn()
	if !b.signedIn() {
		t.Fatal("not signed in")
	}
	p := b.send("GET", "/")
	for _, want := range []string{"Alice Example", "alice@upstream.example"} {
		if !strings.Contains(p.text(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestAnswerOfAStranger sends the app answers that nobody asked for.
func TestAnswerOfAStranger(t *testing.T) {
	r := newRig(t, idptest.Config{})
	victim, attacker := r.browser(), r.browser()
	for _, c := range []struct {
		name   string
		answer func() url.Values
	}{
		{"no state", func() url.Values { p := victim.begin(); p.Del("state"); return p }},
		{"made-up state", func() url.Values { p := victim.begin(); p.Set("state", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"); return p }},
		{"another browser's answer", attacker.begin},
		{"another issuer", func() url.Values { p := victim.begin(); p.Set("iss", "https://other.example"); return p }},
		{"no issuer, though promised", func() url.Values { p := victim.begin(); p.Del("iss"); return p }},
		{"another's error", func() url.Values {
			return url.Values{"error": {"access_denied"}, "error_description": {"call 555"}, "error_uri": {"https://other.example"}}
		}},
		{"no code", func() url.Values { p := victim.begin(); p.Del("code"); return p }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := victim.finish(c.answer())
			if p.StatusCode < 400 || strings.Contains(p.text(), "call 555") || p.doc.Find("a[href^='https://other.example']").Length() > 0 {
				t.Errorf("%s\n%s", p.Status, p.text())
			}
			if victim.signedIn() {
				t.Error("signed in")
			}
		})
	}
	t.Run("replay", func(t *testing.T) {
		params := victim.begin()
		if p := victim.finish(params); p.StatusCode != http.StatusFound {
			t.Fatalf("the first time: %s", p.Status)
		}
		if p := victim.finish(params); p.StatusCode != http.StatusBadRequest {
			t.Errorf("the second time: %s", p.Status)
		}
	})
}

// TestIssuerNotPromised takes answers without iss from a pool that promises none.
func TestIssuerNotPromised(t *testing.T) {
	b := newRig(t, idptest.Config{NoIss: true}).browser()
	b.signIn()
	if !b.signedIn() {
		t.Error("not signed in")
	}
}

// TestWrongTokens gives the app wrong ID tokens: what stands between it and
// somebody else's token must refuse every one.
func TestWrongTokens(t *testing.T) {
	checks := []string{"signature", "alg", "iss", "aud", "nonce", "at_hash"}
	harmless := []string{
		"nonce in capitals",             // ours is in capitals
		"at_hash empty", "at_hash null", // as good as none, and none is allowed (OIDC Core §3.1.3.6)
	}
	r := newRig(t, idptest.Config{})
	tried := 0
	for _, m := range idptest.Mutations() {
		if m.Name != "sub absent" && !slices.Contains(checks, m.Check) || slices.Contains(harmless, m.Name) {
			continue
		}
		tried++
		t.Run(m.Name, func(t *testing.T) {
			b := r.browser()
			b.t = t
			r.op.SetHooks(idptest.Hooks{IDToken: m.Apply})
			defer r.op.SetHooks(idptest.Hooks{})
			if p := b.finish(b.begin()); p.StatusCode != http.StatusBadGateway {
				t.Errorf("%s: %s", m.Check, p.Status)
			}
			if b.signedIn() {
				t.Error("signed in")
			}
		})
	}
	if tried < 30 {
		t.Errorf("only %d tokens tried", tried)
	}
}

// TestRefresh renews the tokens and refuses those of another person.
func TestRefresh(t *testing.T) {
	b := newRig(t, idptest.Config{}).browser()
	if p := b.send("POST", "/refresh"); p.StatusCode != http.StatusSeeOther {
		t.Errorf("without a session: %s", p.Status)
	}
	b.signIn()
	// The provider has no refresh tokens; its answer is the one to a bad request.
	if p := b.send("POST", "/refresh"); p.StatusCode != http.StatusBadGateway || !strings.Contains(p.text(), "gave no new tokens") {
		t.Errorf("%s\n%s", p.Status, p.text())
	}
	if !b.signedIn() {
		t.Error("a refusal signed the person out")
	}
}

// TestUserInfoOfAnother shows nothing of an answer about somebody else (OIDC
// Core §5.3.2).
func TestUserInfoOfAnother(t *testing.T) {
	b := newRig(t, idptest.Config{}).browser()
	b.signIn()
	b.op.SetHooks(idptest.Hooks{UserInfo: func(claims map[string]any) { claims["sub"], claims["email"] = "mallory", "mallory@other.example" }})
	p := b.send("GET", "/")
	if !strings.Contains(p.text(), "about somebody else") || strings.Contains(p.text(), "mallory") {
		t.Errorf("the page: %s", p.text())
	}
}

// TestHeaders checks what every page and cookie is sent with.
func TestHeaders(t *testing.T) {
	b := newRig(t, idptest.Config{}).browser()
	p := b.send("GET", "/signin")
	for _, c := range p.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure {
			t.Errorf("cookie %s", c.Raw)
		}
	}
	p = b.finish(b.begin())
	if len(p.Cookies()) != 1 || !p.Cookies()[0].HttpOnly || p.Cookies()[0].SameSite != http.SameSiteLaxMode {
		t.Errorf("cookies: %v", p.Cookies())
	}
	for path, script := range map[string]bool{
		"/": true, "/signed-out": false, "/nowhere": false, "/callback": false, "/assets/app.css": false, "/api/expenses": false,
	} {
		p := b.send("GET", path)
		policy := p.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'self';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src 'self'") != script {
			t.Errorf("%s: policy %q", path, policy)
		}
		if p.Header.Get("X-Content-Type-Options") != "nosniff" || p.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, p.Header)
		}
		if n := p.doc.Find("script:not([src^='/assets/']), style, [style], [onclick]").Length(); n > 0 {
			t.Errorf("%s: %d inline styles or scripts", path, n)
		}
	}
}

// TestForeignRequests refuses forms of other sites and requests under another name.
func TestForeignRequests(t *testing.T) {
	b := newRig(t, idptest.Config{}).browser()
	b.signIn()
	for name, change := range map[string]func(*http.Request){
		"Sec-Fetch-Site": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"Origin":         func(r *http.Request) { r.Header.Set("Origin", "https://other.example") },
		"Host":           func(r *http.Request) { r.Host = "other.example" },
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", b.url+"/signout", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		res, err := b.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden && res.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s: %s", name, res.Status)
		}
	}
	if !b.signedIn() {
		t.Error("another site signed the person out")
	}
}

// TestAPI gives the API tokens that are not for it.
func TestAPI(t *testing.T) {
	r := newRig(t, idptest.Config{})
	good := func() map[string]any {
		return map[string]any{
			"iss": r.op.Issuer(), "sub": "alice", "client_id": "client", "token_use": "access", "username": "alice",
			"scope": "openid expenses/read", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		}
	}
	with := func(name string, value any) map[string]any {
		c := good()
		c[name] = value
		return c
	}
	for _, c := range []struct {
		name   string
		claims map[string]any
		status int
		code   string
	}{
		{"right", good(), http.StatusOK, ""},
		{"an ID token", with("token_use", "id"), http.StatusUnauthorized, "invalid_token"},
		{"another app's", with("client_id", "other"), http.StatusUnauthorized, "invalid_token"},
		{"another pool's", with("iss", "https://other.example"), http.StatusUnauthorized, "invalid_token"},
		{"an old one", with("exp", time.Now().Add(-time.Minute).Unix()), http.StatusUnauthorized, "invalid_token"},
		{"too little scope", with("scope", "openid expenses/readonly"), http.StatusForbidden, "insufficient_scope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			token, err := r.op.SignJWT("", c.claims)
			if err != nil {
				t.Fatal(err)
			}
			check(t, r, "Bearer "+token, c.status, c.code)
		})
	}
	t.Run("none", func(t *testing.T) { check(t, r, "", http.StatusUnauthorized, "") })
	t.Run("nonsense", func(t *testing.T) { check(t, r, "Bearer a.b.c", http.StatusUnauthorized, "invalid_token") })
}

// check calls the API and compares status and challenge (RFC 6750 §3).
func check(t *testing.T, r *rig, authorization string, status int, code string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", r.url+Expenses.API, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := r.browser().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	challenge := res.Header.Get("WWW-Authenticate")
	if res.StatusCode != status || (status != http.StatusOK) != strings.HasPrefix(challenge, "Bearer ") {
		t.Errorf("%s with %q", res.Status, challenge)
	}
	if strings.Contains(challenge, "error=") != (code != "") || !strings.Contains(challenge, code) {
		t.Errorf("challenge %q, want %q", challenge, code)
	}
}

// TestRows puts the person first, and shows of a value what it is.
func TestRows(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	claims, err := object([]byte(`{"iss": "https://id.example", "custom:unit": "7", "name": "Ana Example", "email_verified": "true", "exp": 1800003599,
		"auth_time": 1799999990, "version": 2, "admin": true, "identities": [{"userId": "x"}], "note": ""}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows(claims, now) {
		got = append(got, r.Name+"="+strings.Join(strings.Fields(r.Value), " "))
	}
	want := []string{
		"name=Ana Example", `email_verified="true"`, `identities=[ { "userId": "x" } ]`, "custom:unit=7", "admin=true",
		"auth_time=07:59:50 UTC, 10 s ago", "exp=08:59:59 UTC, in 60 min", "iss=https://id.example", `note=""`, "version=2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestShelf keeps no more than it has room for.
func TestShelf(t *testing.T) {
	s := newShelf[int](time.Hour, 3)
	for i, key := range []string{"a", "b", "c", "d"} {
		s.put(key, i)
	}
	if _, ok := s.get("a"); ok {
		t.Error("the oldest is still there")
	}
	if v, ok := s.take("d"); !ok || v != 3 {
		t.Error("the newest is not there")
	}
	if _, ok := s.take("d"); ok {
		t.Error("taken twice")
	}
	old := newShelf[int](-time.Second, 3)
	old.put("a", 1)
	if _, ok := old.get("a"); ok {
		t.Error("served after its time")
	}
}
