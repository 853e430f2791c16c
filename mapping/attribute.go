package mapping

import (
	"slices"
	"strings"
)

// Type is the type of an attribute's value. Values are kept as text whatever the type, as Cognito keeps them.
type Type string

// The four types of Cognito's attribute schema.
const (
	String   Type = "String"
	Number   Type = "Number"   // decimal text, for example 12 or -0.5
	Boolean  Type = "Boolean"  // true or false
	DateTime Type = "DateTime" // RFC 3339 text, for example 2026-11-20T09:14:03Z
)

// Attributes are the attributes of one user by name: standard names as in OpenID Connect Core §5.1, custom ones as
// custom:name. Booleans are "true" or "false", numbers decimal, lists and objects JSON text. An empty value is an
// attribute that was cleared.
type Attributes map[string]string

// Attribute is one row of a pool's schema.
type Attribute struct {
	Name      string // full name, for example family_name or custom:dept
	Type      Type
	Required  bool // every user must have a value
	Immutable bool // the first value stays for ever
	MinLength int  // in characters; String only
	MaxLength int  // in characters; 0 means no limit but the 2048 bytes that hold for every value
}

// Limits that hold for every attribute and every user (security.md A95, Cognito's quotas).
const (
	maxValueBytes    = 2048 // of one value, in bytes of UTF-8
	maxAttributes    = 200  // of one user
	maxCustom        = 50   // custom attributes of one schema
	maxCustomName    = 20   // characters after "custom:"
	customPrefix     = "custom:"
	emailVerified    = "email_verified"
	phoneVerified    = "phone_number_verified"
	birthdateLength  = 10
	subjectAttribute = "sub"
)

// standard lists Cognito's standard attributes in the order a form or a listing shows them.
var standard = []Attribute{
	{Name: "preferred_username", Type: String, MaxLength: maxValueBytes},
	{Name: "name", Type: String, MaxLength: maxValueBytes},
	{Name: "given_name", Type: String, MaxLength: maxValueBytes},
	{Name: "middle_name", Type: String, MaxLength: maxValueBytes},
	{Name: "family_name", Type: String, MaxLength: maxValueBytes},
	{Name: "nickname", Type: String, MaxLength: maxValueBytes},
	{Name: "email", Type: String, MaxLength: maxValueBytes},
	{Name: emailVerified, Type: Boolean},
	{Name: "phone_number", Type: String, MaxLength: maxValueBytes},
	{Name: phoneVerified, Type: Boolean},
	{Name: "address", Type: String, MaxLength: maxValueBytes},
	{Name: "birthdate", Type: String, MinLength: birthdateLength, MaxLength: birthdateLength},
	{Name: "gender", Type: String, MaxLength: maxValueBytes},
	{Name: "locale", Type: String, MaxLength: maxValueBytes},
	{Name: "zoneinfo", Type: String, MaxLength: maxValueBytes},
	{Name: "picture", Type: String, MaxLength: maxValueBytes},
	{Name: "profile", Type: String, MaxLength: maxValueBytes},
	{Name: "website", Type: String, MaxLength: maxValueBytes},
	{Name: "updated_at", Type: Number},
}

// addresses are the attributes that can be verified, flagOf the flags that say so (OpenID Connect Core §5.1).
var addresses = []string{"email", "phone_number"}

var flagOf = map[string]string{"email": emailVerified, "phone_number": phoneVerified}

// reserved are names that only the hub itself gives a meaning: token claims (RFC 7519 §4.1, OpenID Connect Core §2,
// Cognito's tokens) and the names under which upstreams commonly send powers.
var reserved = []string{
	"acr", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "client_id", "cnf", "device_key", "entitlements",
	"event_id", "events", "exp", "groups", "iat", "identities", "is_admin", "iss", "jti", "nbf", "nonce", "origin_jti",
	"permissions", "role", "roles", "s_hash", "scope", "scp", "sid", "status", "sub", "token_use", "version",
}

func isStandard(name string) bool {
	return slices.ContainsFunc(standard, func(a Attribute) bool { return a.Name == name })
}

// isReserved reports whether a name outside the schema is refused because of what it means, not because it is unknown.
// Case and punctuation do not help: "Cognito:Groups" is as reserved as "cognito:groups".
func isReserved(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "cognito:") || slices.Contains(reserved, lower)
}
