package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Times of a pool that the file does not set.
const (
	interactionLife = 10 * time.Minute
	codeLife        = time.Minute // the most that FAPI 2.0 §5.3.2.1 allows
	keysKeep        = time.Hour   // the least that a key stays published after it signed
)

// upstream is a provider's relying party with what it was made of, so that a
// reload that does not concern it keeps its cached metadata and keys.
type upstream struct {
	cfg      idp.Config
	provider *idp.Provider
}

// build turns the file's pools into hub's. Nothing that is served changes yet.
func (h *Hub) build(ctx context.Context, cfg *config.Config) ([]*hub.Pool, map[string]upstream, error) {
	pools, upstreams := make([]*hub.Pool, len(cfg.Pools)), map[string]upstream{}
	for i := range cfg.Pools {
		p, err := h.pool(ctx, cfg, &cfg.Pools[i], upstreams)
		if err != nil {
			return nil, nil, fmt.Errorf("pool %s: %w", cfg.Pools[i].Name, err)
		}
		pools[i] = p
	}
	return pools, upstreams, nil
}

// Outline is a pool as far as its pages show it: its look, its clients, and its
// providers without what reaches them. It serves nobody.
func Outline(cfg *config.Config, c *config.Pool) (*hub.Pool, error) {
	p, err := outline(cfg, c)
	if err != nil {
		return nil, err
	}
	for _, pr := range c.Providers {
		p.Providers = append(p.Providers, &hub.Provider{Name: pr.Name, Label: pr.Label, Preset: pr.Preset, Enabled: pr.Enabled})
	}
	return p, nil
}

// outline is the part of a pool that is made of the file alone, but for what the
// store and the running hub have a share in.
func outline(cfg *config.Config, c *config.Pool) (*hub.Pool, error) {
	b := c.Branding
	logo, logoDark, err := images(cfg, b.Logo, b.LogoDark)
	if err != nil {
		return nil, err
	}
	files, err := folder(b.Folder)
	if err != nil {
		return nil, err
	}
	p := &hub.Pool{
		Name: c.Name, Issuer: c.Issuer, Language: c.Language, LoginApp: c.LoginApp,
		Brand: hub.Brand{
			Title: c.Title, Accent: b.Accent, AccentDark: b.AccentDark, Background: b.Background, Radius: b.Radius,
			Logo: logo, LogoDark: logoDark, Terms: b.Links.Terms, Privacy: b.Links.Privacy, Help: b.Links.Help,
			Folder: files,
		},
		Clients: map[string]*hub.Client{},
	}
	for i := range c.Clients {
		client, err := client(cfg, &c.Clients[i])
		if err != nil {
			return nil, fmt.Errorf("client %s: %w", c.Clients[i].ID, err)
		}
		p.Clients[client.ID] = client
	}
	return p, nil
}

func (h *Hub) pool(ctx context.Context, cfg *config.Config, c *config.Pool, upstreams map[string]upstream) (*hub.Pool, error) {
	p, err := outline(cfg, c)
	if err != nil {
		return nil, err
	}
	p.Schema, p.Resources, p.Claims, p.Registration = c.Schema, resources(c.ResourceServers), c.Added, c.Registration.Enabled
	p.SessionLife, p.InteractionLife, p.CodeLife = c.Session.Lifetime, interactionLife, codeLife
	p.PasswordPolicy = hub.PasswordPolicy{
		MinimumLength: c.PasswordPolicy.MinimumLength, Upper: c.PasswordPolicy.RequireUppercase,
		Lower: c.PasswordPolicy.RequireLowercase, Number: c.PasswordPolicy.RequireNumbers, Symbol: c.PasswordPolicy.RequireSymbols,
		TemporaryLife: c.PasswordPolicy.TemporaryLifetime,
	}
	p.Logout = hub.LogoutPolicy{Deadline: c.Logout.Deadline, OnExpiry: c.Logout.OnExpiry, Show: c.Logout.Show}
	p.Migration = h.migration(c)
	p.Space, p.Secrets = h.store.Space(c.Name), hub.NewSecrets(h.key, c.Name)
	p.Now, p.Log, p.Record, p.Ended, p.FetchKeys = h.options.Now, h.Log, h.record, h.logout.Wake, h.keys.fetch
	for i := range c.Providers {
		provider, err := h.provider(p, &c.Providers[i], upstreams)
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", c.Providers[i].Name, err)
		}
		p.Providers = append(p.Providers, provider)
	}
	if p.Registered, err = h.registered(ctx, p); err != nil {
		return nil, err
	}
	if p.Samples, err = h.samples(ctx, p); err != nil {
		return nil, err
	}
	if p.Keys, err = h.ring(ctx, p, rotation(c, p.Registered)); err != nil {
		return nil, err
	}
	return p, nil
}

