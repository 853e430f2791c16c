package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
)

// The OpenID Foundation's plans "basic" and "form post basic" for providers, one
// subtest for each module, by its name. Left out are the modules that need
// dynamic clients (oidcc-idtoken-signature, -idtoken-unsigned,
// -request-uri-unsigned-…), which are with registration.

func TestConformanceBasic(t *testing.T) { conformBasic(t, "") }

func TestConformanceFormPostBasic(t *testing.T) { conformBasic(t, "form_post") }

func conformBasic(t *testing.T, mode string) {
	h := hubtest.New(t)
	addAda(h)
	for _, c := range h.Pool.Clients {
		c.TypedUserInfo = true
		c.Scopes = append(c.Scopes, "address")
	}
	s := serve(t, h)
	modules := map[string]func(*testing.T, *rp){}
	for _, part := range []map[string]func(*testing.T, *rp){basicRequests, basicAuthentication, basicClaims, basicTokens} {
		for name, module := range part {
			modules[name] = module
		}
	}
	if len(modules) != 35 {
		t.Errorf("%d modules", len(modules))
	}
	for name, module := range modules {
		t.Run(name, func(t *testing.T) { module(t, s.newRP(t, mode)) })
	}
}

// tolerated sends a request that must go through as if the changes were not there.
func tolerated(changes ...string) func(*testing.T, *rp) {
	return func(t *testing.T, a *rp) {
		if claims := a.idToken(a.signIn(a.ask(changes...))); claims["nonce"] != "nonce-of-the-app" {
			t.Errorf("ID token %v", claims)
		}
	}
}

// basicRequests are the modules about what a request may hold.
var basicRequests = map[string]func(*testing.T, *rp){
	"oidcc-server": func(t *testing.T, a *rp) {
		claims := a.idToken(a.signIn(a.ask("scope", "openid")))
		now := float64(a.site.Now().Unix())
		if claims["iss"] != hubtest.Issuer || claims["aud"] != hubtest.ClientID || claims["nonce"] != "nonce-of-the-app" || claims["iat"] != now || claims["auth_time"] != now {
			t.Errorf("ID token %v", claims)
		}
		if want := a.site.Pool.Keys.Ring().Algorithms()[0].HalfHash("state-of-the-app"); claims["s_hash"] != want {
			t.Errorf("s_hash %v, want %s", claims["s_hash"], want)
		}
		if len(claims["sub"].(string)) > 255 {
			t.Errorf("sub %v", claims["sub"])
		}
	},
	"oidcc-response-type-missing": func(t *testing.T, a *rp) {
		if got := a.refused(a.ask("response_type", "")); got != "invalid_request" && got != "unsupported_response_type" {
			t.Error(got)
		}
	},
	"oidcc-ensure-request-without-nonce-succeeds-for-code-flow": func(t *testing.T, a *rp) {
		if claims := a.idToken(a.signIn(a.ask("nonce", ""))); claims["nonce"] != nil {
			t.Errorf("ID token %v", claims)
		}
	},
	"oidcc-alternate-happy-flow": func(t *testing.T, a *rp) {
		a.idToken(a.signIn(a.ask("scope", "email openid")))
		query := "scope=email+profile+openid&redirect_uri=" + url.QueryEscape(hubtest.Callback) + "&response_mode=" + a.mode +
			"&state=state-of-the-app&response_type=code&prompt=none&client_id=" + hubtest.ClientID
		params := a.answered(a.get(hubtest.Issuer + "/oauth2/authorize?" + query))
		if params.Get("code") == "" {
			t.Errorf("another order: %v", params)
		}
	},
	"oidcc-display-page":  tolerated("display", "page"),
	"oidcc-display-popup": tolerated("display", "popup"),
	"oidcc-ensure-request-with-unknown-parameter-succeeds": tolerated("extra", "foobar"),
	"oidcc-login-hint":                              tolerated("login_hint", "somebody@people.example"),
	"oidcc-ui-locales":                              tolerated("ui_locales", "se fr-CA fr en"),
	"oidcc-claims-locales":                          tolerated("claims_locales", "se"),
	"oidcc-ensure-request-with-acr-values-succeeds": tolerated("acr_values", "urn:example:gold urn:example:silver"),
	"oidcc-ensure-registered-redirect-uri": func(t *testing.T, a *rp) {
		a.ask("redirect_uri", hubtest.Callback+"/elsewhere").refuses(t)
		a.ask("redirect_uri", "").refuses(t)
	},
	"oidcc-ensure-post-request-succeeds": func(t *testing.T, a *rp) {
		form := hubtest.Authorization("response_mode", a.mode)
		a.header.Set("Sec-Fetch-Site", "cross-site")
		page := a.post(hubtest.Issuer+"/oauth2/authorize", form)
		a.header.Del("Sec-Fetch-Site")
		a.idToken(a.signIn(page))
		form.Set("prompt", "none")
		a.codeOf(a.post(hubtest.Issuer+"/oauth2/authorize", form))
	},
	"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": func(t *testing.T, a *rp) {
		// {"alg":"none"}.{"state":"inside","nonce":"inside"}.
		const object = "eyJhbGciOiJub25lIn0.eyJzdGF0ZSI6Imluc2lkZSIsIm5vbmNlIjoiaW5zaWRlIn0."
		if got := a.refused(a.ask("request", object)); got != "request_not_supported" {
			t.Error(got)
		}
	},
	"oidcc-ensure-request-object-with-redirect-uri": func(t *testing.T, a *rp) {
		// {"alg":"none"}.{"redirect_uri":"http://localhost:3000/callback"}.
		const object = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwOi8vbG9jYWxob3N0OjMwMDAvY2FsbGJhY2sifQ."
		a.ask("request", object, "redirect_uri", hubtest.Callback+"/elsewhere").refuses(t)
	},
	"oidcc-ensure-request-with-valid-pkce-succeeds": func(t *testing.T, a *rp) {
		a.idToken(a.signIn(a.ask()))
		code := a.codeOf(a.ask("prompt", "none"))
		if got := a.site.token(t, redeem(code, "code_verifier", strings.Repeat("w", 43))); got.Error != "invalid_grant" {
			t.Errorf("another verifier: %+v", got)
		}
	},
}

