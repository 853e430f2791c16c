package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

type record struct {
	ID      string
	Name    string
	Expires time.Time
}

var records = store.Collection[record]{
	Name:    "record",
	ID:      func(r *record) string { return r.ID },
	Expires: func(r *record) time.Time { return r.Expires },
	Indexes: []store.Index[record]{
		{Name: "name", Unique: true, Keys: func(r *record) []string { return []string{r.Name} }},
		{Name: "first", Keys: func(r *record) []string { return []string{r.Name[:1]} }},
	},
}

// openStore returns a store whose clock the test moves.
func openStore(t *testing.T, e store.Engine) (s *store.Store, now *time.Time) {
	t.Helper()
	now = new(time.Time)
	*now = time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)
	s, err := store.Open(t.Context(), e, func() time.Time { return *now })
	if err != nil {
		t.Fatal(err)
	}
	return s, now
}

func updateTx(t *testing.T, s *store.Space, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

// found returns the id of the record with that name, "" if there is none.
func found(t *testing.T, s *store.Space, name string) (id string) {
	t.Helper()
	err := s.View(t.Context(), func(tx *store.Tx) error {
		r, err := records.Find(tx, "name", name)
		if err == nil {
			id = r.ID
		}
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("find: %v", err)
	}
	return id
}

func testUniqueRace(t *testing.T, e store.Engine) {
	s, _ := openStore(t, e)
	pool := s.Space("pool")
	errs := together(100, func(i int) error {
		return pool.Update(t.Context(), func(tx *store.Tx) error {
			return records.Create(tx, &record{ID: fmt.Sprint("id ", i), Name: "alice"})
		})
	})
	if n := winners(t, errs, store.ErrExists); n != 1 {
		t.Errorf("%d of 100 records took one unique name", n)
	}
	err := pool.View(t.Context(), func(tx *store.Tx) error {
		vs, _, err := records.List(tx, "", "", store.Page{})
		if len(vs) != 1 || vs[0].ID != found(t, pool, "alice") {
			t.Errorf("records %v, name held by %q", vs, found(t, pool, "alice"))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// The name of an expired record goes to a new one. Sweeping what remains of the old must not take it away again.
func testTakeoverAndSweep(t *testing.T, e store.Engine) {
	s, now := openStore(t, e)
	pool := s.Space("pool")
	updateTx(t, pool, func(tx *store.Tx) error {
		return errors.Join(
			records.Create(tx, &record{ID: "old", Name: "alice", Expires: tx.Now.Add(time.Minute)}),
			records.Create(tx, &record{ID: "older", Name: "bob", Expires: tx.Now.Add(time.Second)}),
			records.Create(tx, &record{ID: "lasting", Name: "carol"}))
	})
	err := pool.Update(t.Context(), func(tx *store.Tx) error {
		return records.Create(tx, &record{ID: "new", Name: "alice"})
	})
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("taking a live record's name gives %v, want ErrExists", err)
	}

	*now = now.Add(time.Hour)
	if id := found(t, pool, "alice"); id != "" {
		t.Errorf("an expired record is found: %s", id)
	}
	updateTx(t, pool, func(tx *store.Tx) error {
		return records.Create(tx, &record{ID: "new", Name: "alice", Expires: tx.Now.Add(time.Hour)})
	})
	swept := 0
	updateTx(t, pool, func(tx *store.Tx) (err error) {
		swept, err = records.Sweep(tx, 100)
		return err
	})
	if swept != 1 {
		t.Errorf("%d records swept, want bob's only: alice's old one went at the takeover", swept)
	}
	if found(t, pool, "alice") != "new" || found(t, pool, "bob") != "" || found(t, pool, "carol") != "lasting" {
		t.Errorf("names are held by %q, %q, %q", found(t, pool, "alice"), found(t, pool, "bob"), found(t, pool, "carol"))
	}
	// Two records, each with two index entries, one of them with an expiry, and the format.
	if got := keys(t, e, "", "", 100); len(got) != 8 {
		t.Errorf("keys left: %q", got)
	}
}

// Names are chosen so that one space's keys would run into another's if anything were joined carelessly.
func testSpaces(t *testing.T, e store.Engine) {
	s, _ := openStore(t, e)
	names := []string{"a", "ab", "a/b", "a.record", "A", "ÿ", "aÿ", "record", "format"}
	for i, name := range names {
		updateTx(t, s.Space(name), func(tx *store.Tx) error {
			return errors.Join(
				records.Create(tx, &record{ID: "id", Name: fmt.Sprint("x", i)}),
				records.Create(tx, &record{ID: name, Name: "same"}))
		})
	}
	for i, name := range names {
		space := s.Space(name)
		if got := found(t, space, "same"); got != name {
			t.Errorf("space %q finds %q", name, got)
		}
		if got := found(t, space, fmt.Sprint("x", (i+1)%len(names))); got != "" {
			t.Errorf("space %q finds the record of another", name)
		}
		err := space.View(t.Context(), func(tx *store.Tx) error {
			vs, _, err := records.List(tx, "", "", store.Page{})
			if len(vs) != 2 {
				t.Errorf("space %q lists %d records, want 2", name, len(vs))
			}
			entries, entriesErr := tx.Entries("", 100)
			if len(entries) != 6 || !slices.IsSortedFunc(entries, func(a, b store.Entry) int { return strings.Compare(a.Key, b.Key) }) {
				t.Errorf("space %q has entries %q, want 6 in order", name, entries)
			}
			return errors.Join(err, entriesErr)
		})
		if err != nil {
			t.Error(err)
		}
	}
	updateTx(t, s.Space("a"), func(tx *store.Tx) error { return records.Delete(tx, "id") })
	for i, name := range names[1:] {
		if found(t, s.Space(name), fmt.Sprint("x", i+1)) != "id" {
			t.Errorf("a delete in one space reached space %q", name)
		}
	}
	for _, name := range []string{"", "a\x00", "a\xff"} {
		if err := s.Space(name).View(t.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrKey) {
			t.Errorf("space %q: error %v, want ErrKey", name, err)
		}
	}
}

func testFormat(t *testing.T, e store.Engine) {
	openStore(t, e)
	openStore(t, e) // a second time finds the mark of the first
	mark := keys(t, e, "", "", 10)
	if len(mark) != 1 {
		t.Fatalf("an empty store holds %q", mark)
	}
	update(t, e, func(w store.Writer) error { return w.Put(mark[0], []byte("7")) })
	_, err := store.Open(t.Context(), e, time.Now)
	if newer := (*store.FormatError)(nil); !errors.As(err, &newer) || newer.Found != 7 || newer.Known != store.Format {
		t.Errorf("data of format 7 gives %v", err)
	}
	update(t, e, func(w store.Writer) error { return errors.Join(w.Delete(mark[0]), w.Put("something", nil)) })
	if _, err := store.Open(t.Context(), e, time.Now); err == nil {
		t.Error("foreign data is taken for an empty store")
	}
	if got := strings.Join(keys(t, e, "", "", 10), " "); got != "something" {
		t.Errorf("a refused open left %q", got)
	}
}
