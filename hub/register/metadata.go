package register

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// Limits of metadata.
const (
	maxBody = 64 << 10 // bytes
	maxName = 128      // characters
	maxURI  = 1024     // bytes
	maxURIs = 100      // of one list, Cognito's quota
)

// scopes are what a registered client may ask for: what is about a person.
var scopes = oauth.Scope{"openid", "email", "phone", "profile", "address"}

// The values that are taken where the metadata has a choice.
var (
	authMethods = []string{string(oauth.AuthBasic), string(oauth.AuthPost), string(oauth.AuthNone), string(oauth.AuthPrivateKeyJWT)}
	grantTypes  = []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantDeviceCode}
)

// document is a request's JSON object, with what is wrong about it so far.
type document struct {
	members map[string]json.RawMessage
	err     error // the first
}

// read takes the body of a request: one JSON object, each name once.
func read(body []byte) (*document, error) {
	if len(body) > maxBody {
		return nil, oauth.Errorf(oauth.InvalidClientMetadata, "the body is longer than %d bytes", maxBody)
	}
	d := &document{}
	if err := strictjson.Decode(body, &d.members); err != nil {
		return nil, oauth.Wrap(err, oauth.InvalidClientMetadata, "the body is not one JSON object with each name once")
	}
	return d, nil
}

// refuse keeps the first fault of the document: it names the field.
func (d *document) refuse(field, format string, args ...any) {
	if d.err == nil {
		d.err = oauth.Errorf(oauth.InvalidClientMetadata, field+": "+format, args...)
	}
}

// take reads a member into v; false when it is absent, null or wrong. Null is
// how a client asks for the default (RFC 7592 §2.2).
func (d *document) take(field, kind string, v any) bool {
	raw, ok := d.members[field]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		d.refuse(field, "it is not %s", kind)
		return false
	}
	return true
}

func (d *document) text(field string) (text string) {
	d.take(field, "a string", &text)
	return text
}

func (d *document) flag(field string) (on bool) {
	d.take(field, "true or false", &on)
	return on
}

func (d *document) list(field string) (list []string) {
	d.take(field, "a list of strings", &list)
	if len(list) > maxURIs {
		d.refuse(field, "it has more than %d entries", maxURIs)
	}
	return list
}

// metadata judges the document as a client of the pool, and fills what it
// leaves out. The error names the first field that is refused.
func (d *document) metadata(p *hub.Pool) (hub.ClientMetadata, error) {
	m := hub.ClientMetadata{
		Name: d.text("client_name"), RedirectURIs: d.list("redirect_uris"), PostLogoutRedirectURIs: d.list("post_logout_redirect_uris"),
		AuthMethod: d.text("token_endpoint_auth_method"), GrantTypes: d.list("grant_types"), ResponseTypes: d.list("response_types"),
		JWKSURI: d.link("jwks_uri"), LogoURI: d.link("logo_uri"), PolicyURI: d.link("policy_uri"), TermsURI: d.link("tos_uri"),
		Algorithm: token.Algorithm(d.text("id_token_signed_response_alg")), SubjectType: "public",
		DPoP: d.flag("dpop_bound_access_tokens"), RequirePAR: d.flag("require_pushed_authorization_requests"),
		SignedRequests: d.flag("require_signed_request_object"),
	}
	d.title(m.Name)
	d.flows(&m)
	d.addresses(&m)
	d.logout(&m)
	d.scope(&m)
	d.keys(&m)
	d.subjects()
	d.unsupported()
	algorithms := p.Keys.Rotation().Algorithms
	if m.Algorithm == "" && len(algorithms) > 0 {
		m.Algorithm = algorithms[0]
	}
	if !slices.Contains(algorithms, m.Algorithm) {
		d.refuse("id_token_signed_response_alg", "the pool signs with %v", algorithms)
	}
	return m, d.err
}

// title holds a name to one line that cannot rewrite the page around it.
func (d *document) title(name string) {
	odd := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
	if utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, odd) {
		d.refuse("client_name", "it is not one line of %d characters at most", maxName)
	}
}

// flows brings grant_types and response_types together (RFC 7591 §2.1). Every
// client of the code flow gets refresh tokens here, so its registration says so.
func (d *document) flows(m *hub.ClientMetadata) {
	if m.GrantTypes == nil {
		m.GrantTypes = []string{oauth.GrantAuthorizationCode}
	}
	for _, g := range m.GrantTypes {
		if !slices.Contains(grantTypes, g) {
			d.refuse("grant_types", "%s is not one of %s", g, strings.Join(grantTypes, ", "))
		}
	}
	code := slices.Contains(m.GrantTypes, oauth.GrantAuthorizationCode)
	if !code && !slices.Contains(m.GrantTypes, oauth.GrantDeviceCode) {
		d.refuse("grant_types", "none of them lets anybody in")
	}
	if !slices.Contains(m.GrantTypes, oauth.GrantRefreshToken) {
		m.GrantTypes = append(m.GrantTypes, oauth.GrantRefreshToken)
	}
	if m.ResponseTypes == nil && code {
		m.ResponseTypes = []string{"code"}
	}
	for _, r := range m.ResponseTypes {
		if r != "code" {
			d.refuse("response_types", "%s is not supported; it is code", r)
		}
	}
	if code != (len(m.ResponseTypes) > 0) {
		d.refuse("response_types", "it is code with the grant authorization_code, and nothing without")
	}
	if m.ResponseTypes == nil {
		m.ResponseTypes = []string{}
	}
	if code && len(m.RedirectURIs) == 0 {
		d.fault(oauth.Errorf(oauth.InvalidRedirectURI, "redirect_uris: it is missing or empty"))
	}
}

