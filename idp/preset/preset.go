package preset

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Preset is one provider. Texts with {key} in them are completed by Fill.
type Preset struct {
	Name  string // in the file: preset: google
	Title string // as people know it: "Sign in with Google"
	As    string // the provider's name in a pool that gives none; Cognito's where it has one
	Type  string // ProviderType of identities, one of Cognito's
	Keys  []Key  // what to fill in, beside client_id and client_secret

	Issuer       string
	Many         string    // the issuer for several tenants, instead
	Discovery    string    // where the metadata lie then
	OAuth2       bool      // no ID tokens: who came is told by userinfo
	Endpoints    Endpoints // all that there are, of plain OAuth 2; none of a provider that is discovered
	Subject      string    // of plain OAuth 2: the member of userinfo that never changes
	Scopes       []string
	ResponseMode string
	Auth         string // how the secret is sent, where discovery does not say: post
	Mapping      []Rule

	Quirks   []Quirk
	Verified string // what makes an address proven, in the file's words: "" (the claim), text, xms_edov, never
	Logout   bool   // people can be signed out there
	Tells    string // how it tells of sign-outs there: back, front (channel), or not at all

	Console string // where the hub is registered
	Proven  string // what makes an address proven, in a sentence
	Notes   []string
	Docs    string
}

// Quirk is something in which a provider is not like the others.
type Quirk string

// The quirks.
const (
	SignedSecret     Quirk = "signed secret"      // the client secret is a JWT that we sign (Apple)
	NameInForm       Quirk = "name in the form"   // the name comes once, in the callback's field user (Apple)
	SecretProof      Quirk = "secret proof"       // calls carry the access token under HMAC with the secret (Facebook)
	WithoutPKCE      Quirk = "without PKCE"       // a token request with code_verifier is refused (LinkedIn)
	WithoutAuthTime  Quirk = "without auth_time"  // nothing tells when a person authenticated
	OptionalAuthTime Quirk = "optional auth_time" // that is told if the registration says so (Entra)
)

// Has tells whether it is so.
func (p *Preset) Has(q Quirk) bool { return slices.Contains(p.Quirks, q) }

// Endpoints are addresses; Emails is a list of {email, primary, verified}.
type Endpoints struct{ Authorization, Token, UserInfo, Emails string }

// Rule is where an attribute comes from: a claim, or a JSON pointer.
type Rule struct{ Attribute, From string }

// Key is something that a provider of the file must have, or may.
type Key struct {
	Name     string
	Say      string // what it is
	Example  string
	Default  string // for one that may be left out
	Optional bool
	Or       string // another key that stands for it
	Form     *regexp.Regexp
	Wants    string // what Form takes, in words
}

// All are the presets, in the order in which they are told.
func All() []*Preset {
	return []*Preset{google, entra, apple, github, gitlab, facebook, amazon, linkedin, okta, auth0, keycloak, cognito}
}

// Names are theirs.
func Names() []string {
	all := All()
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Name
	}
	return names
}

// Find returns the preset of that name, or nil.
func Find(name string) *Preset {
	for _, p := range All() {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Filled are the addresses of a preset for one registration.
type Filled struct {
	Issuer, Discovery string
	Endpoints         Endpoints
}

// Fill puts values of keys into the addresses; missing ones have their default. The tenants, if there are any, are those
// that are let in.
func (p *Preset) Fill(values map[string]string, tenants []string) Filled {
	all := map[string]string{}
	for _, k := range p.Keys {
		all[k.Name] = strings.TrimSuffix(cmp.Or(values[k.Name], k.Default), "/")
	}
	if p == github {
		all["api"] = all["base_url"] + "/api/v3" // of an Enterprise Server
		if all["base_url"] == githubCloud {
			all["api"] = "https://api.github.com"
		}
	}
	if region, _, ok := strings.Cut(all["user_pool_id"], "_"); ok {
		all["region"] = region
	}
	all["authority"] = "organizations"
	if slices.Contains(tenants, entraConsumers) {
		all["authority"] = "common"
	}
	var pairs []string
	for name, value := range all {
		pairs = append(pairs, "{"+name+"}", value)
	}
	fill := strings.NewReplacer(pairs...).Replace
	f := Filled{Issuer: fill(p.Issuer)}
	if len(tenants) > 0 {
		f.Issuer, f.Discovery = fill(p.Many), fill(p.Discovery)
	}
	f.Endpoints = Endpoints{fill(p.Endpoints.Authorization), fill(p.Endpoints.Token), fill(p.Endpoints.UserInfo), fill(p.Endpoints.Emails)}
	return f
}

// standard are the claims that any OpenID provider can send (OpenID Connect Core §5.1), with the flag of the address,
// which a preset knows the worth of.
var standard = []Rule{
	{"email", "email"}, {"email_verified", "email_verified"}, {"name", "name"}, {"given_name", "given_name"},
	{"family_name", "family_name"}, {"locale", "locale"}, {"picture", "picture"},
}

// without leaves out rules.
func without(rules []Rule, attributes ...string) []Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return slices.Contains(attributes, r.Attribute) })
}

var (
	hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
	webForm  = regexp.MustCompile(`^https?://[^/?#\s{}]+(/[^?#\s{}]*)?$`)
	uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	tenForm  = regexp.MustCompile(`^[A-Z0-9]{10}$`)
)
