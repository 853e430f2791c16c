package store

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// For all lists of parts a and b: both are refused or a comes back from its key as it was, and keys sort as lists do,
// so that different lists have different keys.
func FuzzKey(f *testing.F) {
	f.Add("a", "b", "a", "b")
	f.Add("a", "", "", "a")
	f.Add("ab", "c", "a", "bc")
	f.Add("foo|", "x", "foo}", "x")
	f.Add("a", "\x01", "a\x01", "")
	f.Add("nul\x00", "", "nul", "\x00")
	f.Add("\xff", "ä", "ÿ", "\u2028")
	f.Add(strings.Repeat("long", 600), "", "", "")
	f.Fuzz(func(t *testing.T, a1, a2, b1, b2 string) {
		a, b := []string{a1, a2}, []string{b1, b2}
		keyA, errA := joinKey("", a...)
		keyB, errB := joinKey("", b...)
		for _, err := range []error{errA, errB} {
			if err != nil && !errors.Is(err, ErrKey) {
				t.Errorf("error %v, want ErrKey", err)
			}
		}
		storable := func(s string) bool { return !strings.Contains(s, "\x00") && s == strings.ToValidUTF8(s, "\ufffd") }
		if (errA == nil) != (storable(a1) && storable(a2)) {
			t.Errorf("%q: %v", a, errA)
		}
		if errA != nil || errB != nil {
			return
		}
		if got := splitKey(keyA); !slices.Equal(got, a) {
			t.Errorf("%q comes back as %q", a, got)
		}
		if cmp.Compare(keyA, keyB) != slices.Compare(a, b) {
			t.Errorf("%q and %q sort otherwise than %q and %q", keyA, keyB, a, b)
		}
	})
}

// splitKey undoes joinKey with an empty prefix.
func splitKey(key string) []string {
	parts := strings.Split(key, "\x00")
	return parts[:len(parts)-1]
}

// For any prefix and key: the key is in [prefix, prefixEnd(prefix)) exactly if it begins with prefix.
func FuzzPrefixEnd(f *testing.F) {
	f.Add("", "")
	f.Add("a", "ab")
	f.Add("a\x00", "a\x01")
	f.Add("a\xff", "b")
	f.Add("\xff\xff", "\xff\xff\xff")
	f.Fuzz(func(t *testing.T, prefix, key string) {
		end := prefixEnd(prefix)
		within := prefix <= key && (end == "" || key < end)
		if within != strings.HasPrefix(key, prefix) {
			t.Errorf("%q in [%q, %q) is %v", key, prefix, end, within)
		}
	})
}

// For any two times: the keys have one width and sort as the times do,
// equal only for equal times within the years 0 to 9999.
func FuzzTimeKey(f *testing.F) {
	f.Add(int64(0), int64(0), int64(0), int64(1))
	f.Add(int64(1893456000), int64(999999999), int64(1893456001), int64(0))
	f.Add(int64(-62167219201), int64(0), int64(-62167219200), int64(0)) // the last second before the year 0
	f.Add(int64(253402300799), int64(0), int64(253402300800), int64(0)) // the first second of the year 10000
	f.Fuzz(func(t *testing.T, s1, n1, s2, n2 int64) {
		const span = 400_000_000_000 // seconds; some 12,000 years to either side
		a, b := time.Unix(s1%span, n1%1e9), time.Unix(s2%span, n2%1e9).In(time.FixedZone("", 3600))
		keyA, keyB := TimeKey(a), TimeKey(b)
		if len(keyA) != len(keyB) {
			t.Errorf("%q and %q differ in width", keyA, keyB)
		}
		if order := cmp.Compare(keyA, keyB); order != a.Compare(b) && (order != 0 || sane(a) && sane(b)) {
			t.Errorf("%v and %v give %q and %q", a, b, keyA, keyB)
		}
	})
}

func sane(t time.Time) bool { return t.UTC().Year() >= 0 && t.UTC().Year() <= 9999 }

func TestCheckEntry(t *testing.T) {
	long := strings.Repeat("k", MaxKey)
	big := make([]byte, MaxValue)
	for _, c := range []struct {
		name, key string
		value     []byte
		want      error
	}{
		{"usual", "k", []byte("v"), nil},
		{"largest", long, big, nil},
		{"no value", "k", nil, nil},
		{"no key", "", nil, ErrKey},
		{"long key", long + "k", nil, ErrKey},
		{"large value", "k", append(big, 0), ErrTooLarge},
	} {
		if err := CheckEntry(c.key, c.value); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
