package directory

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// pace remembers how long the system that a pool's people come from lately took
// for a no, so that a no to somebody who is here already can take as long: else
// the time would tell who has come and who has not (security row A138).
type pace struct {
	mu     sync.Mutex
	byPool map[string]*lately
}

type lately struct {
	spans [32]time.Duration
	n     int // ever
}

// longestPace bounds the wait: one slow answer must not be paid by everybody.
const longestPace = 2 * time.Second

func newPace() *pace { return &pace{byPool: map[string]*lately{}} }

func (p *pace) took(pool string, span time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.byPool[pool]
	if l == nil {
		l = &lately{}
		p.byPool[pool] = l
	}
	l.spans[l.n%len(l.spans)] = min(span, longestPace)
	l.n++
}

// pick is one of the latest spans; zero when there is none.
func (p *pace) pick(pool string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.byPool[pool]
	if l == nil {
		return 0
	}
	return l.spans[rand.IntN(min(l.n, len(l.spans)))]
}

// linger waits as long as a no lately took.
func (p *pace) linger(ctx context.Context, pool string) {
	select {
	case <-time.After(p.pick(pool)):
	case <-ctx.Done():
	}
}
