package oidc

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/register"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// metadata is the discovery document (OpenID Connect Discovery §3, RFC 8414 §2,
// RP-Initiated Logout §2.1, Back-Channel and Front-Channel Logout §2.1), with
// Cognito's paths.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	PushEndpoint          string   `json:"pushed_authorization_request_endpoint"`
	DeviceEndpoint        string   `json:"device_authorization_endpoint"`
	RegistrationEndpoint  string   `json:"registration_endpoint,omitempty"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	ScopesSupported       []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	RevocationMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionMethods  []string `json:"introspection_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	PromptValues          []string `json:"prompt_values_supported"`
	DisplayValues         []string `json:"display_values_supported"`
	ClaimTypes            []string `json:"claim_types_supported"`
	ClaimsSupported       []string `json:"claims_supported"`
	IssInResponse         bool     `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
	BackchannelLogout     bool     `json:"backchannel_logout_supported"`
	BackchannelSession    bool     `json:"backchannel_logout_session_supported"`
	FrontchannelLogout    bool     `json:"frontchannel_logout_supported"`
	FrontchannelSession   bool     `json:"frontchannel_logout_session_supported"`
	BoundToCertificate    bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`

	// What signs assertions of clients at each endpoint, proofs, and requests.
	TokenAuthAlgorithms     []token.Algorithm `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationAlgorithms    []token.Algorithm `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAlgorithms []token.Algorithm `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	DPoPAlgorithms          []token.Algorithm `json:"dpop_signing_alg_values_supported"`
	RequestAlgorithms       []token.Algorithm `json:"request_object_signing_alg_values_supported,omitempty"`
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
		EndSessionEndpoint:    p.URL("/logout"),
		JWKSURI:               p.URL("/.well-known/jwks.json"),
		ScopesSupported:       []string{"openid", "email", "phone", "profile", "address"},
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query", "form_post"},
		GrantTypes:            []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials, oauth.GrantDeviceCode, oauth.GrantTokenExchange},
		SubjectTypes:          []string{"public"},
		ChallengeMethods:      []string{"S256"},
		PromptValues:          []string{"none", "login", "consent", "select_account"},
		DisplayValues:         []string{"page", "popup", "touch"}, // one page that fits them all
		ClaimTypes:            []string{"normal"},
		ClaimsSupported:       []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "sid", "nonce", "at_hash", "s_hash", "identities", "cognito:username"},
		IssInResponse:         true,
		ClaimsParameter:       true,
		BackchannelLogout:     true,
		BackchannelSession:    true,
		FrontchannelLogout:    true,
		FrontchannelSession:   true,
		TokenAuthAlgorithms:   token.Algorithms(),
		DPoPAlgorithms:        token.Algorithms(),
	}
	if p.Registration {
		m.RegistrationEndpoint = p.URL(register.Path)
	}
	for _, a := range p.Keys.Rotation().Algorithms {
		m.IDTokenAlgorithms = append(m.IDTokenAlgorithms, string(a))
	}
	for _, a := range p.Schema.Attributes() {
		m.ClaimsSupported = append(m.ClaimsSupported, a.Name)
	}
	m.IntrospectionMethods = []string{string(oauth.AuthBasic), string(oauth.AuthPost), string(oauth.AuthPrivateKeyJWT)}
	if some(p, func(c *hub.Client) bool { return c.Auth == hub.AuthTLS }) {
		m.IntrospectionMethods = append(m.IntrospectionMethods, "self_signed_tls_client_auth")
		m.BoundToCertificate = true
	}
	m.TokenAuthMethods = append(slices.Clone(m.IntrospectionMethods), string(oauth.AuthNone))
	m.RevocationMethods = m.TokenAuthMethods
	m.RevocationAlgorithms, m.IntrospectionAlgorithms = m.TokenAuthAlgorithms, m.TokenAuthAlgorithms
	if p.Registration || some(p, func(c *hub.Client) bool { return c.RequestObject != hub.Off }) {
		m.RequestParameter, m.RequestAlgorithms = true, token.Algorithms()
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

// some tells whether there is a client of a kind.
func some(p *hub.Pool, kind func(*hub.Client) bool) bool {
	for _, c := range p.Clients {
		if kind(c) {
			return true
		}
	}
	return false
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