func (d *document) fault(err error) {
	if d.err == nil {
		d.err = err
	}
}

// addresses judges redirect URIs by the rules of the configuration (security
// row A03).
func (d *document) addresses(m *hub.ClientMetadata) {
	for _, uri := range m.RedirectURIs {
		if err := oauth.CheckRedirectURI(uri); err != nil {
			d.fault(oauth.Wrap(err, oauth.InvalidRedirectURI, "redirect_uris: %s", oauth.AsError(err).Description))
		}
	}
	for _, uri := range m.PostLogoutRedirectURIs {
		if err := oauth.CheckRedirectURI(uri); err != nil {
			d.refuse("post_logout_redirect_uris", "%s", oauth.AsError(err).Description)
		}
	}
}

func (d *document) scope(m *hub.ClientMetadata) {
	text := d.text("scope")
	if text == "" {
		m.Scope = scopes
		return
	}
	asked, err := oauth.ParseScope(text)
	if err != nil {
		d.refuse("scope", "it is not a list of scopes")
	}
	if missing := scopes.Missing(asked); len(missing) > 0 {
		d.refuse("scope", "a client that registers itself may not have %s", missing)
	}
	m.Scope = asked
}

// keys judges how the client proves itself, and with which keys. The set may
// stand in the document or behind an address, not both (RFC 7591 §2).
func (d *document) keys(m *hub.ClientMetadata) {
	if m.AuthMethod == "" {
		m.AuthMethod = string(oauth.AuthBasic)
	}
	if !slices.Contains(authMethods, m.AuthMethod) {
		d.refuse("token_endpoint_auth_method", "it is not one of %s", strings.Join(authMethods, ", "))
	}
	if raw, ok := d.members["jwks"]; ok && string(raw) != "null" {
		if _, err := proof.ParseKeys(raw); err != nil {
			d.refuse("jwks", "%v", err)
		}
		m.JWKS = raw
	}
	keyed := m.JWKS != nil || m.JWKSURI != ""
	switch {
	case m.JWKS != nil && m.JWKSURI != "":
		d.refuse("jwks_uri", "it stands beside jwks; keep one")
	case m.AuthMethod == string(oauth.AuthPrivateKeyJWT) && !keyed:
		d.refuse("jwks", "private_key_jwt needs the client's public keys, here or behind jwks_uri")
	case m.SignedRequests && !keyed:
		d.refuse("jwks", "signed requests need the client's public keys, here or behind jwks_uri")
	}
}

// subjects refuses what would promise a client subjects of its own: every
// client of the pool sees the same sub.
func (d *document) subjects() {
	if t := d.text("subject_type"); t != "" && t != "public" {
		d.refuse("subject_type", "it is public in this pool")
	}
	if d.text("sector_identifier_uri") != "" {
		d.refuse("sector_identifier_uri", "subjects are public in this pool, and no address is fetched at registration")
	}
}

// notDone are fields that ask for something which the pool does not do, and
// whose silent absence would leave the client with less than it relies on.
var notDone = []string{
	"id_token_encrypted_response_alg", "userinfo_signed_response_alg", "userinfo_encrypted_response_alg",
	"request_object_encryption_alg", "introspection_signed_response_alg", "authorization_signed_response_alg",
}

// unsupported refuses by name what is known and not done. What the client signs
// may be by any algorithm of the pool, and by no weaker one (security row A36).
func (d *document) unsupported() {
	for _, field := range notDone {
		if d.text(field) != "" {
			d.refuse(field, "it is not supported")
		}
	}
	for _, field := range []string{"token_endpoint_auth_signing_alg", "request_object_signing_alg"} {
		if a := d.text(field); a != "" && !slices.Contains(token.Algorithms(), token.Algorithm(a)) {
			d.refuse(field, "it is not one of %v", token.Algorithms())
		}
	}
	if d.flag("tls_client_certificate_bound_access_tokens") {
		d.refuse("tls_client_certificate_bound_access_tokens", "certificates are for an operator to register")
	}
}

// link is an https address that is stored, perhaps shown, and not opened while
// the client registers.
func (d *document) link(field string) string {
	text := d.text(field)
	if text == "" {
		return ""
	}
	if err := checkLink(text); err != nil {
		d.refuse(field, "%v", err)
	}
	return text
}

func checkLink(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("it is not a URI")
	case len(text) > maxURI:
		return errors.New("it is longer than 1024 bytes")
	case u.Scheme != "https" || u.Host == "":
		return errors.New("it does not begin with https://")
	case u.User != nil || strings.Contains(text, "#"):
		return errors.New("it has a user name or a fragment")
	}
	return nil
}
