package token

import (
	"fmt"
	"slices"
)

// Type is the typ header of a token, its media type without "application/" (RFC 7515 §4.1.9).
type Type string

// The types that a ring signs. Cognito's ID and access tokens have none.
const (
	TypeNone          Type = ""
	TypeJWT           Type = "JWT"
	TypeAccess        Type = "at+jwt"                  // RFC 9068 §2.1
	TypeLogout        Type = "logout+jwt"              // OpenID Connect Back-Channel Logout §2.4
	TypeIntrospection Type = "token-introspection+jwt" // RFC 9701 §5
)

var types = []Type{TypeNone, TypeJWT, TypeAccess, TypeLogout, TypeIntrospection}

// Use is what a token is for. Each is told by the header's typ and the claim token_use together, so that no token passes for another
// kind (RFC 8725 §3.11 and §3.12).
type Use string

// The uses of tokens that the hub signs and takes back. Logout tokens and introspection answers have no token_use.
const (
	UseID     Use = "id"
	UseAccess Use = "access"
	UseLogout Use = "logout"
)

// marks says which typ and which token_use a kind of token has.
var marks = map[Use]struct {
	types    []Type
	tokenUse string
}{
	UseID:     {[]Type{TypeNone, TypeJWT}, "id"},
	UseAccess: {[]Type{TypeNone, TypeJWT, TypeAccess}, "access"},
	UseLogout: {[]Type{TypeLogout}, ""},
}

// Check reports, as an error, that a token is not of this use. h is what Verify returned, tokenUse the token's claim token_use, "" when
// it has none.
func (u Use) Check(h Header, tokenUse string) error {
	mark, ok := marks[u]
	if !ok {
		return fmt.Errorf("token use %q is unknown", u)
	}
	if !slices.Contains(mark.types, h.Type) || tokenUse != mark.tokenUse {
		return fmt.Errorf("token of type %q and token_use %q is no %s token", h.Type, tokenUse, u)
	}
	return nil
}
