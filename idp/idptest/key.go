package idptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"sync"
)

// Key is a signing key with its algorithm and kid.
type Key struct {
	ID        string
	Algorithm string
	Private   crypto.Signer
}

var (
	poolMu sync.Mutex
	pool   = map[string]crypto.Signer{}
)

// NewKey returns the nth key of an algorithm, with kid "ALG-n". Private keys are made once in a process and shared; they
// are worth nothing outside it.
func NewKey(algorithm string, n int) (Key, error) {
	key := Key{ID: fmt.Sprintf("%s-%d", algorithm, n), Algorithm: algorithm}
	family := algorithm
	if algorithm[:2] == "RS" || algorithm[:2] == "PS" {
		family = "RSA"
	}
	name := fmt.Sprintf("%s-%d", family, n)
	poolMu.Lock()
	defer poolMu.Unlock()
	if pool[name] == nil {
		private, err := generate(algorithm)
		if err != nil {
			return Key{}, err
		}
		pool[name] = private
	}
	key.Private = pool[name]
	return key, nil
}

func generate(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, fmt.Errorf("idptest: unknown algorithm %q", algorithm)
}

// JWK is the public part (RFC 7517), free to be changed.
func (k Key) JWK() map[string]any {
	m := map[string]any{"kid": k.ID, "alg": k.Algorithm, "use": "sig"}
	switch public := k.Private.Public().(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			return m
		}
		half := (len(point) - 1) / 2
		m["kty"], m["crv"] = "EC", public.Params().Name
		m["x"], m["y"] = encode(point[1:1+half]), encode(point[1+half:])
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", encode(public)
	}
	return m
}

// Rotate makes a new key that signs from now on, and publishes it at once. The old ones stay published if keep.
func (p *Provider) Rotate(keep bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	key, err := NewKey(p.cfg.Algorithm, p.keyCount+1)
	if err != nil {
		return err
	}
	p.keyCount++
	if !keep {
		p.past = append(p.past, p.keys...)
		p.keys = nil
	}
	p.keys = append(p.keys, key)
	return nil
}

// SetKeys replaces the published keys; the last one signs.
func (p *Provider) SetKeys(keys ...Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.past = append(p.past, p.keys...)
	p.keys = keys
}

// SigningKey is the key that signs.
func (p *Provider) SigningKey() Key {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[len(p.keys)-1]
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
