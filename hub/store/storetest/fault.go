package storetest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// ErrInjected is what the call that Fault picks gives.
var ErrInjected = errors.New("injected storage fault")

// Fault wraps an engine and makes one of its calls fail. Begin of a transaction, each read and write in it, and
// its end are calls. A test runs an operation with At set to 1, 2, 3… until Hit reports that the
// fault was not reached: then every storage call of the operation has failed once.
type Fault struct {
	store.Engine
	left atomic.Int64
}

// At makes the n-th call from now on fail, counting from 1, and only that one; 0 makes none fail.
func (f *Fault) At(n int) { f.left.Store(int64(n)) }

// Hit reports whether the fault has happened since At.
func (f *Fault) Hit() bool { return f.left.Load() < 1 }

func (f *Fault) call() error {
	if f.left.Add(-1) == 0 {
		return ErrInjected
	}
	return nil
}

// View implements store.Engine.
func (f *Fault) View(ctx context.Context, fn func(store.Reader) error) error {
	if err := f.call(); err != nil {
		return err
	}
	return f.Engine.View(ctx, func(r store.Reader) error {
		if err := fn(faultReader{f, r}); err != nil {
			return err
		}
		return f.call()
	})
}

// Update implements store.Engine. A fault at the end is a commit that was not made.
func (f *Fault) Update(ctx context.Context, fn func(store.Writer) error) error {
	if err := f.call(); err != nil {
		return err
	}
	return f.Engine.Update(ctx, func(w store.Writer) error {
		if err := fn(faultWriter{faultReader{f, w}, w}); err != nil {
			return err
		}
		return f.call()
	})
}

type faultReader struct {
	fault *Fault
	r     store.Reader
}

func (f faultReader) Get(key string) ([]byte, error) {
	if err := f.fault.call(); err != nil {
		return nil, err
	}
	return f.r.Get(key)
}

func (f faultReader) GetAll(keys []string) ([][]byte, error) {
	if err := f.fault.call(); err != nil {
		return nil, err
	}
	return f.r.GetAll(keys)
}

func (f faultReader) Range(start, end string, limit int) ([]store.Entry, error) {
	if err := f.fault.call(); err != nil {
		return nil, err
	}
	return f.r.Range(start, end, limit)
}

type faultWriter struct {
	faultReader
	w store.Writer
}

func (f faultWriter) Put(key string, value []byte) error {
	if err := f.fault.call(); err != nil {
		return err
	}
	return f.w.Put(key, value)
}

func (f faultWriter) Delete(key string) error {
	if err := f.fault.call(); err != nil {
		return err
	}
	return f.w.Delete(key)
}
