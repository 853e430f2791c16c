package signin

import (
	"context"
	"errors"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/migration"
)

// provenLife is how long a right temporary password counts while its owner
// thinks of another.
const provenLife = 10 * time.Minute

var errPasswordOff = errors.New("the client does not enable the pool's own password")

// Password takes a user name and password from the sign-in page.
func (s *Service) Password(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction, name, password string) (Next, error) {
	t, failure := s.proceed(p, b, in)
	if failure != nil {
		return nil, failure
	}
	if !t.client.Password(t.p) {
		return nil, t.fail(s, ProviderOff, errPasswordOff)
	}
	user, migrated, err := s.Directory.SignIn(ctx, p, t.client.ID, name, password)
	if err != nil {
		return s.refusePassword(p, t, name, err)
	}
	if migrated {
		t.record(hub.UserMigrated, true, "", "", user.Sub)
	}
	if user.Status == hub.ForceChangePassword {
		in.Proven, in.ProvenName, in.ProvenAt = user.Sub, user.Username, p.Now()
		return t.askPassword(p, "", ""), nil
	}
	return s.local(ctx, p, b, t, user)
}

// refusePassword shows the form again after a mistake, and stops otherwise.
func (s *Service) refusePassword(p *hub.Pool, t *attempt, name string, err error) (Next, error) {
	ask := t.signIn(p)
	ask.Username, ask.Given = name, true
	var locked *directory.LockedError
	var unasked *migration.Error
	switch {
	case errors.Is(err, directory.ErrRefused):
		ask.Wrong = true
		t.record(hub.PasswordRefused, false, WrongPassword, "", "")
		return ask, nil
	case errors.As(err, &locked):
		e := t.fail(s, Locked, err)
		e.Wait = locked.Until.Sub(p.Now())
		return nil, e
	case errors.Is(err, directory.ErrOverloaded):
		return nil, t.fail(s, Overloaded, err)
	case errors.As(err, &unasked) && unasked.Kind == migration.Challenge:
		return nil, t.fail(s, MigrationChallenge, err)
	case errors.As(err, &unasked):
		return nil, t.fail(s, MigrationFailed, err)
	default:
		return nil, t.fail(s, Internal, err)
	}
}

// ChoosePassword takes the password a person chose in place of the temporary
// one that this interaction has proven, and lets the person in.
func (s *Service) ChoosePassword(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction, password string) (Next, error) {
	t, failure := s.proceed(p, b, in)
	if failure != nil {
		return nil, failure
	}
	if in.Proven == "" || p.Now().Sub(in.ProvenAt) > provenLife {
		return nil, t.fail(s, Expired, errors.New("no temporary password was proven in this sign-in"))
	}
	user, err := s.Directory.ChooseFirst(ctx, p, in.Proven, password)
	switch {
	case errors.Is(err, directory.ErrPolicy):
		return t.askPassword(p, PasswordPolicy, password), nil
	case errors.Is(err, directory.ErrSame):
		return t.askPassword(p, PasswordSame, password), nil
	case errors.Is(err, directory.ErrRefused):
		return nil, t.fail(s, Expired, errors.New("the user no longer waits for a first password"))
	case errors.Is(err, directory.ErrOverloaded):
		return nil, t.fail(s, Overloaded, err)
	case err != nil:
		return nil, t.fail(s, Internal, err)
	}
	t.record(hub.PasswordChanged, true, "", "", user.Sub)
	return s.local(ctx, p, b, t, user)
}

func (t *attempt) askPassword(p *hub.Pool, problem PasswordProblem, tried string) Next {
	return AskPassword{
		Client: t.client, Interaction: t.in, Username: t.in.ProvenName, Rules: p.PasswordPolicy.Judge(tried), Problem: problem, FormTarget: t.target,
	}
}

// local lets in a user whose password was right a moment ago; the transaction
// sees to it that it still is.
func (s *Service) local(ctx context.Context, p *hub.Pool, b Browser, t *attempt, proven *hub.User) (Next, error) {
	next, v, err := s.enter(ctx, p, b, t, entry{user: func(tx *store.Tx) (*hub.User, *verdict, error) {
		u, err := hub.FindUser(tx, proven.Sub)
		if err != nil {
			return nil, nil, err
		}
		if u.Disabled || u.Password != proven.Password {
			return nil, &verdict{reason: UserDisabled, err: errors.New("changed while the password was checked")}, nil
		}
		return u, nil, nil
	}})
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if v != nil {
		return t.stop(s, v)
	}
	return next, nil
}

// Continue lets a person who is signed in go on to the app as the person shown
// on the page.
func (s *Service) Continue(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction) (Next, error) {
	t, failure := s.proceed(p, b, in)
	if failure != nil {
		return nil, failure
	}
	session, user, err := Session(ctx, p, b.SessionCookie)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	asked, err := t.asked(p)
	if err != nil || session == nil || !t.usable(p, session, user, asked) {
		return nil, t.fail(s, Expired, errors.New("the session shown on the page is over"))
	}
	return s.resume(ctx, p, b, t, session)
}
