package logout

import (
	"context"
	"errors"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Get is the record of one logout; nil if there is none.
func Get(ctx context.Context, p *hub.Pool, id string) (l *hub.Logout, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		l, err = find(tx, id)
		return err
	})
	return l, err
}

func find(tx *store.Tx, id string) (*hub.Logout, error) {
	l, err := hub.Logouts.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return l, err
}

// List returns up to limit records of a pool's logouts, the newest first, and
// where to go on; of one person's alone, in no order, if sub is not empty.
func List(ctx context.Context, p *hub.Pool, sub, after string, limit int) (list []*hub.Logout, next string, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		page := store.Page{After: after, Limit: limit}
		if sub != "" {
			list, next, err = hub.Logouts.FindAll(tx, "sub", sub, page)
		} else {
			list, next, err = hub.Logouts.List(tx, "newest", "", page)
		}
		return err
	})
	return list, next, err
}
