package config

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/preset"
)

const (
	typeOAuth2 = "oauth2"
	authNone   = "none"
)

// presetKeys are the keys that belong to presets alone, with their values; tenants stands beside tenant.
func (p *Provider) presetKeys() map[string]string {
	return map[string]string{
		"tenant": p.Tenant, "tenants": strings.Join(p.Tenants, " "), "domain": p.Domain, "realm": p.Realm, "user_pool_id": p.UserPoolID,
		"base_url": p.BaseURL, "team_id": p.TeamID,
	}
}

// completePreset fills what the file leaves out with what is known of the provider.
func (p *Provider) completePreset() {
	known := preset.Find(p.Preset)
	if known == nil {
		return
	}
	p.Known = known
	f := known.Fill(p.presetKeys(), p.Tenants)
	p.Name = cmp.Or(p.Name, known.As)
	p.Label = cmp.Or(p.Label, "Sign in with "+known.Title)
	if p.Issuer == "" {
		p.Issuer, p.Discovery = f.Issuer, f.Discovery
	}
	if p.Type == "" && known.OAuth2 {
		p.Type = typeOAuth2
	}
	p.Subject = cmp.Or(p.Subject, known.Subject)
	p.Endpoints.Authorization = cmp.Or(p.Endpoints.Authorization, f.Endpoints.Authorization)
	p.Endpoints.Token = cmp.Or(p.Endpoints.Token, f.Endpoints.Token)
	p.Endpoints.UserInfo = cmp.Or(p.Endpoints.UserInfo, f.Endpoints.UserInfo)
	p.Emails = f.Endpoints.Emails
	p.ClientAuth = cmp.Or(p.ClientAuth, known.Auth)
	p.ResponseMode = cmp.Or(p.ResponseMode, known.ResponseMode)
	p.VerifiedEmail = cmp.Or(p.VerifiedEmail, known.Verified)
	if p.Scopes == nil {
		p.Scopes = slices.Clone(known.Scopes)
	}
	if p.Mapping == nil {
		for _, rule := range known.Mapping {
			p.Mapping = append(p.Mapping, Rule{Attribute: rule.Attribute, From: []string{rule.From}})
		}
	}
}

// signs tells whether the hub proves itself by a key of its own, in whatever form.
func (p *Provider) signs() bool {
	return p.ClientAuth == authKey || p.Known != nil && p.Known.Has(preset.SignedSecret)
}

// needed reports a key that must be there and that no preset has filled.
func (r *reader) needed(value, path, key, say string) {
	switch {
	case value != "" || r.reported[join(path, key)] || r.reported[path+".preset"]:
	case r.has(join(path, key)):
		r.problem(join(path, key), "is empty", say)
	case r.absent(path, key):
		r.missing(path, fmt.Sprintf("%s is missing", quote(key)), say)
	}
}

// preset checks that the provider has what its preset wants to know, and nothing that only others want.
func (r *reader) preset(p *Provider, path string) {
	if r.has(path+".preset") && p.Known == nil {
		r.problem(path+".preset", quote(p.Preset)+" is not a preset", oneOf(p.Preset, preset.Names()))
		return
	}
	var keys []preset.Key
	if p.Known != nil {
		keys = p.Known.Keys
	}
	values := p.presetKeys()
	for _, name := range []string{"tenant", "tenants", "domain", "realm", "user_pool_id", "base_url", "team_id"} {
		at := join(path, name)
		if r.has(at) && !slices.ContainsFunc(keys, func(k preset.Key) bool { return k.Name == name }) {
			r.problem(at, "is not a key of this provider", "it belongs to  preset: "+strings.Join(presetsWith(name), "  or  "))
		}
	}
	for _, k := range keys {
		at := join(path, k.Name)
		switch {
		case k.Name == "private_key":
			continue // with the other keys that sign
		case r.has(at) && k.Or != "" && r.has(join(path, k.Or)) && k.Name > k.Or:
			r.problem(at, "stands beside "+k.Or, "keep one of the two")
		case k.Name == "key_id" && r.has(at) && !k.Form.MatchString(p.KeyID):
			r.problem(at, quote(p.KeyID)+" is not right", k.Wants)
		case k.Name == "tenants" && r.has(at):
			r.tenants(p.Tenants, at, k)
		case k.Name != "key_id" && r.has(at) && !k.Form.MatchString(values[k.Name]):
			r.problem(at, quote(values[k.Name])+" is not right", k.Wants+", for example  "+k.Name+": "+k.Example)
		case !r.has(at) && !k.Optional && (k.Or == "" || k.Name < k.Or && r.absent(path, k.Or)) && r.absent(path, k.Name) && r.absent(path, "issuer"):
			r.missing(path, fmt.Sprintf("%s is missing", quote(k.Name)), k.Say+", for example  "+k.Name+": "+k.Example)
		}
	}
}

