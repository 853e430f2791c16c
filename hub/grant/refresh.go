package grant

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Refresh gives a client new tokens for a refresh token (RFC 6749 §6). Without
// rotation it only reads. With it the generation rises: an older token than the
// last, or the last one after the grace, revokes the grant (RFC 9700 §4.14.2). A
// request for more than was granted does not use the token up.
func Refresh(ctx context.Context, p *hub.Pool, c *Party, r *oauth.TokenRequest, v hub.Visitor) (*oauth.TokenResponse, error) {
	id, generation, ok := parseRefresh(p, r.RefreshToken)
	if !ok {
		return nil, refuseRefresh(p, c.Client, v, "", "malformed")
	}
	var g *hub.Grant
	var u *hub.User
	var scope oauth.Scope
	var excess error
	var refused string
	read := func(tx *store.Tx) (err error) {
		g, u, scope, excess, refused = nil, nil, nil, nil, ""
		if g, err = find(tx, id); err != nil {
			return err
		}
		if g == nil {
			refused = "expired"
			return nil
		}
		if u, err = owner(tx, g.Sub); err != nil {
			return err
		}
		switch {
		case g.ClientID != c.ID:
			refused = "other_client"
		case g.JKT != "" && g.JKT != c.JKT:
			refused = "other_key"
		case g.Revoked != "":
			refused = "revoked_" + g.Revoked
		default:
			if refused, err = stale(tx, p, c.Client, g, u); err != nil {
				return err
			}
		}
		if scope, excess = narrow(c.Client, g, r.Scope); excess == nil {
			if other := beyond(g.Resource, r.Resource); other != "" {
				excess = oauth.Errorf(oauth.InvalidTarget, "resource not granted: %s", other)
			}
		}
		return nil
	}
	var err error
	if c.Rotation {
		err = p.Space.Update(ctx, func(tx *store.Tx) error {
			if err := read(tx); err != nil || refused != "" {
				return err
			}
			if excess != nil && generation == g.Generation {
				return nil
			}
			return rotate(tx, c.Client, g, generation, &refused)
		})
	} else {
		err = p.Space.View(ctx, read)
		if err == nil && refused == "" && generation != g.Generation {
			refused = "superseded" // rotation was on once
		}
	}
	if err != nil {
		return nil, oauth.Internal(err)
	}
	if refused != "" {
		sub := ""
		if g != nil {
			sub = g.Sub
		}
		return nil, refuseRefresh(p, c.Client, v, sub, refused)
	}
	if excess != nil {
		return nil, excess
	}
	g.Nonce = "" // of the authorization request alone (OpenID Connect Core §12.2)
	return issue(p, c, aimed(g, r.Resource), u, scope, c.Rotation)
}

// rotate moves a grant to its next generation, or repeats the last move for a
// client that did not get our answer.
func rotate(tx *store.Tx, c *hub.Client, g *hub.Grant, generation int, refused *string) error {
	switch {
	case generation == g.Generation:
		g.Generation++
		g.Rotated = tx.Now
		return hub.Grants.Put(tx, g)
	case generation == g.Generation-1 && tx.Now.Sub(g.Rotated) <= c.Grace:
		return nil
	}
	*refused = string(hub.RefreshReuse)
	g.Revoked = *refused
	return hub.Grants.Put(tx, g)
}

// narrow is the scope of a refresh: what was granted and the client still may,
// or less of it on request, never more.
func narrow(c *hub.Client, g *hub.Grant, asked oauth.Scope) (oauth.Scope, error) {
	for _, s := range g.Scope {
		if !c.Scopes.Has(s) {
			return nil, oauth.Errorf(oauth.InvalidGrant, "scope withdrawn from the client: %s", s)
		}
	}
	if len(asked) == 0 {
		return g.Scope, nil
	}
	if extra := g.Scope.Missing(asked); len(extra) > 0 {
		return nil, oauth.Errorf(oauth.InvalidScope, "scope not granted: %s", extra)
	}
	return asked, nil
}

func refuseRefresh(p *hub.Pool, c *hub.Client, v hub.Visitor, sub, why string) error {
	e := p.Event(hub.TokenRefused, v)
	e.Client, e.Sub, e.Reason = c.ID, sub, why
	if why == string(hub.RefreshReuse) {
		e.Name = hub.RefreshReuse
	}
	p.Record(e)
	return oauth.Wrap(errors.New(why), oauth.InvalidGrant, "the refresh token is not valid")
}

// refreshToken derives the refresh token of a grant's live generation.
func refreshToken(p *hub.Pool, g *hub.Grant) string {
	body := binary.BigEndian.AppendUint32([]byte(g.ID), uint32(g.Generation))
	mac := p.Secrets.Refresh.MAC(body)
	return base64.RawURLEncoding.EncodeToString(append(body, mac[:]...))
}

// parseRefresh takes a refresh token apart; false for what this pool never made.
func parseRefresh(p *hub.Pool, raw string) (grant string, generation int, ok bool) {
	const tail = 4 + 32
	b, err := base64.RawURLEncoding.Strict().DecodeString(raw)
	if err != nil || len(b) <= tail || len(b) > 256 {
		return "", 0, false
	}
	body, mac := b[:len(b)-32], b[len(b)-32:]
	if !p.Secrets.Refresh.VerifyMAC(body, mac) {
		return "", 0, false
	}
	return string(body[:len(body)-4]), int(binary.BigEndian.Uint32(body[len(body)-4:])), true
}
