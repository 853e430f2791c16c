package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// What an app asks for is asked for still when the person chooses a provider on
// the page, or another account: also what was pushed, and what no address holds.
func TestChoiceKeepsTheRequest(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.Resources = []hub.Resource{{Identifier: "https://orders.example"}}
	up := idptest.New(t, idptest.Config{Now: h.Now})
	up.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@corp.example", "given_name": "Alice"}})
	h.Link(h.Pool, "CorporateID", up)
	s := serve(t, h)
	wished := []string{"claims", `{"id_token":{"given_name":null}}`, "resource", "https://orders.example", "scope", "openid email"}
	button := func(b *browser, page *response) *response {
		t.Helper()
		link, ok := page.doc(t).Find(`a[href*="identity_provider=CorporateID"]`).Attr("href")
		if !ok {
			t.Fatalf("no button: %d %s", page.StatusCode, page.url)
		}
		return b.get(hubtest.Issuer + link)
	}
	check := func(t *testing.T, r *response) {
		t.Helper()
		params, ok := r.app()
		if !ok {
			t.Fatalf("%d %s\n%s", r.StatusCode, r.url, r.doc(t).Find("main").Text())
		}
		got := s.token(t, redeem(params.Get("code")))
		id, _, err := s.Pool.Keys.Ring().Verify(got.ID)
		if err != nil || !strings.Contains(string(id), `"given_name"`) {
			t.Errorf("ID token without the claim asked for: %s %v; app got %v", id, err, params)
		}
		if access, _, err := s.Pool.Keys.Ring().Verify(got.Access); err != nil || !strings.Contains(string(access), `"aud":"https://orders.example"`) {
			t.Errorf("access token for another audience: %s %v", access, err)
		}
	}
	t.Run("provider", func(t *testing.T) {
		b := s.browser(t)
		check(t, button(b, b.authorize(wished...)))
	})
	t.Run("another account", func(t *testing.T) {
		b := s.browser(t)
		b.code()
		check(t, button(b, b.submit(b.authorize(append([]string{"prompt", "select_account"}, wished...)...), "choice", "other")))
	})
	t.Run("hint", func(t *testing.T) {
		ana := s.token(t, redeem(s.browser(t).code()))
		b := s.browser(t)
		if params, _ := button(b, b.authorize("id_token_hint", ana.ID)).app(); params.Get("error") != "login_required" {
			t.Errorf("alice came in where ana was asked for: %v", params)
		}
	})
	t.Run("another browser, or too late", func(t *testing.T) {
		page := s.browser(t).authorize()
		if params, _ := button(s.browser(t), page).app(); params.Get("code") == "" {
			t.Errorf("another browser: %v", params)
		}
		b := s.browser(t)
		page = b.authorize()
		s.Advance(11 * time.Minute)
		if params, _ := button(b, page).app(); params.Get("code") == "" {
			t.Errorf("too late: %v", params)
		}
	})
	s.Pool.Clients[hubtest.ClientID].RequirePAR = true
	push := func() string {
		_, reference, problem := s.push(t, hubtest.ClientID, hubtest.ClientSecret, hubtest.Authorization(wished...))
		if reference == "" {
			t.Fatal(problem)
		}
		return reference
	}
	t.Run("pushed", func(t *testing.T) {
		b := s.browser(t)
		page := b.pushed(push())
		check(t, button(b, page))
		if params, ok := button(b, page).app(); ok && params.Has("code") {
			t.Error("a second code was made of one pushed request")
		}
	})
	t.Run("pushed, and a person who takes their time", func(t *testing.T) {
		b := s.browser(t)
		page := b.pushed(push())
		s.Advance(hub.PushedLife + 2*time.Minute)
		check(t, button(b, page))
		b = s.browser(t)
		page = b.pushed(push())
		s.Advance(hub.PushedLife + 2*time.Minute)
		if params, _ := b.submit(page, "username", hubtest.Username, "password", hubtest.Password).app(); params.Get("code") == "" {
			t.Errorf("by password: %v", params)
		}
	})
}

