package store

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// Index finds records of a collection by other keys than their id.
type Index[T any] struct {
	Name string
	// Unique lets one live record hold a key; another gets ErrExists.
	Unique bool
	// Keys returns the keys of a record in this index. An empty key is left out: a user without an
	// e-mail address is not found under "", and two of them do not collide.
	Keys func(*T) []string
}

// expiryIndex holds a record under the time it expires; no declared index has a tilde.
const expiryIndex = "~expires"

// Page says which part of a list is wanted.
type Page struct {
	After string // the next of the page before, "" for the first; anything malformed gives ErrKey
	Limit int    // how many records, 100 if 0, at most 1000
}

// entry is one key of an index, where the index holds it.
type entry struct {
	key    string
	index  string
	unique bool
}

// Find returns the record that holds key in that unique index, or ErrNotFound.
func (c *Collection[T]) Find(tx *Tx, index, key string) (*T, error) {
	ix, err := c.index(index)
	if err != nil {
		return nil, c.wrap("find", err)
	}
	if !ix.Unique {
		return nil, c.wrap("find", fmt.Errorf("index %s is not unique", index))
	}
	at, err := joinKey(tx.prefix, c.Name, index, key)
	if err != nil || key == "" {
		return nil, c.wrap("find", ErrNotFound)
	}
	id, err := tx.r.Get(at)
	if err != nil {
		return nil, c.wrap("find", err)
	}
	v, err := c.load(tx, string(id))
	if err != nil {
		return nil, c.wrap("find", err)
	}
	if v == nil || c.expired(tx, v) || !slices.Contains(ix.Keys(v), key) {
		return nil, c.wrap("find", ErrNotFound)
	}
	return v, nil
}

// FindAll returns a page of the records that hold exactly key in that index, in the order of their ids,
// and where the next page begins, "" after the last. Expired records are left out, so a page may be short.
func (c *Collection[T]) FindAll(tx *Tx, index, key string, p Page) ([]*T, string, error) {
	if key == "" || strings.IndexByte(key, 0) >= 0 {
		return nil, "", nil // no index holds such a key
	}
	return c.list(tx, index, key+"\x00", p)
}

// List returns a page of the records whose key in that index begins with prefix, in the order of these keys,
// and where the next page begins, "" after the last. The index "" is the ids. Expired records are left
// out, so a page may be short. A record appears once for each of its keys.
//
// The prefix "u1" also covers "u10": use FindAll for the records of one user.
func (c *Collection[T]) List(tx *Tx, index, prefix string, p Page) ([]*T, string, error) {
	if strings.IndexByte(prefix, 0) >= 0 {
		return nil, "", nil // no index holds such a key
	}
	return c.list(tx, index, prefix, p)
}

// list pages through the part of an index that begins with prefix, which may end in the NUL of a whole key.
func (c *Collection[T]) list(tx *Tx, index, prefix string, p Page) (vs []*T, next string, err error) {
	base, err := joinKey(tx.prefix, c.Name, index)
	if err != nil {
		return nil, "", c.wrap("list", err)
	}
	start, end := base+prefix, prefixEnd(base+prefix)
	after, err := base64.RawURLEncoding.DecodeString(p.After)
	if err != nil {
		return nil, "", c.wrap("list", fmt.Errorf("%w: malformed page cursor", ErrKey))
	}
	if len(after) > 0 { // it says where to go on; a forged one cannot leave the range
		start = max(start, base+string(after)+"\x00")
	}
	if start >= end {
		return nil, "", nil
	}
	limit := 100
	if p.Limit > 0 {
		limit = min(p.Limit, 1000)
	}
	entries, err := tx.r.Range(start, end, limit+1)
	if err != nil {
		return nil, "", c.wrap("list", err)
	}
	if len(entries) > limit {
		entries = entries[:limit]
		next = base64.RawURLEncoding.EncodeToString([]byte(entries[limit-1].Key[len(base):]))
	}
	if index == "" {
		vs, err = c.decodeAll(entries)
	} else if ix, unknown := c.index(index); unknown != nil {
		err = unknown
	} else {
		vs, err = c.holders(tx, ix, base, entries)
	}
	if err != nil {
		return nil, "", c.wrap("list", err)
	}
	return slices.DeleteFunc(vs, func(v *T) bool { return v == nil || c.expired(tx, v) }), next, nil
}

// holders returns the record behind each entry of an index, nil where the record does not hold the key (any more).
func (c *Collection[T]) holders(tx *Tx, ix *Index[T], base string, entries []Entry) ([]*T, error) {
	vs, err := c.loadAll(tx, entries)
	if err != nil {
		return nil, err
	}
	for i, v := range vs {
		key, _, _ := strings.Cut(entries[i].Key[len(base):], "\x00")
		if v != nil && !slices.Contains(ix.Keys(v), key) {
			vs[i] = nil
		}
	}
	return vs, nil
}

func (c *Collection[T]) index(name string) (*Index[T], error) {
	for i := range c.Indexes {
		if c.Indexes[i].Name == name && name != "" {
			return &c.Indexes[i], nil
		}
	}
	return nil, fmt.Errorf("there is no index %q", name)
}

// entries returns the keys under which the indexes hold v, each once; none for nil.
func (c *Collection[T]) entries(tx *Tx, v *T) ([]entry, error) {
	if v == nil {
		return nil, nil
	}
	var all []entry
	if c.Expires != nil {
		if t := c.Expires(v); !t.IsZero() {
			key, err := joinKey(tx.prefix, c.Name, expiryIndex, TimeKey(t), c.ID(v))
			if err != nil {
				return nil, err
			}
			all = append(all, entry{key: key, index: expiryIndex})
		}
	}
	for i := range c.Indexes {
		ix := &c.Indexes[i]
		for _, k := range ix.Keys(v) {
			if k == "" {
				continue
			}
			parts := []string{c.Name, ix.Name, k, c.ID(v)}
			if ix.Unique {
				parts = parts[:3]
			}
			key, err := joinKey(tx.prefix, parts...)
			if err != nil {
				return nil, err
			}
			if e := (entry{key: key, index: ix.Name, unique: ix.Unique}); !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	return all, nil
}
