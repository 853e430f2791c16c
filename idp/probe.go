package idp

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// Level grades a Finding.
type Level string

// The levels.
const (
	OK   Level = "ok"
	Warn Level = "warn" // sign-ins work, or it cannot be told from here
	Fail Level = "fail" // sign-ins fail
)

// Finding is one result of Probe.
type Finding struct {
	Check  string // discovery, issuer, endpoints, keys, algorithms, clock, pkce, end_session, iss, client, callback, sign_out, scopes
	Level  Level
	Detail string
	Mend   string // empty if OK
}

// Probe examines the provider as it is now, past all caches and circuits, for `isthmus doctor`: a handful of requests,
// one after the other, among them a token request with a code that does not exist and an authorization request that is
// not followed. It signs nobody in. ctx bounds the whole.
func (p *Provider) Probe(ctx context.Context) []Finding {
	d := &doctor{p: p}
	m, ok := d.metadata(ctx)
	if !ok {
		return d.found
	}
	if p.cfg.OAuth2 == nil {
		d.features(m)
		d.keys(ctx, m)
		d.clock()
	}
	d.client(ctx, m)
	d.userinfo(ctx, m.UserInfoEndpoint)
	if p.cfg.OAuth2 != nil {
		if p.cfg.OAuth2.Emails != "" {
			d.userinfo(ctx, p.cfg.OAuth2.Emails)
		}
		d.clock()
	}
	d.callback(ctx, m)
	d.signOut(ctx, m)
	return d.found
}

// doctor gathers findings.
type doctor struct {
	p     *Provider
	t     trace
	found []Finding
	dates []time.Duration // skews seen
}

func (d *doctor) ok(check, format string, args ...any) {
	d.found = append(d.found, Finding{check, OK, fmt.Sprintf(format, args...), ""})
}

func (d *doctor) note(level Level, check, detail, mend string) {
	d.found = append(d.found, Finding{check, level, detail, mend})
}

// failed reports an *Error under a check's name.
func (d *doctor) failed(check string, e *Error) {
	_ = d.p.finish(e, &d.t)
	d.note(Fail, check, e.Error(), e.Mend)
}

// timed notes how far the provider's clock is from ours, by an answer's Date.
func (d *doctor) timed(a *answer) {
	if a == nil || a.header == nil {
		return
	}
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		// Date is cut to the second, and the answer took its time: judge by the middle.
		d.dates = append(d.dates, date.Add(500*time.Millisecond).Sub(d.p.now().Add(-a.elapsed/2)))
	}
}

func (d *doctor) metadata(ctx context.Context) (*Metadata, bool) {
	if d.p.cfg.OAuth2 != nil {
		d.ok("discovery", "not used: plain OAuth 2, which knows neither discovery nor ID tokens")
		return d.p.explicit, true
	}
	if !d.p.cfg.discovers() {
		d.ok("discovery", "not used: all endpoints are configured")
		return d.p.explicit, true
	}
	m, a, err := d.p.readMetadata(ctx, &d.t)
	d.timed(a)
	if err != nil {
		check := "discovery"
		if err.Check == "issuer" || err.Check == "endpoints" {
			d.ok(check, "%s answers", a.endpoint)
			check = err.Check
		}
		d.failed(check, err)
		return nil, false
	}
	d.ok("discovery", "%s answers in %s", a.endpoint, a.elapsed.Round(time.Millisecond))
	d.ok("issuer", "issuer is exactly %s", m.Issuer)
	d.ok("endpoints", "authorization %s, token %s, jwks %s", m.AuthorizationEndpoint, m.TokenEndpoint, m.JWKSURI)
	return m, true
}

