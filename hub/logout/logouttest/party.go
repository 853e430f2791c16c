package logouttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Config describes a party. Issuer and ClientID must be there.
type Config struct {
	Address  string // to listen on; empty: a free port of 127.0.0.1
	Issuer   string // of the hub
	ClientID string // that the party is to the hub

	// Keys returns the hub's JWK set as JSON. Nil: it is found by discovery
	// (OpenID Connect Discovery §4), with HTTP.
	Keys       func(ctx context.Context) ([]byte, error)
	HTTP       *http.Client     // nil: one that waits for 5 seconds
	Algorithms []string         // of logout tokens; empty: RS256, PS256, ES256 and EdDSA
	Now        func() time.Time // by which tokens are judged; nil: time.Now
}

// TB is the part of testing.TB that New uses; the package does not import
// testing, so programs may import it.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Party is a running relying party. All methods are safe for concurrent use.
type Party struct {
	cfg     Config
	address string
	done    chan struct{}

	mu        sync.Mutex
	server    *http.Server // nil: nobody listens
	behaviour Behaviour
	change    int // counts Behave, so that an old timer does not end a newer behaviour
	words     []Word
	more      chan struct{} // closed when words grow
	ids       map[string]bool
	keys      *jose.JSONWebKeySet
}

// New starts a party that ends with the test.
func New(t TB, cfg Config) *Party {
	t.Helper()
	p, err := Start(cfg)
	if err != nil {
		t.Fatalf("logouttest: %v", err)
		return nil
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// Start starts a party; Close ends it.
func Start(cfg Config) (*Party, error) {
	if cfg.Issuer == "" || cfg.ClientID == "" {
		return nil, errors.New("logouttest: Config lacks Issuer or ClientID")
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 5 * time.Second}
	}
	if len(cfg.Algorithms) == 0 {
		cfg.Algorithms = []string{"RS256", "PS256", "ES256", "EdDSA"}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p := &Party{cfg: cfg, address: cfg.Address, done: make(chan struct{}), more: make(chan struct{}), ids: map[string]bool{}}
	if p.address == "" {
		p.address = "127.0.0.1:0"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.listen(); err != nil {
		return nil, err
	}
	return p, nil
}

// listen begins to listen, always at the same address once that is known.
func (p *Party) listen() error {
	socket, err := net.Listen("tcp", p.address)
	if err != nil {
		return fmt.Errorf("listen for the relying party: %w", err)
	}
	p.address = socket.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+backPath, p.back)
	mux.HandleFunc("GET "+frontPath, p.front)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	p.server = server
	go func() {
		_ = server.Serve(socket)
		_ = socket.Close() // Serve may have found the server closed already
	}()
	return nil
}

// Close ends the party and all connections, hanging ones too.
func (p *Party) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return nil
	default:
		close(p.done)
	}
	p.change++
	return p.shut()
}

func (p *Party) shut() error {
	if p.server == nil {
		return nil
	}
	server := p.server
	p.server = nil
	if err := server.Close(); err != nil {
		return fmt.Errorf("close the relying party: %w", err)
	}
	return nil
}

const (
	backPath  = "/backchannel-logout"
	frontPath = "/frontchannel-logout"
)

// BackchannelURI is the party's backchannel_logout_uri.
func (p *Party) BackchannelURI() string { return p.uri(backPath) }

// FrontchannelURI is the party's frontchannel_logout_uri.
func (p *Party) FrontchannelURI() string { return p.uri(frontPath) }

func (p *Party) uri(path string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return "http://" + p.address + path
}

// ClientID is what the party is to the hub.
func (p *Party) ClientID() string { return p.cfg.ClientID }

// Words are all that the party heard so far, oldest first.
func (p *Party) Words() []Word {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.words)
}

// Wait waits until the party has heard n words since it began, and returns all
// of them; the error is ctx's, with those that came.
func (p *Party) Wait(ctx context.Context, n int) ([]Word, error) {
	for {
		p.mu.Lock()
		words, more := slices.Clone(p.words), p.more
		p.mu.Unlock()
		if len(words) >= n {
			return words, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return words, fmt.Errorf("%s heard %d of %d words: %w", p.cfg.ClientID, len(words), n, ctx.Err())
		}
	}
}

func (p *Party) note(w Word) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.words = append(p.words, w)
	close(p.more)
	p.more = make(chan struct{})
}
