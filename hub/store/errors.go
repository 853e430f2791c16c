package store

import (
	"errors"
	"fmt"
)

// What callers branch on; match with errors.Is.
var (
	// ErrNotFound says that there is no such record, or that it has expired.
	ErrNotFound = errors.New("not found")
	// ErrExists says that a live record has this id, or holds this key of a unique index.
	ErrExists = errors.New("already exists")
	// ErrKey says that an id, an index key or the name of a space cannot be stored: it holds a NUL byte,
	// is not UTF-8, is too long, or is empty. Reading by such a key gives ErrNotFound instead.
	ErrKey = errors.New("invalid key")
	// ErrTooLarge says that a record is longer than MaxValue.
	ErrTooLarge = errors.New("value too large")
	// ErrReadOnly says that a write was tried in a View.
	ErrReadOnly = errors.New("read-only transaction")

	// ErrBusy says that too many writes are waiting already. Nothing was written; try again later.
	ErrBusy = errors.New("too many writes are waiting")
	// ErrFull says that the disk or a quota is full. Nothing was written, reads go on, and writing
	// resumes by itself once there is space.
	ErrFull = errors.New("no space left to write")
	// ErrUnknown says that the commit failed at a point where nobody can tell whether it will be there
	// after a restart. Treat it as neither done nor undone: grant nothing, promise nothing.
	ErrUnknown = errors.New("outcome of the write unknown")
	// ErrStopped says that an earlier commit failed beyond repair and the engine takes no more writes.
	// Nothing was written; the process should end and be started again.
	ErrStopped = errors.New("writing has stopped")
	// ErrClosed says that the engine was closed. Nothing was written.
	ErrClosed = errors.New("store is closed")
)

// FormatError says that the data was written by a program newer than this one. Nothing was touched.
type FormatError struct {
	Found int // the format of the data
	Known int // the newest format this program understands
}

// Error names both formats and what to do.
func (e *FormatError) Error() string {
	return fmt.Sprintf("the data has format %d and this program knows formats up to %d: "+
		"start the newer program, or restore a backup made by this one", e.Found, e.Known)
}
