package oidc

import (
	"net/http"
	"net/url"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/grant"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// Revoke is the revocation endpoint (RFC 7009 §2): 200 and nothing, also for a
// token that was never known.
func Revoke(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	return asClient(w, r, p, func(w http.ResponseWriter, r *http.Request, p *hub.Pool, c *grant.Party, body url.Values) error {
		q, err := oauth.ParseTokenQuery(body)
		if err != nil {
			return err
		}
		if err := grant.Revoke(r.Context(), p, c.Client, q, visitor(r)); err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)
		return nil
	})
}

// Introspect is the introspection endpoint (RFC 7662 §2).
func Introspect(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	return asClient(w, r, p, func(w http.ResponseWriter, r *http.Request, p *hub.Pool, c *grant.Party, body url.Values) error {
		q, err := oauth.ParseTokenQuery(body)
		if err != nil {
			return err
		}
		answer, err := grant.Introspect(r.Context(), p, c.Client, q)
		if err != nil {
			return err
		}
		write(w, http.StatusOK, answer)
		return nil
	})
}
