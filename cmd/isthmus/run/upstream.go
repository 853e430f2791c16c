package run

import (
	"fmt"
	"net/http"
	"time"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/outbound"
	"github.com/isthmus-hub/isthmus/idp/preset"
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
var authMethods = map[string]string{
	"": idp.AuthByDiscovery, "basic": idp.AuthBasic, "post": idp.AuthPost, "none": idp.AuthNone, "private_key_jwt": idp.AuthPrivateKey,
}

// verified are the file's words for what makes an address proven.
var verified = map[string]idp.Verified{
	"": idp.VerifiedByClaim, "claim": idp.VerifiedByClaim, "text": idp.VerifiedAsText, "xms_edov": idp.VerifiedByDomain, "never": idp.VerifiedNever,
}

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
	cfg.Parameters = c.Parameters
	cfg.Tenants, cfg.Discovery, cfg.ResponseMode, cfg.Verified = c.Tenants, c.Discovery, c.ResponseMode, verified[c.VerifiedEmail]
	if c.Type == "oauth2" {
		cfg.OAuth2 = &idp.OAuth2{Subject: c.Subject, Emails: c.Emails}
	}
	if key := c.Signer(); key != nil {
		cfg.Assertion = &idp.Assertion{Key: key, KeyID: c.KeyID}
	}
	quirks(&cfg, c)
	if c.Logout == "never" {
		cfg.PostLogoutRedirectURI = "" // nobody is sent there, so it need not be registered
	}
	if c.Compiled.NeedsAll() {
		cfg.UserInfo = idp.UserInfoAlways
	}
	return cfg
}

// quirks are what a preset's names mean.
func quirks(cfg *idp.Config, c *config.Provider) {
	if c.Known == nil {
		return
	}
	cfg.NameInCallback = c.Known.Has(preset.NameInForm)
	cfg.NoAuthTime = c.Known.Has(preset.WithoutAuthTime) || c.Known.Has(preset.OptionalAuthTime)
	cfg.NoPKCE = c.Known.Has(preset.WithoutPKCE)
	if cfg.Assertion != nil && c.Known.Has(preset.SignedSecret) {
		cfg.Assertion.Issuer, cfg.Assertion.AsSecret = c.TeamID, true
	}
	if cfg.OAuth2 != nil {
		cfg.OAuth2.SecretProof = c.Known.Has(preset.SecretProof)
	}
}
