package hub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// Registered is a client that registered itself (RFC 7591) and lives in the
// store, beside those of the configuration.
type Registered struct {
	ID       string         `json:"id"`
	Metadata ClientMetadata `json:"metadata"`
	Secret   []byte         `json:"secret,omitempty"` // SecretHash; none: no secret
	Token    string         `json:"token"`            // hash of its registration access token
	Created  time.Time      `json:"created"`
	Modified time.Time      `json:"modified"`

	client *Client // what it is to everybody else; made when it is taken into memory
}

// ClientMetadata is what a client says of itself, in the words of RFC 7591 §2
// and OpenID Connect Dynamic Client Registration §2. Each field is honoured;
// what has none here is not.
type ClientMetadata struct {
	Name                   string          `json:"client_name,omitempty"`
	RedirectURIs           []string        `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs []string        `json:"post_logout_redirect_uris,omitempty"`
	BackchannelLogoutURI   string          `json:"backchannel_logout_uri,omitempty"`               // Back-Channel Logout §2.2
	BackchannelSession     bool            `json:"backchannel_logout_session_required,omitempty"`  // iss and sid are always sent
	FrontchannelLogoutURI  string          `json:"frontchannel_logout_uri,omitempty"`              // Front-Channel Logout §2
	FrontchannelSession    bool            `json:"frontchannel_logout_session_required,omitempty"` // as above
	AuthMethod             string          `json:"token_endpoint_auth_method"`
	GrantTypes             []string        `json:"grant_types"`
	ResponseTypes          []string        `json:"response_types"`
	Scope                  oauth.Scope     `json:"scope"`
	JWKS                   json.RawMessage `json:"jwks,omitempty"`
	JWKSURI                string          `json:"jwks_uri,omitempty"`
	Algorithm              token.Algorithm `json:"id_token_signed_response_alg"`
	SubjectType            string          `json:"subject_type"`
	LogoURI                string          `json:"logo_uri,omitempty"`
	PolicyURI              string          `json:"policy_uri,omitempty"`
	TermsURI               string          `json:"tos_uri,omitempty"`
	DPoP                   bool            `json:"dpop_bound_access_tokens,omitempty"`              // RFC 9449 §5.2
	RequirePAR             bool            `json:"require_pushed_authorization_requests,omitempty"` // RFC 9126 §6
	SignedRequests         bool            `json:"require_signed_request_object,omitempty"`         // RFC 9101 §10.5
}

// How long the tokens of registered clients live, how long a rotated refresh
// token still answers, and how many clients a pool takes.
const (
	RegisteredAccessLife  = time.Hour
	RegisteredRefreshLife = 30 * 24 * time.Hour
	registeredGrace       = 10 * time.Second
	MaxRegistered         = 1000
)

// RegisteredClients are the clients of a pool that registered themselves.
var RegisteredClients = store.Collection[Registered]{
	Name: "client",
	ID:   func(r *Registered) string { return r.ID },
}

// Authentic tells whether token is the client's registration access token, in
// time that does not depend on it. Nobody's, a nil Registered, has none.
func (r *Registered) Authentic(token string) bool {
	want := ""
	if r != nil {
		want = r.Token
	}
	return subtle.ConstantTimeCompare([]byte(HashCode(token)), []byte(want)) == 1
}

// open makes the client of the record. Keys that no longer do leave it without
// any, so that it proves nothing.
func (r *Registered) open() {
	m := &r.Metadata
	c := &Client{
		ID: r.ID, Name: cmp.Or(m.Name, host(m.RedirectURIs), r.ID), Public: m.AuthMethod == string(oauth.AuthNone),
		CallbackURLs: m.RedirectURIs, LogoutURLs: m.PostLogoutRedirectURIs, Scopes: m.Scope, EveryProvider: true,
		BackchannelLogoutURI: m.BackchannelLogoutURI, FrontchannelLogoutURI: m.FrontchannelLogoutURI,
		AccessLife: RegisteredAccessLife, IDLife: RegisteredAccessLife, RefreshLife: RegisteredRefreshLife, Grace: registeredGrace,
		JWKSURI: m.JWKSURI, Algorithm: m.Algorithm, DPoP: Allowed, RequirePAR: m.RequirePAR,
		// Apps that register themselves were written for the standard, not for Cognito.
		TypedUserInfo: true,
	}
	c.Rotation = c.Public
	if len(r.Secret) == sha256.Size {
		c.Secrets = []SecretHash{SecretHash(r.Secret)}
	}
	if m.AuthMethod == string(oauth.AuthPrivateKeyJWT) {
		c.Auth = AuthKey
	}
	if len(m.JWKS) > 0 {
		c.Keys, _ = proof.ParseKeys(m.JWKS)
	}
	if m.DPoP {
		c.DPoP = Required
	}
	switch {
	case m.SignedRequests:
		c.RequestObject = Required
	case c.Keys != nil || c.JWKSURI != "":
		c.RequestObject = Allowed
	}
	for _, g := range m.GrantTypes {
		switch g {
		case oauth.GrantAuthorizationCode:
			c.Flows = append(c.Flows, "code")
		case oauth.GrantDeviceCode:
			c.Flows = append(c.Flows, "device_code")
		}
	}
	if m.TermsURI != "" || m.PolicyURI != "" || m.LogoURI != "" {
		c.Brand = &Brand{Terms: m.TermsURI, Privacy: m.PolicyURI, About: m.LogoURI}
	}
	r.client = c
}

// host is the name of the first address that has one: it cannot be chosen as
// freely as a client's name.
func host(uris []string) string {
	for _, uri := range uris {
		if u, err := url.Parse(uri); err == nil && u.Hostname() != "" {
			return u.Hostname()
		}
	}
	return ""
}

// RegistrationToken lets its bearer register one client: the initial access
// token of RFC 7591 §3.
type RegistrationToken struct {
	ID      string    `json:"id"` // hash of the token
	Expires time.Time `json:"expires"`
}

// RegistrationTokenLife is how long a registration token may be used.
const RegistrationTokenLife = 24 * time.Hour

// RegistrationTokens are the tokens that operators made and nobody has used.
var RegistrationTokens = store.Collection[RegistrationToken]{
	Name:    "registration",
	ID:      func(t *RegistrationToken) string { return t.ID },
	Expires: func(t *RegistrationToken) time.Time { return t.Expires },
}

// Registrations are a pool's registered clients, in memory as in the store, so
// that a sign-in reads nothing more for them. Every Pool over one Space shares
// them. A nil *Registrations has none.
type Registrations struct {
	space    *store.Space
	changing sync.Mutex // one change at a time; look-ups do not wait for it
	now      atomic.Pointer[registered]
}

// registered does not change once it is in force.
type registered struct {
	clients map[string]*Registered
	origins map[string]bool
}

// OpenRegistrations reads a pool's registered clients.
func OpenRegistrations(ctx context.Context, space *store.Space) (*Registrations, error) {
	r := &Registrations{space: space}
	return r, r.Load(ctx)
}

// Load takes up what the store has, also of another hub's making.
func (r *Registrations) Load(ctx context.Context) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	return r.load(ctx)
}

func (r *Registrations) load(ctx context.Context) error {
	clients := map[string]*Registered{}
	err := r.space.View(ctx, func(tx *store.Tx) error {
		for after := ""; ; {
			page, next, err := RegisteredClients.List(tx, "", "", store.Page{After: after, Limit: 1000})
			for _, c := range page {
				c.open()
				clients[c.ID] = c
			}
			if err != nil || next == "" {
				return err
			}
			after = next
		}
	})
	if err == nil {
		r.serve(clients)
	}
	return err
}

func (r *Registrations) serve(clients map[string]*Registered) {
	origins := map[string]bool{}
	for _, c := range clients {
		for _, uri := range c.Metadata.RedirectURIs {
			if u, err := url.Parse(uri); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
				origins[u.Scheme+"://"+strings.ToLower(u.Host)] = true
			}
		}
	}
	r.now.Store(&registered{clients, origins})
}

// All are the registered clients by id; the map is not to be changed.
func (r *Registrations) All() map[string]*Registered {
	if r == nil {
		return nil
	}
	return r.now.Load().clients
}

// Find finds a registered client; nil when there is none.
func (r *Registrations) Find(id string) *Registered { return r.All()[id] }

// Origin tells whether a registered client is called back at a web origin.
func (r *Registrations) Origin(origin string) bool { return r != nil && r.now.Load().origins[origin] }

// Change makes, replaces or removes (nil) one client in a transaction, and then
// in memory. change may run twice and returns what is in force if the commit
// holds. A caller that goes away does not take the transaction with it.
func (r *Registrations) Change(ctx context.Context, id string, change func(tx *store.Tx) (*Registered, error)) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	ctx = context.WithoutCancel(ctx)
	var after *Registered
	err := r.space.Update(ctx, func(tx *store.Tx) (err error) {
		after, err = change(tx)
		return err
	})
	if errors.Is(err, store.ErrUnknown) {
		return errors.Join(err, r.load(ctx))
	}
	if err != nil {
		return err
	}
	clients := maps.Clone(r.All())
	delete(clients, id)
	if after != nil {
		after.open()
		clients[id] = after
	}
	r.serve(clients)
	return nil
}

// Algorithms are what registered clients have their tokens signed with, in no
// order.
func (r *Registrations) Algorithms() (list []token.Algorithm) {
	for _, c := range r.All() {
		if a := c.Metadata.Algorithm; a != "" && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}
