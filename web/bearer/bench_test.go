package bearer_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/web/bearer"
)

// discard is a ResponseWriter that keeps its header map.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkRequire times a request through the middleware, beside the bare
// verification of the same token's signature (hub/token adds 4 % to that of
// crypto/ecdsa), in turns: x-bare is the ratio of the medians.
func BenchmarkRequire(b *testing.B) {
	for _, a := range token.Algorithms() {
		b.Run(string(a), func(b *testing.B) {
			is, now := newIssuer(b, a), newClock()
			g := newGuard(b, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
			raw := is.mint(b, now, nil)
			if _, err := g.Verify(b.Context(), raw); err != nil {
				b.Fatal(err)
			}
			ring := is.ring.Load()
			handler := g.Require("orders/read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			r := httptest.NewRequest("GET", "/orders", nil)
			r.Header.Set("Authorization", "Bearer "+raw)
			w := discard{http.Header{}}
			var times [2][]int64
			b.ReportAllocs()
			for b.Loop() {
				for i, f := range []func(){
					func() { _, _, _ = ring.Verify(raw) },
					func() { handler.ServeHTTP(w, r) },
				} {
					began := time.Now()
					f()
					times[i] = append(times[i], int64(time.Since(began)))
				}
			}
			var median [2]float64
			for i := range times {
				slices.Sort(times[i])
				median[i] = float64(times[i][len(times[i])/2])
			}
			b.ReportMetric(median[1], "ns/request")
			b.ReportMetric(median[1]/median[0], "x-bare")
		})
	}
}

// BenchmarkRequireParallel shows that requests do not wait for one another.
func BenchmarkRequireParallel(b *testing.B) {
	is := newIssuer(b)
	g := newGuard(b, is.URL, bearer.Config{Clients: []string{"app"}})
	raw := mint(b, is.ring.Load(), is.URL, time.Now(), token.TypeNone, nil)
	if _, err := g.Verify(b.Context(), raw); err != nil {
		b.Fatal(err)
	}
	handler := g.Require("orders/read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequest("GET", "/orders", nil)
		r.Header.Set("Authorization", "Bearer "+raw)
		w := discard{http.Header{}}
		for pb.Next() {
			handler.ServeHTTP(w, r)
		}
	})
}

// BenchmarkForwardAuth is one question of a proxy.
func BenchmarkForwardAuth(b *testing.B) {
	is, now := newIssuer(b), newClock()
	verify := newGuard(b, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now}).ForwardAuth(bearer.Forward{})
	r := httptest.NewRequest("GET", "/-/verify?scope=orders/read", nil)
	r.Header.Set("Authorization", "Bearer "+is.mint(b, now, nil))
	w := discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		verify.ServeHTTP(w, r)
	}
}

// BenchmarkRefuse is the cost of what is no token (A200).
func BenchmarkRefuse(b *testing.B) {
	is, now := newIssuer(b), newClock()
	g := newGuard(b, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
	if _, err := g.Verify(b.Context(), is.mint(b, now, nil)); err != nil {
		b.Fatal(err)
	}
	for name, raw := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = g.Verify(b.Context(), raw)
			}
		})
	}
}
