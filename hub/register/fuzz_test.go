package register_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/register"
)

// FuzzCreate registers whatever comes. What is taken keeps the rules, and is
// the same client after a restart; what is refused is so in the protocol's
// words, and uses no token up.
func FuzzCreate(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"redirect_uris":["https://a.example/cb"]}`,
		`{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"none","scope":"openid email"}`,
		`{"redirect_uris":["https://a.example/cb"],"grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:device_code"],"response_types":["code"]}`,
		`{"grant_types":["urn:ietf:params:oauth:grant-type:device_code"],"client_name":"TV","redirect_uris":null}`,
		`{"redirect_uris":["javascript:alert(1)"]}`, `{"redirect_uris":["https://a.example/#f"],"redirect_uris":[]}`,
		`{"redirect_uris":["http://localhost/"],"jwks":{"keys":[{"kty":"oct","k":"AA"}]},"logo_uri":"https://a.example/l"}`,
		`{"redirect_uris":["https://a.example/"],"frontchannel_logout_uri":"https://a.example/out","backchannel_logout_uri":"https://a.example/?out"}`,
		`{"redirect_uris":["https://a.example/"],"id_token_signed_response_alg":"none","client_name":"\u202e"}`,
	} {
		f.Add(seed)
	}
	h := hubtest.New(f)
	p := h.Pool
	p.Registration = true
	f.Fuzz(func(t *testing.T, body string) {
		token, _, err := register.Open(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		made, err := register.Create(t.Context(), p, token, []byte(body), hub.Visitor{})
		if err != nil {
			e, ok := errors.AsType[*oauth.Error](err)
			if !ok || e.Code != oauth.InvalidClientMetadata && e.Code != oauth.InvalidRedirectURI {
				t.Fatalf("%q: %v", body, err)
			}
			if made, err = register.Create(t.Context(), p, token, []byte(`{"redirect_uris":["https://a.example/"]}`), hub.Visitor{}); err != nil {
				t.Fatalf("%q used the token up: %v", body, err)
			}
		}
		c, ok := p.Client(made.ID)
		if !ok || c.ID != made.ID || c.Name == "" {
			t.Fatalf("%q: client %+v", body, c)
		}
		for _, uri := range slices.Concat(c.CallbackURLs, c.LogoutURLs) {
			if err := oauth.CheckRedirectURI(uri); err != nil {
				t.Errorf("%q: %v", body, err)
			}
		}
		if c.Allows("code") && len(c.CallbackURLs) == 0 || len(c.Flows) == 0 || c.Allows("client_credentials") || c.Allows("token_exchange") || c.Introspects {
			t.Errorf("%q: flows %q, addresses %q", body, c.Flows, c.CallbackURLs)
		}
		if extra := (oauth.Scope{"openid", "email", "phone", "profile", "address"}).Missing(c.Scopes); len(extra) > 0 {
			t.Errorf("%q: scopes %q", body, extra)
		}
		proves := c.Public || c.Auth == hub.AuthKey && (c.Keys != nil || c.JWKSURI != "") || len(c.Secrets) == 1
		if !proves || c.Public && made.Secret != "" || !slices.Contains(p.Keys.Rotation().Algorithms, c.Algorithm) {
			t.Errorf("%q: client %+v", body, c)
		}
		if len(made.JWKS) > 0 {
			if _, err := proof.ParseKeys(made.JWKS); err != nil {
				t.Errorf("%q: %v", body, err)
			}
		}
		for _, link := range []string{made.LogoURI, made.PolicyURI, made.TermsURI, made.JWKSURI, c.BackchannelLogoutURI, c.FrontchannelLogoutURI} {
			if link != "" && (!strings.HasPrefix(link, "https://") || strings.Contains(link, "#")) {
				t.Errorf("%q: link %q", body, link)
			}
		}
		if uri := c.FrontchannelLogoutURI; uri != "" && (oauth.CheckFrontchannelLogoutURI(uri, c.CallbackURLs) != nil || !c.Allows("code")) {
			t.Errorf("%q: front-channel logout at %q", body, uri)
		}
		again, err := hub.OpenRegistrations(t.Context(), p.Space)
		if err != nil {
			t.Fatal(err)
		}
		now, _ := json.Marshal(p.Registered.Find(made.ID))
		later, _ := json.Marshal(again.Find(made.ID))
		if string(now) != string(later) {
			t.Errorf("%q: %s, after a restart %s", body, now, later)
		}
		if err := register.Delete(t.Context(), p, made.ID, made.Token, hub.Visitor{}); err != nil {
			t.Fatal(err)
		}
		if _, ok := p.Client(made.ID); ok {
			t.Errorf("%q: the client is still there", body)
		}
	})
}
