package hub

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// Errors of Rotate and Withdraw that somebody can mend.
var (
	ErrNoKey    = errors.New("the pool has no such key")
	ErrManyKeys = fmt.Errorf("the pool would have more than %d keys", maxKeys)
)

// drain is longer than a request may take.
const drain = time.Minute

// Keys is a pool's key ring as it turns. Reading the ring takes no lock. A
// configuration that is taken up while the hub runs keeps the pool's Keys, see
// Change: so requests that still see the old pool sign and verify with what is
// there now.
type Keys struct {
	space  *store.Space
	sealer *seal.Sealer
	ring   atomic.Pointer[token.Ring]

	turning  sync.Mutex // of what follows: one turn at a time, and no request waits for it
	rotation token.Rotation
	used     []*token.Key // what ring was made of, in that order
	// drops: keys of algorithms that the rotation does not have retire, at the first
	// turn from this time on. They do not at other turns: another hub on the same
	// store may have been told otherwise, and the two would make keys and retire them
	// for ever.
	drops     bool
	dropsFrom time.Time
}

// change is what somebody wants done to keys beside what the rotation does. It
// returns the keys that stay, changed or not, and the algorithms that get a
// further key. It may run again, on the keys as they are then.
type change func(keys []*token.Key, now time.Time) ([]*token.Key, []token.Algorithm, error)

func noChange(keys []*token.Key, _ time.Time) ([]*token.Key, []token.Algorithm, error) {
	return keys, nil, nil
}

