package logout_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// parties is one server with a path for each client, which takes down which
// sessions each was told of, and how many calls there were at the same time.
type parties struct {
	*httptest.Server

	mu      sync.Mutex
	told    map[string]map[string]bool // sids by client
	running map[string]int
	most    map[string]int // by client; "" is all of them
}

func newParties(t *testing.T) *parties {
	p := &parties{told: map[string]map[string]bool{}, running: map[string]int{}, most: map[string]int{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *parties) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client := strings.TrimPrefix(r.URL.Path, "/")
	p.count(client, 1)
	defer p.count(client, -1)
	parts := strings.Split(r.PostFormValue("logout_token"), ".")
	var claims struct{ SID, Aud string }
	if payload, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)]); err != nil || json.Unmarshal(payload, &claims) != nil || claims.Aud != client {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch {
	case strings.HasPrefix(client, "hang"):
		<-r.Context().Done()
	case strings.HasPrefix(client, "broken"):
		w.WriteHeader(http.StatusInternalServerError)
	default:
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.told[client] == nil {
			p.told[client] = map[string]bool{}
		}
		p.told[client][claims.SID] = true
	}
}

func (p *parties) count(client string, by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range []string{client, ""} {
		p.running[key] += by
		p.most[key] = max(p.most[key], p.running[key])
	}
}

func (p *parties) live() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sids := range p.told {
		n += len(sids)
	}
	return n
}

// Many sessions end at once, on a store that syncs, and ten of fifty clients are
// dead in one way or another: every other client is told of every session, what
// is under way and what is held in memory stay bounded, and people go on signing
// in. 60 sessions of 50 clients; the bench has 1,000.
func TestA130_ManySessionsAtOnce(t *testing.T) {
	const sessions, alive, hanging, refusing, broken = 60, 40, 4, 3, 3
	r := newRig(t, bolt.Options{})
	defer r.close()
	apps := newParties(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close() // nobody listens there now
	p := r.pools[0]
	clients := slices.Concat(r.clients(p, "alive", alive), r.clients(p, "hang", hanging), r.clients(p, "refuse", refusing), r.clients(p, "broken", broken))
	for id, c := range p.Clients {
		c.BackchannelLogoutURI = apps.URL + "/" + id
		if strings.HasPrefix(id, "refuse") {
			c.BackchannelLogoutURI = "http://" + closed.Addr().String() + "/" + id
		}
	}
	_, cookies := r.sessions(p, "ana", sessions, clients)
	client, err := outbound.New(outbound.Policy{Allow: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	r.runWith(logout.Options{Post: outbound.Poster(client)})

	var peak atomic.Uint64
	before := r.signIns(20, func(n int) bool { return n < 20 }, &peak)
	begun := time.Now()
	var group sync.WaitGroup
	for part := range slices.Chunk(cookies, (sessions+7)/8) {
		group.Go(func() {
			for _, cookie := range part {
				if l, err := r.service.End(t.Context(), p, cookie, hub.Hint{}, hub.End{Cause: hub.ByPerson}); err != nil || l == nil {
					t.Errorf("end: %v", err)
				}
			}
		})
	}
	during := r.signIns(20, func(int) bool { return apps.live() < sessions*alive && time.Since(begun) < time.Minute }, &peak)
	took := time.Since(begun)
	group.Wait()
	if n := apps.live(); n != sessions*alive {
		t.Fatalf("%d of %d told after %s", n, sessions*alive, took)
	}
	apps.mu.Lock()
	defer apps.mu.Unlock()
	for client, most := range apps.most {
		limit := 16
		switch {
		case client == "":
			limit = 16 + 384
		case strings.HasPrefix(client, "hang"):
			limit = 2
		}
		if most > limit {
			t.Errorf("%q: %d calls at the same time, %d are allowed", client, most, limit)
		}
	}
	if most := peak.Load(); most > 200<<20 {
		t.Errorf("heap of %d MiB", most>>20)
	}
	t.Logf("%d sessions of %d clients: every live one told in %s (%.0f deliveries a second), %d calls at most, heap %d MiB at most, sign-in p95 %s before and %s during (%d of them)",
		sessions, len(clients), took.Round(time.Millisecond), sessions*alive/took.Seconds(), apps.most[""], peak.Load()>>20, before[len(before)*95/100], during[len(during)*95/100], len(during))
}

// signIns does what a sign-in does to the store and to the keys, as long as more
// says so and at least as often as it is told, and returns how long each took, in order. On the way it looks
// at the heap.
func (r *rig) signIns(least int, more func(n int) bool, peak *atomic.Uint64) (took []time.Duration) {
	r.Helper()
	p := r.pools[0]
	var m runtime.MemStats
	for n := 0; n < least || more(n); n++ {
		begun := time.Now()
		code := hub.NewID(begun)
		r.sessions(p, "guest", 1, []string{"alive00"})
		err := p.Space.Update(context.Background(), func(tx *store.Tx) error {
			return hub.Codes.Create(tx, &hub.Code{ID: hub.HashCode(code), Expires: tx.Now.Add(time.Minute)})
		})
		if err == nil {
			_, err1 := p.Keys.Ring().Sign([]byte("{}"), token.TypeNone)
			_, err2 := p.Keys.Ring().Sign([]byte("{}"), token.TypeNone)
			err = errors.Join(err1, err2)
		}
		if err != nil {
			r.Error(err)
		}
		took = append(took, time.Since(begun))
		runtime.ReadMemStats(&m)
		peak.Store(max(peak.Load(), m.HeapInuse))
		time.Sleep(5 * time.Millisecond)
	}
	slices.Sort(took)
	return took
}
