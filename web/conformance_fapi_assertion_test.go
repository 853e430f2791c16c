package web_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
)

// fapiAssertions are the modules about client assertions.
var fapiAssertions = map[string]func(*testing.T, *fapi){
	"ensure-client-assertion-in-token-endpoint": func(t *testing.T, f *fapi) {
		form := redeem(f.signIn(t).Get("code"), "client_id", f.client.id)
		if got := f.post(t, "/oauth2/token", form, http.Header{"Dpop": {f.proof("POST", tokenURL, "")}}); got.Error != "invalid_client" || got.status != http.StatusUnauthorized {
			t.Errorf("%+v", got)
		}
	},
	"ensure-signed-client-assertion-with-RS256-fails": func(t *testing.T, f *fapi) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		jwks, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "r1", Use: "sig"}}})
		f.register(t, jwks)
		now := f.Now().Unix()
		for alg, want := range map[jose.SignatureAlgorithm]bool{jose.PS256: true, jose.RS256: false} {
			claims := map[string]any{"iss": f.client.id, "sub": f.client.id, "aud": hubtest.Issuer, "jti": hub.Random(), "iat": now, "exp": now + 60}
			assertion := signWith(t, jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "r1"}}, nil, claims)
			form := f.request()
			form.Set("client_assertion", assertion)
			if got := f.send(t, "/oauth2/par", form, nil); (got.Reference != "") != want || !want && got.Error != "invalid_client" {
				t.Errorf("%s: %+v", alg, got)
			}
		}
	},
	"ensure-client-assertion-with-exp-is-5-minutes-in-past-fails": assertionFails("/oauth2/token", func(f *fapi) []any { return []any{"exp", f.Now().Unix() - 300} }),
	"ensure-client-assertion-with-wrong-aud-fails":                assertionFails("/oauth2/token", with("aud", "https://elsewhere.example")),
	"ensure-client-assertion-with-no-sub-fails":                   assertionFails("/oauth2/token", with("sub", nil)),
	"par-test-array-as-audience-fails":                            assertionFails("/oauth2/par", with("aud", []string{hubtest.Issuer})),
	"par-test-par-endpoint-url-as-audience-fails":                 assertionFails("/oauth2/par", with("aud", pushURL)),
	"par-test-token-endpoint-url-as-audience-fails":               assertionFails("/oauth2/par", with("aud", tokenURL)),
	"par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted": func(t *testing.T, f *fapi) {
		form := f.request()
		form.Set("client_assertion", f.client.assertion(f.client.id, "nbf", f.Now().Unix()+8, "iat", f.Now().Unix()+8))
		if got := f.send(t, "/oauth2/par", form, nil); got.Reference == "" {
			t.Errorf("%+v", got)
		}
	},
	"par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails": assertionFails("/oauth2/par", func(f *fapi) []any { return []any{"nbf", f.Now().Unix() + 61} }),
}

func with(changes ...any) func(*fapi) []any { return func(*fapi) []any { return changes } }

// assertionFails sends an assertion with changes, which must not be taken.
func assertionFails(path string, changes func(*fapi) []any) func(*testing.T, *fapi) {
	return func(t *testing.T, f *fapi) {
		form := f.request()
		if path == "/oauth2/token" {
			form = redeem(f.signIn(t).Get("code"))
		}
		form.Set("client_assertion", f.client.assertion(f.client.id, changes(f)...))
		if got := f.send(t, path, form, nil); got.status != http.StatusUnauthorized || got.Error != "invalid_client" || got.Access != "" || got.Reference != "" {
			t.Errorf("%+v", got)
		}
	}
}

// TestConformanceMessageSigning is what the plan for message signing adds: the
// pushed request is signed as well. The plan's list names no modules; the names
// here say what each of its lines checks.
func TestConformanceMessageSigning(t *testing.T) {
	f := newFAPI(t)
	f.Pool.Clients[f.client.id].RequestObject = hub.Required
	now := f.Now().Unix()
	claims := func(changes ...any) map[string]any {
		m := map[string]any{"iss": f.client.id, "aud": hubtest.Issuer, "nbf": now, "exp": now + 300}
		for name := range f.request() {
			m[name] = f.request().Get(name)
		}
		for i := 0; i+1 < len(changes); i += 2 {
			if m[changes[i].(string)] = changes[i+1]; changes[i+1] == nil {
				delete(m, changes[i].(string))
			}
		}
		return m
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	jwks, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: f.client.key.Public(), KeyID: "k1", Use: "sig"}, {Key: key.Public(), KeyID: "r1", Use: "sig"},
	}})
	f.register(t, jwks)
	byRSA := func(alg jose.SignatureAlgorithm) string {
		o := (&jose.SignerOptions{}).WithType("oauth-authz-req+jwt")
		return signWith(t, jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "r1"}}, o, claims())
	}
	object := func(changes ...any) string { return f.client.sign("oauth-authz-req+jwt", false, claims(changes...)) }
	good := object()
	for name, c := range map[string]struct {
		object string
		want   string // error; empty: taken
	}{
		"happy-flow":        {good, ""},
		"happy-flow, PS256": {byRSA(jose.PS256), ""},
		"ensure-signed-request-object-with-multiple-aud-succeeds": {object("aud", []string{"https://elsewhere.example", hubtest.Issuer}), ""},
		"ensure-request-object-with-nbf-8-seconds-in-the-future":  {object("nbf", now+8), ""},
		"ensure-request-object-without-exp-fails":                 {object("exp", nil), "invalid_request_object"},
		"ensure-request-object-without-nbf-fails":                 {object("nbf", nil), "invalid_request_object"},
		"ensure-expired-request-object-fails":                     {object("nbf", now-600, "exp", now-300), "invalid_request_object"},
		"ensure-request-object-with-bad-aud-fails":                {object("aud", "https://elsewhere.example"), "invalid_request_object"},
		"ensure-request-object-with-exp-over-60-fails":            {object("exp", now+70*60), "invalid_request_object"},
		"ensure-request-object-with-nbf-over-60-fails":            {object("nbf", now-70*60, "exp", now+60), "invalid_request_object"},
		"ensure-request-object-signature-algorithm-is-not-rs256":  {byRSA(jose.RS256), "invalid_request_object"},
		"ensure-request-object-signature-algorithm-is-not-none":   {unsigned("oauth-authz-req+jwt", claims()), "invalid_request_object"},
		"ensure-request-object-with-invalid-signature-fails":      {good[:len(good)-8] + "AAAAAAAA", "invalid_request_object"},
		"ensure-matching-key-in-authorization-request":            {f.second.sign("oauth-authz-req+jwt", false, claims()), "invalid_request_object"},
		"par-pushed-request-uri-in-request-object-fails":          {object("request_uri", "urn:ietf:params:oauth:request_uri:x"), "invalid_request_object"},
		"ensure-mismatched-dpop-jkt-fails, inside":                {object("dpop_jkt", strings.Repeat("A", 43)), "invalid_request"},
		"ensure-unsigned-request-at-par-endpoint-fails":           {"", "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{"client_id": {f.client.id}, "request": {c.object}}
			if c.object == "" {
				form = f.request()
			}
			got := f.send(t, "/oauth2/par", form, nil)
			if c.want != "" {
				if got.status != http.StatusBadRequest || got.Error != c.want {
					t.Errorf("%+v", got)
				}
				return
			}
			b := f.browser(t)
			if params := f.finish(b, f.open(b, got.Reference, "state", "outside")); params.Get("state") != "state-of-the-app" {
				t.Errorf("app got %v", params)
			}
		})
	}
}
