package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/storetest"
)

// Whichever storage call of an operation fails, the operation says so, and nothing of it is there.
func TestA184_EveryCallFails(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(tx *store.Tx) error
	}{
		{"Create", func(tx *store.Tx) error { return users.Create(tx, &user{ID: "new", Name: "new", Group: "g"}) }},
		{"Create over an expired holder", func(tx *store.Tx) error {
			return users.Create(tx, &user{ID: "new", Name: "gone", Emails: []string{"gone@one.example"}})
		}},
		{"Put", func(tx *store.Tx) error {
			return users.Put(tx, &user{ID: "1", Name: "renamed", Emails: []string{"b@one.example"}})
		}},
		{"Delete", func(tx *store.Tx) error { return users.Delete(tx, "1") }},
		{"Sweep", func(tx *store.Tx) error { _, err := users.Sweep(tx, 10); return err }},
		{"Get", func(tx *store.Tx) error { _, err := users.Get(tx, "1"); return err }},
		{"Find", func(tx *store.Tx) error { _, err := users.Find(tx, "name", "alice"); return err }},
		{"List", func(tx *store.Tx) error { _, _, err := users.List(tx, "name", "", store.Page{}); return err }},
		{"Entries", func(tx *store.Tx) error { _, err := tx.Entries("", 10); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			fault := &storetest.Fault{}
			f := newFixtureOn(t, func(e store.Engine) store.Engine {
				fault.Engine = e
				return fault
			})
			f.create(
				user{ID: "1", Name: "alice", Emails: []string{"a@one.example", "b@one.example"}, Group: "staff"},
				user{ID: "2", Name: "gone", Emails: []string{"gone@one.example"}, Expires: f.now.Add(time.Second)})
			f.now = f.now.Add(time.Minute)
			before := f.dump()
			for n := 1; ; n++ {
				fault.At(n)
				err := f.pool.Update(t.Context(), c.run)
				hit := fault.Hit()
				fault.At(0)
				if !hit {
					if err != nil || n < 4 {
						t.Errorf("without a fault, after %d calls: %v", n-1, err)
					}
					return
				}
				if !errors.Is(err, storetest.ErrInjected) {
					t.Fatalf("a fault at call %d became %v", n, err)
				}
				if diff := cmp.Diff(before, f.dump()); diff != "" {
					t.Fatalf("a fault at call %d left:\n%s", n, diff)
				}
			}
		})
	}
}

// A commit may be made and not be reported.
func TestA184_CommitNotReported(t *testing.T) {
	fault := &storetest.Fault{Kept: true}
	f := newFixtureOn(t, func(e store.Engine) store.Engine {
		fault.Engine = e
		return fault
	})
	fault.At(5) // begin, read, put, put, end
	err := f.pool.Update(t.Context(), func(tx *store.Tx) error { return users.Create(tx, &user{ID: "1", Name: "alice"}) })
	if !errors.Is(err, store.ErrUnknown) || !fault.Hit() {
		t.Errorf("error %v, want ErrUnknown", err)
	}
	if f.found("name", "alice") != "1" {
		t.Error("the commit was not made")
	}
}
