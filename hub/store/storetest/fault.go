package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// ErrInjected is what the call that Fault picks gives.
var ErrInjected = errors.New("injected storage fault")

// Fault wraps an engine and makes one call fail. The begin of a transaction, each read and write in it,
// and its end count as calls. A test runs an operation with At(1), At(2)… until Hit is false: then every
// storage call of the operation has failed once.
type Fault struct {
	store.Engine
	// Kept makes a fault at the end of an Update a commit that was made and not reported
	// (store.ErrUnknown), instead of one that was not made.
	Kept bool

	at, calls atomic.Int64
}

// At makes the n-th call from now on fail, counting from 1, and no other; 0 makes none fail.
func (f *Fault) At(n int) {
	f.at.Store(int64(n))
	f.calls.Store(0)
}

// Hit reports whether the fault has happened since At.
func (f *Fault) Hit() bool { return f.at.Load() > 0 && f.calls.Load() >= f.at.Load() }

func (f *Fault) call() error {
	if f.calls.Add(1) == f.at.Load() {
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

// Update implements store.Engine.
func (f *Fault) Update(ctx context.Context, fn func(store.Writer) error) error {
	if err := f.call(); err != nil {
		return err
	}
	err := f.Engine.Update(ctx, func(w store.Writer) error {
		err := fn(faultWriter{faultReader{f, w}, w})
		if err == nil && !f.Kept {
			err = f.call()
		}
		return err
	})
	if err == nil && f.Kept && f.call() != nil {
		err = fmt.Errorf("%w: %w", store.ErrUnknown, ErrInjected)
	}
	return err
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
