package hub

import (
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Interaction is a sign-in under way. It travels sealed in a cookie of the
// browser that began it, so that a sign-in nobody finishes costs the store
// nothing; its ID names the cookie and is the state sent upstream.
type Interaction struct {
	ID      string                     `json:"id"`
	Begun   time.Time                  `json:"begun"`
	Request oauth.AuthorizationRequest `json:"request"`

	// Device is the short code of the device that this sign-in is for.
	Device string `json:"device,omitempty"`

	// Account says that no app waits, but the person's own page of ways in. Owner
	// is who adds one there, and OwnerSession the session it is done in.
	Account      bool   `json:"account,omitempty"`
	Owner        string `json:"owner,omitempty"`
	OwnerSession string `json:"owner_session,omitempty"`

	// Joins says that a Joining waits, and that who comes back from the provider
	// is to prove its user.
	Joins bool `json:"joins,omitempty"`

	// Pushed is the id of the pushed request that this one came from.
	Pushed string `json:"pushed,omitempty"`

	// Wish is what the request's long parameters came down to.
	Wish Wish `json:"wish,omitzero"`

	// Another says that prompt=login in the request is the person's, who wants to
	// come as somebody else, and not a demand of the app.
	Another bool `json:"another,omitempty"`

	// Towards the provider, once one is chosen.
	Provider string    `json:"provider,omitempty"`
	Nonce    string    `json:"nonce,omitempty"`
	Verifier string    `json:"verifier,omitempty"`
	Sent     time.Time `json:"sent,omitzero"`

	// Proven is the user who gave the right temporary password and must now
	// choose another; ProvenAt is when.
	Proven     string    `json:"proven,omitempty"`
	ProvenName string    `json:"proven_name,omitempty"`
	ProvenAt   time.Time `json:"proven_at,omitzero"`
}

// App tells whether the sign-in is for an app whose request can be made again.
func (in *Interaction) App() bool { return in.Device == "" && !in.Account }

// Wish is what an app asks of a sign-in beyond scopes: a certain person, certain
// claims, a certain strength.
type Wish struct {
	Sub      string   `json:"sub,omitempty"`       // id_token_hint or a sub in claims: nobody else will do
	IDToken  []string `json:"id_token,omitempty"`  // attributes wanted in the ID token (OpenID Connect Core §5.5)
	UserInfo []string `json:"user_info,omitempty"` // and at userInfo
	ACR      []string `json:"acr,omitempty"`       // one of these is essential
}

// NewInteraction begins a sign-in for a request whose client and redirect URI
// are proven. What is long and not needed on the way stays behind: a cookie
// holds little.
func NewInteraction(r oauth.AuthorizationRequest, now time.Time) *Interaction {
	r.IDTokenHint, r.Claims, r.ClaimsLocales, r.Request, r.RequestURI = "", "", "", "", ""
	return &Interaction{ID: NewID(now), Begun: now, Request: r}
}

// Pending is a federated sign-in that waits for details only the person can
// give. It is written after the provider vouched for them, never before.
type Pending struct {
	Interaction string             `json:"interaction"`
	Identity    Identity           `json:"identity"`
	Set         mapping.Attributes `json:"set"` // mapped already
	Groups      *mapping.Claimed   `json:"groups,omitempty"`
	Ask         []string           `json:"ask"`
	Expires     time.Time          `json:"expires"`
}

// Identity is what a provider proved of a person, without its claims.
type Identity struct {
	Link     Link      `json:"link"`
	AuthTime time.Time `json:"auth_time"`
	Upstream Upstream  `json:"upstream,omitzero"`
	ACR      string    `json:"acr,omitempty"`
}

// Upstream is the session at the provider, as far as it is known here.
type Upstream struct {
	SID  string `json:"sid,omitempty"`
	Hint []byte `json:"hint,omitempty"` // its ID token, sealed, see SealHint
}

// Pendings wait to be completed on the profile page.
var Pendings = store.Collection[Pending]{
	Name:    "pending",
	ID:      func(p *Pending) string { return p.Interaction },
	Expires: func(p *Pending) time.Time { return p.Expires },
}
