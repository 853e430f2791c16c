package hub

import (
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Grant is what an app holds of a person: every access, ID and refresh token
// made from one code names it, and dies with it.
type Grant struct {
	ID       string `json:"id"` // origin_jti of the tokens
	ClientID string `json:"client_id"`
	Session  string `json:"session"`
	Entry
	Scope    oauth.Scope `json:"scope"`
	Resource []string    `json:"resource,omitempty"` // audience of access tokens (RFC 8707)
	Wish     Wish        `json:"wish,omitzero"`
	JKT      string      `json:"jkt,omitempty"` // refreshed with a proof by this key alone (RFC 9449 §5)
	Nonce    string      `json:"nonce,omitempty"`
	// StateHash is for the ID token that the code gives, and not kept.
	StateHash string `json:"-"`

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
