package storetest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/store"
)

func testOwnWrites(t *testing.T, e store.Engine) {
	put(t, e, "old", "gone")
	check := func(w store.Writer, key, want string) {
		t.Helper()
		v, err := w.Get(key)
		if want == "" && !errors.Is(err, store.ErrNotFound) || want != "" && (err != nil || string(v) != want) {
			t.Errorf("Get(%q) = %q, %v, want %q", key, v, err, want)
		}
		all, err := w.GetAll([]string{key})
		if err != nil || string(all[0]) != want || (all[0] == nil) != (want == "") {
			t.Errorf("GetAll(%q) = %q, %v, want %q", key, all, err, want)
		}
	}
	steps := func(w store.Writer) error {
		err := errors.Join(
			w.Put("new", []byte("1")),
			w.Put("new", []byte("2")),
			w.Put("old", []byte("3")),
			w.Delete("gone"),
			w.Put("brief", []byte("4")),
			w.Delete("brief"),
			w.Delete("again"),
			w.Put("again", []byte("5")))
		check(w, "new", "2")
		check(w, "old", "3")
		check(w, "gone", "")
		check(w, "brief", "")
		check(w, "again", "5")
		return err
	}
	update(t, e, steps)
	if got, want := strings.Join(keys(t, e, "", "", 10), " "), "again new old"; got != want {
		t.Errorf("keys %q after the commit, want %q", got, want)
	}
	if get(t, e, "new") != "2" || get(t, e, "old") != "3" {
		t.Error("an earlier write won over a later one")
	}
}

func testOwnWritesInRange(t *testing.T, e store.Engine) {
	put(t, e, "a", "b", "c", "d", "e", "f")
	check := func(w store.Writer, start, end string, limit int, want string) {
		t.Helper()
		got, err := rangeKeys(w, start, end, limit)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("Range(%q, %q, %d) = %q, %v, want %q", start, end, limit, got, err, want)
		}
	}
	update(t, e, func(w store.Writer) error {
		err := errors.Join(
			w.Put("A", nil),
			w.Put("bb", nil),
			w.Put("c", []byte("new")),
			w.Put("g", nil),
			w.Delete("a"),
			w.Delete("b"),
			w.Delete("d"),
			w.Put("x", nil),
			w.Delete("x"))
		check(w, "", "", 10, "A bb c e f g")
		check(w, "", "", 3, "A bb c")
		check(w, "a", "", 1, "bb")
		check(w, "a", "c", 10, "bb")
		check(w, "d", "f", 10, "e")
		check(w, "f", "", 10, "f g")
		entries, rangeErr := w.Range("c", "d", 10)
		if len(entries) != 1 || string(entries[0].Value) != "new" {
			t.Errorf("Range gives %q for an overwritten key", entries)
		}
		return errors.Join(err, rangeErr)
	})
	if got, want := strings.Join(keys(t, e, "", "", 10), " "), "A bb c e f g"; got != want {
		t.Errorf("keys %q after the commit, want %q", got, want)
	}
}

func testErrorRollsBack(t *testing.T, e store.Engine) {
	put(t, e, "kept")
	refused := errors.New("refused")
	err := e.Update(t.Context(), func(w store.Writer) error {
		return errors.Join(w.Put("new", nil), w.Delete("kept"), refused)
	})
	if !errors.Is(err, refused) {
		t.Errorf("Update gives %v, want the error of its function", err)
	}
	if err := e.View(t.Context(), func(store.Reader) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("View gives %v, want the error of its function", err)
	}
	if got := strings.Join(keys(t, e, "", "", 10), " "); got != "kept" {
		t.Errorf("keys %q, want only what was there", got)
	}
}

func testPanicRollsBack(t *testing.T, e store.Engine) {
	caught := func(run func() error) (value any) {
		defer func() { value = recover() }()
		t.Errorf("a panic became the error %v", run())
		return nil
	}
	if got := caught(func() error {
		return e.Update(t.Context(), func(w store.Writer) error {
			_ = w.Put("new", nil)
			panic("mine")
		})
	}); got != "mine" {
		t.Errorf("the caller of Update gets the panic %v", got)
	}
	if got := caught(func() error {
		return e.View(t.Context(), func(store.Reader) error { panic("mine too") })
	}); got != "mine too" {
		t.Errorf("the caller of View gets the panic %v", got)
	}
	put(t, e, "after")
	if got := strings.Join(keys(t, e, "", "", 10), " "); got != "after" {
		t.Errorf("keys %q, want only what was written after the panic", got)
	}
}

