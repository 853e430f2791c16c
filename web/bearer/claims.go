package bearer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// Claims are those of a verified access token. Treat them as read-only.
type Claims struct {
	Issuer   string    // iss
	Subject  string    // sub; of a machine, its client's id
	ClientID string    // client_id
	Username string    // username; "" for a machine
	Scopes   []string  // scope, taken apart
	Audience []string  // aud
	ID       string    // jti
	IssuedAt time.Time // iat; zero if the token has none
	Expires  time.Time // exp
	AuthTime time.Time // auth_time: when the person signed in; zero if the token has none

	// All are all claims by name; numbers are json.Number.
	All map[string]any

	use       string
	notBefore time.Time
	bound     bool
}

// Has tells whether the token has a scope.
func (c *Claims) Has(scope string) bool { return slices.Contains(c.Scopes, scope) }

// readClaims takes a payload apart. A claim that is read here must be of its
// type, and sub, exp and client_id must be there.
func readClaims(payload []byte) (*Claims, error) {
	c := &Claims{}
	if err := strictjson.Decode(payload, &c.All); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	r := reader{claims: c.All}
	c.Issuer, c.Subject, c.ClientID = r.text("iss"), r.text("sub"), r.text("client_id")
	c.Username, c.ID, c.use = r.text("username"), r.text("jti"), r.text("token_use")
	c.IssuedAt, c.Expires, c.AuthTime, c.notBefore = r.time("iat"), r.time("exp"), r.time("auth_time"), r.time("nbf")
	c.Audience, c.Scopes = r.list("aud"), r.scopes("scope")
	_, c.bound = c.All["cnf"]
	switch {
	case r.err != nil:
		return nil, r.err
	case c.Subject == "" || c.ClientID == "" || c.Expires.IsZero():
		return nil, fmt.Errorf("claims: sub, client_id or exp is missing")
	}
	return c, nil
}

// reader reads claims and keeps the first that is out of form.
type reader struct {
	claims map[string]any
	err    error
}

func (r *reader) wrong(name string) {
	if r.err == nil {
		r.err = fmt.Errorf("claims: %s is out of form", name)
	}
}

func (r *reader) text(name string) string {
	v, ok := r.claims[name]
	text, isText := v.(string)
	if ok && !isText {
		r.wrong(name)
	}
	return text
}

// time reads a NumericDate (RFC 7519 §2), to the second.
func (r *reader) time(name string) time.Time {
	v, ok := r.claims[name]
	if !ok {
		return time.Time{}
	}
	const end = 1 << 40 // some 35,000 years on; time.Time can add to it
	number, _ := v.(json.Number)
	seconds, err := number.Float64()
	if err != nil || seconds < 1 || seconds > end {
		r.wrong(name)
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// list reads one string or an array of them, as aud is written.
func (r *reader) list(name string) []string {
	switch v := r.claims[name].(type) {
	case nil:
		if _, ok := r.claims[name]; ok {
			r.wrong(name)
		}
	case string:
		return []string{v}
	case []any:
		list := make([]string, len(v))
		for i := range v {
			text, ok := v[i].(string)
			if !ok {
				r.wrong(name)
				return nil
			}
			list[i] = text
		}
		return list
	default:
		r.wrong(name)
	}
	return nil
}

func (r *reader) scopes(name string) []string {
	scopes := strings.Fields(r.text(name))
	if !slices.ContainsFunc(scopes, func(s string) bool { return !validScope(s) }) {
		return scopes
	}
	r.wrong(name)
	return nil
}
