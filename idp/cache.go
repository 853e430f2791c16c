package idp

import (
	"context"
	"sync"
	"time"
)

const (
	cacheTTL   = 10 * time.Minute // after this a value is refreshed behind the caller's back
	cacheLimit = 24 * time.Hour   // after this a value that could not be refreshed is no longer used
	refetchGap = 30 * time.Second // between refetches that tokens can provoke (A64)
	backoffMin = time.Second
	backoffMax = time.Minute
)

// origin is how a token came that provokes a refetch.
type origin int

const (
	exchanged origin = iota // the provider gave it to us when we asked
	delivered               // somebody brought it: a logout token, which anybody can make up
	origins
)

// cached holds one document of a provider: its metadata or its keys. Any number of callers share one fetch; a stale
// value is served while it is refreshed and while the provider is down; after a failure nobody fetches until a growing
// pause is over, and callers without a value hear of the failure at once.
type cached[T any] struct {
	step    Step
	fetch   func(context.Context, *trace) (T, *Error)
	now     func() time.Time
	timeout time.Duration // of one fetch, which outlives the caller that began it
	stale   func(*Error)  // told, without c.mu, when a fetch fails and an old value stays

	mu       sync.Mutex
	have     bool
	value    T
	fetched  time.Time
	forced   [origins]time.Time // last refetch
	failure  *Error
	failed   time.Time // when
	failures int
	retry    time.Time
	flight   *flight[T]
}

// flight is a fetch under way. What it brings is set before done is closed.
type flight[T any] struct {
	done   chan struct{}
	forced bool // by refetch
	value  T
	err    *Error
	calls  []Call
}

// get returns the value, fetching it if there is none young enough.
func (c *cached[T]) get(ctx context.Context, t *trace) (T, *Error) {
	c.mu.Lock()
	now := c.now()
	if c.have {
		// A negative age means that the clock was set back: treat the value as stale.
		age := now.Sub(c.fetched)
		if age >= 0 && age < cacheTTL {
			defer c.mu.Unlock()
			return c.value, nil
		}
		if age < cacheLimit {
			if c.flight == nil && c.mayTry(now) {
				c.start()
			}
			defer c.mu.Unlock()
			return c.value, nil
		}
	}
	if c.flight == nil {
		if !c.mayTry(now) {
			err := reopened(c.failure)
			c.mu.Unlock()
			var zero T
			return zero, err
		}
		c.start()
	}
	f := c.flight
	c.mu.Unlock()
	return c.wait(ctx, t, f)
}

// refetch gets the value anew for a caller to whom the present one is not good. A fetch under way is awaited first, for
// it may bring what is wanted; one of its own is made at most once in refetchGap, and in between the present value is
// returned as it is.
func (c *cached[T]) refetch(ctx context.Context, t *trace, by origin, good func(T) bool) (T, *Error) {
	c.mu.Lock()
	if f := c.flight; f != nil {
		forced := f.forced
		c.mu.Unlock()
		if v, err := c.wait(ctx, t, f); err != nil || forced || good(v) {
			return v, err
		}
		c.mu.Lock()
	}
	f := c.flight // somebody else may have been quicker
	if f == nil {
		now := c.now()
		if c.justForced(now, by) || !c.mayTry(now) {
			defer c.mu.Unlock()
			return c.value, nil
		}
		c.forced[by] = now
		f = c.start()
		f.forced = true
	}
	c.mu.Unlock()
	return c.wait(ctx, t, f)
}

// justForced tells whether there was a refetch within refetchGap. Those that delivered tokens provoked do not count for
// exchanged ones: else strangers could spend the one refetch that a sign-in after a rotation needs.
func (c *cached[T]) justForced(now time.Time, by origin) bool {
	recent := func(o origin) bool {
		since := now.Sub(c.forced[o])
		return !c.forced[o].IsZero() && since >= 0 && since < refetchGap
	}
	return recent(exchanged) || by == delivered && recent(delivered)
}

// mayTry tells whether the pause after a failure is over. The second test keeps a clock that was set back from
// stretching the pause.
func (c *cached[T]) mayTry(now time.Time) bool {
	return !now.Before(c.retry) || c.retry.Sub(now) > backoffMax
}

// start begins a fetch; c.mu is held. The fetch is nobody's in particular, so no caller's end stops it.
func (c *cached[T]) start() *flight[T] {
	f := &flight[T]{done: make(chan struct{})}
	c.flight = f
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
		defer cancel()
		var t trace
		f.value, f.err = c.fetch(ctx, &t)
		f.calls = t.calls

		if c.land(f) {
			c.stale(f.err.copy())
		}
	}()
	return f
}

// land records what a flight brought and lets its callers go on. It tells whether an old value stays in use.
func (c *cached[T]) land(f *flight[T]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(f.done)
	c.flight = nil
	now := c.now()
	if f.err != nil {
		c.failures++
		c.failure, c.failed = f.err, now
		c.retry = now.Add(backoff(c.failures))
		return c.have
	}
	c.have, c.value, c.fetched = true, f.value, now
	c.failure, c.failures, c.retry = nil, 0, time.Time{}
	return false
}

// health tells when the value is from, and the latest failure since with its time.
func (c *cached[T]) health() (fetched time.Time, failure *Error, failed time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fetched, c.failure.copy(), c.failed
}

func (c *cached[T]) wait(ctx context.Context, t *trace, f *flight[T]) (T, *Error) {
	select {
	case <-f.done:
		t.add(f.calls...)
		return f.value, f.err.copy()
	case <-ctx.Done():
		var zero T
		kind, check := transport(ctx.Err())
		return zero, &Error{Step: c.step, Check: check, Kind: kind, Cause: ctx.Err()}
	}
}

// backoff is the pause after the nth failure in a row: 1 s, 2 s, 4 s … 60 s.
func backoff(n int) time.Duration {
	return min(backoffMin<<min(max(n-1, 0), 6), backoffMax)
}

// reopened is the error given while a circuit is open: the failure that opened it, marked as not tried again.
func reopened(failure *Error) *Error {
	e := failure.copy()
	e.Cause, e.Kind, e.Elapsed = failure, KindOpen, 0
	return e
}

// copy lets each caller add to a shared error.
func (e *Error) copy() *Error {
	if e == nil {
		return nil
	}
	c := *e
	return &c
}
