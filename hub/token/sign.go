package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// p256Size is the length in bytes of each of the two integers of an ES256 signature (RFC 7518 §3.4).
const p256Size = 32

// pssOptions is the salt length of RFC 7518 §3.5: that of the hash.
var pssOptions = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}

// Sign returns the compact JWS (RFC 7515 §3.1) of payload under the ring's default key, with typ in its header. The payload is claims
// as JSON and is not looked at. It is safe for concurrent use. The error is ErrNoActiveKey when the ring can not sign.
func (r *Ring) Sign(payload []byte, typ Type) (string, error) { return r.SignWith("", payload, typ) }

// SignWith is Sign with the active key of the algorithm; "" is the default.
func (r *Ring) SignWith(a Algorithm, payload []byte, typ Type) (string, error) {
	e := r.find(a)
	if e == nil {
		return "", fmt.Errorf("sign with %q: %w", a, ErrNoActiveKey)
	}
	header, ok := e.sign[typ]
	if !ok {
		return "", fmt.Errorf("sign: token type %q is unknown", typ)
	}
	b64 := base64.RawURLEncoding
	raw := make([]byte, 0, len(header)+b64.EncodedLen(len(payload))+1+b64.EncodedLen(e.key.signatureSize()))
	raw = append(raw, header...)
	raw = b64.AppendEncode(raw, payload)
	signature, err := e.key.sign(raw)
	if err != nil {
		return "", fmt.Errorf("sign with key %s: %w", e.key.ID, err)
	}
	raw = append(raw, '.')
	return string(b64.AppendEncode(raw, signature)), nil
}

func (k *Key) signatureSize() int {
	if private, ok := k.private().(*rsa.PrivateKey); ok {
		return private.Size()
	}
	return 2 * p256Size // Ed25519 has the same
}

// sign returns the JWS signature of the signing input.
func (k *Key) sign(input []byte) ([]byte, error) {
	switch private := k.private().(type) {
	case *rsa.PrivateKey:
		digest := sha256.Sum256(input)
		if k.Algorithm == PS256 {
			return rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:], pssOptions)
		}
		return rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
	case *ecdsa.PrivateKey:
		digest := sha256.Sum256(input)
		x, y, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			return nil, err
		}
		signature := make([]byte, 2*p256Size)
		x.FillBytes(signature[:p256Size])
		y.FillBytes(signature[p256Size:])
		return signature, nil
	case ed25519.PrivateKey:
		return ed25519.Sign(private, input), nil
	}
	return nil, fmt.Errorf("a key of type %T can not sign", k.private())
}
