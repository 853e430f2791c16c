package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
)

// p256Size is the length in bytes of each of the two integers of an ES256
// signature (RFC 7518 §3.4).
const p256Size = 32

// pss is the salt length of RFC 7518 §3.5: that of the hash.
var pss = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}

// Check tells whether mark is the signature of input by the key's private half, by
// RS256, PS256, ES256 (RFC 7518 §3) or EdDSA (RFC 8037 §3.1). An algorithm never
// meets a key of another kind (RFC 8725 §3.1); an elliptic key must be of P-256.
func Check(public crypto.PublicKey, algorithm string, input, mark []byte) bool {
	switch public := public.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256(input)
		switch algorithm {
		case "RS256":
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], mark) == nil
		case "PS256":
			return rsa.VerifyPSS(public, crypto.SHA256, digest[:], mark, pss) == nil
		}
	case *ecdsa.PublicKey:
		if algorithm != "ES256" || len(mark) != 2*p256Size {
			return false
		}
		digest := sha256.Sum256(input)
		r, s := new(big.Int).SetBytes(mark[:p256Size]), new(big.Int).SetBytes(mark[p256Size:])
		return ecdsa.Verify(public, digest[:], r, s)
	case ed25519.PublicKey:
		return algorithm == "EdDSA" && ed25519.Verify(public, input, mark)
	}
	return false
}

// Decode reads base64url in its one spelling: no padding, unused bits zero, and no
// line ends, which the standard decoder would skip.
func Decode(text string) ([]byte, bool) {
	b64 := base64.RawURLEncoding.Strict()
	plain, err := b64.DecodeString(text)
	return plain, err == nil && len(plain) == b64.DecodedLen(len(text))
}
