package hub

import (
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// Pushed is an authorization request that its client sent ahead (RFC 9126). It
// is found by the hash of its reference, and gone when a code was made of it.
type Pushed struct {
	ID       string    `json:"id"`
	ClientID string    `json:"client_id"`
	Query    string    `json:"query"`   // the request, encoded
	Expires  time.Time `json:"expires"` // nothing begins with it after this
	// Forgotten is when the last sign-in that began with it must be over.
	Forgotten time.Time `json:"forgotten"`
}

// PushedLife is how long a pushed request waits for the browser.
const PushedLife = 90 * time.Second

// pushedPrefix begins every reference (RFC 9126 §2.2).
const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// Pushes are the pushed requests of a pool.
var Pushes = store.Collection[Pushed]{
	Name:    "pushed",
	ID:      func(p *Pushed) string { return p.ID },
	Expires: func(p *Pushed) time.Time { return p.Forgotten },
}

// NewPushed makes a reference of 256 random bits and the id it is kept under.
func NewPushed() (reference, id string) {
	reference = pushedPrefix + Random()
	return reference, HashCode(reference)
}

// PushedID is the id behind a reference; false for any other request_uri.
func PushedID(reference string) (string, bool) {
	return HashCode(reference), strings.HasPrefix(reference, pushedPrefix)
}
