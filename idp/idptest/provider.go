package idptest

import (
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config describes a provider. The zero value is useful.
type Config struct {
	Address      string                // to listen on; empty: a free port of 127.0.0.1
	TLS          bool                  // serve https, with a certificate that Roots trusts
	Issuer       string                // empty: http:// (https:// with TLS), the address, and Path
	Path         string                // of an issuer that is not given
	ClientID     string                // empty: "client"
	ClientSecret string                // empty: "secret"; PublicClient for none
	PublicClient bool                  // the client has no secret
	Authenticate func(url.Values) bool // judges a token request by its form, instead of by the secret
	RedirectURIs []string              // empty: any is accepted
	Algorithm    string                // of ID tokens; empty: RS256
	Users        []User                // empty: one with subject "alice"
	Choose       bool                  // show a page to choose a user by, instead of approving for the first at once
	Thin         bool                  // ID tokens carry no claims of the user's: they are at userinfo only
	NoIss        bool                  // neither promise nor send iss in authorization responses (RFC 9207)
	Lifetime     time.Duration         // of ID and access tokens; zero: 5 minutes
	Now          func() time.Time      // nil: time.Now

	NoLogout               bool         // promise no sign-out of any kind, and answer 404 at end_session
	PostLogoutRedirectURIs []string     // empty: any is accepted
	BackchannelLogoutURI   string       // of the relying party, told of each session that ends; SetLogoutURIs changes it
	FrontchannelLogoutURI  string       // likewise, loaded in a frame by the page that end_session shows then
	Client                 *http.Client // that delivers logout tokens; nil: one that trusts Roots and waits 5 seconds
}

// User is somebody who can sign in. Claims are returned as they are, all of them, whatever the scope.
type User struct {
	Subject   string
	Claims    map[string]any
	SessionID string    // sid of ID tokens; empty: one for each sign-in
	AuthTime  time.Time // zero: the moment of the request
}

// TB is the part of testing.TB that New uses; the package does not import testing, so programs may import it.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Provider is a running provider. All methods are safe for concurrent use.
type Provider struct {
	cfg    Config
	server *http.Server
	socket net.Listener
	done   chan struct{}

	mu       sync.Mutex
	hooks    Hooks
	users    []User
	faults   map[Endpoint]*Fault
	requests []Request
	counts   map[Endpoint]int
	codes    shelf
	tokens   shelf // access tokens
	sessions sessions
	notices  []Notice
	keys     []Key // published; the last one signs
	past     []Key // that were; hints may be older than a rotation
	keyCount int
}

// Hooks change the answers of a provider. Each runs with the finished answer just before it is sent, without locks
// held; nil ones are skipped.
type Hooks struct {
	Discovery func(map[string]any)
	JWKS      func(map[string]any)
	Callback  func(url.Values)     // parameters of the authorization response
	Token     func(map[string]any) // the token response
	IDToken   func(*Token)
	UserInfo  func(map[string]any)
	Signing   func() // before an ID token is made: a place to rotate keys

	LogoutToken func(*Token)
	PostLogout  func(url.Values) bool // parameters of the return from end_session; false: a page instead, and no return
}

// New starts a provider that ends with the test.
func New(t TB, cfg Config) *Provider {
	t.Helper()
	p, err := Start(cfg)
	if err != nil {
		t.Fatalf("idptest: %v", err)
		return nil
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// Start starts a provider; Close ends it.
func Start(cfg Config) (*Provider, error) {
	address := cfg.Address
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for the test provider: %w", err)
	}
	if cfg.Issuer == "" {
		cfg.Issuer = "http://" + listener.Addr().String()
		if cfg.TLS {
			cfg.Issuer = "https://" + listener.Addr().String()
		}
		cfg.Issuer += cfg.Path
	}
	if cfg.ClientID == "" {
		cfg.ClientID = "client"
	}
	if cfg.ClientSecret == "" && !cfg.PublicClient {
		cfg.ClientSecret = "secret"
	}
	if cfg.Algorithm == "" {
		cfg.Algorithm = "RS256"
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = 5 * time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if len(cfg.Users) == 0 {
		cfg.Users = []User{{Subject: "alice", Claims: map[string]any{"name": "Alice Example", "email": "alice@upstream.example", "email_verified": true}}}
	}
	p := &Provider{
		cfg: cfg, socket: listener, done: make(chan struct{}), users: slices.Clone(cfg.Users),
		faults: map[Endpoint]*Fault{}, counts: map[Endpoint]int{},
	}
	key, err := NewKey(cfg.Algorithm, 1)
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	p.keys, p.keyCount = []Key{key}, 1
	p.server = &http.Server{Handler: p.routes(), ReadHeaderTimeout: 10 * time.Second}
	if cfg.TLS {
		if p.server.TLSConfig, err = serverTLS(); err != nil {
			_ = listener.Close()
			return nil, err
		}
		p.server.ErrorLog = log.New(io.Discard, "", 0) // handshakes that callers break off are meant
		go func() { _ = p.server.ServeTLS(listener, "", "") }()
		return p, nil
	}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

// Close ends the provider and all connections, hanging ones too.
func (p *Provider) Close() error {
	p.mu.Lock()
	select {
	case <-p.done:
	default:
		close(p.done)
	}
	p.mu.Unlock()
	_ = p.server.Close()
	// Serve may not have taken the listener over yet; closing it twice does no harm.
	if err := p.socket.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the test provider: %w", err)
	}
	return nil
}

// Issuer is the provider's issuer; its endpoints lie under it.
func (p *Provider) Issuer() string { return p.cfg.Issuer }

// ClientID is the id of its one client.
func (p *Provider) ClientID() string { return p.cfg.ClientID }

// ClientSecret is the client's secret, empty for a public client.
func (p *Provider) ClientSecret() string { return p.cfg.ClientSecret }

// URL is the address of an endpoint.
func (p *Provider) URL(e Endpoint) string { return strings.TrimSuffix(p.cfg.Issuer, "/") + paths[e] }

// SetUser makes this the only user, signed in by every request from now on.
func (p *Provider) SetUser(u User) { p.SetUsers(u) }

// SetUsers replaces the users. Without Config.Choose the one whose subject or e-mail equals login_hint is signed in,
// else the first.
func (p *Provider) SetUsers(users ...User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users = slices.Clone(users)
}

// SetHooks replaces all hooks.
func (p *Provider) SetHooks(h Hooks) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hooks = h
}

func (p *Provider) hook() Hooks {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hooks
}

// claims is a copy that a hook may change.
func (u User) claims() map[string]any {
	c := maps.Clone(u.Claims)
	if c == nil {
		c = map[string]any{}
	}
	return c
}
