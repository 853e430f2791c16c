package proof_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// bare returns the verification of raw's signature alone, on what is decoded already: the floor.
func bare(b *testing.B, s *signer, raw string) func() bool {
	b.Helper()
	dot := strings.LastIndexByte(raw, '.')
	input := []byte(raw[:dot])
	mark := must(base64.RawURLEncoding.DecodeString(raw[dot+1:]))
	switch public := s.private.Public().(type) {
	case *rsa.PublicKey:
		if s.algorithm == token.PS256 {
			return func() bool {
				digest := sha256.Sum256(input)
				return rsa.VerifyPSS(public, crypto.SHA256, digest[:], mark, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
			}
		}
		return func() bool {
			digest := sha256.Sum256(input)
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], mark) == nil
		}
	case *ecdsa.PublicKey:
		x, y := new(big.Int).SetBytes(mark[:32]), new(big.Int).SetBytes(mark[32:])
		return func() bool {
			digest := sha256.Sum256(input)
			return ecdsa.Verify(public, digest[:], x, y)
		}
	case ed25519.PublicKey:
		return func() bool { return ed25519.Verify(public, input, mark) }
	}
	b.Fatalf("a key of type %T", s.private)
	return nil
}

// benchmark times the bare verification and take in turns and reports the medians and their ratio: a median of turns, because a busy
// machine then disturbs both alike.
func benchmark(b *testing.B, make func(s *signer) string, take func(raw string) error) {
	for _, a := range token.Algorithms() {
		b.Run(string(a), func(b *testing.B) {
			s := client(a)
			raw := make(s)
			verify := bare(b, s, raw)
			if !verify() {
				b.Fatal("the floor does not verify")
			}
			b.ReportAllocs()
			var floor, ours []float64
			for b.Loop() {
				started := time.Now()
				verify()
				middle := time.Now()
				if err := take(raw); err != nil {
					b.Fatal(err)
				}
				floor, ours = append(floor, float64(middle.Sub(started))), append(ours, float64(time.Since(middle)))
			}
			slices.Sort(floor)
			slices.Sort(ours)
			b.ReportMetric(ours[len(ours)/2], "ns/ours")
			b.ReportMetric(ours[len(ours)/2]/floor[len(floor)/2], "x-bare")
		})
	}
}

func BenchmarkAssertion(b *testing.B) {
	j := judges(b)["assertion"]
	benchmark(b, j.good, j.take)
}

func BenchmarkDPoP(b *testing.B) {
	j := judges(b)["DPoP proof"]
	benchmark(b, j.good, j.take)
}

func BenchmarkRequestObject(b *testing.B) {
	j := judges(b)["request object"]
	benchmark(b, j.good, j.take)
}

func BenchmarkNonce(b *testing.B) {
	n := proof.NewNonces(seal.Generate().Derive("dpop"), 0)
	for b.Loop() {
		if !n.Valid(n.New(now), now) {
			b.Fatal("refused")
		}
	}
}

// BenchmarkRefuse is the cost of what is no proof (A200).
func BenchmarkRefuse(b *testing.B) {
	r := dpopRequest()
	for name, raw := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := proof.DPoP([]string{raw}, r); err == nil {
					b.Fatal("taken")
				}
			}
		})
	}
}
