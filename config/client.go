package config

import (
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/mapping"
)

// PasswordForm is the name under which a client's list of providers holds the pool's own password form, as Cognito
// writes it.
const PasswordForm = "COGNITO"

// Client is one app that signs people in through the pool.
type Client struct {
	// ID is the client_id, [A-Za-z0-9_+-] up to 128 characters, unique in the file.
	ID string `yaml:"id,required" say:"the client_id of the app, for example  id: expenses-web"`
	// Name is what people read ("to continue to Expenses"); the ID by default.
	Name string `yaml:"name"`
	// Secrets holds the live secrets, written as `secret` or `secrets`: none for a public client, otherwise one, or two
	// while one replaces the other.
	Secrets []Secret `yaml:"secrets|secret"`
	// Public marks an app that can keep no secret; PKCE is then required of it.
	Public bool `yaml:"public"`
	// InsecureWithoutPKCE lets an old public app, which cannot send PKCE, sign people in without it: whoever gets hold of
	// a code can then use it. It is warned of.
	InsecureWithoutPKCE bool `yaml:"insecure_without_pkce"`
	// Auth is the one way in which the app proves itself: "secret", "private_key_jwt", "tls", or "" for a public client. By
	// default it follows from what is given: secrets, keys or a certificate.
	Auth string `yaml:"auth" oneof:"secret private_key_jwt tls"`
	// Keys are the app's public keys, for assertions (RFC 7523) and signed requests (RFC 9101).
	Keys Keys `yaml:"keys"`
	// JWKSURI is where they are fetched, instead of Keys.
	JWKSURI string `yaml:"jwks_uri"`
	// MTLS is the certificate of a client that proves itself by TLS.
	MTLS MTLS `yaml:"mtls"`
	// Profile is "fapi2" for a client held to the FAPI 2.0 security profile, or "".
	Profile string `yaml:"profile" oneof:"fapi2"`
	// Algorithm signs the client's ID and access tokens; the pool's by default.
	Algorithm string `yaml:"algorithm" oneof:"RS256 PS256 ES256 EdDSA"`
	// DPoP is "off", "allowed" (default) or "required" (RFC 9449).
	DPoP string `yaml:"dpop" oneof:"off allowed required"`
	// RequirePAR demands that authorization requests are pushed (RFC 9126).
	RequirePAR bool `yaml:"require_par"`
	// RequestObject is "off", "allowed" or "required" (RFC 9101): by default allowed for a client with keys, else off.
	RequestObject string `yaml:"request_object" oneof:"off allowed required"`
	// CallbackURLs are the registered redirect URIs, compared exactly (RFC 9700 §4.1.3).
	CallbackURLs []string `yaml:"callback_urls"`
	// LogoutURLs may be returned to after a sign-out.
	LogoutURLs []string `yaml:"logout_urls"`
	// BackchannelLogoutURI is where the hub tells the app that a session has ended (Back-Channel Logout §2.2): https, and
	// http or inside by the rules for the addresses of providers.
	BackchannelLogoutURI string `yaml:"backchannel_logout_uri"`
	// FrontchannelLogoutURI is what the browser loads in a frame when the person signs out (Front-Channel Logout §2); its
	// scheme, host and port are those of a callback URL.
	FrontchannelLogoutURI string `yaml:"frontchannel_logout_uri"`
	// InitiateLoginURI is where the app begins a sign-in that another page asks for, such as a button on an intranet
	// (OpenID Connect Core §4): https, or http on loopback.
	InitiateLoginURI string `yaml:"initiate_login_uri"`
	// Flows are "code", "device_code", "client_credentials" and "token_exchange": [code] by default, none for an API that
	// introspects and has no callback URLs.
	Flows []string `yaml:"flows,words"`
	// TokenExchange bounds the flow of that name.
	TokenExchange TokenExchange `yaml:"token_exchange"`
	// Introspects lets an API's own client ask about tokens that other clients got.
	Introspects bool `yaml:"introspects"`
	// Scopes may be asked for; [openid, email, profile] by default for the code flow.
	Scopes []string `yaml:"scopes,words"`
	// Providers are the ways in: provider names and PasswordForm. By default all providers of the pool, or the password
	// form in a pool without providers.
	Providers []string `yaml:"providers"`
	// Tokens holds lifetimes.
	Tokens Tokens `yaml:"tokens"`
	// LoginApp is the front end that people meet on the way to the client; the pool's by default.
	LoginApp string `yaml:"login_app"`
	// Branding overrides the pool's.
	Branding ClientBranding `yaml:"branding"`
	// UserinfoTypes is "strings" (default: every value a string, as Cognito sends it) or "typed" (OIDC Core §5.1).
	UserinfoTypes string `yaml:"userinfo_types" oneof:"strings typed"`
	// ReadAttributes limits what tokens and userinfo release to the client; nil means every attribute.
	ReadAttributes []string `yaml:"read_attributes"`
	// WriteAttributes limits what a sign-in on the way to the client may change of a user; nil means every attribute. The
	// pool's required attributes must be among them.
	WriteAttributes []string `yaml:"write_attributes"`
	// LegacySub lets the app go on with the subs of a pool that was merged into this one.
	LegacySub *LegacySub `yaml:"legacy_sub"`
	// Claims are added to the client's tokens, over those of the pool.
	Claims []ClaimRule `yaml:"claims"`

	// Added is made of Claims and the pool's; nil when there are none.
	Added *mapping.Claims `yaml:"-"`
}

