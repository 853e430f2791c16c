package hub

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// End is why sessions end, and by whose word.
type End struct {
	Cause   Cause
	By      string // see Cause
	Visitor Visitor
	Browser bool // the person's browser waits to be sent on
}

// browserPatience is how long a browser may take for its part of a logout.
const browserPatience = 5 * time.Minute

// endBatch is how many sessions one transaction ends at most.
const endBatch = 50

// defaultDeadline is how long parties are tried where the pool does not say.
const defaultDeadline = 24 * time.Hour

// EndSession ends a session: what came of it is dead, and who must hear of that
// is on record, when the transaction commits. Then TellEnded is to be called.
func EndSession(tx *store.Tx, p *Pool, s *Session, e End) (*Logout, error) {
	if err := Sessions.Delete(tx, s.ID); err != nil {
		return nil, err
	}
	if err := remember(tx, s); err != nil {
		return nil, err
	}
	l := &Logout{
		ID: s.ID, Begun: tx.Now, Cause: e.Cause, By: e.By, RequestID: e.Visitor.RequestID, Sub: s.Sub, Provider: s.Provider,
		Hint: s.Hint, Deadline: tx.Now.Add(cmp.Or(p.Logout.Deadline, defaultDeadline)),
	}
	if e.Visitor.Address.IsValid() {
		l.Address = e.Visitor.Address.String()
	}
	if s.Provider != "" && (e.Cause != ByProvider || e.By != s.Provider) {
		l.Hops = append(l.Hops, providerHop(p, s.Provider, e, tx.Now))
	}
	for _, c := range s.Clients {
		l.Hops = append(l.Hops, clientHops(p, c.ID, e, tx.Now)...)
	}
	l.Reckon()
	return l, Logouts.Create(tx, l)
}

// providerHop is what a logout means to the provider: only the person's browser
// can be sent there.
func providerHop(p *Pool, name string, e End, now time.Time) Hop {
	h := Hop{Provider: name, Outcome: Waiting}
	pr, ok := p.Provider(name)
	switch {
	case !ok:
		h.Settle(NotSupported, "the provider is no longer configured", now)
	case pr.Logout == LogoutNever:
		h.Settle(NotSupported, "the configuration says logout: never", now)
	case !e.Browser:
		h.Settle(NotSupported, "it takes a sign-out from the person's browser only, and none was there", now)
	default:
		h.Channel, h.Next = ByBrowser, now.Add(browserPatience)
	}
	return h
}

// clientHops are the ways in which a client is told.
func clientHops(p *Pool, id string, e End, now time.Time) (hops []Hop) {
	hop := func(channel Channel, next time.Time) *Hop {
		hops = append(hops, Hop{ClientID: id, Channel: channel, Outcome: Waiting, Next: next})
		return &hops[len(hops)-1]
	}
	c, ok := p.Client(id)
	if !ok {
		hop("", now).Settle(NotSupported, "the client is no longer registered", now)
		return hops
	}
	if c.BackchannelLogoutURI != "" {
		hop(BackChannel, now)
	}
	if c.FrontchannelLogoutURI != "" {
		h := hop(FrontChannel, now.Add(browserPatience))
		if !e.Browser {
			h.Settle(Unknown, "it is asked by the person's browser, and none was there", now)
		}
	}
	switch {
	case len(hops) > 0:
	case e.Cause == ByApp && e.By == id:
		hop("", now).Settle(Delivered, "it asked for the sign-out itself", now)
	default:
		hop("", now).Settle(NotSupported, "the client registered neither a back-channel nor a front-channel logout URI", now)
	}
	return hops
}

// EndSome ends the sessions of a person that are picked, nil picks all, the first
// of them in the given transaction, and reports whether more are left: see
// EndRest. They are dead already by what the transaction writes (Entry.Over); so
// their apps hear of it.
func EndSome(tx *store.Tx, p *Pool, sub string, e End, picked func(*Session) bool) (more bool, err error) {
	n := 0
	for after := ""; ; {
		// A page may be short of live sessions, or have none of them.
		sessions, next, err := Sessions.FindAll(tx, "sub", sub, store.Page{After: after, Limit: endBatch})
		if err != nil {
			return false, err
		}
		for _, s := range sessions {
			if picked != nil && !picked(s) {
				continue
			}
			if n == endBatch {
				return true, nil
			}
			if _, err := EndSession(tx, p, s, e); err != nil {
				return false, err
			}
			n++
		}
		if next == "" {
			return false, nil
		}
		after = next
	}
}

// EndRest ends the sessions that EndSome left, if it left more, and tells
// Pool.Ended.
func EndRest(ctx context.Context, p *Pool, sub string, more bool, e End, picked func(*Session) bool) error {
	defer p.TellEnded()
	for more {
		err := p.Space.Update(ctx, func(tx *store.Tx) (err error) {
			more, err = EndSome(tx, p, sub, e, picked)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// EndAll ends every session of a person, and tells Pool.Ended.
func EndAll(ctx context.Context, p *Pool, sub string, e End) error {
	return EndRest(ctx, p, sub, true, e, nil)
}

// TellEnded tells Pool.Ended.
func (p *Pool) TellEnded() {
	if p.Ended != nil {
		p.Ended()
	}
}

// Ended is what is left of a session that was ended before its time: what came
// of it looks here and is dead.
type Ended struct {
	ID      string    `json:"id"` // the session's
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
}

// Endeds are the sessions that were ended, as long as something that came of
// them might live.
var Endeds = store.Collection[Ended]{
	Name:    "ended",
	ID:      func(e *Ended) string { return e.ID },
	Expires: func(e *Ended) time.Time { return e.Expires },
}

func remember(tx *store.Tx, s *Session) error {
	e := &Ended{ID: s.ID, At: tx.Now}
	for _, c := range s.Clients {
		if c.Until.After(e.Expires) {
			e.Expires = c.Until
		}
	}
	if e.Expires.IsZero() {
		return nil // nothing came of it
	}
	return Endeds.Create(tx, e)
}

// EndedAt is when a session was ended; zero while it lives, and of one that has
// merely grown old.
func EndedAt(tx *store.Tx, session string) (time.Time, error) {
	e, err := Endeds.Get(tx, session)
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return e.At, nil
}
