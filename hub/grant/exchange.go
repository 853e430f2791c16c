package grant

import (
	"context"
	"slices"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// Exchange gives a client an access token of its own for a person whose access
// token it holds (RFC 8693 §2). The pair of clients must be configured. The new
// token belongs to the same grant and dies with it, ends no later than the old
// one, and holds of the person's scopes no more than the old one, and of custom
// scopes what the client is registered for.
func Exchange(ctx context.Context, p *hub.Pool, c *Party, r *oauth.TokenRequest, v hub.Visitor) (*oauth.TokenResponse, error) {
	if c.Public || !c.Allows("token_exchange") {
		return nil, oauth.Errorf(oauth.UnauthorizedClient, "the client may not exchange tokens")
	}
	if r.SubjectTokenType != oauth.TypeAccessToken {
		return nil, oauth.Errorf(oauth.InvalidRequest, "subject_token_type must be %s", oauth.TypeAccessToken)
	}
	subject, err := Verify(ctx, p, r.SubjectToken)
	if err != nil {
		if e := oauth.AsError(err); e.Code != oauth.InvalidToken {
			return nil, err
		}
		return nil, oauth.Wrap(err, oauth.InvalidRequest, "the subject_token is not valid")
	}
	if subject.Grant == nil || !slices.Contains(c.ExchangesFrom, subject.Client.ID) {
		return nil, oauth.Errorf(oauth.InvalidTarget, "the client may not exchange tokens of that client")
	}
	if err := p.CheckResources(r.Resource); err != nil {
		return nil, err
	}
	scope, err := exchangeable(c.Client, subject, r.Scope)
	if err != nil {
		return nil, err
	}
	now := p.Now()
	expires := min(now.Add(c.AccessLife).Unix(), subject.claims.Expires)
	raw, err := signAccess(p, c.Client, subject.User, access{
		Sub: subject.User.SubFor(c.Client, now), Issuer: p.Issuer, Audience: r.Resource, Version: 2, ClientID: c.ID, OriginJTI: subject.Grant.ID,
		TokenUse: "access", Scope: scope, AuthTime: subject.claims.AuthTime, Expires: expires, IssuedAt: now.Unix(),
		JTI: directory.NewSub(), Username: subject.User.Username, Groups: p.Groups(subject.User), Actor: &actor{ClientID: c.ID}, Confirmation: c.confirmation(),
	})
	if err != nil {
		return nil, err
	}
	e := p.Event(hub.TokenGranted, v)
	e.OK, e.Client, e.Sub, e.Reason = true, c.ID, subject.User.Sub, "exchanged from "+subject.Client.ID
	p.Record(e)
	return &oauth.TokenResponse{
		AccessToken: raw, TokenType: c.tokenType(), Scope: scope, IssuedTokenType: oauth.TypeAccessToken,
		ExpiresIn: int(expires - now.Unix()),
	}, nil
}

// exchangeable is the scope of an exchanged token: what was asked for, or the
// old token's as far as the client may hold it.
func exchangeable(c *hub.Client, subject *Access, asked oauth.Scope) (oauth.Scope, error) {
	own := custom(c.Scopes)
	var most oauth.Scope
	for _, s := range subject.Scope {
		if c.Scopes.Has(s) {
			most = append(most, s)
		}
	}
	if len(asked) == 0 {
		return most, nil
	}
	for _, s := range asked {
		if !most.Has(s) && !own.Has(s) {
			return nil, oauth.Errorf(oauth.InvalidScope, "scope not allowed for this exchange: %s", s)
		}
	}
	return asked, nil
}
