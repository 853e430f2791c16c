//go:build linux

package main

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/mapping"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// The names in the configurations.
const (
	corporatePool = "corporate"
	clientID      = "expenses"
	clientSecret  = "bench-secret-of-the-app-0123456789"
	callback      = "http://127.0.0.1:9/callback" // nobody listens there: people stop in front of it
	sessionLife   = 8 * time.Hour
)

// world is the pair of pools on paper, and the people of the corporate one.
type world struct {
	Dir       string
	LogLevel  string
	Algorithm string // of both pools' signatures

	MasterAddress, MasterMetrics, CorporateAddress, BareAddress, LeavingAddress string

	Apps []app // of the pool that people leave; see logout.go

	cookies []*http.Cookie // of people signed in at the corporate pool, one for each
}

// newWorld takes free ports and fills the corporate pool's store with people
// who have a session there. They have no password: hashing is not what is
// measured here.
func newWorld(ctx context.Context, dir, logLevel string, people int) (*world, error) {
	w := &world{Dir: dir, LogLevel: logLevel}
	for _, address := range []*string{&w.MasterAddress, &w.MasterMetrics, &w.CorporateAddress, &w.BareAddress, &w.LeavingAddress} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		*address = l.Addr().String()
	}
	var err error
	w.cookies, err = w.populate(ctx, corporatePool, people, nil)
	return w, err
}

// Master is the issuer of the master pool.
func (w *world) Master() string { return "http://" + w.MasterAddress }

// Corporate is the issuer of the corporate pool.
func (w *world) Corporate() string { return "http://" + w.CorporateAddress }

// ClientID, ClientSecret and Callback are those of the app.
func (w *world) ClientID() string     { return clientID }
func (w *world) ClientSecret() string { return clientSecret }
func (w *world) Callback() string     { return callback }

//go:embed pools.yaml.tmpl
var poolsText string

// Leaving is the issuer of the pool that people leave.
func (w *world) Leaving() string { return "http://" + w.LeavingAddress }

// write writes the configuration of a pool, "master", "corporate" or "leaving",
// and returns its path. A master pool has a store for each algorithm.
func (w *world) write(pool string) (string, error) {
	t, err := template.New("pools").Option("missingkey=error").Parse(poolsText)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.ExecuteTemplate(&b, pool, w); err != nil {
		return "", err
	}
	path := filepath.Join(w.Dir, pool+w.Algorithm+".yaml")
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
}

// populate makes people in the store of a pool, each with a session that the next
// of these sets of clients shares, and returns the cookies they hold.
func (w *world) populate(ctx context.Context, pool string, people int, clients [][]string) (held []*http.Cookie, err error) {
	path := filepath.Join(w.Dir, pool+".db")
	key, err := seal.Create(path + ".key")
	if err != nil {
		return nil, err
	}
	engine, err := bolt.Open(path, bolt.Options{NoSync: true})
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, engine, time.Now)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	cookies, err := middleware.NewCookies(hub.NewSecrets(key, pool).Cookie, pool, false, time.Now)
	if err != nil {
		return nil, err
	}
	const batch = 500
	for len(held) < people {
		err := s.Space(pool).Update(ctx, func(tx *store.Tx) error {
			for range min(batch, people-len(held)) {
				var shared []string
				if len(clients) > 0 {
					shared = clients[len(held)%len(clients)]
				}
				value, err := add(tx, len(held), shared)
				if err != nil {
					return err
				}
				answer := headerOnly{}
				if err := cookies.SetSession(answer, value, sessionLife); err != nil {
					return err
				}
				held = append(held, (&http.Response{Header: answer.Header()}).Cookies()...)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return held, s.Close()
}

// add makes the n-th person and returns the value of the session's cookie.
func add(tx *store.Tx, n int, clients []string) (cookie string, err error) {
	name := fmt.Sprintf("person%d", n)
	u := &hub.User{
		Sub: directory.NewSub(), Username: name, Status: hub.Confirmed, Created: tx.Now, Modified: tx.Now,
		Attributes: mapping.Attributes{
			"email": name + "@corp.example", "email_verified": "true", "name": "Person Number " + name,
			"given_name": "Person", "family_name": "Number " + name, "custom:department": "Harbour office",
		},
	}
	if err := hub.Users.Create(tx, u); err != nil {
		return "", err
	}
	id, key, secret := hub.NewSessionID(tx.Now)
	session := &hub.Session{ID: id, Secret: secret, Entry: hub.Entry{Sub: u.Sub, AuthTime: tx.Now, Began: tx.Now}, Expires: tx.Now.Add(sessionLife), Kept: tx.Now.Add(sessionLife)}
	for _, c := range clients {
		session.Clients = append(session.Clients, hub.SessionClient{ID: c, Until: session.Expires})
	}
	return hub.SessionCookie(id, key), hub.Sessions.Create(tx, session)
}

// headerOnly is a response of which only the header matters.
type headerOnly http.Header

func (h headerOnly) Header() http.Header         { return http.Header(h) }
func (h headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (h headerOnly) WriteHeader(int)             {}
