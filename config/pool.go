package config

import (
	"time"

	"github.com/isthmus-hub/isthmus/mapping"
)

// Pool is one user pool: an issuer with its directory, its providers (upstream) and its clients (downstream).
type Pool struct {
	// Name is the short name, [a-z0-9-], unique in the file.
	Name string `yaml:"name,required" say:"a short name, for example  name: main"`
	// Issuer is the pool's public address and the iss of its tokens, compared exactly: https, or http on loopback;
	// no trailing slash, query or fragment (OIDC Core §2, RFC 8414 §2).
	Issuer string `yaml:"issuer,required" say:"the public address of the pool, for example  issuer: https://id.example"`
	// Title is what people read on the pages; the name by default.
	Title string `yaml:"title"`
	// Language is a BCP 47 tag for the pages of browsers that ask for nothing we speak; "en" by default.
	Language string `yaml:"language"`
	// Branding is the look of the pages.
	Branding Branding `yaml:"branding"`
	// LoginApp is the start address of a front end of one's own, which signs people in over the interaction API instead of
	// the hosted pages: https (http on loopback), of the issuer's site, and not its origin.
	LoginApp string `yaml:"login_app"`
	// Signing says how tokens are signed.
	Signing Signing `yaml:"signing"`
	// Claims are added to the tokens of every client, in the order of the file; a client's own stand over them.
	Claims []ClaimRule `yaml:"claims"`
	// Session is the browser session.
	Session Session `yaml:"session"`
	// Logout is how the end of a session reaches the apps.
	Logout Logout `yaml:"logout"`
	// PasswordPolicy binds the pool's own passwords.
	PasswordPolicy PasswordPolicy `yaml:"password_policy"`
	// Migration is the system that people come from with their passwords.
	Migration Migration `yaml:"migration"`
	// Attributes is the schema of the directory beyond the standard attributes.
	Attributes Attributes `yaml:"attributes"`
	// Providers are the upstream providers, in the order in which they are offered.
	Providers []Provider `yaml:"providers"`
	// ResourceServers are the APIs that apps call with access tokens; they declare the scopes identifier/name.
	ResourceServers []ResourceServer `yaml:"resource_servers"`
	// Clients are the apps.
	Clients []Client `yaml:"clients"`
	// Registration is how apps register themselves.
	Registration Registration `yaml:"registration"`
	// Users are seeded at start when they do not exist; the file never overwrites a user.
	Users []User `yaml:"users"`

	// Schema is made of Attributes.
	Schema *mapping.Schema `yaml:"-"`
	// Added is made of Claims, checked against the schema; nil when there are none.
	Added *mapping.Claims `yaml:"-"`
}

// Signing holds the algorithm of ID and access tokens, RS256 (default), PS256, ES256 or EdDSA, and when its keys change:
// Every is how long a key signs, 90 days by default, zero until a command rotates it; Ahead is how long the next one is
// published before it signs, 15 minutes by default and more than apps keep the JWKS.
type Signing struct {
	Algorithm string        `yaml:"algorithm" oneof:"RS256 PS256 ES256 EdDSA"`
	Every     time.Duration `yaml:"every" min:"0s" max:"3650d"`
	Ahead     time.Duration `yaml:"ahead" min:"10m" max:"30d"`
}

// Registration lets apps register themselves (RFC 7591) with a one-time token of an operator. Off by default.
type Registration struct {
	Enabled bool `yaml:"enabled"`
}

// ResourceServer is an API. Identifier is 1 to 256 visible characters, often its address, unique in the pool; Name is
// what people read, the identifier by default.
type ResourceServer struct {
	Identifier string          `yaml:"identifier,required" say:"often the address of the API, for example  identifier: https://orders.example"`
	Name       string          `yaml:"name"`
	Scopes     []ResourceScope `yaml:"scopes"`
}

// ResourceScope is a permission at an API, asked for as identifier/name. Description says to people what it permits.
type ResourceScope struct {
	Name        string `yaml:"name,required" say:"for example  name: read"`
	Description string `yaml:"description,required" say:"what the scope permits, for example  description: Read orders"`
}

// Session bounds a browser session: Lifetime from sign-in, 1 h by default, 30 days at most.
type Session struct {
	Lifetime time.Duration `yaml:"lifetime" min:"1m" max:"30d"`
}

// Logout is how the end of a session reaches the apps that ask to hear of it. Deadline is how long one that cannot be
// reached is tried again, 24 h by default. OnExpiry tells them of a session that ends by its age too. Show lets the person
// see who was told, with a link back, instead of sending them back at once.
type Logout struct {
	Deadline time.Duration `yaml:"deadline" min:"1m" max:"168h"`
	OnExpiry bool          `yaml:"on_expiry"`
	Show     bool          `yaml:"show"`
}

// PasswordPolicy is what a password must have. Lengths count characters. The defaults are Cognito's: eight
// characters, and one of each kind.
type PasswordPolicy struct {
	MinimumLength    int  `yaml:"minimum_length" min:"8" max:"99"`
	RequireLowercase bool `yaml:"require_lowercase"`
	RequireUppercase bool `yaml:"require_uppercase"`
	RequireNumbers   bool `yaml:"require_numbers"`
	RequireSymbols   bool `yaml:"require_symbols"`
	// TemporaryLifetime is how long a temporary password opens the door; seven days by default and at most.
	TemporaryLifetime time.Duration `yaml:"temporary_lifetime" min:"1h" max:"7d"`
}

// Attributes names the attributes every user must have, and declares custom ones.
type Attributes struct {
	Required []string          `yaml:"required"`
	Custom   []CustomAttribute `yaml:"custom"`
}

// CustomAttribute declares one attribute of our own. Name is written with the prefix custom: or without it; it
// may also be a standard attribute, which is then narrowed. Type is String (default), Number, Boolean or DateTime.
// MaxLength counts characters of a String, 2048 by default.
type CustomAttribute struct {
	Name      string `yaml:"name,required" say:"for example  name: cost_center"`
	Type      string `yaml:"type" oneof:"String Number Boolean DateTime"`
	MaxLength int    `yaml:"max_length" min:"1" max:"2048"`
	Immutable bool   `yaml:"immutable"`
}
