package hub

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

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

const maxKeys = 100

// Keys is a pool's key ring as it turns. Reading the ring takes no lock.
type Keys struct {
	space    *store.Space
	sealer   *seal.Sealer
	rotation token.Rotation
	ring     atomic.Pointer[token.Ring]
	turning  sync.Mutex // one turn at a time; nobody else waits for it
}

// OpenKeys opens a pool's keys and makes the first ones if there are none. A
// key that the sealing key does not open is seal.ErrWrongKey: nothing is made
// anew in its place.
func OpenKeys(ctx context.Context, space *store.Space, sealer *seal.Sealer, rotation token.Rotation) (*Keys, error) {
	k := &Keys{space: space, sealer: sealer, rotation: rotation}
	if _, err := k.Turn(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// Ring is the ring as it is now; it does not change.
func (k *Keys) Ring() *token.Ring { return k.ring.Load() }

// Turn does what the rotation wants at this time: makes, promotes, retires and
// removes keys, and takes up what another hub on the same store did. It returns
// when to turn again at the latest; zero: no change is due.
func (k *Keys) Turn(ctx context.Context) (again time.Time, err error) {
	return k.turn(ctx, nil, func([]*token.Key) {})
}

// Rotate publishes a new key for each algorithm, which signs after the
// rotation's Ahead; at once if now is set, for when a key must go quickly.
func (k *Keys) Rotate(ctx context.Context, now bool) error {
	var fresh []*token.Key
	for _, a := range k.rotation.Algorithms {
		key, err := token.Generate(a)
		if err != nil {
			return err
		}
		fresh = append(fresh, key)
	}
	_, err := k.turn(ctx, fresh, func(keys []*token.Key) {
		for _, old := range keys {
			if now && old.State != token.Retired {
				old.State = token.Retired
			}
		}
	})
	return err
}

// turn changes keys in one transaction after another until nothing is left to
// make: keys are made between the transactions, because RSA takes long.
func (k *Keys) turn(ctx context.Context, fresh []*token.Key, change func([]*token.Key)) (time.Time, error) {
	k.turning.Lock()
	defer k.turning.Unlock()
	for {
		sealed, err := k.seal(fresh)
		if err != nil {
			return time.Time{}, err
		}
		var plan token.Plan
		err = k.space.Update(ctx, func(tx *store.Tx) error {
			keys, err := k.load(tx)
			if err != nil {
				return err
			}
			change(keys)
			for _, old := range keys {
				if old.State == token.Retired && old.Retired.IsZero() {
					old.Retired = tx.Now
				}
			}
			plan = k.rotation.Plan(append(keys, fresh...), tx.Now)
			return k.save(tx, keys, plan.Keys, sealed)
		})
		if err != nil {
			return time.Time{}, fmt.Errorf("signing keys: %w", err)
		}
		if len(plan.Generate) == 0 {
			ring, err := token.NewRing(plan.Keys...)
			if err != nil {
				return time.Time{}, err
			}
			k.ring.Store(ring)
			return plan.Again, nil
		}
		fresh, change = nil, func([]*token.Key) {}
		for _, a := range plan.Generate {
			key, err := token.Generate(a)
			if err != nil {
				return time.Time{}, err
			}
			fresh = append(fresh, key)
		}
	}
}

// load reads and opens every key of the pool.
func (k *Keys) load(tx *store.Tx) ([]*token.Key, error) {
	stored, _, err := SigningKeys.List(tx, "", "", store.Page{Limit: maxKeys})
	if err != nil {
		return nil, err
	}
	keys := make([]*token.Key, len(stored))
	for i, s := range stored {
		der, err := k.sealer.Open(s.Sealed, []byte(s.ID))
		if errors.Is(err, seal.ErrWrongKey) {
			return nil, fmt.Errorf("key %s was sealed with another sealing key than the one given now; give that one again: %w", s.ID, err)
		}
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", s.ID, err)
		}
		key, err := token.ParsePrivate(s.Algorithm, der)
		if err != nil {
			return nil, err
		}
		key.State, key.Created, key.Activated, key.Retired = s.State, s.Created, s.Activated, s.Retired
		keys[i] = key
	}
	return keys, nil
}

// save writes the planned keys that changed and removes those that went.
func (k *Keys) save(tx *store.Tx, before, after []*token.Key, sealed map[string][]byte) error {
	gone := map[string]bool{}
	for _, key := range before {
		gone[key.ID] = true
	}
	for _, key := range after {
		delete(gone, key.ID)
		box := sealed[key.ID]
		if box == nil {
			old, err := SigningKeys.Get(tx, key.ID)
			if err != nil {
				return err
			}
			if same(&old.Key, key) {
				continue
			}
			box = old.Sealed
		}
		if err := SigningKeys.Put(tx, &SigningKey{Key: *key, Sealed: box}); err != nil {
			return err
		}
	}
	for id := range gone {
		if err := SigningKeys.Delete(tx, id); err != nil {
			return err
		}
	}
	return nil
}

func same(a, b *token.Key) bool {
	return a.State == b.State && a.Created.Equal(b.Created) && a.Activated.Equal(b.Activated) && a.Retired.Equal(b.Retired)
}

func (k *Keys) seal(keys []*token.Key) (map[string][]byte, error) {
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
