package token

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"slices"
)

// Algorithm is a JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
type Algorithm string

// The algorithms that a pool can sign with. OpenID Connect Core §15.1 makes RS256 the one every client understands.
const (
	RS256 Algorithm = "RS256" // RSASSA-PKCS1-v1_5, SHA-256
	PS256 Algorithm = "PS256" // RSASSA-PSS, SHA-256
	ES256 Algorithm = "ES256" // ECDSA, P-256, SHA-256
	EdDSA Algorithm = "EdDSA" // Ed25519
)

// Algorithms lists all of them, the default first.
func Algorithms() []Algorithm { return []Algorithm{RS256, PS256, ES256, EdDSA} }

// ParseAlgorithm returns the algorithm of that name; "" is RS256. Everything else, among it none and the symmetric HS256, is an error.
func ParseAlgorithm(name string) (Algorithm, error) {
	if name == "" {
		return RS256, nil
	}
	if a := Algorithm(name); slices.Contains(Algorithms(), a) {
		return a, nil
	}
	return "", fmt.Errorf("signing algorithm %q: must be one of %v", name, Algorithms())
}

// HalfHash is the value of at_hash, c_hash and s_hash for a token signed with a (OpenID Connect Core §3.1.3.6, §3.3.2.11): base64url
// of the left half of the hash that the algorithm uses, which for Ed25519 is SHA-512.
func (a Algorithm) HalfHash(value string) string {
	if a == EdDSA {
		sum := sha512.Sum512([]byte(value))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
