package web

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/register"
	"github.com/isthmus-hub/isthmus/web/login"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/oidc"
)

// The kinds of routes, by who calls them and how:
//
//	public   anybody, also scripts of any origin; the same answer for everybody
//	machine  apps; scripts only of origins that a client registered
//	json     what sends JSON, from no browser's page, and held to a pace
//	entry    a browser sent by another site, by GET or by a form of that site
//	form     our own pages' forms, from nowhere else, and held to a pace
//	ask      a login application that asks where a sign-in stands
//	step     and one that takes a step of it: JSON, held to the pace of forms
type chains struct{ public, machine, json, entry, form, ask, step middleware.Middleware }

// routes is everything a pool answers, under its issuer.
func (s *Server) routes(p *hub.Pool, l *login.Site) (http.Handler, error) {
	discovery, err := oidc.Discovery(p)
	if err != nil {
		return nil, err
	}
	byQuery, byHeader, err := verify(p)
	if err != nil {
		return nil, err
	}
	r := mux.NewRouter().SkipClean(true).UseEncodedPath()
	r.Use(middleware.Route)
	get, post, both := []string{"GET", "HEAD"}, []string{"POST"}, []string{"GET", "POST"}
	c := s.chains(p, l)

	handle := func(path string, methods []string, chain middleware.Middleware, h http.Handler) {
		r.Handle(path, chain(h)).Methods(methods...).Name(path)
	}
	handle("/.well-known/openid-configuration", get, c.public, discovery)
	handle("/.well-known/oauth-authorization-server", get, c.public, discovery) // RFC 8414 §3, of an issuer without a path
	handle("/.well-known/jwks.json", get, c.public, oidc.JWKS(p))
	handle("/oauth2/token", append(post, "OPTIONS"), c.machine, oidc.Handle(p, oidc.Token))
	handle("/oauth2/par", append(post, "OPTIONS"), c.machine, oidc.Handle(p, oidc.Push(s.options.SignIn)))
	handle("/oauth2/device_authorization", post, c.machine, middleware.Rate(s.forms, oidc.Refuse)(oidc.Handle(p, oidc.Device)))
	handle("/oauth2/revoke", append(post, "OPTIONS"), c.machine, oidc.Handle(p, oidc.Revoke))
	handle("/oauth2/introspect", post, c.machine, oidc.Handle(p, oidc.Introspect))
	handle("/oauth2/userInfo", append(both, "OPTIONS"), c.machine, oidc.Handle(p, oidc.UserInfo))

	handle("/-/verify", get, func(h http.Handler) http.Handler { return h }, byQuery)
	r.PathPrefix("/-/verify/").Handler(byHeader).Name("/-/verify/") // Envoy puts the path it was asked for behind, and asks by any method

	handle(register.Path, post, c.json, oidc.Handle(p, oidc.Register))
	handle(register.Path+"/{client}", []string{"GET", "PUT", "DELETE"}, c.json, oidc.Handle(p, oidc.Registration))

	handle("/oauth2/authorize", both, c.entry, l.Handle(login.Authorize))
	handle("/oauth2/idpresponse", get, c.entry, l.Handle(login.Callback))
	handle("/oauth2/idpresponse", post, c.entry, l.Handle(login.CallbackPost))
	handle("/logout", both, c.entry, l.Handle(login.Logout))
	handle("/logout/next", get, c.entry, l.Handle(login.LogoutNext))
	handle("/logout/idpresponse", get, c.entry, l.Handle(login.LogoutReturned))
	handle("/logout/record", get, c.entry, l.Handle(login.LogoutRecord))
	handle("/logout/frontchannel/{provider}", get, c.entry, middleware.Rate(s.tokens, s.plain)(l.Handle(login.FrontchannelLogout)))
	handle("/logout/backchannel/{provider}", post, c.machine, middleware.Rate(s.tokens, oidc.Refuse)(oidc.Handle(p, oidc.BackchannelLogout(s.options.Logout))))
	handle("/error", get, c.entry, l.Handle(login.Explain))

	handle("/button", get, c.entry, l.Handle(login.Button))
	handle("/login", get, c.entry, l.Handle(login.Login))
	handle("/login", post, c.form, l.Handle(login.SignIn))
	handle("/login/password", post, c.form, l.Handle(login.NewPassword))
	handle("/login/profile", post, c.form, l.Handle(login.Profile))
	handle("/login/join", get, c.entry, l.Handle(login.JoinProvider))
	handle("/login/join", post, c.form, l.Handle(login.Join))
	handle("/account/links", get, c.entry, l.Handle(login.Links))
	handle("/account/links", post, c.form, l.Handle(login.ChangeLinks))
	handle("/device", get, c.entry, middleware.Rate(s.forms, s.plain)(l.Handle(login.Device)))
	handle("/device", post, c.form, l.Handle(login.DeviceAnswer))
	handle("/logout/answer", post, c.form, l.Handle(login.SignOut))
	handle("/logout/provider", post, c.form, l.Handle(login.LogoutProvider))

	handle("/interaction/{id}/finish", get, c.entry, l.Handle(login.Finish))
	handle("/interaction/{id}", []string{"GET", "OPTIONS"}, c.ask, l.HandleAPI(login.Interaction))
	handle("/interaction/error/{code}", []string{"GET", "OPTIONS"}, c.ask, l.HandleAPI(login.Explain))
	handle("/interaction/{id}/password", append(post, "OPTIONS"), c.step, l.HandleAPI(login.InteractionPassword))
	handle("/interaction/{id}/address", append(post, "OPTIONS"), c.step, l.HandleAPI(login.InteractionAddress))
	handle("/interaction/{id}/new-password", append(post, "OPTIONS"), c.step, l.HandleAPI(login.InteractionNewPassword))
	handle("/interaction/{id}/profile", append(post, "OPTIONS"), c.step, l.HandleAPI(login.InteractionProfile))
	handle("/interaction/{id}/join", append(post, "OPTIONS"), c.step, l.HandleAPI(login.InteractionJoin))
	handle("/interaction/{id}/provider", append(post, "OPTIONS"), c.step, l.HandleAPI(login.InteractionProvider))
	handle("/interaction/{id}/continue", append(post, "OPTIONS"), c.step, l.HandleAPI(login.InteractionContinue))
	handle("/interaction/{id}/other", append(post, "OPTIONS"), c.step, l.HandleAPI(login.InteractionOther))
	handle("/interaction/{id}/cancel", append(post, "OPTIONS"), c.step, l.HandleAPI(login.InteractionCancel))

	r.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.plain(w, r, http.StatusNotFound, "") })
	r.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.plain(w, r, http.StatusMethodNotAllowed, "") })
	return r, nil
}

