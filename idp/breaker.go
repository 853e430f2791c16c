package idp

import (
	"sync"
	"time"
)

// breakAfter is how many failures in a row, each worth a person's ten seconds, open the circuit of an endpoint.
const breakAfter = 5

// breaker spares a dead token or userinfo endpoint, and people the wait for it. Once open, one call passes per pause;
// the first answer closes it.
type breaker struct {
	mu       sync.Mutex
	failures int
	retry    time.Time
	failure  *Error
	failed   time.Time // when
}

// check returns the error of an open circuit without letting anybody pass.
func (b *breaker) check(now time.Time) *Error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state(now)
}

// enter is check, and takes the one pass of a pause that is over.
func (b *breaker) enter(now time.Time) *Error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.state(now); err != nil {
		return err
	}
	if b.failures >= breakAfter {
		b.retry = now.Add(backoff(b.failures - breakAfter + 1))
	}
	return nil
}

func (b *breaker) state(now time.Time) *Error {
	if b.failures < breakAfter || !now.Before(b.retry) || b.retry.Sub(now) > backoffMax {
		return nil
	}
	return reopened(b.failure)
}

// report records how a call ended. Only silence counts as failure: a provider that says no is alive, and a caller that
// left proves nothing.
func (b *breaker) report(now time.Time, err *Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil || err.Kind == KindRefused || err.Kind == KindInvalid:
		b.failures, b.failure = 0, nil
	case err.Kind == KindUnreachable || err.Kind == KindTimeout:
		b.failures++
		b.failure, b.failed = err.copy(), now
		b.retry = now.Add(backoff(b.failures - breakAfter + 1))
	}
}

// health is the failure that no success has followed, or nil, and when it was.
func (b *breaker) health() (*Error, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failure.copy(), b.failed
}
