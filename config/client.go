package config

import "time"

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
	// CallbackURLs are the registered redirect URIs, compared exactly (RFC 9700 §4.1.3).
	CallbackURLs []string `yaml:"callback_urls"`
	// LogoutURLs may be returned to after a sign-out.
	LogoutURLs []string `yaml:"logout_urls"`
	// Flows is [code] (default) or [client_credentials].
	Flows []string `yaml:"flows,words"`
	// Scopes may be asked for; [openid, email, profile] by default for the code flow.
	Scopes []string `yaml:"scopes,words"`
	// Providers are the ways in: provider names and PasswordForm. By default all providers of the pool, or the password
	// form in a pool without providers.
	Providers []string `yaml:"providers"`
	// Tokens holds lifetimes.
	Tokens Tokens `yaml:"tokens"`
	// Branding overrides the pool's.
	Branding ClientBranding `yaml:"branding"`
	// UserinfoTypes is "strings" (default: every value a string, as Cognito sends it) or "typed" (OIDC Core §5.1).
	UserinfoTypes string `yaml:"userinfo_types" oneof:"strings typed"`
	// ReadAttributes limits what tokens and userinfo release to the client; nil means every attribute.
	ReadAttributes []string `yaml:"read_attributes"`
}

// Tokens bounds what the client receives. Access and ID: 5 min to 24 h, 1 h by default; Refresh: 1 h to 3650 days, 30
// days by default. Rotation replaces the refresh token at each use; Grace (0 to 60 s, 10 s by default)
// is how long the replaced one still yields its successor.
type Tokens struct {
	Access   time.Duration `yaml:"access" min:"5m" max:"24h"`
	ID       time.Duration `yaml:"id" min:"5m" max:"24h"`
	Refresh  time.Duration `yaml:"refresh" min:"1h" max:"3650d"`
	Rotation *bool         `yaml:"rotation"`
	Grace    time.Duration `yaml:"grace" min:"0s" max:"60s"`
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
