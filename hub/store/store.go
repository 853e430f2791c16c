package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Format is the newest format of keys and records that this program writes and understands. It rises
// when a key or an index changes its meaning; a new field in a record does not need it.
const Format = 1

// The system space has the empty name, which no other space may have.
const formatKey = "\x00format\x00"

// Store is an engine whose format has been checked. It is safe for use by many goroutines.
type Store struct {
	engine Engine
	now    func() time.Time
}

// Open checks the format of the data behind e, or marks an empty engine with ours, and returns the store,
// whose Close closes e. now is the clock of every transaction. Data of a newer program gives a
// *FormatError; whenever there is an error, nothing was touched and e is still open.
func Open(ctx context.Context, e Engine, now func() time.Time) (*Store, error) {
	known := false
	err := e.View(ctx, func(r Reader) (err error) {
		known, err = checkFormat(r)
		return err
	})
	if err == nil && !known {
		err = e.Update(ctx, markFormat)
	}
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return &Store{engine: e, now: now}, nil
}

// checkFormat reports whether the data says its format, and refuses data that this program cannot read:
// of a newer format, or without one though not empty.
func checkFormat(r Reader) (known bool, err error) {
	raw, err := r.Get(formatKey)
	if errors.Is(err, ErrNotFound) {
		entries, err := r.Range("", "", 1)
		if err == nil && len(entries) > 0 {
			err = errors.New("there is data without a format: it is not ours, or damaged")
		}
		return false, err
	}
	if err != nil {
		return false, err
	}
	found, err := strconv.Atoi(string(raw))
	if err != nil || found < 1 {
		return false, fmt.Errorf("the format %q is not a number: it is not ours, or damaged", raw)
	}
	if found > Format {
		return false, &FormatError{Found: found, Known: Format}
	}
	return true, nil
}

// markFormat looks again, because another process may have been quicker.
func markFormat(w Writer) error {
	known, err := checkFormat(w)
	if err != nil || known {
		return err
	}
	return w.Put(formatKey, strconv.AppendInt(nil, Format, 10))
}

// Space returns the space of that name: all that one pool owns. Nothing done in one space can be seen
// from another. The name is not empty and holds no NUL byte; View and Update give ErrKey otherwise.
func (s *Store) Space(name string) *Space {
	prefix, err := joinKey("", name)
	if err == nil && name == "" {
		err = fmt.Errorf("%w: a space needs a name", ErrKey)
	}
	return &Space{store: s, prefix: prefix, err: err}
}

// Close closes the engine.
func (s *Store) Close() error { return s.engine.Close() }
