package oauth

import (
	"slices"
	"strings"
)

// MaxScopes is the greatest number of different scopes in one request.
const MaxScopes = 100

// Scope is a list of scope tokens in the order given, each once (RFC 6749 §3.3). As text and in JSON it is the space-separated form.
type Scope []string

// ParseScope splits text at spaces, drops repetitions and checks every token's characters. The empty text is the empty scope.
// The error is invalid_scope.
func ParseScope(text string) (Scope, error) {
	var s Scope
	for token := range strings.SplitSeq(text, " ") {
		if token == "" || slices.Contains(s, token) {
			continue
		}
		if !ValidScopeToken(token) {
			return nil, Errorf(InvalidScope, "the scope %s has a character that no scope may have", token)
		}
		if len(s) == MaxScopes {
			return nil, Errorf(InvalidScope, "there are more than %d scopes", MaxScopes)
		}
		s = append(s, token)
	}
	return s, nil
}

// ValidScopeToken reports whether token is a scope-token of RFC 6749 §3.3: printable ASCII without space, quotation mark, backslash.
func ValidScopeToken(token string) bool {
	for i := range len(token) {
		if c := token[i]; c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return token != ""
}

// Has reports whether the token is in the scope.
func (s Scope) Has(token string) bool { return slices.Contains(s, token) }

// Contains reports whether every token of other is in s. Every scope contains the empty one.
func (s Scope) Contains(other Scope) bool {
	for _, token := range other {
		if !s.Has(token) {
			return false
		}
	}
	return true
}

// Missing returns the tokens of other that s lacks, in other's order.
func (s Scope) Missing(other Scope) Scope {
	return slices.DeleteFunc(slices.Clone(other), s.Has)
}

// String is the space-separated form.
func (s Scope) String() string { return strings.Join(s, " ") }

// MarshalText writes the space-separated form.
func (s Scope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the space-separated form with the rules of ParseScope.
func (s *Scope) UnmarshalText(text []byte) error {
	parsed, err := ParseScope(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
