package logout

import (
	"context"
	"errors"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp"
)

// Receive takes a logout token that a provider sent (Back-Channel Logout §2.5)
// and ends the sessions that it names and that began through this provider, no
// others: of its sid, of its subject, or of both if it has both. A token about
// nobody who is here is no error. n is how many ended.
func (s *Service) Receive(ctx context.Context, p *hub.Pool, pr *hub.Provider, raw string, v hub.Visitor) (n int, err error) {
	t, err := pr.Upstream.VerifyLogout(ctx, raw)
	if e := (*idp.Error)(nil); errors.As(err, &e) && e.Step != idp.StepLogoutToken {
		return 0, err // the provider's keys are not to be had: nothing against the token
	}
	if err != nil {
		return 0, s.refuse(p, pr, v, err)
	}
	link := ""
	if t.Subject != "" {
		link = hub.Link{Provider: pr.Name, Issuer: t.Issuer, Subject: t.Subject}.Key()
	}
	once := hub.NewReplay("logout", pr.Name, t.ID, t.Expires)
	n, err = s.endUpstream(ctx, p, pr, &once, saying{t.Issuer, t.SessionID, link}, v)
	if errors.Is(err, store.ErrExists) {
		return 0, s.refuse(p, pr, v, errors.New("the token was used before"))
	}
	return n, err
}

// ReceiveFront takes a provider's front-channel call (Front-Channel Logout §2),
// which comes through a browser and proves nothing: so it ends sessions only by
// both the issuer and a sid that the provider gave for them (A134).
func (s *Service) ReceiveFront(ctx context.Context, p *hub.Pool, pr *hub.Provider, issuer, sid string, v hub.Visitor) (n int, err error) {
	if !pr.Upstream.Issues(issuer) || sid == "" {
		return 0, s.refuse(p, pr, v, errors.New("iss is not the provider's, or there is no sid"))
	}
	return s.endUpstream(ctx, p, pr, nil, saying{issuer: issuer, sid: sid}, v)
}

// RefusedError is a provider's word that is not followed.
type RefusedError struct{ Cause error }

func (e *RefusedError) Error() string { return e.Cause.Error() }
func (e *RefusedError) Unwrap() error { return e.Cause }

func (s *Service) refuse(p *hub.Pool, pr *hub.Provider, v hub.Visitor, cause error) error {
	e := p.Event(hub.LogoutRefused, v)
	e.Provider, e.Reason = pr.Name, plain(cause.Error())
	p.Record(e)
	return &RefusedError{cause}
}

// endBatch is how many sessions one transaction ends.
const endBatch = 50

// saying is whom a provider's word is about: sessions with a sid there, or by a
// link, or both; an empty one chooses all. The issuer is a tenant's where there are
// many, and a sid is its issuer's alone.
type saying struct{ issuer, sid, link string }

func (w saying) means(s *hub.Session, pr *hub.Provider) bool {
	return s.Provider == pr.Name && strings.HasPrefix(s.Link, hub.Link{Provider: pr.Name, Issuer: w.issuer}.Key()) &&
		(w.sid == "" || s.UpstreamSID == w.sid) && (w.link == "" || s.Link == w.link)
}

// endUpstream ends the sessions that began through a provider and that it means. A token that counts once is
// used up in the same transaction; store.ErrExists says that it was before.
func (s *Service) endUpstream(ctx context.Context, p *hub.Pool, pr *hub.Provider, once *hub.Replay, w saying, v hub.Visitor) (n int, err error) {
	end := hub.End{Cause: hub.ByProvider, By: pr.Name, Visitor: v}
	for more := true; more; {
		var list []*hub.Logout
		err := p.Space.Update(ctx, func(tx *store.Tx) error {
			list = nil
			if once != nil {
				if err := hub.Replays.Create(tx, once); err != nil {
					return err
				}
			}
			sessions, err := named(tx, pr, w)
			if err != nil {
				return err
			}
			more = len(sessions) > endBatch
			for _, session := range sessions[:min(len(sessions), endBatch)] {
				l, err := hub.EndSession(tx, p, session, end)
				if err != nil {
					return err
				}
				list = append(list, l)
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		for _, l := range list {
			ended(p, l, v)
		}
		n, once = n+len(list), nil
	}
	if n > 0 {
		p.TellEnded()
	}
	return n, nil
}

// named finds the sessions of endUpstream, endBatch of them and one more at most.
func named(tx *store.Tx, pr *hub.Provider, w saying) (found []*hub.Session, err error) {
	index, key := "upstream", hub.UpstreamKey(pr.Name, w.sid)
	if w.sid == "" {
		u, err := hub.Users.Find(tx, "link", w.link)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		index, key = "sub", u.Sub
	}
	for after := ""; len(found) <= endBatch; {
		page, next, err := hub.Sessions.FindAll(tx, index, key, store.Page{After: after, Limit: endBatch})
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			if w.means(s, pr) {
				found = append(found, s)
			}
		}
		if next == "" {
			break
		}
		after = next
	}
	return found, nil
}
