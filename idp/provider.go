package idp

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// Provider is one upstream, seen by its relying party. It is safe for concurrent use; it keeps metadata, keys and the
// state of its circuits in memory, so one Provider serves a configuration for as long as that stands.
type Provider struct {
	cfg      Config
	client   *http.Client
	now      func() time.Time
	explicit *Metadata // when there is nothing to discover
	made     madeSecret
	metadata cached[*Metadata]
	keys     cached[*keySet]
	token    breaker
	userinfo breaker
	signOut  breaker      // the end_session endpoint
	answered atomic.Int64 // when that answered last, in Unix nanoseconds
}

// New checks the configuration and makes no request. hc is the client to use, normally one of outbound.New; nil means
// outbound.New with the zero Policy. A client that has no redirect rule is given outbound's. now is the clock, nil for
// time.Now. The error joins everything that is wrong with cfg.
func New(cfg Config, hc *http.Client, now func() time.Time) (*Provider, error) {
	if hc == nil {
		var err error
		if hc, err = outbound.New(outbound.Policy{}); err != nil {
			return nil, err
		}
	}
	client := *hc
	if client.CheckRedirect == nil {
		client.CheckRedirect = outbound.CheckRedirect
	}
	if now == nil {
		now = time.Now
	}
	cfg.Scopes, cfg.Algorithms, cfg.Parameters = slices.Clone(cfg.Scopes), slices.Clone(cfg.Algorithms), maps.Clone(cfg.Parameters)
	cfg.Tenants = slices.Clone(cfg.Tenants)
	if err := cfg.check(&client); err != nil {
		return nil, fmt.Errorf("provider %q: %w", cfg.Name, err)
	}
	p := &Provider{cfg: cfg, client: &client, now: now}
	// Less than a caller waits, so that the caller hears what happened and not only that time ran out.
	patience := cfg.Timeout - cfg.Timeout/4
	p.metadata = cached[*Metadata]{step: StepDiscovery, fetch: p.fetchMetadata, now: now, timeout: patience, stale: p.stale}
	p.keys = cached[*keySet]{step: StepKeys, fetch: p.fetchKeys, now: now, timeout: patience, stale: p.stale}
	if !cfg.discovers() {
		p.explicit = &Metadata{Issuer: cfg.Issuer}
		p.overlay(p.explicit)
	}
	return p, nil
}

// Name is the configured name.
func (p *Provider) Name() string { return p.cfg.Name }

// Issuer is the configured issuer; of many tenants, the pattern of theirs.
func (p *Provider) Issuer() string { return p.cfg.Issuer }

// Health is the state of a provider as its relying party knows it, for consoles and metrics. A silent end_session
// endpoint is no part of it: people can sign in all the same.
type Health struct {
	Metadata time.Time // when they were fetched; zero: not yet, or never needed
	Keys     time.Time // likewise
	Failure  *Error    // the latest failure that no success has followed; nil if all is well as far as known
}

// Health makes no request.
func (p *Provider) Health() Health {
	var h Health
	var failures [4]*Error
	h.Metadata, failures[0] = p.metadata.health()
	h.Keys, failures[1] = p.keys.health()
	failures[2], failures[3] = p.token.health(), p.userinfo.health()
	for _, e := range failures {
		if e != nil {
			h.Failure = e
			_ = p.finish(e, &trace{})
		}
	}
	return h
}

func (p *Provider) stale(e *Error) {
	_ = p.finish(e, &trace{})
	if p.cfg.Stale != nil {
		p.cfg.Stale(e)
	}
}

// still is the client with no redirect followed.
func (p *Provider) still() *http.Client {
	c := *p.client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// finish completes an error on its way out.
func (p *Provider) finish(e *Error, t *trace) error {
	e.Provider = p.cfg.Name
	e.Calls = t.calls
	if e.Mend == "" {
		e.Mend = p.mend(e)
	}
	// A circuit's error holds the failure that opened it; that one goes out as well.
	var inner *Error
	if errors.As(e.Cause, &inner) && inner.Provider == "" {
		c := inner.copy()
		c.Provider = p.cfg.Name
		e.Cause = c
	}
	return e
}
