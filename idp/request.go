package idp

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Request is one sign-in at the provider. The caller makes State, Nonce and Verifier afresh for each, keeps all of it
// with the interaction, and hands the same values to AuthorizationURL and Exchange.
type Request struct {
	State    string    // at least 128 bits of chance
	Nonce    string    // likewise
	Verifier string    // PKCE, RFC 7636 §4.1: 43 to 128 unreserved characters; never leaves the hub before the exchange
	Started  time.Time // when AuthorizationURL was called; the moment that MaxAge and prompt=login count from

	LoginHint string // sent if Config.ForwardLoginHint
	Prompt    string // space-separated; with "login" the returned auth_time must be after Started
	MaxAge    *int   // seconds; the returned auth_time is checked against it
	UILocales string
	ACRValues string
	// Another says that Prompt has "login" for a person who wants to come as somebody else. Where no login can be shown to
	// be fresh, select_account does for that.
	Another bool

	User string // for Exchange: the callback's field user; read if Config.NameInCallback, and for a name alone
}

// minSecret is the shortest state and nonce taken: 22 characters of base64url hold 128 bits.
const minSecret = 22

func (r Request) check() error {
	switch {
	case len(r.State) < minSecret:
		return errors.New("state is too short")
	case len(r.Nonce) < minSecret:
		return errors.New("nonce is too short")
	case len(r.Verifier) < 43 || len(r.Verifier) > 128 || strings.Trim(r.Verifier, unreserved) != "":
		return errors.New("PKCE verifier is not 43 to 128 unreserved characters")
	case r.State == r.Nonce || r.Nonce == r.Verifier || r.State == r.Verifier:
		return errors.New("state, nonce and verifier are not three values")
	}
	return nil
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// fit is the request as this provider can answer it.
func (p *Provider) fit(r Request) Request {
	if r.Another && (p.cfg.NoAuthTime || p.cfg.OAuth2 != nil) {
		words := slices.DeleteFunc(strings.Fields(r.Prompt), func(w string) bool { return w == "login" || w == "select_account" })
		r.Prompt = strings.Join(append(words, "select_account"), " ")
	}
	return r
}

// wantsLogin tells whether a fresh authentication was asked for.
func (r Request) wantsLogin() bool { return slices.Contains(strings.Fields(r.Prompt), "login") }

// AuthorizationURL is where to send the person. It needs the provider's metadata and so may fetch them; with a circuit
// open it fails at once with KindOpen. A request without proper State, Nonce and Verifier is KindMisused.
func (p *Provider) AuthorizationURL(ctx context.Context, r Request) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	var t trace
	if err := r.check(); err != nil {
		return "", p.finish(&Error{Step: StepRedirect, Check: "request", Kind: KindMisused, Cause: err}, &t)
	}
	m, err := p.discover(ctx, &t)
	if err != nil {
		return "", p.finish(err, &t)
	}
	// A person sent upstream now would come back to a token endpoint that is known to be dead.
	if err := p.token.check(p.now()); err != nil {
		return "", p.finish(err, &t)
	}
	u, parseErr := url.Parse(m.AuthorizationEndpoint)
	if parseErr != nil {
		return "", p.finish(&Error{Step: StepRedirect, Check: "url", Kind: KindInvalid, Cause: parseErr}, &t)
	}
	u.RawQuery = p.parameters(u.Query(), p.fit(r)).Encode()
	return u.String(), nil
}

// parameters lays the request over the query that the endpoint has of its own (RFC 6749 §3.1), each name once.
func (p *Provider) parameters(q url.Values, r Request) url.Values {
	for name, value := range p.cfg.Parameters {
		q.Set(name, value)
	}
	q.Set("response_type", "code")
	q.Set("client_id", p.cfg.ClientID)
	q.Set("redirect_uri", p.cfg.RedirectURI)
	if len(p.cfg.Scopes) > 0 {
		q.Set("scope", strings.Join(p.cfg.Scopes, " "))
	}
	q.Set("state", r.State)
	if !p.cfg.NoPKCE {
		q.Set("code_challenge", oauth2.S256ChallengeFromVerifier(r.Verifier))
		q.Set("code_challenge_method", "S256")
	}
	optional := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	optional("response_mode", p.cfg.ResponseMode)
	optional("prompt", r.Prompt)
	optional("ui_locales", r.UILocales)
	if p.cfg.ForwardLoginHint {
		optional("login_hint", r.LoginHint)
	}
	if p.cfg.OAuth2 != nil {
		return q
	}
	q.Set("nonce", r.Nonce)
	optional("acr_values", r.ACRValues)
	switch {
	case r.MaxAge != nil:
		q.Set("max_age", strconv.Itoa(*r.MaxAge))
	case r.wantsLogin():
		// Only max_age obliges the provider to return auth_time (OpenID Connect Core §3.1.2.1), without which a fresh
		// login could not be told from an old one.
		q.Set("max_age", "0")
	}
	return q
}
