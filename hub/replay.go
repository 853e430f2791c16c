package hub

import (
	"context"
	"errors"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// Replay remembers a value that a client's key signed for one use: the jti of an
// assertion or a proof.
type Replay struct {
	ID      string    `json:"id"` // hash of the value and of whose it is
	Expires time.Time `json:"expires"`
}

// Replays are the values used, until they would be refused for their age.
var Replays = store.Collection[Replay]{
	Name:    "replay",
	ID:      func(r *Replay) string { return r.ID },
	Expires: func(r *Replay) time.Time { return r.Expires },
}

// NewReplay names a value: what it is for, whose it is, and the value itself.
func NewReplay(use, owner, value string, expires time.Time) Replay {
	return Replay{ID: HashCode(use + "\n" + owner + "\n" + value), Expires: expires}
}

// UseOnce takes values that count once, all or none. It reports false when one
// of them was taken before.
func UseOnce(ctx context.Context, p *Pool, values ...Replay) (fresh bool, err error) {
	if len(values) == 0 {
		return true, nil
	}
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		for i := range values {
			if err := Replays.Create(tx, &values[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	return err == nil, err
}
