package rehearse

import (
	"context"
	"errors"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// session is the one session there is, of the one person.
func (w *world) session(ctx context.Context) (*hub.Session, error) {
	users, _, err := directory.List(ctx, w.pool, "", 2)
	if err != nil {
		return nil, err
	}
	if len(users) != 1 {
		return nil, errors.New("the sign-ins left more than one user")
	}
	var list []*hub.Session
	err = w.pool.Space.View(ctx, func(tx *store.Tx) (err error) {
		list, _, err = hub.Sessions.FindAll(tx, "sub", users[0].Sub, store.Page{Limit: 2})
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, errors.New("the sign-ins left more than one session, so some app would not hear of the other's end")
	}
	return list[0], nil
}

// record is the hub's record of a session's end; nil while there is none.
func (w *world) record(ctx context.Context, id string) (l *hub.Logout, err error) {
	err = w.pool.Space.View(ctx, func(tx *store.Tx) (err error) {
		l, err = hub.Logouts.Get(tx, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return l, err
}
