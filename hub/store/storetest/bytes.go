package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/store"
)

func testAbsent(t *testing.T, e store.Engine) {
	put(t, e, "a", "c")
	update(t, e, func(w store.Writer) error { return w.Put("empty", nil) })
	update(t, e, func(w store.Writer) error { return w.Delete("never there") })
	view(t, e, func(r store.Reader) error {
		if v, err := r.Get("b"); !errors.Is(err, store.ErrNotFound) || v != nil {
			t.Errorf("Get of an absent key = %q, %v, want ErrNotFound", v, err)
		}
		if v, err := r.Get("empty"); err != nil || v == nil || len(v) != 0 {
			t.Errorf("Get of an empty value = %#v, %v, want an empty slice that is not nil", v, err)
		}
		got, err := r.GetAll([]string{"c", "b", "a", "empty", "c"})
		if err != nil {
			return err
		}
		want := [][]byte{[]byte("c"), nil, []byte("a"), {}, []byte("c")}
		if !slices.EqualFunc(got, want, func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }) {
			t.Errorf("GetAll = %#v, want %#v", got, want)
		}
		if got, err := r.GetAll(nil); err != nil || len(got) != 0 {
			t.Errorf("GetAll of nothing = %v, %v", got, err)
		}
		return nil
	})
}

// A collation would sort these otherwise, or take two of them for one.
func testOrder(t *testing.T, e store.Engine) {
	want := []string{"foo", "foo|", "foo}", "foo~", "Foo", "FOO", "a", "A", "ä", "a\u0308", "z", "Z", "ß", "ss", "ı", "i", "I",
		"a b", "a-b", "ab", "a_b", "10", "9", "é", "e", " ", "  ", "a ", "\x01", "\x7f", "\x80", "\xff", "\xff\xff", "a\x00", "a\x00\x00", "a\x00b"}
	for b := range 256 {
		want = append(want, "byte "+string([]byte{byte(b)}))
	}
	shuffled := slices.Clone(want)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	put(t, e, shuffled...)
	slices.Sort(want)
	if got := keys(t, e, "", "", 1000); !slices.Equal(got, want) {
		t.Errorf("Range gives %q,\nwant %q", got, want)
	}
}

func testRangeBounds(t *testing.T, e store.Engine) {
	put(t, e, "a", "b", "b\x00", "c", "d")
	for _, c := range []struct {
		start, end string
		limit      int
		want       string
	}{
		{"", "", 10, "a b b\x00 c d"},
		{"", "", 5, "a b b\x00 c d"},
		{"", "", 2, "a b"},
		{"b", "d", 10, "b b\x00 c"},
		{"b", "d", 1, "b"},
		{"b\x00", "c", 10, "b\x00"},
		{"aa", "bb", 10, "b b\x00"},
		{"", "a", 10, ""},
		{"d", "", 10, "d"},
		{"e", "", 10, ""},
		{"c", "c", 10, ""},
		{"d", "a", 10, ""},
	} {
		if got := strings.Join(keys(t, e, c.start, c.end, c.limit), " "); got != c.want {
			t.Errorf("Range(%q, %q, %d) gives %q, want %q", c.start, c.end, c.limit, got, c.want)
		}
	}
	for _, limit := range []int{0, -1} {
		err := e.View(t.Context(), func(r store.Reader) error {
			_, err := r.Range("", "", limit)
			return err
		})
		if err == nil {
			t.Errorf("Range with limit %d gives no error", limit)
		}
	}
}

func testAnyBytes(t *testing.T, e store.Engine) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	values := map[string][]byte{
		string(all):              all,
		"\x00":                   {0},
		"\x00\x00":               {},
		"\xff\xff":               []byte("\xff\xfe\x00"),
		"not \xc3\x28 UTF-8":     []byte("\xc3\x28"),
		"100% ' \" \\ ; -- \n$1": []byte("100% ' \" \\ ; -- \n$1"),
		"\u2028\U0001F600":       []byte(" \n\t\r "),
	}
	update(t, e, func(w store.Writer) error {
		for key, value := range values {
			if err := w.Put(key, value); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, e, func(r store.Reader) error {
		entries, err := r.Range("", "", 100)
		if len(entries) != len(values) {
			t.Errorf("%d entries, want %d", len(entries), len(values))
		}
		for _, entry := range entries {
			if want := values[entry.Key]; !bytes.Equal(entry.Value, want) {
				t.Errorf("Range at %q = %q, want %q", entry.Key, entry.Value, want)
			}
			if got, err := r.Get(entry.Key); err != nil || !bytes.Equal(got, entry.Value) {
				t.Errorf("Get(%q) = %q, %v, want %q", entry.Key, got, err, entry.Value)
			}
		}
		return err
	})
}

func testSizes(t *testing.T, e store.Engine) {
	long := strings.Repeat("k", store.MaxKey)
	big := bytes.Repeat([]byte("0123456789abcdef"), store.MaxValue/16)
	update(t, e, func(w store.Writer) error { return w.Put(long, big) })
	if got := get(t, e, long); got != string(big) {
		t.Errorf("the largest value comes back with %d bytes", len(got))
	}
	for _, c := range []struct {
		name, key string
		value     []byte
		want      error
	}{
		{"empty key", "", []byte("v"), store.ErrKey},
		{"long key", long + "k", []byte("v"), store.ErrKey},
		{"large value", "k", append(big, 'x'), store.ErrTooLarge},
	} {
		// A refused Put must not spoil the rest of its transaction.
		update(t, e, func(w store.Writer) error {
			if err := w.Put(c.key, c.value); !errors.Is(err, c.want) {
				t.Errorf("%s: error %v, want %v", c.name, err, c.want)
			}
			return w.Put("beside "+c.name, []byte("v"))
		})
		if get(t, e, "beside "+c.name) != "v" {
			t.Errorf("%s: the write beside it is lost", c.name)
		}
	}

	many := numbered("many %05d", 2500)
	put(t, e, many...)
	if got := keys(t, e, "many", "manz", 3000); !slices.Equal(got, many) {
		t.Errorf("Range gives %d of %d keys", len(got), len(many))
	}
}

func testCopies(t *testing.T, e store.Engine) {
	update(t, e, func(w store.Writer) error {
		value := []byte("right")
		if err := w.Put("k", value); err != nil {
			return err
		}
		copy(value, "WRONG")
		return nil
	})
	var kept [][]byte
	spoil := func(r store.Reader) error {
		one, err := r.Get("k")
		if err != nil {
			return err
		}
		all, err := r.GetAll([]string{"k"})
		if err != nil {
			return err
		}
		entries, err := r.Range("", "", 1)
		if err != nil {
			return err
		}
		kept = [][]byte{one, all[0], entries[0].Value}
		for _, value := range kept {
			if string(value) != "right" {
				return fmt.Errorf("value is %q", value)
			}
			copy(value, "WRONG")
		}
		return nil
	}
	view(t, e, spoil)
	update(t, e, func(w store.Writer) error { return spoil(w) })
	update(t, e, func(w store.Writer) error {
		if err := w.Put("k", []byte("right")); err != nil {
			return err
		}
		return spoil(w)
	})
	if got := get(t, e, "k"); got != "right" {
		t.Errorf("value is %q after the callers changed their copies", got)
	}
	put(t, e, numbered("other %d", 500)...)
	for _, value := range kept {
		if string(value) != "WRONG" {
			t.Errorf("a kept value became %q", value)
		}
	}
}
