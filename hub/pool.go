package hub

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/migration"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Local is the provider name by which a client enables the pool's own password
// form, and by which an app asks for it (identity_provider=COGNITO).
const Local = "COGNITO"

// Pool is one issuer: its settings, its clients, its providers and the part of
// the store that is its own. It is immutable once made; see Keys for what turns.
type Pool struct {
	Name   string // short and stable: prefixes keys in the store and cookies
	Issuer string // configured text, never taken from a request
	Brand  Brand
	// Language is a BCP 47 tag for browsers that ask for nothing the pages speak.
	Language string
	// LoginApp is the address of the front end that people meet instead of the
	// hosted pages, on another origin of the same site; empty: none. See Client.
	LoginApp string

	Schema    *mapping.Schema
	Clients   map[string]*Client // of the configuration; see Client
	Resources []Resource
	Providers []*Provider // in the order of the configuration
	// Claims are added to the ID and access tokens of clients that have no claims
	// of their own; in Client.Claims they are contained. May be nil.
	Claims *mapping.Claims
	// Registration lets whoever has a one-time token of an operator register a
	// client (RFC 7591 §3).
	Registration bool
	// Registered are the clients that came by registration. They stay when it is
	// closed. May be nil.
	Registered *Registrations

	// Samples are the claim sets that providers sent lately. Nil: none are kept.
	Samples *Samples

	SessionLife     time.Duration // how long a browser stays signed in
	InteractionLife time.Duration // how long a sign-in may take from first page to code
	CodeLife        time.Duration
	PasswordPolicy  PasswordPolicy
	Logout          LogoutPolicy
	// Migration is asked about people who have no password here yet; nil: nobody is.
	Migration migration.System

	Space   *store.Space
	Keys    *Keys
	Secrets *Secrets
	Now     func() time.Time
	Log     *slog.Logger
	Record  func(Event) // audit and metrics; never nil
	// Ended hears that sessions have ended, once that is committed: there are
	// clients to be told. May be nil.
	Ended func()
	// FetchKeys gets the keys behind a client's jwks_uri; anew if what is at hand
	// did not do. Nil where no client has one.
	FetchKeys func(ctx context.Context, uri string, anew bool) (*proof.Keys, error)
}

// LogoutPolicy is how the end of a session reaches the apps that it was for.
type LogoutPolicy struct {
	Deadline time.Duration // how long an app that cannot be reached is tried again
	OnExpiry bool          // a session that ends by its age ends in the apps too
	Show     bool          // after a sign-out the person sees who was told, instead of being sent back at once
}

// Brand is what the pages show of the pool, and of a client that overrides it.
// An empty field leaves the built-in look, or the pool's.
type Brand struct {
	Title                string
	Accent, AccentDark   string // "#rrggbb"
	Background           string
	Radius               *int // pixels
	Logo, LogoDark       *Image
	Terms, Privacy, Help string
	// Folder holds files that replace templates and texts of the pages, by path; of
	// a pool only. May be nil.
	Folder map[string][]byte
	About  string // of a registered client: the address of its logo, as a link only
}

// Image is a logo as loaded from its file.
type Image struct {
	Type string // "image/svg+xml" or "image/png"
	Data []byte
}

// Resource is a resource server: an API that apps call with access tokens. Its
// scopes are asked for as "identifier/name".
type Resource struct {
	Identifier string
	Name       string
	Scopes     map[string]string // name to description
}

// Resource finds the resource server with that identifier.
func (p *Pool) Resource(identifier string) (*Resource, bool) {
	for i := range p.Resources {
		if p.Resources[i].Identifier == identifier {
			return &p.Resources[i], true
		}
	}
	return nil, false
}

// CheckResources refuses a resource parameter that names no resource server of
// the pool (RFC 8707 §2).
func (p *Pool) CheckResources(resources []string) error {
	for _, r := range resources {
		if _, ok := p.Resource(r); !ok {
			return oauth.Errorf(oauth.InvalidTarget, "no resource server has this identifier: %s", r)
		}
	}
	return nil
}

