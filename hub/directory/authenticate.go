package directory

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Authenticate checks a user name, or a proven e-mail address, and a password.
// A wrong, absent, disabled or federated-only account gives ErrRefused after
// the same work. A *LockedError says that the account was guessed at too often;
// ErrOverloaded that the hub has too many passwords to check.
//
// The user may be in ForceChangePassword: then the password was right, and it
// allows nothing but choosing another.
func (d *Directory) Authenticate(ctx context.Context, p *hub.Pool, name, password string) (*hub.User, error) {
	if len(name) > 256 || len(password) > hub.PasswordMax || password == "" {
		return nil, ErrRefused
	}
	u, err := d.named(ctx, p, name)
	if err != nil {
		return nil, err
	}
	return d.check(ctx, p, u, name, password)
}

// AuthenticateUser checks the password of one user, as Authenticate does. What is
// refused counts against the same user.
func (d *Directory) AuthenticateUser(ctx context.Context, p *hub.Pool, sub, password string) (*hub.User, error) {
	if len(password) > hub.PasswordMax || password == "" {
		return nil, ErrRefused
	}
	u, err := Get(ctx, p, sub)
	if err != nil && !errors.Is(err, ErrNoUser) {
		return nil, err
	}
	return d.check(ctx, p, u, sub, password)
}

// check compares a password with that of a user, who may be nil: then a user of
// that name was looked for.
func (d *Directory) check(ctx context.Context, p *hub.Pool, u *hub.User, name, password string) (*hub.User, error) {
	account, hash := p.Name+"/"+hub.FoldName(name), ""
	if u != nil {
		account, hash = p.Name+"/"+u.Sub, u.Password
	}
	now := p.Now()
	if until := d.attempts.Begin(account, now); !until.IsZero() {
		return nil, &LockedError{Until: until}
	}
	ok, weak, err := d.hasher.Verify(ctx, hash, password)
	if err != nil {
		return nil, err
	}
	expired := u != nil && u.Status == hub.ForceChangePassword && now.After(u.PasswordExpiry)
	if !ok || u.Disabled || expired {
		return nil, ErrRefused
	}
	d.attempts.Succeed(account)
	if weak {
		return d.rehash(ctx, p, u, password)
	}
	return u, nil
}

// ChooseFirst sets the password a person chose in place of a temporary one and
// makes the user CONFIRMED. It returns ErrPolicy, ErrSame, or ErrRefused
// when the user no longer waits for this.
func (d *Directory) ChooseFirst(ctx context.Context, p *hub.Pool, sub, password string) (*hub.User, error) {
	if !p.PasswordPolicy.Accepts(password) {
		return nil, ErrPolicy
	}
	u, err := Get(ctx, p, sub)
	if err != nil {
		return nil, ErrRefused
	}
	same, _, err := d.hasher.Verify(ctx, u.Password, password)
	if err != nil {
		return nil, err
	}
	if same {
		return nil, ErrSame
	}
	hash, err := d.hasher.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	return change(ctx, p, sub, func(u *hub.User) error {
		if u.Status != hub.ForceChangePassword || u.Disabled {
			return ErrRefused
		}
		u.Status, u.Password, u.PasswordExpiry = hub.Confirmed, hash, time.Time{}
		return nil
	})
}

// rehash stores the password's hash at today's cost.
func (d *Directory) rehash(ctx context.Context, p *hub.Pool, u *hub.User, password string) (*hub.User, error) {
	hash, err := d.hasher.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	return change(ctx, p, u.Sub, func(now *hub.User) error {
		if now.Password == u.Password {
			now.Password = hash
		}
		return nil
	})
}

// named finds the one local account a person may mean by a name: its user name,
// or an e-mail address that exactly one account has proven. Nobody is nil.
func (d *Directory) named(ctx context.Context, p *hub.Pool, name string) (u *hub.User, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		u, err = hub.Users.Find(tx, "name", hub.LocalNameKey(name))
		if !errors.Is(err, store.ErrNotFound) || !strings.Contains(name, "@") {
			return err
		}
		owners, _, err := hub.Users.FindAll(tx, "email", hub.FoldName(name), store.Page{Limit: 10})
		if err != nil {
			return err
		}
		for _, o := range owners {
			if o.Password == "" || o.Attributes["email_verified"] != "true" {
				continue
			}
			if u != nil {
				u = nil // two owners: neither can be meant
				return nil
			}
			u = o
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return u, err
}

func notInNames(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf)
}
