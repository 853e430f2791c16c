package idp_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

func TestSignInByAlgorithm(t *testing.T) {
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA", "RS384", "RS512", "PS384", "PS512", "ES384", "ES512"} {
		t.Run(alg, func(t *testing.T) {
			r := newRig(t, setup{op: idptest.Config{Algorithm: alg}, rp: func(c *idp.Config) { c.Algorithms = []string{alg} }})
			id := r.mustSignIn("email")
			if id.Subject != "alice" || id.Issuer != r.op.Issuer() || id.Provider != "corp" {
				t.Errorf("identity is %+v", id)
			}
		})
	}
}

func TestIdentityHoldsWhatLogoutAndPolicyNeed(t *testing.T) {
	r := newRig(t, setup{})
	when := r.clock.Now().Add(-3 * time.Minute)
	r.op.SetUser(idptest.User{Subject: "Ålice|42", SessionID: "s-1", AuthTime: when, Claims: map[string]any{
		"acr": "urn:mfa", "amr": []string{"pwd", "otp"}, "level": 12345678901234567, "groups": []string{"a", "b"},
	}})
	id := r.mustSignIn()
	if id.Subject != "Ålice|42" || id.SessionID != "s-1" || !id.AuthTime.Equal(when) || id.ACR != "urn:mfa" || strings.Join(id.AMR, " ") != "pwd otp" {
		t.Errorf("identity is %+v", id)
	}
	if n, ok := id.Claims["level"].(json.Number); !ok || n != "12345678901234567" {
		t.Errorf("a number lost its digits: %#v", id.Claims["level"])
	}
	if strings.Count(id.IDToken, ".") != 2 {
		t.Errorf("raw ID token is %q", id.IDToken)
	}
	if len(id.Calls) != 2 || id.Calls[0].Step != idp.StepToken || id.Calls[0].Status != 200 || id.Calls[1].Step != idp.StepKeys {
		t.Errorf("calls are %+v", id.Calls)
	}
}

func TestClientAuthentication(t *testing.T) {
	const secret = "s:e%c/r+e t&=ü"
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("my%3Aclient:s%3Ae%25c%2Fr%2Be+t%26%3D%C3%BC"))
	only := func(methods ...string) func(map[string]any) {
		return func(doc map[string]any) { doc["token_endpoint_auth_methods_supported"] = methods }
	}
	for _, c := range []struct {
		name, method string
		public       bool
		discovery    func(map[string]any)
		header       string
		body         bool // the secret is in the body
	}{
		{name: "basic", method: idp.AuthBasic, header: basic},
		{name: "post", method: idp.AuthPost, body: true},
		{name: "basic by default", header: basic},
		{name: "basic preferred", header: basic, discovery: only("client_secret_post", "client_secret_basic")},
		{name: "post when only post is offered", body: true, discovery: only("private_key_jwt", "client_secret_post")},
		{name: "configuration beats discovery", method: idp.AuthBasic, header: basic, discovery: only("client_secret_post")},
		{name: "none", method: idp.AuthNone, public: true},
		{name: "none without a secret", public: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			op := idptest.Config{ClientID: "my:client", ClientSecret: secret, PublicClient: c.public}
			if c.public {
				op.ClientSecret = ""
			}
			r := newRig(t, setup{op: op, rp: func(cfg *idp.Config) { cfg.AuthMethod = c.method }})
			r.op.SetHooks(idptest.Hooks{Discovery: c.discovery})
			r.mustSignIn()
			got := r.op.Requests(idptest.TokenEndpoint)[0]
			if h := got.Header.Get("Authorization"); h != c.header {
				t.Errorf("Authorization is %q, want %q", h, c.header)
			}
			if got.Form.Has("client_secret") != c.body || got.Form.Has("client_id") == (c.header != "") {
				t.Errorf("client is in the body: %v", got.Form)
			}
			if got.Form.Get("redirect_uri") != callbackURL || got.Form.Get("grant_type") != "authorization_code" || got.Form.Get("code_verifier") == "" {
				t.Errorf("form is %v", got.Form)
			}
		})
	}
}

