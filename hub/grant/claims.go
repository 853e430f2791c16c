package grant

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/mapping"
)

// maxToken is what an ID or access token may measure, in bytes of its compact
// form: it travels in headers, and many servers take 8 KiB of them in all (A95).
const maxToken = 8<<10 - 1

// added are the claims that pool and client add to a token beside the hub's own.
// What of the person the client may not read, they are not made of. One that
// cannot be made is left out and told to the log: absence is what apps have to
// expect of every such claim.
func added(p *hub.Pool, c *hub.Client, u *hub.User, scope oauth.Scope, use string) map[string]any {
	if c.Claims == nil {
		return nil
	}
	claims, left := c.Claims.Apply(readable(p, c, u), groups(p, u), c.ID, scope, use)
	for _, l := range left {
		p.Log.Warn("claim left out", "client", c.ID, "token", use, "claim", l.Claim, "reason", l.Reason)
	}
	return claims
}

// groups are those of a person; none of a client that acts for itself.
func groups(p *hub.Pool, u *hub.User) []string {
	if u == nil {
		return nil
	}
	return p.Groups(u)
}

// readable is what the client may know of a person, with sub and username.
func readable(p *hub.Pool, c *hub.Client, u *hub.User) mapping.Attributes {
	if u == nil {
		return nil
	}
	a := make(mapping.Attributes, len(u.Attributes)+2)
	for name, value := range u.Attributes {
		if c.ReadAttributes == nil || slices.Contains(c.ReadAttributes, name) {
			a[name] = value
		}
	}
	a["sub"], a["username"] = u.SubFor(c, p.Now()), u.Username
	return a
}

// signAccess signs an access token with what pool and client add to it. u is nil
// for a client that acts for itself.
func signAccess(p *hub.Pool, c *hub.Client, u *hub.User, a access) (string, error) {
	payload, err := json.Marshal(a)
	if err != nil {
		return "", oauth.Internal(err)
	}
	if claims := added(p, c, u, a.Scope, mapping.AccessToken); len(claims) > 0 {
		var own map[string]json.RawMessage
		if err := json.Unmarshal(payload, &own); err != nil {
			return "", oauth.Internal(err)
		}
		for name, value := range own {
			claims[name] = value // the hub's own stand, whatever a rule may have made (A34)
		}
		if payload, err = json.Marshal(claims); err != nil {
			return "", oauth.Internal(err)
		}
	}
	return sign(p, c, payload, mapping.AccessToken)
}

// signID signs an ID token of the hub's own claims with what pool and client add
// to it.
func signID(p *hub.Pool, c *hub.Client, u *hub.User, scope oauth.Scope, own map[string]any) (string, error) {
	claims := own
	if more := added(p, c, u, scope, mapping.IDToken); len(more) > 0 {
		maps.Copy(more, own)
		claims = more
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", oauth.Internal(err)
	}
	return sign(p, c, payload, mapping.IDToken)
}

// sign signs with the client's algorithm. A token that would be too large is
// refused and not cut: which of its claims an app can do without is not the
// hub's to say.
func sign(p *hub.Pool, c *hub.Client, payload []byte, use string) (string, error) {
	raw, err := p.Keys.Ring().SignWith(c.Algorithm, payload, token.TypeNone)
	if err != nil {
		return "", oauth.Internal(err)
	}
	if len(raw) > maxToken {
		cause := fmt.Errorf("%s token of client %s: %d bytes, where %d are the most: add fewer claims, let the client read fewer attributes, or keep people in fewer groups",
			use, c.ID, len(raw), maxToken)
		return "", oauth.Wrap(cause, oauth.ServerError, "the %s token would be larger than 8 KiB", use)
	}
	return raw, nil
}
