package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"
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

// BenchmarkSign reports, beside the time, its ratio to the bare signature: x-bare.
func BenchmarkSign(b *testing.B) {
	for _, a := range Algorithms() {
		b.Run(string(a), func(b *testing.B) {
			k := testKey(b, a, Active)
			ring := mustRing(b, k)
			raw, err := ring.Sign(benchPayload, TypeNone)
			if err != nil {
				b.Fatal(err)
			}
			sign, _ := bare(b, k, []byte(raw[:900]))
			compare(b, sign, func() { ring.Sign(benchPayload, TypeNone) })
		})
	}
}

// BenchmarkVerify is BenchmarkSign for verification.
func BenchmarkVerify(b *testing.B) {
	for _, a := range Algorithms() {
		b.Run(string(a), func(b *testing.B) {
			k := testKey(b, a, Active)
			ring := mustRing(b, k)
			raw, err := ring.Sign(benchPayload, TypeNone)
			if err != nil {
				b.Fatal(err)
			}
			_, verify := bare(b, k, []byte(raw[:900]))
			compare(b, verify, func() { ring.Verify(raw) })
		})
	}
}

// compare times whole in turns with bare, so that a busy machine slows both.
func compare(b *testing.B, bare, whole func()) {
	b.ReportAllocs()
	var bareTime, wholeTime int64
	for b.Loop() {
		t0 := nanotime()
		bare()
		t1 := nanotime()
		whole()
		t2 := nanotime()
		bareTime, wholeTime = bareTime+t1-t0, wholeTime+t2-t1
	}
	b.ReportMetric(float64(wholeTime)/float64(b.N), "ns/whole")
	b.ReportMetric(float64(wholeTime)/float64(bareTime), "x-bare")
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
