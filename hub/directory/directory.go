package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Refusals an administrator's client or a person's page branches on.
var (
	ErrNoUser  = errors.New("user does not exist")
	ErrExists  = errors.New("a user of that name exists")
	ErrRefused = errors.New("user name or password is wrong")
	ErrPolicy  = errors.New("password does not satisfy the policy")
	ErrSame    = errors.New("password is the temporary one")
)

// LockedError refuses a try on an account that was guessed at too often.
type LockedError struct{ Until time.Time }

func (e *LockedError) Error() string { return "password attempts exceeded" }

// InvalidError refuses a field an administrator or a person filled in.
type InvalidError struct{ Field, Message string }

func (e *InvalidError) Error() string { return e.Field + ": " + e.Message }

// Directory is the people of any pool, with what checking passwords needs. One
// serves the whole process.
type Directory struct {
	hasher   *Hasher
	attempts *Attempts
	asking   lane // of questions to the systems that people come from
	pace     *pace
}

// New makes a directory that hashes passwords at the given cost.
func New(cost Cost) *Directory {
	return &Directory{hasher: NewHasher(cost), attempts: NewAttempts(), asking: newLane(askingWidth, askingWidth), pace: newPace()}
}

// NewUser is what an administrator says of a user to be.
type NewUser struct {
	Username   string
	Password   string // the person must change it at the first sign-in if Temporary
	Temporary  bool
	Attributes mapping.Attributes
	Disabled   bool
}

// Create makes a user with a password: FORCE_CHANGE_PASSWORD when it is
// temporary, CONFIRMED otherwise. It returns ErrExists, ErrPolicy or an
// *InvalidError.
func (d *Directory) Create(ctx context.Context, p *hub.Pool, n NewUser) (*hub.User, error) {
	if err := checkName(p, n.Username); err != nil {
		return nil, err
	}
	if len(n.Password) > hub.PasswordMax || !p.PasswordPolicy.Accepts(n.Password) {
		return nil, ErrPolicy
	}
	if err := p.Schema.Check(n.Attributes); err != nil {
		return nil, &InvalidError{Field: "attributes", Message: err.Error()}
	}
	hash, err := d.hasher.Hash(ctx, n.Password)
	if err != nil {
		return nil, err
	}
	u := &hub.User{
		Sub: NewSub(), Username: strings.TrimSpace(n.Username), Status: hub.Confirmed,
		Attributes: n.Attributes, Disabled: n.Disabled, Password: hash,
	}
	if n.Temporary {
		u.Status = hub.ForceChangePassword
	}
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		u.Created, u.Modified = tx.Now, tx.Now
		if n.Temporary {
			u.PasswordExpiry = tx.Now.Add(p.PasswordPolicy.TemporaryLife)
		}
		return hub.Users.Create(tx, u)
	})
	if errors.Is(err, store.ErrExists) {
		return nil, ErrExists
	}
	return u, err
}

// Find finds a user by sub, by name, by the name a provider gave, or by the sub
// it had in a pool that was merged into this one.
func Find(tx *store.Tx, name string) (*hub.User, error) {
	for _, find := range []func() (*hub.User, error){
		func() (*hub.User, error) { return hub.Users.Get(tx, name) },
		func() (*hub.User, error) { return hub.Users.Find(tx, "name", hub.LocalNameKey(name)) },
		func() (*hub.User, error) { return hub.Users.Find(tx, "name", hub.FederatedNameKey(name)) },
		func() (*hub.User, error) { return hub.Users.Find(tx, "alias", name) },
	} {
		u, err := find()
		if !errors.Is(err, store.ErrNotFound) {
			return u, err
		}
	}
	return nil, ErrNoUser
}

// Get finds a user as Find does, in a snapshot of its own.
func Get(ctx context.Context, p *hub.Pool, name string) (u *hub.User, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		u, err = Find(tx, name)
		return err
	})
	return u, err
}

// List returns up to limit users in the order of their names, and where to go on.
func List(ctx context.Context, p *hub.Pool, after string, limit int) (users []*hub.User, next string, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		users, next, err = hub.Users.List(tx, "name", "", store.Page{After: after, Limit: limit})
		return err
	})
	return users, next, err
}

