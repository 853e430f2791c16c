package hub

import (
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Grant is what an app holds of a person: every access, ID and refresh token
// made from one code names it, and dies with it.
type Grant struct {
	ID       string      `json:"id"` // origin_jti of the tokens
	ClientID string      `json:"client_id"`
	Sub      string      `json:"sub"`
	Session  string      `json:"session"`
	Provider string      `json:"provider,omitempty"` // the way in; empty: the pool's password
	Link     string      `json:"link,omitempty"`     // Link.Key of the identity used
	Scope    oauth.Scope `json:"scope"`
	Resource []string    `json:"resource,omitempty"` // audience of access tokens (RFC 8707)
	Wish     Wish        `json:"wish,omitzero"`
	ACR      string      `json:"acr,omitempty"` // strength of the authentication, in the provider's words
	JKT      string      `json:"jkt,omitempty"` // refreshed with a proof by this key alone (RFC 9449 §5)
	Nonce    string      `json:"nonce,omitempty"`
	// StateHash is for the ID token that the code gives, and not kept.
	StateHash string    `json:"-"`
	AuthTime  time.Time `json:"auth_time"`

	Generation int       `json:"generation"` // of the refresh token that is live
	Rotated    time.Time `json:"rotated,omitzero"`
	Revoked    string    `json:"revoked,omitempty"` // why; empty: live

	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// Grants are the grants of a pool.
var Grants = store.Collection[Grant]{
	Name:    "grant",
	ID:      func(g *Grant) string { return g.ID },
	Expires: func(g *Grant) time.Time { return g.Expires },
}

// Dead says why a grant, or a session, gives nothing any more; empty while it
// is live. Every way in which a token is used asks this one function: the
// person must be there and enabled, and the way in still open to the client.
func Dead(p *Pool, c *Client, u *User, provider, link string) string {
	if u == nil {
		return "user_deleted"
	}
	if u.Disabled {
		return "user_disabled"
	}
	if provider == "" {
		return ""
	}
	pr, ok := p.Provider(provider)
	if !ok || !c.Uses(pr) {
		return "provider_off"
	}
	if _, ok := u.Link(link); !ok {
		return "unlinked"
	}
	return ""
}
