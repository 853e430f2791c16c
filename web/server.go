package web

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/login"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/page"
)

// assets is where styles, script and logos lie, on every host: their names are
// hashes of their content, so no pool's can be taken for another's.
const assets = "/assets/"

// Options are what a server is made of.
type Options struct {
	SignIn   *signin.Service
	Logout   *logout.Service
	Log      *slog.Logger
	Registry *prometheus.Registry
	Proxies  []netip.Prefix // whose forwarding headers are believed
}

// Server is the public handler of a hub.
type Server struct {
	options  Options
	renderer *page.Renderer
	assets   http.Handler
	forms    *middleware.Limiter[netip.Addr]
	tokens   *middleware.Limiter[netip.Addr] // logout tokens: a provider may sign out thousands at once (A130)
	table    atomic.Pointer[table]
	handler  http.Handler
}

// table is what is served now: sites by host, those with longer paths first.
type table map[string][]site

type site struct {
	path    string // of the issuer, without a slash at the end
	handler http.Handler
}

// New makes a server that serves nothing until Mount.
func New(o Options) (*Server, error) {
	renderer, err := page.New(page.Options{Prefix: assets, Broken: func(err error) {
		o.Log.Error("a template of a pool's own failed; the built-in page was shown", "error", err)
	}})
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: o, renderer: renderer, assets: renderer.Assets(),
		forms:  middleware.NewLimiter[netip.Addr](middleware.Pace{Every: 250 * time.Millisecond, Burst: 60}, 100_000, time.Now),
		tokens: middleware.NewLimiter[netip.Addr](middleware.Pace{Every: 5 * time.Millisecond, Burst: 2000}, 10_000, time.Now),
	}
	s.table.Store(&table{})
	metrics, err := middleware.Metrics(o.Registry)
	if err != nil {
		return nil, err
	}
	s.handler = middleware.Chain(
		middleware.Address(o.Proxies),
		middleware.Log(o.Log),
		metrics,
		middleware.Recover(s.broken),
		middleware.Headers(),
	)(http.HandlerFunc(s.dispatch))
	return s, nil
}

// Mount serves these pools from the next request on, or none of them.
func (s *Server) Mount(pools []*hub.Pool) error {
	t := table{}
	for _, p := range pools {
		u, err := url.Parse(p.Issuer)
		if err != nil {
			return fmt.Errorf("pool %s: issuer: %w", p.Name, err)
		}
		l, err := login.New(p, s.options.SignIn, s.options.Logout, s.renderer)
		if err != nil {
			return err
		}
		handler, err := s.routes(p, l)
		if err != nil {
			return fmt.Errorf("pool %s: %w", p.Name, err)
		}
		host, path := strings.ToLower(u.Host), strings.TrimSuffix(u.Path, "/")
		t[host] = append(t[host], site{path: path, handler: http.StripPrefix(path, handler)})
	}
	for _, sites := range t {
		slices.SortFunc(sites, func(a, b site) int { return cmp.Compare(len(b.path), len(a.path)) })
	}
	s.table.Store(&t)
	return nil
}

// ServeHTTP serves a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// dispatch finds the pool a request is for.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	sites, ok := (*s.table.Load())[strings.ToLower(r.Host)]
	if !ok {
		// RFC 9110 §15.5.20: this server is not the one to answer for that host.
		s.plain(w, r, http.StatusMisdirectedRequest, "This server does not answer for that host.")
		return
	}
	if strings.HasPrefix(r.URL.Path, assets) {
		middleware.EventFrom(r.Context()).SetRoute(assets)
		s.assets.ServeHTTP(w, r)
		return
	}
	for _, site := range sites {
		if rest, ok := strings.CutPrefix(r.URL.Path, site.path); ok && (rest == "" || rest[0] == '/') {
			site.handler.ServeHTTP(w, r)
			return
		}
	}
	s.plain(w, r, http.StatusNotFound, "")
}

// broken is the page after a panic.
func (s *Server) broken(w http.ResponseWriter, r *http.Request) {
	s.plain(w, r, http.StatusInternalServerError, "")
}

// plain is the page of requests that no pool answers, and of those that a
// middleware turned away.
func (s *Server) plain(w http.ResponseWriter, r *http.Request, status int, reason string) {
	event := middleware.EventFrom(r.Context())
	if reason != "" {
		event.Set("error", reason)
	}
	middleware.SetPolicy(w, middleware.Policy{Script: []string{"'self'"}})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	p := &page.Error{Status: status, RequestID: event.ID()}
	p.Language = s.renderer.Language(r.Header.Get("Accept-Language"))
	if err := s.renderer.Render(w, p); err != nil {
		event.Set("render", err.Error())
	}
}
