package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config is what an app is told when it is registered, and where it lives.
type Config struct {
	Sample       Sample // what it is about
	URL          string // where browsers reach it, without a slash at the end
	Issuer       string // the pool that it trusts
	ClientID     string
	ClientSecret string
	RedirectURI  string   // where the pool sends people back to; registered there
	Scopes       []string // asked for; Scope is among them
	Scope        string   // what the API demands
	Provider     string   // name of the corporate provider, for identity_provider
	LoginHint    string   // an address whose domain leads to that provider
	Other        Link     // another app of the same pool
	Company      string   // where people sign out of the company
	Moody        bool     // its page lets people choose how it takes a logout token
}

// Link is a name and an address.
type Link struct{ Name, URL string }

// Where the pool sends people, or calls the app itself.
const (
	CallbackPath    = "/callback"           // with its answer
	SignedOutPath   = "/signed-out"         // after a sign-out
	BackchannelPath = "/backchannel-logout" // a logout token
)

// patience is how long the app waits for the pool or the API.
const patience = 10 * time.Second

// App is the sample app. It is an http.Handler.
type App struct {
	config   Config
	host     string
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	names    bool   // the pool promises its name in every answer
	out      string // its end_session_endpoint
	oauth    oauth2.Config
	client   *http.Client
	sessions *shelf[*session]
	pending  *shelf[pending]
	leaving  *shelf[string]   // the browsers that are signing out, by state
	ended    *shelf[farewell] // sessions that the pool ended
	tokens   *shelf[struct{}] // logout tokens that were taken, by jti
	manner   manner
	pages    *pages
	policy   string
	handler  http.Handler
}

// New makes the app. It asks the pool for its metadata once; an error says that
// the pool did not give it.
func New(ctx context.Context, c Config) (*App, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	a := &App{
		config: c, host: u.Host, policy: policy(c.Issuer), client: &http.Client{Timeout: patience},
		sessions: newShelf[*session](12*time.Hour, 1000), pending: newShelf[pending](time.Hour, 1000),
		leaving: newShelf[string](time.Hour, 1000), ended: newShelf[farewell](time.Hour, 1000), tokens: newShelf[struct{}](tokenLife, 10_000),
	}
	if a.provider, err = oidc.NewProvider(a.context(ctx), c.Issuer); err != nil {
		return nil, fmt.Errorf("the app asked %s for its metadata: %w", c.Issuer, err)
	}
	var metadata struct {
		Names      bool   `json:"authorization_response_iss_parameter_supported"`
		EndSession string `json:"end_session_endpoint"`
	}
	if err := a.provider.Claims(&metadata); err != nil {
		return nil, fmt.Errorf("metadata of %s: %w", c.Issuer, err)
	}
	if a.names, a.out = metadata.Names, metadata.EndSession; a.out == "" {
		return nil, fmt.Errorf("metadata of %s: there is no end_session_endpoint to sign out at", c.Issuer)
	}
	a.verifier = a.provider.Verifier(&oidc.Config{ClientID: c.ClientID})
	a.oauth = oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, Endpoint: a.provider.Endpoint(),
		RedirectURL: c.RedirectURI, Scopes: c.Scopes,
	}
	if a.pages, err = newPages(); err != nil {
		return nil, err
	}
	api, err := newAPI(ctx, c)
	if err != nil {
		return nil, err
	}
	a.handler = a.routes(api)
	return a, nil
}

// context carries the app's HTTP client to go-oidc and x/oauth2.
func (a *App) context(ctx context.Context) context.Context { return oidc.ClientContext(ctx, a.client) }

func (a *App) routes(api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /signin", a.signIn)
	mux.HandleFunc("GET "+CallbackPath, a.callback)
	mux.HandleFunc("POST /refresh", a.refresh)
	mux.HandleFunc("POST /signout", a.signOut)
	mux.HandleFunc("GET "+SignedOutPath, a.signedOut)
	mux.HandleFunc("POST "+BackchannelPath, a.backchannel)
	mux.HandleFunc("GET "+watchPath, a.watch)
	if a.config.Moody {
		mux.HandleFunc("POST /manner", a.setManner)
	}
	mux.HandleFunc("GET "+stylesheet, a.pages.asset("text/css; charset=utf-8", a.pages.sheet))
	mux.HandleFunc("GET "+watcher, a.pages.asset("text/javascript; charset=utf-8", a.pages.watcher))
	mux.Handle("GET "+a.config.Sample.API, api)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		a.stop(w, http.StatusNotFound, Problem{Title: "There is no page here", Text: "The address may be mistyped."})
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

// ServeHTTP serves the app and its API.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Content-Security-Policy", a.policy)
	h.Set("Cache-Control", "no-store")
	if !strings.EqualFold(r.Host, a.host) {
		http.Error(w, "This app does not answer for that host.", http.StatusMisdirectedRequest)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	a.handler.ServeHTTP(w, r)
}

// policy is the Content-Security-Policy of every page. Chromium applies
// form-action to all redirects that follow a form, and the sign-out form leads to
// the pool, which may lead on to addresses that no app can know: so it names
// schemes.
func policy(issuer string) string {
	p := "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https:"
	if strings.HasPrefix(issuer, "http:") {
		p += " http://localhost:* http://127.0.0.1:*"
	}
	return p
}
