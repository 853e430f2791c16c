package idp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

const (
	maxKeys    = 100  // kept of one key set (A65)
	minRSA     = 2048 // bits; smaller keys can be broken
	maxRSA     = 8192 // bits; larger ones cost too much to check
	maxDropped = 20   // reasons remembered
)

// verificationKey is one usable key of a provider.
type verificationKey struct {
	kid, alg string // alg is empty if the key set does not bind the key to one
	family   string // RSA, or the one algorithm that a key of its type can serve
	public   crypto.PublicKey
	issuer   string // the one issuer that the key signs for, where the set says so, perhaps with tenantPart in it
}

// keySet is a provider's keys that can verify signatures, and why others were dropped.
type keySet struct {
	keys    []verificationKey
	dropped []string
}

// jwk is a JSON Web Key (RFC 7517), read without certificates.
type jwk struct {
	Kty    string   `json:"kty"`
	Kid    string   `json:"kid"`
	Alg    string   `json:"alg"`
	Use    string   `json:"use"`
	KeyOps []string `json:"key_ops"`
	Crv    string   `json:"crv"`
	N      string   `json:"n"`
	E      string   `json:"e"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
	Issuer string   `json:"issuer"` // Entra's
}

// parseKeys reads a JWK Set (RFC 7517 §5). Keys that cannot be used are dropped, each with a reason; the set itself
// must be sound JSON.
func parseKeys(data []byte) (*keySet, error) {
	var members map[string]any
	if err := strictjson.Decode(data, &members); err != nil {
		return nil, err
	}
	list, ok := members["keys"].([]any)
	if !ok {
		return nil, errors.New("key set has no array of keys")
	}
	set := &keySet{}
	for i, v := range list {
		if len(set.keys) == maxKeys {
			set.drop("keys from number %d on: only %d are kept", i, maxKeys)
			break
		}
		m, _ := v.(map[string]any)
		key, err := parseKey(m)
		if err == nil && set.has(key) {
			err = errors.New("another key has its kid")
		}
		if err != nil {
			kid, _ := m["kid"].(string)
			set.drop("key %d (kid %q): %w", i, cut(kid), err)
			continue
		}
		set.keys = append(set.keys, key)
	}
	return set, nil
}

func (s *keySet) drop(format string, args ...any) {
	if len(s.dropped) < maxDropped {
		s.dropped = append(s.dropped, fmt.Errorf(format, args...).Error())
	}
}

// has tells whether a kid is taken. Keys of another type may share it (RFC 7517 §4.5).
func (s *keySet) has(k verificationKey) bool {
	return k.kid != "" && slices.ContainsFunc(s.keys, func(o verificationKey) bool {
		return o.kid == k.kid && o.family == k.family && (o.alg == k.alg || o.alg == "" || k.alg == "")
	})
}

// candidates are the keys that may have made a signature: of its kid, if the token names one, and of its algorithm.
func (s *keySet) candidates(h jwsHeader) []*verificationKey {
	var found []*verificationKey
	for i := range s.keys {
		if k := &s.keys[i]; (!h.hasKid || k.kid == h.kid) && (k.alg == "" || k.alg == h.alg) && k.suits(h.alg) && k.serves(h) {
			found = append(found, k)
		}
	}
	return found
}

// suits tells whether a key is of the algorithm's type (RFC 8725 §3.1).
func (k *verificationKey) suits(alg string) bool {
	if k.family == "RSA" {
		return alg[:2] == "RS" || alg[:2] == "PS"
	}
	return alg == k.family
}

// parseKey reads one key from its members.
func parseKey(m map[string]any) (verificationKey, error) {
	var none verificationKey
	k, err := readJWK(m)
	if err != nil {
		return none, err
	}
	if k.Use != "" && k.Use != "sig" {
		return none, fmt.Errorf("use is %q", cut(k.Use))
	}
	if len(k.KeyOps) > 0 && !slices.Contains(k.KeyOps, "verify") {
		return none, errors.New("key_ops lacks verify")
	}
	key := verificationKey{kid: k.Kid, alg: k.Alg, issuer: k.Issuer}
	switch k.Kty {
	case "RSA":
		key.family = "RSA"
		key.public, err = k.rsa()
	case "EC":
		key.family = map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[k.Crv]
		key.public, err = k.ec()
	case "OKP":
		key.family = "EdDSA"
		key.public, err = k.okp()
	default:
		return none, fmt.Errorf("kty is %q", cut(k.Kty))
	}
	if err != nil {
		return none, err
	}
	if k.Alg != "" && !(slices.Contains(knownAlgorithms, k.Alg) && key.suits(k.Alg)) {
		return none, fmt.Errorf("alg %q does not go with the key", cut(k.Alg))
	}
	return key, nil
}

// readJWK takes the known members, each of its type. A private part is a reason to distrust the key: whoever read the
// set can sign with it.
func readJWK(m map[string]any) (jwk, error) {
	var k jwk
	if m == nil {
		return k, errors.New("not an object")
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, ok := m[name]; ok {
			return k, fmt.Errorf("holds a private part (%s)", name)
		}
	}
	for _, f := range []struct {
		name string
		to   *string
	}{{"kty", &k.Kty}, {"kid", &k.Kid}, {"alg", &k.Alg}, {"use", &k.Use}, {"crv", &k.Crv}, {"n", &k.N}, {"e", &k.E}, {"x", &k.X}, {"y", &k.Y}} {
		v, ok := m[f.name]
		if !ok {
			continue
		}
		if *f.to, ok = v.(string); !ok {
			return k, fmt.Errorf("%s is not a string", f.name)
		}
	}
	k.Issuer, _ = m["issuer"].(string)
	if v, ok := m["key_ops"]; ok {
		if k.KeyOps, ok = stringList(v); !ok {
			return k, errors.New("key_ops is not a list of strings")
		}
	}
	return k, nil
}

func (k jwk) rsa() (crypto.PublicKey, error) {
	n, err := number(k.N, maxRSA)
	if err != nil {
		return nil, fmt.Errorf("n: %w", err)
	}
	e, err := number(k.E, 64)
	if err != nil {
		return nil, fmt.Errorf("e: %w", err)
	}
	switch {
	case n.BitLen() < minRSA:
		return nil, fmt.Errorf("RSA key of %d bits, %d are the least", n.BitLen(), minRSA)
	case n.Bit(0) == 0:
		return nil, errors.New("RSA modulus is even")
	case !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 || e.Bit(0) == 0:
		return nil, errors.New("RSA exponent is out of range")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

func (k jwk) ec() (crypto.PublicKey, error) {
	curve, ok := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[k.Crv]
	if !ok {
		return nil, fmt.Errorf("curve is %q", cut(k.Crv))
	}
	size := (curve.Params().BitSize + 7) / 8
	point := []byte{4} // uncompressed (SEC 1 §2.3.3)
	for _, c := range []string{k.X, k.Y} {
		b, err := strictBase64.DecodeString(c)
		if err != nil || len(b) != size {
			return nil, errors.New("bad coordinate")
		}
		point = append(point, b...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, errors.New("point is not on the curve")
	}
	return public, nil
}

func (k jwk) okp() (crypto.PublicKey, error) {
	if k.Crv != "Ed25519" {
		return nil, fmt.Errorf("curve is %q", cut(k.Crv))
	}
	x, err := strictBase64.DecodeString(k.X)
	if err != nil || len(x) != ed25519.PublicKeySize {
		return nil, errors.New("bad coordinate")
	}
	return ed25519.PublicKey(x), nil
}

// number reads a Base64urlUInt of at most bits bits (RFC 7518 §2).
func number(text string, bits int) (*big.Int, error) {
	if text == "" || len(text) > bits/6+4 {
		return nil, errors.New("empty or too long")
	}
	b, err := strictBase64.DecodeString(text)
	if err != nil {
		return nil, errors.New("not base64url")
	}
	return new(big.Int).SetBytes(b), nil
}

// stringList is v as a list of strings, if it is one.
func stringList(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, len(list))
	for i := range list {
		if out[i], ok = list[i].(string); !ok {
			return nil, false
		}
	}
	return out, true
}

// strictBase64 takes a text in its one canonical spelling: no padding, no stray bits at the end.
var strictBase64 = base64.RawURLEncoding.Strict()
