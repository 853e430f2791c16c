package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// Run holds an engine to the contract of store.Engine. open returns an empty engine that shares
// nothing with the ones before; Run closes it.
func Run(t *testing.T, open func(t *testing.T) store.Engine) {
	cases := []struct {
		name string
		run  func(t *testing.T, e store.Engine)
	}{
		{"Absent", testAbsent},
		{"Order", testOrder},
		{"RangeBounds", testRangeBounds},
		{"AnyBytes", testAnyBytes},
		{"Sizes", testSizes},
		{"Copies", testCopies},
		{"Model", testModel},

		{"OwnWrites", testOwnWrites},
		{"OwnWritesInRange", testOwnWritesInRange},
		{"ErrorRollsBack", testErrorRollsBack},
		{"PanicRollsBack", testPanicRollsBack},
		{"GoexitRollsBack", testGoexitRollsBack},
		{"Snapshot", testSnapshot},
		{"UncommittedUnseen", testUncommittedUnseen},
		{"Cancelled", testCancelled},
		{"Ended", testEnded},
		{"Closed", testClosed},

		{"LostUpdate", testLostUpdate},
		{"OneWinner", testOneWinner},
		{"Phantom", testPhantom},
		{"WriteSkew", testWriteSkew},
		{"Transfers", testTransfers},

		{"UniqueRace", testUniqueRace},
		{"TakeoverAndSweep", testTakeoverAndSweep},
		{"Spaces", testSpaces},
		{"Format", testFormat},
	}
	for _, mode := range []struct {
		name string
		wrap func(store.Engine) store.Engine
	}{
		{"Once", func(e store.Engine) store.Engine { return e }},
		{"Twice", Twice},
	} {
		t.Run(mode.name, func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					e := open(t)
					defer func() {
						if err := e.Close(); err != nil {
							t.Errorf("close: %v", err)
						}
					}()
					c.run(t, mode.wrap(e))
				})
			}
		})
	}
}

// update fails the test if fn cannot be committed.
func update(t *testing.T, e store.Engine, fn func(store.Writer) error) {
	t.Helper()
	if err := e.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

// view fails the test if fn fails.
func view(t *testing.T, e store.Engine, fn func(store.Reader) error) {
	t.Helper()
	if err := e.View(t.Context(), fn); err != nil {
		t.Fatalf("view: %v", err)
	}
}

// put writes every key with itself as the value.
func put(t *testing.T, e store.Engine, keys ...string) {
	t.Helper()
	update(t, e, func(w store.Writer) error {
		for _, key := range keys {
			if err := w.Put(key, []byte(key)); err != nil {
				return err
			}
		}
		return nil
	})
}

// keys returns the keys that Range gives, in its order.
func keys(t *testing.T, e store.Engine, start, end string, limit int) []string {
	t.Helper()
	var found []string
	view(t, e, func(r store.Reader) (err error) {
		found, err = rangeKeys(r, start, end, limit)
		return err
	})
	return found
}

func rangeKeys(r store.Reader, start, end string, limit int) ([]string, error) {
	entries, err := r.Range(start, end, limit)
	found := []string{}
	for _, entry := range entries {
		found = append(found, entry.Key)
	}
	return found, err
}

// get returns the value at key, "" if there is none.
func get(t *testing.T, e store.Engine, key string) string {
	t.Helper()
	var value []byte
	view(t, e, func(r store.Reader) (err error) {
		value, err = r.Get(key)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	return string(value)
}

// together runs fn in n goroutines at once and returns their errors.
func together(n int, fn func(i int) error) []error {
	start, done := make(chan struct{}), make(chan error)
	for i := range n {
		go func() {
			<-start
			done <- fn(i)
		}()
	}
	close(start)
	errs := make([]error, n)
	for i := range errs {
		errs[i] = <-done
	}
	return errs
}

// winners returns how many of errs are nil. All others must be lost.
func winners(t *testing.T, errs []error, lost error) int {
	t.Helper()
	n := 0
	for _, err := range errs {
		switch {
		case err == nil:
			n++
		case !errors.Is(err, lost):
			t.Errorf("error %v, want nil or %v", err, lost)
		}
	}
	return n
}

func numbered(format string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(format, i)
	}
	return names
}