// A test that calls t.Fatal inside a transaction must not take the engine with it.
func testGoexitRollsBack(t *testing.T, e store.Engine) {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = e.Update(t.Context(), func(w store.Writer) error {
			_ = w.Put("new", nil)
			runtime.Goexit()
			return nil
		})
	}()
	<-gone
	put(t, e, "after")
	if got := strings.Join(keys(t, e, "", "", 10), " "); got != "after" {
		t.Errorf("keys %q, want only what was written after", got)
	}
}

func testSnapshot(t *testing.T, e store.Engine) {
	put(t, e, "a", "b")
	view(t, e, func(r store.Reader) error {
		before, err := rangeKeys(r, "", "", 100)
		if err != nil {
			return err
		}
		done := make(chan error)
		go func() {
			done <- e.Update(t.Context(), func(w store.Writer) error {
				return errors.Join(w.Put("a", []byte("changed")), w.Delete("b"), w.Put("c", nil))
			})
		}()
		if err := <-done; err != nil {
			return err
		}
		after, err := rangeKeys(r, "", "", 100)
		if strings.Join(after, " ") != strings.Join(before, " ") {
			t.Errorf("keys %q became %q within one View", before, after)
		}
		if len(before) == 2 && before[1] == "b" {
			if v, err := r.Get("a"); err != nil || string(v) != "a" {
				t.Errorf("Get(a) = %q, %v within a View older than the change", v, err)
			}
		}
		return err
	})
	if got := strings.Join(keys(t, e, "", "", 10), " "); got != "a c" {
		t.Errorf("keys %q in a new View, want the change", got)
	}
}

func testUncommittedUnseen(t *testing.T, e store.Engine) {
	update(t, e, func(w store.Writer) error {
		if err := w.Put("new", []byte("1")); err != nil {
			return err
		}
		seen := make(chan error)
		go func() {
			seen <- e.View(t.Context(), func(r store.Reader) error {
				_, err := r.Get("new")
				return err
			})
		}()
		if err := <-seen; !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a View beside an Update gets %v, want ErrNotFound", err)
		}
		return nil
	})
	if get(t, e, "new") != "1" {
		t.Error("a committed write is not seen")
	}
}

func testCancelled(t *testing.T, e store.Engine) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ran := false
	err := e.Update(ctx, func(w store.Writer) error {
		ran = true
		return w.Put("new", nil)
	})
	if !errors.Is(err, context.Canceled) || ran {
		t.Errorf("Update gives %v and ran is %v, want context.Canceled and not run", err, ran)
	}
	err = e.View(ctx, func(store.Reader) error {
		ran = true
		return nil
	})
	if !errors.Is(err, context.Canceled) || ran {
		t.Errorf("View gives %v and ran is %v, want context.Canceled and not run", err, ran)
	}
	if got := keys(t, e, "", "", 10); len(got) != 0 {
		t.Errorf("keys %q were written", got)
	}
}

func testEnded(t *testing.T, e store.Engine) {
	put(t, e, "a")
	var r store.Reader
	var w store.Writer
	view(t, e, func(in store.Reader) error { r = in; return nil })
	update(t, e, func(in store.Writer) error { w = in; return in.Put("b", nil) })
	for _, r := range []store.Reader{r, w} {
		if _, err := r.Get("a"); err == nil {
			t.Error("Get works after the end")
		}
		if _, err := r.GetAll([]string{"b"}); err == nil {
			t.Error("GetAll works after the end")
		}
		if _, err := r.Range("", "", 1); err == nil {
			t.Error("Range works after the end")
		}
	}
	if w.Put("c", nil) == nil || w.Delete("a") == nil {
		t.Error("a write works after the end")
	}
	if got := strings.Join(keys(t, e, "", "", 10), " "); got != "a b" {
		t.Errorf("keys %q, want a and b", got)
	}
}

func testClosed(t *testing.T, e store.Engine) {
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.View(t.Context(), func(store.Reader) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("View gives %v, want ErrClosed", err)
	}
	if err := e.Update(t.Context(), func(store.Writer) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Update gives %v, want ErrClosed", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("the second Close gives %v", err)
	}
}
