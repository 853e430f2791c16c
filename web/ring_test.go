package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/mapping"
)

// link is a hub of a ring: the next one is its provider, and the one before it is
// its client.
type link struct {
	*hubtest.Hub
	server  *httptest.Server
	session string // id of the person's

	mu     sync.Mutex
	tokens int // logout tokens that came from the next
}

const upstreamName = "Next"

// newRing makes hubs that are upstream of each other, over real HTTP.
func newRing(t *testing.T, n int) []*link {
	t.Helper()
	ring := make([]*link, n)
	for i := range ring {
		l := &link{Hub: hubtest.New(t)}
		ring[i] = l
		s := serve(t, l.Hub)
		l.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/logout/backchannel/") {
				l.mu.Lock()
				l.tokens++
				l.mu.Unlock()
			}
			s.server.ServeHTTP(w, r)
		}))
		t.Cleanup(l.server.Close)
		l.Pool.Issuer = l.server.URL
		if err := s.server.Mount([]*hub.Pool{l.Pool}); err != nil {
			t.Fatal(err)
		}
	}
	for i, l := range ring {
		next, before := ring[(i+1)%n], ring[(i+n-1)%n]
		upstream, err := idp.New(idp.Config{
			Name: upstreamName, Issuer: next.Pool.Issuer, ClientID: clientOf(i), ClientSecret: hubtest.ClientSecret, RedirectURI: l.Pool.CallbackURL(),
			PostLogoutRedirectURI: l.Pool.PostLogoutURL(), Scopes: []string{"openid"}, Timeout: 5 * time.Second,
		}, l.Outbound, l.Now)
		if err != nil {
			t.Fatal(err)
		}
		compiled, err := mapping.Compile(l.Pool.Schema, []mapping.Rule{{Attribute: "email", From: []string{"email"}}})
		if err != nil {
			t.Fatal(err)
		}
		l.Pool.Providers = append(l.Pool.Providers, &hub.Provider{Name: upstreamName, Type: "OIDC", Enabled: true, Mapping: compiled, Upstream: upstream})
		c := *l.Pool.Clients[hubtest.ClientID]
		c.ID = clientOf((i + n - 1) % n)
		c.CallbackURLs, c.LogoutURLs = []string{before.Pool.CallbackURL()}, []string{before.Pool.PostLogoutURL()}
		c.BackchannelLogoutURI = before.Pool.URL("/logout/backchannel/" + upstreamName)
		l.Pool.Clients[c.ID] = &c
	}
	for i := range ring {
		ring[i].signIn(t, i, ring)
	}
	return ring
}

// clientOf is what the i-th hub is to its provider.
func clientOf(i int) string { return fmt.Sprintf("hub%d", i) }

// signIn gives the person a session that began at the next hub, and that the one
// before has a part in.
func (l *link) signIn(t *testing.T, i int, ring []*link) {
	t.Helper()
	if l.session == "" {
		for _, other := range ring {
			other.session, _, _ = hub.NewSessionID(other.Now())
		}
	}
	n := len(ring)
	u, next := l.User(l.Pool, hubtest.Username), ring[(i+1)%n]
	upstream := hub.Link{Provider: upstreamName, Issuer: next.Pool.Issuer, Subject: next.User(next.Pool, hubtest.Username).Sub}
	err := l.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		s := &hub.Session{
			ID: l.session, Secret: []byte("no browser has it"), UpstreamSID: hub.SID(next.session, clientOf(i)), Expires: tx.Now.Add(time.Hour), Kept: tx.Now.Add(time.Hour),
			Entry: hub.Entry{Sub: u.Sub, Provider: upstreamName, Link: upstream.Key(), AuthTime: tx.Now, Began: tx.Now},
		}
		s.Join(l.Pool, clientOf((i+n-1)%n), tx.Now.Add(time.Hour))
		return hub.Sessions.Create(tx, s)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Hubs that are upstream of each other pass a sign-out round once: whichever it
// begins at, every session ends, every hub gets one token, and each record has
// one attempt for each hop.
func TestA137_Ring(t *testing.T) {
	for _, n := range []int{2, 3} {
		for from := range n {
			t.Run(fmt.Sprintf("%d hubs from %d", n, from), func(t *testing.T) {
				ring := newRing(t, n)
				first := ring[from]
				sub := first.User(first.Pool, hubtest.Username).Sub
				if err := hub.EndAll(t.Context(), first.Pool, sub, hub.End{Cause: hub.ByAdministrator, By: "root"}); err != nil {
					t.Fatal(err)
				}
				records := make([]*hub.Logout, n)
				for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
					over := true
					for i, l := range ring {
						var err error
						if records[i], err = logout.Get(t.Context(), l.Pool, l.session); err != nil {
							t.Fatal(err)
						}
						over = over && records[i] != nil && !records[i].Open()
					}
					if over {
						break
					}
					if time.Now().After(end) {
						t.Fatalf("not over: %+v", records)
					}
				}
				time.Sleep(200 * time.Millisecond) // for one that goes round again
				for i, l := range ring {
					l.mu.Lock()
					if l.tokens != 1 {
						t.Errorf("hub %d got %d logout tokens", i, l.tokens)
					}
					l.mu.Unlock()
					list, _, err := logout.List(t.Context(), l.Pool, logout.Filter{}, "", 10)
					if err != nil || len(list) != 1 {
						t.Errorf("hub %d has %d records, %v", i, len(list), err)
					}
					for _, h := range records[i].Hops {
						if h.ClientID != "" && (h.Outcome != hub.Delivered || len(h.Attempts) != 1) {
							t.Errorf("hub %d: %+v", i, h)
						}
						if h.Provider != "" && i != from {
							t.Errorf("hub %d means to tell its provider what it has from there: %+v", i, h)
						}
					}
				}
			})
		}
	}
}
