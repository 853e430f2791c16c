package login

import (
	"net/http"
	"net/url"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/page"
)

// record is the address of the record of a logout, for the person.
func (s *Site) record(id string, to *wayOut) (string, error) {
	return logout.Pass{Logout: id, Client: to.Client, Target: to.Target, Locales: to.Locales}.URL(s.pool)
}

// refresh is how often the page of a logout under way looks again.
const refresh = time.Second

// LogoutRecord shows who was told of the end of a session, hop by hop.
func LogoutRecord(s *Site, w http.ResponseWriter, r *http.Request) error {
	sealed := r.URL.Query().Get(logout.PassParameter)
	see, err := logout.OpenPass(s.pool, sealed)
	if err != nil {
		return s.status(w, r, http.StatusGone)
	}
	l, err := logout.Get(r.Context(), s.pool, see.Logout)
	if err != nil {
		return err
	}
	if l == nil {
		return s.status(w, r, http.StatusGone)
	}
	to := &wayOut{Client: see.Client, Target: see.Target, Locales: see.Locales}
	p := s.drawn(l, see.Details)
	p.Base = s.outBase(r, to)
	if c, ok := s.pool.Client(see.Client); ok && see.Target != "" {
		p.Return, p.Client = see.Target, c.Name
	}
	self := s.under(logout.RecordPath) + "?" + url.Values{logout.PassParameter: {sealed}}.Encode()
	if r.URL.Query().Has("still") {
		p.Toggle = self
	} else {
		p.Toggle, p.Refresh = self+"&still", refresh
	}
	return s.renderWith(w, http.StatusOK, p, middleware.Policy{Script: []string{"'self'"}, Connect: []string{"'self'"}})
}

// drawn is a record as the page shows it.
func (s *Site) drawn(l *hub.Logout, details bool) *page.LogoutRecord {
	offset := func(t time.Time) time.Duration {
		if t.IsZero() {
			return 0
		}
		return max(t.Sub(l.Begun), 1)
	}
	now := s.pool.Now()
	p := &page.LogoutRecord{
		ID: l.ID, Begun: l.Begun, Cause: page.Cause(l.Cause), CauseName: s.causeName(l), Open: l.Open(), Took: l.Took(now),
		Hub: s.title(), Details: details,
	}
	if details {
		p.Account = l.Sub
	}
	p.Hops = append(p.Hops, page.Hop{Kind: page.SessionHop, Outcome: page.Delivered, Until: 1})
	for i := range l.Hops {
		h := &l.Hops[i]
		hop := page.Hop{
			Kind: page.ClientHop, Name: h.ClientID, Channel: page.Channel(h.Channel), Outcome: page.Outcome(h.Outcome),
			Until: offset(h.Done), Next: offset(h.Next),
		}
		if pr, ok := s.pool.Provider(h.Provider); h.Provider != "" {
			hop.Kind, hop.Name = page.ProviderHop, h.Provider
			if ok {
				hop.Address = pr.Upstream.Issuer()
			}
		} else if c, ok := s.pool.Client(h.ClientID); ok {
			hop.Name = c.Name
			switch h.Channel {
			case hub.BackChannel:
				hop.Address = c.BackchannelLogoutURI
			case hub.FrontChannel:
				hop.Address = c.FrontchannelLogoutURI
			}
		}
		for _, a := range h.Attempts {
			hop.Attempts = append(hop.Attempts, page.Attempt{At: offset(a.At), Took: a.Took, Status: a.Status, Error: a.Error})
		}
		if n := len(h.Attempts) - 1; n >= 0 && h.Outcome == hub.Waiting && h.Attempts[n].Took == 0 && now.Before(h.Next) {
			// It is being told: Next is when that is given up, and no attempt.
			hop.Attempts[n].Took, hop.Next = now.Sub(h.Attempts[n].At), 0
		}
		if h.Note != "" && len(hop.Attempts) == 0 {
			hop.Attempts = []page.Attempt{{At: offset(h.Done), Error: h.Note}}
		}
		p.Hops = append(p.Hops, hop)
	}
	return p
}

func (s *Site) causeName(l *hub.Logout) string {
	switch l.Cause {
	case hub.ByApp:
		if c, ok := s.pool.Client(l.By); ok {
			return c.Name
		}
	case hub.ByProvider:
		if pr, ok := s.pool.Provider(l.By); ok {
			return pr.Name
		}
	}
	return l.By
}

func (s *Site) title() string {
	if s.pool.Brand.Title != "" {
		return s.pool.Brand.Title
	}
	return s.pool.Name
}
