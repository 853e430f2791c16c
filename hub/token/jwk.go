package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// jwk holds the public members of a key, in the lexicographic order that RFC 7638 §3.2 hashes them in. There is no member here that
// could hold a private part.
type jwk struct {
	Alg Algorithm `json:"alg,omitempty"`
	Crv string    `json:"crv,omitempty"`
	E   string    `json:"e,omitempty"`
	Kid string    `json:"kid,omitempty"`
	Kty string    `json:"kty"`
	N   string    `json:"n,omitempty"`
	Use string    `json:"use,omitempty"`
	X   string    `json:"x,omitempty"`
	Y   string    `json:"y,omitempty"`
}

// publicJWK has the members that RFC 7638 §3.2 and RFC 8037 §2 require, and none else.
func publicJWK(public crypto.PublicKey) (jwk, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	switch public := public.(type) {
	case *rsa.PublicKey:
		return jwk{Kty: "RSA", N: b64(public.N.Bytes()), E: b64(big.NewInt(int64(public.E)).Bytes())}, nil
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, then X and Y of equal length (SEC 1 §2.3.3)
		if err != nil {
			return jwk{}, err
		}
		half := len(point) / 2
		return jwk{Kty: "EC", Crv: public.Params().Name, X: b64(point[1 : 1+half]), Y: b64(point[1+half:])}, nil
	case ed25519.PublicKey:
		return jwk{Kty: "OKP", Crv: "Ed25519", X: b64(public)}, nil
	}
	return jwk{}, fmt.Errorf("a public key of type %T has no JWK", public)
}

// thumbprint is the SHA-256 thumbprint of RFC 7638 §3 in base64url.
func thumbprint(public crypto.PublicKey) (string, error) {
	key, err := publicJWK(public)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// marshalJWKS writes the JWK set (RFC 7517 §5) of the keys, in their order.
func marshalJWKS(keys []*Key) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: make([]jwk, len(keys))}
	for i, k := range keys {
		public, err := publicJWK(k.Public())
		if err != nil {
			return nil, err
		}
		public.Alg, public.Kid, public.Use = k.Algorithm, k.ID, "sig"
		set.Keys[i] = public
	}
	return json.Marshal(set)
}
