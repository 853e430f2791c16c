package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// benchPayload has the size of an ID token with a dozen claims.
var benchPayload = []byte(`{"sub":"` + string(make600()) + `"}`)

func make600() []byte {
	b := make([]byte, 588)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

// bare returns the signature primitive alone and its verification: what no JWS library can be faster than.
func bare(b *testing.B, k *Key, input []byte) (sign, verify func()) {
	b.Helper()
	switch private := k.private().(type) {
	case *rsa.PrivateKey:
		digest := sha256.Sum256(input)
		if k.Algorithm == PS256 {
			s, _ := rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:], pssOptions)
			return func() { rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:], pssOptions) },
				func() { rsa.VerifyPSS(&private.PublicKey, crypto.SHA256, digest[:], s, pssOptions) }
		}
		s, _ := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
		return func() { rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:]) },
			func() { rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, digest[:], s) }
	case *ecdsa.PrivateKey:
		digest := sha256.Sum256(input)
		s, _ := ecdsa.SignASN1(rand.Reader, private, digest[:])
		return func() { ecdsa.SignASN1(rand.Reader, private, digest[:]) },
			func() { ecdsa.VerifyASN1(&private.PublicKey, digest[:], s) }
	case ed25519.PrivateKey:
		s, public := ed25519.Sign(private, input), private.Public().(ed25519.PublicKey)
		return func() { ed25519.Sign(private, input) }, func() { ed25519.Verify(public, input, s) }
	}
	b.Fatalf("a key of type %T", k.private())
	return nil, nil
}

// BenchmarkSign times the bare signature, this package and go-jose in turns, and reports the medians and their ratio to the bare one:
// x-bare and jose-x-bare. A median of turns, because a busy machine then disturbs all three alike.
func BenchmarkSign(b *testing.B) {
	for _, a := range Algorithms() {
		b.Run(string(a), func(b *testing.B) {
			k := testKey(b, a, Active)
			ring, raw := benchToken(b, k)
			sign, _ := bare(b, k, []byte(raw[:strings.LastIndexByte(raw, '.')]))
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(a), Key: jose.JSONWebKey{Key: k.private(), KeyID: k.ID}}, nil)
			if err != nil {
				b.Fatal(err)
			}
			compare(b, sign, func() { ring.Sign(benchPayload, TypeNone) }, func() {
				jws, err := signer.Sign(benchPayload)
				if err != nil {
					b.Fatal(err)
				}
				jws.CompactSerialize()
			})
		})
	}
}

// BenchmarkVerify is BenchmarkSign for verification.
func BenchmarkVerify(b *testing.B) {
	for _, a := range Algorithms() {
		b.Run(string(a), func(b *testing.B) {
			k := testKey(b, a, Active)
			ring, raw := benchToken(b, k)
			_, verify := bare(b, k, []byte(raw[:strings.LastIndexByte(raw, '.')]))
			public, allowed := k.Public(), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(a)}
			compare(b, verify, func() {
				if _, _, err := ring.Verify(raw); err != nil {
					b.Fatal(err)
				}
			}, func() {
				jws, err := jose.ParseSignedCompact(raw, allowed)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := jws.Verify(public); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func benchToken(b *testing.B, k *Key) (*Ring, string) {
	b.Helper()
	ring := mustRing(b, k)
	raw, err := ring.Sign(benchPayload, TypeNone)
	if err != nil {
		b.Fatal(err)
	}
	return ring, raw
}

func compare(b *testing.B, bare, ours, theirs func()) {
	b.Helper()
	var times [3][]int64
	for b.Loop() {
		for i, f := range []func(){bare, ours, theirs} {
			started := nanotime()
			f()
			times[i] = append(times[i], nanotime()-started)
		}
	}
	var median [3]float64
	for i := range times {
		slices.Sort(times[i])
		median[i] = float64(times[i][len(times[i])/2])
	}
	b.ReportMetric(median[1], "ns/ours")
	b.ReportMetric(median[1]/median[0], "x-bare")
	b.ReportMetric(median[2]/median[0], "jose-x-bare")
}

// BenchmarkRefuse is the cost of what is no token of ours (A200).
func BenchmarkRefuse(b *testing.B) {
	ring := mustRing(b, testKey(b, ES256, Active))
	for name, raw := range hostileTokens() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ring.Verify(raw)
			}
		})
	}
}
