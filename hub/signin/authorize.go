package signin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// Target is a redirect URI that has been proven to be the client's. Only prove
// makes one that is not zero, so an unproven address cannot be redirected to.
type Target struct {
	uri, state, issuer, mode string
}

// URI is where the app waits; empty for the zero Target.
func (t Target) URI() string { return t.uri }

// Response is an authorization response on its way to a proven address.
type Response struct {
	Target Target
	Fields []oauth.Field
}

// Location is the address with the response in its query.
func (r Response) Location() (string, error) { return oauth.RedirectURL(r.Target.uri, r.Fields) }

// FormPost tells whether the app asked for the response as a form (OAuth 2.0
// Form Post Response Mode §2).
func (r Response) FormPost() bool { return r.Target.mode == oauth.ResponseModeFormPost }

// Code answers with a code (RFC 6749 §4.1.2, iss of RFC 9207 §2).
func (t Target) Code(code string) Response {
	return Response{t, oauth.AuthorizationResponse{Code: code, State: t.state, Issuer: t.issuer}.Fields()}
}

// Error answers with an error (RFC 6749 §4.1.2.1). uri, if any, is a page that
// says more.
func (t Target) Error(e *oauth.Error, uri string) Response {
	fields := oauth.AuthorizationResponse{Err: e, State: t.state, Issuer: t.issuer}.Fields()
	if uri != "" {
		fields = append(fields, oauth.Field{Name: "error_uri", Value: uri})
	}
	return Response{t, fields}
}

// prove establishes the client and that redirect_uri is one of its own, byte
// for byte (RFC 9700 §4.1.3). It is the only source of a usable Target.
func prove(p *hub.Pool, r *oauth.AuthorizationRequest) (*hub.Client, Target, Reason, error) {
	client, ok := p.Client(r.ClientID)
	if !ok {
		return nil, Target{}, UnknownClient, fmt.Errorf("client_id %q", cut(r.ClientID))
	}
	if r.RedirectURI == "" || !slices.Contains(client.CallbackURLs, r.RedirectURI) {
		return client, Target{}, RedirectMismatch, fmt.Errorf("redirect_uri %q", cut(r.RedirectURI))
	}
	return client, Target{uri: r.RedirectURI, state: r.State, issuer: p.Issuer, mode: r.ResponseMode}, "", nil
}

// The checks on a request whose client and redirect URI are proven, in order.
// The first that refuses answers the app.
var checks = []func(*hub.Pool, *hub.Client, *oauth.AuthorizationRequest) error{
	checkFlow,
	checkPKCE,
	checkScope,
	checkResource,
}

// checkFlow holds the client to the flows it registered.
func checkFlow(_ *hub.Pool, c *hub.Client, _ *oauth.AuthorizationRequest) error {
	if !c.Allows("code") {
		return oauth.Errorf(oauth.UnauthorizedClient, "the client may not use the code flow")
	}
	return nil
}

// checkPKCE demands a challenge of public clients (RFC 9700 §2.1.1), and of all
// in the FAPI 2.0 profile (§5.3.2.2).
func checkPKCE(_ *hub.Pool, c *hub.Client, r *oauth.AuthorizationRequest) error {
	if (c.Public && !c.InsecureWithoutPKCE || c.FAPI2) && r.CodeChallenge == "" {
		return oauth.Errorf(oauth.InvalidRequest, "code_challenge is required of this client")
	}
	return nil
}

// checkScope refuses scopes the client may not ask for, and names them, which
// Cognito does not; the code is the standard's (RFC 6749 §4.1.2.1).
func checkScope(_ *hub.Pool, c *hub.Client, r *oauth.AuthorizationRequest) error {
	if missing := c.Scopes.Missing(r.Scope); len(missing) > 0 {
		return oauth.Errorf(oauth.InvalidScope, "scope not allowed for this client: %s", missing)
	}
	return nil
}

// checkResource refuses audiences that the pool does not know (RFC 8707 §2.1).
func checkResource(p *hub.Pool, _ *hub.Client, r *oauth.AuthorizationRequest) error {
	return p.CheckResources(r.Resource)
}

// Authorize judges an authorization request and returns what the browser does
// next. page says that the request came to the sign-in page itself (/login),
// where a person who is signed in already is asked and not passed through.
func (s *Service) Authorize(ctx context.Context, p *hub.Pool, b Browser, params url.Values, page bool) (Next, error) {
	t := &attempt{p: p, visitor: b.Visitor}
	params, pushed, err := pull(ctx, p, params)
	signed := pushed != "" // judged when it was pushed
	if err == nil && !signed {
		params, signed, err = unseal(ctx, p, params)
	}
	if err != nil {
		e := t.fail(s, InvalidRequest, err)
		e.Received = oauth.AsError(err).Description
		return nil, e
	}
	r, problem := oauth.ParseAuthorization(params)
	client, target, reason, err := prove(p, r)
	t.client, t.target = client, target
	if err != nil {
		e := t.fail(s, reason, err)
		e.Received = cut(r.ClientID)
		if reason == RedirectMismatch {
			e.Received = cut(r.RedirectURI)
		}
		return nil, e
	}
	if problem == nil && client.RequirePAR && pushed == "" {
		problem = oauth.Errorf(oauth.InvalidRequest, "the client must push its requests")
	}
	if problem == nil {
		problem = checkSigned(client, signed)
	}
	for i := 0; problem == nil && i < len(checks); i++ {
		problem = checks[i](p, client, r)
	}
	t.in = hub.NewInteraction(*r, p.Now())
	t.in.Pushed = pushed
	if problem == nil {
		t.in.Wish, problem = wish(p, r)
	}
	if problem != nil {
		return t.refuse(s, InvalidRequest, oauth.AsError(problem)), nil
	}
	t.step("authorize", "request accepted (%s)", describe(r))
	return s.choose(ctx, p, b, t, page)
}

// refuse answers the app with an error, and keeps the explanation.
func (t *attempt) refuse(s *Service, reason Reason, e *oauth.Error) Next {
	failure := t.fail(s, reason, e)
	return ToApp{Client: t.client, Response: t.target.Error(e, t.p.URL("/error?id="+failure.Trace)), Finished: t.in.ID}
}

// proceed takes up an interaction in a further request. It proves the client
// and the target again: the configuration may have changed since it began.
func (s *Service) proceed(p *hub.Pool, b Browser, in *hub.Interaction) (*attempt, *Error) {
	t := &attempt{p: p, visitor: b.Visitor}
	if in == nil {
		return nil, t.fail(s, OtherBrowser, errors.New("this browser has begun no sign-in of that name"))
	}
	client, target, reason, err := prove(p, &in.Request)
	if in.Device != "" && client != nil {
		target, err = deviceTarget(p), nil
	}
	if in.Account {
		client, target, err = accountClient(p), accountTarget(p), nil
	}
	t.client = client
	if err != nil {
		return nil, t.fail(s, reason, err)
	}
	t.in, t.target = in, target
	if p.Now().After(in.Begun.Add(p.InteractionLife)) {
		return nil, t.fail(s, Expired, fmt.Errorf("begun %s ago", p.Now().Sub(in.Begun).Round(1e9)))
	}
	t.resumed()
	return t, nil
}
