package logout

import (
	"context"
	"errors"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/idp"
)

// Onward is the provider that a logout has still to reach through the person's
// browser; nil when there is none.
func Onward(p *hub.Pool, l *hub.Logout) *hub.Provider {
	if h := upstream(l); h != nil {
		if pr, ok := p.Provider(h.Provider); ok {
			return pr
		}
	}
	return nil
}

// answerPatience is how long a provider may take to show that it is there,
// before anybody is sent to it.
const answerPatience = time.Second

// Send is the address at the provider to which the person's browser goes
// (RP-Initiated Logout §2); state comes back from there. Empty: the provider
// cannot be used for it, which is on record now.
func (s *Service) Send(ctx context.Context, p *hub.Pool, l *hub.Logout, pr *hub.Provider, state string) (address string, err error) {
	quick, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	to, failure := pr.Upstream.EndSession(quick, p.OpenHint(pr.Name, l.Hint), state)
	if failure == nil {
		failure = pr.Upstream.Answers(quick)
	}
	_, err = s.amend(ctx, p, l.ID, func(l *hub.Logout, now time.Time) {
		h := upstream(l)
		if h == nil {
			return
		}
		switch {
		case errors.Is(failure, idp.ErrNoEndSession):
			h.Channel = ""
			h.Settle(hub.NotSupported, "the provider has no end_session_endpoint", now)
		case failure != nil:
			h.Settle(hub.GaveUp, plain(failure.Error()), now)
		default:
			h.Attempts = trim(append(h.Attempts, hub.Attempt{At: now}))
			h.Next = now.Add(wayBack)
		}
	})
	if err != nil || failure != nil {
		return "", err
	}
	return to.URL, nil
}

// wayBack is how long a person may take at the provider, which may ask.
const wayBack = 10 * time.Minute

// Stay records that the person wants to remain signed in at the provider.
func (s *Service) Stay(ctx context.Context, p *hub.Pool, id string) (*hub.Logout, error) {
	return s.amend(ctx, p, id, func(l *hub.Logout, now time.Time) {
		if h := upstream(l); h != nil {
			h.Settle(hub.NotSupported, "the person chose to stay signed in there", now)
		}
	})
}

// Returned records that the browser came back from the provider.
func (s *Service) Returned(ctx context.Context, p *hub.Pool, id string) (*hub.Logout, error) {
	return s.amend(ctx, p, id, func(l *hub.Logout, now time.Time) {
		h := upstream(l)
		if h == nil || len(h.Attempts) == 0 {
			return
		}
		a := &h.Attempts[len(h.Attempts)-1]
		a.Took = max(now.Sub(a.At), 1)
		h.Settle(hub.Delivered, "", now)
	})
}

// upstream is the provider's hop, if it waits.
func upstream(l *hub.Logout) *hub.Hop {
	for i := range l.Hops {
		if h := &l.Hops[i]; h.Provider != "" && h.Outcome == hub.Waiting {
			return h
		}
	}
	return nil
}
