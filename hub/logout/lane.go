package logout

import (
	"context"
	"sync"
	"time"
)

// lane is the way to one client: how many calls it has at once, and when there
// are none. It begins narrow and widens with every answer. A client that does not
// answer holds few calls and keeps no others waiting; after two failures in a row
// it is asked by one call at a time, rarer and rarer. So a client that is down
// costs the others nothing.
type lane struct {
	slots chan struct{} // that are free
	users int           // who has it in hand; under Service.mu

	mu       sync.Mutex
	width    int       // slots there are, free or not
	limit    int       // slots there should be
	busy     int       // calls under way
	heard    time.Time // the last answer, or the begin of the first call under way
	failures int       // in a row
	closings int       // without an answer since
	closed   time.Time // no calls before this
}

const (
	firstWidth  = 2 // calls to a client that nothing is known of
	maxLane     = 16
	maxFailures = 2 // they close a lane
	closedFor   = time.Second
	maxClosed   = time.Minute // closedFor doubles up to here
	// silence is how long others wait in front of calls that are not answered; a
	// client that works off its queue is waited for, up to maxWait.
	silence = 500 * time.Millisecond
	maxWait = 3 * time.Second
)

// word is what came of a call.
type word int

const (
	none     word = iota // it was not made, or ended with the hub
	answered             // whatever the answer was
	failed               // nobody answered, or the client said that it is broken
)

func newLane() *lane {
	l := &lane{slots: make(chan struct{}, maxLane), limit: firstWidth}
	l.fit()
	return l
}

// fit makes the slots as many as there should be, as far as they are free.
func (l *lane) fit() {
	for ; l.width < l.limit; l.width++ {
		l.slots <- struct{}{}
	}
	for l.width > l.limit {
		select {
		case <-l.slots:
			l.width--
		default:
			return
		}
	}
}

// shut is how long nobody should be sent down the lane; zero: it is open.
func (l *lane) shut(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.closed) {
		return l.closed.Sub(now)
	}
	if l.busy >= l.width && now.Sub(l.heard) >= silence {
		return max(l.heard.Add(patience).Sub(now), time.Second) // the calls under way are over then
	}
	return 0
}

// enter waits for a slot; wait says when to come again if there is none.
func (l *lane) enter(ctx context.Context) (wait time.Duration) {
	for last := time.Now().Add(maxWait); ; {
		now := time.Now()
		if wait := l.shut(now); wait > 0 {
			return wait
		}
		if now.After(last) {
			return time.Second
		}
		again := time.NewTimer(silence / 4)
		select {
		case <-l.slots:
			again.Stop()
			if wait := l.begin(time.Now()); wait > 0 {
				return wait
			}
			return 0
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return time.Second
		}
	}
}

// begin takes the slot, unless the lane closed while it was waited for.
func (l *lane) begin(now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.closed) {
		l.slots <- struct{}{}
		l.fit()
		return l.closed.Sub(now)
	}
	if l.busy++; l.busy == 1 {
		l.heard = now
	}
	return 0
}

// leave gives the slot back and takes down what came of the call.
func (l *lane) leave(w word, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	switch w {
	case answered:
		l.heard, l.failures, l.closings, l.closed = now, 0, 0, time.Time{}
		l.limit = min(l.limit+1, maxLane)
	case failed:
		l.failures++
		l.limit = max(l.limit/2, 1)
		if l.failures >= maxFailures && !now.Before(l.closed) {
			l.limit, l.closed = 1, now.Add(min(closedFor<<min(l.closings, 16), maxClosed))
			l.closings++
		}
	}
	l.slots <- struct{}{}
	l.fit()
}

// bad tells whether the client is worth remembering: it failed and may not have
// recovered.
func (l *lane) bad(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failures > 0 && now.Sub(l.closed) < 10*maxClosed
}

// lane finds the way to a client of a pool; part gives it back.
func (s *Service) lane(name string) *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[name]
	if l == nil {
		l = newLane()
		s.lanes[name] = l
	}
	l.users++
	return l
}

// part gives a lane back. Only those of clients that fail are kept.
func (s *Service) part(name string, l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.users--; l.users == 0 && !l.bad(time.Now()) {
		delete(s.lanes, name)
	}
}

// shut is how long a client is to be left alone.
func (s *Service) shut(name string) time.Duration {
	s.mu.Lock()
	l := s.lanes[name]
	s.mu.Unlock()
	if l == nil {
		return 0
	}
	return l.shut(time.Now())
}

// forget drops the lanes of clients that nobody has been sent to for long.
func (s *Service) forget(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, l := range s.lanes {
		if l.users == 0 && !l.bad(now) {
			delete(s.lanes, name)
		}
	}
}
