package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// testModel does many small things at random and expects of the engine, after each of them, what a map
// would give. The few keys make overwriting, deleting and ranges across both frequent.
func testModel(t *testing.T, e store.Engine) {
	rnd := rand.New(rand.NewPCG(7, 11))
	keys := []string{"\x00", "a", "a\x00", "a\x00\x00", "a\x00b", "a\x01", "ab", "b", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}
	pick := func() string { return keys[rnd.IntN(len(keys))] }
	errUndo := errors.New("undo")

	committed := map[string][]byte{}
	for round := range 300 {
		undo := rnd.IntN(4) == 0
		seed := rnd.Uint64()
		var model map[string][]byte
		err := e.Update(t.Context(), func(w store.Writer) error {
			rnd := rand.New(rand.NewPCG(seed, 0)) // a second attempt does the same again
			model = maps.Clone(committed)
			for step := range rnd.IntN(12) {
				key := keys[rnd.IntN(len(keys))]
				var err error
				if rnd.IntN(3) == 0 {
					err = w.Delete(key)
					delete(model, key)
				} else {
					value := bytes.Repeat([]byte{byte(round), byte(step)}, rnd.IntN(40))
					err = w.Put(key, value)
					model[key] = value
				}
				if err == nil {
					err = compare(w, model, keys[rnd.IntN(len(keys))], keys[rnd.IntN(len(keys))], 1+rnd.IntN(6))
				}
				if err != nil {
					return err
				}
			}
			if undo {
				return errUndo
			}
			return nil
		})
		switch {
		case undo && errors.Is(err, errUndo):
		case err == nil:
			committed = model
		default:
			t.Fatalf("round %d: %v", round, err)
		}
		view(t, e, func(r store.Reader) error {
			return errors.Join(compare(r, committed, "", "", 100), compare(r, committed, pick(), pick(), 1+rnd.IntN(6)))
		})
	}
}

// compare reads the range and one key, and says how they differ from the model.
func compare(r store.Reader, model map[string][]byte, start, end string, limit int) error {
	var want []string
	for _, key := range slices.Sorted(maps.Keys(model)) {
		if start <= key && (end == "" || key < end) && len(want) < limit {
			want = append(want, key)
		}
	}
	entries, err := r.Range(start, end, limit)
	if err != nil {
		return err
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Key)
		if !bytes.Equal(entry.Value, model[entry.Key]) {
			return fmt.Errorf("Range gives %q at %q, want %q", entry.Value, entry.Key, model[entry.Key])
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("Range(%q, %q, %d) gives %q, want %q", start, end, limit, got, want)
	}
	value, err := r.Get(start)
	expected, present := model[start]
	if present != (err == nil) || !bytes.Equal(value, expected) {
		return fmt.Errorf("Get(%q) = %q, %v, want %q, %v", start, value, err, expected, present)
	}
	return nil
}
