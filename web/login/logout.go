package login

import (
	"errors"
	"net/http"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/page"
)

// Logout is Cognito's sign-out: client_id with logout_uri ends the session and
// goes there; client_id with redirect_uri and response_type ends it and goes to
// the sign-in page. Without a client the person is asked.
func Logout(s *Site, w http.ResponseWriter, r *http.Request) error {
	params, err := parameters(r)
	if err != nil {
		return err
	}
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "document" {
		// Nobody is signed out by an image, a frame or a prefetch.
		return s.render(w, http.StatusBadRequest, &page.Error{Base: s.base(r, nil, nil), Status: http.StatusBadRequest}, "")
	}
	id, uri := params.Get("client_id"), params.Get("logout_uri")
	if id == "" {
		return s.confirm(w, r)
	}
	again := uri == "" && params.Get("response_type") != ""
	if again {
		uri = params.Get("redirect_uri")
	}
	client, err := logout.Target(s.pool, id, uri)
	if err != nil {
		return s.refuseLogout(w, r, client, err, id, uri)
	}
	if err := s.end(w, r, client); err != nil {
		return err
	}
	if again {
		uri = s.under("/login") + "?" + params.Encode()
	}
	redirect(w, r, uri)
	return nil
}

// SignOut takes the answer of the page that asks.
func SignOut(s *Site, w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue(page.FieldChoice) != page.ChoiceContinue {
		redirect(w, r, s.under("/logout"))
		return nil
	}
	if err := s.end(w, r, nil); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, &page.SignedOut{Base: s.base(r, nil, nil)}, "")
}

// confirm asks whether to sign out, or says that nobody is signed in.
func (s *Site) confirm(w http.ResponseWriter, r *http.Request) error {
	session, user, err := signin.Session(r.Context(), s.pool, s.cookies.Session(r))
	if err != nil {
		return err
	}
	if session == nil {
		return s.render(w, http.StatusOK, &page.SignedOut{Base: s.base(r, nil, nil)}, "")
	}
	return s.render(w, http.StatusOK, &page.SignOutConfirm{
		Base: s.base(r, nil, nil), Account: *account(user), Action: s.under("/logout"),
	}, "")
}

func (s *Site) end(w http.ResponseWriter, r *http.Request, c *hub.Client) error {
	if _, err := logout.End(r.Context(), s.pool, s.cookies.Session(r), c, visitor(r)); err != nil {
		return err
	}
	s.cookies.ClearSession(w)
	return nil
}

func (s *Site) refuseLogout(w http.ResponseWriter, r *http.Request, c *hub.Client, err error, id, uri string) error {
	e := s.pool.Event(hub.SignOutRefused, visitor(r))
	e.Reason = err.Error()
	mismatch := page.Mismatch{Name: "client_id", Received: clip(id)}
	if errors.Is(err, logout.ErrAddress) {
		e.Client = c.ID
		mismatch = page.Mismatch{Name: "logout_uri", Received: clip(uri)}
	}
	s.pool.Record(e)
	return s.render(w, http.StatusBadRequest, &page.Stopped{
		Base: s.base(r, c, nil), Reason: page.SignOutRefused, Mismatches: []page.Mismatch{mismatch},
	}, "")
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}
