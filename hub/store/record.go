package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// write stores v under its id, with one round trip for everything it must know first: the record it
// replaces and who holds its unique keys.
func (c *Collection[T]) write(tx *Tx, v *T, create bool) error {
	if tx.w == nil {
		return ErrReadOnly
	}
	id := c.ID(v)
	key, err := c.key(tx, id)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	entries, err := c.entries(tx, v)
	if err != nil {
		return err
	}

	claims := slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return !e.unique })
	keys := make([]string, 1, 1+len(claims))
	keys[0] = key
	for _, e := range claims {
		keys = append(keys, e.key)
	}
	found, err := tx.r.GetAll(keys)
	if err != nil {
		return err
	}
	old, err := c.decode(found[0])
	if err != nil {
		return err
	}
	if create && old != nil && !c.expired(tx, old) {
		return ErrExists
	}
	for i, holder := range found[1:] {
		if holder == nil || string(holder) == id {
			continue
		}
		if err := c.claim(tx, claims[i], string(holder)); err != nil {
			return err
		}
	}
	stale, err := c.entries(tx, old)
	if err != nil {
		return err
	}
	for _, e := range stale {
		if slices.Contains(entries, e) {
			continue
		}
		if err := tx.w.Delete(e.key); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if slices.Contains(stale, e) {
			continue
		}
		if err := tx.w.Put(e.key, []byte(id)); err != nil {
			return err
		}
	}
	return tx.w.Put(key, raw)
}

// claim frees a unique key that another record holds, if that record has expired. It must go as a whole:
// were only the key taken over, sweeping the old record later would take the key from the new one.
func (c *Collection[T]) claim(tx *Tx, e entry, holder string) error {
	v, err := c.load(tx, holder)
	if err != nil || v == nil {
		return err
	}
	if c.expired(tx, v) {
		return c.remove(tx, holder, v)
	}
	if held, err := c.entries(tx, v); err != nil || !slices.Contains(held, e) {
		return err
	}
	return fmt.Errorf("%w: another record has this %s", ErrExists, e.index)
}

// remove deletes a record and its index entries.
func (c *Collection[T]) remove(tx *Tx, id string, v *T) error {
	entries, err := c.entries(tx, v)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := tx.w.Delete(e.key); err != nil {
			return err
		}
	}
	key, err := c.key(tx, id)
	if err != nil {
		return err
	}
	return tx.w.Delete(key)
}

// load returns the record with that id, expired or not, or nil if there is none.
func (c *Collection[T]) load(tx *Tx, id string) (*T, error) {
	key, err := c.key(tx, id)
	if err != nil {
		return nil, nil // what cannot be stored is not there
	}
	raw, err := tx.r.Get(key)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.decode(raw)
}

// loadAll returns the records that index entries name, in one round trip, expired or not, nil where there is none.
func (c *Collection[T]) loadAll(tx *Tx, entries []Entry) ([]*T, error) {
	keys := make([]string, len(entries))
	for i, e := range entries {
		key, err := c.key(tx, string(e.Value))
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	raws, err := tx.r.GetAll(keys)
	if err != nil {
		return nil, err
	}
	vs := make([]*T, len(raws))
	for i, raw := range raws {
		if vs[i], err = c.decode(raw); err != nil {
			return nil, err
		}
	}
	return vs, nil
}

// key returns where the record with that id is stored.
func (c *Collection[T]) key(tx *Tx, id string) (string, error) {
	if id == "" {
		return "", fmt.Errorf("%w: empty id", ErrKey)
	}
	return joinKey(tx.prefix, c.Name, "", id)
}

func (c *Collection[T]) decodeAll(entries []Entry) ([]*T, error) {
	vs := make([]*T, len(entries))
	for i, e := range entries {
		v, err := c.decode(e.Value)
		if err != nil {
			return nil, err
		}
		vs[i] = v
	}
	return vs, nil
}

// decode returns the record in raw, nil for nil.
func (c *Collection[T]) decode(raw []byte) (*T, error) {
	if raw == nil {
		return nil, nil
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("stored record: %w", err)
	}
	return v, nil
}

func (c *Collection[T]) expired(tx *Tx, v *T) bool {
	if c.Expires == nil {
		return false
	}
	t := c.Expires(v)
	return !t.IsZero() && !tx.Now.Before(t)
}
