package idptest

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"strings"
)

func issuerMutations() []Mutation {
	change := func(f func(string) any) func(*Token) {
		return func(t *Token) { s, _ := t.Claims["iss"].(string); t.Claims["iss"] = f(s) }
	}
	return []Mutation{
		{"iss absent", "iss", unset("iss")},
		{"iss null", "iss", set("iss", nil)},
		{"iss empty", "iss", set("iss", "")},
		{"iss of another", "iss", set("iss", "https://attacker.example")},
		{"iss with a slash more", "iss", change(func(s string) any { return s + "/" })},
		{"iss cut", "iss", change(func(s string) any { return s[:len(s)-1] })},
		{"iss in capitals", "iss", change(func(s string) any { return strings.ToUpper(s) })},
		{"iss without scheme", "iss", change(func(s string) any { _, rest, _ := strings.Cut(s, "://"); return rest })},
		{"iss with a query", "iss", change(func(s string) any { return s + "?x=1" })},
		{"iss a list", "iss", change(func(s string) any { return []string{s} })},
		{"iss a number", "iss", set("iss", 1)},
	}
}

func audienceMutations() []Mutation {
	change := func(f func(string) any) func(*Token) {
		return func(t *Token) { s, _ := t.Claims["aud"].(string); t.Claims["aud"] = f(s) }
	}
	return []Mutation{
		{"aud absent", "aud", unset("aud")},
		{"aud null", "aud", set("aud", nil)},
		{"aud empty", "aud", set("aud", "")},
		{"aud an empty list", "aud", set("aud", []string{})},
		{"aud of another", "aud", set("aud", "other-client")},
		{"aud a list of others", "aud", set("aud", []string{"other-client", "third"})},
		{"aud in capitals", "aud", change(func(s string) any { return strings.ToUpper(s) })},
		{"aud extended", "aud", change(func(s string) any { return s + "2" })},
		{"aud both in one string", "aud", change(func(s string) any { return s + " other-client" })},
		{"aud an object", "aud", change(func(s string) any { return map[string]any{s: true} })},
		{"aud a number", "aud", set("aud", 1)},
		{"aud a list with a number", "aud", change(func(s string) any { return []any{s, 1} })},
		{"aud ours and another, no azp", "azp", change(func(s string) any { return []string{s, "other-client"} })},
		{"aud ours and another, azp the other", "azp", func(t *Token) {
			t.Claims["aud"], t.Claims["azp"] = []any{t.Claims["aud"], "other-client"}, "other-client"
		}},
		{"azp another", "azp", set("azp", "other-client")},
		{"azp empty", "azp", set("azp", "")},
		{"azp null", "azp", set("azp", nil)},
		{"azp a list", "azp", func(t *Token) { t.Claims["azp"] = []any{t.Claims["aud"]} }},
	}
}

// shift sets a time relative to the token's iat, which is now.
func shift(name string, seconds int64) func(*Token) {
	return func(t *Token) { now, _ := t.Claims["iat"].(int64); t.Claims[name] = now + seconds }
}

func timeMutations() []Mutation {
	text := func(name string) func(*Token) {
		return func(t *Token) { b, _ := json.Marshal(t.Claims["exp"]); t.Claims[name] = string(b) }
	}
	return []Mutation{
		{"exp absent", "exp", unset("exp")},
		{"exp null", "exp", set("exp", nil)},
		{"exp zero", "exp", set("exp", 0)},
		{"exp negative", "exp", set("exp", -1)},
		{"exp a string", "exp", text("exp")},
		{"exp enormous", "exp", set("exp", 1e300)},
		{"exp in milliseconds", "exp", func(t *Token) { exp, _ := t.Claims["exp"].(int64); t.Claims["exp"] = exp * 1000 }},
		{"exp passed", "exp", func(t *Token) { shift("exp", -62)(t); shift("iat", -100)(t) }},
		{"exp passed long ago", "exp", func(t *Token) { shift("exp", -86400)(t); shift("iat", -90000)(t) }},
		{"exp before iat", "exp", func(t *Token) { shift("exp", 10)(t); shift("iat", 30)(t) }},
		{"iat absent", "iat", unset("iat")},
		{"iat null", "iat", set("iat", nil)},
		{"iat a string", "iat", text("iat")},
		{"iat to come", "iat", shift("iat", 62)},
		{"iat long ago", "iat", shift("iat", -3600)},
		{"iat in milliseconds", "iat", func(t *Token) { now, _ := t.Claims["iat"].(int64); t.Claims["iat"] = now * 1000 }},
		{"nbf to come", "nbf", shift("nbf", 62)},
		{"nbf four minutes to come", "nbf", shift("nbf", 240)},
		{"nbf a string", "nbf", text("nbf")},
		{"nbf null", "nbf", set("nbf", nil)},
		{"auth_time a string", "auth_time", text("auth_time")},
		{"auth_time to come", "auth_time", shift("auth_time", 62)},
	}
}

