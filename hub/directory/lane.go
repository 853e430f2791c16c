package directory

import "context"

// lane lets a number of callers work at once and some more wait.
type lane struct{ slots, queue chan struct{} }

func newLane(width, waiting int) lane {
	return lane{slots: make(chan struct{}, width), queue: make(chan struct{}, width+waiting)}
}

// enter waits for a slot. It returns ErrOverloaded when too many wait, and the
// context's error.
func (l lane) enter(ctx context.Context) error {
	select {
	case l.queue <- struct{}{}:
	default:
		return ErrOverloaded
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-l.queue
		return ctx.Err()
	}
}

func (l lane) leave() {
	<-l.slots
	<-l.queue
}
