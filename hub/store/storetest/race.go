package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// number reads a decimal number, 0 if absent.
func number(r store.Reader, key string) (int, error) {
	v, err := r.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(v))
}

func putNumber(w store.Writer, key string, n int) error {
	return w.Put(key, strconv.AppendInt(nil, int64(n), 10))
}

func testLostUpdate(t *testing.T, e store.Engine) {
	errs := together(100, func(int) error {
		return e.Update(t.Context(), func(w store.Writer) error {
			n, err := number(w, "counter")
			return errors.Join(err, putNumber(w, "counter", n+1))
		})
	})
	if n := winners(t, errs, nil); n != 100 {
		t.Errorf("%d of 100 writers succeeded", n)
	}
	if got := get(t, e, "counter"); got != "100" {
		t.Errorf("counter is %s after 100 increments", got)
	}
}

func testOneWinner(t *testing.T, e store.Engine) {
	errs := together(100, func(i int) error {
		return e.Update(t.Context(), func(w store.Writer) error {
			if _, err := w.Get("name"); !errors.Is(err, store.ErrNotFound) {
				return errors.Join(store.ErrExists, err)
			}
			return errors.Join(w.Put("name", strconv.AppendInt(nil, int64(i), 10)), w.Put(fmt.Sprint("won ", i), nil))
		})
	})
	if n := winners(t, errs, store.ErrExists); n != 1 {
		t.Errorf("%d of 100 creators of one key succeeded", n)
	}
	if got := keys(t, e, "won", "woo", 10); len(got) != 1 || got[0] != "won "+get(t, e, "name") {
		t.Errorf("traces of winners: %q, name %q", got, get(t, e, "name"))
	}
}

// Each sees fewer than three entries and adds one: no key is read that another writes.
func testPhantom(t *testing.T, e store.Engine) {
	full := errors.New("full")
	errs := together(40, func(i int) error {
		return e.Update(t.Context(), func(w store.Writer) error {
			entries, err := w.Range("seat ", "seat!", 10)
			if err != nil {
				return err
			}
			if len(entries) >= 3 {
				return full
			}
			return w.Put(fmt.Sprintf("seat %03d", i), nil)
		})
	})
	if n := winners(t, errs, full); n != 3 {
		t.Errorf("%d found a seat, want 3", n)
	}
	if got := keys(t, e, "seat ", "seat!", 10); len(got) != 3 {
		t.Errorf("seats taken: %q", got)
	}
}

// Each may leave as long as somebody stays: what one reads, another writes, but no two write the same key.
func testWriteSkew(t *testing.T, e store.Engine) {
	on := numbered("on call %02d", 20)
	put(t, e, on...)
	last := errors.New("last one")
	errs := together(len(on), func(i int) error {
		return e.Update(t.Context(), func(w store.Writer) error {
			found, err := w.GetAll(on)
			if err != nil {
				return err
			}
			n := 0
			for _, v := range found {
				if v != nil {
					n++
				}
			}
			if n == 1 {
				return last
			}
			return w.Delete(on[i])
		})
	})
	if n := winners(t, errs, last); n != len(on)-1 {
		t.Errorf("%d of %d left", n, len(on))
	}
	if got := keys(t, e, "on call", "on calm", 100); len(got) != 1 {
		t.Errorf("left on call: %q", got)
	}
}

// Money moves between accounts while readers count it: no snapshot may see half a transfer, and
// transfers that fail or panic midway must leave nothing behind in those that share their commit.
func testTransfers(t *testing.T, e store.Engine) {
	accounts := numbered("account %d", 8)
	update(t, e, func(w store.Writer) error {
		for _, a := range accounts {
			if err := putNumber(w, a, 100); err != nil {
				return err
			}
		}
		return nil
	})
	refused := errors.New("refused")
	transfer := func(i int) (err error) {
		defer func() {
			if recover() != nil {
				err = refused
			}
		}()
		return e.Update(t.Context(), func(w store.Writer) error {
			from, to := accounts[i%8], accounts[(i/8+i+1)%8]
			a, err := number(w, from)
			if err != nil {
				return err
			}
			if err := putNumber(w, from, a-1); err != nil {
				return err
			}
			switch i % 5 {
			case 3:
				return refused
			case 4:
				panic(refused)
			}
			b, err := number(w, to)
			if err != nil {
				return err
			}
			return putNumber(w, to, b+1)
		})
	}
	total := func() (n int, err error) {
		err = e.View(t.Context(), func(r store.Reader) error {
			n = 0
			for _, a := range accounts {
				m, err := number(r, a)
				if err != nil {
					return err
				}
				n += m
			}
			return nil
		})
		return n, err
	}
	var over atomic.Bool
	counted := make(chan error)
	go func() {
		var err error
		for err == nil && !over.Load() {
			var n int
			if n, err = total(); err == nil && n != 800 {
				err = fmt.Errorf("a reader counts %d", n)
			}
		}
		counted <- err
	}()
	winners(t, together(160, transfer), refused)
	over.Store(true)
	if err := <-counted; err != nil {
		t.Error(err)
	}
	if n, err := total(); n != 800 || err != nil {
		t.Errorf("%d, %v after all transfers, want 800", n, err)
	}
}
