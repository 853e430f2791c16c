package bolt

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// Killed at any instant under load: whatever was acknowledged is there, and no transaction is there by half.
func TestA179_KilledUnderLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	acknowledged := 0
	for range 15 {
		c := startChild(t, "write", path)
		c.ready(t)
		time.AfterFunc(time.Duration(rand.IntN(60_000))*time.Microsecond, func() { _ = c.Process.Kill() })
		var keys []string
		for c.lines.Scan() {
			keys = append(keys, c.lines.Text())
		}
		_ = c.Wait() // it was killed
		acknowledged += len(keys)

		started := time.Now()
		e, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d := time.Since(started); d > 3*time.Second {
			t.Errorf("up after %v", d)
		}
		if err := e.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := e.View(t.Context(), func(r store.Reader) error { return checkPairs(r, keys) }); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	if acknowledged == 0 {
		t.Error("no write was acknowledged in any run")
	}
	t.Logf("%d acknowledged writes", acknowledged)
}

// checkPairs looks for these writePairs, and for halves of any.
func checkPairs(r store.Reader, keys []string) error {
	for _, key := range keys {
		if v, err := r.Get("first/" + key); err != nil || string(v) != strings.Repeat(key, 40) {
			return errors.Join(errors.New(key+" was acknowledged and is lost"), err)
		}
	}
	firsts, err := r.Range("first/", "first0", 1_000_000)
	if err != nil {
		return err
	}
	seconds, err := r.Range("second/", "second0", 1_000_000)
	if err != nil {
		return err
	}
	if len(firsts) != len(seconds) {
		return errors.New("a transaction is there by half")
	}
	for i := range firsts {
		if firsts[i].Key[len("first/"):] != seconds[i].Key[len("second/"):] {
			return errors.New("a transaction is there by half")
		}
	}
	return nil
}
