package store

import (
	"context"
	"time"
)

// Space is the part of a store whose keys begin with its name: one pool. It is safe for use by many goroutines.
type Space struct {
	store  *Store
	prefix string
	err    error // of the name
}

// Tx is a transaction confined to one space. It is valid only inside the function it was handed to.
type Tx struct {
	// Now is the time of this attempt, read once, in UTC and without a monotonic part, so that it
	// survives storing unchanged.
	Now time.Time

	r      Reader
	w      Writer // nil in a View
	prefix string
}

// View runs fn on one snapshot of the space and returns its error. See Engine.View.
func (s *Space) View(ctx context.Context, fn func(*Tx) error) error {
	if s.err != nil {
		return s.err
	}
	return s.store.engine.View(ctx, func(r Reader) error {
		return fn(&Tx{Now: s.now(), r: r, prefix: s.prefix})
	})
}

// Update runs fn and makes all of its writes durable, or none. fn may run again: it must have no effect
// but its writes and its result. See Engine.Update.
//
// A refusal that must be remembered (the second use of a code revokes its grant) is a value, not an
// error: fn writes it, returns nil, and the caller reports it after the commit.
func (s *Space) Update(ctx context.Context, fn func(*Tx) error) error {
	if s.err != nil {
		return s.err
	}
	return s.store.engine.Update(ctx, func(w Writer) error {
		return fn(&Tx{Now: s.now(), r: w, w: w, prefix: s.prefix})
	})
}

func (s *Space) now() time.Time { return s.store.now().UTC().Round(0) }

// Entries returns at most limit raw entries of the space, indexes included, with keys after the given one
// ("" for the first) and without the space's prefix: to copy or inspect a pool without knowing its collections.
func (tx *Tx) Entries(after string, limit int) ([]Entry, error) {
	start := tx.prefix
	if after != "" {
		start += after + "\x00"
	}
	entries, err := tx.r.Range(start, prefixEnd(tx.prefix), limit)
	for i := range entries {
		entries[i].Key = entries[i].Key[len(tx.prefix):]
	}
	return entries, err
}
