package login

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/gorilla/mux"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/page"
)

// Parameters with which a browser comes to a login application.
const (
	paramInteraction = "interaction" // the sign-in, if one goes on
	paramErrorID     = "error_id"    // the help desk code of what stopped
)

// loginApp is the start address of the front end on the way to a client, which
// may be nil; empty where there are the hosted pages.
func (s *Site) loginApp(c *hub.Client) string {
	if c == nil {
		return s.pool.LoginApp
	}
	return cmp.Or(c.LoginApp, s.pool.LoginApp)
}

// LoginOrigins are the origins of the pool's login applications.
func (s *Site) LoginOrigins() []string {
	var list []string
	add := func(address string) {
		if o := middleware.Origin(address); o != "" && !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	add(s.pool.LoginApp)
	for _, c := range s.pool.Clients {
		add(c.LoginApp)
	}
	return list
}

// handOver does for a login application what show does for people who meet the
// hosted pages. To a browser that comes as a whole page it gives the address of
// the application where something is to be asked; to a call of the API, the way
// on as a document. Anything else it leaves to show, which ends in a page or,
// for the API, in the document of one.
func (s *Site) handOver(w http.ResponseWriter, r *http.Request, next signin.Next) (done bool, err error) {
	client, in := asked(next)
	a, api := w.(*answer)
	if api {
		switch n := next.(type) {
		case signin.ToApp:
			return true, s.pack(a, r, n)
		case signin.ToProvider:
			if err := s.keep(w, r, n.Interaction); err != nil {
				return true, err
			}
			return true, s.respond(a, http.StatusOK, page.Document{Interaction: n.Interaction.ID, Step: "redirect", RedirectTo: n.URL})
		}
		return false, nil
	}
	if in == nil || !in.App() || s.loginApp(client) == "" {
		return false, nil
	}
	if err := s.keep(w, r, in); err != nil {
		return true, err
	}
	redirect(w, r, startAt(s.loginApp(client), in.ID, ""))
	return true, nil
}

// asked is the sign-in in which something is to be asked; nil when nothing is.
func asked(next signin.Next) (*hub.Client, *hub.Interaction) {
	switch n := next.(type) {
	case signin.AskSignIn:
		return n.Client, n.Interaction
	case signin.AskSwitch:
		return n.Client, n.Interaction
	case signin.AskPassword:
		return n.Client, n.Interaction
	case signin.AskProfile:
		return n.Client, n.Interaction
	case signin.AskJoin:
		return n.Client, n.Interaction
	}
	return nil, nil
}

// handOverFailure sends a browser whose sign-in stopped to the login application,
// with the help desk code and nothing else about it. Where the sign-in can be
// taken up again its interaction goes along. It tells whether it did: what is not a
// sign-in for an app, and one for an app without such a front end, it leaves.
func (s *Site) handOverFailure(w http.ResponseWriter, r *http.Request, e *signin.Error) bool {
	in, app := e.Interaction, s.loginApp(e.Client)
	_, api := w.(*answer)
	if app == "" || api || hosted[mux.CurrentRoute(r).GetName()] || in != nil && !in.App() {
		return false
	}
	id := ""
	if in != nil && e.Reason != signin.Expired && e.Reason != signin.Used {
		if s.interaction(r, in.ID) == nil && s.keep(w, r, in) != nil {
			return false
		}
		id = in.ID
	}
	redirect(w, r, startAt(app, id, e.Trace))
	return true
}

// hosted are the routes whose pages are the hub's whatever front end there is.
var hosted = map[string]bool{"/device": true, "/account/links": true}

// startAt is a login application's start address with where the browser stands.
func startAt(app, interaction, trace string) string {
	q := url.Values{}
	if interaction != "" {
		q.Set(paramInteraction, interaction)
	}
	if trace != "" {
		q.Set(paramErrorID, trace)
	}
	return app + "?" + q.Encode()
}

// parcel is an authorization response that waits for the browser to come by. It
// travels in the cookie that its interaction had, under another name inside, so
// that it is never taken for one that goes on.
type parcel struct {
	Done    string        `json:"done"` // id of the interaction
	Client  string        `json:"client"`
	Address string        `json:"address"` // proven: the parcel was sealed here
	Fields  []oauth.Field `json:"fields"`
	Post    bool          `json:"post,omitempty"`
}

// pack ends a sign-in for a login application: the browser is signed in, and
// fetches the code on its way to the app. The application never sees it.
func (s *Site) pack(a *answer, r *http.Request, n signin.ToApp) error {
	id := n.Finished
	n.Finished = ""
	if err := s.settle(a, n); err != nil {
		return err
	}
	plain, err := json.Marshal(parcel{
		Done: id, Client: n.Client.ID, Address: n.Response.Target.URI(), Fields: n.Response.Fields, Post: n.Response.FormPost(),
	})
	if err != nil {
		return err
	}
	if err := s.cookies.SetTransaction(a, r, id, plain, s.pool.CodeLife); err != nil {
		return err
	}
	return s.respond(a, http.StatusOK, page.Document{
		Interaction: id, Step: "done", RedirectTo: s.pool.URL("/interaction/" + id + "/finish"), Client: &page.DocumentClient{ID: n.Client.ID, Name: n.Client.Name},
	})
}

// Finish sends the browser to the app with what pack left: once. A sign-in that
// is not so far goes on where it stands.
func Finish(s *Site, w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["id"]
	var p parcel
	if plain, ok := s.cookies.Transaction(r, id); !ok || json.Unmarshal(plain, &p) != nil || p.Done != id {
		next, err := s.signin.Look(r.Context(), s.pool, s.browser(r), s.interaction(r, id))
		if err != nil {
			return err
		}
		return s.show(w, r, next)
	}
	client, ok := s.pool.Client(p.Client)
	if !ok {
		return s.status(w, r, http.StatusNotFound)
	}
	s.cookies.ClearTransaction(w, id)
	return s.deliver(w, r, client, p)
}

// deliver sends the browser to the app with an authorization response.
func (s *Site) deliver(w http.ResponseWriter, r *http.Request, c *hub.Client, p parcel) error {
	if p.Post {
		working := &page.Working{Base: s.base(r, c, nil), Client: c.Name, Method: "post", Action: p.Address}
		for _, f := range p.Fields {
			working.Fields = append(working.Fields, page.Hidden{Name: f.Name, Value: f.Value})
		}
		return s.render(w, http.StatusOK, working, p.Address)
	}
	location, err := oauth.RedirectURL(p.Address, p.Fields)
	if err != nil {
		return err
	}
	redirect(w, r, location)
	return nil
}
