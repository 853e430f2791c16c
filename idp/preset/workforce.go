package preset

import "regexp"

// entraConsumers is the tenant of personal Microsoft accounts, which the authority organizations does not know.
const entraConsumers = "9188040d-6c67-4c5b-b112-36a304b66dad"

var entra = &Preset{
	Name: "entra", Title: "Microsoft", As: "Microsoft", Type: "OIDC",
	Keys: []Key{
		{Name: "tenant", Say: "the id of your directory, if people of that one come", Example: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", Or: "tenants", Form: uuidForm, Wants: "the id of a directory: 32 hexadecimal digits in lower case, with hyphens"},
		{Name: "tenants", Say: "instead, the ids of all the directories whose people are let in", Example: "[0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0, …]", Or: "tenant", Form: uuidForm, Wants: "ids of directories"},
		{Name: "base_url", Say: "the address of a national cloud", Example: "https://login.microsoftonline.us", Default: "https://login.microsoftonline.com", Optional: true, Form: webForm, Wants: "an address of the web"},
	},
	Issuer:    "{base_url}/{tenant}/v2.0",
	Many:      "{base_url}/{tenantid}/v2.0",
	Discovery: "{base_url}/{authority}/v2.0/.well-known/openid-configuration",
	Scopes:    []string{"openid", "email", "profile"},
	Mapping:   without(standard, "locale", "picture"),
	Verified:  "never",
	Quirks:    []Quirk{OptionalAuthTime},
	Logout:    true,
	Tells:     "front",
	Console:   "entra.microsoft.com, App registrations: a new registration with the platform Web; with tenants, for accounts in any organizational directory",
	Proven:    "nothing, for administrators of any directory write what they like into it; verified_email: xms_edov believes the optional claim of that name, if it is true",
	Notes: []string{
		"With tenants, a person of another directory is refused, and the identity keeps the issuer of the person's own.",
		"verified_email: xms_edov needs the optional claims email and xms_edov in the registration's token configuration.",
		"Apps that demand max_age or prompt=login need the optional claim auth_time there, or are refused.",
	},
	Docs: "https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference",
}

var okta = &Preset{
	Name: "okta", Title: "Okta", As: "Okta", Type: "OIDC",
	Keys: []Key{{Name: "domain", Say: "the host of your organization", Example: "corp.okta.com", Form: hostForm, Wants: "a host, without https:// and path"}},

	Issuer:  "https://{domain}",
	Scopes:  []string{"openid", "email", "profile"},
	Mapping: without(standard, "picture"),
	Logout:  true,
	Console: "the Admin Console of your organization, Applications: an app integration of OIDC, web application",
	Proven:  "email_verified is true",
	Notes:   []string{"An authorization server of your own is another issuer, for example  issuer: https://corp.okta.com/oauth2/default"},
	Docs:    "https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/",
}

var auth0 = &Preset{
	Name: "auth0", Title: "Auth0", As: "Auth0", Type: "OIDC",
	Keys: []Key{{Name: "domain", Say: "the host of your tenant, or your own for it", Example: "corp.eu.auth0.com", Form: hostForm, Wants: "a host, without https:// and path"}},

	Issuer:  "https://{domain}/",
	Scopes:  []string{"openid", "email", "profile"},
	Mapping: without(standard, "locale"),
	Logout:  true,
	Tells:   "back",
	Console: "manage.auth0.com, Applications: a regular web application",
	Proven:  "email_verified is true",
	Notes:   []string{"Its issuer ends with a slash. To sign people out there, RP-Initiated Logout End Session Endpoint Discovery must be on in the tenant's advanced settings."},
	Docs:    "https://auth0.com/docs/authenticate/protocols/openid-connect-protocol",
}

var keycloak = &Preset{
	Name: "keycloak", Title: "Keycloak", As: "Keycloak", Type: "OIDC",
	Keys: []Key{{Name: "realm", Say: "the address of the realm", Example: "https://sso.corp.example/realms/corp", Form: webForm, Wants: "an address of the web"}},

	Issuer:  "{realm}",
	Scopes:  []string{"openid", "email", "profile"},
	Mapping: without(standard, "picture"),
	Logout:  true,
	Tells:   "back",
	Console: "the Admin Console of the realm, Clients: an OpenID Connect client with client authentication on",
	Proven:  "email_verified is true, which an administrator of the realm can set by hand",
	Docs:    "https://www.keycloak.org/docs/latest/server_admin/",
}

var cognito = &Preset{
	Name: "cognito", Title: "Cognito", As: "Cognito-Pool", Type: "OIDC",
	Keys: []Key{{Name: "user_pool_id", Say: "the id of the user pool", Example: "eu-central-1_AbCdEfGhI", Form: regexp.MustCompile(`^[a-z]{2}(-[a-z0-9]+)+_[A-Za-z0-9]+$`), Wants: "region, underscore, and the rest of the id"}},

	Issuer:   "https://cognito-idp.{region}.amazonaws.com/{user_pool_id}",
	Scopes:   []string{"openid", "email", "profile"},
	Mapping:  standard,
	Verified: "text",
	Logout:   true,
	Console:  "the Amazon Cognito console, the user pool, App clients: a traditional web application with a secret",
	Proven:   `email_verified is true, or the text "true", as its userInfo writes it`,
	Docs:     "https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html",
}
