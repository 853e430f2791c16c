package idp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// ErrNoEndSession is the cause of the *Error for a provider that has no end_session endpoint.
var ErrNoEndSession = errors.New("the provider has no end_session_endpoint")

const (
	maxEndSession = 7 << 10         // bytes of the address: servers commonly take 8 KiB for the whole request line
	answerTime    = time.Second     // for Answers; the person waits
	answerMemory  = 5 * time.Second // for which Answers trusts an answer
)

// EndSession is where to send a person to be signed out at the provider.
type EndSession struct {
	URL   string
	Hint  bool // id_token_hint is in it; without it the provider may ask the person, or know nobody to sign out
	State bool // state is in it, so that the return can be recognised
}

// EndSession makes the address of a sign-out at the provider (RP-Initiated Logout §2), or at a Cognito domain's /logout.
// The ID token is the one of the session, expired or not; it is left out if empty or if the address would become too
// long for a browser's way. The state may be empty. Metadata may be fetched, for which ctx is the limit. A provider
// without the endpoint gives an *Error that is ErrNoEndSession; a Config without PostLogoutRedirectURI is KindMisused.
func (p *Provider) EndSession(ctx context.Context, idToken, state string) (EndSession, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	var t trace
	if p.cfg.PostLogoutRedirectURI == "" {
		return EndSession{}, p.finish(&Error{Step: StepEndSession, Check: "request", Kind: KindMisused,
			Cause: errors.New("post_logout_redirect_uri is not configured")}, &t)
	}
	u, err := p.endSessionEndpoint(ctx, &t)
	if err != nil {
		return EndSession{}, p.finish(err, &t)
	}
	return p.endSessionAt(u, idToken, state), nil
}

// endSessionAt lays the request over the query that the endpoint has of its own, each name once.
func (p *Provider) endSessionAt(u *url.URL, idToken, state string) EndSession {
	q := u.Query()
	with := func(name, value string) string {
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	var to EndSession
	q.Set("client_id", p.cfg.ClientID)
	if p.cfg.LogoutStyle == LogoutCognito {
		to.URL = with("logout_uri", p.cfg.PostLogoutRedirectURI)
		return to
	}
	to.URL = with("post_logout_redirect_uri", p.cfg.PostLogoutRedirectURI)
	if state != "" {
		to.URL, to.State = with("state", state), true
	}
	if idToken != "" {
		if hinted := with("id_token_hint", idToken); len(hinted) <= maxEndSession {
			to.URL, to.Hint = hinted, true
		}
	}
	return to
}

// endSessionEndpoint needs no metadata if the endpoint is configured.
func (p *Provider) endSessionEndpoint(ctx context.Context, t *trace) (*url.URL, *Error) {
	endpoint := p.cfg.Endpoints.EndSession
	if endpoint == "" {
		m, failed := p.discover(ctx, t)
		if failed != nil {
			return nil, failed
		}
		endpoint = m.EndSessionEndpoint
	}
	if endpoint == "" {
		return nil, &Error{Step: StepEndSession, Check: "end_session_endpoint", Kind: KindInvalid, Cause: ErrNoEndSession}
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, &Error{Step: StepEndSession, Check: "url", Kind: KindInvalid, Cause: err}
	}
	return u, nil
}

// Answers tells within a second whether somebody is there at the end_session endpoint, so that nobody is sent to a dead
// host: nil if an HTTP answer came, whatever it says, now or a few seconds ago. It sends a HEAD without parameters and
// follows no redirect. After several failures in a row most calls fail at once, with KindOpen, for up to a minute.
func (p *Provider) Answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	var t trace
	if failed := p.answers(ctx, &t); failed != nil {
		return p.finish(failed, &t)
	}
	return nil
}

func (p *Provider) answers(ctx context.Context, t *trace) *Error {
	u, failed := p.endSessionEndpoint(ctx, t)
	if failed != nil {
		return failed
	}
	// A negative age means that the clock was set back.
	if age := p.now().Sub(time.Unix(0, p.answered.Load())); age >= 0 && age < answerMemory {
		return nil
	}
	if failed := p.signOut.enter(p.now()); failed != nil {
		return failed
	}
	r, err := newRequest(http.MethodHead, withoutQuery(u), nil)
	if err != nil {
		return &Error{Step: StepEndSession, Check: "url", Kind: KindInvalid, Cause: err}
	}
	_, failed = p.doWith(ctx, p.still(), t, StepEndSession, r, 0)
	p.signOut.report(p.now(), failed)
	if failed == nil {
		p.answered.Store(p.now().UnixNano())
	}
	return failed
}
