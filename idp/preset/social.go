package preset

var google = &Preset{
	Name: "google", Title: "Google", As: "Google", Type: "Google",
	Issuer:   "https://accounts.google.com",
	Scopes:   []string{"openid", "email", "profile"},
	Mapping:  standard,
	Quirks:   []Quirk{WithoutAuthTime},
	Console:  "console.cloud.google.com, Google Auth Platform, Clients: an OAuth client ID of the type web application",
	Proven:   "email_verified is true",
	Notes:    []string{"Anybody with a Google account comes in; to hold it to one organization, choose the audience Internal there."},
	Docs:     "https://developers.google.com/identity/openid-connect/openid-connect",
	Verified: "",
}

var apple = &Preset{
	Name: "apple", Title: "Apple", As: "SignInWithApple", Type: "SignInWithApple",
	Keys: []Key{
		{Name: "team_id", Say: "the ten characters of your team, under Membership", Example: "A1B2C3D4E5", Form: tenForm, Wants: "ten capital letters and digits"},
		{Name: "key_id", Say: "the ten characters of the key that you made for Sign in with Apple", Example: "F6G7H8J9K0", Form: tenForm, Wants: "ten capital letters and digits"},
		{Name: "private_key", Say: "the file AuthKey_….p8 that was downloaded with the key; there is no client_secret", Example: "{file: AuthKey.p8}"},
	},
	Issuer:       "https://appleid.apple.com",
	Scopes:       []string{"openid", "email", "name"},
	ResponseMode: "form_post",
	Auth:         "post",
	Mapping:      without(standard, "locale", "picture"),
	Quirks:       []Quirk{SignedSecret, NameInForm},
	Verified:     "text",
	Console:      "developer.apple.com, Certificates, Identifiers & Profiles: a Services ID, which is the client_id, and a key, both for Sign in with Apple",
	Proven:       `email_verified is true, or the text "true"; it may be a relay address that reaches the person through Apple alone`,
	Notes: []string{
		"The name comes with a person's first sign-in alone, and not signed. What the pool has is kept.",
		"The callback must be on https, and not on localhost.",
	},
	Docs: "https://developer.apple.com/documentation/signinwithapplerestapi",
}

var facebook = &Preset{
	Name: "facebook", Title: "Facebook", As: "Facebook", Type: "Facebook",
	Issuer: "https://www.facebook.com",
	OAuth2: true,
	Endpoints: Endpoints{
		Authorization: "https://www.facebook.com/dialog/oauth",
		Token:         "https://graph.facebook.com/oauth/access_token",
		UserInfo:      "https://graph.facebook.com/me?fields=id,name,first_name,last_name,email,picture",
	},
	Subject: "id",
	Scopes:  []string{"public_profile", "email"},
	Auth:    "post",
	Mapping: []Rule{{"email", "email"}, {"name", "name"}, {"given_name", "first_name"}, {"family_name", "last_name"},
		{"picture", "/picture/data/url"}},
	Quirks:   []Quirk{SecretProof, WithoutAuthTime},
	Verified: "never",
	Console:  "developers.facebook.com, My Apps: an app with the use case of authentication; the callback under Facebook Login, Settings",
	Proven:   "nothing: Facebook does not say which addresses it has verified",
	Notes: []string{
		"Who has joined with a telephone number has no e-mail address there.",
		"The id is of your app alone; another app of yours sees another.",
	},
	Docs: "https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow",
}

var amazon = &Preset{
	Name: "amazon", Title: "Amazon", As: "LoginWithAmazon", Type: "LoginWithAmazon",
	Issuer: "https://www.amazon.com",
	OAuth2: true,
	Endpoints: Endpoints{
		Authorization: "https://www.amazon.com/ap/oa",
		Token:         "https://api.amazon.com/auth/o2/token",
		UserInfo:      "https://api.amazon.com/user/profile",
	},
	Subject:  "user_id",
	Scopes:   []string{"profile"},
	Auth:     "post",
	Mapping:  []Rule{{"email", "email"}, {"name", "name"}},
	Quirks:   []Quirk{WithoutAuthTime},
	Verified: "never",
	Console:  "developer.amazon.com, Login with Amazon: a security profile; the callback under Web Settings, Allowed Return URLs",
	Proven:   "nothing: Amazon does not say whether an address was verified",
	Docs:     "https://developer.amazon.com/docs/login-with-amazon/obtain-customer-profile.html",
}

var linkedin = &Preset{
	Name: "linkedin", Title: "LinkedIn", As: "LinkedIn", Type: "OIDC",
	Issuer: "https://www.linkedin.com/oauth",
	OAuth2: true,
	Endpoints: Endpoints{
		Authorization: "https://www.linkedin.com/oauth/v2/authorization",
		Token:         "https://www.linkedin.com/oauth/v2/accessToken",
		UserInfo:      "https://api.linkedin.com/v2/userinfo",
	},
	Subject: "sub",
	Scopes:  []string{"openid", "profile", "email"},
	Auth:    "post",
	Mapping: without(standard, "locale"), // it is an object there
	Quirks:  []Quirk{WithoutPKCE, WithoutAuthTime},
	Console: "linkedin.com/developers, My apps: an app with the product Sign In with LinkedIn using OpenID Connect; the callback under Auth",
	Proven:  "email_verified is true",
	Notes: []string{
		"Its ID tokens lack the nonce, so userinfo is asked instead, with the token of the same exchange.",
		"It refuses PKCE of apps with a secret: what holds a stolen code off is that it needs this hub's secret, and the browser that began.",
	},
	Docs: "https://learn.microsoft.com/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2",
}
