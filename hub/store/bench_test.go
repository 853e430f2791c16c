package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
)

// What a collection costs beyond its engine: one record with three index entries, syncs left out.
func BenchmarkCollection(b *testing.B) {
	e, err := bolt.Open(filepath.Join(b.TempDir(), "hub.db"), bolt.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(b.Context(), e, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	pool := s.Space("pool")
	record := func(i int) *user {
		return &user{ID: fmt.Sprint("id ", i), Name: fmt.Sprint("name ", i), Group: "staff", Expires: time.Now().Add(time.Hour)}
	}
	const records = 10_000
	err = pool.Update(b.Context(), func(tx *store.Tx) error {
		for i := range records {
			if err := users.Create(tx, record(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	view := func(fn func(tx *store.Tx, i int) error) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := pool.View(b.Context(), func(tx *store.Tx) error { return fn(tx, i%records) }); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("Get", view(func(tx *store.Tx, i int) error { _, err := users.Get(tx, record(i).ID); return err }))
	b.Run("Find", view(func(tx *store.Tx, i int) error { _, err := users.Find(tx, "name", record(i).Name); return err }))
	b.Run("List=20", view(func(tx *store.Tx, i int) error {
		_, _, err := users.List(tx, "name", "", store.Page{Limit: 20})
		return err
	}))
	// Hundred to a transaction, to measure the collection rather than the commit.
	b.Run("Put", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if i%100 != 0 {
				continue
			}
			err := pool.Update(b.Context(), func(tx *store.Tx) error {
				for j := range 100 {
					if err := users.Put(tx, record((i+j)%records)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
