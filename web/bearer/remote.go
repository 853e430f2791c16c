package bearer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	refetchGap = 30 * time.Second // between fetches that tokens can provoke
	keysLast   = 24 * time.Hour   // how long keys that can not be renewed still serve
	maxPause   = 30 * time.Second // between attempts while the issuer is down
)

// remote is the KeySource of an issuer's published keys.
type remote struct {
	issuer  string
	client  *http.Client
	now     func() time.Time
	log     *slog.Logger
	refresh time.Duration
	ctx     context.Context // the guard's: fetches are nobody's request in particular

	current atomic.Pointer[snapshot] // nil until the first fetch succeeds
	due     atomic.Int64             // when the next fetch behind a request's back may begin; Unix nanoseconds

	mu       sync.Mutex
	flight   *flight // under way
	forced   time.Time
	failure  error
	failures int
	retry    time.Time // no attempt before
}

// snapshot is what one fetch brought. It does not change.
type snapshot struct {
	keys    *KeySet
	meta    metadata
	fetched time.Time
}

// flight is a fetch that any number of requests wait for. failure is set before
// done is closed.
type flight struct {
	done    chan struct{}
	failure error
}

// newRemote begins the first fetch and does not wait for it.
func newRemote(ctx context.Context, issuer string, c *Config) *remote {
	r := &remote{issuer: issuer, client: c.Client, now: c.Now, log: c.Log, refresh: c.Refresh, ctx: ctx}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.start()
	return r
}

// Verify implements KeySource.
func (r *remote) Verify(ctx context.Context, raw string) ([]byte, Header, error) {
	t, err := parseJWS(raw)
	if err != nil {
		return nil, Header{}, err
	}
	s, err := r.snapshot(ctx)
	if err != nil {
		return nil, Header{}, err
	}
	if _, ok := s.keys.find(t); !ok {
		s = r.renew(ctx, t)
	}
	return s.keys.verify(t)
}

// snapshot returns the keys at hand without waiting for anybody; only before the
// first fetch has succeeded, or when the last one is too long ago, it waits.
func (r *remote) snapshot(ctx context.Context) (*snapshot, error) {
	now := r.now()
	if s := r.current.Load(); s != nil && now.Sub(s.fetched) < keysLast {
		r.refreshBehind(now)
		return s, nil
	}
	r.mu.Lock()
	f := r.flight
	if f == nil {
		if !r.mayTry(now) {
			defer r.mu.Unlock()
			return nil, fmt.Errorf("%w: %w", ErrNoKeys, r.failure)
		}
		f = r.start()
	}
	r.mu.Unlock()
	if err := f.wait(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoKeys, err)
	}
	return r.current.Load(), nil
}

// refreshBehind begins a fetch if the keys are due for one. A due time further
// off than any that is set means that the clock was set back.
func (r *remote) refreshBehind(now time.Time) {
	wait := time.Duration(r.due.Load() - now.UnixNano())
	if wait > 0 && wait <= max(r.refresh, maxPause) || !r.mu.TryLock() {
		return
	}
	defer r.mu.Unlock()
	if r.flight == nil && r.mayTry(now) {
		r.start()
	}
}

// renew looks for the key of a token that the keys at hand do not have. It waits
// for a fetch under way, which may bring it, and fetches itself at most once in
// refetchGap. What it returns is the newest there is.
func (r *remote) renew(ctx context.Context, t *jws) *snapshot {
	r.mu.Lock()
	f, now := r.flight, r.now()
	since := now.Sub(r.forced)
	free := r.forced.IsZero() || since < 0 || since >= refetchGap
	if f == nil {
		newest := r.current.Load() // somebody else may have been quicker
		if _, ok := newest.keys.find(t); ok || !free || !r.mayTry(now) {
			r.mu.Unlock()
			return newest
		}
		r.forced, f, free = now, r.start(), false
	}
	r.mu.Unlock()
	err := f.wait(ctx)
	newest := r.current.Load()
	if _, ok := newest.keys.find(t); ok || !free || err != nil {
		return newest
	}
	return r.renew(ctx, t) // the fetch had begun before there was such a key
}

// mayTry tells whether the pause after a failure is over, or longer than any is:
// then the clock was set back. r.mu is held.
func (r *remote) mayTry(now time.Time) bool {
	return r.failures == 0 || !now.Before(r.retry) || r.retry.Sub(now) > maxPause
}

// start begins a fetch. r.mu is held, and there is no other under way.
func (r *remote) start() *flight {
	f := &flight{done: make(chan struct{})}
	r.flight = f
	go func() {
		s, err := r.fetch()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.flight, f.failure = nil, err
		if err == nil {
			r.current.Store(s)
			r.failures = 0
			r.due.Store(s.fetched.Add(r.refresh).UnixNano())
		} else {
			r.failures++
			r.failure = err
			r.retry = r.now().Add(min(time.Second<<min(r.failures-1, 5), maxPause))
			r.due.Store(r.retry.UnixNano())
			r.log.Warn("the issuer's keys could not be fetched", "issuer", r.issuer, "reason", err.Error(), "in_a_row", r.failures)
		}
		close(f.done)
	}()
	return f
}

// fetch gets metadata and keys. When the metadata do not come, the keys are asked
// for where they were.
func (r *remote) fetch() (*snapshot, error) {
	ctx, cancel := context.WithTimeout(r.ctx, 2*fetchTimeout)
	defer cancel()
	s := &snapshot{fetched: r.now()}
	var err error
	if s.meta, err = discover(ctx, r.client, r.issuer); err != nil {
		last := r.current.Load()
		if last == nil {
			return nil, err
		}
		s.meta = last.meta
	}
	text, second := get(ctx, r.client, s.meta.keys)
	if second != nil {
		return nil, errors.Join(err, second)
	}
	if s.keys, second = ParseKeySet(text); second != nil {
		return nil, errors.Join(err, second)
	}
	return s, nil
}

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.failure
	case <-ctx.Done():
		return ctx.Err()
	}
}
