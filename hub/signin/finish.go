package signin

import (
	"context"
	"errors"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// entry is a person about to come in, and the proof of it.
type entry struct {
	user     func(*store.Tx) (*hub.User, *verdict, error)
	auth     time.Time
	provider string // empty: the pool's own password
	link     string
	sid      string // the provider's
	acr      string
}

// enter opens a session under a new id and gives the app its code, both in one
// transaction with whatever finding the user writes. A verdict means that
// nobody came in.
func (s *Service) enter(ctx context.Context, p *hub.Pool, b Browser, t *attempt, e entry) (Next, *verdict, error) {
	id, secret, cookie := hub.NewSessionID(p.Now())
	code := hub.NewID(p.Now())
	record := t.code(p, code)
	var v *verdict
	var user *hub.User
	err := p.Space.Update(ctx, func(tx *store.Tx) error {
		var err error
		if user, v, err = e.user(tx); err != nil || v != nil {
			return err
		}
		if v = t.unmet(user.Sub, e.acr); v != nil {
			return nil
		}
		session := &hub.Session{
			ID: id, Secret: secret, UpstreamSID: e.sid, Expires: tx.Now.Add(p.SessionLife),
			Entry: hub.Entry{
				Sub: user.Sub, Provider: e.provider, Link: e.link, ACR: e.acr, AuthTime: authTime(e.auth, tx.Now), Began: tx.Now,
			},
		}
		if err := hub.Sessions.Create(tx, session); err != nil {
			return err
		}
		if err := leave(tx, b.SessionCookie); err != nil {
			return err
		}
		if t.in.Device != "" {
			return nil // the device is asked about on the next page
		}
		return t.grant(tx, p, record, session)
	})
	if errors.Is(err, store.ErrExists) {
		return nil, &verdict{reason: Used, err: errors.New("a code was made for this sign-in before")}, nil
	}
	if err != nil || v != nil {
		return nil, v, err
	}
	t.record(hub.SignIn, true, "", "", user.Sub)
	response := t.target.Code(code)
	if t.in.Device != "" {
		response.Fields = []oauth.Field{{Name: "user_code", Value: t.in.Device}}
	}
	return ToApp{
		Client: t.client, Response: response, Session: cookie, SessionLife: p.SessionLife, Finished: t.in.ID, Provider: e.provider,
	}, nil, nil
}

// resume gives the app a code from a session that is live already.
func (s *Service) resume(ctx context.Context, p *hub.Pool, t *attempt, session *hub.Session) (Next, error) {
	code := hub.NewID(p.Now())
	record := t.code(p, code)
	var v *verdict
	err := p.Space.Update(ctx, func(tx *store.Tx) error {
		v = nil
		live, err := hub.Sessions.Get(tx, session.ID)
		if err != nil {
			return err
		}
		u, err := hub.Users.Get(tx, live.Sub)
		if err != nil {
			return err
		}
		if why := live.Over(u); why != "" {
			v = &verdict{reason: UserDisabled, err: errors.New("since the session began: " + why)}
			return nil
		}
		return t.grant(tx, p, record, live)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, t.fail(s, Expired, errors.New("the session ended meanwhile"))
	case errors.Is(err, store.ErrExists):
		return nil, t.fail(s, Used, err)
	case err != nil:
		return nil, t.fail(s, Internal, err)
	case v != nil:
		return nil, t.fail(s, v.reason, v.err)
	}
	t.record(hub.SignIn, true, "", "", session.Sub)
	return ToApp{Client: t.client, Response: t.target.Code(code), Finished: t.in.ID, Provider: session.Provider}, nil
}

// code drafts the record of a code; the transaction adds whose it is.
func (t *attempt) code(p *hub.Pool, code string) hub.Code {
	r := &t.in.Request
	state := ""
	if r.State != "" {
		state = t.client.SigningAlgorithm(p).HalfHash(r.State)
	}
	return hub.Code{
		ID: hub.CodeID(code), Interaction: t.in.ID, Grant: hub.NewGrantID(p.Now()),
		ClientID: t.client.ID, RedirectURI: r.RedirectURI, Scope: t.scope(), Resource: r.Resource, Wish: t.in.Wish, Nonce: r.Nonce, StateHash: state, Challenge: r.CodeChallenge, JKT: r.DPoPJKT,
	}
}

// scope is what the app asked for, or everything its client may (Cognito).
func (t *attempt) scope() oauth.Scope {
	if len(t.in.Request.Scope) > 0 {
		return t.in.Request.Scope
	}
	return t.client.Scopes
}

func (t *attempt) grant(tx *store.Tx, p *hub.Pool, c hub.Code, session *hub.Session) error {
	if there, err := spend(tx, t.in.Pushed); err != nil {
		return err
	} else if !there {
		return store.ErrExists // what was pushed once has been finished before
	}
	c.Session, c.Entry = session.ID, session.Entry
	c.Expires, c.Forgotten = tx.Now.Add(p.CodeLife), tx.Now.Add(hub.CodeMemory)
	return hub.Codes.Create(tx, &c)
}

// leave ends the session this browser had before, so that its id is dead.
func leave(tx *store.Tx, cookie string) error {
	if cookie == "" {
		return nil
	}
	old, err := hub.FindSession(tx, cookie)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return hub.Sessions.Delete(tx, old.ID)
}

// Session finds the live session of a cookie value and its user. A session
// whose user is gone, disabled or signed out everywhere is none. Both are nil when there is none.
func Session(ctx context.Context, p *hub.Pool, cookie string) (session *hub.Session, user *hub.User, err error) {
	if cookie == "" {
		return nil, nil, nil
	}
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		if session, err = hub.FindSession(tx, cookie); err != nil {
			return err
		}
		user, err = hub.Users.Get(tx, session.Sub)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || (err == nil && session.Over(user) != "") {
		return nil, nil, nil
	}
	return session, user, err
}
