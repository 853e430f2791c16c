package login

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/page"
)

// wayOut is what the page that asks keeps in the browser until it is answered.
type wayOut struct {
	Client string `json:"client,omitempty"`
	Target string `json:"target,omitempty"`
	State  string `json:"state,omitempty"`
}

// wayOutLife is how long that page may stand open.
const wayOutLife = 10 * time.Minute

// Logout signs out, by Cognito's parameters or by OpenID Connect's. Cognito's
// form acts at once; the standard's does when its hint names the person who is
// signed in here, and asks otherwise (RP-Initiated Logout §2). A request without
// a client asks too.
func Logout(s *Site, w http.ResponseWriter, r *http.Request) error {
	params, err := parameters(r)
	if err != nil {
		return err
	}
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "document" {
		// Nobody is signed out by an image, a frame or a prefetch.
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
	session, user, err := signin.Session(r.Context(), s.pool, s.cookies.Session(r))
	if err != nil {
		return err
	}
	if session != nil && !request.Sure && request.Sub != session.Sub {
		return s.askOut(w, r, request, user)
	}
	if err := s.end(w, r, request.Client); err != nil {
		return err
	}
	if request.Again {
		redirect(w, r, s.under("/login")+"?"+params.Encode())
		return nil
	}
	return s.out(w, r, request.Client, request.Target, request.State)
}

// SignOut takes the answer of the page that asks. Whoever would rather stay goes
// back to the app as well, which has sent them here.
func SignOut(s *Site, w http.ResponseWriter, r *http.Request) error {
	var to wayOut
	tx := r.PostFormValue(page.FieldTx)
	plain, ok := s.cookies.Transaction(r, tx)
	if !ok || json.Unmarshal(plain, &to) != nil {
		redirect(w, r, s.under("/logout")) // asked once more
		return nil
	}
	s.cookies.ClearTransaction(w, tx)
	client, _ := s.pool.Client(to.Client)
	if r.PostFormValue(page.FieldChoice) == page.ChoiceContinue {
		if err := s.end(w, r, client); err != nil {
			return err
		}
	} else if to.Target == "" {
		redirect(w, r, s.under("/logout"))
		return nil
	}
	return s.out(w, r, client, to.Target, to.State)
}

// askOut asks whether to sign out.
func (s *Site) askOut(w http.ResponseWriter, r *http.Request, request *logout.Request, user *hub.User) error {
	to := wayOut{Target: request.Target, State: request.State}
	p := &page.SignOutConfirm{Base: s.base(r, request.Client, nil), Account: *account(user), Action: s.under("/logout/answer"), Tx: hub.NewID(s.pool.Now())}
	if request.Client != nil {
		to.Client, p.Client = request.Client.ID, request.Client.Name
	}
	plain, err := json.Marshal(to)
	if err != nil {
		return err
	}
	if err := s.cookies.SetTransaction(w, r, p.Tx, plain, wayOutLife); err != nil {
		return oauth.Wrap(err, oauth.InvalidRequest, "the request is too large")
	}
	return s.render(w, http.StatusOK, p, request.Target)
}

// out is where the browser goes when the person is out: to the app, or nowhere.
func (s *Site) out(w http.ResponseWriter, r *http.Request, c *hub.Client, target, state string) error {
	if target == "" {
		p := &page.SignedOut{Base: s.base(r, c, nil)}
		if c != nil {
			p.From = []string{c.Name}
		}
		return s.render(w, http.StatusOK, p, "")
	}
	if state != "" {
		with, err := oauth.RedirectURL(target, []oauth.Field{{Name: "state", Value: state}})
		if err != nil {
			return err
		}
		target = with
	}
	redirect(w, r, target)
	return nil
}

func (s *Site) end(w http.ResponseWriter, r *http.Request, c *hub.Client) error {
	if _, err := logout.End(r.Context(), s.pool, s.cookies.Session(r), c, visitor(r)); err != nil {
		return err
	}
	s.cookies.ClearSession(w)
	return nil
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
