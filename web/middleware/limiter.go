package middleware

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Pace is how fast something may go: one every Every in the long run, Burst at
// once.
type Pace struct {
	Every time.Duration
	Burst int
}

// Limiter holds a token bucket per key (an address, a client, an account) in a
// table of bounded size. When the table is full the quietest goes first: the key
// unseen for longest whose bucket is at least half full, so that it gains little
// by being forgotten (security row A202). Safe for concurrent use.
type Limiter[K comparable] struct {
	pace Pace
	size int
	now  func() time.Time

	mu     sync.Mutex
	bucket map[K]*bucket[K]
	ring   bucket[K] // sentinel of a list by last use; ring.next is the latest
}

type bucket[K comparable] struct {
	key        K
	rate       *rate.Limiter
	prev, next *bucket[K]
}

// patience is how many buckets are looked at when one must go.
const patience = 256

// NewLimiter returns a limiter of at most size keys.
func NewLimiter[K comparable](pace Pace, size int, now func() time.Time) *Limiter[K] {
	l := &Limiter[K]{pace: pace, size: max(size, 1), now: now, bucket: make(map[K]*bucket[K])}
	l.ring.prev, l.ring.next = &l.ring, &l.ring
	return l
}

// Allow takes one token from the bucket of key. When there is none it returns
// false and how long until there is one.
func (l *Limiter[K]) Allow(key K) (ok bool, wait time.Duration) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket[key]
	if b == nil {
		if len(l.bucket) >= l.size {
			l.evict(now)
		}
		b = &bucket[K]{key: key, rate: rate.NewLimiter(rate.Every(l.pace.Every), l.pace.Burst)}
		l.bucket[key] = b
	} else {
		b.unlink()
	}
	l.latest(b)
	if b.rate.AllowN(now, 1) {
		return true, 0
	}
	return false, time.Duration(math.Ceil((1 - b.rate.TokensAt(now)) * float64(l.pace.Every)))
}

// Len is how many keys the table holds.
func (l *Limiter[K]) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.bucket)
}

// evict goes through the table from its quiet end and forgets the first bucket
// that is at least half full. Emptier ones it passes over come to the front: else
// many who are held back would gather at the quiet end and push each other out.
// After patience of them the fullest goes.
func (l *Limiter[K]) evict(now time.Time) {
	enough := float64(l.pace.Burst) / 2
	quiet, most := l.ring.prev, math.Inf(-1)
	for range min(patience, len(l.bucket)) {
		b := l.ring.prev
		if tokens := b.rate.TokensAt(now); tokens > most {
			quiet, most = b, tokens
		}
		if most >= enough {
			break
		}
		b.unlink()
		l.latest(b)
	}
	quiet.unlink()
	delete(l.bucket, quiet.key)
}

func (l *Limiter[K]) latest(b *bucket[K]) {
	b.prev, b.next = &l.ring, l.ring.next
	b.prev.next, b.next.prev = b, b
}

func (b *bucket[K]) unlink() {
	b.prev.next, b.next.prev = b.next, b.prev
}