// OpenKeys opens a pool's keys and makes those that the rotation lacks. Keys of
// algorithms that it does not have retire. A key that the sealing key does not
// open is seal.ErrWrongKey: nothing is made anew in its place.
func OpenKeys(ctx context.Context, space *store.Space, sealer *seal.Sealer, rotation token.Rotation) (*Keys, error) {
	k := &Keys{space: space, sealer: sealer, rotation: rotation, drops: true}
	if _, err := k.Turn(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// Ring is the ring as it is now; it does not change.
func (k *Keys) Ring() *token.Ring { return k.ring.Load() }

// Rotation is what the keys go by. The ring may sign with further algorithms for
// a moment, see Change. It waits for a turn under way.
func (k *Keys) Rotation() token.Rotation {
	k.turning.Lock()
	defer k.turning.Unlock()
	return k.rotation
}

// Turn does what the rotation wants at this time: makes, promotes, retires and
// removes keys, and takes up what another hub on the same store did. Without
// anything to do it reads a few records, so it may be called every other second.
// It returns when the next change is due; zero: none is.
func (k *Keys) Turn(ctx context.Context) (again time.Time, err error) {
	k.turning.Lock()
	defer k.turning.Unlock()
	return k.settle(ctx)
}

// Change takes up another rotation, as a whole or not at all. When it returns,
// the ring signs with every algorithm of it, and for another minute with those
// that it does not have any more, because requests under way may ask for them;
// then their keys retire.
func (k *Keys) Change(ctx context.Context, r token.Rotation) error {
	k.turning.Lock()
	defer k.turning.Unlock()
	if reflect.DeepEqual(r, k.rotation) {
		return nil
	}
	rotation, drops, from := k.rotation, k.drops, k.dropsFrom
	k.rotation = r
	err := k.space.View(ctx, func(tx *store.Tx) error {
		k.drops, k.dropsFrom = true, tx.Now.Add(drain)
		return nil
	})
	if err == nil {
		_, err = k.settle(ctx)
	}
	if err != nil {
		k.rotation, k.drops, k.dropsFrom = rotation, drops, from
	}
	return err
}

// Rotate publishes a new key for each algorithm that has none waiting; it signs
// after the rotation's Ahead. If now is set a new key signs at once and those
// before it, waiting ones too, retire: apps that do not know it yet will have to
// look. The error may be ErrManyKeys.
func (k *Keys) Rotate(ctx context.Context, now bool) error {
	k.turning.Lock()
	defer k.turning.Unlock()
	_, err := k.turn(ctx, func(keys []*token.Key, at time.Time) ([]*token.Key, []token.Algorithm, error) {
		more := slices.Clone(k.rotation.Algorithms)
		if len(keys)+len(more) > maxKeys {
			return nil, nil, ErrManyKeys
		}
		for _, key := range keys {
			switch {
			case now && key.State != token.Retired:
				key.State, key.Retired = token.Retired, at
			case key.State == token.Next:
				more = slices.DeleteFunc(more, func(a token.Algorithm) bool { return a == key.Algorithm })
			}
		}
		return keys, more, nil
	})
	return err
}

// Withdraw removes a key of any state for good: an emergency. When it returns
// the key is not published and nothing that it signed is accepted here; on other
// hubs of the store that is so after their next Turn. If it was the one that
// signs, a waiting key or a new one signs in its place. The error is ErrNoKey
// when there is no such key.
func (k *Keys) Withdraw(ctx context.Context, id string) error {
	k.turning.Lock()
	defer k.turning.Unlock()
	_, err := k.turn(ctx, func(keys []*token.Key, _ time.Time) ([]*token.Key, []token.Algorithm, error) {
		n := len(keys)
		keys = slices.DeleteFunc(keys, func(key *token.Key) bool { return key.ID == id })
		if len(keys) == n {
			return nil, nil, ErrNoKey
		}
		return keys, nil, nil
	})
	return err
}

// settle is Turn under the lock.
func (k *Keys) settle(ctx context.Context) (time.Time, error) {
	var plan token.Plan
	var now time.Time
	err := k.space.View(ctx, func(tx *store.Tx) error {
		_, keys, err := k.load(tx)
		if err != nil {
			return err
		}
		plan, now = k.plan(keys, tx.Now), tx.Now
		return nil
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("signing keys: %w", err)
	}
	if plan.Changed || len(plan.Generate) > 0 {
		return k.turn(ctx, noChange)
	}
	return k.use(plan, now)
}

// turn changes keys in one transaction. Keys that it needs are made before it,
// because RSA takes long: what turns out to be lacking is made, and it is tried
// again.
func (k *Keys) turn(ctx context.Context, edit change) (time.Time, error) {
	spare := map[token.Algorithm]*token.Key{}
	for {
		boxes, err := k.seal(spare)
		if err != nil {
			return time.Time{}, err
		}
		var plan token.Plan
		var now time.Time
		var lacks []token.Algorithm
		err = k.space.Update(ctx, func(tx *store.Tx) error {
			stored, keys, err := k.load(tx)
			if err != nil {
				return err
			}
			keys, more, err := edit(keys, tx.Now)
			if err != nil {
				return err
			}
			plan, now, lacks = k.plan(keys, tx.Now), tx.Now, nil
			keys = plan.Keys
			for _, a := range slices.Compact(slices.Sorted(slices.Values(append(more, plan.Generate...)))) {
				if spare[a] == nil {
					lacks = append(lacks, a)
					continue
				}
				keys = append(keys, spare[a])
			}
			if len(lacks) > 0 {
				return nil
			}
			plan = k.plan(keys, tx.Now)
			return save(tx, stored, plan.Keys, boxes)
		})
		if err != nil {
			return time.Time{}, fmt.Errorf("signing keys: %w", err)
		}
		if len(lacks) == 0 {
			return k.use(plan, now)
		}
		for _, a := range lacks {
			if spare[a], err = token.Generate(a); err != nil {
				return time.Time{}, err
			}
		}
	}
}

// plan is what the rotation wants of these keys, see drops.
func (k *Keys) plan(keys []*token.Key, now time.Time) token.Plan {
	r := k.rotation
	if !k.drops || now.Before(k.dropsFrom) {
		r.Algorithms = slices.Clone(r.Algorithms)
		for _, key := range keys {
			if key.State == token.Active && !slices.Contains(r.Algorithms, key.Algorithm) {
				r.Algorithms = append(r.Algorithms, key.Algorithm)
			}
		}
	}
	p := r.Plan(keys, now)
	p.Generate = slices.DeleteFunc(p.Generate, func(a token.Algorithm) bool { return !slices.Contains(k.rotation.Algorithms, a) })
	return p
}

// use makes the ring of a plan that the store holds, if it is another than the
// one there is, and returns when to turn again.
func (k *Keys) use(plan token.Plan, now time.Time) (time.Time, error) {
	if !slices.EqualFunc(k.used, plan.Keys, same) {
		ring, err := token.NewRing(plan.Keys...)
		if err != nil {
			return time.Time{}, err
		}
		k.ring.Store(ring)
		k.used = plan.Keys
	}
	again := plan.Again
	switch {
	case k.drops && !now.Before(k.dropsFrom):
		k.drops = false
	case k.drops && (again.IsZero() || k.dropsFrom.Before(again)):
		again = k.dropsFrom
	}
	return again, nil
}
