package bearer

import (
	"slices"
	"strings"
)

// need is what a request needs of a token: all scopes of one list, one of the
// other unless that is empty, and an aud in place of Config's unless that is "".
type need struct {
	all, any []string
	audience string
}

// lacks returns the scopes to ask the client for, nil if the token has enough.
func (n need) lacks(has []string) []string {
	in := func(s string) bool { return slices.Contains(has, s) }
	enough := len(n.any) == 0 || slices.ContainsFunc(n.any, in)
	for _, s := range n.all {
		enough = enough && in(s)
	}
	if enough {
		return nil
	}
	return n.scopes()
}

// scopes are all that a challenge names (RFC 6750 §3).
func (n need) scopes() []string { return append(slices.Clone(n.all), n.any...) }

// valid tells whether every scope can stand in a token.
func (n need) valid() bool {
	return !slices.ContainsFunc(n.scopes(), func(s string) bool { return !validScope(s) })
}

// validScope holds scope-token of RFC 6749 §3.3.
func validScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' })
}

// fields takes lists of scopes apart, each given as one text with spaces.
func fields(lists []string) []string {
	var scopes []string
	for _, list := range lists {
		scopes = append(scopes, strings.Fields(list)...)
	}
	return scopes
}
