package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/mapping"
)

var (
	// providerName is Cognito's pattern of ProviderName at creation (cognito.md §3.1): no spaces, an underscore at most
	// in second place.
	providerName = regexp.MustCompile(`^[^_\p{Z}\p{C}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}\p{C}]+$`)
	identifier   = regexp.MustCompile(`^[\w\s+=.@-]{1,40}$`)
	// algorithms are the signatures we accept of upstreams; all are asymmetric, since with HS* everybody who can verify
	// can forge.
	algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)

// domain is a whole domain of e-mail addresses, as it stands in them (RFC 1035 §2.3.1; A-labels of others).
var domain = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

const maxIdentifiers = 50

// ownParameters are those of an authorization request that the hub makes; idp refuses the same ones.
var ownParameters = []string{"response_type", "client_id", "client_secret", "redirect_uri", "scope", "state", "nonce", "code_challenge",
	"code_challenge_method", "response_mode", "prompt", "max_age", "login_hint", "ui_locales", "acr_values", "request", "request_uri", "code",
	"id_token_hint"}

func (r *reader) provider(c *Config, p *Provider, path string, names *unique) {
	before := len(r.findings)
	r.preset(p, path)
	lacking := len(r.findings) > before && !r.has(path+".issuer") // so that the preset's issuer is not whole
	r.needed(p.Name, path, "name", "the name for identity_provider=, for example  name: CorporateID")
	switch {
	case p.Name == "":
	case strings.EqualFold(p.Name, PasswordForm):
		r.problem(path+".name", quote(p.Name)+" is the name of the pool's own password form", "choose another")
	case !providerName.MatchString(p.Name) || utf8.RuneCountInString(p.Name) > 32:
		r.problem(path+".name", quote(p.Name)+" is not a provider's name", "3 to 32 characters without spaces, and without underscores save in second place, for example  CorporateID")
	}
	names.add("provider", p.Name, path+".name", true)
	r.title(p.Label, path+".label")
	if p.Known == nil {
		say := "the issuer in the upstream's discovery document, for example  issuer: https://login.corp.example"
		if p.Type == typeOAuth2 {
			say = "an address that stands for the upstream in links, and stays, for example  issuer: https://login.corp.example"
		}
		r.needed(p.Issuer, path, "issuer", say)
	}
	if p.Issuer != "" && !lacking && !r.reported[path+".issuer"] {
		text := p.Issuer
		if len(p.Tenants) > 0 {
			text = strings.ReplaceAll(text, "{tenantid}", p.Tenants[0])
		}
		r.upstream(c, r.issuer(text, path+".issuer"), text, path+".issuer")
	}
	r.needed(p.ClientID, path, "client_id", "what the upstream calls this hub; it is given when the hub is registered there")
	for _, e := range []struct{ key, text string }{
		{"authorization", p.Endpoints.Authorization}, {"token", p.Endpoints.Token}, {"userinfo", p.Endpoints.UserInfo},
		{"jwks", p.Endpoints.JWKS}, {"end_session", p.Endpoints.EndSession},
	} {
		if at := path + ".endpoints." + e.key; r.has(at) && e.text != "" {
			r.upstream(c, r.web(e.text, at), e.text, at)
		}
	}
	for _, name := range ownParameters {
		if at := path + ".parameters." + name; r.has(at) {
			r.problem(at, "is a parameter that the hub sets itself", "remove it")
		}
	}
	r.oauth2(p, path)
	r.upstreamSecret(p, path)
	r.upstreamKey(p, path)
	r.upstreamScopes(p, path+".scopes")
	if len(p.Identifiers) > maxIdentifiers {
		r.problem(path+".identifiers", fmt.Sprintf("%d identifiers", len(p.Identifiers)), fmt.Sprintf("%d at most", maxIdentifiers))
	}
	for i, id := range p.Identifiers {
		at := fmt.Sprintf("%s.identifiers[%d]", path, i)
		if !identifier.MatchString(id) {
			r.problem(at, quote(id)+" is not an identifier", "1 to 40 letters, digits, spaces and + = . @ - _, for example the e-mail domain  corp.example")
		}
		names.add("identifier", id, at, true)
	}
	r.trusted(p, path+".link.trusted_domains")
	for i, alg := range p.Algorithms {
		if !slices.Contains(algorithms, alg) {
			at := fmt.Sprintf("%s.algorithms[%d]", path, i)
			if alg == "none" || strings.HasPrefix(alg, "HS") {
				r.problem(at, quote(alg)+" is not accepted", "ID tokens must be signed with a key that only the upstream has; allowed: "+strings.Join(algorithms, ", "))
			} else {
				r.problem(at, quote(alg)+" is not an algorithm", oneOf(alg, algorithms))
			}
		}
	}
}

