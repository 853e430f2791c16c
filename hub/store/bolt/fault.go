package bolt

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// fullPause is how long after a full disk no commit is tried, or longer for a large file: after a failed
// commit bbolt reads all of it.
const fullPause = 500 * time.Millisecond

// slow is how long a commit may take before it is worth a word.
const slow = 500 * time.Millisecond

// fault remembers what went wrong with commits, for those that come after.
type fault struct {
	stopped atomic.Pointer[error]
	full    atomic.Int64 // unix nanoseconds until which the disk is taken to be full, 0 if it is not
	began   atomic.Int64 // unix nanoseconds when the commit under way began, 0 if there is none
}

// refuses returns why no commit is to be tried now, or nil.
func (f *fault) refuses() error {
	if err := f.stopped.Load(); err != nil {
		return *err
	}
	if until := f.full.Load(); until != 0 && time.Now().UnixNano() < until {
		return store.ErrFull
	}
	return nil
}

// judge turns the error of a commit into what callers may rely on. visible is whether readers see the
// transaction regardless.
//
// A full disk is harmless as long as only pages were being written that nothing refers to yet. All else
// is final: after a failed sync the system may have dropped the data and call the next sync a success.
func (f *fault) judge(err error, visible bool) error {
	if full(err) && !visible {
		pause := max(fullPause, 4*f.underWay())
		f.full.Store(time.Now().Add(pause).UnixNano())
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	stopped := fmt.Errorf("%w: restart the program; a commit failed at %s: %w",
		store.ErrStopped, time.Now().UTC().Format(time.RFC3339), err)
	f.stopped.Store(&stopped)
	return fmt.Errorf("%w: %w", store.ErrUnknown, err)
}

// full reports whether err comes from growing the file or writing pages, for want of space. The same
// codes from a sync are something else: they tell of writes already accepted and now lost.
func full(err error) bool {
	codes := []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}
	var at *os.PathError
	if errors.As(err, &at) {
		for _, code := range codes {
			if at.Op == "write" && errors.Is(at.Err, code) {
				return true
			}
		}
		return false
	}
	// bbolt makes plain text of the error of growing.
	for _, code := range codes {
		if text := err.Error(); strings.HasPrefix(text, "file resize error: ") && strings.HasSuffix(text, code.Error()) {
			return true
		}
	}
	return false
}

// passed says that a commit was made.
func (f *fault) passed() {
	if f.full.Load() != 0 {
		f.full.Store(0)
	}
}

func (f *fault) begin() { f.began.Store(time.Now().UnixNano()) }
func (f *fault) end()   { f.began.Store(0) }

// health returns what is to be said about writes as a whole, or nil.
func (f *fault) health() error {
	if err := f.stopped.Load(); err != nil {
		return *err
	}
	if f.full.Load() != 0 {
		return store.ErrFull
	}
	if d := f.underWay(); d > slow {
		return fmt.Errorf("%w: a commit has been under way for %v", store.ErrBusy, d.Round(time.Millisecond))
	}
	return nil
}

// underWay returns how long the commit under way has lasted, 0 if there is none.
func (f *fault) underWay() time.Duration {
	began := f.began.Load()
	if began == 0 {
		return 0
	}
	return time.Since(time.Unix(0, began))
}