func TestExplicitEndpoints(t *testing.T) {
	all := func(op *idptest.Provider) idp.Endpoints {
		return idp.Endpoints{Authorization: op.URL(idptest.AuthorizationEndpoint), Token: op.URL(idptest.TokenEndpoint),
			JWKS: op.URL(idptest.JWKSEndpoint), UserInfo: op.URL(idptest.UserInfoEndpoint)}
	}
	t.Run("instead of discovery", func(t *testing.T) {
		r := newRig(t, setup{op: idptest.Config{Thin: true}})
		r.op.Fail(idptest.DiscoveryEndpoint, idptest.Fault{Status: 404})
		r.p = r.provider(setup{rp: func(c *idp.Config) { c.Endpoints = all(r.op) }})
		if id := r.mustSignIn("email"); id.Claims["email"] != "alice@upstream.example" {
			t.Errorf("claims are %v", id.Claims)
		}
		if n := r.op.Count(idptest.DiscoveryEndpoint); n != 0 {
			t.Errorf("discovery was asked %d times", n)
		}
	})
	t.Run("over discovery", func(t *testing.T) {
		r := newRig(t, setup{})
		r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) {
			doc["token_endpoint"], doc["end_session_endpoint"] = "http://127.0.0.1:9/wrong", nil
			delete(doc, "end_session_endpoint")
		}})
		r.p = r.provider(setup{rp: func(c *idp.Config) {
			c.Endpoints = idp.Endpoints{Token: r.op.URL(idptest.TokenEndpoint), EndSession: r.op.URL(idptest.EndSessionEndpoint)}
		}})
		r.mustSignIn()
		m, err := r.p.Discover(t.Context())
		if err != nil || m.EndSessionEndpoint != r.op.URL(idptest.EndSessionEndpoint) || m.AuthorizationEndpoint != r.op.URL(idptest.AuthorizationEndpoint) {
			t.Errorf("metadata are %+v, %v", m, err)
		}
	})
}

func TestTLSUpstream(t *testing.T) {
	r := newRig(t, setup{op: idptest.Config{TLS: true}})
	to, err := r.p.AuthorizationURL(t.Context(), r.request())
	if err != nil || !strings.HasPrefix(to, "https://127.0.0.1:") {
		t.Errorf("URL is %q, %v", to, err)
	}
}

func TestBadConfigurationNamesEverything(t *testing.T) {
	bad := idp.Config{
		Name: "x", Issuer: "http://idp.example", ClientSecret: "hush-hush", RedirectURI: "/cb#f", AuthMethod: "private_key_jwt", Scopes: []string{"email"},
		Algorithms: []string{"HS256", "none"}, Endpoints: idp.Endpoints{Token: "https://u:p@idp.example/t", JWKS: "ftp://idp.example/k"},
		Parameters: map[string]string{"state": "fixed"}, UserInfo: "sometimes", UserInfoMethod: "PUT", ResponseMode: "fragment",
	}
	_, err := idp.New(bad, nil, nil)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"issuer", "client_id", "redirect_uri", "private_key_jwt", "openid", `"HS256"`, `"none"`, "token endpoint", "jwks endpoint",
		`"state"`, "sometimes", "PUT", `response mode "fragment"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error does not name %s: %v", part, err)
		}
	}
	for _, bad := range []func(*idp.Config){
		func(c *idp.Config) { c.Issuer = "https://idp.example/?tenant=1" },
		func(c *idp.Config) { c.Issuer = "https://idp.example/#x" },
		func(c *idp.Config) { c.Issuer = "idp.example" },
		func(c *idp.Config) { c.Issuer = "" },
		func(c *idp.Config) { c.AuthMethod = idp.AuthPost },
		func(c *idp.Config) { c.Endpoints.Authorization = "https://idp.example/a?%zz" },
	} {
		cfg := idp.Config{Issuer: "https://idp.example", ClientID: "c", RedirectURI: callbackURL}
		if _, err := idp.New(cfg, nil, nil); err != nil {
			t.Fatalf("good configuration refused: %v", err)
		}
		bad(&cfg)
		if _, err := idp.New(cfg, nil, nil); err == nil {
			t.Errorf("accepted %+v", cfg)
		}
	}
}

// TestA67_StartNeedsNoUpstream: New makes no request, whatever state the provider is in.
func TestA67_StartNeedsNoUpstream(t *testing.T) {
	r := newRig(t, setup{})
	for range 3 {
		r.provider(setup{})
	}
	if n := r.op.Count(idptest.DiscoveryEndpoint); n != 0 {
		t.Errorf("construction made %d requests", n)
	}
}

// TestA67_ColdExchange: a hub that restarted in mid-flow, with the provider down, says so at each step.
func TestA67_ColdExchange(t *testing.T) {
	r := newRig(t, setup{})
	r.op.Fail(idptest.DiscoveryEndpoint, idptest.Fault{Reset: true})
	id, err := r.p.Exchange(t.Context(), r.request(), "code", nil)
	refused(t, err, idp.StepDiscovery, "reset")
	code, callbackErr := r.p.Callback(t.Context(), url.Values{"code": {"c"}, "iss": {r.op.Issuer()}})
	refused(t, callbackErr, idp.StepDiscovery, "reset")
	if id != nil || code != "" || r.op.Count(idptest.TokenEndpoint) != 0 {
		t.Errorf("identity %v, code %q", id, code)
	}
}

func TestCancelledCaller(t *testing.T) {
	r := newRig(t, setup{})
	r.mustSignIn()
	q := r.request()
	params, err := r.begin(q)
	if err != nil {
		t.Fatal(err)
	}
	r.op.Fail(idptest.TokenEndpoint, idptest.Fault{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err = r.p.Exchange(ctx, q, params.Get("code"), nil)
	if e := refused(t, err, idp.StepToken, "cancelled"); e.Kind != idp.KindCancelled {
		t.Errorf("kind is %s", e.Kind)
	}
	r.op.Heal()
	r.mustSignIn()
}
