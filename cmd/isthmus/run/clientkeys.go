package run

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// How long keys behind a client's jwks_uri serve, and how soon they may be
// fetched again when they did not do.
const (
	clientKeysLife  = 10 * time.Minute
	clientKeysPause = 30 * time.Second
	// maxClientKeys bounds the addresses that are remembered: a client that
	// registered itself may change its own as often as it likes.
	maxClientKeys = 4096
)

// clientKeys are the keys that clients publish themselves. One fetch per address
// is under way at a time; keys that cannot be renewed go on serving.
type clientKeys struct {
	client *http.Client
	now    func() time.Time

	mu   sync.Mutex
	sets map[string]*clientKeySet
}

type clientKeySet struct {
	mu      sync.Mutex
	keys    *proof.Keys
	fetched time.Time // or tried
}

func newClientKeys(client *http.Client, now func() time.Time) *clientKeys {
	return &clientKeys{client: client, now: now, sets: map[string]*clientKeySet{}}
}

// fetch returns the keys behind an address that the configuration or a client's
// registration names.
func (c *clientKeys) fetch(ctx context.Context, uri string, anew bool) (*proof.Keys, error) {
	c.mu.Lock()
	set := c.sets[uri]
	if set == nil {
		if len(c.sets) >= maxClientKeys {
			clear(c.sets)
		}
		set = &clientKeySet{}
		c.sets[uri] = set
	}
	c.mu.Unlock()

	set.mu.Lock()
	defer set.mu.Unlock()
	age := c.now().Sub(set.fetched)
	if set.keys != nil && (age < clientKeysPause || age < clientKeysLife && !anew) {
		return set.keys, nil
	}
	if set.keys == nil && age < clientKeysPause && !set.fetched.IsZero() {
		return nil, fmt.Errorf("keys of the client at %s could not be fetched a moment ago", uri)
	}
	set.fetched = c.now()
	keys, err := c.get(ctx, uri)
	if err != nil {
		if set.keys != nil {
			return set.keys, nil
		}
		return nil, err
	}
	set.keys = keys
	return keys, nil
}

func (c *clientKeys) get(ctx context.Context, uri string) (*proof.Keys, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("keys of the client at %s: %w", uri, err)
	}
	body, err := outbound.ReadAll(res, proof.MaxJWKS)
	if err != nil {
		return nil, fmt.Errorf("keys of the client at %s: %w", uri, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("keys of the client at %s: status %d", uri, res.StatusCode)
	}
	return proof.ParseKeys(body)
}
