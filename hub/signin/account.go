package signin

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// freshLife is how long ago a person may have authenticated who changes the ways
// into an account (A85).
const freshLife = 5 * time.Minute

// AskLinks shows a person the ways into her account.
type AskLinks struct {
	User      *hub.User
	Session   *hub.Session
	Providers []*hub.Provider // that she may add
	Problem   error           // of directory, why the last change was not made
	Done      bool            // it was made
}

// AskLink asks a person whether an identity is hers, with both names.
type AskLink struct {
	User        *hub.User
	Interaction *hub.Interaction
	Provider    *hub.Provider
	Subject     string             // of the identity, and
	Identity    mapping.Attributes // what the provider says of it
}

func (AskLinks) next() {}
func (AskLink) next()  {}

// accountClient stands in for the app where the hub's own page of ways in is what
// a person signs in to. It has every way in that the apps have, and no name among the pool's clients. Nobody becomes a user by
// it, and it changes no attribute.
func accountClient(p *hub.Pool) *hub.Client {
	c := &hub.Client{WriteAttributes: []string{}}
	for _, app := range p.Clients {
		if app.Password(p) {
			c.Providers = []string{hub.Local}
		}
	}
	for _, pr := range p.Providers {
		c.Providers = append(c.Providers, pr.Name)
	}
	return c
}

func accountTarget(p *hub.Pool) Target { return Target{uri: p.URL("/account/links"), issuer: p.Issuer} }

// Links shows the ways into an account to whoever has authenticated a moment ago,
// and has anybody else do so first: with the provider that is named, or one of
// the person's choice.
func (s *Service) Links(ctx context.Context, p *hub.Pool, b Browser, provider string) (Next, error) {
	t := s.account(p, b)
	session, user, err := s.fresh(ctx, p, b)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if session != nil && provider == "" {
		return links(p, session, user), nil
	}
	t.in.Request.IdentityProvider = provider
	t.in.Request.Prompt = oauth.PromptLogin
	return s.choose(ctx, p, Browser{Visitor: b.Visitor}, t, true)
}

// account begins a sign-in to the page of ways in.
func (s *Service) account(p *hub.Pool, b Browser) *attempt {
	t := &attempt{p: p, visitor: b.Visitor, client: accountClient(p), target: accountTarget(p)}
	t.in = hub.NewInteraction(oauth.AuthorizationRequest{}, p.Now())
	t.in.Account = true
	return t
}

// fresh is the session of a person who has authenticated a moment ago; nil if it
// was longer ago, or nobody is signed in.
func (s *Service) fresh(ctx context.Context, p *hub.Pool, b Browser) (*hub.Session, *hub.User, error) {
	session, user, err := Session(ctx, p, b.SessionCookie)
	if err != nil || session == nil || p.Now().Sub(session.AuthTime) > freshLife || session.Dead(p, accountClient(p), user) != "" {
		return nil, nil, err
	}
	return session, user, nil
}

func links(p *hub.Pool, session *hub.Session, user *hub.User) AskLinks {
	ask := AskLinks{User: user, Session: session}
	for _, pr := range p.Providers {
		if pr.Enabled {
			ask.Providers = append(ask.Providers, pr)
		}
	}
	return ask
}

// AddLink sends a person to a provider for an identity to be added.
func (s *Service) AddLink(ctx context.Context, p *hub.Pool, b Browser, provider string) (Next, error) {
	t := s.account(p, b)
	session, user, err := s.fresh(ctx, p, b)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if session == nil {
		return s.Links(ctx, p, b, "")
	}
	pr, ok := p.Provider(provider)
	if !ok || !pr.Enabled {
		return nil, t.fail(s, ProviderOff, errors.New("the provider that was to be added is unknown or off"))
	}
	t.in.Owner, t.in.OwnerSession = user.Sub, session.ID
	return s.toProvider(ctx, p, t, pr)
}

// arrived keeps the identity with which a person came back, and asks whether it
// is hers. It must be the browser, and the session, in which she began (A84).
func (s *Service) arrived(ctx context.Context, p *hub.Pool, b Browser, t *attempt, a arrival) (Next, error) {
	session, user, err := Session(ctx, p, b.SessionCookie)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if session == nil || session.ID != t.in.OwnerSession || session.Sub != t.in.Owner {
		return nil, t.fail(s, Expired, errors.New("the person who was adding a way in is not signed in here any more"))
	}
	claims, err := json.Marshal(a.claims)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	now := p.Now()
	j := &hub.Joining{
		Interaction: t.in.ID, Identity: a.identity, Claims: claims, Sub: user.Sub, Session: session.ID, Begun: now, Expires: now.Add(hub.JoiningLife),
	}
	taken := false
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		holder, err := hub.Users.Find(tx, "link", a.identity.Link.Key())
		taken = err == nil && holder.Sub != user.Sub
		if err == nil {
			return nil // there is nothing to be joined
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return hub.Joinings.Create(tx, j)
	})
	switch {
	case errors.Is(err, store.ErrExists):
		return nil, t.fail(s, Used, err)
	case err != nil:
		return nil, t.fail(s, Internal, err)
	case taken:
		return nil, t.fail(s, LinkTaken, directory.ErrLinked)
	}
	if _, there := user.Link(a.identity.Link.Key()); there {
		ask := links(p, session, user)
		ask.Problem = directory.ErrLinked
		return ask, nil
	}
	return AskLink{User: user, Interaction: t.in, Provider: a.provider, Subject: a.identity.Link.Subject, Identity: said(a.provider, a.claims)}, nil
}

