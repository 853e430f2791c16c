package login

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/page"
)

// How long the cookies live: a transaction outlives its interaction, so that a
// page that stood open too long still knows the app.
const (
	transactionLife = time.Hour
	lastUsedLife    = 180 * 24 * time.Hour
)

// Site is the browser's side of one pool.
type Site struct {
	pool     *hub.Pool
	signin   *signin.Service
	logout   *logout.Service
	renderer *page.Renderer
	cookies  *middleware.Cookies
	brand    *page.Brand
	brands   map[string]*page.Brand // of clients that have their own
}

// New makes the site of a pool: its cookies, and the looks of pool and clients.
func New(p *hub.Pool, s *signin.Service, l *logout.Service, r *page.Renderer) (*Site, error) {
	cookies, err := middleware.NewCookies(p.Secrets.Cookie, p.Name, strings.HasPrefix(p.Issuer, "https://"), p.Now)
	if err != nil {
		return nil, fmt.Errorf("pool %s: %w", p.Name, err)
	}
	site := &Site{pool: p, signin: s, logout: l, renderer: r, cookies: cookies, brands: map[string]*page.Brand{}}
	if p.Brand.Folder != nil {
		if site.renderer, err = r.Dress(p.Brand.Folder); err != nil {
			return nil, fmt.Errorf("pool %s: branding.folder:\n%w", p.Name, err)
		}
		r = site.renderer
	}
	base := branding(p.Brand)
	if site.brand, err = r.Brand(base); err != nil {
		return nil, fmt.Errorf("pool %s: branding: %w", p.Name, err)
	}
	for id, c := range p.Clients {
		if c.Brand == nil {
			continue
		}
		if site.brands[id], err = r.Brand(branding(*c.Brand).Over(base)); err != nil {
			return nil, fmt.Errorf("pool %s: client %s: branding: %w", p.Name, id, err)
		}
	}
	return site, nil
}

func branding(b hub.Brand) page.Branding {
	look := page.Branding{
		Name: b.Title, Accent: b.Accent, AccentDark: b.AccentDark, Background: b.Background, Radius: b.Radius,
		Terms: b.Terms, Privacy: b.Privacy, Help: b.Help,
	}
	if b.Logo != nil {
		look.Logo = &page.Image{Type: b.Logo.Type, Data: b.Logo.Data}
	}
	if b.LogoDark != nil {
		look.LogoDark = &page.Image{Type: b.LogoDark.Type, Data: b.LogoDark.Data}
	}
	return look
}

// handler serves one address of a site and returns what stopped it.
type handler func(s *Site, w http.ResponseWriter, r *http.Request) error

// Handle binds a handler to the site and turns its errors into pages.
func (s *Site) Handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(s, w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

func (s *Site) browser(r *http.Request) signin.Browser {
	return signin.Browser{SessionCookie: s.cookies.Session(r), Visitor: visitor(r)}
}

func visitor(r *http.Request) hub.Visitor {
	return hub.Visitor{Address: middleware.Client(r), RequestID: middleware.EventFrom(r.Context()).ID()}
}

// interaction finds the sign-in that this browser began under an id; nil when
// it began none, whatever the request claims.
func (s *Site) interaction(r *http.Request, id string) *hub.Interaction {
	plain, ok := s.cookies.Transaction(r, id)
	if !ok {
		return nil
	}
	var in hub.Interaction
	if err := json.Unmarshal(plain, &in); err != nil || in.ID != id {
		return nil
	}
	return &in
}

// errTooLarge stops a sign-in whose request does not fit into a cookie.
var errTooLarge = errors.New("the authorization request is too large to be kept in a cookie")

func (s *Site) keep(w http.ResponseWriter, r *http.Request, in *hub.Interaction) error {
	plain, err := json.Marshal(in)
	if err != nil {
		return err
	}
	err = s.cookies.SetTransaction(w, r, in.ID, plain, transactionLife)
	if errors.Is(err, middleware.ErrCookieSize) {
		return errTooLarge
	}
	return err
}

// base is what every page of the site has; c may be nil.
func (s *Site) base(r *http.Request, c *hub.Client, in *hub.Interaction) page.Base {
	var wishes []string
	if in != nil {
		wishes = append(wishes, in.Request.UILocales, in.Request.Lang)
	}
	wishes = append(wishes, r.Header.Get("Accept-Language"), s.pool.Language)
	b := page.Base{Language: s.renderer.Language(wishes...), Brand: s.brand}
	switch {
	case c == nil || c.Brand == nil:
	case s.brands[c.ID] != nil:
		b.Brand = s.brands[c.ID]
	default: // a client that registered itself brings links, and no look
		own := *s.brand
		own.Terms, own.Privacy, own.About = cmp.Or(c.Brand.Terms, own.Terms), cmp.Or(c.Brand.Privacy, own.Privacy), c.Brand.About
		b.Brand = &own
	}
	return b
}

// render writes a page. target is where a form on it may end up.
func (s *Site) render(w http.ResponseWriter, status int, p page.Page, target string) error {
	return s.renderWith(w, status, p, middleware.Policy{Script: []string{"'self'"}, Form: formAction(target)})
}

// renderWith writes a page under a policy of its own.
func (s *Site) renderWith(w http.ResponseWriter, status int, p page.Page, policy middleware.Policy) error {
	return s.write(w, status, p, policy, "no-store")
}

// renderKept writes a page that may be kept as cache says: one that is the same
// for everybody.
func (s *Site) renderKept(w http.ResponseWriter, p page.Page, cache string, policy middleware.Policy) error {
	return s.write(w, http.StatusOK, p, policy, cache)
}

func (s *Site) write(w http.ResponseWriter, status int, p page.Page, policy middleware.Policy, cache string) error {
	if a, ok := w.(*answer); ok {
		return s.document(a, status, p)
	}
	middleware.SetPolicy(w, policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", cache)
	buffer := &statusWriter{ResponseWriter: w, status: status}
	return s.renderer.Render(buffer, p)
}

// statusWriter writes the status with the first byte: the renderer writes
// nothing when a template fails.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status != 0 {
		w.WriteHeader(w.status)
		w.status = 0
	}
	return w.ResponseWriter.Write(b)
}

// formAction lists where a form's redirects may lead (see Divergences): https,
// plain http for an app on this machine, an app's own scheme.
func formAction(target string) []string {
	list := []string{"https:"}
	u, err := url.Parse(target)
	if err != nil || target == "" {
		return list
	}
	switch {
	case u.Scheme == "http" && strings.HasPrefix(u.Host, "["):
		return append(list, "http:") // a source cannot name an IPv6 address (CSP §2.3.1)
	case u.Scheme == "http":
		return append(list, "http://localhost:*", "http://127.0.0.1:*")
	}
	return append(list, middleware.Origin(target))
}

// under is an address of the pool without its origin.
func (s *Site) under(path string) string {
	u, err := url.Parse(s.pool.URL(path))
	if err != nil {
		return path
	}
	return cmp.Or(u.RequestURI(), "/")
}
