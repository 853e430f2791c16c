package hub

import (
	"errors"
	"fmt"

	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// SigningKey is a signing key at rest: its private half is sealed, bound to the
// key's id.
type SigningKey struct {
	token.Key
	Sealed []byte `json:"sealed"`
}

// SigningKeys are the keys of a pool, of every state.
var SigningKeys = store.Collection[SigningKey]{
	Name: "key",
	ID:   func(k *SigningKey) string { return k.ID },
}

// maxKeys is how many keys a pool may have. Apps fetch them all, and those that
// retired in a hurry stay for as long as their tokens.
const maxKeys = 40

// load reads every key of the pool and opens those that the ring does not have
// yet: to parse an RSA key takes longer than all the rest.
func (k *Keys) load(tx *store.Tx) ([]*SigningKey, []*token.Key, error) {
	stored, next, err := SigningKeys.List(tx, "", "", store.Page{Limit: 2 * maxKeys})
	if err != nil {
		return nil, nil, err
	}
	if next != "" {
		return nil, nil, fmt.Errorf("there are more than %d", 2*maxKeys)
	}
	known := map[string]*token.Key{}
	if r := k.ring.Load(); r != nil {
		for _, key := range r.Keys() {
			known[key.ID] = key
		}
	}
	keys := make([]*token.Key, len(stored))
	for i, s := range stored {
		key := known[s.ID]
		if key == nil {
			if key, err = k.open(s); err != nil {
				return nil, nil, err
			}
		}
		key.State, key.Created, key.Activated, key.Retired, key.Keep = s.State, s.Created, s.Activated, s.Retired, s.Keep
		keys[i] = key
	}
	return stored, keys, nil
}

func (k *Keys) open(s *SigningKey) (*token.Key, error) {
	der, err := k.sealer.Open(s.Sealed, []byte(s.ID))
	if errors.Is(err, seal.ErrWrongKey) {
		return nil, fmt.Errorf("key %s was sealed with another sealing key than the one given now; give that one again: %w", s.ID, err)
	}
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", s.ID, err)
	}
	return token.ParsePrivate(s.Algorithm, der)
}

// save writes the planned keys that changed and removes those that went. boxes
// holds the private halves of new ones.
func save(tx *store.Tx, stored []*SigningKey, planned []*token.Key, boxes map[string][]byte) error {
	before := make(map[string]*SigningKey, len(stored))
	for _, s := range stored {
		before[s.ID] = s
	}
	for _, key := range planned {
		box := boxes[key.ID]
		if old := before[key.ID]; old != nil {
			delete(before, key.ID)
			if same(&old.Key, key) {
				continue
			}
			box = old.Sealed
		}
		if err := SigningKeys.Put(tx, &SigningKey{Key: *key, Sealed: box}); err != nil {
			return err
		}
	}
	for id := range before {
		if err := SigningKeys.Delete(tx, id); err != nil {
			return err
		}
	}
	return nil
}

func same(a, b *token.Key) bool {
	return a.ID == b.ID && a.State == b.State && a.Keep == b.Keep &&
		a.Created.Equal(b.Created) && a.Activated.Equal(b.Activated) && a.Retired.Equal(b.Retired)
}

// seal seals the private halves of new keys.
func (k *Keys) seal(keys map[token.Algorithm]*token.Key) (map[string][]byte, error) {
	boxes := map[string][]byte{}
	for _, key := range keys {
		der, err := key.MarshalPrivate()
		if err != nil {
			return nil, err
		}
		boxes[key.ID] = k.sealer.Seal(der, []byte(key.ID))
	}
	return boxes, nil
}