// said is what a provider says of an identity, in the pool's words.
func said(pr *hub.Provider, claims map[string]any) mapping.Attributes {
	result, err := pr.Mapping.Apply(claims, nil)
	if err != nil {
		return nil
	}
	return result.Set
}

// ConfirmLink adds the identity that a person was shown, or does not. Whose it
// becomes was settled when she began.
func (s *Service) ConfirmLink(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction, yes bool) (Next, error) {
	t, failure := s.proceed(p, b, in)
	if failure != nil {
		return nil, failure
	}
	session, user, err := Session(ctx, p, b.SessionCookie)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if session == nil || in.Owner == "" || session.ID != in.OwnerSession || session.Sub != in.Owner {
		return nil, t.fail(s, Expired, errors.New("the person who was adding a way in is not signed in here any more"))
	}
	var v *verdict
	var joining *hub.Joining
	err = p.Space.Update(ctx, func(tx *store.Tx) (err error) {
		v = nil
		if joining, err = hub.Joinings.Get(tx, in.ID); errors.Is(err, store.ErrNotFound) || err == nil && joining.Session != session.ID {
			v = &verdict{reason: Expired, err: errors.New("no identity waits to be added here, or it was answered")}
			return nil
		} else if err != nil {
			return err
		}
		if err := hub.Joinings.Delete(tx, in.ID); err != nil || !yes {
			return err
		}
		user, v, err = add(tx, p, joining)
		return err
	})
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if v != nil {
		return nil, t.fail(s, v.reason, v.err)
	}
	ask := links(p, session, user)
	if yes {
		t.record(hub.UserLinked, true, Reason(directory.Person), "", user.Sub)
		ask.Done = true
	}
	return ask, nil
}

// add joins the identity that waits to the user of the session in which it was
// asked for, as long as that lives.
func add(tx *store.Tx, p *hub.Pool, j *hub.Joining) (*hub.User, *verdict, error) {
	live, err := hub.Sessions.Get(tx, j.Session)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &verdict{reason: Expired, err: errors.New("the session ended meanwhile")}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	u, err := hub.FindUser(tx, j.Sub)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, nil, err
	}
	if why := live.Over(u); !live.Live(tx.Now) || live.Sub != j.Sub || why != "" || tx.Now.Sub(live.AuthTime) > freshLife+hub.JoiningLife {
		return nil, &verdict{reason: Expired, err: errors.New("the session is over: " + why)}, nil
	}
	pr, ok := p.Provider(j.Identity.Link.Provider)
	if !ok || !pr.Enabled {
		return nil, &verdict{reason: ProviderOff, err: errors.New("the provider was switched off meanwhile")}, nil
	}
	claims, err := j.Read()
	if err != nil {
		return nil, nil, err
	}
	a := &arrival{provider: pr, claims: claims, identity: j.Identity}
	evidence := a.evidence(directory.Person, "added it while signed in, and proved it at "+pr.Name, said(pr, claims))
	if err := directory.Join(tx, u, j.Identity.Link, evidence); err != nil {
		return unjoined(err)
	}
	return u, nil, hub.Users.Put(tx, u)
}

// RemoveLink takes an identity off the account of the person who is signed in.
func (s *Service) RemoveLink(ctx context.Context, p *hub.Pool, b Browser, key string) (Next, error) {
	t := s.account(p, b)
	session, user, err := s.fresh(ctx, p, b)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if session == nil {
		return s.Links(ctx, p, b, "")
	}
	changed, err := directory.Unlink(ctx, p, user.Sub, key, hub.End{By: user.Username, Visitor: b.Visitor})
	for _, refusal := range []error{directory.ErrLastWay, directory.ErrNamesake, directory.ErrNoLink} {
		if errors.Is(err, refusal) {
			t.record(hub.UserUnlinked, false, Reason(directory.Person), "", user.Sub)
			ask := links(p, session, user)
			ask.Problem = refusal
			return ask, nil
		}
	}
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	t.record(hub.UserUnlinked, true, Reason(directory.Person), "", user.Sub)
	if session.Link == key {
		return s.Links(ctx, p, Browser{Visitor: b.Visitor}, "") // the session went with it
	}
	ask := links(p, session, changed)
	ask.Done = true
	return ask, nil
}