// SetDisabled switches a user off or on. A user switched off is refused by
// every way in, every token and session made before is dead at its next use, and
// the apps of the sessions are told; by is the administrator, for their record.
func SetDisabled(ctx context.Context, p *hub.Pool, name string, disabled bool, by hub.End) (*hub.User, error) {
	by.Cause = hub.ByDisabling
	return end(ctx, p, name, disabled, by, func(tx *store.Tx, u *hub.User) error {
		u.Disabled, u.Modified = disabled, tx.Now
		return hub.Users.Put(tx, u)
	})
}

// SetGroup puts a user into a group or takes it out, and returns the user. It
// returns an *InvalidError if the user cannot be there.
func SetGroup(ctx context.Context, p *hub.Pool, name, group string, in bool) (*hub.User, error) {
	return change(ctx, p, name, func(u *hub.User) error {
		if !in {
			u.LeaveGroup(group)
			return nil
		}
		if err := u.JoinGroup(p, group); err != nil {
			return &InvalidError{Field: "group", Message: err.Error()}
		}
		return nil
	})
}

// SignOut signs a user out everywhere: every session, code and token that began
// before is dead at its next use, and the apps of the sessions are told.
func SignOut(ctx context.Context, p *hub.Pool, name string, by hub.End) (*hub.User, error) {
	by.Cause = hub.ByAdministrator
	return end(ctx, p, name, true, by, func(tx *store.Tx, u *hub.User) error {
		u.SignedOut, u.Modified = tx.Now, tx.Now
		return hub.Users.Put(tx, u)
	})
}

// Delete removes a user and tells the apps of its sessions. The sub is never
// given to anybody else.
func Delete(ctx context.Context, p *hub.Pool, name string, by hub.End) (*hub.User, error) {
	by.Cause = hub.ByDeletion
	return end(ctx, p, name, true, by, func(tx *store.Tx, u *hub.User) error {
		if err := p.ForgetSamples(tx, u); err != nil {
			return err
		}
		return hub.Users.Delete(tx, u.Sub)
	})
}

// end does something to a user and, if sessions says so, ends all sessions with
// it: in the same transaction, but for somebody who has very many.
func end(ctx context.Context, p *hub.Pool, name string, sessions bool, by hub.End, do func(*store.Tx, *hub.User) error) (u *hub.User, err error) {
	more := false
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		if u, err = Find(tx, name); err != nil {
			return err
		}
		if err := do(tx, u); err != nil || !sessions {
			return err
		}
		more, err = hub.EndSome(tx, p, u.Sub, by, nil)
		return err
	})
	if err != nil || !sessions {
		return u, err
	}
	return u, hub.EndRest(context.WithoutCancel(ctx), p, u.Sub, more, by, nil)
}

func change(ctx context.Context, p *hub.Pool, name string, do func(*hub.User) error) (u *hub.User, err error) {
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		if u, err = Find(tx, name); err != nil {
			return err
		}
		if err := do(u); err != nil {
			return err
		}
		u.Modified = tx.Now
		return hub.Users.Put(tx, u)
	})
	return u, err
}

func checkName(p *hub.Pool, name string) error {
	providers := make([]string, len(p.Providers))
	for i, pr := range p.Providers {
		providers[i] = pr.Name
	}
	return CheckName(name, providers)
}

// CheckName refuses names that could be taken for another person's: odd
// characters, and the names that one of the pool's providers gives. The error is
// an *InvalidError.
func CheckName(name string, providers []string) error {
	switch name = strings.TrimSpace(name); {
	case name == "":
		return &InvalidError{Field: "username", Message: "is empty"}
	case len(name) > 128:
		return &InvalidError{Field: "username", Message: "is longer than 128 bytes"}
	case strings.ContainsFunc(name, notInNames):
		return &InvalidError{Field: "username", Message: "holds a space, a control character or an invisible one"}
	}
	for _, provider := range providers {
		if strings.HasPrefix(hub.FoldName(name), hub.FoldName(provider+"_")) {
			return &InvalidError{Field: "username", Message: fmt.Sprintf("names that begin with %q belong to people who come in through the provider %s", provider+"_", provider)}
		}
	}
	return nil
}

// NewSub makes a subject: a random UUID (RFC 9562 §5.4), as Cognito's are.
func NewSub() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
