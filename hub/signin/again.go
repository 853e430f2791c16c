package signin

import (
	"context"
	"net/url"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// ParamInteraction is the parameter by which links on our pages name the sign-in
// that they belong to. To anybody but the browser that holds its cookie it says
// nothing.
const ParamInteraction = "tx"

// Cancel turns back to the app that a person does not want to sign in to after
// all (RFC 6749 §4.1.2.1, access_denied).
func (s *Service) Cancel(p *hub.Pool, b Browser, in *hub.Interaction) (Next, error) {
	t, failure := s.proceed(p, b, in)
	if failure != nil {
		return nil, failure
	}
	t.record(hub.SignIn, false, Cancelled, "", "")
	refusal := oauth.Errorf(oauth.AccessDenied, "the person turned back")
	return ToApp{Client: t.client, Response: t.target.Error(refusal, ""), Finished: in.ID}, nil
}

// Again takes up a request that this browser began a sign-in for, from a link of
// Query: with the provider that identity_provider names, or as another person
// (prompt=login). Nothing else in params counts. What was pushed, signed, or too
// long to be kept in an address is still there, which a new request would lack.
// One that is too old is judged anew, by params alone.
func (s *Service) Again(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction, params url.Values, page bool) (Next, error) {
	if p.Now().After(in.Begun.Add(p.InteractionLife)) || !in.App() {
		return s.Authorize(ctx, p, b, params, page)
	}
	r := in.Request
	if name := params.Get("identity_provider"); name != "" {
		r.IdentityProvider, r.IDPIdentifier = name, ""
	}
	another := in.Another
	if params.Get("prompt") == "login" && !r.Prompt.Has(oauth.PromptLogin) {
		r.Prompt |= oauth.PromptLogin
		another = true
	}
	again := hub.NewInteraction(r, p.Now())
	again.Pushed, again.Wish, again.Another = in.Pushed, in.Wish, another
	if in.Pushed != "" {
		again.Begun = in.Begun // what was pushed is remembered no longer
	}
	t, failure := s.proceed(p, b, again)
	if failure != nil {
		return nil, failure
	}
	return s.choose(ctx, p, b, t, page)
}
