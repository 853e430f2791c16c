package grant

import (
	"context"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Revoke ends the grant of a refresh token (RFC 7009 §2): it and every access
// token of the grant are dead when nil is returned. A token that is unknown, or
// another client's, changes nothing and is no error. Access and ID tokens are
// refused with unsupported_token_type, as at Cognito.
func Revoke(ctx context.Context, p *hub.Pool, c *hub.Client, q *oauth.TokenQuery, v hub.Visitor) error {
	id, _, ok := parseRefresh(p, q.Token)
	if !ok {
		if _, _, err := p.Keys.Ring().Verify(q.Token); err == nil {
			return oauth.Errorf(oauth.UnsupportedTokenType, "only refresh tokens can be revoked; the grant's other tokens go with them")
		}
		return nil
	}
	done := false
	var sub string
	err := p.Space.Update(ctx, func(tx *store.Tx) error {
		done = false
		g, err := find(tx, id)
		if err != nil || g == nil || g.ClientID != c.ID {
			return err
		}
		done, sub = true, g.Sub
		return revoke(tx, g, "revoked")
	})
	if err != nil {
		return oauth.Internal(err)
	}
	if done {
		e := p.Event(hub.TokenRevoked, v)
		e.OK, e.Client, e.Sub = true, c.ID, sub
		p.Record(e)
	}
	return nil
}
