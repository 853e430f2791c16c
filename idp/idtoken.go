package idp

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

const (
	leeway      = 60 * time.Second // tolerated between two clocks, both ways (A68)
	maxTokenAge = 10 * time.Minute // between issue and exchange: an ID token of the code flow is made for the exchange
	maxSubject  = 255              // characters (OpenID Connect Core §2)
)

// idClaims are an ID token's claims, decoded and verified.
type idClaims struct {
	all                       map[string]any
	issuer, subject, sid, acr string
	amr                       []string
	authTime                  time.Time
}

// verify accepts an ID token that answers r, by OpenID Connect Core §3.1.3.7 and RFC 8725, or names the check it fails.
func (p *Provider) verify(ctx context.Context, t *trace, raw, accessToken string, r Request) (*idClaims, *Error) {
	invalid := func(c *checkError) *Error {
		return &Error{Step: StepIDToken, Check: c.check, Kind: KindInvalid, Cause: c.cause}
	}
	token, bad := parseJWS(raw, p.cfg.Algorithms, untyped)
	if bad != nil {
		return nil, invalid(bad)
	}
	p.narrow(token)
	now := p.now()
	s := &signed{p: p, t: t, token: token}
	verifier := oidc.NewVerifier(p.cfg.Issuer, s, &oidc.Config{
		ClientID:             p.cfg.ClientID,
		SupportedSigningAlgs: []string{token.alg},
		SkipIssuerCheck:      len(p.cfg.Tenants) > 0,                       // it knows of one issuer; ours are checked below
		Now:                  func() time.Time { return now.Add(-leeway) }, // nor has it leeway for exp
	})
	_, err := verifier.Verify(ctx, raw)
	if s.failed != nil {
		return nil, s.failed
	}
	if !s.good {
		return nil, invalid(refuse("format", "token cannot be read"))
	}
	// Our own checks run first even where go-oidc refused, because they have names.
	claims, bad := p.checkClaims(token.payload, now, token.alg, accessToken, r)
	if bad != nil {
		return nil, invalid(bad)
	}
	if err != nil {
		return nil, invalid(&checkError{"verifier", err})
	}
	return claims, nil
}

func (p *Provider) checkClaims(payload []byte, now time.Time, alg, accessToken string, r Request) (*idClaims, *checkError) {
	c := claimReader{}
	if err := strictjson.Decode(payload, &c.all); err != nil {
		return nil, &checkError{"json", err}
	}
	if bad := c.lookalikes(protocolClaims); bad != nil {
		return nil, bad
	}
	id := &idClaims{all: c.all}
	for _, check := range []func() *checkError{
		func() (bad *checkError) { id.issuer, bad = p.issuerOfToken(c); return bad },
		func() *checkError { return c.audience(p.cfg.ClientID) },
		func() *checkError { _, _, bad := c.times(now, true, maxTokenAge); return bad },
		func() *checkError { return c.nonce(r.Nonce) },
		func() *checkError { _, bad := c.identifier("sub", maxSubject); return bad },
		func() *checkError { return c.accessTokenHash(alg, accessToken) },
		func() *checkError { return c.session(id) },
		func() *checkError { return c.freshness(id, now, r) },
	} {
		if bad := check(); bad != nil {
			return nil, bad
		}
	}
	id.subject = c.all["sub"].(string)
	return id, nil
}

// identity is the claims as the caller gets them. References to claims held elsewhere are dropped: nothing is fetched
// from addresses in a token (OpenID Connect Core §5.6.2).
func (c *idClaims) identity(provider, raw string) *Identity {
	delete(c.all, "_claim_names")
	delete(c.all, "_claim_sources")
	return &Identity{Provider: provider, Issuer: c.issuer, Subject: c.subject, SessionID: c.sid, IDToken: raw,
		AuthTime: c.authTime, ACR: c.acr, AMR: c.amr, Claims: c.all}
}

// claimReader checks claims one by one; each check bears the name an *Error shows.
type claimReader struct{ all map[string]any }