func bindingMutations() []Mutation {
	change := func(f func(string) any) func(*Token) {
		return func(t *Token) { s, _ := t.Claims["nonce"].(string); t.Claims["nonce"] = f(s) }
	}
	return []Mutation{
		{"nonce absent", "nonce", unset("nonce")},
		{"nonce null", "nonce", set("nonce", nil)},
		{"nonce empty", "nonce", set("nonce", "")},
		{"nonce of another sign-in", "nonce", set("nonce", "cmFuZG9tLW5vbmNlLW9mLWFub3RoZXItc2lnbi1pbg")},
		{"nonce cut", "nonce", change(func(s string) any { return s[:len(s)-1] })},
		{"nonce in capitals", "nonce", change(func(s string) any { return strings.ToUpper(s) })},
		{"nonce a list", "nonce", change(func(s string) any { return []string{s} })},
		{"nonce a number", "nonce", set("nonce", 1)},
		{"at_hash of another token", "at_hash", func(t *Token) { t.Claims["at_hash"] = AccessTokenHash(t.Key.Algorithm, "other") }},
		{"at_hash of the whole hash", "at_hash", func(t *Token) {
			sum := sha256.Sum256([]byte(t.AccessToken))
			t.Claims["at_hash"] = encode(sum[:])
		}},
		{"at_hash empty", "at_hash", set("at_hash", "")},
		{"at_hash null", "at_hash", set("at_hash", nil)},
		{"at_hash a number", "at_hash", set("at_hash", 1)},
	}
}

func subjectMutations() []Mutation {
	return []Mutation{
		{"sub absent", "sub", unset("sub")},
		{"sub null", "sub", set("sub", nil)},
		{"sub empty", "sub", set("sub", "")},
		{"sub a number", "sub", set("sub", 42)},
		{"sub a list", "sub", set("sub", []string{"alice"})},
		{"sub an object", "sub", set("sub", map[string]any{"id": "alice"})},
		{"sub true", "sub", set("sub", true)},
		{"sub too long", "sub", set("sub", strings.Repeat("a", 256))},
		{"sub with NUL", "sub", set("sub", "alice\x00bob")},
		{"sub with a line end", "sub", set("sub", "alice\n")},
		{"sid a number", "sid", set("sid", 7)},
		{"acr a list", "acr", set("acr", []string{"high"})},
		{"amr an object", "amr", set("amr", map[string]any{"pwd": true})},
		{"amr with a number", "amr", set("amr", []any{"pwd", 1})},
	}
}

func jsonMutations() []Mutation {
	// text builds the payload from the JSON of the claims.
	text := func(f func(object string) string) func(*Token) {
		return func(t *Token) {
			b, _ := json.Marshal(t.Claims)
			t.Payload = []byte(f(string(b)))
		}
	}
	more := func(members string) func(*Token) {
		return text(func(s string) string { return s[:len(s)-1] + "," + members + "}" })
	}
	first := func(members string) func(*Token) {
		return text(func(s string) string { return "{" + members + "," + s[1:] })
	}
	return []Mutation{
		{"sub twice", "json", more(`"sub":"mallory"`)},
		{"sub twice, the right one last", "json", first(`"sub":"mallory"`)},
		{"sub twice, once escaped", "json", more(`"\u0073ub":"mallory"`)},
		{"iss twice, alike", "json", text(func(s string) string {
			var claims map[string]any
			_ = json.Unmarshal([]byte(s), &claims)
			iss, _ := json.Marshal(claims["iss"])
			return s[:len(s)-1] + `,"iss":` + string(iss) + "}"
		})},
		{"a member twice deep inside", "json", more(`"address":{"a":{"b":1,"b":2}}`)},
		{"Sub in another case", "json", more(`"Sub":"mallory"`)},
		{"SUB instead of sub", "json", func(t *Token) {
			t.Claims = maps.Clone(t.Claims)
			t.Claims["SUB"] = t.Claims["sub"]
			delete(t.Claims, "sub")
		}},
		{"sub with a long s", "json", more(`"ſub":"mallory"`)},
		{"data after the object", "json", text(func(s string) string { return s + ` {"sub":"mallory"}` })},
		{"a byte after the object", "json", text(func(s string) string { return s + "x" })},
		{"byte order mark", "json", text(func(s string) string { return "\ufeff" + s })},
		{"broken UTF-8", "json", more("\"name\":\"\xff\"")},
		{"lone surrogate", "json", more(`"name":"\ud800"`)},
		{"raw control character", "json", more("\"name\":\"a\x01b\"")},
		{"number out of range", "json", more(`"level":1e999`)},
		{"number with a leading zero", "json", more(`"level":01`)},
		{"number of a thousand digits", "json", more(`"level":` + strings.Repeat("9", 1000))},
		{"NaN", "json", more(`"level":NaN`)},
		{"nested too deeply", "json", more(`"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40))},
		{"comma too many", "json", more(`"x":1,`)},
		{"comment", "json", text(func(s string) string { return s[:len(s)-1] + "/* */}" })},
		{"a list", "json", text(func(s string) string { return "[" + s + "]" })},
		{"a string", "json", text(func(string) string { return `"alice"` })},
		{"null", "json", text(func(string) string { return "null" })},
		{"nothing", "json", func(t *Token) { t.Payload = []byte{} }},
	}
}
