package idptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // registers the hashes of the algorithms
	_ "crypto/sha512"
	"encoding/json"
	"fmt"
)

// Token is a JWT in the making. A hook may change any part of it.
type Token struct {
	Header  map[string]any
	Claims  map[string]any
	Payload []byte // sent instead of Claims if set
	Key     Key    // signs by the algorithm of the key, whatever Header says

	AccessToken string                      // of the same response; changing it here changes nothing there
	Sign        func(input []byte) []byte   // makes the signature instead of Key
	Edit        func(compact string) string // changes the finished token
}

// Compact signs the token.
func (t *Token) Compact() (string, error) {
	header, err := json.Marshal(t.Header)
	if err != nil {
		return "", err
	}
	payload := t.Payload
	if payload == nil {
		if payload, err = json.Marshal(t.Claims); err != nil {
			return "", err
		}
	}
	input := encode(header) + "." + encode(payload)
	var signature []byte
	if t.Sign != nil {
		signature = t.Sign([]byte(input))
	} else if signature, err = t.Key.Sign([]byte(input)); err != nil {
		return "", err
	}
	compact := input + "." + encode(signature)
	if t.Edit != nil {
		compact = t.Edit(compact)
	}
	return compact, nil
}

func hashOf(algorithm string) crypto.Hash {
	switch algorithm[2:] {
	case "384":
		return crypto.SHA384
	case "512":
		return crypto.SHA512
	}
	return crypto.SHA256
}

// Sign signs by the key's algorithm (RFC 7518 §3).
func (k Key) Sign(input []byte) ([]byte, error) {
	if k.Algorithm == "EdDSA" {
		return k.Private.Sign(rand.Reader, input, crypto.Hash(0))
	}
	h := hashOf(k.Algorithm)
	digest := h.New()
	digest.Write(input)
	sum := digest.Sum(nil)
	switch private := k.Private.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, sum)
		if err != nil {
			return nil, err
		}
		size := (private.Params().BitSize + 7) / 8
		signature := make([]byte, 2*size)
		r.FillBytes(signature[:size])
		s.FillBytes(signature[size:])
		return signature, nil
	case *rsa.PrivateKey:
		if k.Algorithm[:2] == "PS" {
			return rsa.SignPSS(rand.Reader, private, h, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(rand.Reader, private, h, sum)
	}
	return nil, fmt.Errorf("idptest: no way to sign %s with %T", k.Algorithm, k.Private)
}

// SignJWT signs claims with the signing key under the given typ header (none if empty): logout tokens, access tokens.
func (p *Provider) SignJWT(typ string, claims map[string]any) (string, error) {
	key := p.SigningKey()
	t := Token{Header: map[string]any{"alg": key.Algorithm, "kid": key.ID}, Claims: claims, Key: key}
	if typ != "" {
		t.Header["typ"] = typ
	}
	return t.Compact()
}
