package hub

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Client is a downstream relying party: an app that sends people here.
type Client struct {
	ID      string
	Name    string // shown to people: "to continue to …"
	Secrets []SecretHash
	Public  bool // no secret; PKCE is compulsory

	InsecureWithoutPKCE bool // but for an old app that cannot send it
	Brand               *Brand

	// LoginApp is the address of the front end that people meet on the way to the
	// app instead of the hosted pages; empty: the pool's.
	LoginApp string

	CallbackURLs []string
	LogoutURLs   []string
	// Where the app hears that a session has ended: by a call of ours
	// (Back-Channel Logout §2.2) and in a frame of the page after a sign-out
	// (Front-Channel Logout §2); empty: it does not.
	BackchannelLogoutURI, FrontchannelLogoutURI string
	// InitiateLoginURI is where the app begins a sign-in that another page asks for
	// (OpenID Connect Core §4); empty: it does not say.
	InitiateLoginURI string

	Flows     []string // "code", "device_code", "client_credentials", "token_exchange"
	Scopes    oauth.Scope
	Providers []string // names, and Local for the password form
	// EveryProvider is the configuration's default: every provider of the pool,
	// or the password form of a pool that has none.
	EveryProvider bool

	AccessLife, IDLife, RefreshLife time.Duration
	Rotation                        bool          // a refresh gives a new refresh token
	Grace                           time.Duration // how long a rotated token's last predecessor still answers
	KeepsRefresh                    bool          // refresh tokens outlive the session

	// Auth is the one way in which a client that is not public authenticates.
	Auth        ClientAuth
	Keys        *proof.Keys // registered by value: for assertions and request objects
	JWKSURI     string      // or to be fetched from here; at most one of the two is there
	Thumbprints []string    // x5t#S256 of its certificates, one or two (RFC 8705 §2.2, §3.1); tokens are bound to what it shows

	Algorithm     token.Algorithm // of ID and access tokens; empty: the pool's
	DPoP          Demand          // proofs of possession at the token endpoint (RFC 9449)
	RequestObject Demand          // signed authorization requests (RFC 9101)
	// FAPI2 holds the client to the FAPI 2.0 security profile. The configuration
	// has set the other fields to match; what is left is PKCE, which the profile
	// demands of clients with keys too, and its rules for what is signed.
	FAPI2 bool

	Claims *mapping.Claims // of ID and access tokens beside the hub's own, the pool's among them; may be nil

	ExchangesFrom  []string // clients whose access tokens this one may exchange (RFC 8693)
	RequirePAR     bool     // authorization requests must be pushed (RFC 9126 §6)
	ReadAttributes []string // nil: all

	WriteAttributes []string // what a sign-in for the client may change of a user; nil: all
	Introspects     bool     // may ask about tokens of other clients: an API's own client
	TypedUserInfo   bool     // JSON booleans at userInfo instead of Cognito's strings

	LegacySub *LegacySub // nil: people are known by their own sub
}

// LegacySub lets an app go on with the subs of a pool that was merged into this
// one: it has them in its tables, and needs time to change them.
type LegacySub struct {
	Pool  string // as in Alias.Pool
	Until time.Time
}

// ClientAuth is a way in which a client proves itself.
type ClientAuth string

// The ways of Client.Auth.
const (
	AuthSecret ClientAuth = ""                // client_secret_basic or client_secret_post
	AuthKey    ClientAuth = "private_key_jwt" // an assertion (RFC 7523)
	AuthTLS    ClientAuth = "tls"             // self_signed_tls_client_auth (RFC 8705 §2.2)
)

// Demand says whether a client may do something, and whether it must.
type Demand string

// The demands. A client made without one refuses.
const (
	Off      Demand = "" // refused
	Allowed  Demand = "allowed"
	Required Demand = "required"
)

// SecretHash is the SHA-256 of a client secret. Client secrets are long and
// random, so a slow hash would cost time and protect nothing.
type SecretHash [sha256.Size]byte

// HashSecret hashes a client secret for storage and comparison.
func HashSecret(secret string) SecretHash { return sha256.Sum256([]byte(secret)) }

// Authentic tells whether secret is one of the client's live secrets, in time
// that does not depend on which. A client without secrets accepts none.
func (c *Client) Authentic(secret string) bool {
	hash := HashSecret(secret)
	ok := 0
	for _, s := range c.Secrets {
		ok |= subtle.ConstantTimeCompare(hash[:], s[:])
	}
	return ok == 1
}

// SigningAlgorithm is what the client's tokens are signed with: its own choice,
// or the pool's first.
func (c *Client) SigningAlgorithm(p *Pool) token.Algorithm {
	return cmp.Or(c.Algorithm, p.Keys.Ring().Algorithms()[0])
}

// Writes tells whether a sign-in for the client may change an attribute.
func (c *Client) Writes(name string) bool {
	return c.WriteAttributes == nil || slices.Contains(c.WriteAttributes, name)
}

// Allows tells whether the client may use a flow, by the name it has in Flows.
func (c *Client) Allows(flow string) bool { return slices.Contains(c.Flows, flow) }

// Password tells whether the client offers the pool's own password form.
func (c *Client) Password(p *Pool) bool {
	if c.EveryProvider {
		return len(p.Providers) == 0
	}
	return slices.Contains(c.Providers, Local)
}

// Enabled lists the providers that are on and enabled for the client, in the
// client's order.
func (c *Client) Enabled(p *Pool) []*Provider {
	var list []*Provider
	if c.EveryProvider {
		for _, pr := range p.Providers {
			if pr.Enabled {
				list = append(list, pr)
			}
		}
		return list
	}
	for _, name := range c.Providers {
		if pr, ok := p.Provider(name); ok && pr.Enabled {
			list = append(list, pr)
		}
	}
	return list
}

// Uses tells whether a provider is on and enabled for the client.
func (c *Client) Uses(pr *Provider) bool {
	return pr.Enabled && (c.EveryProvider || slices.Contains(c.Providers, pr.Name))
}