// basicAuthentication are the modules about when a person signs in again.
var basicAuthentication = map[string]func(*testing.T, *rp){
	"oidcc-prompt-login":  again("prompt", "login"),
	"oidcc-max-age-1":     again("max_age", "1"),
	"oidcc-max-age-10000": silent("max_age", "10000"),
	"oidcc-prompt-none-not-logged-in": func(t *testing.T, a *rp) {
		if got := a.refused(a.ask("prompt", "none")); got != "login_required" {
			t.Error(got)
		}
	},
	"oidcc-prompt-none-logged-in": silent("prompt", "none"),
	"oidcc-id-token-hint": func(t *testing.T, a *rp) {
		first := a.site.token(t, redeem(a.signIn(a.ask())))
		claims := a.idToken(a.codeOf(a.ask("prompt", "none", "id_token_hint", first.ID)))
		if sub := a.site.User(a.site.Pool, ada).Sub; claims["sub"] != sub {
			t.Errorf("sub %v, want %s", claims["sub"], sub)
		}
	},
}

// again is a second request, a while later, that must show the page, and whose
// ID token tells the later time.
func again(changes ...string) func(*testing.T, *rp) {
	return func(t *testing.T, a *rp) {
		first := a.idToken(a.signIn(a.ask()))
		a.site.Advance(2 * time.Second)
		second := a.idToken(a.signIn(a.ask(changes...)))
		if second["sub"] != first["sub"] || second["auth_time"] != first["auth_time"].(float64)+2 {
			t.Errorf("first %v, second %v", first, second)
		}
	}
}

// silent is a second request, a while later, that must show no page, and whose
// ID token tells the time of the first.
func silent(changes ...string) func(*testing.T, *rp) {
	return func(t *testing.T, a *rp) {
		first := a.idToken(a.signIn(a.ask(changes[0], map[string]string{"max_age": "10000"}[changes[0]])))
		a.site.Advance(2 * time.Second)
		second := a.idToken(a.codeOf(a.ask(changes...)))
		if second["sub"] != first["sub"] || second["auth_time"] != first["auth_time"] || second["iat"] == first["iat"] {
			t.Errorf("first %v, second %v", first, second)
		}
	}
}

// basicTokens are the modules about the token endpoint.
var basicTokens = map[string]func(*testing.T, *rp){
	"oidcc-codereuse":           reused(0),
	"oidcc-codereuse-30seconds": reused(30 * time.Second),
	"oidcc-server-client-secret-post": func(t *testing.T, a *rp) {
		form := redeem(a.signIn(a.ask()), "client_id", hubtest.ClientID, "client_secret", hubtest.ClientSecret)
		if got := a.site.post(t, "/oauth2/token", form, nil); got.Access == "" || got.ID == "" || got.Type != "Bearer" {
			t.Errorf("%+v", got)
		}
	},
	"oidcc-refresh-token": func(t *testing.T, a *rp) {
		s := a.site
		first := s.token(t, redeem(a.signIn(a.ask())))
		was := claimsOf(t, s, first.ID)
		s.Advance(2 * time.Second)
		if got := s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", refresh(first.Fresh)); got.Error != "invalid_grant" {
			t.Errorf("by another client: %+v", got)
		}
		got := s.token(t, refresh(first.Fresh))
		is := claimsOf(t, s, got.ID)
		for _, name := range []string{"iss", "sub", "aud", "auth_time"} {
			if is[name] != was[name] {
				t.Errorf("%s was %v and is %v", name, was[name], is[name])
			}
		}
		if is["nonce"] != nil { // OpenID Connect Core §12.2
			t.Errorf("the refreshed ID token has a nonce: %v", is["nonce"])
		}
		if is["iat"] == was["iat"] || got.Access == first.Access || s.userInfo(t, got.Access) != http.StatusOK {
			t.Errorf("%v", is)
		}
	},
}

// reused uses a code again: refused, and what it gave first is dead.
func reused(after time.Duration) func(*testing.T, *rp) {
	return func(t *testing.T, a *rp) {
		s := a.site
		code := a.signIn(a.ask())
		first := s.token(t, redeem(code))
		s.Advance(after)
		if s.userInfo(t, first.Access) != http.StatusOK {
			t.Error("the first token never worked")
		}
		if got := s.token(t, redeem(code)); got.Error != "invalid_grant" || got.status != http.StatusBadRequest {
			t.Errorf("%+v", got)
		}
		if status := s.userInfo(t, first.Access); status != http.StatusUnauthorized {
			t.Errorf("the first token: %d", status)
		}
		if got := s.token(t, refresh(first.Fresh)); got.Error != "invalid_grant" {
			t.Errorf("the first refresh token: %+v", got)
		}
		if len(s.Events(hub.CodeReuse)) == 0 {
			t.Error("no event")
		}
	}
}
