package hub

import (
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// JoiningLife is how long an identity waits to be joined to an account.
const JoiningLife = 10 * time.Minute

// Joining is an identity that waits to be joined to an account: a provider has
// vouched for it, and the account is not proven yet, or the person has not said
// yes. It is bound to one interaction, and so to one browser; to one identity;
// and to one user. It is used up with its answer (A84).
type Joining struct {
	Interaction string    `json:"interaction"`
	Identity    Identity  `json:"identity"`
	Claims      []byte    `json:"claims"` // JSON, for the mapping once the user is certain
	Sub         string    `json:"sub"`
	Session     string    `json:"session,omitempty"` // of the person who adds a way in; empty: in a sign-in
	Begun       time.Time `json:"begun"`
	Expires     time.Time `json:"expires"`
}

// Joinings wait for a proof or a word. An old one is as good as none.
var Joinings = store.Collection[Joining]{
	Name:    "joining",
	ID:      func(j *Joining) string { return j.Interaction },
	Expires: func(j *Joining) time.Time { return j.Expires },
}

// Read gives the claims back as they came.
func (j *Joining) Read() (claims map[string]any, err error) {
	err = strictjson.Decode(j.Claims, &claims)
	return claims, err
}
