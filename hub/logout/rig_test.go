package logout_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// rig is a store with pools whose clients are called by a function: how they
// answer is the test's to say. Its clock is time.Now, so that it lives in a
// bubble of synctest as well.
type rig struct {
	*testing.T
	store   *store.Store
	pools   []*hub.Pool
	service *logout.Service
	stop    func() // Run ends

	mu      sync.Mutex
	calls   []call
	running map[string]int // calls by client
	most    map[string]int // at the same time
}

// call is one call to a client.
type call struct {
	client string
	token  string
	at     time.Time
}

// answer is how a client answers: a status, or why there is none.
type answer func(ctx context.Context, client string) (status int, err error)

func fine(context.Context, string) (int, error) { return 200, nil }

func hang(ctx context.Context, _ string) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// newRig opens a store with one pool. The caller closes it, inside its bubble.
func newRig(t *testing.T, o bolt.Options) *rig {
	t.Helper()
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "hub.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, running: map[string]int{}, most: map[string]int{}, stop: func() {}}
	if r.store, err = store.Open(t.Context(), engine, time.Now); err != nil {
		t.Fatal(err)
	}
	r.pool("master")
	return r
}

func (r *rig) close() {
	r.stop()
	if err := r.store.Close(); err != nil {
		r.Error(err)
	}
}

func (r *rig) pool(name string) *hub.Pool {
	r.Helper()
	p := &hub.Pool{
		Name: name, Issuer: "http://" + name + ".test", SessionLife: time.Hour, CodeLife: time.Minute, Clients: map[string]*hub.Client{},
		Space: r.store.Space(name), Secrets: hub.NewSecrets(seal.Generate(), name), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Record: func(hub.Event) {}, Ended: func() { r.service.Wake() },
	}
	var err error
	rotation := token.Rotation{Algorithms: []token.Algorithm{token.ES256}, Ahead: time.Minute, Keep: time.Hour}
	if p.Keys, err = hub.OpenKeys(r.Context(), p.Space, p.Secrets.Signing, rotation); err != nil {
		r.Fatal(err)
	}
	r.pools = append(r.pools, p)
	return p
}

// clients adds n clients, named by a prefix and a number.
func (r *rig) clients(p *hub.Pool, prefix string, n int) (ids []string) {
	for i := range n {
		id := fmt.Sprintf("%s%02d", prefix, i)
		p.Clients[id] = &hub.Client{ID: id, Name: id, BackchannelLogoutURI: "http://" + id + ".test/out", RefreshLife: time.Hour}
		ids = append(ids, id)
	}
	return ids
}

// run has clients told from now on, and answer by the prefix of their names.
func (r *rig) run(answers map[string]answer) {
	post := func(ctx context.Context, uri string, form url.Values) (int, []byte, error) {
		u, err := url.Parse(uri)
		if err != nil {
			return 0, nil, err
		}
		client := strings.TrimSuffix(u.Host, ".test")
		r.mu.Lock()
		r.calls = append(r.calls, call{client, form.Get("logout_token"), time.Now()})
		r.running[client]++
		r.most[client] = max(r.most[client], r.running[client])
		r.mu.Unlock()
		defer func() {
			r.mu.Lock()
			r.running[client]--
			r.mu.Unlock()
		}()
		status, err := answers[strings.TrimRight(client, "0123456789")](ctx, client)
		return status, nil, err
	}
	r.runWith(logout.Options{Post: post})
}

func (r *rig) runWith(o logout.Options) {
	r.service = logout.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.service.Run(ctx, func() []*hub.Pool { return r.pools })
	}()
	r.stop = sync.OnceFunc(func() { cancel(); <-done })
}

// sessions makes n sessions of a person that these clients share, and returns
// their ids and cookies.
func (r *rig) sessions(p *hub.Pool, sub string, n int, clients []string) (ids, cookies []string) {
	r.Helper()
	for part := range slices.Chunk(make([]struct{}, n), 100) {
		err := p.Space.Update(r.Context(), func(tx *store.Tx) error {
			for range part {
				id, key, secret := hub.NewSessionID(tx.Now)
				s := &hub.Session{ID: id, Secret: secret, Entry: hub.Entry{Sub: sub, AuthTime: tx.Now, Began: tx.Now}, Expires: tx.Now.Add(p.SessionLife)}
				s.Kept = s.Expires
				for _, c := range clients {
					s.Clients = append(s.Clients, hub.SessionClient{ID: c, Until: s.Expires})
				}
				if err := hub.Sessions.Create(tx, s); err != nil {
					return err
				}
				ids, cookies = append(ids, id), append(cookies, hub.SessionCookie(id, key))
			}
			return nil
		})
		if err != nil {
			r.Fatal(err)
		}
	}
	return ids, cookies
}

// end ends all sessions of a person.
func (r *rig) end(p *hub.Pool, sub string) {
	r.Helper()
	if err := hub.EndAll(r.Context(), p, sub, hub.End{Cause: hub.ByAdministrator, By: "root", Visitor: hub.Visitor{Address: netip.MustParseAddr("192.0.2.1")}}); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) record(p *hub.Pool, id string) *hub.Logout {
	r.Helper()
	l, err := logout.Get(r.Context(), p, id)
	if err != nil || l == nil {
		r.Fatalf("no record of %s: %v", id, err)
	}
	return l
}

// outcomes counts the outcomes of the clients' hops of these logouts, by the
// prefix of the client's name.
func (r *rig) outcomes(p *hub.Pool, ids []string) map[string]int {
	counts := map[string]int{}
	for _, id := range ids {
		for _, h := range r.record(p, id).Hops {
			counts[strings.TrimRight(h.ClientID, "0123456789")+" "+string(h.Outcome)]++
		}
	}
	return counts
}

// heard is when each client with a prefix was called, in order.
func (r *rig) heard(prefix string) (list []call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.calls {
		if strings.TrimRight(c.client, "0123456789") == prefix {
			list = append(list, c)
		}
	}
	return list
}
