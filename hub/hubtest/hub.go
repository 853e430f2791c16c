package hubtest

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/hub/store/storetest"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/idp/outbound"
	"github.com/isthmus-hub/isthmus/mapping"
)

// The client, the pool and the user that every hub of this package begins with.
const (
	Issuer       = "http://hub.test"
	ClientID     = "app"
	ClientSecret = "app-secret-0123456789-0123456789"
	Callback     = "http://localhost:3000/callback"
	LogoutURL    = "http://localhost:3000/"
	PublicID     = "spa"
	Username     = "ana"
	Password     = "Corr3ct-Horse"
)

// Cost is the cheapest password hash; tests are about rules, not about time.
var Cost = directory.Cost{Memory: 64, Time: 1}

// Hub is a hub with one pool. Change Pool before it is used, not after.
type Hub struct {
	Pool      *hub.Pool
	Directory *directory.Directory
	SignIn    *signin.Service
	Logout    *logout.Service // tells clients from the first logout on
	Outbound  *http.Client
	Path      string           // of the store's file
	Faults    *storetest.Fault // of NewFaulty; nil otherwise

	t      testing.TB
	store  *store.Store
	tell   sync.Once
	mu     sync.Mutex
	now    time.Time
	events []hub.Event
	pools  []*hub.Pool
}

// New makes a hub with a pool, a confidential client, a public one, and the user
// Username. It ends with the test.
func New(t testing.TB) *Hub {
	t.Helper()
	return start(t, nil)
}

// NewFaulty makes a hub like New's whose storage calls can be made to fail, by
// Faults. Its transactions run once, or a fault could hit an attempt that is
// dropped anyway.
func NewFaulty(t testing.TB) *Hub {
	t.Helper()
	return start(t, &storetest.Fault{})
}

