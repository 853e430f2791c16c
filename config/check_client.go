package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

const (
	maxURLs   = 100 // callback URLs, and logout URLs, of one client (Cognito's quota)
	maxScopes = 50  // of one client
	minSecret = 24  // characters of a client secret
	maxLive   = 2   // secrets, or certificates, of one client

	// Whether a client may do something, and whether it must.
	demandOff      = "off"
	demandAllowed  = "allowed"
	demandRequired = "required"
)

var (
	clientID = regexp.MustCompile(`^[A-Za-z0-9_+.-]{1,128}$`)
	// systemScopes are Cognito's, and address of OIDC Core §5.4; all others belong to a resource server, as identifier/name.
	systemScopes = []string{"openid", "email", "phone", "profile", "address", "aws.cognito.signin.user.admin"}
)

func (r *reader) client(cfg *Config, p *Pool, c *Client, path string, all *unique) {
	if c.ID != "" && !clientID.MatchString(c.ID) {
		r.problem(path+".id", quote(c.ID)+" is not a client id", "1 to 128 letters, digits and the characters _ + . -")
	}
	all.add("client", c.ID, path+".id", false)
	r.title(c.Name, path+".name")
	r.auth(cfg, c, path)
	r.profile(c, path)
	r.requests(c, path)
	switch at := path + ".insecure_without_pkce"; {
	case c.InsecureWithoutPKCE && !c.Public:
		r.problem(at, "the client is not public", "remove it: a client with a secret may leave PKCE out anyway")
	case c.InsecureWithoutPKCE:
		r.warn(at, "people sign in to "+c.ID+" without PKCE: whoever gets hold of a code can use it (RFC 9700 §2.1.1)", "remove it when the app sends code_challenge")
	}
	r.flows(c, path)
	r.exchange(c, path)
	r.redirects(c, path)
	r.logout(cfg, c, path)
	r.clientScopes(p, c, path+".scopes")
	r.clientProviders(p, c, path+".providers")
	r.clientBranding(c.Branding, path+".branding")
	if c.LoginApp != "" && !slices.Contains(c.Flows, flowCode) {
		r.problem(path+".login_app", "no browser comes from this client", "remove it")
	} else {
		r.loginApp(p, c.LoginApp, path+".login_app")
	}
	if c.Tokens.Refresh < c.Tokens.Access || c.Tokens.Refresh < c.Tokens.ID {
		r.problem(path+".tokens.refresh", "is shorter than what it renews", "make it longer than access and id")
	}
	r.attributeNames(p, c.ReadAttributes, "sub", path+".read_attributes")
	r.attributeNames(p, c.WriteAttributes, "", path+".write_attributes")
	if p.Schema != nil && c.WriteAttributes != nil {
		for _, name := range p.Schema.Required() {
			if !slices.Contains(c.WriteAttributes, name) {
				r.problem(path+".write_attributes", quote(name)+" is required of every user of the pool, and lacks here", "add it")
			}
		}
	}
	r.legacySub(p, c, path+".legacy_sub")
	c.Added = r.clientClaims(p, c, path+".claims")
}

// legacySub wants a pool that can have been merged into this one, and tells of a day that has passed.
func (r *reader) legacySub(p *Pool, c *Client, path string) {
	l := c.LegacySub
	switch {
	case l == nil:
	case !c.aboutPeople() && len(c.Flows) > 0:
		r.problem(path, "the client's tokens are about nobody", "remove it")
	case l.Pool == p.Name:
		r.problem(path+".pool", "is this pool itself", "name the pool that was merged into it, as isthmus merge list does")
	case l.Pool != "" && !poolName.MatchString(l.Pool):
		r.problem(path+".pool", quote(l.Pool)+" is not the name of a pool", "as isthmus merge list has it")
	case !l.Until.IsZero() && !r.env.Now().Before(l.Until.AddDate(0, 0, 1)):
		r.warn(path+".until", "has passed: "+c.ID+" gets the subs of this pool", "remove legacy_sub")
	}
}

// attributeNames checks that a list names attributes of the pool, or the one other name given.
func (r *reader) attributeNames(p *Pool, list []string, also, path string) {
	if p.Schema == nil {
		return
	}
	var known []string
	for _, a := range p.Schema.Attributes() {
		known = append(known, a.Name)
	}
	for i, name := range list {
		if !slices.Contains(known, name) && name != also {
			r.problem(fmt.Sprintf("%s[%d]", path, i), quote(name)+" is not an attribute of the pool", r.didYouMean(name, known))
		}
	}
}

// clientSecrets checks secrets that are there.
func (r *reader) clientSecrets(c *Client, path string) {
	at, _, _ := r.proofs(path)
	switch n := len(c.Secrets); {
	case n == 0 && at != "" && !r.reported[at]:
		r.problem(at, "the list is empty", "give  secret: {env: "+envName(c.ID)+"}")
	case n > maxLive:
		r.problem(at, fmt.Sprintf("%d secrets", n), "two at most: the one in use, and the one that replaces it")
	}
	for i, s := range c.Secrets {
		where := at
		if len(c.Secrets) > 1 {
			where = fmt.Sprintf("%s[%d]", at, i)
		}
		text := s.Reveal()
		switch {
		case text == "":
		case len(text) < minSecret || len(text) > 256 || strings.ContainsFunc(text, func(c rune) bool { return c < '!' || c > '~' }):
			r.problem(where, "the secret is not fit for use", fmt.Sprintf("%d to 256 printable ASCII characters without spaces, random, made by a machine", minSecret))
		case i > 0 && text == c.Secrets[0].Reveal():
			r.problem(where, "the two secrets are the same", "the second replaces the first")
		}
	}
}

