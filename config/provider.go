package config

import (
	"time"

	"github.com/isthmus-hub/isthmus/mapping"
)

// Provider is one upstream OpenID provider of a pool.
type Provider struct {
	// Name is Cognito's ProviderName: 3 to 32 characters without spaces; part of user names, so it is for ever.
	Name string `yaml:"name,required" say:"the name for identity_provider=, for example  name: CorporateID"`
	// Label is the text of the button; "Sign in with <name>" is made of the name when it is empty.
	Label string `yaml:"label"`
	// Issuer is the upstream's issuer, compared exactly. Discovery runs on it unless Endpoints are given.
	Issuer string `yaml:"issuer,required" say:"the issuer in the upstream's discovery document, for example  issuer: https://login.corp.example"`
	// Endpoints are given by hand where discovery is missing or wrong; each overrides what discovery says.
	Endpoints Endpoints `yaml:"endpoints"`
	// ClientID and ClientSecret are what the upstream knows the hub by.
	ClientID     string `yaml:"client_id,required" say:"what the upstream calls this hub; it is given when the hub is registered there"`
	ClientSecret Secret `yaml:"client_secret"`
	// ClientAuth is how the secret is sent: "basic", "post", "none", or "" to do what discovery says.
	ClientAuth string `yaml:"client_auth" oneof:"basic post none"`
	// Scopes are asked for; [openid, email, profile] by default. openid must be among them.
	Scopes []string `yaml:"scopes,words"`
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
	// Mapping holds one rule per pool attribute, in the order of the file. A provider without any takes DefaultRules.
	Mapping []Rule `yaml:"mapping"`

	// Compiled is the mapping, checked against the pool's schema.
	Compiled *mapping.Mapping `yaml:"-"`
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
