package bolt

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// occupy starts an Update that does not end before release is called, and returns when it has its turn.
func occupy(t *testing.T, e *Engine) (release func() error) {
	t.Helper()
	turn, leave, outcome := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		outcome <- e.Update(context.Background(), func(w store.Writer) error {
			close(turn)
			<-leave
			return w.Put("occupied", nil)
		})
	}()
	<-turn
	return func() error {
		close(leave)
		return <-outcome
	}
}

// queue starts n Updates behind one that occupies the engine and returns when all of them wait.
func queue(t *testing.T, e *Engine, n int, fn func(i int, w store.Writer) error) (outcomes chan error) {
	t.Helper()
	outcomes = make(chan error, n)
	for i := range n {
		go func() {
			defer func() {
				if p := recover(); p != nil {
					outcomes <- fmt.Errorf("panic: %v", p)
				}
			}()
			outcomes <- e.Update(context.Background(), func(w store.Writer) error { return fn(i, w) })
		}()
	}
	for deadline := time.Now().Add(10 * time.Second); len(e.queue) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d wait", len(e.queue), n)
		}
	}
	return outcomes
}

// All that wait go into one commit, and who fails among them drops out alone.
func TestGroupCommit(t *testing.T) {
	e := openTemp(t)
	put(t, e, "first")
	release := occupy(t, e)
	before := e.Commits()
	refused := errors.New("refused")
	outcomes := queue(t, e, 60, func(i int, w store.Writer) error {
		if err := w.Put(fmt.Sprint("key ", i), nil); err != nil {
			return err
		}
		switch i % 6 {
		case 4:
			return refused
		case 5:
			panic("mine")
		}
		return nil
	})
	if err := release(); err != nil {
		t.Fatal(err)
	}
	var good, bad, panicked int
	for range 60 {
		switch err := <-outcomes; {
		case err == nil:
			good++
		case errors.Is(err, refused):
			bad++
		case err.Error() == "panic: mine":
			panicked++
		default:
			t.Error(err)
		}
	}
	if good != 40 || bad != 10 || panicked != 10 {
		t.Errorf("%d good, %d refused, %d panicked, want 40, 10 and 10", good, bad, panicked)
	}
	if n := e.Commits() - before; n != 1 {
		t.Errorf("%d commits, want 1", n)
	}
	err := e.View(t.Context(), func(r store.Reader) error {
		entries, err := r.Range("key ", "key!", 100)
		if len(entries) != 40 {
			t.Errorf("%d writes are there, want 40", len(entries))
		}
		return err
	})
	if err := errors.Join(err, e.Check(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestCommits(t *testing.T) {
	e := openTemp(t)
	before := e.Commits()
	for i := range 20 {
		put(t, e, fmt.Sprint(i))
	}
	if n := e.Commits() - before; n != 20 {
		t.Errorf("%d commits for 20 lone writers", n)
	}
	refused := errors.New("refused")
	for _, fn := range []func(store.Writer) error{
		func(store.Writer) error { return nil },
		func(w store.Writer) error { _, err := w.Get("1"); return err },
		func(w store.Writer) error { return errors.Join(w.Put("1", nil), refused) },
	} {
		if err := e.Update(t.Context(), fn); err != nil && !errors.Is(err, refused) {
			t.Error(err)
		}
	}
	if n := e.Commits() - before; n != 20 {
		t.Errorf("%d commits for nothing to write", n-20)
	}
}

func TestCancelledWhileQueued(t *testing.T) {
	e := openTemp(t)
	release := occupy(t, e)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := e.Update(ctx, func(w store.Writer) error { return w.Put("late", nil) })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want DeadlineExceeded", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	put(t, e, "next")
	err = e.View(t.Context(), func(r store.Reader) error {
		_, err := r.Get("late")
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was given up is written (%v)", err)
	}
}

func TestBusy(t *testing.T) {
	e := openTemp(t)
	release := occupy(t, e)
	outcomes := queue(t, e, maxQueue, func(i int, w store.Writer) error { return w.Put(fmt.Sprint(i), nil) })
	err := e.Update(t.Context(), func(store.Writer) error { return errors.New("it ran") })
	if !errors.Is(err, store.ErrBusy) {
		t.Errorf("one too many gets %v, want ErrBusy", err)
	}
	before := e.Commits()
	if err := release(); err != nil {
		t.Error(err)
	}
	for range maxQueue {
		if err := <-outcomes; err != nil {
			t.Error(err)
		}
	}
	if n := e.Commits() - before; n != (maxQueue+1+maxGroup-1)/maxGroup {
		t.Errorf("%d commits for %d writes in groups of %d", n, maxQueue+1, maxGroup)
	}
}

func TestCloseUnderLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	e := openAt(t, path, Options{NoSync: true})
	release := occupy(t, e)
	const n = 400
	outcomes := queue(t, e, n, func(i int, w store.Writer) error { return w.Put(fmt.Sprint("key ", i), nil) })
	closed := make(chan error)
	go func() { closed <- e.Close() }()
	<-e.quit
	if err := release(); err != nil {
		t.Error(err)
	}
	good := 0
	for range n {
		if err := <-outcomes; err == nil {
			good++
		} else if !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	e = openAt(t, path, Options{NoSync: true})
	err := e.View(t.Context(), func(r store.Reader) error {
		entries, err := r.Range("key ", "key!", n)
		if len(entries) != good {
			t.Errorf("%d writes are there, %d were acknowledged", len(entries), good)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestHealth(t *testing.T) {
	e := openTemp(t)
	if err := e.Health(); err != nil {
		t.Error(err)
	}
	e.fault.began.Store(time.Now().Add(-time.Second).UnixNano())
	if err := e.Health(); !errors.Is(err, store.ErrBusy) {
		t.Errorf("health is %v during a commit of 1 s, want ErrBusy", err)
	}
	put(t, e, "a")
	if err := e.Health(); err != nil {
		t.Errorf("health is %v after it", err)
	}
}
