package login

import (
	"errors"
	"net/http"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/page"
)

// Logout signs out, by Cognito's parameters or by OpenID Connect's. Cognito's
// form acts at once; the standard's does when its hint names the session that
// this browser has, and asks otherwise (RP-Initiated Logout §2). A request without
// a client asks too.
func Logout(s *Site, w http.ResponseWriter, r *http.Request) error {
	params, err := parameters(r)
	if err != nil {
		return err
	}
	dest, purpose := r.Header.Get("Sec-Fetch-Dest"), r.Header.Get("Sec-Purpose")
	if dest != "" && dest != "document" || strings.Contains(purpose, "prefetch") {
		// Nobody is signed out by an image, a frame or a prefetch. One of those that
		// a browser makes on a guess is for a document, and says what it is (Fetch, the Sec-Purpose header).
		return s.status(w, r, http.StatusBadRequest)
	}
	if r.Method == http.MethodPost && s.cookies.Session(r) == "" {
		// From a form of another site: see Authorize.
		redirect(w, r, s.under("/logout")+"?"+params.Encode())
		return nil
	}
	request, err := logout.Parse(s.pool, params)
	if refusal := (*logout.Refusal)(nil); errors.As(err, &refusal) {
		return s.refuseLogout(w, r, refusal)
	}
	if err != nil {
		return err
	}
	session, user, err := signin.Remembered(r.Context(), s.pool, s.cookies.Session(r))
	if err != nil {
		return err
	}
	to := &wayOut{ID: hub.NewID(s.pool.Now()), Target: request.Target, Offer: request.Doubtful, Locales: params.Get("ui_locales")}
	if request.Client != nil {
		to.Client = request.Client.ID
	}
	switch {
	case request.Again:
		to.Target = s.under("/login") + "?" + params.Encode()
	case request.State != "" && to.Target != "":
		if to.Target, err = oauth.RedirectURL(to.Target, []oauth.Field{{Name: "state", Value: request.State}}); err != nil {
			return err
		}
	}
	if session != nil && !request.Sure && !request.Names(session, user) {
		return s.askOut(w, r, to, session, user)
	}
	if session != nil { // what does not fit into the cookie is refused before anything ends
		to.Logout = session.ID
		if err := s.keepWayOut(w, r, to); err != nil {
			return err
		}
	}
	return s.leave(w, r, to, request.Hint)
}

// SignOut takes the answer of the page that asks. Whoever would rather stay goes
// back to the app as well, which has sent them here.
func SignOut(s *Site, w http.ResponseWriter, r *http.Request) error {
	to := s.wayOut(r)
	if to == nil || to.ID != r.PostFormValue(page.FieldTx) {
		redirect(w, r, s.under("/logout")) // asked once more
		return nil
	}
	if r.PostFormValue(page.FieldChoice) == page.ChoiceContinue {
		return s.leave(w, r, to, hub.Hint{})
	}
	s.cookies.ClearTransaction(w, wayOutName)
	if to.Target == "" || to.Offer {
		to.Target = s.under("/logout")
	}
	redirect(w, r, to.Target)
	return nil
}

// askOut asks whether to sign out, and says of what. Of a session that has grown
// old it does not say whose it was: somebody else may have the browser by now.
func (s *Site) askOut(w http.ResponseWriter, r *http.Request, to *wayOut, session *hub.Session, user *hub.User) error {
	client, _ := s.pool.Client(to.Client)
	p := &page.SignOutConfirm{Base: s.outBase(r, to), Action: s.under("/logout/answer"), Tx: to.ID}
	if session.Live(s.pool.Now()) {
		p.Account = *account(user)
	}
	if client != nil {
		p.Client = client.Name
	}
	for _, joined := range session.Clients {
		if c, ok := s.pool.Client(joined.ID); ok && c != client {
			p.Apps = append(p.Apps, c.Name)
		}
	}
	if err := s.keepWayOut(w, r, to); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, p, to.Target)
}

// leave ends the browser's session, or the one of the hint, and goes the way out.
func (s *Site) leave(w http.ResponseWriter, r *http.Request, to *wayOut, hint hub.Hint) error {
	end := hub.End{Cause: hub.ByPerson, Visitor: visitor(r), Browser: true}
	if to.Client != "" {
		end.Cause, end.By = hub.ByApp, to.Client
	}
	l, err := s.logout.End(r.Context(), s.pool, s.cookies.Session(r), hint, end)
	if err != nil {
		return err
	}
	s.cookies.ClearSession(w)
	if before := s.wayOut(r); l == nil && to.Target == "" && before != nil {
		return s.lost(w, r, before) // back from a provider that did not send them back
	}
	if l == nil {
		// Whatever way out the browser may be on stays: two hubs that are upstream of
		// each other send it here again before it is back.
		s.cookies.ClearTransactions(w, r, wayOutName)
		return s.arrive(w, r, to, nil)
	}
	s.cookies.ClearTransactions(w, r, wayOutName)
	to.Logout = l.ID
	return s.onward(w, r, to, l)
}

// refuseLogout goes nowhere, and still offers a way out.
func (s *Site) refuseLogout(w http.ResponseWriter, r *http.Request, refusal *logout.Refusal) error {
	e := s.pool.Event(hub.SignOutRefused, visitor(r))
	e.Reason = refusal.Error()
	mismatch := page.Mismatch{Name: refusal.Parameter, Received: clip(refusal.Value)}
	if refusal.Client != nil {
		e.Client, mismatch.Registered = refusal.Client.ID, refusal.Client.LogoutURLs
	}
	s.pool.Record(e)
	return s.render(w, http.StatusBadRequest, &page.Stopped{
		Base: s.base(r, refusal.Client, nil), Reason: page.SignOutRefused, Mismatches: []page.Mismatch{mismatch}, Retry: s.under("/logout"),
	}, "")
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}
