package bolt

import (
	"path/filepath"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/storetest"
)

// openTemp returns an engine on a new file, without syncs.
func openTemp(t testing.TB) *Engine {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "hub.db"), Options{NoSync: true})
}

// openAt returns an engine that is closed with the test.
func openAt(t testing.TB, path string, o Options) *Engine {
	t.Helper()
	e, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return e
}

// put writes keys with themselves as values, in one transaction.
func put(t testing.TB, e *Engine, keys ...string) {
	t.Helper()
	err := e.Update(t.Context(), func(w store.Writer) error {
		for _, key := range keys {
			if err := w.Put(key, []byte(key)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// get returns the value at key, "" if there is none.
func get(t testing.TB, e *Engine, key string) string {
	t.Helper()
	var value [][]byte
	err := e.View(t.Context(), func(r store.Reader) (err error) {
		value, err = r.GetAll([]string{key})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(value[0])
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Engine { return openTemp(t) })
}