// features judges what the metadata promise.
func (d *doctor) features(m *Metadata) {
	cfg := &d.p.cfg
	switch {
	case slices.Contains(m.ChallengeMethods, "S256"):
		d.ok("pkce", "PKCE with S256 is advertised")
	default:
		d.note(Warn, "pkce", "PKCE with S256 is not advertised; it is sent all the same",
			"Ask the provider to support PKCE (RFC 7636); until then a stolen code is held off by state and nonce alone.")
	}
	if m.IssInCallback {
		d.ok("iss", "authorization responses carry iss (RFC 9207)")
	} else {
		d.note(Warn, "iss", "authorization responses are not promised to carry iss (RFC 9207)",
			"Nothing to do here; the state of each sign-in names its provider, which guards against mix-up.")
	}
	if m.EndSessionEndpoint != "" {
		d.ok("end_session", "end_session_endpoint is %s%s", m.EndSessionEndpoint, m.tells())
	} else {
		d.note(Warn, "end_session", "there is no end_session_endpoint"+m.tells(),
			"Signing out here will leave the session at the provider alive. Set the endpoint explicitly if the provider has one.")
	}
	if cfg.discovers() && len(m.Algorithms) > 0 && !slices.ContainsFunc(m.Algorithms, func(a string) bool { return slices.Contains(cfg.Algorithms, a) }) {
		d.note(Fail, "algorithms", fmt.Sprintf("the provider signs with %q, allowed here are %q", m.Algorithms, cfg.Algorithms), d.p.mend(&Error{Check: "alg"}))
	}
	if method := d.p.authMethod(m); len(m.AuthMethods) > 0 && !slices.Contains(m.AuthMethods, method) {
		d.note(Warn, "client", fmt.Sprintf("we authenticate by %s, the provider advertises %q", method, m.AuthMethods),
			"Choose one of the advertised methods for this provider.")
	}
	for _, scope := range cfg.Scopes {
		if len(m.Scopes) > 0 && !slices.Contains(m.Scopes, scope) {
			d.note(Warn, "scopes", fmt.Sprintf("scope %q is not among the advertised %q", scope, m.Scopes),
				"Check the spelling; some providers know more scopes than they advertise.")
		}
	}
}

// tells says how the provider lets us know of sign-outs there, as the end of a sentence; empty if it does not promise to.
func (m *Metadata) tells() string {
	var ways []string
	for _, way := range []struct {
		name        string
		there, with bool
	}{{"back channel", m.BackchannelLogout, m.BackchannelSession}, {"front channel", m.FrontchannelLogout, m.FrontchannelSession}} {
		switch {
		case way.there && way.with:
			ways = append(ways, way.name+" with sid")
		case way.there:
			ways = append(ways, way.name)
		}
	}
	if len(ways) == 0 {
		return ""
	}
	return "; sign-outs at the provider are told by " + strings.Join(ways, " and ")
}

func (d *doctor) keys(ctx context.Context, m *Metadata) {
	set, a, err := d.p.keysAt(ctx, &d.t, m.JWKSURI)
	d.timed(a)
	if err != nil {
		d.failed("keys", err)
		return
	}
	var usable []string
	for _, alg := range d.p.cfg.Algorithms {
		if n := len(set.candidates(jwsHeader{alg: alg})); n > 0 {
			usable = append(usable, fmt.Sprintf("%d for %s", n, alg))
		}
	}
	if len(usable) == 0 {
		d.note(Fail, "keys", fmt.Sprintf("%d keys, none for the allowed algorithms %q", len(set.keys), d.p.cfg.Algorithms), d.p.mend(&Error{Check: "alg"}))
	} else {
		d.ok("keys", "%s", strings.Join(usable, ", "))
	}
	if len(set.dropped) > 0 {
		d.note(Warn, "keys", "dropped: "+strings.Join(set.dropped, "; "), "Nothing to do if sign-ins work; otherwise have the provider publish sound keys.")
	}
}

func (d *doctor) clock() {
	if len(d.dates) == 0 {
		d.note(Warn, "clock", "the provider sends no Date", "Compare the clocks by hand if tokens are refused for exp or iat.")
		return
	}
	skew := slices.MinFunc(d.dates, func(a, b time.Duration) int { return int(a.Abs() - b.Abs()) }).Round(time.Second)
	switch {
	case skew.Abs() > leeway:
		d.note(Fail, "clock", fmt.Sprintf("the provider's clock is %s from ours", skew), d.p.mend(&Error{Check: "exp"}))
	case skew.Abs() > leeway/6:
		d.note(Warn, "clock", fmt.Sprintf("the provider's clock is %s from ours; %s are tolerated", skew, leeway), d.p.mend(&Error{Check: "exp"}))
	default:
		d.ok("clock", "the clocks agree")
	}
}

