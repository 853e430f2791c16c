package login

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/page"
)

// wayOut is what a browser that signs out keeps: where it goes in the end, and
// which logout is under way. A browser has one; a second replaces it.
type wayOut struct {
	ID      string `json:"id"` // also the state at the provider
	Logout  string `json:"logout,omitempty"`
	Client  string `json:"client,omitempty"`
	Target  string `json:"target,omitempty"` // proven, with its state; or a path of ours
	Offer   bool   `json:"offer,omitempty"`  // Target is a link, and not where the browser is sent
	Locales string `json:"locales,omitempty"`
	Asked   bool   `json:"asked,omitempty"` // the person wants to be signed out at the provider too

	spent time.Duration // of the person's patience, on a provider that does not answer
}

const (
	wayOutName = "signout"
	wayOutLife = 30 * time.Minute
)

// wayOut is the way out of this browser; nil if it has none.
func (s *Site) wayOut(r *http.Request) *wayOut {
	plain, ok := s.cookies.Transaction(r, wayOutName)
	to := &wayOut{}
	if !ok || json.Unmarshal(plain, to) != nil {
		return nil
	}
	return to
}

func (s *Site) keepWayOut(w http.ResponseWriter, r *http.Request, to *wayOut) error {
	plain, err := json.Marshal(to)
	if err != nil {
		return err
	}
	err = s.cookies.SetTransaction(w, r, wayOutName, plain, wayOutLife)
	if errors.Is(err, middleware.ErrCookieSize) {
		return oauth.Wrap(err, oauth.InvalidRequest, "the request is too large")
	}
	return err
}

// outBase is the base of a page on the way out.
func (s *Site) outBase(r *http.Request, to *wayOut) page.Base {
	client, _ := s.pool.Client(to.Client)
	in := &hub.Interaction{Request: oauth.AuthorizationRequest{UILocales: to.Locales}}
	return s.base(r, client, in)
}

// outClient is the name of the app that the person comes back to; empty: none.
func (s *Site) outClient(to *wayOut) string {
	if c, ok := s.pool.Client(to.Client); ok {
		return c.Name
	}
	return ""
}

// onward is the next step of a logout in the browser: the frames of clients, the
// provider, and then away. A nil record is one that is no longer kept.
func (s *Site) onward(w http.ResponseWriter, r *http.Request, to *wayOut, l *hub.Logout) error {
	if l == nil {
		return s.gone(w, r, to, nil)
	}
	if frames := logout.Frames(s.pool, l); len(frames) > 0 {
		return s.frame(w, r, to, frames)
	}
	pr := logout.Onward(s.pool, l)
	if pr == nil {
		return s.gone(w, r, to, l)
	}
	if err := s.keepWayOut(w, r, to); err != nil {
		return err
	}
	if pr.Logout == hub.LogoutAsk && !to.Asked {
		p := &page.SignOutProvider{Base: s.outBase(r, to), Client: s.outClient(to), Action: s.under("/logout/provider"), Tx: to.ID}
		return s.render(w, http.StatusOK, p, pr.Upstream.Issuer())
	}
	begun := time.Now()
	address, err := s.logout.Send(r.Context(), s.pool, l, pr, to.ID)
	if err != nil {
		return err
	}
	to.spent = time.Since(begun)
	if address != "" {
		redirect(w, r, address)
		return nil
	}
	if l, err = logout.Get(r.Context(), s.pool, l.ID); err != nil {
		return err
	}
	return s.gone(w, r, to, l)
}

// frameWait is how long the page with the frames waits for them.
const frameWait = 3 * time.Second

// frame shows the page that loads the clients' front-channel logout URIs. It may
// frame their origins and nothing else (A134).
func (s *Site) frame(w http.ResponseWriter, r *http.Request, to *wayOut, frames []logout.Frame) error {
	if err := s.keepWayOut(w, r, to); err != nil {
		return err
	}
	p := &page.SigningOut{Base: s.outBase(r, to), Client: s.outClient(to), Next: s.under("/logout/next") + "?id=" + to.ID, Wait: frameWait}
	policy := middleware.Policy{Script: []string{"'self'"}}
	for _, f := range frames {
		p.Frames = append(p.Frames, page.LogoutFrame{Name: f.Client.Name, URL: f.URL})
		policy.Frame = append(policy.Frame, middleware.Origin(f.URL))
	}
	return s.renderWith(w, http.StatusOK, p, policy)
}

// LogoutNext goes on after the page with the frames.
func LogoutNext(s *Site, w http.ResponseWriter, r *http.Request) error {
	to := s.wayOut(r)
	if to == nil || to.ID != r.URL.Query().Get("id") {
		return s.lost(w, r, to)
	}
	l, err := s.logout.Framed(r.Context(), s.pool, to.Logout)
	if err != nil {
		return err
	}
	return s.onward(w, r, to, l)
}

