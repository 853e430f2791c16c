package grant

import (
	"context"
	"errors"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Introspection is the answer about a token (RFC 7662 §2.2). Of a token that is
// not live, or not for the asker to know, it holds nothing but active: false.
type Introspection struct {
	Active    bool        `json:"active"`
	Scope     oauth.Scope `json:"scope,omitempty"`
	ClientID  string      `json:"client_id,omitempty"`
	Username  string      `json:"username,omitempty"`
	TokenType string      `json:"token_type,omitempty"`
	TokenUse  string      `json:"token_use,omitempty"`
	Expires   int64       `json:"exp,omitempty"`
	IssuedAt  int64       `json:"iat,omitempty"`
	AuthTime  int64       `json:"auth_time,omitempty"`
	Sub       string      `json:"sub,omitempty"`
	Audience  audience    `json:"aud,omitempty"`
	Issuer    string      `json:"iss,omitempty"`
	JTI       string      `json:"jti,omitempty"`

	Confirmation *Binding `json:"cnf,omitempty"`
}

// Introspect tells an authenticated client what a token is worth now. A client
// learns of its own tokens; of others' only if it is registered to.
func Introspect(ctx context.Context, p *hub.Pool, c *hub.Client, q *oauth.TokenQuery) (*Introspection, error) {
	if c.Public {
		return nil, refuseClient("a public client cannot ask about tokens")
	}
	if id, generation, ok := parseRefresh(p, q.Token); ok {
		return introspectRefresh(ctx, p, c, id, generation)
	}
	a, err := Verify(ctx, p, q.Token)
	if e := (*oauth.Error)(nil); errors.As(err, &e) && e.Code == oauth.InvalidToken {
		return &Introspection{}, nil
	}
	if err != nil {
		return nil, err
	}
	if a.Client.ID != c.ID && !c.Introspects {
		return &Introspection{}, nil
	}
	t := a.claims
	kind := oauth.TokenTypeBearer
	if t.Confirmation != nil {
		kind = t.Confirmation.tokenType()
	}
	return &Introspection{
		Active: true, Scope: t.Scope, ClientID: t.ClientID, Username: t.Username, TokenType: kind, TokenUse: t.TokenUse,
		Expires: t.Expires, IssuedAt: t.IssuedAt, AuthTime: t.AuthTime, Sub: t.Sub, Audience: t.Audience, Issuer: t.Issuer, JTI: t.JTI, Confirmation: t.Confirmation,
	}, nil
}

func introspectRefresh(ctx context.Context, p *hub.Pool, c *hub.Client, id string, generation int) (*Introspection, error) {
	var g *hub.Grant
	var u *hub.User
	var why string
	err := p.Space.View(ctx, func(tx *store.Tx) (err error) {
		if g, err = find(tx, id); err != nil || g == nil {
			return err
		}
		if u, err = owner(tx, g.Sub); err != nil {
			return err
		}
		why, err = stale(tx, p, c, g, u)
		return err
	})
	if err != nil {
		return nil, oauth.Internal(err)
	}
	if g == nil || g.ClientID != c.ID || g.Revoked != "" || generation != g.Generation || why != "" {
		return &Introspection{}, nil
	}
	return &Introspection{
		Active: true, Scope: g.Scope, ClientID: g.ClientID, Username: u.Username, TokenUse: "refresh", Sub: subject(c, g, u, p.Now()), Issuer: p.Issuer,
		Expires: g.Expires.Unix(), IssuedAt: g.Created.Unix(), AuthTime: g.AuthTime.Unix(),
	}, nil
}
