package signin

import (
	"bytes"
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
	upstream hub.Upstream
	acr      string
	sample   *hub.Sample // of the claims; nil: none is kept
}

// enter opens a session under a new id and gives the app its code, both in one
// transaction with whatever finding the user writes. A verdict means that
// nobody came in.
func (s *Service) enter(ctx context.Context, p *hub.Pool, b Browser, t *attempt, e entry) (Next, *verdict, error) {
	id, key, secret := hub.NewSessionID(p.Now())
	code := hub.NewID(p.Now())
	record := t.code(p, code)
	var v *verdict
	var user *hub.User
	var session *hub.Session
	replaced := false
	err := p.Space.Update(ctx, func(tx *store.Tx) error {
		var err error
		if user, v, err = e.user(tx); err != nil || v != nil {
			return err
		}
		if v = t.unmet(user, e.acr); v != nil {
			return nil
		}
		session = &hub.Session{
			ID: id, Secret: secret, UpstreamSID: e.upstream.SID, Hint: e.upstream.Hint,
			Expires: tx.Now.Add(p.SessionLife), Kept: tx.Now.Add(p.SessionLife),
			Entry: hub.Entry{
				Sub: user.Sub, Provider: e.provider, Link: e.link, ACR: e.acr, AuthTime: authTime(e.auth, tx.Now), Began: tx.Now,
			},
		}
		if !session.Began.After(user.SignedOut) { // what was before fell a moment ago, in this transaction
			session.Began = user.SignedOut.Add(1)
		}
		if replaced, err = succeed(tx, p, session, user, b); err != nil {
			return err
		}
		if err := keepSample(tx, e.sample); err != nil {
			return err
		}
		if !t.in.App() {
			return hub.Sessions.Put(tx, session) // the next page is ours
		}
		session.Join(p, t.client.ID, until(p, t.client, tx.Now))
		if err := hub.Sessions.Put(tx, session); err != nil {
			return err
		}
		return t.grant(tx, p, record, session)
	})
	if errors.Is(err, store.ErrExists) {
		return nil, &verdict{reason: Used, err: errors.New("a code was made for this sign-in before")}, nil
	}
	if err != nil || v != nil {
		return nil, v, err
	}
	if replaced {
		p.TellEnded()
	}
	t.record(hub.SignIn, true, "", "", user.Sub)
	response := t.target.Code(code)
	switch {
	case t.in.Device != "":
		response.Fields = []oauth.Field{{Name: "user_code", Value: t.in.Device}}
	case t.in.Account:
		response.Fields = nil
	}
	return ToApp{
		Client: t.client, Response: response, Session: hub.SessionCookie(session.ID, key), SessionLife: session.Kept.Sub(p.Now()), Finished: t.in.ID, Provider: e.provider,
	}, nil, nil
}

// resume gives the app a code from a session that is live already.
func (s *Service) resume(ctx context.Context, p *hub.Pool, b Browser, t *attempt, session *hub.Session) (Next, error) {
	code := hub.NewID(p.Now())
	record := t.code(p, code)
	var v *verdict
	var life time.Duration
	err := p.Space.Update(ctx, func(tx *store.Tx) error {
		v = nil
		live, err := hub.Sessions.Get(tx, session.ID)
		if err != nil {
			return err
		}
		if !live.Live(tx.Now) {
			return store.ErrNotFound
		}
		u, err := hub.FindUser(tx, live.Sub)
		if err != nil {
			return err
		}
		if why := live.Over(u); why != "" {
			v = &verdict{reason: UserDisabled, err: errors.New("since the session began: " + why)}
			return nil
		}
		moved := live.Sub != u.Sub // a merge made one of two users
		live.Sub = u.Sub
		if live.Join(p, t.client.ID, until(p, t.client, tx.Now)) || moved {
			if err := hub.Sessions.Put(tx, live); err != nil {
				return err
			}
		}
		life = prolonged(tx, live, session)
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
	next := ToApp{Client: t.client, Response: t.target.Code(code), Finished: t.in.ID, Provider: session.Provider}
	if life > 0 {
		next.Session, next.SessionLife = b.SessionCookie, life
	}
	return next, nil
}

// prolonged is how long the cookie by which a session was found lives from now on,
// if the session is remembered for longer than it was then; zero: as long as it
// did, or the session has another cookie by now.
func prolonged(tx *store.Tx, live, found *hub.Session) time.Duration {
	if !live.Kept.After(found.Kept) || !bytes.Equal(live.Secret, found.Secret) {
		return 0
	}
	return live.Kept.Sub(tx.Now)
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

// until is when the last of what a client is given now will be dead.
func until(p *hub.Pool, c *hub.Client, now time.Time) time.Time {
	return now.Add(p.CodeLife + c.RefreshLife)
}

// succeed deals with the session that this browser had before. The same person,
// come the same way, goes on with it: to the apps that share it nothing has
// happened. Anybody else's ends, and its apps are told. Either way the secret is
// a new one, so that whoever held the old cookie holds nothing.
func succeed(tx *store.Tx, p *hub.Pool, session *hub.Session, user *hub.User, b Browser) (replaced bool, err error) {
	if b.SessionCookie == "" {
		return false, nil
	}
	old, err := hub.FindSession(tx, b.SessionCookie)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if user.Is(old.Sub) && old.Provider == session.Provider && old.Link == session.Link {
		session.ID, session.Clients = old.ID, old.Clients
		if old.Kept.After(session.Kept) {
			session.Kept = old.Kept
		}
		return false, nil
	}
	_, err = hub.EndSession(tx, p, old, hub.End{Cause: hub.ByReplacement, Visitor: b.Visitor})
	return true, err
}

// Session finds the live session of a cookie value and its user. A session
// whose user is gone, disabled or signed out everywhere is none. Both are nil when there is none.
func Session(ctx context.Context, p *hub.Pool, cookie string) (session *hub.Session, user *hub.User, err error) {
	session, user, err = Remembered(ctx, p, cookie)
	if session == nil || !session.Live(p.Now()) {
		return nil, nil, err
	}
	return session, user, err
}

// Remembered is Session, but finds one too that has grown old: it signs nobody in,
// and there is still somebody to sign out.
func Remembered(ctx context.Context, p *hub.Pool, cookie string) (session *hub.Session, user *hub.User, err error) {
	if cookie == "" {
		return nil, nil, nil
	}
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		if session, err = hub.FindSession(tx, cookie); err != nil {
			return err
		}
		user, err = hub.FindUser(tx, session.Sub)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && session.Over(user) != "" {
		return nil, nil, nil
	}
	return session, user, err
}