// Whoever wants to come as somebody else can, also by a provider that never tells when a person authenticated. An app
// that demands a fresh login is refused there all the same (A76).
func TestAnotherAccountWithoutAuthTime(t *testing.T) {
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{Now: h.Now, Algorithm: "ES256"})
	up.SetUser(alice)
	up.SetHooks(idptest.Hooks{IDToken: func(token *idptest.Token) { delete(token.Claims, "auth_time") }})
	pr := h.Link(h.Pool, "CorporateID", up)
	s := serve(t, h)
	for _, told := range []bool{true, false} {
		upstream, err := idp.New(idp.Config{Name: pr.Name, Issuer: up.Issuer(), ClientID: up.ClientID(), ClientSecret: up.ClientSecret(),
			RedirectURI: h.Pool.CallbackURL(), NoAuthTime: !told}, h.Outbound, h.Now)
		if err != nil {
			t.Fatal(err)
		}
		pr.Upstream = upstream
		button := func(b *browser, page *response) *response {
			link, _ := page.doc(t).Find(`a[href*="identity_provider=CorporateID"]`).Attr("href")
			return b.get(hubtest.Issuer + link)
		}
		b := s.browser(t)
		b.code()
		up.Forget()
		r := button(b, b.submit(b.authorize("prompt", "select_account"), "choice", "other"))
		if params, in := r.app(); in != !told || in && params.Get("code") == "" {
			t.Errorf("told %v: %d %v", told, r.StatusCode, params)
		}
		if got := up.Requests(idptest.AuthorizationEndpoint)[0].Query.Get("prompt"); (got == "select_account") == told {
			t.Errorf("told %v: the provider was sent prompt=%s", told, got)
		}
		b = s.browser(t)
		if _, in := button(b, b.authorize("prompt", "login")).app(); in {
			t.Errorf("told %v: the app's demand was dropped", told)
		}
	}
}

// A form of another site comes without the cookies of the session, which must
// serve all the same.
func TestPostFindsTheSession(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.code()
	held := b.client.Jar
	bare := s.browser(t)
	form := hubtest.Authorization("prompt", "none")
	r := bare.once("POST", hubtest.Issuer+"/oauth2/authorize", form)
	if r.StatusCode != 303 {
		t.Fatalf("%d", r.StatusCode)
	}
	bare.client.Jar = held
	if params, _ := bare.get(hubtest.Issuer + r.Header.Get("Location")).app(); params.Get("code") == "" {
		t.Errorf("app got %v", params)
	}
}

// A signed request, which no link can carry, is there still after the choice.
func TestChoiceKeepsASignedRequest(t *testing.T) {
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{Now: h.Now})
	up.SetUser(alice)
	h.Link(h.Pool, "CorporateID", up)
	s := serve(t, h)
	key := newHolder(t, s)
	keys, err := proof.ParseKeys(key.jwks())
	if err != nil {
		t.Fatal(err)
	}
	c := h.Pool.Clients[hubtest.ClientID]
	c.Keys, c.RequestObject = keys, hub.Required
	claims := map[string]any{"iss": c.ID, "aud": hubtest.Issuer, "exp": s.Now().Unix() + 300}
	for name := range hubtest.Authorization() {
		claims[name] = hubtest.Authorization().Get(name)
	}
	v := values("client_id", c.ID, "request", key.sign("oauth-authz-req+jwt", false, claims))
	b := s.browser(t)
	page := b.get(hubtest.Issuer + "/oauth2/authorize?" + v.Encode())
	link := page.doc(t).Find(`a[href*="identity_provider=CorporateID"]`).AttrOr("href", "")
	if params, _ := b.get(hubtest.Issuer + link).app(); params.Get("code") == "" || params.Get("state") != "state-of-the-app" {
		t.Errorf("app got %v", params)
	}
	if params, _ := s.browser(t).get(hubtest.Issuer + link).app(); params.Get("error") != "invalid_request" {
		t.Errorf("the link in another browser, unsigned: %v", params)
	}
}
