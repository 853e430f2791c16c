package config

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/mapping"
)

const day = 24 * time.Hour

func (c *Config) setDefaults() { c.Store = "isthmus.db" }

func (l *Log) setDefaults() { *l = Log{Level: slog.LevelInfo, Format: "text"} }

func (p *Pool) setDefaults() { p.Language = "en" }

func (s *Signing) setDefaults() {
	*s = Signing{Algorithm: "RS256", Every: 90 * day, Ahead: 15 * time.Minute}
}

func (s *Session) setDefaults() { s.Lifetime = time.Hour }

func (l *Logout) setDefaults() { l.Deadline = day }

func (p *PasswordPolicy) setDefaults() {
	*p = PasswordPolicy{
		MinimumLength:    8,
		RequireLowercase: true, RequireUppercase: true, RequireNumbers: true, RequireSymbols: true,
		TemporaryLifetime: 7 * day,
	}
}

func (p *Provider) setDefaults() {
	p.Enabled, p.Creation = true, true
	p.AttributesRequestMethod = "GET"
	p.Logout, p.Link.OnMatch = "always", "ask"
	p.ProviderGroup = true
}

func (s *Samples) setDefaults() { *s = Samples{Keep: 50, For: 7 * day} }

func (c *Client) setDefaults() {
	c.UserinfoTypes = "strings"
}

func (t *Tokens) setDefaults() {
	*t = Tokens{Access: time.Hour, ID: time.Hour, Refresh: 30 * day, Grace: 10 * time.Second, AtLogout: "revoke"}
}

// DefaultRules is the mapping of a provider that has none in the file: what every OpenID provider can send, under its
// own name (OIDC Core §5.1). It never holds a verified flag; to believe the upstream's is a decision.
func DefaultRules() []Rule {
	names := []string{"email", "name", "given_name", "family_name", "locale", "picture"}
	rules := make([]Rule, len(names))
	for i, name := range names {
		rules[i] = Rule{Attribute: name, From: []string{name}}
	}
	return rules
}

// complete fills defaults that depend on other keys, and resolves paths.
func (c *Config) complete(r *reader) {
	if len(c.Listen) == 0 && !r.has("listen") {
		c.Listen = []Listener{{Address: "localhost:8080"}}
	}
	for i := range c.Listen {
		if tls := c.Listen[i].TLS; tls != nil {
			tls.Certificate, tls.Key = r.resolve(tls.Certificate), r.resolve(tls.Key)
		}
	}
	c.Store = r.resolve(c.Store)
	c.SealingKey.File = r.resolve(c.SealingKey.File)
	if c.SealingKey == (Reference{}) {
		c.SealingKey.File = c.Store + ".key"
	}
	c.Admin.Socket = cmp.Or(r.resolve(c.Admin.Socket), c.Store+".sock")
	for i := range c.Pools {
		c.Pools[i].complete(r, fmt.Sprintf("pools[%d]", i))
	}
}

func (p *Pool) complete(r *reader, path string) {
	if p.Title == "" {
		p.Title = p.Name
	}
	p.Branding.Logo, p.Branding.LogoDark = r.resolve(p.Branding.Logo), r.resolve(p.Branding.LogoDark)
	names := make([]string, len(p.Providers))
	for i := range p.Providers {
		pr := &p.Providers[i]
		pr.completePreset()
		names[i] = pr.Name
		if pr.Scopes == nil && pr.Type != typeOAuth2 {
			pr.Scopes = []string{"openid", "email", "profile"}
		}
		for j, domain := range pr.Link.TrustedDomains {
			pr.Link.TrustedDomains[j] = strings.ToLower(domain)
		}
		if pr.Mapping == nil {
			pr.Mapping = DefaultRules()
		}
	}
	if len(names) == 0 {
		names = []string{PasswordForm}
	}
	for i := range p.ResourceServers {
		if rs := &p.ResourceServers[i]; rs.Name == "" {
			rs.Name = rs.Identifier
		}
	}
	for i := range p.Clients {
		p.Clients[i].complete(r, fmt.Sprintf("%s.clients[%d]", path, i), names)
		p.Clients[i].completeAuth(r, fmt.Sprintf("%s.clients[%d]", path, i), p.Signing.Algorithm)
	}
}

func (c *Client) complete(r *reader, path string, providers []string) {
	if c.Name == "" {
		c.Name = c.ID
	}
	if api := c.Introspects && !r.has(path+".callback_urls"); c.Flows == nil && !api {
		c.Flows = []string{flowCode}
	}
	c.Branding.Logo, c.Branding.LogoDark = r.resolve(c.Branding.Logo), r.resolve(c.Branding.LogoDark)
	if !c.signsIn() {
		return
	}
	if c.Scopes == nil {
		c.Scopes = []string{"openid", "email", "profile"}
	}
	if c.Providers == nil {
		c.Providers = slices.Clone(providers)
	}
}

// completeAuth fills what the ways to prove oneself and the profile imply where the file says nothing.
func (c *Client) completeAuth(r *reader, path, poolAlgorithm string) {
	secret, keys, tls := r.proofs(path)
	if c.Auth == "" && !c.Public {
		switch {
		case secret == "" && keys != "" && !tls:
			c.Auth = authKey
		case secret == "" && keys == "" && tls:
			c.Auth = authTLS
		default:
			c.Auth = authSecret
		}
	}
	if c.RequestObject == "" {
		c.RequestObject = demandOff
		if keys != "" {
			c.RequestObject = demandAllowed
		}
	}
	fapi := c.Profile == profileFAPI2
	if c.DPoP == "" {
		c.DPoP = demandAllowed
		if fapi && c.Auth != authTLS {
			c.DPoP = demandRequired
		}
	}
	if fapi && !r.has(path+".require_par") {
		c.RequirePAR = slices.Contains(c.Flows, flowCode)
	}
	if c.Algorithm == "" {
		c.Algorithm = poolAlgorithm
		if fapi && poolAlgorithm == "RS256" {
			c.Algorithm = "ES256"
		}
	}
}

// compiled are the rules in the form in which mapping takes them.
func compiled(rules []Rule) []mapping.Rule {
	list := make([]mapping.Rule, len(rules))
	for i, r := range rules {
		list[i] = mapping.Rule{
			Attribute: r.Attribute, From: r.From, Expr: r.Expr, Value: r.Value, Default: r.Default,
			OnMissing: mapping.OnMissing(r.OnMissing), Write: mapping.Write(r.Write), Split: r.Split, TrustVerification: r.TrustVerification,
		}
	}
	return list
}
