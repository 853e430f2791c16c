package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	bberrors "go.etcd.io/bbolt/errors"

	"github.com/isthmus-hub/isthmus/hub/store"
)

const (
	maxQueue = 1024 // writes that may wait; more get store.ErrBusy, so that a hanging disk piles up nothing
	maxGroup = 256  // writes in one commit, so that the first of them does not wait for ever
)

// Engine is a store.Engine in one file. It is safe for use by many goroutines.
type Engine struct {
	path string
	file *os.File // bbolt's; ours only for reading whole pages
	db   *bbolt.DB

	queue   chan *call
	quit    chan struct{}
	stopped chan struct{} // closed when the committer has ended
	close   sync.Once
	closed  error

	commits atomic.Uint64
	fault   fault
}

var _ store.Engine = (*Engine)(nil)

// View implements store.Engine. fn runs once.
func (e *Engine) View(ctx context.Context, fn func(store.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return e.view(func(btx *bbolt.Tx) error {
		t := &tx{bucket: btx.Bucket(bucketName)}
		defer t.end()
		return fn(t)
	})
}

func (e *Engine) view(fn func(*bbolt.Tx) error) error {
	err := e.db.View(fn)
	if errors.Is(err, bberrors.ErrDatabaseNotOpen) {
		return store.ErrClosed
	}
	return err
}

// Update implements store.Engine. fn runs once, on the calling goroutine.
func (e *Engine) Update(ctx context.Context, fn func(store.Writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.fault.refuses(); err != nil {
		return err
	}
	c := newCall(ctx)
	select {
	case <-e.quit:
		return store.ErrClosed
	case e.queue <- c:
	default:
		return store.ErrBusy
	}
	select {
	case t := <-c.turn:
		return c.run(t, fn)
	case <-ctx.Done():
		return ctx.Err()
	case <-e.stopped:
		return store.ErrClosed
	}
}

// Close implements store.Engine. Writes whose turn has come are committed, those still waiting are refused.
func (e *Engine) Close() error {
	e.close.Do(func() {
		close(e.quit)
		<-e.stopped
		if err := e.db.Close(); err != nil {
			e.closed = fmt.Errorf("close %s: %w", e.path, err)
		}
	})
	return e.closed
}

// Commits returns how many commits have reached the disk since Open. Each is two syncs, for one or more Updates.
func (e *Engine) Commits() uint64 { return e.commits.Load() }

// Health returns nil when writes can be expected to succeed. Otherwise it gives store.ErrStopped (end the
// process), store.ErrFull, or store.ErrBusy when a commit has been under way for more than 500 ms.
func (e *Engine) Health() error { return e.fault.health() }
