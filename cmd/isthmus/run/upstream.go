package run

import (
	"fmt"
	"net/http"
	"time"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// Upstream is a provider of a configuration by itself, to be examined without a
// hub.
type Upstream struct {
	Pool     *config.Pool
	Config   *config.Provider
	Provider *idp.Provider
}

// Upstreams makes every provider of a configuration, and asks none of them
// anything. The error is what a hub would refuse to start with.
func Upstreams(cfg *config.Config) ([]Upstream, error) {
	client, err := newOutbound(cfg, nil)
	if err != nil {
		return nil, err
	}
	var list []Upstream
	for i := range cfg.Pools {
		p := &cfg.Pools[i]
		for j := range p.Providers {
			c := &p.Providers[j]
			provider, err := idp.New(upstreamConfig(p.Issuer, c), client, time.Now)
			if err != nil {
				return nil, fmt.Errorf("pool %s: %w", p.Name, err)
			}
			list = append(list, Upstream{Pool: p, Config: c, Provider: provider})
		}
	}
	return list, nil
}

// newOutbound is the client of every call to a provider; refused hears of
// addresses that the policy forbids, and may be nil.
func newOutbound(cfg *config.Config, refused func(*outbound.Refused)) (*http.Client, error) {
	allow := append(append([]string{}, cfg.Outbound.Allow...), cfg.InsecureUpstreams...)
	return outbound.New(outbound.Policy{Allow: allow, OnRefuse: refused})
}

// authMethods are the file's words for how a secret is sent.
var authMethods = map[string]string{"": idp.AuthByDiscovery, "basic": idp.AuthBasic, "post": idp.AuthPost, "none": idp.AuthNone}

// logoutStyles are the file's words for how a provider is asked to sign out.
var logoutStyles = map[string]string{"": "", "standard": idp.LogoutStandard, "cognito": idp.LogoutCognito}

// upstreamConfig is a provider of the file as its relying party wants it, in the
// pool of that issuer.
func upstreamConfig(issuer string, c *config.Provider) idp.Config {
	pool := &hub.Pool{Issuer: issuer}
	cfg := idp.Config{
		Name: c.Name, Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(), AuthMethod: authMethods[c.ClientAuth],
		Scopes: c.Scopes, UserInfoMethod: c.AttributesRequestMethod, Algorithms: c.Algorithms,
		RedirectURI: pool.CallbackURL(), PostLogoutRedirectURI: pool.PostLogoutURL(), LogoutStyle: logoutStyles[c.LogoutStyle],
		ForwardLoginHint: true,
		Endpoints: idp.Endpoints{
			Authorization: c.Endpoints.Authorization, Token: c.Endpoints.Token, UserInfo: c.Endpoints.UserInfo,
			JWKS: c.Endpoints.JWKS, EndSession: c.Endpoints.EndSession,
		},
	}
	if c.Logout == "never" {
		cfg.PostLogoutRedirectURI = "" // nobody is sent there, so it need not be registered
	}
	if c.Compiled.NeedsAll() {
		cfg.UserInfo = idp.UserInfoAlways
	}
	return cfg
}
