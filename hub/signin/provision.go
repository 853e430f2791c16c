package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// arrival is a person proven by a provider, on the way into the pool.
type arrival struct {
	identity hub.Identity
	provider *hub.Provider
	claims   map[string]any     // nil when the mapping was done before
	given    mapping.Attributes // mapped or typed before
	groups   *mapping.Claimed   // mapped before
	sub      string             // the new user's, should one be made
	apart    bool               // the person wants an account of its own, or has no other choice
	joined   bool               // whether the rule has joined it to a user, once user has run
}

// verdict is what a transaction found out. It is a value and not an error, so
// that what the transaction wrote stays written.
type verdict struct {
	reason  Reason
	err     error
	missing []mapping.Missing
	set     mapping.Attributes
	match   *match
	groups  *mapping.Claimed
}

// user finds the user of an identity, or makes one, and writes the attributes
// that the mapping and the client allow (design: attribute contract). By its
// e-mail address a person is found only as the rules of match say. A refused
// arrival writes nothing.
func (a *arrival) user(tx *store.Tx, p *hub.Pool, c *hub.Client) (*hub.User, *verdict, error) {
	link := a.identity.Link
	a.joined = false
	u, err := hub.Users.Find(tx, "link", link.Key())
	if errors.Is(err, store.ErrNotFound) && !a.apart {
		m, found := a.match(tx, p, c)
		switch {
		case found != nil:
			return nil, nil, found
		case m == nil:
		case !m.rule:
			return nil, &verdict{reason: AccountMatched, match: m, err: errors.New("an account with this address is there")}, nil
		case m.user.Disabled:
			return nil, &verdict{reason: UserDisabled, err: fmt.Errorf("user %s is disabled", m.user.Username)}, nil
		default:
			if found = directory.Join(tx, m.user, link, m.evidence); found != nil {
				return unjoined(found)
			}
			u, err, a.joined = m.user, nil, true
		}
	}
	known := err == nil
	switch {
	case errors.Is(err, store.ErrNotFound):
		if !a.creates(c) {
			return nil, &verdict{reason: CreationOff, err: errors.New("a first sign-in, and the provider may not create users, or no app waits for one")}, nil
		}
		link.Primary, link.Created = true, tx.Now
		u = &hub.User{
			Sub: a.sub, Username: directory.FederatedName(link), Status: hub.ExternalProvider,
			Links: []hub.Link{link}, Attributes: mapping.Attributes{}, Created: tx.Now,
		}
	case err != nil:
		return nil, nil, err
	case u.Disabled:
		return nil, &verdict{reason: UserDisabled, err: fmt.Errorf("user %s is disabled", u.Username)}, nil
	}

	return a.attributes(tx, p, c, u, known)
}

// creates tells whether the arrival may become a user: for an app, if the provider
// may create them.
func (a *arrival) creates(c *hub.Client) bool { return a.provider.Creates && c.ID != "" }

// attributes writes what the provider says of a user who is found or about to be
// made.
func (a *arrival) attributes(tx *store.Tx, p *hub.Pool, c *hub.Client, u *hub.User, known bool) (*hub.User, *verdict, error) {
	set, groups := a.given, a.groups
	if a.claims != nil {
		result, err := a.provider.Mapping.Apply(a.claims, u.Attributes)
		if err != nil {
			return nil, &verdict{reason: ProviderWrong, err: err}, nil
		}
		if len(result.Missing) > 0 && !a.joined { // who was here before is asked the next time
			return nil, &verdict{reason: AttributesRequired, missing: result.Missing, set: result.Set, groups: result.Groups}, nil
		}
		set, groups = result.Set, result.Groups
	}
	changed, err := u.TakeGroups(p, a.provider.Name, groups)
	if err != nil {
		return nil, &verdict{reason: ProviderWrong, err: err}, nil
	}
	changed = changed || !known || a.joined
	for name, value := range set {
		if old, ok := u.Attributes[name]; (!ok || old != value) && c.Writes(name) {
			u.Attributes[name] = value
			changed = true
		}
	}
	if !changed {
		return u, nil, nil
	}
	u.Modified = tx.Now
	if known {
		return u, nil, hub.Users.Put(tx, u)
	}
	if _, err := hub.Users.Find(tx, "name", hub.LocalNameKey(u.Username)); err == nil {
		return nil, &verdict{reason: NameTaken, err: fmt.Errorf("a local user is called %s", u.Username)}, nil
	} else if !errors.Is(err, store.ErrNotFound) {
		return nil, nil, err
	}
	err = hub.Users.Create(tx, u)
	if errors.Is(err, store.ErrExists) {
		return nil, &verdict{reason: NameTaken, err: fmt.Errorf("another identity is called %s", u.Username)}, nil
	}
	return u, nil, err
}

// admit lets a person in whom a provider has proven, or asks for what is missing.
func (s *Service) admit(ctx context.Context, p *hub.Pool, b Browser, t *attempt, a arrival) (Next, error) {
	a.sub = directory.NewSub()
	joined := ""
	entry := entry{
		auth: a.identity.AuthTime, provider: a.provider.Name, link: a.identity.Link.Key(), upstream: a.identity.Upstream, acr: a.identity.ACR,
		sample: p.Samples.Draft(p, a.provider, t.claimSet(a, "")),
		user: func(tx *store.Tx) (u *hub.User, v *verdict, err error) {
			u, v, err = a.user(tx, p, t.client)
			if joined = ""; a.joined && v == nil && err == nil {
				joined = u.Sub
			}
			return u, v, err
		},
	}
	next, v, err := s.enter(ctx, p, b, t, entry)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if joined != "" {
		t.record(hub.UserLinked, true, Reason(directory.Rule), "", joined)
	}
	if v == nil {
		return next, nil
	}
	t.sample = p.Samples.Redraft(p, a.provider, t.claimSet(a, v.reason), entry.sample)
	switch v.reason {
	case AttributesRequired:
		return s.incomplete(ctx, p, t, a, v)
	case AccountMatched:
		return s.matched(ctx, p, t, a, v.match)
	}
	return t.stop(s, v)
}

// incomplete asks the person for the missing attributes if the mapping says so
// of each; otherwise the app is told, in Cognito's words.
func (s *Service) incomplete(ctx context.Context, p *hub.Pool, t *attempt, a arrival, v *verdict) (Next, error) {
	ask := make([]string, 0, len(v.missing))
	for _, m := range v.missing {
		if m.OnMissing == mapping.Ask {
			ask = append(ask, m.Attribute)
		}
	}
	if len(ask) < len(v.missing) {
		return t.refuseAttributes(s, v.missing), nil
	}
	pending := &hub.Pending{
		Interaction: t.in.ID, Identity: a.identity, Set: v.set, Groups: v.groups, Ask: ask,
		Expires: t.in.Begun.Add(p.InteractionLife),
	}
	err := p.Space.Update(ctx, func(tx *store.Tx) error {
		if err := hub.Pendings.Create(tx, pending); err != nil {
			return err
		}
		return keepSample(tx, t.sample)
	})
	if errors.Is(err, store.ErrExists) {
		return nil, t.fail(s, Used, err)
	}
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	return AskProfile{Client: t.client, Interaction: t.in, Provider: a.provider, Ask: ask, FormTarget: t.target}, nil
}

// authTime is when the person authenticated: the provider's word, unless it is
// silent or speaks of the future.
func authTime(upstream time.Time, now time.Time) time.Time {
	if upstream.IsZero() || upstream.After(now) {
		return now
	}
	return upstream
}
