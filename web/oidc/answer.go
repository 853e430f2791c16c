package oidc

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// handler serves one endpoint of one pool and returns what it could not do.
type handler func(w http.ResponseWriter, r *http.Request, p *hub.Pool) error

// Handle binds an endpoint to a pool and answers its errors as OAuth errors.
func Handle(p *hub.Pool, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r, p); err != nil {
			refuse(w, r, p, err)
		}
	})
}

// refuse writes an error: code and description to the client, the cause to the log.
func refuse(w http.ResponseWriter, r *http.Request, p *hub.Pool, err error) {
	e := oauth.AsError(err)
	event := middleware.EventFrom(r.Context())
	event.Set("error", e.Error())
	status := e.HTTPStatus()
	switch e.Code {
	case oauth.InvalidClient:
		w.Header().Set("WWW-Authenticate", oauth.BasicChallenge(p.Name))
	case oauth.UseDPoPNonce:
		w.Header().Set("DPoP-Nonce", p.Secrets.Nonces.New(p.Now()))
	case oauth.InvalidToken, oauth.InsufficientScope:
		w.Header().Set("WWW-Authenticate", oauth.BearerChallenge(p.Name, e, nil))
	case oauth.ServerError, oauth.TemporarilyUnavailable:
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "2")
	}
	write(w, status, e)
}

// Refuse answers, in this package's form, a request that a middleware turned away.
func Refuse(w http.ResponseWriter, _ *http.Request, status int, reason string) {
	code := oauth.InvalidRequest
	if status == http.StatusTooManyRequests || status >= http.StatusInternalServerError {
		code = oauth.TemporarilyUnavailable
	}
	write(w, status, oauth.Errorf(code, "%s", reason))
}

// write sends a JSON answer that nobody may keep.
func write(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Content-Length", strconv.Itoa(len(text))) // what is longer than 2 KiB would else be sent in chunks
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// form is the body of a POST; middleware.Limit has read it and bounded it. The
// query is not part of it.
func form(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return nil, nil
	}
	if err := r.ParseForm(); err != nil {
		return nil, oauth.Wrap(err, oauth.InvalidRequest, "the body is not a form")
	}
	return r.PostForm, nil
}

func visitor(r *http.Request) hub.Visitor {
	var address netip.Addr = middleware.Client(r)
	return hub.Visitor{Address: address, RequestID: middleware.EventFrom(r.Context()).ID()}
}
