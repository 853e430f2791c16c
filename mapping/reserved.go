package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// hubClaims are the claims that only the hub itself makes (A34): those of RFC 7519 §4.1, OpenID Connect Core §2 and §5.6.2,
// RFC 7800, RFC 8693 and Cognito's tokens, and events, which tells a logout token from an ID token (OpenID Connect
// Back-Channel Logout §2.4). An app takes them for the hub's word whether the hub wrote one or not.
var hubClaims = []string{
	"_claim_names", "_claim_sources", "acr", "act", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "client_id", "cnf",
	"device_key", "event_id", "events", "exp", "iat", "identities", "iss", "jti", "may_act", "nbf", "nonce", "origin_jti", "s_hash",
	"scope", "sid", "sub", "sub_jwk", "token_use", "username", "version",
}

// maxClaimName bounds the name of a claim, in bytes; it may be an address, as RFC 7519 §4.2 proposes.
const maxClaimName = 128

// nameProblem refuses claims that would speak for the hub, or for an attribute that they are not. Case does not help:
// many JSON parsers take "Sub" for "sub". Such folding knows letters beyond ASCII, so there are none.
func (s *Schema) nameProblem(rule ClaimRule) string {
	lower := strings.ToLower(rule.Claim)
	what := fmt.Sprintf("claim %q", cut(rule.Claim))
	switch {
	case rule.Claim == "":
		return "a claim has no name; give it one, for example department"
	case len(rule.Claim) > maxClaimName:
		return fmt.Sprintf("%s has a name of %d bytes; at most %d are allowed", what, len(rule.Claim), maxClaimName)
	case strings.ContainsFunc(rule.Claim, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }):
		return what + " has a name with other characters than visible ASCII; use letters, digits and _ or an address, without quotes and backslashes"
	case slices.Contains(hubClaims, lower), strings.HasPrefix(lower, "cognito:"):
		return what + " is protected: only the hub gives it a meaning; choose another name"
	case rule.Attribute == rule.Claim:
		return ""
	}
	for _, a := range s.attributes {
		if strings.EqualFold(a.Name, rule.Claim) {
			return fmt.Sprintf("%s has the name of an attribute, so it can hold nothing but that; write  %s: {attribute: %s}  or choose another name",
				what, a.Name, a.Name)
		}
	}
	if strings.HasPrefix(lower, customPrefix) {
		return what + " begins like a custom attribute, but there is none of that name; choose a name without custom:"
	}
	return ""
}
