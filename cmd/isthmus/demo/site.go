package demo

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/demo/app"
	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
)

// apps are the two sample apps.
func (p *plan) apps() []app.Config {
	configs := []app.Config{{
		Sample: app.Expenses, URL: p.App(), ClientID: clientID, ClientSecret: p.ClientSecret,
		RedirectURI: p.App() + p.CallbackPath, Scope: apiScope, Other: app.Link{Name: app.Travel.Name, URL: p.Travel()},
	}, {
		Sample: app.Travel, URL: p.Travel(), ClientID: travelID, ClientSecret: p.TravelSecret,
		RedirectURI: p.Travel() + app.CallbackPath, Scope: travelScope, Other: app.Link{Name: app.Expenses.Name, URL: p.App()},
		Moody: true,
	}}
	for i := range configs {
		c := &configs[i]
		c.Issuer, c.Provider, c.LoginHint, c.Company = p.Master(), providerName, p.Ana.Email(), p.Corporate()+"/logout"
		c.Scopes = []string{"openid", "email", "profile", c.Scope}
	}
	return configs
}

// site is an app that is served.
type site struct {
	server *http.Server
	served chan error // what the server ended with
}

// serveApps starts the sample apps.
func (d *Demo) serveApps(ctx context.Context) error {
	for _, c := range d.plan.apps() {
		a, err := app.New(ctx, c)
		if err != nil {
			return err
		}
		s, err := serve(ctx, a, portOf(c.URL))
		if err != nil {
			return err
		}
		d.sites = append(d.sites, s)
	}
	return nil
}

func serve(ctx context.Context, a *app.App, port int) (*site, error) {
	listener, err := run.Listen(address(port))
	if err != nil {
		return nil, err
	}
	// Pages that watch, and calls that are not answered, end with the server.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &site{server: &http.Server{
		Handler: a, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 60 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}, served: make(chan error, 1)}
	s.server.RegisterOnShutdown(stop)
	go func() {
		defer stop()
		s.served <- s.server.Serve(listener)
	}()
	return s, nil
}

// close waits for requests under way until ctx ends.
func (s *site) close(ctx context.Context) error {
	var errs []error
	if err := s.server.Shutdown(ctx); err != nil {
		errs = append(errs, err, s.server.Close())
	}
	if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
