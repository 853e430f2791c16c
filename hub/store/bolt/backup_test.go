package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// A copy made under load is a sound database, with all that was acknowledged before and no half transaction.
func TestBackupUnderLoad(t *testing.T) {
	dir := t.TempDir()
	e := openAt(t, filepath.Join(dir, "hub.db"), Options{NoSync: true})
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	var mu sync.Mutex
	var acknowledged []string
	for i := range 4 {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				key := fmt.Sprintf("%d/%d", i, n)
				if err := e.Update(t.Context(), writePair(key)); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, key)
				mu.Unlock()
			}
		})
	}
	for i := range 6 {
		time.Sleep(20 * time.Millisecond)
		mu.Lock()
		before := acknowledged[:len(acknowledged):len(acknowledged)]
		mu.Unlock()
		path := filepath.Join(dir, fmt.Sprintf("copy %d.db", i))
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(e.Backup(t.Context(), file), file.Close()); err != nil {
			t.Fatal(err)
		}
		if err := e.Check(t.Context()); err != nil {
			t.Error(err)
		}
		restored := openAt(t, path, Options{})
		if err := restored.View(t.Context(), func(r store.Reader) error { return checkPairs(r, before) }); err != nil {
			t.Error(err)
		}
		put(t, restored, "it can be written")
		if err := restored.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
	stop()
	writers.Wait()
}

func TestBackupFails(t *testing.T) {
	e := openTemp(t)
	put(t, e, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Backup(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := e.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("check cancelled: %v", err)
	}
	r, w := io.Pipe()
	if err := r.CloseWithError(errors.New("no room")); err != nil {
		t.Fatal(err)
	}
	if err := e.Backup(t.Context(), w); err == nil {
		t.Error("a writer that fails gives no error")
	}
	put(t, e, "b")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Backup(t.Context(), io.Discard); !errors.Is(err, store.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// bbolt's own tool makes a file smaller and gives it a list of free pages; such a file is still ours.
func TestCompactedFile(t *testing.T) {
	dir := t.TempDir()
	e := openAt(t, filepath.Join(dir, "hub.db"), Options{NoSync: true})
	for i := range 300 {
		put(t, e, fmt.Sprintf("key %0300d", i))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	from, err := bbolt.Open(filepath.Join(dir, "hub.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "compact.db")
	to, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(bbolt.Compact(to, from, 10_000), to.Close(), from.Close()); err != nil {
		t.Fatal(err)
	}
	e = openAt(t, path, Options{})
	put(t, e, "it can be written")
	err = e.View(t.Context(), func(r store.Reader) error {
		entries, err := r.Range("", "", 1000)
		if len(entries) != 301 {
			t.Errorf("%d entries", len(entries))
		}
		return err
	})
	if err := errors.Join(err, e.Check(t.Context())); err != nil {
		t.Error(err)
	}
}

type ticket struct {
	ID, Text string
	Expires  time.Time
}

// Records that come and go must not make the file grow without end.
func TestA188_Churn(t *testing.T) {
	e := openTemp(t)
	now := time.Now()
	s, err := store.Open(t.Context(), e, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	tickets := store.Collection[ticket]{
		Name:    "ticket",
		ID:      func(v *ticket) string { return v.ID },
		Expires: func(v *ticket) time.Time { return v.Expires },
		Indexes: []store.Index[ticket]{{Name: "text", Unique: true, Keys: func(v *ticket) []string { return []string{v.Text} }}},
	}
	pool := s.Space("pool")
	const records, slice = 2000, 500
	var sizes []int64
	for round := range 8 {
		for from := 0; from < records; from += slice {
			err := pool.Update(t.Context(), func(tx *store.Tx) error {
				for i := from; i < from+slice; i++ {
					id := fmt.Sprintf("%x", uint64(round*records+i)*0x9E3779B97F4A7C15)
					if err := tickets.Create(tx, &ticket{ID: id, Text: id + id, Expires: tx.Now.Add(time.Minute)}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(time.Hour)
		for n := slice; n == slice; {
			err := pool.Update(t.Context(), func(tx *store.Tx) (err error) {
				n, err = tickets.Sweep(tx, slice)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := e.View(t.Context(), func(r store.Reader) error {
			entries, err := r.Range("", "", 10)
			if len(entries) != 1 {
				t.Errorf("round %d leaves %d entries, want only the format", round, len(entries))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var size countWriter
		if err := e.Backup(t.Context(), &size); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, int64(size))
	}
	if sizes[7] > sizes[2]*5/4 {
		t.Errorf("pages in use or free after each round: %d bytes", sizes)
	}
	if err := e.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

type countWriter int64

func (c *countWriter) Write(p []byte) (int, error) {
	*c += countWriter(len(p))
	return len(p), nil
}
