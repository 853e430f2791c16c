package web_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// members are the texts of a metadata member; nil when it is absent.
func members(metadata map[string]any, name string) []string {
	list, _ := metadata[name].([]any)
	var texts []string
	for _, v := range list {
		text, _ := v.(string)
		texts = append(texts, text)
	}
	return texts
}

// fetchJSON gets a public document of a hub.
func (s *site) fetchJSON(t *testing.T, address string, into any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport{hub: s.server}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %d %s %v", address, res.StatusCode, res.Header.Get("Content-Type"), err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatal(err)
	}
}

// TestConformanceConfig is the OpenID Foundation's plan "config" for providers.
// Its pool has a client of every kind, since the metadata say what some may do.
func TestConformanceConfig(t *testing.T) {
	const issuer = "https://op.test"
	h := hubtest.New(t)
	p := h.AddPool("op", issuer)
	rotation := token.Rotation{Algorithms: []token.Algorithm{token.RS256, token.ES256, token.EdDSA}}
	var err error
	if p.Keys, err = hub.OpenKeys(t.Context(), p.Space, p.Secrets.Signing, rotation); err != nil {
		t.Fatal(err)
	}
	s := serve(t, h, p)
	t.Run("oidcc-discovery-endpoint-verification", func(t *testing.T) {
		var m map[string]any
		s.fetchJSON(t, issuer+"/.well-known/openid-configuration", &m)
		if m["issuer"] != issuer {
			t.Errorf("issuer %v", m["issuer"])
		}
		for _, name := range []string{
			"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint",
			"introspection_endpoint", "pushed_authorization_request_endpoint", "device_authorization_endpoint",
		} {
			text, _ := m[name].(string)
			if u, err := url.Parse(text); err != nil || !strings.HasPrefix(text, issuer+"/") || u.RawQuery != "" || u.Fragment != "" {
				t.Errorf("%s is %q", name, text)
			}
		}
		for name, want := range map[string][]string{
			"response_types_supported":                         {"code"},
			"response_modes_supported":                         {"query", "form_post"},
			"grant_types_supported":                            {"authorization_code", "refresh_token"},
			"subject_types_supported":                          {"public"},
			"id_token_signing_alg_values_supported":            {"RS256", "ES256", "EdDSA"},
			"scopes_supported":                                 {"openid", "profile", "email", "address", "phone"},
			"claims_supported":                                 {"sub", "auth_time", "acr", "name", "email", "address", "phone_number"},
			"claim_types_supported":                            {"normal"},
			"code_challenge_methods_supported":                 {"S256"},
			"prompt_values_supported":                          {"none", "login", "consent", "select_account"},
			"token_endpoint_auth_methods_supported":            {"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
			"token_endpoint_auth_signing_alg_values_supported": {"PS256", "ES256", "EdDSA"},
			"dpop_signing_alg_values_supported":                {"PS256", "ES256", "EdDSA"},
		} {
			got := members(m, name)
			for _, w := range want {
				if !slices.Contains(got, w) {
					t.Errorf("%s: %v lacks %s", name, got, w)
				}
			}
			if len(got) != len(slices.Compact(slices.Sorted(slices.Values(got)))) || slices.Contains(got, "") {
				t.Errorf("%s: %v", name, got)
			}
		}
		for name, list := range m { // what nobody may use is not offered
			if texts := strings.Join(members(m, name), " "); strings.Contains(name, "alg_values") && (strings.Contains(texts, "none") || strings.Contains(texts, "HS")) {
				t.Errorf("%s: %v", name, list)
			}
		}
		if slices.Contains(members(m, "code_challenge_methods_supported"), "plain") || slices.Contains(members(m, "introspection_endpoint_auth_methods_supported"), "none") {
			t.Error("plain challenges or open introspection")
		}
		for name, want := range map[string]any{
			"authorization_response_iss_parameter_supported": true, "claims_parameter_supported": true,
			"request_parameter_supported": false, "request_uri_parameter_supported": false,
			"tls_client_certificate_bound_access_tokens": nil, "request_object_signing_alg_values_supported": nil,
		} {
			if m[name] != want {
				t.Errorf("%s is %v, want %v", name, m[name], want)
			}
		}
	})
	t.Run("JWKS", func(t *testing.T) {
		var set jose.JSONWebKeySet
		s.fetchJSON(t, issuer+"/.well-known/jwks.json", &set)
		ids := map[string]bool{}
		for _, k := range set.Keys {
			if !k.Valid() || !k.IsPublic() || k.Use != "sig" || k.KeyID == "" || ids[k.KeyID] || k.Algorithm == "" {
				t.Errorf("key %+v", k)
			}
			ids[k.KeyID] = true
		}
		if len(ids) < 3 {
			t.Errorf("%d keys for three algorithms", len(ids))
		}
	})
	t.Run("relying party", func(t *testing.T) {
		ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: transport{hub: s.server}})
		provider, err := oidc.NewProvider(ctx, issuer)
		if err != nil || provider.UserInfoEndpoint() != issuer+"/oauth2/userInfo" {
			t.Fatalf("%v", err)
		}
	})
	t.Run("what clients make of it", func(t *testing.T) {
		p.Clients["tls"] = &hub.Client{ID: "tls", Auth: hub.AuthTLS}
		p.Clients["signer"] = &hub.Client{ID: "signer", Auth: hub.AuthKey, RequestObject: hub.Allowed}
		var m map[string]any
		serve(t, h, p).fetchJSON(t, issuer+"/.well-known/openid-configuration", &m)
		if m["tls_client_certificate_bound_access_tokens"] != true || !slices.Contains(members(m, "token_endpoint_auth_methods_supported"), "self_signed_tls_client_auth") {
			t.Errorf("certificates: %v", m)
		}
		if m["request_parameter_supported"] != true || !slices.Equal(members(m, "request_object_signing_alg_values_supported"), []string{"RS256", "PS256", "ES256", "EdDSA"}) {
			t.Errorf("request objects: %v", m)
		}
	})
}
