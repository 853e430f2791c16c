package rehearse

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/logout/logouttest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// cost is of the made-up person's password, which guards nothing.
var cost = directory.Cost{Memory: 64, Time: 1}

// world is what one end is rehearsed in: a hub with one pool, and everybody whom
// it deals with.
type world struct {
	act
	dir      string
	hub      *run.Hub
	pool     *hub.Pool
	roads    *roads
	browser  *browser
	upstream *idptest.Provider            // the way in; nil by password
	parties  map[string]*logouttest.Party // by client; those with a logout URI
	secrets  map[string]string            // of clients
	password string

	mu    sync.Mutex
	ahead time.Duration // of the clock of this world
}

// now is the time in the world.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// open makes a world for an act. An error leaves nothing open.
func open(ctx context.Context, a act, o Options) (w *world, err error) {
	w = &world{act: a, parties: map[string]*logouttest.Party{}, secrets: map[string]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.dir, err = os.MkdirTemp("", "isthmus-rehearsal-"); err != nil {
		return w, err
	}
	u, err := url.Parse(a.pool.Issuer)
	if err != nil {
		return w, err
	}
	w.roads = &roads{host: u.Host, wire: &http.Transport{}}
	if w.browser, err = newBrowser(w.roads); err != nil {
		return w, err
	}
	pool, err := w.disguised(o)
	if err != nil {
		return w, err
	}
	cfg := &config.Config{
		Path: "rehearsal", Store: filepath.Join(w.dir, "hub.db"), SealingKey: config.Reference{File: filepath.Join(w.dir, "key")},
		Admin: config.Admin{Socket: filepath.Join(w.dir, "sock")}, Outbound: config.Outbound{Allow: []string{"127.0.0.1"}},
		Pools: []config.Pool{*pool},
	}
	if w.hub, err = run.Start(ctx, cfg, run.Options{Now: w.now, Cost: cost}); err != nil {
		return w, err
	}
	w.roads.hub, w.pool = w.hub, w.hub.Pools()[0]
	if a.way == config.PasswordForm {
		w.password = password(a.pool.PasswordPolicy)
		_, err = w.hub.Directory.Create(ctx, w.pool, directory.NewUser{Username: username, Password: w.password, Attributes: attributes(w.pool.Schema)})
	}
	return w, err
}

// close ends the world and removes what it left.
func (w *world) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// Those who hang first, or the hub would wait for them.
	var errs []error
	for _, p := range w.parties {
		errs = append(errs, p.Close())
	}
	if w.upstream != nil {
		errs = append(errs, w.upstream.Close())
	}
	if w.hub != nil {
		errs = append(errs, w.hub.Close(ctx))
	}
	if w.roads != nil {
		w.roads.wire.CloseIdleConnections()
	}
	if w.dir != "" {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}

// disguised is the pool of the file with scripted servers in the place of all
// others, and with keys and secrets of the rehearsal.
func (w *world) disguised(o Options) (*config.Pool, error) {
	p := *w.act.pool
	p.Branding, p.Users = config.Branding{}, nil
	p.Signing.Algorithm = "ES256" // RSA keys take long to make
	p.Providers, p.Clients = slices.Clone(p.Providers), slices.Clone(p.Clients)
	for i := range p.Providers {
		if err := w.provider(&p.Providers[i], o); err != nil {
			return nil, err
		}
	}
	for i := range p.Clients {
		if err := w.client(&p.Clients[i]); err != nil {
			return nil, err
		}
	}
	return &p, nil
}

// cognito is how the issuers of Amazon's user pools begin, which are signed out
// of in a style of their own.
const cognito = "https://cognito-idp."

// provider puts a scripted provider in the place of the one that is the way in;
// the others are there, and nobody can reach them.
func (w *world) provider(pr *config.Provider, o Options) error {
	if pr.LogoutStyle == "" && strings.HasPrefix(pr.Issuer, cognito) {
		pr.LogoutStyle = "cognito"
	}
	pr.Endpoints, pr.ClientAuth, pr.Algorithms = config.Endpoints{}, "", []string{"ES256"}
	pr.Creation = true // somebody made up is new here
	secret := rand.Text()
	pr.ClientSecret = config.NewSecret(secret)
	if pr.Name != w.way {
		pr.Issuer = "http://127.0.0.1:9"
		return nil
	}
	said, err := claims(w.act.pool, pr, o.Claims[pr.Name])
	if err != nil {
		return &unlikelyError{err}
	}
	w.upstream, err = idptest.Start(idptest.Config{
		ClientID: pr.ClientID, ClientSecret: secret, Algorithm: "ES256", Now: w.now,
		Users:  []idptest.User{{Subject: subject, Claims: said}},
		Client: &http.Client{Transport: w.roads, Timeout: patience},
	})
	if err != nil {
		return err
	}
	pr.Issuer = w.upstream.Issuer()
	w.road(pr.Issuer)
	return nil
}

// client gives a client what the rehearsal can use to prove itself, and a
// scripted party in place of its logout URIs.
func (w *world) client(c *config.Client) error {
	c.Branding, c.Algorithm = config.ClientBranding{}, "ES256"
	c.Profile, c.RequirePAR, c.RequestObject, c.DPoP = "", false, "off", "allowed"
	c.Keys, c.JWKSURI, c.MTLS = config.Keys{}, "", config.MTLS{}
	c.Secrets = nil
	if !c.Public {
		secret := rand.Text()
		c.Auth, c.Secrets, w.secrets[c.ID] = "secret", []config.Secret{config.NewSecret(secret)}, secret
	}
	if c.BackchannelLogoutURI == "" && c.FrontchannelLogoutURI == "" {
		return nil
	}
	party, err := logouttest.Start(logouttest.Config{
		Issuer: w.act.pool.Issuer, ClientID: c.ID, HTTP: &http.Client{Transport: w.roads, Timeout: patience}, Algorithms: []string{"ES256"}, Now: w.now,
	})
	if err != nil {
		return err
	}
	w.parties[c.ID] = party
	if c.BackchannelLogoutURI != "" {
		c.BackchannelLogoutURI = party.BackchannelURI()
	}
	if c.FrontchannelLogoutURI != "" {
		c.FrontchannelLogoutURI = party.FrontchannelURI()
	}
	w.road(party.BackchannelURI())
	return nil
}

// road lets the browser go to a scripted server.
func (w *world) road(address string) {
	if u, err := url.Parse(address); err == nil {
		w.roads.others = append(w.roads.others, u.Host)
	}
}

// unlikelyError is that no person could be made up.
type unlikelyError struct{ cause error }

func (e *unlikelyError) Error() string { return e.cause.Error() }

// password is one that every policy takes.
func password(policy config.PasswordPolicy) string {
	text := "Aa1!" + rand.Text()
	if n := policy.MinimumLength - len(text); n > 0 {
		text += strings.Repeat("z", n)
	}
	return text
}

// misbehave puts the faults in force.
func (w *world) misbehave(faults []Fault) error {
	for _, f := range faults {
		if f.Of == w.way && w.upstream != nil {
			if err := w.upstream.Break(strings.Replace(f.Word, ":", "=", 1)); err != nil {
				return err
			}
		}
		party, ok := w.parties[f.Of]
		if !ok {
			continue
		}
		b, err := logouttest.BehaviourNamed(f.Word)
		if err == nil {
			err = party.Behave(b)
		}
		if err != nil {
			return fmt.Errorf("fault %s=%s: %w", f.Of, f.Word, err)
		}
	}
	return nil
}
