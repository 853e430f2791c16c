package logout

import (
	"sync"
	"time"
)

// lane is the way to one client: so many calls at once, and none for a while
// after several found nobody. So a client that is down costs the others nothing.
type lane struct {
	slots chan struct{}

	mu       sync.Mutex
	failures int       // in a row
	closed   time.Time // no calls before this
}

// What closes a lane, and for how long.
const (
	maxFailures = 3
	closedFor   = 10 * time.Second
)

// lane finds the way to a client of a pool.
func (s *Service) lane(name string) *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[name]
	if l == nil {
		l = &lane{slots: make(chan struct{}, maxLane)}
		s.lanes[name] = l
	}
	return l
}

// open tells whether calls may be made.
func (l *lane) open(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !now.Before(l.closed)
}

// note takes down whether anybody answered.
func (l *lane) note(answered bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if answered {
		l.failures, l.closed = 0, time.Time{}
		return
	}
	if l.failures++; l.failures >= maxFailures {
		l.closed = now.Add(closedFor)
	}
}
