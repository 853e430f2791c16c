package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/isthmus-hub/isthmus/hub/store"
)

var (
	errEnded = errors.New("transaction used after its end")
	errLimit = errors.New("range without a limit")
)

// tx is the store.Reader of a View and the store.Writer of an Update. Writes stay in it, above what the
// group has written so far, until they are applied; a transaction that fails drops them and nothing else.
type tx struct {
	bucket *bbolt.Bucket     // nil after the end
	writes map[string][]byte // sealed values, nil for deleted; nil in a View
	cursor *bbolt.Cursor     // kept from one read to the next, like key
	key    []byte
}

// end makes later use an error: the memory behind a bucket goes with its transaction.
func (t *tx) end() { t.bucket, t.cursor = nil, nil }

// Get implements store.Reader.
func (t *tx) Get(key string) ([]byte, error) {
	value, err := t.lookup(key)
	if err == nil && value == nil {
		err = store.ErrNotFound
	}
	return value, err
}

// GetAll implements store.Reader.
func (t *tx) GetAll(keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		value, err := t.lookup(key)
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}

// Range implements store.Reader.
func (t *tx) Range(start, end string, limit int) ([]store.Entry, error) {
	if limit < 1 {
		return nil, errLimit
	}
	within := func(key string) bool { return start <= key && (end == "" || key < end) }
	var written []store.Entry
	for key, sealed := range t.writes {
		if sealed != nil && within(key) {
			written = append(written, store.Entry{Key: key, Value: slices.Clone(sealed[sumSize:])})
		}
	}
	k, v, err := t.seek(start)
	if err != nil {
		return nil, err
	}
	var entries []store.Entry
	for ; k != nil && len(entries) < limit; k, v = t.cursor.Next() {
		key := string(k)
		if !within(key) {
			break
		}
		if _, own := t.writes[key]; own {
			continue // overwritten or deleted
		}
		value, err := unseal(k, v)
		if err != nil {
			return nil, err
		}
		entries = append(entries, store.Entry{Key: key, Value: value})
	}
	if len(written) == 0 {
		return entries, nil
	}
	entries = append(entries, written...)
	slices.SortFunc(entries, func(a, b store.Entry) int { return strings.Compare(a.Key, b.Key) })
	return entries[:min(limit, len(entries))], nil
}

// Put implements store.Writer.
func (t *tx) Put(key string, value []byte) error {
	if t.bucket == nil {
		return errEnded
	}
	if err := store.CheckEntry(key, value); err != nil {
		return err
	}
	t.key = append(t.key[:0], key...)
	t.writes[key] = seal(t.key, value)
	return nil
}

// Delete implements store.Writer.
func (t *tx) Delete(key string) error {
	if t.bucket == nil {
		return errEnded
	}
	t.writes[key] = nil
	return nil
}

// lookup returns a copy of the value at key, nil where absent.
func (t *tx) lookup(key string) ([]byte, error) {
	if sealed, own := t.writes[key]; own && t.bucket != nil {
		if sealed == nil {
			return nil, nil
		}
		return slices.Clone(sealed[sumSize:]), nil
	}
	k, v, err := t.seek(key)
	if err != nil || k == nil || !bytes.Equal(k, t.key) {
		return nil, err
	}
	return unseal(k, v)
}

// seek returns the first entry of the bucket at or after key, in memory that goes with the transaction.
func (t *tx) seek(key string) (k, v []byte, err error) {
	if t.bucket == nil {
		return nil, nil, errEnded
	}
	if t.cursor == nil {
		t.cursor = t.bucket.Cursor()
	}
	t.key = append(t.key[:0], key...)
	k, v = t.cursor.Seek(t.key)
	return k, v, nil
}

// apply carries the writes into the bucket, and with it into the group's commit.
func (t *tx) apply(bucket *bbolt.Bucket) error {
	total := bucket.Sequence()
	for key, sealed := range t.writes {
		k := []byte(key)
		total += weight(sealed) - weight(bucket.Get(k))
		var err error
		if sealed == nil {
			err = bucket.Delete(k)
		} else {
			err = bucket.Put(k, sealed)
		}
		if err != nil {
			return fmt.Errorf("apply: %w", err)
		}
	}
	if len(t.writes) == 0 {
		return nil
	}
	return bucket.SetSequence(total)
}
