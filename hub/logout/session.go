package logout

import (
	"context"
	"errors"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// End ends the session of a browser, if it has a live one, and returns it. The
// session is gone from the store when End returns.
func End(ctx context.Context, p *hub.Pool, cookie string, c *hub.Client, v hub.Visitor) (ended *hub.Session, err error) {
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		ended, err = hub.FindSession(tx, cookie)
		if errors.Is(err, store.ErrNotFound) {
			ended = nil
			return nil
		}
		if err != nil {
			return err
		}
		return hub.Sessions.Delete(tx, ended.ID)
	})
	if err != nil || ended == nil {
		return nil, err
	}
	e := p.Event(hub.SignOut, v)
	e.OK, e.Sub, e.Provider = true, ended.Sub, ended.Provider
	if c != nil {
		e.Client = c.ID
	}
	p.Record(e)
	return ended, nil
}
