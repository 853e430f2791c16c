package proof

import (
	"slices"

	"github.com/isthmus-hub/isthmus/hub/token"
)

// fapi is what rules without algorithms allow.
var fapi = []token.Algorithm{token.PS256, token.ES256, token.EdDSA}

// FAPI lists the algorithms that FAPI 2.0 Security Profile §5.4.1 allows: all of token.Algorithms but RS256.
func FAPI() []token.Algorithm { return slices.Clone(fapi) }

// algorithmOf maps the name in a header or a key to an algorithm. Ed25519 is the name that RFC 9864 §2.2 gives to what EdDSA means here.
func algorithmOf(name string) token.Algorithm {
	if name == "Ed25519" {
		return token.EdDSA
	}
	return token.Algorithm(name)
}

// allowed reports whether the rules allow the algorithm. No list is the one of FAPI; none that is not one of token.Algorithms passes,
// whatever the list says.
func allowed(rules []token.Algorithm, a token.Algorithm) bool {
	if len(rules) == 0 {
		rules = fapi
	}
	return slices.Contains(rules, a) && slices.Contains(token.Algorithms(), a)
}
