package idp

import (
	"context"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

const (
	// backchannelLogout is the event that makes a JWT a logout token (Back-Channel Logout §2.4).
	backchannelLogout = "http://schemas.openid.net/event/backchannel-logout"

	// maxLogoutAge is between issue and delivery: the two minutes that §2.4 advises for exp, whatever exp says. It bounds
	// for how long a captured token is worth anything and the caller must remember its jti.
	maxLogoutAge = 2 * time.Minute

	// maxLogoutLife is between iat and exp. Replays are held off by maxLogoutAge, so this need not be narrow: five and
	// fifteen minutes are defaults of providers in use. What lives for longer than an hour was made for something else.
	maxLogoutLife = time.Hour

	maxSessionID = 1024 // characters; no specification bounds sid
	maxTokenID   = 255  // characters of jti
)

// Logout is a logout token that was verified: the provider says that somebody is signed out there. It names a person, a
// session, or a session of a person; at least one is not empty.
type Logout struct {
	Provider  string // Config.Name
	Issuer    string
	Subject   string // without SessionID all sessions of this subject end
	SessionID string // sid, as in Identity
	ID        string // jti: the caller takes each once
	IssuedAt  time.Time
	Expires   time.Time // from then on VerifyLogout refuses the token: ID is to be remembered until then
}

// VerifyLogout accepts a logout token (Back-Channel Logout §2.6) or names the check it fails, in an *Error of
// StepLogoutToken, or of StepKeys or StepDiscovery if the provider's keys are not to be had. Whether the token was taken
// before is for the caller to find out, by Logout.ID.
func (p *Provider) VerifyLogout(ctx context.Context, raw string) (*Logout, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	var t trace
	l, failed := p.verifyLogout(ctx, &t, raw)
	if failed != nil {
		return nil, p.finish(failed, &t)
	}
	return l, nil
}

func (p *Provider) verifyLogout(ctx context.Context, t *trace, raw string) (*Logout, *Error) {
	invalid := func(c *checkError) *Error {
		return &Error{Step: StepLogoutToken, Check: c.check, Kind: KindInvalid, Cause: c.cause}
	}
	token, bad := parseJWS(raw, p.cfg.Algorithms, logoutTyped)
	if bad != nil {
		return nil, invalid(bad)
	}
	p.narrow(token)
	if failed := p.verifySignature(ctx, t, StepLogoutToken, token); failed != nil {
		return nil, failed
	}
	l, bad := p.checkLogout(token.payload, p.now())
	if bad != nil {
		return nil, invalid(bad)
	}
	return l, nil
}

// logoutTyped takes the type of §2.4, and JWT, which providers from before it send.
func logoutTyped(typ string) bool {
	return slices.Contains([]string{"jwt", "logout+jwt", "application/logout+jwt"}, typ)
}

// logoutClaims are the ones that decide here.
var logoutClaims = append(slices.Clone(protocolClaims), "events", "jti")

// otherKinds are claims that other sorts of token live by. A logout token may carry what it likes (§2.4), but none of
// these: if a provider let people write events into their claims, their ID and access tokens would still not pass (A33).
var otherKinds = []string{"at_hash", "c_hash", "scope", "cnf", "token_use"}

func (p *Provider) checkLogout(payload []byte, now time.Time) (*Logout, *checkError) {
	c := claimReader{}
	if err := strictjson.Decode(payload, &c.all); err != nil {
		return nil, &checkError{"json", err}
	}
	l := &Logout{Provider: p.cfg.Name}
	for _, check := range []func() *checkError{
		func() *checkError { return c.lookalikes(logoutClaims) },
		func() (bad *checkError) { l.Issuer, bad = p.issuerOfToken(c); return bad },
		func() *checkError { _, bad := c.audiences(p.cfg.ClientID); return bad },
		func() *checkError { return c.logoutEvent() },
		func() *checkError { return c.logoutTimes(l, now) },
		func() *checkError { return c.whose(l) },
	} {
		if bad := check(); bad != nil {
			return nil, bad
		}
	}
	return l, nil
}

// logoutEvent wants the event, and no mark of another kind of token.
func (c claimReader) logoutEvent() *checkError {
	if _, ok := c.all["nonce"]; ok {
		return refuse("nonce", "a logout token has no nonce")
	}
	events, ok := c.all["events"].(map[string]any)
	if !ok {
		return refuse("events", "events is missing or not an object")
	}
	if _, ok := events[backchannelLogout].(map[string]any); !ok {
		return refuse("events", "events lack the object %s", backchannelLogout)
	}
	for _, name := range otherKinds {
		if _, ok := c.all[name]; ok {
			return refuse("kind", "%s belongs to another kind of token", name)
		}
	}
	return nil
}

// logoutTimes lets exp be missing, for it was not in the drafts that older providers follow.
func (c claimReader) logoutTimes(l *Logout, now time.Time) *checkError {
	iat, exp, bad := c.times(now, false, maxLogoutAge)
	if bad != nil {
		return bad
	}
	l.IssuedAt, l.Expires = iat, iat.Add(maxLogoutAge+leeway)
	switch {
	case exp.IsZero():
	case exp.Sub(iat) > maxLogoutLife:
		return refuse("exp", "token lives for %s, %s are allowed", exp.Sub(iat).Round(time.Second), maxLogoutLife)
	case exp.Add(leeway).Before(l.Expires):
		l.Expires = exp.Add(leeway)
	}
	return nil
}

// whose reads who is signed out, and the token's own name.
func (c claimReader) whose(l *Logout) *checkError {
	_, hasSubject := c.all["sub"]
	_, hasSession := c.all["sid"]
	if !hasSubject && !hasSession {
		return refuse("sub", "token has neither sub nor sid")
	}
	for _, f := range []struct {
		name   string
		to     *string
		limit  int
		wanted bool
	}{{"jti", &l.ID, maxTokenID, true}, {"sub", &l.Subject, maxSubject, hasSubject}, {"sid", &l.SessionID, maxSessionID, hasSession}} {
		if !f.wanted {
			continue
		}
		var bad *checkError
		if *f.to, bad = c.identifier(f.name, f.limit); bad != nil {
			return bad
		}
	}
	return nil
}
