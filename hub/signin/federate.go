package signin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/mapping"
)

// toProvider sends the browser upstream with state, nonce and PKCE of its own.
// What the app asked of the sign-in (prompt, max_age, hints) goes along.
func (s *Service) toProvider(ctx context.Context, p *hub.Pool, t *attempt, pr *hub.Provider) (Next, error) {
	t.provider = pr
	in := t.in
	in.Provider, in.Nonce, in.Verifier, in.Sent = pr.Name, hub.Random(), hub.Random(), p.Now()
	address, err := pr.Upstream.AuthorizationURL(ctx, t.upstream())
	if err != nil {
		return nil, t.fail(s, reasonOf(err), err)
	}
	return ToProvider{URL: address, Interaction: in}, nil
}

// upstream is the hub's own request to the provider.
func (t *attempt) upstream() idp.Request {
	r := &t.in.Request
	up := idp.Request{
		State: t.in.ID, Nonce: t.in.Nonce, Verifier: t.in.Verifier, Started: t.in.Sent,
		LoginHint: r.LoginHint, MaxAge: r.MaxAge, UILocales: r.UILocales, ACRValues: r.ACRValues, Another: t.in.Another,
	}
	if t.in.Joins || t.in.Owner != "" { // a proof is fresh, whoever the app hinted at (A84, A85)
		up.LoginHint, up.MaxAge, up.Prompt = "", nil, "login"
		return up
	}
	up.Prompt = (r.Prompt & (oauth.PromptLogin | oauth.PromptSelectAccount)).String()
	return up
}

// Callback takes the provider's answer at /oauth2/idpresponse. in is the
// interaction whose cookie this browser holds under the answer's state; nil
// when there is none, and then nothing is asked of any provider.
func (s *Service) Callback(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction, params url.Values) (Next, error) {
	t, failure := s.proceed(p, b, in)
	if failure != nil {
		return nil, failure
	}
	if in.Provider == "" || in.ID != params.Get("state") {
		return nil, t.fail(s, Expired, errors.New("this sign-in was not sent to a provider"))
	}
	pr, ok := p.Provider(in.Provider)
	t.provider = pr
	if !ok || !t.client.Uses(pr) {
		return nil, t.fail(s, ProviderOff, fmt.Errorf("provider %s was switched off meanwhile", in.Provider))
	}
	code, err := pr.Upstream.Callback(ctx, params)
	if err != nil {
		return nil, t.fail(s, reasonOf(err), err)
	}
	matches := ""
	if params.Has("iss") {
		matches = ", issuer matches"
	}
	t.step("callback", "code received after %s%s", elapsed(p.Now().Sub(in.Sent)), matches)

	up := t.upstream()
	up.User = params.Get("user")
	identity, err := pr.Upstream.Exchange(ctx, up, code, pr.Mapping.Needs())
	if err != nil {
		return nil, t.fail(s, reasonOf(err), err)
	}
	t.claims = identity.Claims
	t.calls(identity.Calls, nil)
	step := idp.StepIDToken
	if identity.IDToken == "" { // plain OAuth 2
		step = idp.StepUserInfo
	}
	t.step(string(step), "verified: issuer %s, subject %s", identity.Issuer, hub.Mask(identity.Subject))
	a := arrival{
		provider: pr, claims: identity.Claims,
		identity: hub.Identity{
			Link:     hub.Link{Provider: pr.Name, Issuer: identity.Issuer, Subject: identity.Subject, Type: pr.Type},
			AuthTime: identity.AuthTime, ACR: identity.ACR,
			Upstream: hub.Upstream{SID: identity.SessionID, Hint: p.SealHint(pr, identity.IDToken)},
		},
	}
	switch {
	case in.Owner != "":
		return s.arrived(ctx, p, b, t, a)
	case in.Joins:
		return s.proved(ctx, p, b, t, a.identity.Link.Key())
	}
	return s.admit(ctx, p, b, t, a)
}

// reasonOf sorts what went wrong between the hub and a provider.
func reasonOf(err error) Reason {
	var e *idp.Error
	if !errors.As(err, &e) {
		return Internal
	}
	switch e.Kind {
	case idp.KindRefused:
		if e.Step == idp.StepCallback && e.Code == string(oauth.AccessDenied) {
			return Cancelled
		}
		return ProviderRefused
	case idp.KindUnreachable, idp.KindOpen, idp.KindBlocked:
		return ProviderUnreachable
	case idp.KindTimeout:
		return ProviderLate
	case idp.KindMisused, idp.KindCancelled:
		return Internal
	default:
		return ProviderWrong
	}
}

// refuseAttributes answers the app as Cognito does when a provider did not send
// what the pool requires.
func (t *attempt) refuseAttributes(s *Service, missing []mapping.Missing) Next {
	names, from := make([]string, len(missing)), make([]string, len(missing))
	for i, m := range missing {
		names[i], from[i] = m.Attribute, fmt.Sprintf("%s (from %s)", m.Attribute, m.From)
	}
	t.missing = names
	t.mend = fmt.Sprintf("Have the provider send it (it may want a further scope), map the attribute from something it does send, or set on_missing: ask or default at the provider %s.", t.provider.Name)
	cause := errors.New("absent: " + strings.Join(from, ", "))
	return t.refuse(s, AttributesRequired, oauth.Wrap(cause, oauth.InvalidRequest, "attributes required: [%s]", strings.Join(names, ", ")))
}
