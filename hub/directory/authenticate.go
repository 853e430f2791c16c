package directory

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/migration"
)

// Authenticate checks a user name, or a proven e-mail address, and a password.
// A wrong, absent, disabled or federated-only account gives ErrRefused after
// the same work. A *LockedError says that the account was guessed at too often;
// ErrOverloaded that the hub has too many passwords to check.
//
// The user may be in ForceChangePassword: then the password was right, and it
// allows nothing but choosing another.
//
// Where the pool has a Migration, that system is asked about who has no password
// here yet, and a yes makes the user: then an *migration.Error says that it could
// not be asked, and nothing was made.
func (d *Directory) Authenticate(ctx context.Context, p *hub.Pool, name, password string) (*hub.User, error) {
	u, _, err := d.SignIn(ctx, p, "", name, password)
	return u, err
}

// SignIn is Authenticate for a client. migrated tells that the password came from
// the pool's Migration just now.
func (d *Directory) SignIn(ctx context.Context, p *hub.Pool, clientID, name, password string) (user *hub.User, migrated bool, err error) {
	if len(name) > 256 || len(password) > hub.PasswordMax || password == "" {
		return nil, false, ErrRefused
	}
	u, err := d.named(ctx, p, name)
	if err != nil {
		return nil, false, err
	}
	return d.check(ctx, p, u, migration.Question{Username: name, Password: password, ClientID: clientID, Pool: p.Name})
}

// AuthenticateUser checks the password of one user, as SignIn does. What is
// refused counts against the same user.
func (d *Directory) AuthenticateUser(ctx context.Context, p *hub.Pool, clientID, sub, password string) (user *hub.User, migrated bool, err error) {
	if len(password) > hub.PasswordMax || password == "" {
		return nil, false, ErrRefused
	}
	var u *hub.User
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		u, err = hub.FindUser(tx, sub) // a name that looks like a sub is nobody here
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, ErrRefused // deleted a moment ago; nobody guesses at a sub
	}
	if err != nil {
		return nil, false, err
	}
	return d.check(ctx, p, u, migration.Question{Username: u.Username, Password: password, ClientID: clientID, Pool: p.Name})
}

// check compares a password with that of a user, who may be nil: then a user of
// that name was looked for. The question is what the pool's Migration is asked.
func (d *Directory) check(ctx context.Context, p *hub.Pool, u *hub.User, q migration.Question) (user *hub.User, migrated bool, err error) {
	password := q.Password
	account, hash := p.Name+"/"+hub.FoldName(q.Username), ""
	if u != nil {
		account, hash = p.Name+"/"+u.Sub, u.Password
	}
	now := p.Now()
	if until := d.attempts.Begin(account, now); !until.IsZero() {
		return nil, false, &LockedError{Until: until}
	}
	ok, weak, err := d.hasher.Verify(ctx, hash, password)
	if err != nil {
		return nil, false, err
	}
	expired := u != nil && u.Status == hub.ForceChangePassword && now.After(u.PasswordExpiry)
	switch {
	case ok && !u.Disabled && !expired:
	case p.Migration != nil && (u == nil || u.Awaited()):
		if u, err = d.migrate(ctx, p, u, q); err != nil {
			return nil, false, err
		}
		d.attempts.Succeed(account)
		return u, true, nil
	case p.Migration != nil:
		d.pace.linger(ctx, p.Name)
		fallthrough
	default:
		return nil, false, ErrRefused
	}
	d.attempts.Succeed(account)
	if weak {
		u, err = d.rehash(ctx, p, u, password)
	}
	return u, false, err
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
// or an e-mail address that exactly one account has proven. Where an old system
// is asked, that may also be the only imported account of the address: its name is
// what is asked about then, so the address need not be proven. Nobody is nil.
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
		marked := func(o *hub.User) bool { return o.Password != "" && o.Attributes["email_verified"] == "true" }
		// A mark that anybody's provider could have set does not stand against a proof.
		if u = only(owners, func(o *hub.User) bool { return marked(o) && o.Proven(p) }); u == nil {
			u = only(owners, marked)
		}
		if u == nil && p.Migration != nil {
			// One who is disabled is meant all the same, and refused.
			u = only(owners, func(o *hub.User) bool { return o.Status == hub.ResetRequired && o.Password == "" })
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return u, err
}

// only is the one user of whom something is true; of two neither can be meant.
func only(users []*hub.User, is func(*hub.User) bool) (u *hub.User) {
	for _, o := range users {
		switch {
		case !is(o):
		case u != nil:
			return nil
		default:
			u = o
		}
	}
	return u
}

func notInNames(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf)
}
