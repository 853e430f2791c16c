package storetest

import (
	"context"
	"errors"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// Twice returns e made to run every function twice, with the first attempt of an Update dropped: what a
// retry after a conflict looks like. Other transactions may commit between the two attempts.
func Twice(e store.Engine) store.Engine { return twice{e} }

type twice struct{ store.Engine }

var errDropped = errors.New("first attempt dropped")

func (t twice) View(ctx context.Context, fn func(store.Reader) error) error {
	dropped := t.Engine.View(ctx, func(r store.Reader) error {
		_ = fn(r) // the second attempt decides
		return errDropped
	})
	if !errors.Is(dropped, errDropped) {
		return dropped
	}
	return t.Engine.View(ctx, fn)
}

func (t twice) Update(ctx context.Context, fn func(store.Writer) error) error {
	dropped := t.Engine.Update(ctx, func(w store.Writer) error {
		_ = fn(w) // the second attempt decides
		return errDropped
	})
	if !errors.Is(dropped, errDropped) {
		return dropped
	}
	return t.Engine.Update(ctx, fn)
}
