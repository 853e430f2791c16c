package logout

import (
	"context"
	"sync"
	"time"
)

// slot is a call's place among those of all clients. Few are enough for what costs
// a processor, signing and sending, and leave sign-ins theirs. A call that then
// waits for its answer moves aside, so that others do not wait behind it.
type slot struct {
	mu    sync.Mutex
	in    chan struct{} // where it counts
	aside *time.Timer
}

const (
	maxCalls = 16                    // that are being made
	maxSlow  = 384                   // that wait for an answer
	slow     = 20 * time.Millisecond // from when on they count as such
)

// slot waits for a place; nil: there was none in time.
func (s *Service) slot(ctx context.Context) *slot {
	late := time.NewTimer(maxWait)
	defer late.Stop()
	select {
	case s.calls <- struct{}{}:
	case <-late.C:
		return nil
	case <-ctx.Done():
		return nil
	}
	c := &slot{in: s.calls}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.aside = time.AfterFunc(slow, func() { c.move(s.slow) })
	return c
}

// move goes aside, if there is room.
func (c *slot) move(to chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.in == nil {
		return
	}
	select {
	case to <- struct{}{}:
		<-c.in
		c.in = to
	default:
	}
}

func (c *slot) free() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.aside.Stop()
	<-c.in
	c.in = nil
}
