package oauth

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

// AuthMethod is a way for a client to authenticate, as in token_endpoint_auth_methods_supported (OpenID Connect Core §9).
type AuthMethod string

// The methods that ParseClientCredentials tells apart.
const (
	AuthNone          AuthMethod = "none" // public client: client_id only
	AuthBasic         AuthMethod = "client_secret_basic"
	AuthPost          AuthMethod = "client_secret_post"
	AuthPrivateKeyJWT AuthMethod = "private_key_jwt"
)

// AssertionTypeJWT is the client_assertion_type of RFC 7523 §2.2.
const AssertionTypeJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// ClientCredentials are what a client showed. Nothing of it is proven.
type ClientCredentials struct {
	Method    AuthMethod
	ClientID  string // "" only with AuthPrivateKeyJWT, whose assertion names the client
	Secret    string // AuthBasic, AuthPost
	Assertion string // AuthPrivateKeyJWT
}

// ParseClientCredentials reads the client's credentials from the values of the Authorization header, the query and the body of a
// request (RFC 6749 §2.3). More than one method, or two different client ids, are invalid_request; no client id at all, a secret or
// assertion in the URL, a scheme other than Basic and Basic that does not decode are invalid_client. Both parts of Basic are
// form-decoded, as §2.3.1 asks.
func ParseClientCredentials(authorization []string, query, form url.Values) (*ClientCredentials, error) {
	if query.Has("client_secret") || query.Has("client_assertion") {
		return nil, Errorf(InvalidClient, "client credentials must not be in the URL")
	}
	p := NewParams(form)
	for _, name := range []string{"client_assertion", "client_assertion_type", "client_id", "client_secret"} {
		if err := p.ErrOf(name); err != nil {
			return nil, err
		}
	}
	var shown []*ClientCredentials
	for _, header := range authorization {
		c, err := parseBasic(header)
		if err != nil {
			return nil, err
		}
		shown = append(shown, c)
	}
	if secret := p.Get("client_secret"); secret != "" {
		shown = append(shown, &ClientCredentials{Method: AuthPost, ClientID: p.Get("client_id"), Secret: secret})
	}
	if p.Has("client_assertion") || p.Has("client_assertion_type") {
		if p.Get("client_assertion_type") != AssertionTypeJWT || !p.Has("client_assertion") {
			return nil, Errorf(InvalidClient, "client_assertion and its client_assertion_type %s belong together", AssertionTypeJWT)
		}
		shown = append(shown, &ClientCredentials{Method: AuthPrivateKeyJWT, ClientID: p.Get("client_id"), Assertion: p.Get("client_assertion")})
	}
	switch len(shown) {
	case 0:
		shown = append(shown, &ClientCredentials{Method: AuthNone, ClientID: p.Get("client_id")})
	case 1:
	default:
		return nil, Errorf(InvalidRequest, "the client used more than one way to authenticate")
	}
	c := shown[0]
	if id := p.Get("client_id"); id != "" && id != c.ClientID {
		return nil, Errorf(InvalidRequest, "client_id differs from the one in the Authorization header")
	}
	if c.ClientID == "" && c.Method != AuthPrivateKeyJWT {
		return nil, Errorf(InvalidClient, "client_id is missing")
	}
	return c, nil
}

// parseBasic reads one value of the Authorization header. Its cause never holds any part of the value.
func parseBasic(header string) (*ClientCredentials, error) {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil, Errorf(InvalidClient, "the Authorization header must use the scheme Basic")
	}
	id, secret, err := decodeBasic(strings.TrimLeft(text, " "))
	if err != nil {
		return nil, Wrap(err, InvalidClient, "the Authorization header does not decode")
	}
	return &ClientCredentials{Method: AuthBasic, ClientID: id, Secret: secret}, nil
}

func decodeBasic(text string) (id, secret string, err error) {
	if len(text) > 4096 || strings.ContainsAny(text, "\r\n") {
		return "", "", errors.New("basic credentials: too long or more than one line")
	}
	plain, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", "", errors.New("basic credentials: not base64")
	}
	encodedID, encodedSecret, found := strings.Cut(string(plain), ":")
	if !found {
		return "", "", errors.New("basic credentials: no colon")
	}
	id, err1 := url.QueryUnescape(encodedID)
	secret, err2 := url.QueryUnescape(encodedSecret)
	if err1 != nil || err2 != nil {
		return "", "", errors.New("basic credentials: not form-encoded (RFC 6749 §2.3.1)")
	}
	for _, s := range []string{id, secret} {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, isControl) {
			return "", "", errors.New("basic credentials: control character or broken UTF-8")
		}
	}
	return id, secret, nil
}

// BasicChallenge is the WWW-Authenticate value beside a 401 with invalid_client (RFC 6749 §5.2, RFC 7617 §2).
func BasicChallenge(realm string) string {
	return `Basic realm="` + cleanDescription(realm) + `", charset="UTF-8"`
}
