package config

import (
	"crypto"
	"time"

	"github.com/isthmus-hub/isthmus/idp/preset"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Provider is one upstream provider of a pool: an OpenID provider, or one of plain OAuth 2.
type Provider struct {
	// Preset names a known provider, which fills every other key that the file does not have.
	Preset string `yaml:"preset"`
	// Name is Cognito's ProviderName: 3 to 32 characters without spaces; part of user names, so it is for ever.
	Name string `yaml:"name"`
	// Label is the text of the button; "Sign in with <name>" is made of the name when it is empty.
	Label string `yaml:"label"`
	// Type is "oidc" (default), or "oauth2" for a provider without ID tokens, whose Endpoints are given and whose userinfo
	// has a Subject.
	Type string `yaml:"type" oneof:"oidc oauth2"`
	// Subject is the member of userinfo that names a person for good, or a JSON pointer to it; for oauth2 alone.
	Subject string `yaml:"subject"`
	// Issuer is the upstream's issuer, compared exactly. Discovery runs on it unless Endpoints are given. With oauth2 it is
	// a constant of the operator's, which stands in links.
	Issuer string `yaml:"issuer"`
	// What presets want to know; each says which of them.
	Tenant     string   `yaml:"tenant"`
	Tenants    []string `yaml:"tenants,words"`
	Domain     string   `yaml:"domain"`
	Realm      string   `yaml:"realm"`
	UserPoolID string   `yaml:"user_pool_id"`
	BaseURL    string   `yaml:"base_url"`
	TeamID     string   `yaml:"team_id"`
	// KeyID and PrivateKey sign what proves the hub at the upstream: with ClientAuth private_key_jwt, or for Apple.
	KeyID      string `yaml:"key_id"`
	PrivateKey Secret `yaml:"private_key"`
	// Endpoints are given by hand where discovery is missing or wrong; each overrides what discovery says.
	Endpoints Endpoints `yaml:"endpoints"`
	// ClientID and ClientSecret are what the upstream knows the hub by.
	ClientID     string `yaml:"client_id"`
	ClientSecret Secret `yaml:"client_secret"`
	// ClientAuth is how the secret is sent: "basic", "post", "none", or "" to do what discovery says; "private_key_jwt"
	// sends a signature in place of a secret.
	ClientAuth string `yaml:"client_auth" oneof:"basic post none private_key_jwt"`
	// Scopes are asked for; [openid, email, profile] by default. openid must be among them.
	Scopes []string `yaml:"scopes,words"`
	// Parameters are more authorization parameters, such as Google's hd; none of the hub's own.
	Parameters map[string]string `yaml:"parameters"`
	// ResponseMode is how the upstream's answer comes back: "query", "form_post", or "" to let it choose.
	ResponseMode string `yaml:"response_mode" oneof:"query form_post"`
	// VerifiedEmail is what makes an e-mail address proven: "claim" (default: email_verified is true), "text" (or the text
	// "true"), "xms_edov" (Entra's claim of that name) or "never".
	VerifiedEmail string `yaml:"verified_email" oneof:"claim text xms_edov never"`
	// AttributesRequestMethod is how userinfo is called: GET (default) or POST.
	AttributesRequestMethod string `yaml:"attributes_request_method" oneof:"GET POST"`
	// Identifiers are other names of the provider for idp_identifier; one that is a domain routes its e-mail addresses.
	Identifiers []string `yaml:"identifiers"`
	// Algorithms are accepted on ID tokens; empty means those of idp.
	Algorithms []string `yaml:"algorithms,words"`
	// Enabled false takes the provider off the pages and refuses it; true by default.
	Enabled bool `yaml:"enabled"`
	// Creation false lets in only people who already have a user or link; true by default.
	Creation bool `yaml:"creation"`
	// Logout says whether a sign-out here goes on to the provider: "always" (default), "ask" or "never".
	Logout string `yaml:"logout" oneof:"always ask never"`
	// LogoutStyle is "standard" (RP-Initiated Logout), "cognito" (logout_uri instead), or "" to tell it by the issuer.
	LogoutStyle string `yaml:"logout_style" oneof:"standard cognito"`
	// ProviderGroup puts whoever was created by the provider into the group <pool>_<provider>, as Cognito does; true by
	// default, because apps written for Cognito look in cognito:groups for the way that somebody came.
	ProviderGroup bool `yaml:"provider_group"`
	// Samples are the claims that the provider sent lately, kept for trying a changed mapping on.
	Samples Samples `yaml:"samples"`
	// Link says what becomes of a first sign-in with the address of an account that is there already.
	Link Link `yaml:"link"`
	// Mapping holds one rule per pool attribute, in the order of the file. A provider without any takes its preset's, or
	// DefaultRules.
	Mapping []Rule `yaml:"mapping"`

	// Compiled is the mapping, checked against the pool's schema.
	Compiled *mapping.Mapping `yaml:"-"`
	// Known is the preset; nil without one. Discovery is where its metadata lie, if not under Issuer, and Emails the list
	// of a person's addresses.
	Known             *preset.Preset `yaml:"-"`
	Discovery, Emails string         `yaml:"-"`
}

// Signer is PrivateKey as it signs; nil if the hub does not. It is no field, so that nothing that prints a Provider
// comes upon the numbers in it.
func (p *Provider) Signer() crypto.Signer {
	if !p.signs() || p.PrivateKey.Empty() {
		return nil
	}
	key, err := parsePrivateKey(p.PrivateKey.Reveal())
	if err != nil {
		return nil // which was told when the file was checked
	}
	return key
}

// Link joins identities to accounts. An address counts only as the mapping of email_verified lets it.
type Link struct {
	// TrustedDomains are those whose addresses the provider itself gives out; whole domains, none below them. Where the
	// account has proven the address too, they are joined without asking. None by default.
	TrustedDomains []string `yaml:"trusted_domains"`
	// OnMatch is "ask" (default): the person may prove the account and have both ways into it; or "never".
	OnMatch string `yaml:"on_match" oneof:"ask never"`
}

// Samples says how many people's latest claims are kept, 50 by default and 0 for none, and For how long, 168h by default.
// They are sealed like sessions, shown masked, and never hold a token.
type Samples struct {
	Keep int           `yaml:"keep" min:"0" max:"500"`
	For  time.Duration `yaml:"for" min:"1h" max:"30d"`
}

// Endpoints are absolute addresses of an upstream; an empty one comes from discovery.
type Endpoints struct {
	Authorization string `yaml:"authorization"`
	Token         string `yaml:"token"`
	UserInfo      string `yaml:"userinfo"`
	JWKS          string `yaml:"jwks"`
	EndSession    string `yaml:"end_session"`
}

// Rule says where one attribute comes from. The short form `email: email` is From with one claim. Exactly one of
// From, Expr and Value is set.
type Rule struct {
	// Attribute is the pool attribute that is written, or groups.
	Attribute string `yaml:"-"`
	// From lists claims, the first present one wins: a claim name, or a JSON pointer (RFC 6901) such as
	// /address/locality.
	From []string `yaml:"from"`
	// Expr is a CEL expression over `claims`.
	Expr string `yaml:"expr"`
	// Value is a constant; nil when there is none.
	Value *string `yaml:"value"`
	// Default is written when the claim is missing and OnMissing is "default".
	Default string `yaml:"default"`
	// OnMissing is "refuse", "ask", "default" or "skip"; "" leaves the choice to mapping.
	OnMissing string `yaml:"on_missing" oneof:"refuse ask default skip"`
	// Write is "always" (default), "once" or "if_empty"; for groups also "reconcile", which is their default.
	Write string `yaml:"write" oneof:"always once if_empty reconcile"`
	// Split is what stands between the names of a text; for groups alone.
	Split string `yaml:"split"`
	// TrustVerification believes weak signs of verification too; see mapping.Rule.
	TrustVerification bool `yaml:"trust_verification"`
}
