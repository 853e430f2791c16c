package token

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func TestKeySurvivesPKCS8(t *testing.T) {
	for _, a := range Algorithms() {
		k := testKey(t, a, Active)
		der, err := k.MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePrivate(a, der)
		if err != nil {
			t.Fatalf("%s: %v", a, err)
		}
		if again.ID != k.ID || again.Algorithm != a || again.State != Next {
			t.Errorf("%s: parsed as %v, want id %s", a, again, k.ID)
		}
		again.State = Active
		raw, err := mustRing(t, again).Sign([]byte("{}"), TypeNone)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := mustRing(t, k).Verify(raw); err != nil {
			t.Errorf("%s: signed by the parsed key: %v", a, err)
		}
	}
}

// The key and thumbprint of RFC 7638 §3.1.
func TestThumbprintOfRFC7638(t *testing.T) {
	n, err := base64.RawURLEncoding.DecodeString("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn" +
		"jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-" +
		"bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw")
	if err != nil {
		t.Fatal(err)
	}
	id, err := thumbprint(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	if want := "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"; id != want {
		t.Errorf("thumbprint %s, want %s", id, want)
	}
}

func TestKeyIDIsWhatGoJoseComputes(t *testing.T) {
	for _, a := range Algorithms() {
		k := testKey(t, a, Active)
		sum, err := (&jose.JSONWebKey{Key: k.Public()}).Thumbprint(crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if want := base64.RawURLEncoding.EncodeToString(sum); k.ID != want {
			t.Errorf("%s: id %s, go-jose says %s", a, k.ID, want)
		}
	}
}

func TestA36_WeakAndForeignKeysAreRefused(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	lowExponent := *good
	lowExponent.E = 3
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	for name, c := range map[string]struct {
		a Algorithm
		k crypto.Signer
	}{
		"RSA 1024":            {RS256, weak},
		"RSA exponent 3":      {RS256, &lowExponent},
		"RSA for ES256":       {ES256, good},
		"RSA for EdDSA":       {EdDSA, good},
		"P-224":               {ES256, p224},
		"P-384":               {ES256, p384},
		"P-256 for RS256":     {RS256, p256},
		"Ed25519 for PS256":   {PS256, ed},
		"short Ed25519":       {EdDSA, ed[:40]},
		"none":                {"none", p256},
		"HS256":               {"HS256", good},
		"no algorithm":        {"", good},
		"no key":              {RS256, nil},
		"lower-case spelling": {"rs256", good},
	} {
		t.Run(name, func(t *testing.T) {
			if k, err := New(c.a, c.k); err == nil {
				t.Errorf("taken as %v", k)
			}
		})
	}
	for _, name := range []string{"none", "None", "HS256", "HS512", "RS512", "ES384", "rs256", " RS256", "RSA1_5"} {
		if a, err := ParseAlgorithm(name); err == nil {
			t.Errorf("algorithm %q is taken as %s", name, a)
		}
		if _, err := Generate(Algorithm(name)); err == nil {
			t.Errorf("a key is generated for %q", name)
		}
	}
	if a, err := ParseAlgorithm(""); a != RS256 || err != nil {
		t.Errorf("the default is %q, %v; want RS256", a, err)
	}
}

func TestParsePrivateRefusesAndTellsNothing(t *testing.T) {
	k := testKey(t, ES256, Active)
	der, err := k.MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	ecDER, err := x509.MarshalECPrivateKey(k.private().(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weakDER, err := x509.MarshalPKCS8PrivateKey(weak)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		a   Algorithm
		der []byte
	}{
		"empty":           {ES256, nil},
		"cut":             {ES256, der[:len(der)-1]},
		"SEC 1":           {ES256, ecDER},
		"other algorithm": {RS256, der},
		"weak":            {RS256, weakDER},
		"secret as text":  {ES256, []byte("my-secret-text")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParsePrivate(c.a, c.der)
			if err == nil {
				t.Fatal("taken")
			}
			if strings.Contains(err.Error(), "my-secret-text") {
				t.Errorf("the error quotes the key: %v", err)
			}
		})
	}
}

func TestA36_JWKSHasPublicMembersOnly(t *testing.T) {
	var all []*Key
	for _, a := range Algorithms() {
		for _, s := range []State{Active, Next, Retired} {
			all = append(all, testKey(t, a, s))
		}
	}
	ring := mustRing(t, all...)
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != len(all) {
		t.Fatalf("%d keys are published, want %d", len(set.Keys), len(all))
	}
	members := map[string][]string{
		"RSA": {"alg", "e", "kid", "kty", "n", "use"},
		"EC":  {"alg", "crv", "kid", "kty", "use", "x", "y"},
		"OKP": {"alg", "crv", "kid", "kty", "use", "x"},
	}
	seen := map[any]bool{}
	for _, k := range set.Keys {
		want := members[k["kty"].(string)]
		var got []string
		for _, m := range []string{"alg", "crv", "e", "kid", "kty", "n", "use", "x", "y"} {
			if _, ok := k[m]; ok {
				got = append(got, m)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(k) != len(want) {
			t.Errorf("members of %v: %s", k, diff)
		}
		if k["use"] != "sig" || seen[k["kid"]] {
			t.Errorf("use %v, kid %v: want sig and a new kid", k["use"], k["kid"])
		}
		seen[k["kid"]] = true
	}
	var judge jose.JSONWebKeySet
	if err := json.Unmarshal(ring.JWKS(), &judge); err != nil {
		t.Fatal(err)
	}
	for _, k := range judge.Keys {
		if !k.Valid() || !k.IsPublic() {
			t.Errorf("go-jose does not take %s as a public key", k.KeyID)
		}
	}
	for _, s := range []State{Active, Next, Retired} {
		seed := testKey(t, EdDSA, s).private().(ed25519.PrivateKey).Seed()
		if bytes.Contains(ring.JWKS(), []byte(base64.RawURLEncoding.EncodeToString(seed))) {
			t.Errorf("the set holds the %s key's seed", s)
		}
	}
}

func TestKeyPrintsNoSecret(t *testing.T) {
	k := testKey(t, EdDSA, Active)
	secret := []byte(k.private().(ed25519.PrivateKey).Seed())
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", k, "value", *k)
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	holder := struct {
		key   *Key
		value Key
	}{k, *k}
	for _, printed := range []string{
		fmt.Sprintf("%v %+v %#v %s %q %x %d", holder, holder, holder, holder, holder, holder, holder),
		fmt.Sprintf("%v %+v %#v %s %q %x %d", k, k, k, k, k, k, k), fmt.Sprintf("%v %+v %#v %x %d", *k, *k, *k, *k, *k), log.String(), string(text),
	} {
		for _, form := range []string{fmt.Sprintf("%x", secret), fmt.Sprintf("%d", secret), base64.StdEncoding.EncodeToString(secret), string(secret)} {
			if strings.Contains(printed, strings.Trim(form, "[]")) {
				t.Errorf("printed with its secret: %s", printed)
			}
		}
	}
	if want := "token.Key(EdDSA " + k.ID + " active)"; fmt.Sprint(k) != want {
		t.Errorf("printed as %q, want %q", fmt.Sprint(k), want)
	}
}

func TestHalfHash(t *testing.T) {
	// The access token and at_hash of OpenID Connect Core, appendix A.4.
	const accessToken, atHash = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "77QmUPtjPfzWtF2AnpK9RQ"
	for _, a := range []Algorithm{RS256, PS256, ES256} {
		if got := a.HalfHash(accessToken); got != atHash {
			t.Errorf("%s: %s, want %s", a, got, atHash)
		}
	}
	if got := EdDSA.HalfHash(accessToken); len(got) != 43 {
		t.Errorf("EdDSA: %s has %d characters, want the 43 of half a SHA-512", got, len(got))
	}
}
