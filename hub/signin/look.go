package signin

import (
	"context"
	"errors"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Look is where a sign-in stands: the step that is open to this browser now, of
// which nothing is taken. What has been proven decides it, not what was asked
// for last: a right temporary password, a provider's word that matches an account
// or lacks something, a session, or none of them.
func (s *Service) Look(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction) (Next, error) {
	t, failure := s.proceed(p, b, in)
	if failure != nil {
		return nil, failure
	}
	if in.Proven != "" && p.Now().Sub(in.ProvenAt) <= provenLife {
		return t.askPassword(p, "", ""), nil
	}
	var joining *hub.Joining
	var pending *hub.Pending
	err := p.Space.View(ctx, func(tx *store.Tx) (err error) {
		if joining, err = hub.Joinings.Get(tx, in.ID); err == nil || !errors.Is(err, store.ErrNotFound) {
			return err
		}
		pending, err = hub.Pendings.Get(tx, in.ID)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, t.fail(s, Internal, err)
	}
	if joining != nil {
		w, err := s.matching(ctx, p, b, in)
		if err != nil {
			return nil, err
		}
		return w.ask(p), nil
	}
	if err == nil {
		if pr, ok := p.Provider(pending.Identity.Link.Provider); ok {
			return AskProfile{Client: t.client, Interaction: in, Provider: pr, Ask: pending.Ask, FormTarget: t.target}, nil
		}
	}
	asked, err := t.asked(p)
	if err != nil {
		return nil, t.fail(s, ProviderOff, oauth.Wrap(err, oauth.InvalidRequest, "Login option is not available"))
	}
	session, user, err := Session(ctx, p, b.SessionCookie)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if session != nil && t.usable(p, session, user, asked) {
		return AskSwitch{Client: t.client, Interaction: in, User: user, FormTarget: t.target}, nil
	}
	return t.signIn(p), nil
}
