package oauth

import "net/url"

// Grant types that the hub knows (RFC 6749 §4.1.3, §6, §4.4.2, RFC 8628 §3.4, RFC 8693 §2.1).
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
	GrantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// TypeAccessToken is the token type identifier of an access token (RFC 8693 §3).
const TypeAccessToken = "urn:ietf:params:oauth:token-type:access_token"

// TokenRequest is the body of a request to the token endpoint, without the client's credentials (see ParseClientCredentials).
type TokenRequest struct {
	GrantType    string
	Code         string // authorization_code
	RedirectURI  string // authorization_code; compared with the code's by whoever redeems it, also when absent
	CodeVerifier string // authorization_code; judged by VerifyPKCE, whatever it holds
	RefreshToken string // refresh_token
	Scope        Scope  // of all but authorization_code; empty when absent
	Resource     []string
	DeviceCode   string // device_code

	SubjectToken     string // token exchange, RFC 8693 §2.1
	SubjectTokenType string
}

// ParseTokenRequest reads the body of a token request. Faults, in this order: a parameter twice, too long or broken and a missing
// grant_type are invalid_request; another grant than these is unsupported_grant_type; a missing code or token is
// invalid_request; then invalid_scope and invalid_target. Unlike ParseAuthorization it returns no request beside an error.
func ParseTokenRequest(form url.Values) (*TokenRequest, error) {
	p := NewParams(form)
	if err := p.Err(); err != nil {
		return nil, err
	}
	r := &TokenRequest{
		GrantType:    p.Get("grant_type"),
		Code:         p.Get("code"),
		RedirectURI:  p.Get("redirect_uri"),
		CodeVerifier: p.Get("code_verifier"),
		RefreshToken: p.Get("refresh_token"),
		Resource:     p.All("resource"),
		DeviceCode:   p.Get("device_code"),

		SubjectToken:     p.Get("subject_token"),
		SubjectTokenType: p.Get("subject_token_type"),
	}
	needed := ""
	switch r.GrantType {
	case "":
		needed = "grant_type"
	case GrantAuthorizationCode:
		needed = "code"
	case GrantRefreshToken:
		needed = "refresh_token"
	case GrantClientCredentials:
	case GrantDeviceCode:
		needed = "device_code"
	case GrantTokenExchange:
		needed = "subject_token"
	default:
		return nil, Errorf(UnsupportedGrantType, "the grant_type is not one of those in the discovery document")
	}
	if needed != "" && !p.Has(needed) {
		return nil, Errorf(InvalidRequest, "%s is missing", needed)
	}
	var err error
	if r.Scope, err = ParseScope(p.Get("scope")); err != nil {
		return nil, err
	}
	if err := checkResources(r.Resource); err != nil {
		return nil, err
	}
	return r, nil
}

// The values of token_type (RFC 6750 §4, RFC 9449 §5).
const (
	TokenTypeBearer = "Bearer"
	TokenTypeDPoP   = "DPoP" // of a token bound to a key
)

// TokenResponse is the answer of the token endpoint (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3). Members that are empty are absent,
// never null.
type TokenResponse struct {
	IDToken      string `json:"id_token,omitempty"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	TokenType    string `json:"token_type"` // TokenTypeBearer
	Scope        Scope  `json:"scope,omitempty"`

	IssuedTokenType string `json:"issued_token_type,omitempty"` // of a token exchange, RFC 8693 §2.2.1
}

// TokenQuery is a request to revoke (RFC 7009 §2.1) or introspect (RFC 7662 §2.1) a token: the two have the same parameters.
type TokenQuery struct {
	Token string
	Hint  string // token_type_hint: "access_token", "refresh_token", anything else, or "" when absent; only ever a hint
}

// ParseTokenQuery reads the body of a revocation or introspection request. A missing, repeated or overlong parameter is
// invalid_request.
func ParseTokenQuery(form url.Values) (*TokenQuery, error) {
	p := NewParams(form)
	if err := p.Err(); err != nil {
		return nil, err
	}
	if !p.Has("token") {
		return nil, Errorf(InvalidRequest, "token is missing")
	}
	return &TokenQuery{Token: p.Get("token"), Hint: p.Get("token_type_hint")}, nil
}
