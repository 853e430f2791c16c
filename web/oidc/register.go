package oidc

import (
	"errors"
	"io"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/register"
)

// open lets requests through while the pool takes registrations.
func open(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
		if !p.Registration {
			write(w, http.StatusForbidden, oauth.Errorf(oauth.AccessDenied, "registration is closed"))
			return nil
		}
		return h(w, r, p)
	}
}

// Register is the client registration endpoint (RFC 7591 §3).
var Register = open(func(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	token, err := bearer(r)
	if err != nil {
		return err
	}
	body, err := document(r)
	if err != nil {
		return err
	}
	made, err := register.Create(r.Context(), p, token, body, visitor(r))
	if err != nil {
		return err
	}
	write(w, http.StatusCreated, made)
	return nil
})

// Registration is the client configuration endpoint (RFC 7592 §2): GET, PUT and
// DELETE of a client by itself.
var Registration = open(func(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	token, err := bearer(r)
	if err != nil {
		return err
	}
	id := mux.Vars(r)["client"]
	var now *register.Information
	switch r.Method {
	case http.MethodDelete:
		if err := register.Delete(r.Context(), p, id, token, visitor(r)); err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
		return nil
	case http.MethodPut:
		body, err := document(r)
		if err != nil {
			return err
		}
		now, err = register.Replace(r.Context(), p, id, token, body, visitor(r))
		if err != nil {
			return err
		}
	default:
		if now, err = register.Read(p, id, token, visitor(r)); err != nil {
			return err
		}
	}
	write(w, http.StatusOK, now)
	return nil
})

// bearer is the token of a request, which stands in its header alone.
func bearer(r *http.Request) (string, error) {
	return oauth.BearerToken(r.Header.Values("Authorization"), r.URL.Query(), nil)
}

// document is the JSON body of a request; middleware.Limit bounds it.
func document(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, oauth.Wrap(err, oauth.InvalidClientMetadata, "the body is longer than 64 KiB")
	}
	if err != nil {
		return nil, oauth.Wrap(err, oauth.InvalidRequest, "the body ended before its time")
	}
	return body, nil
}