// LogoutProvider takes the person's word about the provider.
func LogoutProvider(s *Site, w http.ResponseWriter, r *http.Request) error {
	to := s.wayOut(r)
	if to == nil || to.ID != r.PostFormValue(page.FieldTx) {
		return s.lost(w, r, to)
	}
	to.Asked = r.PostFormValue(page.FieldChoice) == page.ChoiceContinue
	l, err := logout.Get(r.Context(), s.pool, to.Logout)
	if err == nil && l != nil && !to.Asked {
		l, err = s.logout.Stay(r.Context(), s.pool, to.Logout)
	}
	if err != nil {
		return err
	}
	return s.onward(w, r, to, l)
}

// LogoutReturned takes the browser back from a provider. The state tells that it
// went from here; a provider that gives none back, or another, strands nobody,
// but then it is the person who goes on.
func LogoutReturned(s *Site, w http.ResponseWriter, r *http.Request) error {
	to := s.wayOut(r)
	state := r.URL.Query().Get("state")
	if to == nil || to.Logout == "" || state != "" && subtle.ConstantTimeCompare([]byte(state), []byte(to.ID)) != 1 {
		return s.lost(w, r, to)
	}
	l, err := s.logout.Returned(r.Context(), s.pool, to.Logout)
	if err != nil {
		return err
	}
	return s.gone(w, r, to, l)
}

// lost is for a browser that is somewhere on the way out and does not fit what
// we know: it is signed out, and may have a link to go on by.
func (s *Site) lost(w http.ResponseWriter, r *http.Request, to *wayOut) error {
	if to == nil {
		to = &wayOut{}
	}
	p := &page.SignedOut{Base: s.outBase(r, to)}
	s.back(p, to)
	return s.render(w, http.StatusOK, p, "")
}

// back puts the way to the app on a page.
func (s *Site) back(p *page.SignedOut, to *wayOut) {
	if c, ok := s.pool.Client(to.Client); ok && to.Target != "" {
		p.Return, p.Client = to.Target, c.Name
	}
}

// gone ends the way out.
func (s *Site) gone(w http.ResponseWriter, r *http.Request, to *wayOut, l *hub.Logout) error {
	s.cookies.ClearTransaction(w, wayOutName)
	return s.arrive(w, r, to, l)
}

// arrive is where the browser goes when its part of the logout is over: to the
// app, to the record of it all, or nowhere.
func (s *Site) arrive(w http.ResponseWriter, r *http.Request, to *wayOut, l *hub.Logout) error {
	if l != nil && s.pool.Logout.Show {
		address, err := s.record(l.ID, to)
		if err != nil {
			return err
		}
		redirect(w, r, address)
		return nil
	}
	if to.Target != "" && !to.Offer {
		redirect(w, r, to.Target)
		return nil
	}
	p := &page.SignedOut{Base: s.outBase(r, to)}
	s.back(p, to)
	if l != nil {
		var err error
		if l, err = s.settled(r, l, settleWait-to.spent); err != nil {
			return err
		}
		if p.Record, err = s.record(l.ID, to); err != nil {
			return err
		}
		s.tell(p, l)
	} else if c, ok := s.pool.Client(to.Client); ok {
		p.From = []string{c.Name}
	}
	return s.render(w, http.StatusOK, p, "")
}

// How long the last page waits for the clients to hear of it, and how often it
// looks: it is to be there within two seconds whatever they do (A127).
const (
	settleWait = 1200 * time.Millisecond
	settleLook = 40 * time.Millisecond
)

// settled waits a moment for outcomes that are still open.
func (s *Site) settled(r *http.Request, l *hub.Logout, moment time.Duration) (*hub.Logout, error) {
	for end := time.Now().Add(moment); l.Open() && time.Now().Before(end) && r.Context().Err() == nil; {
		time.Sleep(settleLook)
		now, err := logout.Get(r.Context(), s.pool, l.ID)
		if err != nil {
			return nil, err
		}
		if now == nil {
			break
		}
		l = now
	}
	return l, nil
}

// tell puts on a page who knows and who does not.
func (s *Site) tell(p *page.SignedOut, l *hub.Logout) {
	for i := range l.Hops {
		h := &l.Hops[i]
		if h.Provider != "" {
			p.Still = p.Still || h.Outcome != hub.Delivered
			continue
		}
		name := h.ClientID
		if c, ok := s.pool.Client(h.ClientID); ok {
			name = c.Name
		}
		switch h.Outcome {
		case hub.Waiting:
			p.Pending = append(p.Pending, name)
		case hub.Delivered, hub.Unknown:
			p.From = append(p.From, name)
		default:
			p.Unreached = append(p.Unreached, name)
		}
	}
}
