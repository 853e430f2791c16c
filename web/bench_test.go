package web_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/web"
)

// BenchmarkEndpoints measures what machines ask for, from the handler down to the
// disk, one at a time; x-floor is the median of it over the median of the bare
// signatures, verifications and commits that it needs, which are timed in turns
// with it. What HTTP itself costs is in make bench.
//
//	go test -run '^$' -bench Endpoints -benchmem ./web
func BenchmarkEndpoints(b *testing.B) {
	for _, a := range []token.Algorithm{token.RS256, token.ES256, token.EdDSA} {
		h := newEndpoints(b, a)
		first := h.ask("/oauth2/token", hubtest.ClientID, hubtest.ClientSecret, redeem(h.code()))
		basic := func(path, client, secret string, form url.Values) func() *http.Request {
			return func() *http.Request { return h.request("POST", path, client, secret, form) }
		}
		for _, c := range []struct {
			name                  string
			request               func() *http.Request
			signs, checks, writes int
		}{
			{"client_credentials", basic("/oauth2/token", machineID, machineSecret, values("grant_type", "client_credentials")), 1, 0, 0},
			{"refresh", basic("/oauth2/token", hubtest.ClientID, hubtest.ClientSecret, refresh(first.Fresh)), 2, 0, 0},
			{"code", func() *http.Request {
				return h.request("POST", "/oauth2/token", hubtest.ClientID, hubtest.ClientSecret, redeem(h.code()))
			}, 2, 0, 1},
			{"userinfo", func() *http.Request {
				r := h.request("GET", "/oauth2/userInfo", "", "", nil)
				r.Header.Set("Authorization", "Bearer "+first.Access)
				return r
			}, 0, 1, 0},
			{"introspect", basic("/oauth2/introspect", apiID, apiSecret, values("token", first.Access)), 0, 1, 0},
			{"discovery", func() *http.Request { return h.request("GET", "/.well-known/openid-configuration", "", "", nil) }, 0, 0, 0},
			{"jwks", func() *http.Request { return h.request("GET", "/.well-known/jwks.json", "", "", nil) }, 0, 0, 0},
		} {
			b.Run(c.name+"/"+string(a), func(b *testing.B) {
				h.measure(b, c.request, func() {
					for range c.signs {
						h.sign()
					}
					for range c.checks {
						h.check()
					}
					for range c.writes {
						h.write()
					}
				})
			})
		}
	}
}

// endpoints is a hub that signs in one way, ready to be asked.
type endpoints struct {
	*hubtest.Hub
	b       *testing.B
	server  *web.Server
	payload []byte
	raw     string // a token to verify
	sub     string
}

func newEndpoints(b *testing.B, a token.Algorithm) *endpoints {
	b.Helper()
	h := &endpoints{Hub: hubtest.New(b), b: b, payload: bytes.Repeat([]byte("x"), 600)}
	h.Pool.Record = func(hub.Event) {}
	h.settle()
	h.Pool.Resources = []hub.Resource{{Identifier: "orders", Scopes: map[string]string{"read": "Read orders"}}}
	h.Pool.Clients[machineID] = &hub.Client{
		ID: machineID, Secrets: []hub.SecretHash{hub.HashSecret(machineSecret)}, Flows: []string{"client_credentials"},
		Scopes: oauth.Scope{"orders/read"}, AccessLife: time.Hour,
	}
	h.Pool.Clients[apiID] = &hub.Client{ID: apiID, Secrets: []hub.SecretHash{hub.HashSecret(apiSecret)}, Introspects: true}
	rotation := token.Rotation{Algorithms: []token.Algorithm{a}, Ahead: time.Minute, Keep: time.Hour}
	var err error
	if h.Pool.Keys, err = hub.OpenKeys(b.Context(), h.Pool.Space, h.Pool.Secrets.Signing, rotation); err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if h.server, err = web.New(web.Options{SignIn: h.SignIn, Logout: h.Logout, Log: log, Registry: prometheus.NewRegistry()}); err != nil {
		b.Fatal(err)
	}
	if err := h.server.Mount([]*hub.Pool{h.Pool}); err != nil {
		b.Fatal(err)
	}
	h.sign()
	return h
}

