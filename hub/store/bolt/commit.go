package bolt

import (
	"context"
	"fmt"
	"runtime"

	"go.etcd.io/bbolt"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// call is one Update on its way through a group commit: it queues, is given its turn, runs on its own
// goroutine while the committer waits, hands its writes over, and gets the outcome of the commit.
type call struct {
	ctx     context.Context
	turn    chan turn
	ran     chan *tx // nil if fn did not return
	outcome chan error
}

// turn is what a call may read from, or why it may not run.
type turn struct {
	bucket *bbolt.Bucket
	err    error
}

func newCall(ctx context.Context) *call {
	return &call{ctx: ctx, turn: make(chan turn), ran: make(chan *tx, 1), outcome: make(chan error, 1)}
}

// run runs fn above what the group has written so far. It waits for the outcome even if fn fails, because
// what fn read, and its error with it, may rest on writes of this group that are not durable yet.
func (c *call) run(t turn, fn func(store.Writer) error) error {
	if t.err != nil {
		return t.err
	}
	w := &tx{bucket: t.bucket, writes: map[string][]byte{}}
	handed := false
	defer func() {
		w.end()
		if !handed {
			c.ran <- nil // fn panics, or ended its goroutine: that goes on here, and the group there
		}
	}()
	if err := c.ctx.Err(); err != nil {
		return err
	}
	err := fn(w)
	if err != nil {
		clear(w.writes)
	}
	handed = true
	c.ran <- w
	if lost := <-c.outcome; lost != nil {
		return lost
	}
	return err
}

// take gives c its turn and returns its writes, or nil if it has none or its caller has gone.
func (c *call) take(t turn) (w *tx, waits bool) {
	select {
	case c.turn <- t:
	case <-c.ctx.Done():
		return nil, false
	}
	if t.err != nil {
		return nil, false
	}
	w = <-c.ran
	return w, w != nil
}

// commitAll is the one goroutine that writes.
func (e *Engine) commitAll() {
	defer close(e.stopped)
	for {
		select {
		case c := <-e.queue:
			runtime.Gosched() // whoever is about to write gets in; where nothing else wants to run, it costs nothing
			e.commitGroup(c)
		case <-e.quit:
			return
		}
	}
}

// commitGroup commits c together with everything else that is in the queue.
func (e *Engine) commitGroup(c *call) {
	if err := e.fault.refuses(); err != nil {
		c.take(turn{err: err})
		return
	}
	e.fault.begin()
	defer e.fault.end()
	btx, err := e.db.Begin(true)
	if err != nil {
		c.take(turn{err: fmt.Errorf("begin: %w", err)})
		return
	}
	bucket := btx.Bucket(bucketName)
	bucket.FillPercent = 0.9 // most keys hold the time and come in at the end of their kind: a page that is split there stays as it is
	var group []*call
	var applied error
	dirty := false
	for c != nil {
		w, waits := c.take(turn{bucket: bucket})
		if waits {
			group = append(group, c)
			dirty = dirty || len(w.writes) > 0
			if applied = w.apply(bucket); applied != nil {
				break
			}
		}
		c = e.next(len(group))
	}
	err = e.finish(btx, dirty, applied)
	for _, c := range group {
		c.outcome <- err
	}
}

// next returns a call that is waiting already, or nil when the group is full or nobody waits.
func (e *Engine) next(size int) *call {
	if size >= maxGroup {
		return nil
	}
	select {
	case c := <-e.queue:
		return c
	default:
		return nil
	}
}

// finish commits btx, or rolls it back if there is nothing to commit.
func (e *Engine) finish(btx *bbolt.Tx, dirty bool, applied error) error {
	if applied != nil || !dirty {
		_ = btx.Rollback() // gives an error only for a transaction that has ended already
		return applied
	}
	id := btx.ID()
	if err := btx.Commit(); err != nil {
		return e.fault.judge(err, e.visible(id))
	}
	e.commits.Add(1)
	e.fault.passed()
	return nil
}

// visible reports whether the transaction with that id is what readers see now.
func (e *Engine) visible(id int) bool {
	seen := true // if it cannot be told
	_ = e.db.View(func(btx *bbolt.Tx) error {
		seen = btx.ID() >= id
		return nil
	})
	return seen
}
