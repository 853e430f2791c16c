package logout

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// ErrClient and ErrAddress refuse a logout request: there is no such client, or
// the address to go to is not registered for it.
var (
	ErrClient  = errors.New("no such client")
	ErrAddress = errors.New("the address is not a registered logout URL of the client")
)

// Target finds where to send a person after sign-out (Cognito's client_id and
// logout_uri): a logout URL of the client, or one of its callback URLs.
func Target(p *hub.Pool, clientID, uri string) (*hub.Client, error) {
	c, ok := p.Client(clientID)
	if !ok {
		return nil, fmt.Errorf("client_id %q: %w", clientID, ErrClient)
	}
	if uri == "" || !slices.Contains(c.LogoutURLs, uri) && !slices.Contains(c.CallbackURLs, uri) {
		return c, ErrAddress
	}
	return c, nil
}

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
