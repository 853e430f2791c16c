package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// Key is a signing key without anything of its private half.
type Key struct {
	ID        string    `json:"id"` // the kid of tokens
	Algorithm string    `json:"algorithm"`
	State     string    `json:"state"` // next: published, not yet signing; active: signs; retired: published for what it signed
	Created   time.Time `json:"created"`
	Activated time.Time `json:"activated,omitzero"`
	Retired   time.Time `json:"retired,omitzero"`
}

// Keys are a pool's signing keys, the active ones first.
type Keys struct {
	Keys []Key `json:"keys"`
}

// Rotation is what POST /pools/{pool}/keys/rotate takes.
type Rotation struct {
	// Now lets the new key sign at once, before apps have seen it published: for
	// when the old one must not be used any longer.
	Now bool `json:"now,omitempty"`
}

func listKeys(_ *api, q *request) (any, error) { return keysOf(q.pool), nil }

func keysOf(p *hub.Pool) *Keys {
	list := Keys{Keys: []Key{}}
	for _, k := range p.Keys.Ring().Keys() {
		list.Keys = append(list.Keys, Key{
			ID: k.ID, Algorithm: string(k.Algorithm), State: string(k.State), Created: k.Created, Activated: k.Activated, Retired: k.Retired,
		})
	}
	return &list
}

func rotateKeys(a *api, q *request) (any, error) {
	var n Rotation
	if err := q.decode(&n); err != nil {
		return nil, err
	}
	e := hub.Event{Name: hub.KeyRotated}
	if n.Now {
		e.Reason = "now"
	}
	err := a.act(q, e, func() (string, error) { return "", keyError(q.pool.Keys.Rotate(q.Context(), n.Now)) })
	if err != nil {
		return nil, err
	}
	return keysOf(q.pool), nil
}

// withdrawKey removes a key at once: the answer comes when nothing that it signed
// is accepted any more.
func withdrawKey(a *api, q *request) (any, error) {
	if err := q.decode(&struct{}{}); err != nil {
		return nil, err
	}
	id := q.names["key"]
	if !slices.ContainsFunc(q.pool.Keys.Ring().Keys(), func(k *token.Key) bool { return k.ID == id }) {
		return nil, keyError(hub.ErrNoKey)
	}
	err := a.act(q, hub.Event{Name: hub.KeyWithdrawn, Reason: id}, func() (string, error) {
		// Half of it must not be done because the administrator's line breaks.
		return "", keyError(q.pool.Keys.Withdraw(context.WithoutCancel(q.Context()), id))
	})
	if err != nil {
		return nil, err
	}
	return keysOf(q.pool), nil
}

// keyError makes a refusal of what the administrator can mend.
func keyError(err error) error {
	switch {
	case errors.Is(err, hub.ErrNoKey):
		return &Error{Status: http.StatusNotFound, Code: "no_such_key", Message: "There is no such key in this pool; nothing was withdrawn."}
	case errors.Is(err, hub.ErrManyKeys):
		return &Error{Status: http.StatusConflict, Code: "many_keys", Message: "The pool has as many keys as apps can be asked to fetch: wait until retired ones have gone."}
	}
	return err
}
