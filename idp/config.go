package idp

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// How the hub authenticates at the provider's token endpoint (OpenID Connect Core §9).
const (
	AuthByDiscovery = ""                    // basic, unless the provider's metadata offers only another of these
	AuthBasic       = "client_secret_basic" // RFC 6749 §2.3.1, form-encoded before base64
	AuthPost        = "client_secret_post"
	AuthNone        = "none"            // a public client: PKCE alone
	AuthPrivateKey  = "private_key_jwt" // by an Assertion
)

// When userinfo is asked for.
const (
	UserInfoWhenNeeded = ""       // only if the ID token lacks a claim the caller needs
	UserInfoAlways     = "always" // at each sign-in
	UserInfoNever      = "never"
)

// What the provider's end_session endpoint wants to be sent.
const (
	LogoutStandard = ""        // OpenID Connect RP-Initiated Logout §2, unless the issuer is that of a Cognito user pool
	LogoutCognito  = "cognito" // client_id and logout_uri alone, as /logout of a Cognito domain does
)

// DefaultAlgorithms are the ID token signature algorithms accepted when a Config names none.
var DefaultAlgorithms = []string{"RS256", "ES256", "PS256", "EdDSA"}

var knownAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// Endpoints of a provider. In a Config, each one set replaces what discovery says; with Authorization, Token and JWKS
// set there is no discovery at all, nor is there with OAuth2.
type Endpoints struct {
	Authorization, Token, UserInfo, JWKS, EndSession string
}

// Config describes one provider and our registration there. Printing it shows no secret.
type Config struct {
	Name         string // for errors and traces; ours, not the provider's
	Issuer       string // compared exactly with discovery, `iss` of tokens and of callbacks
	ClientID     string
	ClientSecret string `json:"-"`
	RedirectURI  string // our callback, as registered at the provider

	OAuth2    *OAuth2  // set for a provider without ID tokens
	Tenants   []string // set for one of many tenants: "{tenantid}" in Issuer stands for one of these, which a token names by tid
	Discovery string   // where the metadata lie; empty: under Issuer (OpenID Connect Discovery §4.1)

	AuthMethod   string     // AuthByDiscovery, AuthBasic, AuthPost, AuthNone, AuthPrivateKey
	Assertion    *Assertion `json:"-"` // in place of ClientSecret
	Scopes       []string   // empty: openid; otherwise openid must be among them
	Endpoints    Endpoints
	Algorithms   []string          // accepted for ID tokens; empty: DefaultAlgorithms. MACs and none cannot be listed
	ResponseMode string            // "", "query" or "form_post"
	Parameters   map[string]string // more authorization parameters, such as access_type; none of the protocol's own

	UserInfo         string // UserInfoWhenNeeded, UserInfoAlways, UserInfoNever
	UserInfoMethod   string // "" or GET, or POST
	UserInfoSigned   bool   // demand a signed JWT from userinfo; otherwise demand JSON (OpenID Connect Core §5.3.2)
	ForwardLoginHint bool   // pass login_hint on

	Verified       Verified // what makes an e-mail address proven
	NameInCallback bool     // believe the name, and nothing else, in the callback's field user
	NoAuthTime     bool     // it may not tell when a person authenticated; who demands that is refused then all the same
	NoPKCE         bool     // for the provider that refuses a token request with code_verifier

	LogoutStyle           string // LogoutStandard, LogoutCognito
	PostLogoutRedirectURI string // where people come back to, as registered at the provider; EndSession needs it

	Timeout time.Duration // for one whole operation, all its calls together; zero: 9 s
	Observe func(Call)    `json:"-"` // hears of each call made, also in the background; quick, safe for concurrent use
	Stale   func(*Error)  `json:"-"` // hears when metadata or keys cannot be renewed and the old ones stay in use; likewise
}

// String is the Config for logs.
func (c Config) String() string { return fmt.Sprintf("provider %q (%s)", c.Name, c.Issuer) }

// GoString keeps %#v from printing the secret.
func (c Config) GoString() string { return c.String() }

// LogValue keeps slog from printing the secret.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// reserved are the parameters the hub itself sets.
var reserved = []string{"response_type", "client_id", "client_secret", "redirect_uri", "scope", "state", "nonce",
	"code_challenge", "code_challenge_method", "response_mode", "prompt", "max_age", "login_hint", "ui_locales",
	"acr_values", "request", "request_uri", "code", "id_token_hint"}