// protocolClaims are the ones that decide.
var protocolClaims = []string{"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "azp", "at_hash", "auth_time", "sid", "acr", "amr"}

// lookalikes refuses names that a parser blind to case would read as a deciding claim (RFC 8725 §2.6).
func (c claimReader) lookalikes(deciding []string) *checkError {
	for name := range c.all {
		if len(name) > 16 || slices.Contains(deciding, name) {
			continue
		}
		for _, claim := range deciding {
			if strings.EqualFold(name, claim) {
				return refuse("json", "claim %q looks like %q", cut(name), claim)
			}
		}
	}
	return nil
}

func (c claimReader) issuer(want string) *checkError {
	if iss, ok := c.all["iss"].(string); !ok || iss != want {
		return refuse("iss", "issuer is %q, configured is %q", cut(c.text("iss")), want)
	}
	return nil
}

// audiences wants us in aud, and returns all that are.
func (c claimReader) audiences(clientID string) ([]string, *checkError) {
	audiences, ok := stringList(c.all["aud"])
	if one, isString := c.all["aud"].(string); isString {
		audiences, ok = []string{one}, true
	}
	if !ok || !slices.Contains(audiences, clientID) {
		return nil, refuse("aud", "audience is %s, our client id is %q", cut(c.text("aud")), clientID)
	}
	return audiences, nil
}

// audience wants us in aud, and us as the authorized party where the token names one or names other audiences too.
func (c claimReader) audience(clientID string) *checkError {
	audiences, bad := c.audiences(clientID)
	if bad != nil {
		return bad
	}
	azp, present := c.all["azp"]
	if present && azp != clientID {
		return refuse("azp", "authorized party is %q, our client id is %q", cut(c.text("azp")), clientID)
	}
	if !present && slices.ContainsFunc(audiences, func(a string) bool { return a != clientID }) {
		return refuse("azp", "token has other audiences and no azp")
	}
	return nil
}

// times judges exp, iat and nbf: the token lives, and was issued at most maxAge ago. Without needsExpiry exp may be
// missing, and is zero then.
func (c claimReader) times(now time.Time, needsExpiry bool, maxAge time.Duration) (iat, exp time.Time, bad *checkError) {
	if exp, bad = c.time("exp", needsExpiry); bad != nil {
		return iat, exp, bad
	}
	if iat, bad = c.time("iat", true); bad != nil {
		return iat, exp, bad
	}
	nbf, bad := c.time("nbf", false)
	if bad != nil {
		return iat, exp, bad
	}
	switch {
	case !exp.IsZero() && !now.Before(exp.Add(leeway)):
		bad = refuse("exp", "token expired %s ago", now.Sub(exp).Round(time.Second))
	case iat.After(now.Add(leeway)):
		bad = refuse("iat", "token was issued %s in the future", iat.Sub(now).Round(time.Second))
	case now.Sub(iat) >= maxAge+leeway:
		bad = refuse("iat", "token was issued %s ago", now.Sub(iat).Round(time.Second))
	case !exp.IsZero() && exp.Before(iat):
		bad = refuse("exp", "token expires before it was issued")
	case nbf.After(now.Add(leeway)):
		bad = refuse("nbf", "token is not valid for another %s", nbf.Sub(now).Round(time.Second))
	}
	return iat, exp, bad
}

// time reads a NumericDate (RFC 7519 §2): seconds, perhaps with a fraction.
func (c claimReader) time(name string, needed bool) (time.Time, *checkError) {
	v, ok := c.all[name]
	if !ok && !needed {
		return time.Time{}, nil
	}
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, refuse(name, "%s is missing or not a number", name)
	}
	seconds, err := strconv.ParseFloat(string(n), 64)
	if err != nil || seconds < 0 || seconds > 1<<38 {
		return time.Time{}, refuse(name, "%s is no time", name)
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}

// nonce is not shown in the error: it is a one-time value.
func (c claimReader) nonce(want string) *checkError {
	got, ok := c.all["nonce"].(string)
	if !ok {
		return refuse("nonce", "nonce is missing")
	}
	if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return refuse("nonce", "nonce is not the one sent")
	}
	return nil
}

// identifier reads a claim that names somebody or something, in at most so many characters.
func (c claimReader) identifier(name string, limit int) (string, *checkError) {
	v, ok := c.all[name].(string)
	switch {
	case !ok || v == "":
		return "", refuse(name, "%s is missing, empty or not a string", name)
	case len([]rune(v)) > limit:
		return "", refuse(name, "%s is longer than %d characters", name, limit)
	case strings.ContainsFunc(v, unicode.IsControl):
		return "", refuse(name, "%s has control characters", name)
	}
	return v, nil
}

// accessTokenHash checks at_hash if it is there (OpenID Connect Core §3.1.3.6).
func (c claimReader) accessTokenHash(alg, accessToken string) *checkError {
	v, ok := c.all["at_hash"]
	if !ok {
		return nil
	}
	var sum []byte
	switch alg[len(alg)-3:] {
	case "256":
		h := sha256.Sum256([]byte(accessToken))
		sum = h[:]
	case "384":
		h := sha512.Sum384([]byte(accessToken))
		sum = h[:]
	default: // 512, and EdDSA with Ed25519, whose hash is SHA-512
		h := sha512.Sum512([]byte(accessToken))
		sum = h[:]
	}
	if v != base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) {
		return refuse("at_hash", "at_hash does not belong to the access token")
	}
	return nil
}

// session reads what the token says of the session. These claims are optional but not of any type.
func (c claimReader) session(id *idClaims) *checkError {
	var bad *checkError
	if id.authTime, bad = c.time("auth_time", false); bad != nil {
		return bad
	}
	for _, f := range []struct {
		name string
		to   *string
	}{{"sid", &id.sid}, {"acr", &id.acr}} {
		if v, ok := c.all[f.name]; ok && v != nil {
			if *f.to, ok = v.(string); !ok {
				return refuse(f.name, "%s is not a string", f.name)
			}
		}
	}
	if v, ok := c.all["amr"]; ok && v != nil {
		if id.amr, ok = stringList(v); !ok {
			if one, isString := v.(string); isString {
				id.amr = []string{one} // seen in the wild
				return nil
			}
			return refuse("amr", "amr is not a list of strings")
		}
	}
	return nil
}

// freshness holds auth_time to the max_age and prompt=login that were asked for (A18, A76).
func (c claimReader) freshness(id *idClaims, now time.Time, r Request) *checkError {
	if id.authTime.After(now.Add(leeway)) {
		return refuse("auth_time", "auth_time is %s in the future", id.authTime.Sub(now).Round(time.Second))
	}
	allowed := time.Duration(0)
	switch {
	case r.wantsLogin():
	case r.MaxAge != nil:
		allowed = time.Duration(*r.MaxAge) * time.Second
	default:
		return nil
	}
	since := r.Started
	if since.IsZero() {
		since = now
	}
	switch {
	case id.authTime.IsZero():
		return refuse("auth_time", "a fresh sign-in was asked for and auth_time is missing")
	case id.authTime.Before(since.Add(-allowed - leeway)):
		return refuse("auth_time", "the person was authenticated %s before the request, %s were allowed", since.Sub(id.authTime).Round(time.Second), allowed)
	}
	return nil
}

func (c claimReader) text(name string) string {
	v, ok := c.all[name]
	if !ok {
		return "(missing)"
	}
	return fmt.Sprint(v)
}
