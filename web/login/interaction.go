package login

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/page"
)

// answer marks the writer of a call of the interaction API: what a sign-in shows
// on it is a document.
type answer struct {
	http.ResponseWriter
	interaction *hub.Interaction // the one the call is about; nil if this browser has none of that name
}

// HandleAPI binds a handler to the site and makes documents of what it shows and
// of its errors. The middleware has seen to it that the call comes from a login
// application of the pool; here it must be the one of the interaction's client.
func (s *Site) HandleAPI(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := s.interaction(r, mux.Vars(r)["id"])
		if in != nil && !in.App() {
			in = nil
		}
		if in != nil {
			client, _ := s.pool.Client(in.Request.ClientID)
			if middleware.Origin(s.loginApp(client)) != r.Header.Get("Origin") {
				w.Header().Del("Access-Control-Allow-Origin")
				w.Header().Del("Access-Control-Allow-Credentials")
				s.RefuseAPI(w, r, http.StatusForbidden, "This sign-in belongs to another login application.")
				return
			}
		}
		a := &answer{w, in}
		if err := h(s, a, r); err != nil {
			s.fail(a, r, err)
		}
	})
}

// Interaction answers with where a sign-in stands.
func Interaction(s *Site, w http.ResponseWriter, r *http.Request) error {
	next, err := s.signin.Look(r.Context(), s.pool, s.browser(r), underWay(w))
	return s.showOr(w, r, next, err)
}

// InteractionPassword takes {"username", "password"}.
func InteractionPassword(s *Site, w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	next, err := s.signin.Password(r.Context(), s.pool, s.browser(r), underWay(w), body.Username, body.Password)
	return s.showOr(w, r, next, err)
}

// InteractionAddress takes {"address"} where that is asked for first, and answers
// with the provider that its domain belongs to, or with the password.
func InteractionAddress(s *Site, w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Address string `json:"address"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	next, err := s.signin.Address(r.Context(), s.pool, s.browser(r), underWay(w), body.Address)
	return s.showOr(w, r, next, err)
}

// InteractionNewPassword takes {"new_password"}.
func InteractionNewPassword(s *Site, w http.ResponseWriter, r *http.Request) error {
	var body struct {
		NewPassword string `json:"new_password"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	next, err := s.signin.ChoosePassword(r.Context(), s.pool, s.browser(r), underWay(w), body.NewPassword)
	return s.showOr(w, r, next, err)
}

// InteractionProfile takes {"fields": {"family_name": "…"}}, with the names of the
// document's fields.
func InteractionProfile(s *Site, w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Fields map[string]string `json:"fields"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	next, err := s.signin.Complete(r.Context(), s.pool, s.browser(r), underWay(w), body.Fields)
	return s.showOr(w, r, next, err)
}

// InteractionJoin takes {"password"} of the account that the person's address
// belongs to, or {"choice"}: "apart" or "claim".
func InteractionJoin(s *Site, w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Password string `json:"password"`
		Choice   string `json:"choice"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	var next signin.Next
	var err error
	switch body.Choice {
	case page.ChoiceApart:
		next, err = s.signin.JoinApart(r.Context(), s.pool, s.browser(r), underWay(w))
	case page.ChoiceClaim:
		next, err = s.signin.JoinClaim(r.Context(), s.pool, s.browser(r), underWay(w))
	case "":
		next, err = s.signin.JoinPassword(r.Context(), s.pool, s.browser(r), underWay(w), body.Password)
	default:
		return oauth.Errorf(oauth.InvalidRequest, "there is no such choice")
	}
	return s.showOr(w, r, next, err)
}

