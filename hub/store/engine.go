package store

import "context"

// Entry is one key with its value, as Range returns it.
type Entry struct {
	Key   string
	Value []byte
}

// Reader reads one snapshot. It is valid only while the function it was handed to runs, and only on
// the goroutine that function runs on. Every returned value is a copy that the caller may keep.
type Reader interface {
	// Get returns the value at key, or ErrNotFound. An empty value is not nil.
	Get(key string) ([]byte, error)
	// GetAll returns one value for each key, in the order of keys and in one round trip, nil where absent.
	GetAll(keys []string) ([][]byte, error)
	// Range returns at most limit entries with start <= key < end, in the order of their bytes.
	// An empty end is the end of everything. A limit below 1 is an error.
	Range(start, end string, limit int) ([]Entry, error)
}

// Writer is a Reader that sees its own writes at once; nobody else sees them before the commit.
type Writer interface {
	Reader
	// Put sets the value at key; the engine copies it. What CheckEntry refuses gives its error.
	Put(key string, value []byte) error
	// Delete removes key. To remove what is not there is no error.
	Delete(key string) error
}

// Engine is an ordered map from bytes to bytes with serializable transactions. Keys sort by byte, never
// by language. An engine knows nothing of records, indexes or expiry: those are keys, written above it.
type Engine interface {
	// View runs fn on one snapshot and returns its error. fn may run again, each time on a whole snapshot.
	View(ctx context.Context, fn func(Reader) error) error

	// Update runs fn and makes all of its writes durable, or none: none if fn returns an error (which
	// Update returns) or panics (which goes on in the caller). Update serializes and retries by itself, so
	// fn may run again from the start: it must not touch the network, hash, sign, draw randomness, or
	// leave anything behind but its result. fn must not call the engine.
	//
	// A context that ends before fn has run gives its error and fn does not run; from then on Update waits
	// for the outcome, so that nil means durable and an error means undone. There is one exception:
	// ErrUnknown. See also ErrBusy, ErrFull, ErrStopped and ErrClosed, all of them undone.
	Update(ctx context.Context, fn func(Writer) error) error

	// Close waits for transactions under way and releases the engine. Later calls give ErrClosed.
	Close() error
}
