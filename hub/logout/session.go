package logout

import (
	"context"
	"errors"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// End ends the session of a browser, or, if it has none any more, the one that
// the app's hint names, and returns the record of it; nil if there is neither.
// One that has grown old counts, since its apps go on with what they were given. What
// came of the session is dead when End returns, and whoever must hear of it is
// on record.
func (s *Service) End(ctx context.Context, p *hub.Pool, cookie string, hint hub.Hint, e hub.End) (l *hub.Logout, err error) {
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		l = nil
		session, err := hub.FindSession(tx, cookie)
		if errors.Is(err, store.ErrNotFound) {
			session, err = hinted(tx, hint)
		}
		if err != nil || session == nil {
			return err
		}
		l, err = hub.EndSession(tx, p, session, e)
		return err
	})
	if err != nil || l == nil {
		return nil, err
	}
	ended(p, l, e.Visitor)
	p.TellEnded()
	return l, nil
}

// hinted finds the session that a proven hint names, if it has grown old; nil if
// it has ended. A live one belongs to a browser with its cookie: an ID token by
// itself ends none.
func hinted(tx *store.Tx, hint hub.Hint) (*hub.Session, error) {
	if hint.Sub == "" || hint.SID == "" {
		return nil, nil
	}
	sub := hint.Sub
	switch u, err := hub.FindUser(tx, sub); {
	case err == nil:
		sub = u.Sub // the hint may know the person by the sub of a pool that was merged
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	for after := ""; ; {
		page, next, err := hub.Sessions.FindAll(tx, "sub", sub, store.Page{After: after})
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			if !s.Live(tx.Now) && hub.SID(s.ID, hint.ClientID) == hint.SID {
				return s, nil
			}
		}
		if next == "" {
			return nil, nil
		}
		after = next
	}
}

// ended writes the audit line of a session that has ended.
func ended(p *hub.Pool, l *hub.Logout, v hub.Visitor) {
	e := p.Event(hub.SignOut, v)
	e.OK, e.Sub, e.Provider, e.Reason = true, l.Sub, l.Provider, string(l.Cause)
	if l.Cause == hub.ByApp {
		e.Client = l.By
	}
	p.Record(e)
}

// expireBatch is how many sessions one transaction ends for their age.
const expireBatch = 50

// Expire ends the sessions that have grown old, as if their people had signed
// out, in pools that want it. To be called before a sweep removes them.
func Expire(ctx context.Context, p *hub.Pool) (n int, err error) {
	if !p.Logout.OnExpiry {
		return 0, nil
	}
	for more := true; more && err == nil; {
		var batch []*hub.Logout
		err = p.Space.Update(ctx, func(tx *store.Tx) error {
			batch = nil
			old, err := hub.Sessions.Due(tx, expireBatch)
			for i := 0; err == nil && i < len(old); i++ {
				var l *hub.Logout
				l, err = hub.EndSession(tx, p, old[i], hub.End{Cause: hub.ByAge})
				batch = append(batch, l)
			}
			return err
		})
		if err == nil {
			for _, l := range batch {
				ended(p, l, hub.Visitor{})
			}
			n, more = n+len(batch), len(batch) == expireBatch
		}
	}
	if n > 0 {
		p.TellEnded()
	}
	return n, err
}
