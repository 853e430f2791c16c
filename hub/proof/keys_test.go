package proof_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// setOf writes a JWKS of these keys.
func setOf(list ...any) []byte { return must(json.Marshal(object{"keys": list})) }

func TestParseKeys(t *testing.T) {
	k := keys(t)
	want := []string{"first RS256", "first PS256", "first ES256", "first EdDSA"}
	if !slices.Equal(k.IDs(), want) {
		t.Errorf("keys %q, want %q", k.IDs(), want)
	}
	lone := client(token.EdDSA).jwk()
	if k, err := proof.ParseKeys(setOf(lone)); err != nil || !slices.Equal(k.IDs(), []string{""}) {
		t.Errorf("one without kid: %v, %v", k.IDs(), err)
	}
	if got := (*proof.Keys)(nil).IDs(); got != nil {
		t.Errorf("no keys have %q", got)
	}
	// What is not for us is left out: encryption keys, curves and kinds we do not verify with.
	p384 := &signer{private: must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))}
	others := []any{
		client(token.RS256).jwk().with(object{"use": "enc"}),
		client(token.ES256).jwk().with(object{"key_ops": []string{"deriveBits"}}),
		client(token.RS256).jwk().with(object{"alg": "RSA-OAEP"}),
		client(token.RS256).jwk().with(object{"alg": "RS512"}),
		p384.jwk(),
		object{"kty": "OKP", "crv": "X25519", "x": strings.Repeat("A", 43)},
		object{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
		object{"kty": "unheard-of"},
	}
	k, err := proof.ParseKeys(setOf(append(others, lone, object{"kty": "later"})...))
	if err != nil || !slices.Equal(k.IDs(), []string{""}) {
		t.Errorf("among others: %v, %v", k.IDs(), err)
	}
	if _, err := proof.ParseKeys(setOf(others...)); err == nil || !strings.Contains(err.Error(), "use is not sig") {
		t.Errorf("only others: %v", err)
	}
	signing := client(token.ES256).jwk().with(object{"key_ops": []string{"sign", "verify"}, "x5c": []string{"not a certificate"}, "x5u": "https://evil.example/"})
	if _, err := proof.ParseKeys(setOf(signing)); err != nil {
		t.Errorf("certificates beside the key: %v", err)
	}
}