// Client finds a client, of the configuration or registered; where both have the
// id, the configuration's.
func (p *Pool) Client(id string) (*Client, bool) {
	if c, ok := p.Clients[id]; ok {
		return c, true
	}
	if r := p.Registered.Find(id); r != nil {
		return r.client, true
	}
	return nil, false
}

// Provider finds an enabled or disabled provider by its exact name.
func (p *Pool) Provider(name string) (*Provider, bool) {
	for _, pr := range p.Providers {
		if pr.Name == name {
			return pr, true
		}
	}
	return nil, false
}

// ProviderAt finds the enabled provider whose name stands, escaped, as a segment
// of a path.
func (p *Pool) ProviderAt(segment string) (*Provider, bool) {
	name, err := url.PathUnescape(segment)
	if err != nil {
		return nil, false
	}
	pr, ok := p.Provider(name)
	return pr, ok && pr.Enabled
}

// ProviderByIdentifier finds the provider that lists identifier (idp_identifier,
// or the domain of an e-mail address), compared without case as a whole.
func (p *Pool) ProviderByIdentifier(identifier string) (*Provider, bool) {
	for _, pr := range p.Providers {
		for _, id := range pr.Identifiers {
			if strings.EqualFold(id, identifier) {
				return pr, true
			}
		}
	}
	return nil, false
}

// URL is an address under the pool's issuer; path begins with a slash.
func (p *Pool) URL(path string) string { return p.Issuer + path }

// CallbackURL is the redirect URI every provider of the pool must know.
func (p *Pool) CallbackURL() string { return p.URL("/oauth2/idpresponse") }

// PostLogoutURL is where providers send people back after a sign-out;
// BackchannelURL and FrontchannelURL are where a provider itself tells of one.
func (p *Pool) PostLogoutURL() string { return p.URL("/logout/idpresponse") }

// BackchannelURL is the back-channel logout URI to register at a provider.
func (p *Pool) BackchannelURL(provider string) string {
	return p.URL("/logout/backchannel/" + url.PathEscape(provider))
}

// FrontchannelURL is the front-channel logout URI to register at a provider.
func (p *Pool) FrontchannelURL(provider string) string {
	return p.URL("/logout/frontchannel/" + url.PathEscape(provider))
}

// WithKeys runs a verification with a client's registered keys. Keys behind an
// address are fetched, and once more if only the keys stood in the way: the
// client may have changed them.
func (p *Pool) WithKeys(ctx context.Context, c *Client, verify func(*proof.Keys) error) error {
	if c.JWKSURI == "" || p.FetchKeys == nil {
		return verify(c.Keys)
	}
	keys, err := p.FetchKeys(ctx, c.JWKSURI, false)
	if err != nil {
		return errors.Join(verify(nil), err)
	}
	if err = verify(keys); !errors.Is(err, proof.ErrSignature) {
		return err
	}
	if keys, fetched := p.FetchKeys(ctx, c.JWKSURI, true); fetched == nil {
		return verify(keys)
	}
	return err
}

// Secrets are the keys derived from the hub's sealing key for one pool, one for
// each purpose, so that a value sealed for one use opens in no other.
type Secrets struct {
	Signing *seal.Sealer  // private signing keys at rest
	Cookie  *seal.Sealer  // interactions in the browser
	Refresh *seal.Sealer  // MAC of refresh tokens
	Session *seal.Sealer  // providers' ID tokens at rest
	Merge   *seal.Sealer  // MAC of merge plans
	Samples *seal.Sealer  // people's claims at rest
	Nonces  *proof.Nonces // of DPoP
}

// NewSecrets derives a pool's keys from the hub's sealing key.
func NewSecrets(key *seal.Key, pool string) *Secrets {
	return &Secrets{
		Signing: key.Derive("signing/" + pool),
		Cookie:  key.Derive("cookie/" + pool),
		Refresh: key.Derive("refresh/" + pool),
		Session: key.Derive("session/" + pool),
		Merge:   key.Derive("merge/" + pool),
		Samples: key.Derive("samples/" + pool),
		Nonces:  proof.NewNonces(key.Derive("dpop/"+pool), 0),
	}
}

// Visitor is where a request came from, for audit and limits.
type Visitor struct {
	Address   netip.Addr
	RequestID string
}
