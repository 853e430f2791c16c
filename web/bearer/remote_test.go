package bearer_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/web/bearer"
)

// eventually waits for what happens in the background.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// Keys of a real hub turn, again and again, while its tokens are judged: not one
// good token is refused.
func TestA37_RotationUnderLoad(t *testing.T) {
	s := newSite(t)
	g := s.guard(t, bearer.Config{})
	api := g.Require("orders/read")(whose)
	const workers, turns = 4, 8
	var turned atomic.Bool
	var group sync.WaitGroup
	var judged, refused atomic.Int64
	for w := range workers {
		group.Go(func() {
			long := map[string]any{"exp": s.Now().Add(24 * time.Hour).Unix(), "jti": fmt.Sprint(w)}
			old := s.mint(t, token.TypeNone, long)
			for n := 0; !turned.Load(); n++ {
				fresh := s.mint(t, token.TypeNone, long)
				for _, raw := range []string{fresh, old} {
					judged.Add(1)
					if a := ask(api, "GET", "/", "Authorization", "Bearer "+raw); a.StatusCode != 200 {
						refused.Add(1)
						t.Errorf("refused: %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
					}
				}
				if n%5 == 0 { // older by some turns, but not by more than the hub keeps keys
					old = fresh
				}
			}
		})
	}
	for range turns {
		before := judged.Load()
		if err := s.pool.Keys.Rotate(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		s.Advance(61 * time.Second)
		if _, err := s.pool.Keys.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the load stands still", func() bool { return judged.Load() > before+4*workers })
	}
	turned.Store(true)
	group.Wait()
	if n := refused.Load(); n != 0 {
		t.Errorf("%d of %d refused", n, judged.Load())
	}
	t.Logf("%d turns of the keys, %d judged", turns, judged.Load())
}

// A key that the issuer withdrew is not good for longer than Refresh.
func TestA37_Withdrawal(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now, Refresh: 5 * time.Second})
	raw := is.mint(t, now, nil)
	if _, err := g.Verify(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	is.turn(t, token.ES256)
	if _, err := g.Verify(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	now.advance(5 * time.Second)
	eventually(t, "the withdrawn key is still good", func() bool {
		_, err := g.Verify(t.Context(), raw)
		return err != nil
	})
	if _, err := g.Verify(t.Context(), is.mint(t, now, nil)); err != nil {
		t.Error(err)
	}
}

// A flood of unknown kids makes one fetch in 30 seconds, holds up no good token,
// and a true rotation is seen at the first try.
func TestA64_UnknownKeys(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now, Refresh: time.Hour})
	good := is.mint(t, now, nil)
	if _, err := g.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(good, ".")
	flood := func(tokens int) {
		var group sync.WaitGroup
		for w := range 10 {
			group.Go(func() {
				for n := range tokens / 10 {
					header := fmt.Sprintf(`{"alg":"ES256","kid":"%d-%d"}`, w, n)
					if _, err := g.Verify(t.Context(), base64.RawURLEncoding.EncodeToString([]byte(header))+"."+rest); err == nil {
						t.Error("a token of an unknown key is good")
					}
					if n%20 != 0 {
						continue
					}
					if _, err := g.Verify(t.Context(), good); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
	}
	for round := range 3 {
		before := is.fetches.Load()
		flood(1000)
		if n := is.fetches.Load() - before; n != 1 {
			t.Errorf("round %d: 1,000 tokens made %d fetches", round, n)
		}
		now.advance(29 * time.Second)
		flood(100)
		if n := is.fetches.Load() - before; n != 1 {
			t.Errorf("round %d, 29 s on: %d fetches", round, n)
		}
		now.advance(time.Second)
	}
	is.turn(t, token.ES256)
	if _, err := g.Verify(t.Context(), is.mint(t, now, nil)); err != nil {
		t.Errorf("the first token after a rotation: %v", err)
	}
}

// A good token does not wait for the fetch that another one caused.
func TestA64_NobodyElseWaits(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
	good := is.mint(t, now, nil)
	if _, err := g.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	old := is.ring.Load()
	is.turn(t, token.ES256)
	fresh := is.mint(t, now, nil)
	hold := make(chan struct{})
	is.hold.Store(&hold)
	var waiting sync.WaitGroup
	for range 20 {
		waiting.Go(func() {
			if _, err := g.Verify(t.Context(), fresh); err != nil {
				t.Errorf("a token of the new key: %v", err)
			}
		})
	}
	eventually(t, "no fetch", func() bool { return is.fetches.Load() == 2 })
	for range 50 {
		if _, err := g.Verify(t.Context(), mint(t, old, is.URL, now.now(), token.TypeNone, nil)); err != nil {
			t.Error(err)
		}
	}
	left, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Verify(left, fresh); err == nil {
		t.Error("judged without keys")
	}
	close(hold)
	waiting.Wait()
	if n := is.fetches.Load(); n != 2 {
		t.Errorf("%d fetches", n)
	}
}

// A fetch that had begun before the keys turned does not have the new key: the
// first token with it makes another fetch.
func TestRotationWhileFetching(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
	old := is.mint(t, now, nil)
	if _, err := g.Verify(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	is.hold.Store(&hold)
	now.advance(6 * time.Minute)
	if _, err := g.Verify(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	eventually(t, "old keys are not fetched anew", func() bool { return is.fetches.Load() == 2 })
	is.turn(t, token.ES256)
	time.AfterFunc(20*time.Millisecond, func() { close(hold) })
	if _, err := g.Verify(t.Context(), is.mint(t, now, nil)); err != nil {
		t.Error(err)
	}
	if n := is.fetches.Load(); n != 3 {
		t.Errorf("%d fetches", n)
	}
}

// A program starts while its issuer is down, answers 503, and goes on by itself.
func TestStartWithoutIssuer(t *testing.T) {
	is, now := newIssuer(t), newClock()
	is.down.Store(true)
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
	raw := is.mint(t, now, nil)
	a := ask(g.Require()(whose), "GET", "/", "Authorization", "Bearer "+raw)
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || a.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if _, err := g.Verify(t.Context(), raw); !errors.Is(err, bearer.ErrNoKeys) {
		t.Error(err)
	}
	is.down.Store(false)
	if _, err := g.Verify(t.Context(), raw); err == nil {
		t.Error("fetched within the pause")
	}
	now.advance(time.Second)
	if _, err := g.Verify(t.Context(), raw); err != nil {
		t.Error(err)
	}
}

// Old keys serve while the issuer is down or talks nonsense, for a day.
func TestIssuerGoesDown(t *testing.T) {
	for name, fail := range map[string]func(*issuer){
		"down":             func(is *issuer) { is.down.Store(true) },
		"nonsense":         func(is *issuer) { is.keys.Store(new("<html>")) },
		"no keys":          func(is *issuer) { is.keys.Store(new(`{"keys":[]}`)) },
		"no list":          func(is *issuer) { is.keys.Store(new(`{}`)) },
		"a megabyte":       func(is *issuer) { is.keys.Store(new(`{"keys":[` + strings.Repeat(" ", 1<<20) + `]}`)) },
		"keys that follow": func(is *issuer) { is.keys.Store(new(string(is.ring.Load().JWKS()) + "{}")) },
	} {
		t.Run(name, func(t *testing.T) {
			is, now := newIssuer(t), newClock()
			g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
			raw := is.mint(t, now, map[string]any{"exp": now.now().Add(100 * time.Hour).Unix()})
			if _, err := g.Verify(t.Context(), raw); err != nil {
				t.Fatal(err)
			}
			fail(is)
			for range 23 {
				now.advance(time.Hour)
				if _, err := g.Verify(t.Context(), raw); err != nil {
					t.Fatal(err)
				}
			}
			now.advance(time.Hour)
			if _, err := g.Verify(t.Context(), raw); !errors.Is(err, bearer.ErrNoKeys) {
				t.Errorf("after a day: %v", err)
			}
			now.advance(-24 * time.Hour) // the clock is set back
			is.down.Store(false)
			is.keys.Store(nil)
			eventually(t, "the keys are not renewed", func() bool {
				n := is.fetches.Load()
				if _, err := g.Verify(t.Context(), raw); err != nil {
					t.Fatal(err)
				}
				now.advance(10 * time.Second)
				return is.fetches.Load() > n
			})
		})
	}
}

// Metadata that are not the issuer's own, or lead where keys must not come from.
func TestMetadata(t *testing.T) {
	for name, members := range map[string]map[string]any{
		"another issuer's":    {"issuer": "https://id.example"},
		"no issuer":           {"issuer": ""},
		"keys by http":        {"jwks_uri": "http://id.example/keys"},
		"keys in a file":      {"jwks_uri": "file:///etc/passwd"},
		"no keys":             {"jwks_uri": ""},
		"keys a number":       {"jwks_uri": 1},
		"questions over http": {"introspection_endpoint": "http://id.example/introspect"},
	} {
		t.Run(name, func(t *testing.T) {
			is, now := newIssuer(t), newClock()
			is.document.Store(&members)
			g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
			if _, err := g.Verify(t.Context(), is.mint(t, now, nil)); !errors.Is(err, bearer.ErrNoKeys) {
				t.Error(err)
			}
			if n := is.fetches.Load(); n != 0 {
				t.Errorf("%d fetches of keys", n)
			}
		})
	}
}

// Keys are not fetched from where a redirect leads.
func TestRedirectIsNotFollowed(t *testing.T) {
	is, now := newIssuer(t), newClock()
	is.document.Store(&map[string]any{"jwks_uri": is.URL + "/moved"})
	inner := is.Config.Handler
	is.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/keys", http.StatusFound)
			return
		}
		inner.ServeHTTP(w, r)
	})
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
	if _, err := g.Verify(t.Context(), is.mint(t, now, nil)); !errors.Is(err, bearer.ErrNoKeys) || is.fetches.Load() != 0 {
		t.Errorf("%v, %d fetches", err, is.fetches.Load())
	}
}

// When the program's context ends, so does the fetching, and nothing else.
func TestContextEndsFetching(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	g, err := bearer.New(ctx, s.issuer, bearer.Config{Clients: []string{hubtest.ClientID}, Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	raw := s.mint(t, token.TypeNone, map[string]any{"exp": s.Now().Add(24 * time.Hour).Unix()})
	if _, err := g.Verify(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	cancel()
	s.Advance(time.Hour)
	for range 100 {
		if _, err := g.Verify(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
	}
}
