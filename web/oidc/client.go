package oidc

import (
	"net/http"
	"net/url"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/grant"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// clientHandler serves an endpoint that only authenticated clients may use, and
// gets the client and the form it sent.
type clientHandler func(w http.ResponseWriter, r *http.Request, p *hub.Pool, c *grant.Party, body url.Values) error

// asClient serves a request by a handler, once its client is proven.
func asClient(w http.ResponseWriter, r *http.Request, p *hub.Pool, h clientHandler) error {
	c, body, err := client(r, p)
	if err != nil {
		return err
	}
	return h(w, r, p, c, body)
}

// client proves who sends a form: parameters in the body alone, the client known
// before anything else is looked at.
func client(r *http.Request, p *hub.Pool) (*grant.Party, url.Values, error) {
	query := r.URL.Query()
	body, err := form(r)
	if err != nil {
		return nil, nil, err
	}
	credentials, err := oauth.ParseClientCredentials(r.Header.Values("Authorization"), query, body)
	if err != nil {
		return nil, nil, err
	}
	if err := oauth.RefuseQuery(query); err != nil {
		return nil, nil, err
	}
	c, err := grant.Authenticate(r.Context(), p, credentials, evidence(r, p))
	if err != nil {
		e := p.Event(hub.ClientRefused, visitor(r))
		e.Client, e.Reason = credentials.ClientID, string(oauth.AsError(err).Code)
		p.Record(e)
		return nil, nil, err
	}
	middleware.EventFrom(r.Context()).Set("client", c.ID)
	return c, body, nil
}

// evidence is what a request brings of its sender's keys. The address is the
// configured one: a proof is made for where the client sent it.
func evidence(r *http.Request, p *hub.Pool) grant.Evidence {
	return grant.Evidence{
		Method: r.Method, URL: p.URL(r.URL.Path), DPoP: r.Header.Values("DPoP"), Certificate: middleware.Certificate(r),
	}
}
