package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// Options are what the API works on.
type Options struct {
	Pools     func() []*hub.Pool // as they are now
	Directory *directory.Directory
	SignIn    *signin.Service

	// Audit writes an event. Its error keeps the act from being done.
	Audit func(hub.Event) error
	// Reload takes up the changed configuration, or says why not, and returns the
	// configuration's warnings. Nil where no hub runs.
	Reload func(context.Context) (warnings []string, err error)
	// Log has one line for each request. Nil: nothing.
	Log *slog.Logger
}

// api is Options with their handlers.
type api struct{ Options }

// handler answers one operation with what is to be written as JSON.
type handler func(*api, *request) (any, error)

// route is one operation. Paths that name a pool work on that pool alone.
type route struct {
	method, path string
	handler      handler
}

// routes is everything the API can do.
var routes = []route{
	{"GET", "/pools", listPools},
	{"GET", "/pools/{pool}/users", listUsers},
	{"POST", "/pools/{pool}/users", createUser},
	{"GET", "/pools/{pool}/users/{user}", getUser},
	{"DELETE", "/pools/{pool}/users/{user}", deleteUser},
	{"POST", "/pools/{pool}/users/{user}/disable", disableUser},
	{"POST", "/pools/{pool}/users/{user}/enable", enableUser},
	{"POST", "/pools/{pool}/users/{user}/signout", signOutUser},
	{"GET", "/pools/{pool}/people", listPeople},
	{"GET", "/pools/{pool}/merge-terms", mergeTerms},
	{"POST", "/pools/{pool}/merge-seals", sealPlan},
	{"GET", "/pools/{pool}/merges", listMerges},
	{"POST", "/pools/{pool}/merges", beginMerge},
	{"GET", "/pools/{pool}/merges/{merge}", getMerge},
	{"POST", "/pools/{pool}/merges/{merge}/steps", stepMerge},
	{"POST", "/pools/{pool}/merges/{merge}/finish", finishMerge},
	{"POST", "/pools/{pool}/merges/{merge}/undo", undoMerge},
	{"POST", "/pools/{pool}/users/{user}/links", linkUser},
	{"DELETE", "/pools/{pool}/users/{user}/links", unlinkUser},
	{"GET", "/pools/{pool}/duplicates", listDuplicates},
	{"POST", "/pools/{pool}/users/{user}/groups", joinGroup},
	{"DELETE", "/pools/{pool}/users/{user}/groups/{group}", leaveGroup},
	{"GET", "/pools/{pool}/providers/{provider}/samples", listClaimSets},
	{"POST", "/pools/{pool}/providers/{provider}/try", tryMapping},
	{"GET", "/pools/{pool}/imports/form", importForm},
	{"POST", "/pools/{pool}/imports", importUsers},
	{"GET", "/pools/{pool}/traces", listTraces},
	{"GET", "/pools/{pool}/traces/{trace}", getTrace},
	{"GET", "/pools/{pool}/logouts", listLogouts},
	{"GET", "/pools/{pool}/logouts/{logout}", getLogout},
	{"GET", "/pools/{pool}/keys", listKeys},
	{"POST", "/pools/{pool}/keys/rotate", rotateKeys},
	{"DELETE", "/pools/{pool}/keys/{key}", withdrawKey},
	{"GET", "/pools/{pool}/clients", listClients},
	{"DELETE", "/pools/{pool}/clients/{client}", deleteClient},
	{"POST", "/pools/{pool}/registration-tokens", openRegistration},
	{"POST", "/reload", reload},
}

// New makes the handler. It answers only requests whose connection ConnContext
// or Local vouches for.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &api{o}
	r := mux.NewRouter().SkipClean(true).UseEncodedPath()
	r.Use(middleware.Route)
	for _, route := range routes {
		r.Handle(route.path, a.serve(route.handler)).Methods(route.method).Name("admin " + route.path)
	}
	r.NotFoundHandler = refusal(&Error{Status: http.StatusNotFound, Code: "not_found", Message: "There is no such operation."})
	r.MethodNotAllowedHandler = refusal(&Error{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: "This operation does not take that method."})
	return middleware.Chain(
		middleware.Log(o.Log),
		middleware.Recover(func(w http.ResponseWriter, r *http.Request) { writeError(w, r, errors.New("panic")) }),
		vouched,
		middleware.Limit(middleware.APILimits(), func(w http.ResponseWriter, r *http.Request, status int, reason string) {
			writeError(w, r, &Error{Status: status, Code: "invalid_request", Message: reason})
		}),
	)(r)
}

// vouched turns away what did not come over the socket, or came from a browser.
func vouched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if actor(r.Context()) == "" {
			writeError(w, r, &Error{Status: http.StatusForbidden, Code: "forbidden", Message: "This is for the hub's own user, over its socket."})
			return
		}
		if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
			writeError(w, r, &Error{Status: http.StatusForbidden, Code: "forbidden", Message: "Web pages may not use the administrator's API."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// request is one request with what its path names.
type request struct {
	*http.Request
	pool  *hub.Pool         // nil where the path names none
	names map[string]string // of the path, decoded
}

func (a *api) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := a.request(r)
		if err != nil {
			writeError(w, r, err)
			return
		}
		answer, err := h(a, q)
		if err != nil {
			writeError(w, r, err)
			return
		}
		status := http.StatusOK
		if _, made := answer.(*Created); made {
			status = http.StatusCreated
		}
		writeJSON(w, status, answer)
	})
}

func (a *api) request(r *http.Request) (*request, error) {
	q := &request{Request: r, names: map[string]string{}}
	for key, value := range mux.Vars(r) {
		name, err := url.PathUnescape(value)
		if err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Code: "invalid_request", Message: "The path is not properly encoded."}
		}
		q.names[key] = name
	}
	name, ok := q.names["pool"]
	if !ok {
		return q, nil
	}
	middleware.EventFrom(r.Context()).Set("pool", name)
	for _, p := range a.Pools() {
		if p.Name == name {
			q.pool = p
			return q, nil
		}
	}
	return nil, &Error{Status: http.StatusNotFound, Code: "no_such_pool", Message: fmt.Sprintf("There is no pool %q.", name)}
}

// act does something that changes the hub. The audit log has it before it is
// tried, and its outcome before it is answered (security row A172).
func (a *api) act(q *request, e hub.Event, do func() (sub string, err error)) error {
	return a.actAs(q, &e, do)
}

// actAs is act for what can tell more of itself, in e, once it is done.
func (a *api) actAs(q *request, e *hub.Event, do func() (sub string, err error)) error {
	e.Actor, e.RequestID = actor(q.Context()), middleware.EventFrom(q.Context()).ID()
	if q.pool != nil {
		e.Time, e.Pool = q.pool.Now(), q.pool.Name
	}
	intent := *e
	intent.Name, intent.OK, intent.Reason = hub.AdminAct, true, string(e.Name)
	if err := a.Audit(intent); err != nil {
		return &Error{Status: http.StatusServiceUnavailable, Code: "audit_failed", Message: "The audit log cannot be written, so nothing was changed.", cause: err}
	}
	sub, err := do()
	e.OK = err == nil
	if sub != "" {
		e.Sub = sub
	}
	if err != nil {
		e.Reason = asError(err).Code
	}
	if auditErr := a.Audit(*e); auditErr != nil && err == nil {
		return &Error{Status: http.StatusServiceUnavailable, Code: "audit_failed", Message: "It was done, but the audit log could not be written.", cause: auditErr}
	}
	return err
}
