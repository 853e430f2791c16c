package grant

import (
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// Credentials gives a client a token of its own (RFC 6749 §4.4): sub is the
// client id, the scope what it asked for of its custom scopes, or all of them.
// Nothing is stored: the token is worth something as long as the client is there.
func Credentials(p *hub.Pool, c *Party, r *oauth.TokenRequest, v hub.Visitor) (*oauth.TokenResponse, error) {
	if c.Public || !c.Allows("client_credentials") {
		return nil, oauth.Errorf(oauth.UnauthorizedClient, "the client may not use the client credentials grant")
	}
	own := custom(c.Scopes)
	scope := own
	if len(r.Scope) > 0 {
		if missing := own.Missing(r.Scope); len(missing) > 0 {
			return nil, oauth.Errorf(oauth.InvalidScope, "scope not allowed for this client: %s", missing)
		}
		scope = r.Scope
	}
	if err := p.CheckResources(r.Resource); err != nil {
		return nil, err
	}
	now := p.Now()
	raw, err := signAccess(p, c.Client, nil, access{
		Sub: c.ID, Issuer: p.Issuer, Audience: r.Resource, Version: 2, ClientID: c.ID, TokenUse: "access", Scope: scope,
		AuthTime: now.Unix(), Expires: now.Add(c.AccessLife).Unix(), IssuedAt: now.Unix(), JTI: directory.NewSub(), Confirmation: c.confirmation(),
	})
	if err != nil {
		return nil, err
	}
	e := p.Event(hub.TokenGranted, v)
	e.OK, e.Client = true, c.ID
	p.Record(e)
	return &oauth.TokenResponse{AccessToken: raw, TokenType: c.tokenType(), ExpiresIn: int(c.AccessLife / time.Second)}, nil
}

// custom are the scopes of resource servers, which alone a client can have for
// itself: the others are about a person.
func custom(s oauth.Scope) oauth.Scope {
	var list oauth.Scope
	for _, name := range s {
		if strings.Contains(name, "/") {
			list = append(list, name)
		}
	}
	return list
}
