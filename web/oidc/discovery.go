package oidc

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// metadata is the discovery document (OpenID Connect Discovery §3, RFC 8414 §2),
// with Cognito's paths.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	PushEndpoint          string   `json:"pushed_authorization_request_endpoint"`
	DeviceEndpoint        string   `json:"device_authorization_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	ScopesSupported       []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	PromptValues          []string `json:"prompt_values_supported"`
	ClaimsSupported       []string `json:"claims_supported"`
	IssInResponse         bool     `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
}

// Discovery serves the pool's metadata, made once.
func Discovery(p *hub.Pool) (http.Handler, error) {
	m := metadata{
		Issuer:                p.Issuer,
		AuthorizationEndpoint: p.URL("/oauth2/authorize"),
		TokenEndpoint:         p.URL("/oauth2/token"),
		UserInfoEndpoint:      p.URL("/oauth2/userInfo"),
		RevocationEndpoint:    p.URL("/oauth2/revoke"),
		IntrospectionEndpoint: p.URL("/oauth2/introspect"),
		PushEndpoint:          p.URL("/oauth2/par"),
		DeviceEndpoint:        p.URL("/oauth2/device_authorization"),
		JWKSURI:               p.URL("/.well-known/jwks.json"),
		ScopesSupported:       []string{"openid", "email", "phone", "profile", "address"},
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query", "form_post"},
		GrantTypes:            []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials, oauth.GrantDeviceCode, oauth.GrantTokenExchange},
		SubjectTypes:          []string{"public"},
		TokenAuthMethods:      []string{"client_secret_basic", "client_secret_post", "none"},
		ChallengeMethods:      []string{"S256"},
		PromptValues:          []string{"none", "login", "consent", "select_account"},
		ClaimsSupported:       []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "identities", "cognito:username"},
		IssInResponse:         true,
		ClaimsParameter:       true,
	}
	for _, a := range p.Keys.Ring().Algorithms() {
		m.IDTokenAlgorithms = append(m.IDTokenAlgorithms, string(a))
	}
	for _, a := range p.Schema.Attributes() {
		m.ClaimsSupported = append(m.ClaimsSupported, a.Name)
	}
	for _, c := range p.Clients {
		for _, s := range c.Scopes {
			if !slices.Contains(m.ScopesSupported, s) {
				m.ScopesSupported = append(m.ScopesSupported, s)
			}
		}
	}
	slices.Sort(m.ScopesSupported[5:])
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return public(func() []byte { return text }), nil
}

// JWKS serves the pool's public keys as they are now. Apps keep them for five
// minutes at most, so that a new key is known before it signs.
func JWKS(p *hub.Pool) http.Handler {
	return public(func() []byte { return p.Keys.Ring().JWKS() })
}

func public(text func() []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		body := text()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(body)
	})
}
