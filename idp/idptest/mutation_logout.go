package idptest

import (
	"slices"
	"strings"
)

// LogoutMutations lists wrong logout tokens, other kinds of token among them, for any relying party to be tried with: set
// Hooks.LogoutToken to Apply and make tokens with both subject and sid. None of them may be accepted.
func LogoutMutations() []Mutation {
	var all []Mutation
	for _, list := range [][]Mutation{signatureMutations(), algorithmMutations(), headerMutations(), formatMutations(),
		issuerMutations(), audienceMutations(), timeMutations(), subjectMutations(), jsonMutations()} {
		all = append(all, list...)
	}
	// What is wrong with an ID token and of no account, or even right, here.
	all = slices.DeleteFunc(all, func(m Mutation) bool {
		return slices.Contains([]string{"azp", "auth_time", "acr", "amr"}, m.Check) ||
			slices.Contains([]string{"exp absent", "sub absent", "typ of a logout token", "typ of a logout token in capitals", "x5c broken"}, m.Name)
	})
	for _, list := range [][]Mutation{eventMutations(), namingMutations(), kindMutations()} {
		all = append(all, list...)
	}
	return append(all,
		Mutation{"x5c broken", "signature", func(t *Token) { foreign(t); t.Header["x5c"] = []string{"AAAA"} }}, // not even read
		Mutation{"exp a day after iat", "exp", shift("exp", 86400)},
		Mutation{"made four minutes ago", "iat", func(t *Token) { shift("exp", 3000)(t); shift("iat", -240)(t) }},
		Mutation{"made four minutes ago, without exp", "iat", func(t *Token) { unset("exp")(t); shift("iat", -240)(t) }},
	)
}

func eventMutations() []Mutation {
	event := func(name string, v any) func(*Token) { return set("events", map[string]any{name: v}) }
	return []Mutation{
		{"events absent", "events", unset("events")},
		{"events null", "events", set("events", nil)},
		{"events empty", "events", set("events", map[string]any{})},
		{"events a string", "events", set("events", backchannelLogout)},
		{"events a list", "events", set("events", []any{map[string]any{backchannelLogout: map[string]any{}}})},
		{"event of another kind", "events", event("http://schemas.openid.net/event/account-disabled", map[string]any{})},
		{"event with https", "events", event(strings.Replace(backchannelLogout, "http:", "https:", 1), map[string]any{})},
		{"event in capitals", "events", event(strings.ToUpper(backchannelLogout), map[string]any{})},
		{"event cut", "events", event(backchannelLogout[:len(backchannelLogout)-1], map[string]any{})},
		{"event null", "events", event(backchannelLogout, nil)},
		{"event true", "events", event(backchannelLogout, true)},
		{"event a string", "events", event(backchannelLogout, "")},
		{"event a list", "events", event(backchannelLogout, []any{})},
		{"event at the top", "events", func(t *Token) { unset("events")(t); set(backchannelLogout, map[string]any{})(t) }},
		{"Events in another case", "json", func(t *Token) { t.Claims["Events"] = t.Claims["events"]; delete(t.Claims, "events") }},
		{"nonce there", "nonce", set("nonce", "cmFuZG9tLW5vbmNlLW9mLXNvbWUtc2lnbi1pbg")},
		{"nonce there and empty", "nonce", set("nonce", "")},
		{"nonce there and null", "nonce", set("nonce", nil)},
		{"Nonce in another case", "json", set("Nonce", "n")},
	}
}

func namingMutations() []Mutation {
	return []Mutation{
		{"jti absent", "jti", unset("jti")},
		{"jti null", "jti", set("jti", nil)},
		{"jti empty", "jti", set("jti", "")},
		{"jti a number", "jti", set("jti", 7)},
		{"jti too long", "jti", set("jti", strings.Repeat("j", 256))},
		{"jti with a line end", "jti", set("jti", "j\n")},
		{"JTI instead of jti", "json", func(t *Token) { t.Claims["JTI"] = t.Claims["jti"]; delete(t.Claims, "jti") }},
		{"neither sub nor sid", "sub", func(t *Token) { unset("sub")(t); unset("sid")(t) }},
		{"sid null", "sid", set("sid", nil)},
		{"sid empty", "sid", set("sid", "")},
		{"sid a list", "sid", func(t *Token) { t.Claims["sid"] = []any{t.Claims["sid"]} }},
		{"sid too long", "sid", set("sid", strings.Repeat("s", 1025))},
		{"sid with NUL", "sid", set("sid", "s\x00")},
		{"sub null without sid", "sub", func(t *Token) { unset("sid")(t); set("sub", nil)(t) }},
	}
}

// kindMutations are other tokens of the same provider, whole, and with the event of a logout token to help them.
func kindMutations() []Mutation {
	idToken := func(t *Token) {
		unset("events")(t)
		unset("jti")(t)
		shift("auth_time", -10)(t)
		t.Header["typ"], t.Claims["nonce"], t.Claims["at_hash"] = "JWT", "n-of-a-sign-in", AccessTokenHash(t.Key.Algorithm, "a")
	}
	accessToken := func(t *Token) {
		unset("events")(t)
		t.Header["typ"] = "at+jwt"
		t.Claims["client_id"], t.Claims["scope"] = t.Claims["aud"], "openid email"
	}
	userInfo := func(t *Token) {
		for _, name := range []string{"events", "jti", "iat", "exp"} {
			unset(name)(t)
		}
		delete(t.Header, "typ")
		t.Claims["email"] = "alice@upstream.example"
	}
	helped := func(kind func(*Token)) func(*Token) {
		return func(t *Token) {
			events, jti := t.Claims["events"], t.Claims["jti"]
			kind(t)
			t.Claims["events"], t.Claims["jti"] = events, jti
		}
	}
	untyped := func(kind func(*Token)) func(*Token) {
		return func(t *Token) { kind(t); delete(t.Header, "typ") }
	}
	return []Mutation{
		{"an ID token", "nonce", idToken},
		{"an ID token without nonce", "events", func(t *Token) { idToken(t); unset("nonce")(t) }},
		{"an ID token with the event", "nonce", helped(idToken)},
		{"an ID token with the event and without nonce", "kind", func(t *Token) { helped(idToken)(t); unset("nonce")(t) }},
		{"an access token", "typ", accessToken},
		{"an access token without typ", "events", untyped(accessToken)},
		{"an access token with the event and without typ", "kind", untyped(helped(accessToken))},
		{"an access token of Cognito's", "kind", set("token_use", "access")},
		{"a userinfo answer", "events", userInfo},
		{"a userinfo answer with the event", "iat", helped(userInfo)},
		{"a client assertion", "iss", func(t *Token) {
			t.Claims["iss"], t.Claims["sub"] = t.Claims["aud"], t.Claims["aud"]
			unset("events")(t)
		}},
		{"typ absent-minded", "typ", head("typ", "logout")},
		{"typ of another application", "typ", head("typ", "application/at+jwt")},
		{"typ JOSE", "typ", head("typ", "JOSE")},
		{"typ empty", "typ", head("typ", "")},
		{"typ null", "typ", head("typ", nil)},
	}
}