// refusals are the codes whose meaning is known (RFC 6749 §5.2), but for the one that a made-up code deserves.
var refusals = []string{"invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "redirect_uri_mismatch"}

// client tells a wrong secret from a wrong code: a provider authenticates the client before it looks at the code
// (RFC 6749 §5.2).
func (d *doctor) client(ctx context.Context, m *Metadata) {
	a, err := d.p.postCode(ctx, &d.t, m, "isthmus-doctor-"+rand.Text(), oauth2.GenerateVerifier())
	d.timed(a)
	if err == nil && a.status == http.StatusOK {
		if _, err = a.tokens(false); err != nil && err.Code == "" {
			err = nil
		}
	}
	if err == nil && a.status == http.StatusOK {
		d.note(Fail, "client", "the token endpoint accepts a code that does not exist", "Do not use this provider.")
		return
	}
	if err == nil {
		err = a.oauthFault(StepToken)
	}
	switch {
	case err.Code == "invalid_grant":
		d.ok("client", "the token endpoint accepts our client and refuses a made-up code")
	case slices.Contains(refusals, err.Code):
		d.failed("client", err)
	case err.Kind == KindInvalid && err.Status == http.StatusUnauthorized:
		err.Kind, err.Code = KindRefused, "invalid_client"
		d.failed("client", err)
	case err.Kind == KindRefused || err.Kind == KindInvalid && err.Status < 500:
		_ = d.p.finish(err, &d.t)
		d.note(Warn, "client", "it cannot be told whether our client is accepted: "+err.Error(), err.Mend)
	default:
		d.failed("client", err)
	}
}

// userinfo looks whether the endpoint is there: without a token it must refuse.
func (d *doctor) userinfo(ctx context.Context, endpoint string) {
	if endpoint == "" {
		if d.p.cfg.UserInfo == UserInfoAlways {
			d.note(Fail, "userinfo", "there is no userinfo endpoint, and it is to be asked always", "Set the endpoint explicitly, or ask for userinfo when needed.")
		}
		return
	}
	r, err := newRequest(http.MethodGet, endpoint, nil)
	if err != nil {
		return // checked with the metadata
	}
	a, failed := d.p.do(ctx, &d.t, StepUserInfo, r, outbound.MaxBody)
	d.timed(a)
	switch {
	case failed != nil:
		d.failed("userinfo", failed)
	case a.status >= 500 || a.status == http.StatusNotFound:
		d.failed("userinfo", a.statusFault(StepUserInfo))
	case a.status == http.StatusOK:
		d.note(Warn, "userinfo", a.endpoint+" answers without a token", "Check the URL: it may be a page.")
	default:
		d.ok("userinfo", "%s answers and wants a token", a.endpoint)
	}
}

// callback compares how the authorization endpoint takes our redirect_uri and one that nobody registered. Redirects
// are not followed.
func (d *doctor) callback(ctx context.Context, m *Metadata) {
	ours, err := d.authorize(ctx, m, d.p.cfg.RedirectURI)
	if err != nil {
		d.failed("callback", err)
		return
	}
	mend := d.p.mend(&Error{Kind: KindRefused, Code: "redirect_uri_mismatch"})
	if strings.HasPrefix(ours.where, "refused") {
		d.note(Fail, "callback", fmt.Sprintf("the provider answers our redirect_uri with %s", ours.where), mend)
		return
	}
	strange, err := d.authorize(ctx, m, "https://"+strings.ToLower(rand.Text())+".invalid/callback")
	switch {
	case err != nil || strange.where == ours.where:
		d.note(Warn, "callback", fmt.Sprintf("the provider answers our redirect_uri with %s, and a strange one likewise: it cannot be told whether ours is registered", ours.where), mend)
	default:
		d.ok("callback", "the provider takes our redirect_uri (%s) and not a strange one (%s)", ours.where, strange.where)
	}
}

// reception is how an authorization request was taken, in words that are equal for equal treatment.
type reception struct{ where string }

func (d *doctor) authorize(ctx context.Context, m *Metadata, redirectURI string) (reception, *Error) {
	p := d.p
	r, err := newRequest(http.MethodGet, m.AuthorizationEndpoint, nil)
	if err != nil {
		return reception{}, &Error{Step: StepRedirect, Check: "url", Kind: KindInvalid, Cause: err}
	}
	q := p.parameters(r.URL.Query(), Request{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()})
	q.Set("redirect_uri", redirectURI)
	r.URL.RawQuery = q.Encode()
	a, failed := p.doWith(ctx, p.still(), &d.t, StepRedirect, r, outbound.MaxBody)
	d.timed(a)
	if failed != nil {
		return reception{}, failed
	}
	if a.status >= 500 {
		return reception{}, a.statusFault(StepRedirect)
	}
	return a.reception(redirectURI), nil
}

// reception reads the answer to an authorization request.
func (a *answer) reception(redirectURI string) reception {
	if a.status >= 400 {
		return reception{fmt.Sprintf("refused with status %d", a.status)}
	}
	location := a.header.Get("Location")
	if a.status < 300 || location == "" {
		return reception{fmt.Sprintf("a page with status %d", a.status)}
	}
	if strings.HasPrefix(location, redirectURI) {
		return reception{"a redirect to the callback"}
	}
	to, err := url.Parse(location)
	if err != nil {
		return reception{"refused with a broken redirect"}
	}
	// Several providers redirect to an error page of their own.
	if q := to.Query(); q.Has("error") || q.Has("authError") || strings.Contains(strings.ToLower(to.Path), "error") {
		return reception{"refused with a redirect to " + to.Path}
	}
	return reception{"a redirect to " + to.Path}
}