// Keys are public keys. Parsed is made of JWKS.
type Keys struct {
	JWKS   JWKS        `yaml:"jwks"`
	Parsed *proof.Keys `yaml:"-"`
}

// JWKS is the JSON text of a JWK set (RFC 7517 §5), written as one text or as {file: path}.
type JWKS string

// MTLS names the certificates, one, or two while one replaces the other, of a client that proves itself by TLS (RFC 8705
// §2.2): the base64url SHA-256 of their DER form, x5t#S256. In the file they may also be in hexadecimal.
type MTLS struct {
	Thumbprints []string `yaml:"thumbprints|thumbprint"`
}

// TokenExchange lists the clients, by id, whose access tokens this client may exchange for its own (RFC 8693).
type TokenExchange struct {
	From []string `yaml:"from"`
}

// Tokens bounds what the client receives. Access and ID: 5 min to 24 h, 1 h by default; Refresh: 1 h to 3650 days, 30
// days by default. Rotation replaces the refresh token at each use; Grace (0 to 60 s, 10 s by default)
// is how long the replaced one still yields its successor. AtLogout is "revoke" (default: refresh tokens end with the
// session) or "keep".
type Tokens struct {
	Access   time.Duration `yaml:"access" min:"5m" max:"24h"`
	ID       time.Duration `yaml:"id" min:"5m" max:"24h"`
	Refresh  time.Duration `yaml:"refresh" min:"1h" max:"3650d"`
	Rotation *bool         `yaml:"rotation"`
	Grace    time.Duration `yaml:"grace" min:"0s" max:"60s"`
	AtLogout string        `yaml:"at_logout" oneof:"revoke keep"`
}

// LegacySub names the pool, as the merge called it, whose subs the app's tokens, userinfo and logout tokens carry through
// the day Until (UTC) for people who came from there.
type LegacySub struct {
	Pool  string    `yaml:"pool,required" say:"the pool that was merged into this one, for example  pool: old"`
	Until time.Time `yaml:"until,required" say:"the last day, for example  until: 2027-06-30"`
}

// User is a person to be seeded. Exactly one of Password (the user is CONFIRMED) and TemporaryPassword (the user is
// FORCE_CHANGE_PASSWORD) is set.
type User struct {
	Username          string            `yaml:"username,required" say:"for example  username: ada"`
	Password          Secret            `yaml:"password"`
	TemporaryPassword Secret            `yaml:"temporary_password"`
	Attributes        map[string]string `yaml:"attributes"`
	Disabled          bool              `yaml:"disabled"`
}

// Rotates tells whether the client's refresh tokens are replaced at each use: what the file says, or on for a public
// client and off for another, as in Cognito.
func (c *Client) Rotates() bool {
	if c.Tokens.Rotation != nil {
		return *c.Tokens.Rotation
	}
	return c.Public
}

// signsIn tells whether people sign in to the client.
func (c *Client) signsIn() bool {
	return slices.Contains(c.Flows, flowCode) || slices.Contains(c.Flows, flowDevice)
}

// aboutPeople tells whether the client's tokens can be about people.
func (c *Client) aboutPeople() bool { return c.signsIn() || slices.Contains(c.Flows, flowExchange) }