// served is the pool of that name before a reload; nil if there was none.
func (h *Hub) served(name string) *hub.Pool {
	for _, p := range h.pools {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// registered are the clients that registered themselves: those in memory, if the
// pool was served before, so that one that comes or goes meanwhile does so under
// the new configuration too.
func (h *Hub) registered(ctx context.Context, p *hub.Pool) (*hub.Registrations, error) {
	if old := h.served(p.Name); old != nil {
		return old.Registered, nil
	}
	return hub.OpenRegistrations(ctx, p.Space)
}

// samples are the pool's claim sets: those in memory, if the pool was served before.
func (h *Hub) samples(ctx context.Context, p *hub.Pool) (*hub.Samples, error) {
	if old := h.served(p.Name); old != nil {
		return old.Samples, nil
	}
	return hub.OpenSamples(ctx, p.Space, p.Secrets.Samples)
}

// ring is the pool's key ring: the one it has, if it was served before, so that
// requests under way go on with the keys there are.
func (h *Hub) ring(ctx context.Context, p *hub.Pool, r token.Rotation) (*hub.Keys, error) {
	if old := h.served(p.Name); old != nil {
		return old.Keys, old.Keys.Change(ctx, r)
	}
	return hub.OpenKeys(ctx, p.Space, p.Secrets.Signing, r)
}

// rotation is when the keys of a pool change. A key that no longer signs stays as
// long as the longest token, and a moment for hubs that go on with it until they
// hear; without any client, for those that were taken away a moment ago.
func rotation(c *config.Pool, registered *hub.Registrations) token.Rotation {
	longest := max(keysKeep, hub.RegisteredAccessLife)
	for _, client := range c.Clients {
		longest = max(longest, client.Tokens.Access, client.Tokens.ID)
	}
	return token.Rotation{Algorithms: algorithms(c, registered), Every: c.Signing.Every, Ahead: c.Signing.Ahead, Keep: longest + time.Minute}
}

// algorithms are what the pool signs with: its own first, then those that its
// clients want.
func algorithms(c *config.Pool, registered *hub.Registrations) []token.Algorithm {
	own := token.Algorithm(c.Signing.Algorithm)
	wanted := registered.Algorithms()
	for _, client := range c.Clients {
		wanted = append(wanted, token.Algorithm(client.Algorithm))
	}
	slices.Sort(wanted)
	wanted = slices.DeleteFunc(slices.Compact(wanted), func(a token.Algorithm) bool { return a == own })
	return append([]token.Algorithm{own}, wanted...)
}

func resources(servers []config.ResourceServer) []hub.Resource {
	list := make([]hub.Resource, len(servers))
	for i, s := range servers {
		list[i] = hub.Resource{Identifier: s.Identifier, Name: s.Name, Scopes: map[string]string{}}
		for _, scope := range s.Scopes {
			list[i].Scopes[scope.Name] = scope.Description
		}
	}
	return list
}

// clientAuths, demands, logoutModes and matchModes are the file's words in hub's.
var (
	clientAuths = map[string]hub.ClientAuth{"": hub.AuthSecret, "secret": hub.AuthSecret, "private_key_jwt": hub.AuthKey, "tls": hub.AuthTLS}
	demands     = map[string]hub.Demand{"off": hub.Off, "allowed": hub.Allowed, "required": hub.Required}
	logoutModes = map[string]hub.LogoutMode{"always": hub.LogoutAlways, "ask": hub.LogoutAsk, "never": hub.LogoutNever}
	matchModes  = map[string]hub.MatchMode{"ask": hub.MatchAsk, "never": hub.MatchNever}
)

func client(cfg *config.Config, c *config.Client) (*hub.Client, error) {
	client := &hub.Client{
		ID: c.ID, Name: c.Name, Public: c.Public, InsecureWithoutPKCE: c.InsecureWithoutPKCE, LoginApp: c.LoginApp, CallbackURLs: c.CallbackURLs,
		LogoutURLs: c.LogoutURLs, BackchannelLogoutURI: c.BackchannelLogoutURI, FrontchannelLogoutURI: c.FrontchannelLogoutURI,
		InitiateLoginURI: c.InitiateLoginURI,
		KeepsRefresh:     c.Tokens.AtLogout == "keep", Flows: c.Flows, Scopes: oauth.Scope(c.Scopes), Providers: c.Providers,
		AccessLife: c.Tokens.Access, IDLife: c.Tokens.ID, RefreshLife: c.Tokens.Refresh,
		Rotation: c.Rotates(), Grace: c.Tokens.Grace,
		ReadAttributes: c.ReadAttributes, WriteAttributes: c.WriteAttributes, TypedUserInfo: c.UserinfoTypes == "typed",
		Auth: clientAuths[c.Auth], Keys: c.Keys.Parsed, JWKSURI: c.JWKSURI, Thumbprints: c.MTLS.Thumbprints,
		Algorithm: token.Algorithm(c.Algorithm), DPoP: demands[c.DPoP], RequestObject: demands[c.RequestObject],
		RequirePAR: c.RequirePAR, FAPI2: c.Profile == "fapi2",
		Claims: c.Added, ExchangesFrom: c.TokenExchange.From, Introspects: c.Introspects,
	}
	if l := c.LegacySub; l != nil {
		client.LegacySub = &hub.LegacySub{Pool: l.Pool, Until: l.Until.AddDate(0, 0, 1)}
	}
	for _, s := range c.Secrets {
		client.Secrets = append(client.Secrets, hub.HashSecret(s.Reveal()))
	}
	if b := c.Branding; b != (config.ClientBranding{}) {
		logo, logoDark, err := images(cfg, b.Logo, b.LogoDark)
		if err != nil {
			return nil, err
		}
		client.Brand = &hub.Brand{Title: b.Title, Accent: b.Accent, AccentDark: b.AccentDark, Logo: logo, LogoDark: logoDark}
	}
	return client, nil
}

func (h *Hub) provider(p *hub.Pool, c *config.Provider, upstreams map[string]upstream) (*hub.Provider, error) {
	cfg := upstreamConfig(p.Issuer, c)
	key := p.Name + "/" + c.Name
	up, known := h.upstreams[key]
	if !known || !reflect.DeepEqual(up.cfg, cfg) {
		up.cfg = cfg
		cfg.Observe = h.metrics.upstream(p.Name)
		var err error
		if up.provider, err = idp.New(cfg, h.outbound, h.options.Now); err != nil {
			return nil, err
		}
	}
	upstreams[key] = up
	kind, from := "OIDC", c.ClientSecret.Origin()
	if c.Known != nil {
		kind = c.Known.Type
	}
	if !c.PrivateKey.Empty() {
		from = c.PrivateKey.Origin()
	}
	return &hub.Provider{
		Name: c.Name, Label: c.Label, Type: kind, Preset: c.Preset, Identifiers: c.Identifiers, Enabled: c.Enabled, Creates: c.Creation,
		Mapping: c.Compiled, Upstream: up.provider, ClientID: c.ClientID, SecretFrom: from,
		Logout: logoutModes[c.Logout], TrustedDomains: c.Link.TrustedDomains, OnMatch: matchModes[c.Link.OnMatch],
		Group: c.ProviderGroup, Samples: hub.Sampling{Keep: c.Samples.Keep, For: c.Samples.For},
	}, nil
}

// seed makes the users of the file that do not exist yet. It never changes one.
func (h *Hub) seed(ctx context.Context, cfg *config.Config, pools []*hub.Pool) error {
	for i, p := range pools {
		for _, u := range cfg.Pools[i].Users {
			if _, err := directory.Get(ctx, p, u.Username); err == nil {
				continue
			}
			n := directory.NewUser{
				Username: u.Username, Password: u.Password.Reveal(), Attributes: mapping.Attributes(u.Attributes), Disabled: u.Disabled,
			}
			if u.Password.Empty() {
				n.Password, n.Temporary = u.TemporaryPassword.Reveal(), true
			}
			if _, err := h.Directory.Create(ctx, p, n); err != nil && !errors.Is(err, directory.ErrExists) {
				return fmt.Errorf("pool %s: user %s: %w", p.Name, u.Username, err)
			}
		}
	}
	return nil
}

// images loads a logo and its dark twin; an empty path is none.
func images(cfg *config.Config, paths ...string) (logo, dark *hub.Image, err error) {
	load := func(path string) (*hub.Image, error) {
		if path == "" {
			return nil, nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		kind := "image/png"
		if filepath.Ext(path) == ".svg" {
			kind = "image/svg+xml"
		}
		return &hub.Image{Type: kind, Data: data}, nil
	}
	if logo, err = load(paths[0]); err == nil {
		dark, err = load(paths[1])
	}
	return logo, dark, err
}
