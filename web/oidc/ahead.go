package oidc

import (
	"net/http"
	"net/url"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/grant"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/signin"
)

// Push is the pushed authorization request endpoint (RFC 9126 §2).
func Push(s *signin.Service) func(http.ResponseWriter, *http.Request, *hub.Pool) error {
	push := func(w http.ResponseWriter, r *http.Request, p *hub.Pool, c *grant.Party, body url.Values) error {
		reference, life, err := s.Push(r.Context(), p, c.Client, c.JKT, body)
		if err != nil {
			return err
		}
		write(w, http.StatusCreated, struct {
			RequestURI string `json:"request_uri"`
			ExpiresIn  int    `json:"expires_in"`
		}{reference, int(life.Seconds())})
		return nil
	}
	return func(w http.ResponseWriter, r *http.Request, p *hub.Pool) error { return asClient(w, r, p, push) }
}

// Device is the device authorization endpoint (RFC 8628 §3.1).
func Device(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	return asClient(w, r, p, beginDevice)
}

func beginDevice(w http.ResponseWriter, r *http.Request, p *hub.Pool, c *grant.Party, body url.Values) error {
	params := oauth.NewParams(body)
	if err := params.Err(); err != nil {
		return err
	}
	scope, err := oauth.ParseScope(params.Get("scope"))
	if err != nil {
		return err
	}
	answer, err := grant.AuthorizeDevice(r.Context(), p, c.Client, scope, visitor(r))
	if err != nil {
		return err
	}
	write(w, http.StatusOK, answer)
	return nil
}
