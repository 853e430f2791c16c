package grant

import (
	"context"
	"errors"
	"slices"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Redeem gives an authenticated client the tokens of a code (RFC 6749 §4.1.3).
// The code is spent by any try that its client makes and by any try of another;
// a second try revokes what the first one gave.
func Redeem(ctx context.Context, p *hub.Pool, c *Party, r *oauth.TokenRequest, v hub.Visitor) (*oauth.TokenResponse, error) {
	if !c.Allows("code") {
		return nil, oauth.Errorf(oauth.UnauthorizedClient, "the client may not use the code flow")
	}
	var g *hub.Grant
	var u *hub.User
	var refused, sub string
	err := p.Space.Update(ctx, func(tx *store.Tx) error {
		g, u, refused, sub = nil, nil, "", ""
		code, err := hub.Codes.Get(tx, hub.CodeID(r.Code))
		if errors.Is(err, store.ErrNotFound) {
			refused = "unknown_code"
			return nil
		}
		if err != nil {
			return err
		}
		sub = code.Sub
		if code.Used {
			refused = string(hub.CodeReuse)
			given, err := find(tx, code.Grant)
			if err != nil {
				return err
			}
			return revoke(tx, given, refused)
		}
		if u, err = owner(tx, code.Sub); err != nil {
			return err
		}
		if refused = judge(c, code, r, tx); refused == "" {
			if refused, err = dead(tx, p, c.Client, code.Session, code.Entry, u); err != nil {
				return err
			}
		}
		code.Used = true
		if err := hub.Codes.Put(tx, code); err != nil || refused != "" {
			return err
		}
		g = &hub.Grant{
			ID: code.Grant, ClientID: c.ID, Session: code.Session, Entry: code.Entry,
			Scope: code.Scope, Resource: code.Resource, Wish: code.Wish, Nonce: code.Nonce, StateHash: code.StateHash,
			JKT: c.keep(), Created: tx.Now, Expires: tx.Now.Add(c.RefreshLife),
		}
		return hub.Grants.Create(tx, g)
	})
	if err != nil {
		return nil, oauth.Internal(err)
	}
	e := p.Event(hub.TokenGranted, v)
	e.Client, e.Sub, e.OK, e.Reason = c.ID, sub, refused == "", refused
	if refused != "" {
		e.Name = hub.TokenRefused
		if refused == string(hub.CodeReuse) {
			e.Name = hub.CodeReuse
		}
		p.Record(e)
		return nil, oauth.Wrap(errors.New(refused), oauth.InvalidGrant, "the code is not valid for this request")
	}
	e.Provider = g.Provider
	p.Record(e)
	return issue(p, c, aimed(g, r.Resource), u, g.Scope, true)
}

// judge says what is wrong with a code that is there and unused; empty: nothing.
func judge(c *Party, code *hub.Code, r *oauth.TokenRequest, tx *store.Tx) string {
	switch {
	case tx.Now.After(code.Expires):
		return "expired"
	case code.ClientID != c.ID:
		return "other_client"
	case code.RedirectURI != r.RedirectURI:
		return "redirect_mismatch"
	case oauth.VerifyPKCE(code.Challenge, r.CodeVerifier) != nil:
		return "pkce_mismatch"
	case code.JKT != "" && code.JKT != c.JKT:
		return "other_key"
	case beyond(code.Resource, r.Resource) != "":
		return "resource_mismatch"
	}
	return ""
}

// sessionEnded is why what came of a session is dead when that was ended.
const sessionEnded = "session_ended"

// dead says why what came of a session gives nothing any more; empty while it is
// live.
func dead(tx *store.Tx, p *hub.Pool, c *hub.Client, session string, e hub.Entry, u *hub.User) (string, error) {
	if why := e.Dead(p, c, u); why != "" {
		return why, nil
	}
	at, err := hub.EndedAt(tx, session)
	if err != nil || at.IsZero() {
		return "", err
	}
	return sessionEnded, nil
}

// stale is dead for a refresh token, which outlives its session if its client
// keeps them.
func stale(tx *store.Tx, p *hub.Pool, c *hub.Client, g *hub.Grant, u *hub.User) (string, error) {
	if c.KeepsRefresh {
		return g.Dead(p, c, u), nil
	}
	return dead(tx, p, c, g.Session, g.Entry, u)
}

// beyond is the first of the resources asked for that was not granted.
func beyond(granted, asked []string) string {
	for _, r := range asked {
		if !slices.Contains(granted, r) {
			return r
		}
	}
	return ""
}

// aimed is a grant for those of its resources that a request asks for, or for
// all: the audience of one access token (RFC 8707 §2.2).
func aimed(g *hub.Grant, asked []string) *hub.Grant {
	if len(asked) == 0 {
		return g
	}
	some := *g
	some.Resource = asked
	return &some
}

// find finds a grant; nil when there is none.
func find(tx *store.Tx, id string) (*hub.Grant, error) {
	g, err := hub.Grants.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return g, err
}

// owner finds the person whom something was given to; nil when she is gone.
func owner(tx *store.Tx, sub string) (*hub.User, error) {
	u, err := hub.FindUser(tx, sub)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return u, err
}

// revoke ends a grant, unless there is none or it has ended, and remembers why.
func revoke(tx *store.Tx, g *hub.Grant, why string) error {
	if g == nil || g.Revoked != "" {
		return nil
	}
	g.Revoked = why
	return hub.Grants.Put(tx, g)
}