func (r *reader) tenants(tenants []string, at string, k preset.Key) {
	if len(tenants) == 0 && !r.reported[at] {
		r.problem(at, "the list is empty", "name the directories whose people are let in")
	}
	twice := unique{r: r}
	for i, tenant := range tenants {
		where := at
		if r.has(fmt.Sprintf("%s[%d]", at, i)) {
			where = fmt.Sprintf("%s[%d]", at, i)
		}
		if !k.Form.MatchString(tenant) {
			r.problem(where, quote(tenant)+" is not the id of a directory", "32 hexadecimal digits in lower case, with hyphens")
			continue
		}
		twice.add("tenant", tenant, where, false)
	}
}

// presetsWith are the presets that have such a key.
func presetsWith(key string) []string {
	var names []string
	for _, p := range preset.All() {
		if slices.ContainsFunc(p.Keys, func(k preset.Key) bool { return k.Name == key }) {
			names = append(names, p.Name)
		}
	}
	return names
}

// changeable are members of userinfo that people choose, change and give up, so that another may have them next (A58).
var changeable = []string{"email", "mail", "login", "username", "user_name", "name", "nickname", "preferred_username", "screen_name", "handle", "upn", "display_name"}

// oauth2 checks that a provider without ID tokens says what they would have said.
func (r *reader) oauth2(p *Provider, path string) {
	if p.Type != typeOAuth2 {
		if at := path + ".subject"; r.has(at) {
			r.problem(at, "an ID token's subject is sub", "remove it, or write  type: oauth2  for a provider without ID tokens")
		}
		return
	}
	last := p.Subject[strings.LastIndex(p.Subject, "/")+1:]
	switch at := path + ".subject"; {
	case slices.Contains(changeable, strings.ToLower(last)):
		r.problem(at, quote(p.Subject)+" can change, and be another person's then", "name the member that is given once and stays, often  subject: id")
	default:
		r.needed(p.Subject, path, "subject", "the member of userinfo that names a person for good, for example  subject: id")
	}
	for _, e := range []struct{ key, text string }{
		{"authorization", p.Endpoints.Authorization}, {"token", p.Endpoints.Token}, {"userinfo", p.Endpoints.UserInfo},
	} {
		if at := path + ".endpoints"; e.text == "" && r.absent(at, e.key) {
			r.missing(at, quote(e.key)+" is missing", "plain OAuth 2 has no discovery; for example  "+e.key+": https://login.corp.example/"+e.key)
		}
	}
	for _, key := range []string{".endpoints.jwks", ".algorithms"} {
		if r.has(path + key) {
			r.problem(path+key, "has no use here", "plain OAuth 2 has no ID tokens to verify")
		}
	}
}

// upstreamKey checks that there is a key just when the hub signs, and that no two providers get signatures of one.
func (r *reader) upstreamKey(p *Provider, path string) {
	at := path + ".private_key"
	if !p.signs() {
		for _, key := range []string{at, path + ".key_id"} {
			if r.has(key) {
				r.problem(key, "is never used", "write  client_auth: private_key_jwt,  or remove it")
			}
		}
		return
	}
	if p.ClientAuth == authKey && len(p.Tenants) > 0 {
		r.problem(path+".client_auth", "does not go with tenants", "what is signed is for one issuer; use a client_secret")
	}
	if p.Known != nil && p.Known.Has(preset.SignedSecret) {
		if at := path + ".client_auth"; p.ClientAuth != "post" && r.has(at) {
			r.problem(at, "is not how Apple is talked to", "remove it")
		}
	}
	if r.absent(path, "private_key") {
		r.missing(path, `"private_key" is missing`, "for example  private_key: {file: hub-key.pem}")
		return
	}
	if p.PrivateKey.Empty() {
		return
	}
	key, err := parsePrivateKey(p.PrivateKey.Reveal())
	if err != nil {
		r.problem(at, "holds no key to sign with", err.Error())
		return
	}
	origin := p.Issuer
	if u, err := url.Parse(p.Issuer); err == nil {
		origin = u.Scheme + "://" + u.Host
	}
	if r.signers == nil {
		r.signers = map[string]string{}
	}
	sum := keySum(key)
	if other, known := r.signers[sum]; known && other != origin {
		r.problem(at, "the same key proves the hub at "+other, "give each provider a key of its own")
	}
	r.signers[sum] = origin
}