func TestA36_ClientKeysRefused(t *testing.T) {
	ec, ed, rs := client(token.ES256).jwk(), client(token.EdDSA).jwk(), client(token.RS256).jwk()
	small := (&signer{private: must(rsa.GenerateKey(rand.Reader, 1024))}).jwk()
	var many []any
	for i := range proof.MaxKeys + 1 {
		many = append(many, ec.with(object{"kid": fmt.Sprint(i)}))
	}
	if _, err := proof.ParseKeys(setOf(many[:proof.MaxKeys]...)); err != nil {
		t.Errorf("%d keys: %v", proof.MaxKeys, err)
	}
	for name, text := range map[string][]byte{
		"nothing": nil, "null": []byte("null"), "list": []byte("[]"), "no keys": []byte("{}"), "keys null": []byte(`{"keys":null}`),
		"keys object": []byte(`{"keys":{}}`), "empty": setOf(), "not an object": setOf("key"), "keys twice": []byte(`{"keys":[],"keys":[]}`),
		"single key":           must(json.Marshal(ec)),
		"more than MaxKeys":    setOf(many...),
		"too long":             []byte(strings.Repeat(" ", proof.MaxJWKS) + string(setOf(ec))),
		"symmetric":            setOf(object{"kty": "oct", "k": "AAAA"}),
		"symmetric, no k":      setOf(object{"kty": "oct"}),
		"symmetric and good":   setOf(ec, object{"kty": "oct", "k": "AAAA", "kid": "x"}),
		"private EC":           setOf(client(token.ES256).privateJWK()),
		"private RSA":          setOf(client(token.RS256).privateJWK()),
		"private Ed25519":      setOf(client(token.EdDSA).privateJWK()),
		"private for others":   setOf(ec, client(token.RS256).privateJWK().with(object{"use": "enc"})),
		"only a prime":         setOf(rs.with(object{"p": "AA"})),
		"k in a public key":    setOf(ec.with(object{"k": "AA"})),
		"RSA of 1024 bits":     setOf(small),
		"RSA of 8192 bits":     setOf(rs.with(object{"n": encode(append([]byte{0x80}, make([]byte, 1023)...))})),
		"RSA with e = 1":       setOf(rs.with(object{"e": "AQ"})),
		"RSA with even e":      setOf(rs.with(object{"e": "AQAA"})),
		"RSA with huge e":      setOf(rs.with(object{"e": "AQAAAAAB"})),
		"RSA without n":        setOf(rs.with(object{"n": nil})),
		"RSA with even n":      setOf(rs.with(object{"n": encode(append([]byte{0x80}, make([]byte, 255)...))})),
		"off the curve":        setOf(ec.with(object{"y": ec["x"]})),
		"infinity":             setOf(ec.with(object{"x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))})),
		"short coordinate":     setOf(ec.with(object{"x": "AA"})),
		"padded coordinate":    setOf(ec.with(object{"x": ec["x"].(string) + "="})),
		"number for a string":  setOf(ec.with(object{"x": 1})),
		"kid number":           setOf(ec.with(object{"kid": 1})),
		"key_ops text":         setOf(ec.with(object{"key_ops": "verify"})),
		"Ed25519 of low order": setOf(ed.with(object{"x": encode(append([]byte{1}, make([]byte, 31)...))})),
		"Ed25519 short":        setOf(ed.with(object{"x": "AA"})),
		"EC on Ed25519":        setOf(ed.with(object{"kty": "EC"})),
		"OKP on P-256":         setOf(ec.with(object{"kty": "OKP"})),
		"kid twice":            setOf(ec.with(object{"kid": "a"}), ed.with(object{"kid": "a"})),
		"no kid in several":    setOf(ec.with(object{"kid": "a"}), ed),
		"no kid twice":         setOf(ec, ed),
	} {
		if k, err := proof.ParseKeys(text); err == nil || k != nil {
			t.Errorf("%s: %v, %v", name, k.IDs(), err)
		} else if strings.Contains(err.Error(), "jose") {
			t.Errorf("%s: the error speaks of a library: %v", name, err)
		}
	}
}

// A low-order Ed25519 key verifies signatures that nobody made: this one is of everything.
func TestA36_LowOrderKeyWouldVerify(t *testing.T) {
	public := ed25519.PublicKey(append([]byte{1}, make([]byte, 31)...))
	signature := append([]byte{1}, make([]byte, 63)...)
	if !ed25519.Verify(public, []byte("anything"), signature) {
		t.Fatal("the library refuses such a key by now")
	}
	header := must(json.Marshal(object{"alg": "EdDSA", "typ": "dpop+jwt", "jwk": client(token.EdDSA).jwk().with(object{"x": encode(public)})}))
	raw := encode(header) + "." + encode(must(json.Marshal(dpopClaims()))) + "." + encode(signature)
	if _, err := proof.DPoP([]string{raw}, dpopRequest()); err == nil {
		t.Error("a proof by such a key is taken")
	}
}

// The key that verifies is the one the header means.
func TestKeyOfASignature(t *testing.T) {
	ec, ps, ed := client(token.ES256), client(token.PS256), client(token.EdDSA)
	other := *makeKeys()[token.ES256][1]
	unbound := must(proof.ParseKeys(setOf(client(token.RS256).jwk().with(object{"kid": "rsa"}))))
	lone := must(proof.ParseKeys(setOf(ec.jwk())))
	named := must(proof.ParseKeys(setOf(ec.jwk().with(object{"kid": "a"}))))
	for name, c := range map[string]struct {
		keys   *proof.Keys
		by     *signer
		header object
		ok     bool
	}{
		"by kid":                                   {keys(t), ec, nil, true},
		"by algorithm, as the only one":            {keys(t), ec, object{"kid": nil}, true},
		"kid empty is no kid":                      {keys(t), ec, object{"kid": ""}, true},
		"two of an algorithm, with kid":            {keys(t, ec, &other), &other, nil, true},
		"two of an algorithm, without kid":         {keys(t, ec, &other), &other, object{"kid": nil}, false},
		"kid of another":                           {keys(t, ec, &other), &other, object{"kid": ec.id}, false},
		"kid of a key of another kind":             {keys(t), ec, object{"kid": ed.id}, false},
		"unknown kid":                              {keys(t), ec, object{"kid": "x"}, false},
		"kid in another case":                      {keys(t), ec, object{"kid": strings.ToUpper(ec.id)}, false},
		"single key with kid, header without":      {named, ec, object{"kid": nil}, true},
		"single key with kid, header with another": {named, ec, object{"kid": "b"}, false},
		"single key without kid, header with one":  {lone, ec, nil, true},
		"single key, another's signature":          {lone, &other, nil, false},
		"RSA key bound to RS256, signed PS256":     {keys(t, client(token.RS256)), ps, object{"kid": nil}, false},
		"RSA key that is not bound, signed PS256":  {unbound, ps, object{"kid": "rsa"}, true},
	} {
		rules := laxRules()
		_, err := proof.Assertion(c.by.jwt(c.header, assertionClaims()), c.keys, rules)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !errors.Is(err, proof.ErrSignature) {
			t.Errorf("%s: %v, want %v", name, err, proof.ErrSignature)
		}
	}
}
