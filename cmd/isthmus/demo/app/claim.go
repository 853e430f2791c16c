package app

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Row is a claim as a page shows it.
type Row struct {
	Name  string
	Value string
	Block bool   // Value has several lines
	Hint  string // what the claim says, for those who read one for the first time
}

// hints explain the claims of Cognito and OpenID Connect that need it.
var hints = map[string]string{
	"sub":              "the person in this pool, for ever",
	"iss":              "the pool that signed this",
	"aud":              "the app it is for",
	"client_id":        "the app it was given to",
	"token_use":        "what kind of token this is",
	"cognito:username": "the name in this pool: provider and subject there",
	"username":         "the name in this pool",
	"identities":       "where the person came from",
	"auth_time":        "when the password was typed, at the company",
	"iat":              "issued",
	"exp":              "worthless after this",
	"nonce":            "what this app sent, so that the token answers its request",
	"at_hash":          "binds the access token",
	"origin_jti":       "the sign-in all these tokens come from",
	"sid":              "the session at the pool, as it is called for this app",
	"s_hash":           "binds the state that this app sent",
	"jti":              "this token",
	"event_id":         "the request that made it",
	"scope":            "what it allows",
	"version":          "of the token's form",
	"email_verified":   "did the company vouch for the address",
}

// first are the claims about the person; custom ones and then the others follow
// by name.
var first = []string{"name", "given_name", "family_name", "email", "email_verified", "sub", "cognito:username", "username", "identities", "scope"}

// rows lists claims, those about the person first.
func rows(claims map[string]any, now time.Time) []Row {
	names := slices.SortedFunc(maps.Keys(claims), func(a, b string) int {
		return strings.Compare(rank(a), rank(b))
	})
	list := make([]Row, len(names))
	for i, name := range names {
		r := Row{Name: name, Hint: hints[name]}
		r.Value, r.Block = display(name, claims[name], now)
		list[i] = r
	}
	return list
}

func rank(name string) string {
	if i := slices.Index(first, name); i >= 0 {
		return fmt.Sprintf("%02d", i)
	}
	if strings.HasPrefix(name, "custom:") {
		return "50" + name
	}
	return "99" + name
}

// display writes a value so that its type can be told: text plain, unless it
// looks like something else, times as people read them.
func display(name string, value any, now time.Time) (text string, block bool) {
	switch v := value.(type) {
	case string:
		if v == "" || v == "true" || v == "false" {
			return fmt.Sprintf("%q", v), false
		}
		return pretty(v)
	case json.Number:
		if n, err := v.Int64(); err == nil && slices.Contains([]string{"exp", "iat", "auth_time", "nbf"}, name) {
			return moment(time.Unix(n, 0), now), false
		}
		return v.String(), false
	case map[string]any, []any:
		body, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err.Error(), false
		}
		return string(body), true
	default:
		return fmt.Sprint(v), false
	}
}

// pretty indents text that holds JSON, such as identities at userInfo.
func pretty(text string) (string, bool) {
	if !strings.HasPrefix(text, "[{") && !strings.HasPrefix(text, "{") {
		return text, false
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		return text, false
	}
	return b.String(), true
}

// moment is a time with its distance from now.
func moment(t, now time.Time) string {
	text := t.UTC().Format("15:04:05") + " UTC"
	switch d := t.Sub(now).Round(time.Second); {
	case d >= time.Minute:
		return fmt.Sprintf("%s, in %d min", text, int(d.Round(time.Minute).Minutes()))
	case d > 0:
		return fmt.Sprintf("%s, in %d s", text, int(d.Seconds()))
	case d > -time.Minute:
		return fmt.Sprintf("%s, %d s ago", text, -int(d.Seconds()))
	default:
		return fmt.Sprintf("%s, %d min ago", text, -int(d.Round(time.Minute).Minutes()))
	}
}

// object reads a JSON object and keeps its numbers as they are written.
func object(raw []byte) (claims map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&claims)
	return claims, err
}

// payload reads the claims of a JWT for show. It verifies nothing: the API does.
func payload(jwt string) (map[string]any, error) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return nil, errors.New("the access token is not a JWT")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	return object(raw)
}

func text(claims map[string]any, name string) string {
	s, _ := claims[name].(string)
	return s
}
