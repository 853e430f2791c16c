package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
)

// MaxSize is the greatest length of a token in bytes. Longer ones are refused before anything is read.
const MaxSize = 16 << 10

// The reasons of Verify.
var (
	ErrMalformed = errors.New("token is not a compact JWS of this size and form")
	ErrForeign   = errors.New("token has a header that no key of this ring writes")
	ErrSignature = errors.New("token has a wrong signature")
)

// Header is the JWS header of a token (RFC 7515 §4.1).
type Header struct {
	KeyID     string    `json:"kid"`
	Algorithm Algorithm `json:"alg"`
	Type      Type      `json:"typ,omitempty"`
}

// Verify proves that raw was signed by a key of the ring, of whatever state, and returns its payload and header. Nothing in the payload is
// judged; not the times, not the issuer, not the use (see Use.Check). It is safe for concurrent use. Errors are ErrMalformed,
// ErrForeign and ErrSignature.
func (r *Ring) Verify(raw string) ([]byte, Header, error) {
	if len(raw) > MaxSize {
		return nil, Header{}, ErrMalformed
	}
	segment, rest, ok1 := strings.Cut(raw, ".")
	body, mark, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || strings.Contains(mark, ".") {
		return nil, Header{}, ErrMalformed
	}
	writer, ok := r.headers[segment]
	if !ok {
		return nil, Header{}, ErrForeign
	}
	payload, ok1 := decode(body)
	signature, ok2 := decode(mark)
	if !ok1 || !ok2 {
		return nil, Header{}, ErrMalformed
	}
	if !writer.key.verify([]byte(raw[:len(segment)+1+len(body)]), signature) {
		return nil, Header{}, ErrSignature
	}
	return payload, writer.header, nil
}

// verify checks the JWS signature of the signing input.
func (k *Key) verify(input, signature []byte) bool {
	switch private := k.private().(type) {
	case *rsa.PrivateKey:
		digest := sha256.Sum256(input)
		if k.Algorithm == PS256 {
			return rsa.VerifyPSS(&private.PublicKey, crypto.SHA256, digest[:], signature, pssOptions) == nil
		}
		return rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, digest[:], signature) == nil
	case *ecdsa.PrivateKey:
		if len(signature) != 2*p256Size {
			return false
		}
		digest := sha256.Sum256(input)
		x, y := new(big.Int).SetBytes(signature[:p256Size]), new(big.Int).SetBytes(signature[p256Size:])
		return ecdsa.Verify(&private.PublicKey, digest[:], x, y)
	case ed25519.PrivateKey:
		return ed25519.Verify(ed25519.PublicKey(private[ed25519.SeedSize:]), input, signature)
	}
	return false
}

// decode reads base64url without padding, strictly: unused bits are zero, and line ends, which the standard decoder skips, are not let
// in, so that every payload and signature has one spelling.
func decode(text string) ([]byte, bool) {
	b64 := base64.RawURLEncoding.Strict()
	plain, err := b64.DecodeString(text)
	return plain, err == nil && len(plain) == b64.DecodedLen(len(text))
}
