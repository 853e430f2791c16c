package preset

const githubCloud = "https://github.com"

var github = &Preset{
	Name: "github", Title: "GitHub", As: "GitHub", Type: "OIDC",
	Keys: []Key{{Name: "base_url", Say: "the address of an Enterprise Server", Example: "https://github.corp.example", Default: githubCloud, Optional: true, Form: webForm, Wants: "an address of the web"}},

	Issuer: "{base_url}",
	OAuth2: true,
	Endpoints: Endpoints{
		Authorization: "{base_url}/login/oauth/authorize",
		Token:         "{base_url}/login/oauth/access_token",
		UserInfo:      "{api}/user",
		Emails:        "{api}/user/emails",
	},
	Subject: "id",
	Scopes:  []string{"read:user", "user:email"},
	Auth:    "post",
	Mapping: []Rule{{"email", "email"}, {"email_verified", "email_verified"}, {"name", "name"}, {"picture", "avatar_url"},
		{"preferred_username", "login"}},
	Quirks:  []Quirk{WithoutAuthTime},
	Console: "github.com, Settings, Developer settings, OAuth Apps: a new OAuth app",
	Proven:  "the address is the person's primary one, and verified, in the list of their addresses; the one of the profile is not looked at",
	Notes: []string{
		"A person is known by the number of the account. The login can be changed, and be taken by another then.",
		"A GitHub App in place of an OAuth app needs the account permission Email addresses, read-only.",
	},
	Docs: "https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
}

var gitlab = &Preset{
	Name: "gitlab", Title: "GitLab", As: "GitLab", Type: "OIDC",
	Keys: []Key{{Name: "base_url", Say: "the address of a GitLab of your own", Example: "https://gitlab.corp.example", Default: "https://gitlab.com", Optional: true, Form: webForm, Wants: "an address of the web"}},

	Issuer:  "{base_url}",
	Scopes:  []string{"openid", "email", "profile"},
	Mapping: append(without(standard, "given_name", "family_name", "locale"), Rule{"preferred_username", "preferred_username"}),
	Console: "gitlab.com, or your own: Preferences, Applications, with the scopes openid, email and profile; confidential",
	Proven:  "email_verified is true",
	Notes:   []string{"The claims groups and groups_direct hold the person's groups, for a mapping or an expression."},
	Docs:    "https://docs.gitlab.com/integration/openid_connect_provider/",
}
