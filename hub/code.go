package hub

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// CodeMemory is how long a code is remembered after it was made, so that using
// it again is recognised as theft and not as a stranger (RFC 9700 §4.5).
const CodeMemory = time.Hour

// Code is an authorization code: the right to one grant.
type Code struct {
	ID          string `json:"id"` // CodeID of what the app shows
	Interaction string `json:"interaction"`
	Grant       string `json:"grant"` // id the grant gets when the code is redeemed
	Used        bool   `json:"used,omitempty"`

	ClientID    string      `json:"client_id"`
	RedirectURI string      `json:"redirect_uri"`
	Scope       oauth.Scope `json:"scope"`
	Resource    []string    `json:"resource,omitempty"`
	Wish        Wish        `json:"wish,omitzero"`
	JKT         string      `json:"jkt,omitempty"` // redeemed with a proof by this key alone (RFC 9449 §10)
	Nonce       string      `json:"nonce,omitempty"`
	StateHash   string      `json:"state_hash,omitempty"` // s_hash of the ID token
	Challenge   string      `json:"challenge,omitempty"`
	Session     string      `json:"session"`
	Entry
	Expires   time.Time `json:"expires"`   // not redeemed after this
	Forgotten time.Time `json:"forgotten"` // not remembered after this
}

// Codes are the codes of a pool.
var Codes = store.Collection[Code]{
	Name:    "code",
	ID:      func(c *Code) string { return c.ID },
	Expires: func(c *Code) time.Time { return c.Forgotten },
	Indexes: []store.Index[Code]{
		{Name: "interaction", Unique: true, Keys: func(c *Code) []string { return []string{c.Interaction} }},
	},
}

// CodeID is the id under which an authorization code is kept: its time, see NewID,
// and its hash.
func CodeID(code string) string { return code[:min(stampText, len(code))] + HashCode(code) }

// HashCode is the form in which a one-time value is stored.
func HashCode(code string) string {
	sum := sha256.Sum256([]byte(code))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
