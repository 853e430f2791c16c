package bearer

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Forward says how a proxy asks.
type Forward struct {
	// ScopeHeader is the header in which the proxy names the scopes that are
	// needed, with spaces between; the proxy must set it and let no client set it.
	// It is for Envoy, whose question has the client's own path and query. ""
	// means that the scopes are in the query, which then is the proxy's:
	//
	//	?scope=orders/read+orders/write    all of these; scope may be repeated
	//	?any=orders/read+orders/admin      one of these
	//	&resource=https://api.example      and a token for this API alone (RFC 8707)
	//
	// Without a scope, a good token is enough.
	ScopeHeader string
	// Resources are what the proxy may name as resource, for a verifier that
	// serves many APIs. The one named must be in the token's aud, in place of
	// Config.Audience.
	Resources []string
}

// ForwardAuth answers a proxy that asks whether to let a request through (nginx
// auth_request, Traefik ForwardAuth, Envoy ext_authz over HTTP): 200 with the
// Identity headers, 401 and 403 with a challenge as Require gives it, 503 when
// nobody can tell, and 400 when the proxy asks in a way that is not understood,
// which nginx and Envoy turn into a refusal.
//
// The decision rests on the Authorization header and the scopes that the proxy
// names, never on the path, host or method that headers claim for the original
// request: those are for the log. So what is judged is what the proxy matched
// its own rule with.
//
// A request that has an identity header in disguise is refused.
func (g *Guard) ForwardAuth(f Forward) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clearIdentity(w.Header())
		c, refused := g.decide(r, f)
		if refused != nil {
			g.log.InfoContext(r.Context(), "access refused", "status", refused.Status, "reason", refused.Error(),
				"method", original(r, "Method"), "host", original(r, "Host"), "path", original(r, "Uri"))
			refused.write(w, g.realm)
			return
		}
		setIdentity(w.Header(), c)
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)
	})
}

func (g *Guard) decide(r *http.Request, f Forward) (*Claims, *Error) {
	n, err := f.need(r)
	if err != nil {
		return nil, &Error{Status: http.StatusBadRequest, Code: invalidRequest, Description: "the proxy's question is not understood", Cause: err}
	}
	if name, ok := disguised(r.Header); ok {
		return nil, &Error{Status: http.StatusForbidden, Code: invalidRequest, Description: "the request has a header that could pass for the proxy's",
			Cause: fmt.Errorf("header %q", name)}
	}
	return g.admit(r, n)
}

// need reads what scopes a proxy asks for. What is not understood is an error: a
// slip in a proxy's configuration must not let everybody in.
func (f Forward) need(r *http.Request) (need, error) {
	if queryHasToken(r.URL.RawQuery) {
		return need{}, nil // admit says what is wrong
	}
	var n need
	if f.ScopeHeader != "" {
		n.all = fields(r.Header.Values(f.ScopeHeader))
		if len(n.all) == 0 {
			return n, fmt.Errorf("header %s names no scope", f.ScopeHeader)
		}
	} else {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return n, err
		}
		if n, err = f.readQuery(query); err != nil {
			return n, err
		}
	}
	if !n.valid() {
		return n, errors.New("a scope has a character that no scope may have")
	}
	return n, nil
}

// readQuery reads the parameters of a question, each of which must be known and
// say something.
func (f Forward) readQuery(query url.Values) (need, error) {
	n := need{all: fields(query["scope"]), any: fields(query["any"]), audience: query.Get("resource")}
	for name, values := range query {
		switch {
		case name != "scope" && name != "any" && name != "resource":
			return n, fmt.Errorf("parameter %q is unknown", name)
		case name == "resource" && (len(values) > 1 || !slices.Contains(f.Resources, n.audience)):
			return n, fmt.Errorf("resource %q is not one of this verifier's", values)
		case len(fields(values)) == 0:
			return n, fmt.Errorf("parameter %s is empty", name)
		}
	}
	return n, nil
}

// original is what the proxy says of the request it was sent, without a query,
// which may hold secrets.
func original(r *http.Request, what string) string {
	said := r.Header.Get("X-Forwarded-" + what)
	switch what {
	case "Method":
		said = cmp.Or(said, r.Method)
	case "Host":
		said = cmp.Or(said, r.Host)
	case "Uri":
		said, _, _ = strings.Cut(cmp.Or(said, r.URL.Path), "?")
	}
	const most = 200
	return said[:min(len(said), most)]
}