// InteractionProvider takes {"provider"} and answers with where that one is.
func InteractionProvider(s *Site, w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Provider string `json:"provider"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	return s.again(w, r, "identity_provider", body.Provider)
}

// InteractionContinue goes on as the person who is signed in.
func InteractionContinue(s *Site, w http.ResponseWriter, r *http.Request) error {
	if err := decode(r, &struct{}{}); err != nil {
		return err
	}
	next, err := s.signin.Continue(r.Context(), s.pool, s.browser(r), underWay(w))
	return s.showOr(w, r, next, err)
}

// InteractionOther lets somebody else sign in than the person who is.
func InteractionOther(s *Site, w http.ResponseWriter, r *http.Request) error {
	if err := decode(r, &struct{}{}); err != nil {
		return err
	}
	return s.again(w, r, "prompt", "login")
}

// InteractionCancel turns back to the app.
func InteractionCancel(s *Site, w http.ResponseWriter, r *http.Request) error {
	if err := decode(r, &struct{}{}); err != nil {
		return err
	}
	next, err := s.signin.Cancel(s.pool, s.browser(r), underWay(w))
	return s.showOr(w, r, next, err)
}

// again begins the sign-in anew with one parameter changed, as a link on a hosted
// page would.
func (s *Site) again(w http.ResponseWriter, r *http.Request, name, value string) error {
	in := underWay(w)
	if in == nil {
		return Interaction(s, w, r) // which says so
	}
	query := signin.Query(in)
	query.Set(name, value)
	next, err := s.signin.Again(r.Context(), s.pool, s.browser(r), in, query, true)
	return s.showOr(w, r, next, err)
}

func underWay(w http.ResponseWriter) *hub.Interaction {
	a, ok := w.(*answer)
	if !ok {
		return nil
	}
	return a.interaction
}

func (s *Site) showOr(w http.ResponseWriter, r *http.Request, next signin.Next, err error) error {
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

// decode reads the body of a call: one JSON object, with the members of v and no
// others. An empty body will not do, for only a JSON type makes a browser ask
// before it sends (Fetch §3.2.2).
func decode(r *http.Request, v any) error {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return oauth.Wrap(err, oauth.InvalidRequest, "the body cannot be read")
	}
	if r.Header.Get("Content-Type") == "" || len(data) == 0 {
		return oauth.Errorf(oauth.InvalidRequest, "the body must be a JSON object, of the type application/json")
	}
	strict := json.NewDecoder(strings.NewReader(string(data)))
	strict.DisallowUnknownFields()
	if err := errors.Join(strict.Decode(v), strictjson.Decode(data, v)); err != nil {
		return oauth.Errorf(oauth.InvalidRequest, "the body is not the JSON object of this call")
	}
	return nil
}

// document writes a page as its document. It is 200 whatever the step: that a
// password was wrong, or a sign-in stopped, is an answer. Other statuses say that
// there was nothing to answer.
func (s *Site) document(a *answer, status int, p page.Page) error {
	d, err := s.renderer.Document(p)
	if err != nil {
		return err
	}
	switch p := p.(type) {
	case *page.Error:
	case *page.Stopped:
		switch {
		case p.Reason == page.OtherBrowser:
			status = http.StatusNotFound
		case p.Code != "":
			status = http.StatusOK
		}
	default:
		status = http.StatusOK
	}
	return s.respond(a, status, d)
}

// respond completes a document and sends it.
func (s *Site) respond(a *answer, status int, d page.Document) error {
	if in := a.interaction; in != nil {
		if d.Interaction == "" {
			d.Interaction = in.ID
		}
		if c, ok := s.pool.Client(in.Request.ClientID); ok {
			d.Client = &page.DocumentClient{ID: c.ID, Name: c.Name}
		}
	}
	origin := middleware.Origin(s.pool.Issuer)
	at := func(address *string) {
		if strings.HasPrefix(*address, "/") {
			*address = origin + *address
		}
	}
	for i := range d.Providers {
		at(&d.Providers[i].Start)
	}
	if d.Error != nil {
		at(&d.Error.Retry)
	}
	if d.Brand != nil {
		at(&d.Brand.Logo)
		at(&d.Brand.LogoDark)
	}
	return writeJSON(a, status, d)
}

// RefuseAPI answers a call that was turned away before anything was looked at.
func (s *Site) RefuseAPI(w http.ResponseWriter, _ *http.Request, status int, reason string) {
	_ = writeJSON(w, status, struct {
		Error struct {
			Text string `json:"text"`
		} `json:"error"`
	}{struct {
		Text string `json:"text"`
	}{reason}})
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the client may have gone; nobody is left to tell
	return nil
}