func (s *Server) chains(p *hub.Pool, l *login.Site) chains {
	limit := middleware.Limit(middleware.FormLimits(), s.plain)
	own, front := l.Origins(), l.LoginOrigins()
	jsonLimits := middleware.Limits{Body: 64 << 10, Parameters: 100, Types: []string{"application/json"}}
	origins := map[string]bool{}
	for _, c := range p.Clients {
		for _, uri := range c.CallbackURLs {
			origins[middleware.Origin(uri)] = true
		}
	}
	registered := func(_ *http.Request, origin string) bool { return origins[origin] || p.Registered.Origin(origin) }
	return chains{
		public:  middleware.PublicCORS(),
		machine: middleware.Chain(middleware.CORS(registered, oidc.Refuse, "GET", "POST"), middleware.Limit(middleware.FormLimits(), oidc.Refuse)),
		json: middleware.Chain(
			middleware.Rate(s.forms, oidc.Refuse),
			middleware.Limit(jsonLimits, oidc.Refuse),
		),
		entry: limit,
		form: middleware.Chain(
			middleware.Rate(s.forms, s.plain),
			middleware.CrossOrigin(func(*http.Request) []string { return own }, s.plain),
			limit,
		),
		ask: middleware.Chain(middleware.FrontEnd(front, l.RefuseAPI, "GET"), middleware.Limit(middleware.FormLimits(), l.RefuseAPI)),
		step: middleware.Chain(
			middleware.FrontEnd(front, l.RefuseAPI, "POST"),
			middleware.Rate(s.forms, l.RefuseAPI),
			middleware.Limit(jsonLimits, l.RefuseAPI),
		),
	}
}