// settle moves the pool to a store that waits for the disk and runs every
// transaction once.
func (h *endpoints) settle() {
	h.b.Helper()
	engine, err := bolt.Open(filepath.Join(h.b.TempDir(), "bench.db"), bolt.Options{})
	if err != nil {
		h.b.Fatal(err)
	}
	s, err := store.Open(h.b.Context(), engine, h.Now)
	if err != nil {
		h.b.Fatal(err)
	}
	h.b.Cleanup(func() { _ = s.Close() })
	attributes := h.User(h.Pool, hubtest.Username).Attributes
	h.Pool.Space = s.Space(h.Pool.Name)
	h.AddUser(h.Pool, hubtest.Username, directory.NewUser{Password: hubtest.Password, Attributes: attributes})
	h.sub = h.User(h.Pool, hubtest.Username).Sub
}

// The bare work.

func (h *endpoints) sign() {
	raw, err := h.Pool.Keys.Ring().Sign(h.payload, token.TypeNone)
	if err != nil {
		h.b.Fatal(err)
	}
	h.raw = raw
}

func (h *endpoints) check() {
	if _, _, err := h.Pool.Keys.Ring().Verify(h.raw); err != nil {
		h.b.Fatal(err)
	}
}

// write commits what spending a code commits: two records, in two places.
func (h *endpoints) write() {
	id := hub.NewID(h.Now())
	err := h.Pool.Space.Update(h.b.Context(), func(tx *store.Tx) error {
		for _, kind := range []string{"a", "b"} {
			if err := bare.Put(tx, &bareRecord{ID: kind + id, Text: string(h.payload)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.b.Fatal(err)
	}
}

type bareRecord struct{ ID, Text string }

var bare = store.Collection[bareRecord]{Name: "bare", ID: func(r *bareRecord) string { return r.ID }}

// code is a code as a sign-in leaves it.
func (h *endpoints) code() string {
	code, now := hub.NewID(h.Now()), h.Now()
	err := h.Pool.Space.Update(h.b.Context(), func(tx *store.Tx) error {
		return hub.Codes.Create(tx, &hub.Code{
			ID: hub.CodeID(code), Interaction: code, Grant: hub.NewGrantID(now), ClientID: hubtest.ClientID, RedirectURI: hubtest.Callback,
			Scope: oauth.Scope{"openid", "email", "profile"}, Nonce: "nonce-of-the-app", Challenge: oauth.Challenge(hubtest.Verifier), Session: code,
			Entry:   hub.Entry{Sub: h.sub, AuthTime: now, Began: now},
			Expires: now.Add(time.Minute), Forgotten: now.Add(hub.CodeMemory),
		})
	})
	if err != nil {
		h.b.Fatal(err)
	}
	return code
}

func (h *endpoints) request(method, path, client, secret string, form url.Values) *http.Request {
	r := httptest.NewRequest(method, hubtest.Issuer+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(client, secret)
	}
	return r
}

func (h *endpoints) ask(path, client, secret string, form url.Values) (a tokens) {
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, h.request("POST", path, client, secret, form))
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		h.b.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return a
}

// measure times the request and the floor in turns. Requests are made outside of
// the time that counts.
func (h *endpoints) measure(b *testing.B, request func() *http.Request, floor func()) {
	h.b = b
	var took, least []time.Duration
	timed := func(do func()) time.Duration {
		start := time.Now()
		do()
		return time.Since(start)
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r, w := request(), &answerer{header: http.Header{}}
		if len(took)%2 == 0 { // neither comes always after the other
			least = append(least, timed(floor))
		}
		b.StartTimer()
		took = append(took, timed(func() { h.server.ServeHTTP(w, r) }))
		b.StopTimer()
		if len(took)%2 == 0 {
			least = append(least, timed(floor))
		}
		b.StartTimer()
		if w.status != http.StatusOK {
			b.Fatalf("%s: %d %s", r.URL.Path, w.status, w.body.Bytes())
		}
	}
	middle := func(list []time.Duration) float64 {
		slices.Sort(list)
		return float64(list[len(list)/2])
	}
	b.ReportMetric(middle(took), "median-ns")
	if m := middle(least); m > 1000 { // less is the clock's own time
		b.ReportMetric(m, "floor-ns")
		b.ReportMetric(middle(took)/m, "x-floor")
	}
}

// answerer keeps an answer, as cheaply as it can be done.
type answerer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answerer) Header() http.Header { return w.header }

func (w *answerer) WriteHeader(status int) { w.status = status }

func (w *answerer) Write(text []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.body.Write(text)
}