func (r *reader) redirects(c *Client, path string) {
	people := slices.Contains(c.Flows, flowCode)
	switch {
	case people && r.has(path+".callback_urls") && len(c.CallbackURLs) == 0:
		r.problem(path+".callback_urls", "the list is empty", "for example  callback_urls: [https://app.example/callback]")
	case people && r.absent(path, "callback_urls"):
		r.missing(path, `"callback_urls" is missing`, "the addresses the app may be called back at, for example  callback_urls: [https://app.example/callback]")
	case !people && len(c.Flows) > 0 && len(c.CallbackURLs) > 0:
		r.problem(path+".callback_urls", "nobody is called back in this flow", "remove them")
	}
	r.urls(c.CallbackURLs, path+".callback_urls", "callback URL")
	r.urls(c.LogoutURLs, path+".logout_urls", "logout URL")
	switch at := path + ".initiate_login_uri"; {
	case !r.has(at):
	case !people:
		r.problem(at, "nobody signs in by a browser in this flow", "remove it")
	default:
		if err := oauth.CheckInitiateLoginURI(c.InitiateLoginURI); err != nil {
			r.problem(at, quote(c.InitiateLoginURI)+" cannot be where a sign-in begins", refusal(err))
		}
	}
}

// urls checks redirect URIs by the rules of hub/oauth (security.md A03).
func (r *reader) urls(list []string, path, what string) {
	if len(list) > maxURLs {
		r.problem(path, fmt.Sprintf("%d addresses", len(list)), fmt.Sprintf("%d at most", maxURLs))
	}
	seen := unique{r: r}
	for i, text := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if err := oauth.CheckRedirectURI(text); err != nil {
			r.problem(at, quote(text)+" cannot be a "+what, refusal(err))
			continue
		}
		seen.add(what, text, at, false)
	}
}

// refusal is what hub/oauth says, without its opening words.
func refusal(err error) string {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return err.Error()
	}
	return strings.TrimPrefix(refused.Description, "the redirect URI is refused: ")
}

func (r *reader) clientScopes(p *Pool, c *Client, path string) {
	if len(c.Scopes) > maxScopes {
		r.problem(path, fmt.Sprintf("%d scopes", len(c.Scopes)), fmt.Sprintf("%d at most", maxScopes))
	}
	if len(c.Scopes) == 0 && len(c.Flows) > 0 {
		r.problem(path, "the client may ask for no scope", "for example  scopes: [billing/read]")
	}
	r.scopeTokens(c.Scopes, path)
	pool, _, _ := strings.Cut(path, ".clients[")
	servers := pool + ".resource_servers"
	guess := r.unread[servers] || r.meant[servers] // what is declared is not known
	for i, s := range c.Scopes[:min(len(c.Scopes), maxScopes)] {
		at := fmt.Sprintf("%s[%d]", path, i)
		system := slices.Contains(systemScopes, s)
		switch {
		case s == "offline_access":
			r.problem(at, `"offline_access" is not needed`, "every client of the code flow gets refresh tokens; remove it")
		case !system && !customScope(s):
			r.problem(at, quote(s)+" is not a scope of ours", oneOf(s, systemScopes)+"; your own have the form  identifier/name")
		case system && !c.aboutPeople() && len(c.Flows) > 0:
			r.problem(at, quote(s)+" is about a person", "client_credentials has none; use scopes of the form  identifier/name")
		case !system && !guess && !r.declared[s]:
			r.problem(at, quote(s)+" is not declared by a resource server of the pool", r.declaration(p, s))
		}
	}
	needs := slices.IndexFunc(c.Scopes, func(s string) bool { return s == "email" || s == "phone" || s == "profile" || s == "address" })
	if c.signsIn() && needs >= 0 && !slices.Contains(c.Scopes, "openid") {
		r.problem(fmt.Sprintf("%s[%d]", path, needs), quote(c.Scopes[needs])+" without openid", "add openid; the others only widen it")
	}
}

// customScope tells identifier/name, in which the identifier may hold slashes and the name none (cognito.md §5).
func customScope(s string) bool {
	i := strings.LastIndexByte(s, '/')
	return i > 0 && i < len(s)-1 && i <= 256
}

func (r *reader) clientProviders(p *Pool, c *Client, path string) {
	if !c.signsIn() {
		if r.has(path) {
			r.problem(path, "nobody signs in in this flow", "remove the list")
		}
		return
	}
	known := []string{PasswordForm}
	enabled := map[string]bool{PasswordForm: true}
	for _, pr := range p.Providers {
		known = append(known, pr.Name)
		enabled[pr.Name] = pr.Enabled
	}
	seen := unique{r: r}
	ways := 0
	for i, name := range c.Providers {
		at := fmt.Sprintf("%s[%d]", path, i)
		on, ok := enabled[name]
		switch {
		case !ok:
			r.problem(at, quote(name)+" is not a provider of the pool", r.didYouMean(name, known))
			continue
		case on:
			ways++
		}
		seen.add("entry", name, at, false)
	}
	switch {
	case len(c.Providers) == 0:
		r.problem(path, "the client has no way in", "name providers of the pool, or  COGNITO  for its own password form")
	case ways == 0 && r.has(path):
		r.warn(path, "all of them are disabled", "nobody can sign in to this client")
	}
}

// didYouMean says which names there are, the nearest first. It costs time for each name, so that of very many problems
// the last do without.
func (r *reader) didYouMean(name string, known []string) string {
	if len(r.findings) >= maxFindings {
		return ""
	}
	if near := nearest(name, known); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	if len(known) == 0 {
		return ""
	}
	return "there are " + and(some(known))
}

// some cuts a list to what a sentence can hold.
func some(names []string) []string {
	if len(names) > 12 {
		return append(slices.Clone(names[:12]), "…")
	}
	return names
}
