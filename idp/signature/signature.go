package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"math/big"
)

// pss is the salt length of RFC 7518 §3.5: that of the hash.
var pss = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}

// curves are those of the algorithms with elliptic keys (RFC 7518 §3.4).
var curves = map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}

// Check tells whether mark is the signature of input by the key's private half, by
// RS, PS or ES with 256, 384 or 512 (RFC 7518 §3), or by EdDSA with Ed25519 (RFC
// 8037 §3.1). An algorithm never meets a key of another kind (RFC 8725 §3.1).
func Check(public crypto.PublicKey, algorithm string, input, mark []byte) bool {
	if key, ok := public.(ed25519.PublicKey); ok {
		return algorithm == "EdDSA" && ed25519.Verify(key, input, mark)
	}
	if len(algorithm) != len("RS256") {
		return false
	}
	hash, sum := digest(algorithm[2:], input)
	switch key := public.(type) {
	case *rsa.PublicKey:
		switch {
		case sum == nil:
		case algorithm[:2] == "RS":
			return rsa.VerifyPKCS1v15(key, hash, sum, mark) == nil
		case algorithm[:2] == "PS":
			return rsa.VerifyPSS(key, hash, sum, mark, pss) == nil
		}
	case *ecdsa.PublicKey:
		curve := key.Curve.Params()
		size := (curve.BitSize + 7) / 8
		if curves[algorithm] != curve.Name || len(mark) != 2*size {
			return false
		}
		return ecdsa.Verify(key, sum, new(big.Int).SetBytes(mark[:size]), new(big.Int).SetBytes(mark[size:]))
	}
	return false
}

// digest is the hash of that many bits, and what it makes of the input; nil if
// there is none.
func digest(bits string, input []byte) (crypto.Hash, []byte) {
	switch bits {
	case "256":
		sum := sha256.Sum256(input)
		return crypto.SHA256, sum[:]
	case "384":
		sum := sha512.Sum384(input)
		return crypto.SHA384, sum[:]
	case "512":
		sum := sha512.Sum512(input)
		return crypto.SHA512, sum[:]
	}
	return 0, nil
}

// Decode reads base64url in its one spelling: no padding, unused bits zero, and no
// line ends, which the standard decoder would skip.
func Decode(text string) ([]byte, bool) {
	b64 := base64.RawURLEncoding.Strict()
	plain, err := b64.DecodeString(text)
	return plain, err == nil && len(plain) == b64.DecodedLen(len(text))
}