func start(t testing.TB, faults *storetest.Fault) *Hub {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hub.db")
	engine, err := bolt.Open(path, bolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &Hub{
		t: t, Path: path, Directory: directory.New(Cost), Faults: faults,
		now: time.Now().UTC().Truncate(time.Second),
	}
	h.SignIn = signin.New(h.Directory)
	unkind := storetest.Twice(engine)
	if faults != nil {
		faults.Engine = engine
		unkind = faults
	}
	if h.store, err = store.Open(t.Context(), unkind, h.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.store.Close() })
	if h.Outbound, err = outbound.New(outbound.Policy{Allow: []string{"127.0.0.1", "localhost"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Outbound.CloseIdleConnections)
	h.Logout = logout.New(logout.Options{Post: outbound.Poster(h.Outbound)})
	h.Pool = h.AddPool("master", Issuer)
	h.AddUser(h.Pool, Username, directory.NewUser{Password: Password, Attributes: mapping.Attributes{
		"email": "ana@corp.example", "email_verified": "true", "given_name": "Ana", "family_name": "Berg",
	}})
	return h
}

// AddPool makes another pool on the same store, with the same two clients.
func (h *Hub) AddPool(name, issuer string) *hub.Pool {
	h.t.Helper()
	schema, err := mapping.NewSchema([]string{"email"}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	p := &hub.Pool{
		Name: name, Issuer: issuer, Schema: schema, Brand: hub.Brand{Title: "Master"},
		SessionLife: time.Hour, InteractionLife: 10 * time.Minute, CodeLife: time.Minute,
		PasswordPolicy: hub.PasswordPolicy{MinimumLength: 8, Upper: true, Lower: true, Number: true, TemporaryLife: 24 * time.Hour},
		Space:          h.store.Space(name), Secrets: hub.NewSecrets(seal.Generate(), name),
		Now: h.Now, Log: slog.New(slog.DiscardHandler), Record: h.record, Ended: h.ended,
	}
	h.mu.Lock()
	h.pools = append(h.pools, p)
	h.mu.Unlock()
	client := hub.Client{
		ID: ClientID, Name: "Expenses", Secrets: []hub.SecretHash{hub.HashSecret(ClientSecret)},
		CallbackURLs: []string{Callback}, LogoutURLs: []string{LogoutURL}, Flows: []string{"code"},
		Scopes: oauth.Scope{"openid", "email", "profile", "phone"}, Providers: []string{hub.Local},
		AccessLife: time.Hour, IDLife: time.Hour, RefreshLife: 30 * 24 * time.Hour, Grace: 10 * time.Second,
	}
	public := client
	public.ID, public.Secrets, public.Public, public.Rotation = PublicID, nil, true, true
	p.Clients = map[string]*hub.Client{client.ID: &client, public.ID: &public}
	if p.Registered, err = hub.OpenRegistrations(context.Background(), p.Space); err != nil {
		h.t.Fatal(err)
	}
	if p.Samples, err = hub.OpenSamples(context.Background(), p.Space, p.Secrets.Samples); err != nil {
		h.t.Fatal(err)
	}
	rotation := token.Rotation{Algorithms: []token.Algorithm{token.ES256}, Ahead: time.Minute, Keep: time.Hour}
	if p.Keys, err = hub.OpenKeys(context.Background(), p.Space, p.Secrets.Signing, rotation); err != nil {
		h.t.Fatal(err)
	}
	return p
}

// ended has the clients of a session told, by a service that runs from the first
// time on until the test ends. It would run into the faults of NewFaulty's store
// beside whatever is tested, so there it does not.
func (h *Hub) ended() {
	if h.Faults != nil {
		return
	}
	h.tell.Do(func() {
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.Logout.Run(ctx, func() []*hub.Pool {
				h.mu.Lock()
				defer h.mu.Unlock()
				return slices.Clone(h.pools)
			})
		}()
		h.t.Cleanup(func() { stop(); <-done })
	})
	h.Logout.Wake()
}

// AddUser makes a user of the pool's own.
func (h *Hub) AddUser(p *hub.Pool, name string, n directory.NewUser) *hub.User {
	h.t.Helper()
	n.Username = name
	u, err := h.Directory.Create(context.Background(), p, n)
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

// Link makes a scripted upstream a provider of a pool, under a name, enabled for
// every client, with a mapping of e-mail, family name, and the given rules.
func (h *Hub) Link(p *hub.Pool, name string, up *idptest.Provider, rules ...mapping.Rule) *hub.Provider {
	h.t.Helper()
	all := []mapping.Rule{
		{Attribute: "email", From: []string{"email"}},
		{Attribute: "email_verified", From: []string{"email_verified"}},
		{Attribute: "given_name", From: []string{"given_name"}},
	}
	compiled, err := mapping.Compile(p.Schema, append(all, rules...))
	if err != nil {
		h.t.Fatal(err)
	}
	upstream, err := idp.New(idp.Config{
		Name: name, Issuer: up.Issuer(), ClientID: up.ClientID(), ClientSecret: up.ClientSecret(),
		RedirectURI: p.CallbackURL(), PostLogoutRedirectURI: p.PostLogoutURL(), Scopes: []string{"openid", "email"}, ForwardLoginHint: true, Timeout: 5 * time.Second,
	}, h.Outbound, h.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	provider := &hub.Provider{
		Name: name, Label: "Sign in with your corporate ID", Type: "OIDC", Enabled: true, Creates: true, Group: true, Mapping: compiled, Upstream: upstream,
		Samples: hub.Sampling{Keep: 50, For: 7 * 24 * time.Hour},
	}
	p.Providers = append(p.Providers, provider)
	for _, c := range p.Clients {
		c.Providers = append(c.Providers, name)
	}
	return provider
}

// Now is the hub's clock.
func (h *Hub) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// Advance moves the clock.
func (h *Hub) Advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *Hub) record(e hub.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// Events are the events of that name so far, oldest first; of every name if it
// is empty.
func (h *Hub) Events(name hub.EventName) []hub.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []hub.Event
	for _, e := range h.events {
		if name == "" || e.Name == name {
			list = append(list, e)
		}
	}
	return list
}

// User finds a user of a pool by sub or name; nil when there is none.
func (h *Hub) User(p *hub.Pool, name string) *hub.User {
	u, err := directory.Get(context.Background(), p, name)
	if err != nil {
		return nil
	}
	return u
}

// Users are all users of a pool.
func (h *Hub) Users(p *hub.Pool) []*hub.User {
	h.t.Helper()
	users, _, err := directory.List(context.Background(), p, "", 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	return users
}

// Authorization is a good authorization request of the confidential client, with
// changes: name and value in turn; an empty value takes the parameter away.
func Authorization(changes ...string) url.Values {
	v := url.Values{
		"response_type": {"code"}, "client_id": {ClientID}, "redirect_uri": {Callback}, "scope": {"openid email"},
		"state": {"state-of-the-app"}, "nonce": {"nonce-of-the-app"},
		"code_challenge": {oauth.Challenge(Verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			v.Del(changes[i])
		} else {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

// Verifier is the PKCE verifier of Authorization.
const Verifier = "a-verifier-of-at-least-forty-three-characters"
