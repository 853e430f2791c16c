package store

import (
	"fmt"
	"slices"
	"time"
)

// Collection stores records of one type, each as JSON under its id, and keeps their indexes. It is a
// declaration, usually a package variable; it holds no data and is safe for use by many goroutines.
//
// Keys of a record and of its index entries are
//
//	space NUL collection NUL NUL id NUL                 -> JSON
//	space NUL collection NUL index NUL key NUL          -> id, in a unique index
//	space NUL collection NUL index NUL key NUL id NUL   -> id, in any other
//
// A change of Name, ID or of an index's keys is a change of Format.
type Collection[T any] struct {
	Name string
	// ID returns the id of a record: not empty, without NUL bytes, never changing.
	ID func(*T) string
	// Expires returns when a record ceases to exist, the zero time for never. A nil Expires is never.
	Expires func(*T) time.Time
	Indexes []Index[T]
}

// Get returns the record with that id, or ErrNotFound; an expired record is not found.
func (c *Collection[T]) Get(tx *Tx, id string) (*T, error) {
	v, err := c.load(tx, id)
	if err != nil {
		return nil, c.wrap("get", err)
	}
	if v == nil || c.expired(tx, v) {
		return nil, c.wrap("get", ErrNotFound)
	}
	return v, nil
}

// Create stores a new record. It gives ErrExists if a live record has the same id or holds the same key
// of a unique index; an expired one is removed and gives way.
func (c *Collection[T]) Create(tx *Tx, v *T) error { return c.wrap("create", c.write(tx, v, true)) }

// Put creates or replaces a record and brings its index entries up to date. It gives ErrExists if another
// live record holds the same key of a unique index; an expired one is removed and gives way.
func (c *Collection[T]) Put(tx *Tx, v *T) error { return c.wrap("put", c.write(tx, v, false)) }

// Delete removes the record with that id and its index entries. To remove what is not there is no error.
func (c *Collection[T]) Delete(tx *Tx, id string) error {
	if tx.w == nil {
		return c.wrap("delete", ErrReadOnly)
	}
	v, err := c.load(tx, id)
	if err != nil || v == nil {
		return c.wrap("delete", err)
	}
	return c.wrap("delete", c.remove(tx, id, v))
}

// Sweep removes at most limit records that have expired, oldest first, and returns how many it dealt with:
// fewer than limit means that none is left. Reads never see an expired record, swept or not.
func (c *Collection[T]) Sweep(tx *Tx, limit int) (int, error) {
	if tx.w == nil {
		return 0, c.wrap("sweep", ErrReadOnly)
	}
	base, err := joinKey(tx.prefix, c.Name, expiryIndex)
	if err != nil {
		return 0, c.wrap("sweep", err)
	}
	due, err := tx.r.Range(base, prefixEnd(base+TimeKey(tx.Now)), limit)
	if err != nil {
		return 0, c.wrap("sweep", err)
	}
	vs, err := c.loadAll(tx, due)
	if err != nil {
		return 0, c.wrap("sweep", err)
	}
	for i, v := range vs {
		// The entry goes even if its record says otherwise, or it would come up again for ever.
		if err := tx.w.Delete(due[i].Key); err != nil {
			return 0, c.wrap("sweep", err)
		}
		if v == nil || !c.expired(tx, v) {
			continue
		}
		if err := c.remove(tx, c.ID(v), v); err != nil {
			return 0, c.wrap("sweep", err)
		}
	}
	return len(due), nil
}

// Due returns at most limit records that have expired and that no sweep has removed, oldest first: for a
// collection whose records are not to go unnoticed.
func (c *Collection[T]) Due(tx *Tx, limit int) ([]*T, error) {
	base, err := joinKey(tx.prefix, c.Name, expiryIndex)
	if err != nil {
		return nil, c.wrap("due", err)
	}
	due, err := tx.r.Range(base, prefixEnd(base+TimeKey(tx.Now)), limit)
	if err != nil {
		return nil, c.wrap("due", err)
	}
	vs, err := c.loadAll(tx, due)
	if err != nil {
		return nil, c.wrap("due", err)
	}
	return slices.DeleteFunc(vs, func(v *T) bool { return v == nil || !c.expired(tx, v) }), nil
}

// wrap says what was tried; ids and keys stay out of it, as they may be personal.
func (c *Collection[T]) wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", verb, c.Name, err)
}
