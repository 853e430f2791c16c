package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"testing"
)

// Each algorithm takes its own signature, and no other algorithm, key, text or
// length does.
func TestCheck(t *testing.T) {
	input := []byte("header.payload")
	digest := sha256.Sum256(input)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err1 := rsa.SignPKCS1v15(nil, rsaKey, crypto.SHA256, digest[:])
	salted, err2 := rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA256, digest[:], pss)
	r, s, err3 := ecdsa.Sign(rand.Reader, ecKey, digest[:])
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	pair := slices.Concat(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32)))
	keys := map[string]crypto.PublicKey{"RS256": &rsaKey.PublicKey, "PS256": &rsaKey.PublicKey, "ES256": &ecKey.PublicKey, "EdDSA": edPublic}
	marks := map[string][]byte{"RS256": pkcs, "PS256": salted, "ES256": pair, "EdDSA": ed25519.Sign(edKey, input)}
	for of, mark := range marks {
		for by, key := range keys {
			for _, algorithm := range []string{"RS256", "PS256", "ES256", "EdDSA", "ES384", "RS384", "PS512", "HS256", "RS111", "none", ""} {
				want := algorithm == of && kind(by) == kind(of)
				if got := Check(key, algorithm, input, mark); got != want {
					t.Errorf("a signature of %s, by the key for %s, as %s: %v", of, by, algorithm, got)
				}
			}
		}
		if Check(keys[of], of, []byte("header.other"), mark) || Check(keys[of], of, input, mark[1:]) || Check(keys[of], of, input, nil) {
			t.Errorf("%s takes what it did not sign", of)
		}
	}
	if Check(rsaKey, "RS256", input, pkcs) || Check(nil, "RS256", input, pkcs) {
		t.Error("something else than a public key verifies")
	}
}

// kind is the type of key that an algorithm needs.
func kind(algorithm string) string {
	if algorithm == "PS256" {
		return "RS256"
	}
	return algorithm
}

func TestDecode(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "AA": true, "AAA": true, "AAAA": true, "_-8": true,
		"A": false, "AB": false, "AA==": false, "AA\n": false, "A\nA": false, "\r\nAAAA": false, "+/8": false, "AA A": false,
	} {
		if _, ok := Decode(text); ok != want {
			t.Errorf("%q: %v", text, ok)
		}
	}
}
