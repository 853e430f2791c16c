package idp_test

import (
	"testing"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// BenchmarkVerifyIDToken is the whole verification of an ID token with warm keys.
func BenchmarkVerifyIDToken(b *testing.B) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		b.Run(alg, func(b *testing.B) {
			r := newRig(b, setup{op: idptest.Config{Algorithm: alg}})
			q := r.request()
			raw, access := "", ""
			r.op.SetHooks(idptest.Hooks{IDToken: func(t *idptest.Token) { access = t.AccessToken }})
			id, err := r.with(q)
			if err != nil {
				b.Fatal(err)
			}
			raw = id.IDToken
			b.ReportAllocs()
			for b.Loop() {
				if err := idp.VerifyForBenchmark(b.Context(), r.p, raw, access, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSignIn is a sign-in without the browser, the upstream's share included.
func BenchmarkSignIn(b *testing.B) {
	r := newRig(b, setup{op: idptest.Config{Algorithm: "ES256"}})
	r.mustSignIn()
	b.ReportAllocs()
	for b.Loop() {
		r.mustSignIn()
	}
}