// trusted checks the domains for which the provider's word joins accounts, and that it can give it.
func (r *reader) trusted(p *Provider, path string) {
	seen := unique{r: r}
	for i, d := range p.Link.TrustedDomains {
		at := fmt.Sprintf("%s[%d]", path, i)
		if !domain.MatchString(d) || len(d) > 253 {
			r.problem(at, quote(d)+" is not a domain", "a whole one, without @ and *, for example  corp.example")
			continue
		}
		seen.add("domain", d, at, true)
	}
	verifies := slices.ContainsFunc(p.Mapping, func(rule Rule) bool { return rule.Attribute == "email_verified" })
	if len(p.Link.TrustedDomains) > 0 && !verifies {
		r.problem(path, "never come to bear: no address of this provider counts as verified", "map it, for example  mapping: {email: email, email_verified: email_verified, …}")
	}
}

// upstreamSecret checks that there is a secret just when one is sent.
func (r *reader) upstreamSecret(p *Provider, path string) {
	given := !r.absent(path, "client_secret")
	switch {
	case p.signs() && given:
		r.problem(path+".client_secret", "is never sent, because the hub proves itself by private_key", "remove one of the two")
	case p.signs():
	case p.ClientAuth == "none" && given:
		r.problem(path+".client_secret", "is never sent, because client_auth is none", "remove one of the two")
	case p.ClientAuth != "none" && !given:
		r.missing(path, `"client_secret" is missing`, "for example  client_secret: {env: "+envName(p.Name)+"},  or  client_auth: none  where the upstream gave none")
	}
}

// envName makes CORPORATEID_SECRET of CorporateID.
func envName(provider string) string {
	name := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			return c
		}
		return '_'
	}, provider)
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "UPSTREAM"
	}
	return name + "_SECRET"
}

func (r *reader) upstreamScopes(p *Provider, path string) {
	r.scopeTokens(p.Scopes, path)
	if p.Type != typeOAuth2 && !slices.Contains(p.Scopes, "openid") {
		r.problem(path, "openid is not among them", "without it there is no ID token, and nobody can be signed in")
	}
}

// scopeTokens checks the characters of scopes and that none stands twice.
func (r *reader) scopeTokens(scopes []string, path string) {
	seen := unique{r: r}
	for i, s := range scopes {
		at := fmt.Sprintf("%s[%d]", path, i)
		if !oauth.ValidScopeToken(s) || len(s) > 256 {
			r.problem(at, quote(s)+" is not a scope", "printable ASCII without spaces, quotes and backslashes (RFC 6749 §3.3)")
			continue
		}
		seen.add("scope", s, at, false)
	}
}

// rulesFit compiles the mapping and places what mapping finds: at the rule, or at the mapping for an attribute without
// one.
func (r *reader) rulesFit(s *mapping.Schema, p *Provider, path string) *mapping.Mapping {
	at := path + ".mapping"
	if s == nil || r.reported[at] {
		return nil
	}
	m, err := mapping.Compile(s, compiled(p.Mapping))
	if err == nil {
		return m
	}
	for _, problem := range mappingProblems(err) {
		if r.broken[join(at, problem.Attribute)] {
			continue
		}
		rule := slices.IndexFunc(p.Mapping, func(rule Rule) bool { return rule.Attribute == problem.Attribute })
		what, remedy, _ := strings.Cut(problem.Message, "; ")
		if rule >= 0 {
			r.atKey(join(at, problem.Attribute), what, remedy)
			continue
		}
		if remedy != "" && problem.Attribute != "" {
			remedy = fmt.Sprintf("provider %s must %s", quote(p.Name), remedy)
		}
		r.missing(at, what, remedy)
	}
	return nil
}
