package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/migration"
)

// waits is a sign-in that waits for the person to prove an account, or not to.
type waits struct {
	*attempt
	joining *hub.Joining
	arrival arrival
	user    *hub.User // the account, as it was a moment ago
}

// matching takes up a sign-in that was matched with an account. Nothing of it comes
// from the browser but the name of its interaction (A84).
func (s *Service) matching(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction) (*waits, error) {
	t, failure := s.proceed(p, b, in)
	if failure != nil {
		return nil, failure
	}
	w := &waits{attempt: t}
	err := p.Space.View(ctx, func(tx *store.Tx) (err error) {
		if w.joining, err = hub.Joinings.Get(tx, in.ID); err == nil {
			w.user, err = hub.FindUser(tx, w.joining.Sub)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && w.joining.Session != "" {
		return nil, t.fail(s, Expired, errors.New("no account waits to be proven in this sign-in"))
	}
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	link := w.joining.Identity.Link
	pr, ok := p.Provider(link.Provider)
	t.provider = pr
	if !ok || !t.client.Uses(pr) {
		return nil, t.fail(s, ProviderOff, errors.New("the provider was switched off meanwhile"))
	}
	w.arrival = arrival{identity: w.joining.Identity, provider: pr, sub: directory.NewSub(), apart: true}
	if w.arrival.claims, err = w.joining.Read(); err != nil {
		return nil, t.fail(s, Internal, err)
	}
	return w, nil
}

// ask is the page with the ways to prove the account.
func (w *waits) ask(p *hub.Pool) AskJoin { return w.askJoin(p, w.arrival, w.user) }

// JoinPassword takes the password of the account that the person's address
// belongs to, and joins the two.
func (s *Service) JoinPassword(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction, password string) (Next, error) {
	w, err := s.matching(ctx, p, b, in)
	if err != nil {
		return nil, err
	}
	ask := w.ask(p)
	if !ask.Password {
		return nil, w.fail(s, ProviderOff, errors.New("the password form is no way to prove this account"))
	}
	proven, migrated, err := s.Directory.AuthenticateUser(ctx, p, w.client.ID, w.joining.Sub, password)
	if migrated {
		w.record(hub.UserMigrated, true, "", "", proven.Sub)
	}
	var locked *directory.LockedError
	var unasked *migration.Error
	switch {
	case errors.Is(err, directory.ErrRefused), err == nil && proven.Status == hub.ForceChangePassword:
		ask.Wrong = true
		w.record(hub.PasswordRefused, false, WrongPassword, "", "")
		return ask, nil
	case errors.As(err, &locked):
		e := w.fail(s, Locked, err)
		e.Wait = locked.Until.Sub(p.Now())
		return nil, e
	case errors.Is(err, directory.ErrOverloaded):
		return nil, w.fail(s, Overloaded, err)
	case errors.As(err, &unasked) && unasked.Kind == migration.Challenge:
		return nil, w.fail(s, MigrationChallenge, err)
	case errors.As(err, &unasked):
		return nil, w.fail(s, MigrationFailed, err)
	case err != nil:
		return nil, w.fail(s, Internal, err)
	}
	return s.join(ctx, p, b, w, "gave the account's password in the same sign-in", func(u *hub.User) bool { return u.Password == proven.Password })
}

// JoinProvider sends the person to another provider, to prove the account there.
func (s *Service) JoinProvider(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction, name string) (Next, error) {
	w, err := s.matching(ctx, p, b, in)
	if err != nil {
		return nil, err
	}
	for _, pr := range w.ask(p).Providers {
		if pr.Name == name {
			in.Joins = true
			return s.toProvider(ctx, p, w.attempt, pr)
		}
	}
	return nil, w.fail(s, ProviderOff, fmt.Errorf("%q is no way to prove this account", cut(name)))
}

// proved takes the identity by which the person proves the account: it must be
// one that the account has.
func (s *Service) proved(ctx context.Context, p *hub.Pool, b Browser, t *attempt, key string) (Next, error) {
	by := t.in.Provider
	w, err := s.matching(ctx, p, b, t.in)
	if err != nil {
		return nil, err
	}
	t.in.Joins = false
	if _, ok := w.user.Link(key); !ok {
		w.record(hub.LinkRefused, false, NotProven, "", "")
		ask := w.ask(p)
		ask.Other = true
		return ask, nil
	}
	return s.join(ctx, p, b, w, "signed in with "+by+", which the account had, in the same sign-in", func(u *hub.User) bool {
		_, ok := u.Link(key)
		return ok
	})
}

// join joins the identity to the account that the person has proven, if the proof
// still holds in the transaction, and goes on to the app.
func (s *Service) join(ctx context.Context, p *hub.Pool, b Browser, w *waits, why string, holds func(*hub.User) bool) (Next, error) {
	return s.settle(ctx, p, b, w, func(tx *store.Tx) (*hub.User, *verdict, error) {
		u, v, err := w.account(tx)
		if v != nil || err != nil {
			return nil, v, err
		}
		if !holds(u) {
			return nil, &verdict{reason: NotProven, err: errors.New("the account changed while it was proven")}, nil
		}
		if err := directory.Join(tx, u, w.joining.Identity.Link, w.evidence(why)); err != nil {
			return unjoined(err)
		}
		w.arrival.joined = true
		return w.arrival.attributes(tx, p, w.client, u, true)
	}, hub.UserLinked)
}

// JoinClaim gives the account to the person, whose address it has and never
// proved. The provider must be trusted for that address (A82).
func (s *Service) JoinClaim(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction) (Next, error) {
	w, err := s.matching(ctx, p, b, in)
	if err != nil {
		return nil, err
	}
	end, more := hub.End{Cause: hub.ByOwner, Visitor: b.Visitor}, false
	var before func(*hub.Session) bool
	next, err := s.settle(ctx, p, b, w, func(tx *store.Tx) (*hub.User, *verdict, error) {
		u, v, err := w.account(tx)
		if v != nil || err != nil {
			return nil, v, err
		}
		m, err := w.again(tx, p)
		if err != nil {
			return nil, nil, err
		}
		if m == nil || m.user.Sub != u.Sub {
			return nil, &verdict{reason: NotProven, err: errors.New("the account changed while the person decided")}, nil
		}
		if _, _, claim := w.arrival.ways(p, w.client, u); !claim {
			return nil, &verdict{reason: NotProven, err: errors.New("the account may not be claimed")}, nil
		}
		if err := directory.Claim(tx, p, u, w.joining.Identity.Link, w.evidence("claimed the address, which nobody had proven and the provider is trusted for")); err != nil {
			return unjoined(err)
		}
		before = func(s *hub.Session) bool { return s.Began.Compare(u.SignedOut) <= 0 }
		if more, err = hub.EndSome(tx, p, u.Sub, end, before); err != nil {
			return nil, nil, err
		}
		w.arrival.joined = true
		return w.arrival.attributes(tx, p, w.client, u, true)
	}, hub.UserClaimed)
	if err != nil {
		return nil, err
	}
	if err := hub.EndRest(context.WithoutCancel(ctx), p, w.joining.Sub, more, end, before); err != nil {
		return nil, w.fail(s, Internal, err)
	}
	return next, nil
}

// JoinApart leaves the other account alone: the person gets one of its own.
func (s *Service) JoinApart(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction) (Next, error) {
	w, err := s.matching(ctx, p, b, in)
	if err != nil {
		return nil, err
	}
	return s.settle(ctx, p, b, w, func(tx *store.Tx) (*hub.User, *verdict, error) {
		return w.arrival.user(tx, p, w.client)
	}, "")
}

// settle uses up what waited and lets the person in as the user that is found.
func (s *Service) settle(ctx context.Context, p *hub.Pool, b Browser, w *waits, user func(*store.Tx) (*hub.User, *verdict, error), event hub.EventName) (Next, error) {
	a := &w.arrival
	next, v, err := s.enter(ctx, p, b, w.attempt, entry{
		auth: a.identity.AuthTime, provider: a.provider.Name, link: a.identity.Link.Key(), upstream: a.identity.Upstream, acr: a.identity.ACR,
		user: func(tx *store.Tx) (*hub.User, *verdict, error) {
			a.joined = false
			if _, err := hub.Joinings.Get(tx, w.in.ID); errors.Is(err, store.ErrNotFound) {
				return nil, &verdict{reason: Used, err: errors.New("it was answered before, or too late")}, nil
			} else if err != nil {
				return nil, nil, err
			}
			if err := hub.Joinings.Delete(tx, w.in.ID); err != nil {
				return nil, nil, err
			}
			if event != "" { // who it will be is known: what the app asked for is looked at before anything is changed
				known, err := hub.FindUser(tx, w.joining.Sub)
				if errors.Is(err, store.ErrNotFound) {
					known = &hub.User{Sub: w.joining.Sub} // user says what that means
				} else if err != nil {
					return nil, nil, err
				}
				if v := w.unmet(known, a.identity.ACR); v != nil {
					return nil, v, nil
				}
			}
			return user(tx)
		},
	})
	if err != nil {
		return nil, w.fail(s, Internal, err)
	}
	switch {
	case v == nil && event != "":
		w.record(event, true, Reason(directory.Person), "", w.joining.Sub)
	case v != nil && v.reason == AttributesRequired:
		return s.incomplete(ctx, p, w.attempt, *a, v)
	case v != nil:
		return w.stop(s, v)
	}
	return next, nil
}

// account is the account in the transaction that joins it.
func (w *waits) account(tx *store.Tx) (*hub.User, *verdict, error) {
	u, err := hub.FindUser(tx, w.joining.Sub)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, &verdict{reason: NotProven, err: errors.New("the account was deleted meanwhile")}, nil
	case err != nil:
		return nil, nil, err
	case u.Disabled:
		return nil, &verdict{reason: UserDisabled, err: fmt.Errorf("user %s is disabled", u.Username)}, nil
	}
	return u, nil, nil
}

// again matches once more: the account's address may have changed meanwhile.
func (w *waits) again(tx *store.Tx, p *hub.Pool) (*match, error) {
	return w.arrival.match(tx, p, w.client)
}

func (w *waits) evidence(why string) hub.Evidence {
	result, err := w.arrival.provider.Mapping.Apply(w.arrival.claims, nil)
	if err != nil {
		return w.arrival.evidence(directory.Person, why, nil)
	}
	return w.arrival.evidence(directory.Person, why, result.Set)
}

// unjoined is what becomes of a refusal of directory.Join: a verdict, or an error
// where the store failed.
func unjoined(err error) (*hub.User, *verdict, error) {
	switch {
	case errors.Is(err, directory.ErrLinked), errors.Is(err, directory.ErrSignedUp):
		return nil, &verdict{reason: LinkTaken, err: err}, nil
	case errors.Is(err, directory.ErrLimit):
		return nil, &verdict{reason: LinkLimit, err: err}, nil
	}
	return nil, nil, err
}
