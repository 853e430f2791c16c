package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Refusals of a link.
var (
	// ErrLinked: the identity is joined to another user, or to this one already.
	ErrLinked = errors.New("the identity is linked to a user already")
	// ErrSignedUp: the identity has a user of its own, made by its first sign-in.
	//lint:ignore ST1005 Cognito's words
	ErrSignedUp = errors.New("Merging is not currently supported, provide a SourceUser that has not been signed up in order to link")
	ErrLimit    = fmt.Errorf("the user has %d linked identities, and no more may be added", hub.MaxLinks)
	ErrNoLink   = errors.New("the user has no such identity")
	// ErrLastWay: without this identity the person could not sign in any more.
	ErrLastWay = errors.New("it is the user's last way in")
	// ErrNamesake: the user was made by this identity's first sign-in, and has its name.
	ErrNamesake = errors.New("the user is named after this identity; delete the user instead")
)

// By is whose word a link is made or removed on.
type By string

// Those who may say so: Evidence.By begins with it.
const (
	Administrator By = "administrator"
	Person        By = "person"
	Rule          By = "rule"
)

// Join adds an identity to a user that is there, in a transaction, and is the one
// place where that happens: never without evidence, never an identity that
// anybody has, never one whose own user is there. It returns ErrLinked,
// ErrSignedUp or ErrLimit. The caller writes the user.
func Join(tx *store.Tx, u *hub.User, l hub.Link, e hub.Evidence) error {
	if e.By == "" || e.Why == "" {
		return errors.New("a link without evidence")
	}
	switch holder, err := hub.Users.Find(tx, "link", l.Key()); {
	case err == nil && holder.Sub != u.Sub && own(holder, l):
		return ErrSignedUp
	case err == nil:
		return ErrLinked
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	// The name that the identity would get: its user may have another issuer in its
	// link, of a provider that has moved.
	switch namesake, err := hub.Users.Find(tx, "name", hub.FederatedNameKey(FederatedName(l))); {
	case err == nil && namesake.Sub != u.Sub:
		return ErrSignedUp
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	if u.Joined() >= hub.MaxLinks {
		return ErrLimit
	}
	l.Primary, l.Created, l.Evidence = false, tx.Now, &e
	u.Links = append(u.Links, l)
	u.Modified = tx.Now
	return nil
}

// own tells whether a user was made by an identity's first sign-in.
func own(u *hub.User, l hub.Link) bool {
	held, ok := u.Link(l.Key())
	return ok && held.Primary
}

// FederatedName is the name of the user that an identity's first sign-in makes
// (Cognito: provider, underscore, subject).
func FederatedName(l hub.Link) string { return l.Provider + "_" + l.Subject }

// Link joins an identity that has not signed in yet to a user, on an
// administrator's word (Cognito's AdminLinkProviderForUser). An empty issuer is
// the provider's own. It returns ErrNoUser, an *InvalidError, or what Join does.
func Link(ctx context.Context, p *hub.Pool, name string, l hub.Link, admin string) (u *hub.User, err error) {
	pr, ok := p.Provider(l.Provider)
	switch {
	case !ok:
		return nil, &InvalidError{Field: "provider", Message: fmt.Sprintf("is not one of the pool's: %q", l.Provider)}
	case l.Subject == "" || len(l.Subject) > 255:
		return nil, &InvalidError{Field: "subject", Message: "is empty or longer than 255 bytes"}
	case len(l.Issuer) > 2048:
		return nil, &InvalidError{Field: "issuer", Message: "is longer than 2048 bytes"}
	}
	if l.Issuer == "" {
		l.Issuer = pr.Upstream.Issuer()
	}
	l.Type = pr.Type
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		if u, err = Find(tx, name); err != nil {
			return err
		}
		e := hub.Evidence{By: strings.TrimSpace(string(Administrator) + " " + admin), Why: "linked by hand"}
		if err := Join(tx, u, l, e); err != nil {
			return err
		}
		return hub.Users.Put(tx, u)
	})
	return u, err
}

// Claim gives an account to the owner of its address, whom a provider trusted for
// it has proven: whatever could have been another's goes with everything that it
// opened, and only the owner's identity is left (A86, A87, A88). The sessions are
// ended by the caller, who writes the user too.
func Claim(tx *store.Tx, p *hub.Pool, u *hub.User, l hub.Link, e hub.Evidence) error {
	gone := u.Links
	u.Links, u.Password, u.PasswordExpiry = nil, "", time.Time{}
	if err := u.Forget(p, gone); err != nil {
		return err
	}
	u.Status, u.SignedOut = hub.ExternalProvider, tx.Now
	u.Attributes["email_verified"] = "true"
	for _, planted := range []string{"phone_number", "phone_number_verified", "preferred_username"} {
		delete(u.Attributes, planted)
	}
	return Join(tx, u, l, e)
}

// Unlink takes an identity off a user, with what rests on it (hub.User.Forget), and
// ends the sessions that began with it.
// Its next sign-in makes a user of its own again. It returns ErrNoUser, ErrNoLink,
// ErrLastWay or ErrNamesake.
func Unlink(ctx context.Context, p *hub.Pool, name, key string, by hub.End) (u *hub.User, err error) {
	by.Cause = hub.ByUnlinking
	through := func(s *hub.Session) bool { return s.Link == key }
	more := false
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		if u, err = Find(tx, name); err != nil {
			return err
		}
		if err := Removable(p, u, key); err != nil {
			return err
		}
		gone, _ := u.Link(key)
		u.Links = slices.DeleteFunc(slices.Clone(u.Links), func(l hub.Link) bool { return l.Key() == key })
		if err := u.Forget(p, []hub.Link{gone}); err != nil {
			return err
		}
		u.Modified = tx.Now
		if err := hub.Users.Put(tx, u); err != nil {
			return err
		}
		more, err = hub.EndSome(tx, p, u.Sub, by, through)
		return err
	})
	if err != nil {
		return u, err
	}
	return u, hub.EndRest(context.WithoutCancel(ctx), p, u.Sub, more, by, through)
}

// Removable says why an identity cannot be taken off a user; nil if it can. A way
// in that is left must be one that is open: a password, or a provider that is on.
func Removable(p *hub.Pool, u *hub.User, key string) error {
	l, ok := u.Link(key)
	switch {
	case !ok:
		return ErrNoLink
	case u.Password == "" && !slices.ContainsFunc(u.Links, func(other hub.Link) bool {
		pr, ok := p.Provider(other.Provider)
		return other.Key() != key && ok && pr.Enabled
	}):
		return ErrLastWay
	case l.Primary && u.Federated():
		return ErrNamesake
	}
	return nil
}
