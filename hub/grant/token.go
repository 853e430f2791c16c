package grant

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/mapping"
)

// access is the payload of an access token, in Cognito's claims.
type access struct {
	Sub       string      `json:"sub"`
	Issuer    string      `json:"iss"`
	Audience  audience    `json:"aud,omitempty"` // resources the token is for (RFC 8707 §2); none: the client's own
	Version   int         `json:"version"`
	ClientID  string      `json:"client_id"`
	OriginJTI string      `json:"origin_jti,omitempty"`
	EventID   string      `json:"event_id,omitempty"`
	TokenUse  string      `json:"token_use"`
	Scope     oauth.Scope `json:"scope"`
	AuthTime  int64       `json:"auth_time"`
	Expires   int64       `json:"exp"`
	IssuedAt  int64       `json:"iat"`
	JTI       string      `json:"jti"`
	Username  string      `json:"username,omitempty"`
	Groups    []string    `json:"cognito:groups,omitempty"`
	Actor     *actor      `json:"act,omitempty"` // who acts, of an exchanged token (RFC 8693 §4.1)

	Confirmation *Binding `json:"cnf,omitempty"` // keys its holder must prove (RFC 7800 §3.1)
}

type actor struct {
	ClientID string `json:"client_id"`
}

// audience is aud: one string as itself, several as a list (RFC 7519 §4.1.3).
type audience []string

// MarshalJSON writes the shortest form.
func (a audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON reads either form.
func (a *audience) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*a = make(audience, 1)
		return json.Unmarshal(text, &(*a)[0])
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// issue signs the tokens of a grant that has been committed. The scope may be
// narrower than the grant's; refresh says whether a refresh token goes along.
func issue(p *hub.Pool, c *Party, g *hub.Grant, u *hub.User, scope oauth.Scope, refresh bool) (*oauth.TokenResponse, error) {
	now := p.Now()
	event, sub := directory.NewSub(), subject(c.Client, g, u, now)
	raw, err := signAccess(p, c.Client, u, access{
		Sub: sub, Issuer: p.Issuer, Audience: g.Resource, Version: 2, ClientID: c.ID, OriginJTI: g.ID, EventID: event, TokenUse: "access",
		Scope: scope, AuthTime: g.AuthTime.Unix(), Expires: now.Add(c.AccessLife).Unix(), IssuedAt: now.Unix(),
		JTI: directory.NewSub(), Username: u.Username, Groups: p.Groups(u), Confirmation: c.confirmation(),
	})
	if err != nil {
		return nil, err
	}
	res := &oauth.TokenResponse{AccessToken: raw, TokenType: c.tokenType(), ExpiresIn: int(c.AccessLife / time.Second)}
	if refresh {
		res.RefreshToken = refreshToken(p, g)
	}
	if !scope.Has("openid") {
		return res, nil
	}
	claims := attributes(p, c.Client, u, scope, g.Wish.IDToken, true)
	for name, value := range map[string]any{
		"sub": sub, "iss": p.Issuer, "aud": c.ID, "token_use": "id", "cognito:username": u.Username,
		"origin_jti": g.ID, "sid": hub.SID(g.Session, c.ID), "event_id": event, "jti": directory.NewSub(),
		"auth_time": g.AuthTime.Unix(), "exp": now.Add(c.IDLife).Unix(), "iat": now.Unix(),
		"at_hash": c.SigningAlgorithm(p).HalfHash(res.AccessToken),
	} {
		claims[name] = value
	}
	if g.Nonce != "" {
		claims["nonce"] = g.Nonce
	}
	if g.StateHash != "" {
		claims["s_hash"] = g.StateHash
	}
	if g.ACR != "" {
		claims["acr"] = g.ACR
	}
	if list := p.Groups(u); len(list) > 0 {
		claims["cognito:groups"] = list
	}
	if len(u.Links) > 0 {
		claims["identities"] = identities(u)
	}
	if res.IDToken, err = signID(p, c.Client, u, scope, claims); err != nil {
		return nil, err
	}
	return res, nil
}

// subject is the sub by which a client knows a person. A grant of a user whom a
// merge has made another's alias goes on under the sub it was given for (OpenID
// Connect Core §12.2).
func subject(c *hub.Client, g *hub.Grant, u *hub.User, now time.Time) string {
	if g != nil && g.Sub != u.Sub && c.LegacySub == nil {
		return g.Sub
	}
	return u.SubFor(c, now)
}

// attributes are the user's attributes that the scope releases, or that were
// wished for by name, as far as the client may read them, as claims.
func attributes(p *hub.Pool, c *hub.Client, u *hub.User, scope oauth.Scope, wished []string, typed bool) map[string]any {
	names := mapping.ScopeAttributes(p.Schema, scope, c.ReadAttributes)
	for _, name := range wished {
		if !slices.Contains(names, name) && (c.ReadAttributes == nil || slices.Contains(c.ReadAttributes, name)) {
			names = append(names, name)
		}
	}
	return mapping.Release(p.Schema, u.Attributes, names, typed)
}

// identity is one member of the identities claim; Cognito writes even the flag
// and the time as text.
type identity struct {
	UserID       string  `json:"userId"`
	ProviderName string  `json:"providerName"`
	ProviderType string  `json:"providerType"`
	Issuer       *string `json:"issuer"`
	Primary      string  `json:"primary"`
	DateCreated  string  `json:"dateCreated"`
}

func identities(u *hub.User) []identity {
	list := make([]identity, len(u.Links))
	for i, l := range u.Links {
		list[i] = identity{
			UserID: l.Subject, ProviderName: l.Provider, ProviderType: l.Type,
			Primary: strconv.FormatBool(l.Primary), DateCreated: strconv.FormatInt(l.Created.UnixMilli(), 10),
		}
	}
	return list
}
