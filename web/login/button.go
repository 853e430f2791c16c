package login

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/page"
)

// Button is the page with a sign-in button for other sites, for a client and a
// provider. It says the same to everybody, so that it may be kept. The words on
// the button are the configuration's: with words from the address, anybody could
// have the pool say them.
//
// Clients that registered themselves have none: a page under the pool's name
// that leads to them would vouch for more than is known of them.
func Button(s *Site, w http.ResponseWriter, r *http.Request) error {
	params, err := parameters(r)
	if err != nil {
		return err
	}
	id, name := params.Get("client_id"), params.Get("provider")
	if id == "" || name == "" {
		return oauth.Errorf(oauth.InvalidRequest, "client_id and provider are wanted")
	}
	client, known := s.pool.Clients[id]
	pr, ok := s.pool.Provider(name)
	if !known || !ok || !client.Uses(pr) {
		return s.status(w, r, http.StatusNotFound)
	}
	p := &page.Button{Base: s.base(r, client, nil), Client: client.Name, Way: kitWay(pr, "")}
	start, err := s.pool.Start(client, pr, "")
	var none *hub.NoStartError
	if err != nil && !errors.As(err, &none) {
		return err
	}
	p.Way.Href, p.ByApp = start.URL, start.ByApp
	w.Header().Set("Vary", "Accept-Language")
	return s.renderKept(w, p, "public, max-age=300", middleware.Policy{Script: []string{"'self'"}})
}

// Kit is the button for other sites: of a client, by a provider, leading to start.
// label stands on it instead of the provider's own; empty: it does not.
func Kit(r *page.Renderer, p *hub.Pool, c *hub.Client, pr *hub.Provider, start hub.Start, label string) (*page.Kit, error) {
	look := branding(p.Brand)
	if c.Brand != nil {
		look = branding(*c.Brand).Over(look)
	}
	brand, err := r.Brand(look)
	if err != nil {
		return nil, err
	}
	way := kitWay(pr, label)
	way.Href = start.URL
	return r.Kit(brand, r.Language(p.Language), way)
}

func kitWay(pr *hub.Provider, label string) page.Provider {
	way := page.Provider{Name: pr.Name, Label: cmp.Or(label, pr.Label)}
	way.Mark, way.Kind = look(pr)
	return way
}
