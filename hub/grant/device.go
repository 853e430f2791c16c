package grant

import (
	"context"
	"errors"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// DeviceAuthorization is what a device is told (RFC 8628 §3.2).
type DeviceAuthorization struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Where      string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

// AuthorizeDevice begins the sign-in of a device for a client that is registered
// for it. A public client may, as devices keep no secrets; it is held to a pace
// by the endpoint.
func AuthorizeDevice(ctx context.Context, p *hub.Pool, c *hub.Client, scope oauth.Scope, v hub.Visitor) (*DeviceAuthorization, error) {
	if !c.Allows("device_code") {
		return nil, oauth.Errorf(oauth.UnauthorizedClient, "the client may not use the device grant")
	}
	if missing := c.Scopes.Missing(scope); len(missing) > 0 {
		return nil, oauth.Errorf(oauth.InvalidScope, "scope not allowed for this client: %s", missing)
	}
	if len(scope) == 0 {
		scope = c.Scopes
	}
	code, user := hub.Random(), hub.NewUserCode()
	d := &hub.Device{ID: hub.HashCode(code), UserCode: hub.HashCode(user), ClientID: c.ID, Scope: scope}
	if v.Address.IsValid() {
		d.Address = v.Address.String()
	}
	err := p.Space.Update(ctx, func(tx *store.Tx) error {
		d.Expires = tx.Now.Add(hub.DeviceLife)
		return hub.Devices.Create(tx, d)
	})
	if err != nil {
		return nil, oauth.Internal(err)
	}
	where := p.URL("/device")
	return &DeviceAuthorization{
		DeviceCode: code, UserCode: user, Where: where, Complete: where + "?user_code=" + user,
		ExpiresIn: int(hub.DeviceLife / time.Second), Interval: int(hub.DeviceInterval / time.Second),
	}, nil
}

// RedeemDevice answers a device that polls (RFC 8628 §3.4): the tokens once, or
// authorization_pending, slow_down, access_denied, expired_token.
func RedeemDevice(ctx context.Context, p *hub.Pool, c *Party, r *oauth.TokenRequest, v hub.Visitor) (*oauth.TokenResponse, error) {
	if !c.Allows("device_code") {
		return nil, oauth.Errorf(oauth.UnauthorizedClient, "the client may not use the device grant")
	}
	id := hub.NewGrantID(p.Now())
	var g *hub.Grant
	var u *hub.User
	var refused *oauth.Error
	err := p.Space.Update(ctx, func(tx *store.Tx) error {
		g, u, refused = nil, nil, nil
		d, err := hub.Devices.Get(tx, hub.HashCode(r.DeviceCode))
		if errors.Is(err, store.ErrNotFound) || err == nil && d.ClientID != c.ID {
			refused = oauth.Errorf(oauth.ExpiredToken, "the device_code is unknown or too old")
			return nil
		}
		if err != nil {
			return err
		}
		switch d.Answer {
		case hub.DeviceDenied:
			refused = oauth.Errorf(oauth.AccessDenied, "the person said no")
			return hub.Devices.Delete(tx, d.ID)
		case "":
			refused = oauth.Errorf(oauth.AuthorizationPending, "nobody has answered yet")
			if tx.Now.Sub(d.Polled) < hub.DeviceInterval {
				refused = oauth.Errorf(oauth.SlowDown, "ask again in %d seconds", hub.DeviceInterval/time.Second)
			}
			d.Polled = tx.Now
			return hub.Devices.Put(tx, d)
		}
		if err := hub.Devices.Delete(tx, d.ID); err != nil {
			return err
		}
		if u, err = owner(tx, d.Sub); err != nil {
			return err
		}
		why, err := dead(tx, p, c.Client, d.Session, d.Entry, u)
		if err != nil {
			return err
		}
		if why != "" {
			refused = oauth.Wrap(errors.New(why), oauth.InvalidGrant, "the person may not sign in any more")
			return nil
		}
		g = &hub.Grant{
			ID: id, ClientID: c.ID, Session: d.Session, Entry: d.Entry, Scope: d.Scope,
			JKT: c.keep(), Created: tx.Now, Expires: tx.Now.Add(c.RefreshLife),
		}
		return hub.Grants.Create(tx, g)
	})
	if err != nil {
		return nil, oauth.Internal(err)
	}
	if refused != nil {
		return nil, refused
	}
	e := p.Event(hub.TokenGranted, v)
	e.OK, e.Client, e.Sub, e.Provider = true, c.ID, g.Sub, g.Provider
	p.Record(e)
	return issue(p, c, g, u, g.Scope, true)
}
