package bearer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Guard verifies the access tokens of one issuer. It is safe for concurrent use.
type Guard struct {
	issuer, realm     string
	clients, audience []string
	algorithms        []string
	leeway            time.Duration
	raw               bool
	keys              KeySource
	live              Live
	log               *slog.Logger
	now               func() time.Time
}

// Live tells whether a token that is good by itself is still good by now: not
// revoked, its user not signed out, its client not switched off. An error is no
// answer, and the token is refused with 503. It must be safe for concurrent use.
type Live func(ctx context.Context, raw string, c *Claims) (active bool, err error)

// New makes a guard for the tokens of an issuer, which is compared with iss byte
// for byte. It waits for nothing: keys are fetched in the background, until ctx
// ends, so ctx is the program's. The error names all that is wrong with the
// configuration.
func New(ctx context.Context, issuer string, c Config) (*Guard, error) {
	if err := c.check(issuer); err != nil {
		return nil, fmt.Errorf("bearer: %w", err)
	}
	c.fill(issuer)
	g := &Guard{
		issuer: issuer, realm: c.Realm, clients: slices.Clone(c.Clients), audience: slices.Clone(c.Audience),
		algorithms: slices.Clone(c.Algorithms), leeway: c.Leeway, raw: c.RawToken,
		keys: c.Keys, live: c.Live, log: c.Log, now: c.Now,
	}
	var published *remote
	if c.Keys == nil {
		published = newRemote(ctx, issuer, &c)
		g.keys = published
	}
	if c.Introspect != nil {
		g.live = newIntrospection(ctx, &c, published).active
	}
	return g, nil
}

// Verify judges a token that came by another way than net/http, and returns its
// claims if it is good and has all the scopes. The error is an *Error.
func (g *Guard) Verify(ctx context.Context, raw string, scopes ...string) (*Claims, error) {
	c, err := g.verify(ctx, raw, need{all: fields(scopes)})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// verify runs the checks, the cheap ones and those that need nobody else first.
func (g *Guard) verify(ctx context.Context, raw string, n need) (*Claims, *Error) {
	payload, header, err := g.keys.Verify(ctx, raw)
	if err != nil {
		if errors.Is(err, ErrNoKeys) {
			return nil, unavailable(err)
		}
		return nil, invalid(err)
	}
	c, err := readClaims(payload)
	if err != nil {
		return nil, invalid(err)
	}
	if refused := g.judge(c, header, n.audience); refused != nil {
		return nil, refused
	}
	if lacking := n.lacks(c.Scopes); lacking != nil {
		return nil, insufficient(lacking)
	}
	if g.live == nil {
		return c, nil
	}
	active, err := g.live(ctx, raw, c)
	if err != nil {
		return nil, unavailable(err)
	}
	if !active {
		return nil, invalid(errors.New("no longer active"))
	}
	return c, nil
}

// types are the typ headers of access tokens: Cognito's have none, RFC 9068 §2.1
// has at+jwt. An ID or logout token can not be mistaken (RFC 8725 §3.11).
var types = []string{"", "jwt", "at+jwt", "application/at+jwt"}

// judge holds what is asked of the claims of a token with a good signature.
func (g *Guard) judge(c *Claims, h Header, audience string) *Error {
	now := g.now()
	switch {
	case !slices.Contains(g.algorithms, h.Algorithm):
		return invalid(fmt.Errorf("algorithm %s is not allowed", h.Algorithm))
	case !slices.Contains(types, strings.ToLower(h.Type)):
		return invalid(fmt.Errorf("typ is %q", h.Type))
	case c.Issuer != g.issuer:
		return invalid(fmt.Errorf("iss is %q", c.Issuer))
	case c.use != "access":
		return invalid(fmt.Errorf("token_use is %q", c.use))
	case !now.Before(c.Expires.Add(g.leeway)):
		return &Error{Status: http.StatusUnauthorized, Code: invalidToken, Description: "the access token has expired",
			Cause: fmt.Errorf("expired at %s", c.Expires.UTC().Format(time.RFC3339))}
	case now.Add(g.leeway).Before(c.notBefore):
		return invalid(fmt.Errorf("not good before %s", c.notBefore.UTC().Format(time.RFC3339)))
	case c.bound:
		return invalid(errors.New("bound to a key of its client (cnf), and shown by a bearer"))
	}
	return g.judgeParties(c, audience)
}

// judgeParties holds whom a token was given to and what for.
func (g *Guard) judgeParties(c *Claims, audience string) *Error {
	mine := g.audience
	if audience != "" {
		mine = []string{audience}
	}
	switch {
	case len(g.clients) > 0 && !slices.Contains(g.clients, AnyClient) && !slices.Contains(g.clients, c.ClientID):
		return invalid(fmt.Errorf("client_id is %q", c.ClientID))
	case len(mine) == 0 && len(c.Audience) > 0:
		return invalid(fmt.Errorf("aud is %q, and this API has no Audience", c.Audience))
	case len(mine) > 0 && !slices.ContainsFunc(c.Audience, func(a string) bool { return slices.Contains(mine, a) }):
		return invalid(fmt.Errorf("aud is %q", c.Audience))
	}
	return nil
}