// check fills defaults and returns all that is wrong, joined.
func (c *Config) check(hc *http.Client) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if strings.Contains(c.Issuer, tenantPart) != (len(c.Tenants) > 0) {
		bad("issuer: %s stands in it just if there are tenants", tenantPart)
	}
	if u, err := checkURL(hc, c.Issuer); err != nil {
		bad("issuer: %w", err)
	} else if u.RawQuery != "" || u.ForceQuery {
		bad("issuer: %q has a query (OpenID Connect Discovery §3)", c.Issuer)
	}
	if c.ClientID == "" {
		bad("client_id is empty")
	}
	if u, err := url.Parse(c.RedirectURI); err != nil || u.Scheme == "" || u.Host == "" || u.Fragment != "" {
		bad("redirect_uri: %q is not an absolute URL without fragment", c.RedirectURI)
	}
	if u, err := url.Parse(c.PostLogoutRedirectURI); c.PostLogoutRedirectURI != "" && (err != nil || u.Scheme == "" || u.Host == "" || u.Fragment != "") {
		bad("post_logout_redirect_uri: %q is not an absolute URL without fragment", c.PostLogoutRedirectURI)
	}
	switch c.LogoutStyle {
	case LogoutStandard:
		if cognitoIssuer.MatchString(c.Issuer) {
			c.LogoutStyle = LogoutCognito
		}
	case LogoutCognito:
	default:
		bad("logout style %q is neither empty nor %s", c.LogoutStyle, LogoutCognito)
	}
	switch c.AuthMethod {
	case AuthByDiscovery, AuthNone:
	case AuthBasic, AuthPost:
		if !c.hasSecret() {
			bad("authentication by %s needs a client secret", c.AuthMethod)
		}
	case AuthPrivateKey:
		if c.Assertion == nil {
			bad("authentication by %s needs a key", c.AuthMethod)
		}
	default:
		bad("unknown authentication method %q", c.AuthMethod)
	}
	if c.Assertion != nil {
		if _, err := c.Assertion.algorithm(); err != nil {
			bad("%w", err)
		}
		if len(c.Tenants) > 0 {
			bad("an assertion is for one issuer, and there are many tenants")
		}
	}
	if o := c.OAuth2; o != nil {
		c.checkOAuth2(hc, bad)
	} else if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid"}
	}
	if c.OAuth2 == nil && !slices.Contains(c.Scopes, "openid") {
		bad("scopes %q lack openid, so there would be no ID token", strings.Join(c.Scopes, " "))
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = DefaultAlgorithms
	}
	for _, alg := range c.Algorithms {
		if !slices.Contains(knownAlgorithms, alg) {
			bad("algorithm %q is not one of %s", alg, strings.Join(knownAlgorithms, ", "))
		}
	}
	for _, e := range []struct{ name, url string }{{"authorization", c.Endpoints.Authorization}, {"token", c.Endpoints.Token},
		{"userinfo", c.Endpoints.UserInfo}, {"jwks", c.Endpoints.JWKS}, {"end_session", c.Endpoints.EndSession}, {"discovery", c.Discovery}} {
		if _, err := checkURL(hc, e.url); e.url != "" && err != nil {
			bad("%s endpoint: %w", e.name, err)
		}
	}
	for name := range c.Parameters {
		if slices.Contains(reserved, name) {
			bad("parameter %q is the hub's own", name)
		}
	}
	switch strings.ToUpper(c.UserInfoMethod) {
	case "", http.MethodGet:
		c.UserInfoMethod = http.MethodGet
	case http.MethodPost:
		c.UserInfoMethod = http.MethodPost
	default:
		bad("userinfo method %q is neither GET nor POST", c.UserInfoMethod)
	}
	if !slices.Contains([]string{UserInfoWhenNeeded, UserInfoAlways, UserInfoNever}, c.UserInfo) {
		bad("userinfo: %q is not always, never or empty", c.UserInfo)
	}
	if !slices.Contains([]string{"", "query", "form_post"}, c.ResponseMode) {
		bad("response mode %q is neither query nor form_post", c.ResponseMode)
	}
	if !slices.Contains(verifications, c.Verified) {
		bad("verified: %q is not one of %q", c.Verified, verifications)
	}
	if c.Timeout <= 0 {
		c.Timeout = 9 * time.Second
	}
	return errors.Join(errs...)
}

func (c *Config) checkOAuth2(hc *http.Client, bad func(string, ...any)) {
	if c.OAuth2.Subject == "" {
		bad("what names a person is not said")
	}
	if e := c.Endpoints; e.Authorization == "" || e.Token == "" || e.UserInfo == "" {
		bad("a provider of plain OAuth 2 needs authorization, token and userinfo endpoints")
	}
	if _, err := checkURL(hc, c.OAuth2.Emails); c.OAuth2.Emails != "" && err != nil {
		bad("emails endpoint: %w", err)
	}
	if c.UserInfoSigned || len(c.Tenants) > 0 {
		bad("a provider of plain OAuth 2 has neither signed userinfo nor tenants")
	}
}

// hasSecret tells whether there is a secret to send, kept or made.
func (c *Config) hasSecret() bool {
	return c.ClientSecret != "" || c.Assertion != nil && c.Assertion.AsSecret
}

// cognitoIssuer is what the issuers of Amazon's user pools look like. Their /logout knows nothing of RP-Initiated Logout.
var cognitoIssuer = regexp.MustCompile(`^https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com/[A-Za-z0-9_-]+$`)

// discovers tells whether metadata must be fetched.
func (c *Config) discovers() bool {
	return c.OAuth2 == nil && (c.Endpoints.Authorization == "" || c.Endpoints.Token == "" || c.Endpoints.JWKS == "")
}

// checkURL parses an endpoint: absolute, https or listed, no fragment, no user, a readable query.
func checkURL(hc *http.Client, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%q is not a URL", cut(raw))
	}
	if u.Fragment != "" || strings.Contains(raw, "#") {
		return nil, fmt.Errorf("%q has a fragment", cut(raw))
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		return nil, fmt.Errorf("%q has a query that cannot be read", cut(raw))
	}
	if err := outbound.Permits(hc, u); err != nil {
		return nil, err
	}
	return u, nil
}
