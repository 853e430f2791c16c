package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// MethodS256 is the only code_challenge_method that the hub takes (RFC 7636 §4.2).
const MethodS256 = "S256"

// Challenge returns the S256 code challenge of a verifier: BASE64URL(SHA256(verifier)), RFC 7636 §4.2.
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ValidChallenge reports whether s can be an S256 challenge: the 43 characters of 32 bytes in base64url, without padding.
func ValidChallenge(s string) bool {
	if len(s) != 43 || strings.ContainsAny(s, "\r\n") {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil
}

// ValidVerifier reports whether s is a code verifier: 43 to 128 unreserved characters (RFC 7636 §4.1).
func ValidVerifier(s string) bool {
	if len(s) < 43 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if !isUnreserved(s[i]) {
			return false
		}
	}
	return true
}

// VerifyPKCE checks the verifier of a token request against the challenge of the authorization request. Both absent is a request
// without PKCE and passes; whether the client may do so was decided when the request came. One without the other, a verifier out of
// form, or the wrong one is invalid_grant (RFC 9700 §4.8.2, RFC 7636 §4.6). The comparison takes constant time.
func VerifyPKCE(challenge, verifier string) error {
	switch {
	case challenge == "" && verifier == "":
		return nil
	case challenge == "":
		return Errorf(InvalidGrant, "code_verifier was sent, but the authorization request had no code_challenge")
	case verifier == "":
		return Errorf(InvalidGrant, "code_verifier is missing")
	case !ValidVerifier(verifier):
		return Errorf(InvalidGrant, "code_verifier must be 43 to 128 characters of A-Z a-z 0-9 - . _ ~")
	case subtle.ConstantTimeCompare([]byte(Challenge(verifier)), []byte(challenge)) != 1:
		return Errorf(InvalidGrant, "code_verifier does not match the code_challenge")
	}
	return nil
}

// isUnreserved holds the unreserved characters of RFC 3986 §2.3.
func isUnreserved(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
