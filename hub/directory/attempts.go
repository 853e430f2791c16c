package directory

import (
	"container/list"
	"sync"
	"time"
)

// Lockout as Cognito has it: after five failures a second, doubled by each
// further one up to a quarter of an hour; a quiet quarter of an hour forgets.
const (
	freeTries  = 5
	quiet      = 15 * time.Minute
	maxLock    = 15 * time.Minute
	maxTracked = 100_000
)

// Attempts counts failed password tries per account. A try is counted before
// the password is looked at, so that a hundred tries at once are a hundred.
type Attempts struct {
	mu     sync.Mutex
	byName map[string]*list.Element
	recent *list.List // most recently touched first
}

type attempt struct {
	key    string
	failed int
	last   time.Time
	locked time.Time // until
}

// NewAttempts makes an empty table.
func NewAttempts() *Attempts {
	return &Attempts{byName: map[string]*list.Element{}, recent: list.New()}
}

// Begin counts a try on an account as failed. While the account is locked it
// counts nothing and returns when the lock ends.
func (a *Attempts) Begin(key string, now time.Time) (lockedUntil time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.touch(key)
	if now.Before(at.locked) {
		return at.locked
	}
	if now.Sub(at.last) > quiet {
		at.failed = 0
	}
	at.last = now
	at.failed++
	if over := at.failed - freeTries; over >= 0 {
		at.locked = now.Add(min(time.Second<<min(over, 20), maxLock))
	}
	return time.Time{}
}

// Succeed forgets an account's failures: its owner is here.
func (a *Attempts) Succeed(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e, ok := a.byName[key]; ok {
		a.recent.Remove(e)
		delete(a.byName, key)
	}
}

// touch finds or makes an account's counter and drops the quietest of too many.
func (a *Attempts) touch(key string) *attempt {
	if e, ok := a.byName[key]; ok {
		a.recent.MoveToFront(e)
		return e.Value.(*attempt)
	}
	if a.recent.Len() >= maxTracked {
		oldest := a.recent.Back()
		a.recent.Remove(oldest)
		delete(a.byName, oldest.Value.(*attempt).key)
	}
	at := &attempt{key: key}
	a.byName[key] = a.recent.PushFront(at)
	return at
}
