package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/register"
)

// App is a client of a pool. It has no field for a secret, a token or a hash.
type App struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Source       string    `json:"source"` // file or registered
	Public       bool      `json:"public"`
	CallbackURLs []string  `json:"callback_urls"`
	Created      time.Time `json:"created,omitzero"` // of a registered one
	Modified     time.Time `json:"modified,omitzero"`
}

// The values of App.Source.
const (
	SourceFile       = "file"
	SourceRegistered = "registered"
)

// Apps are a pool's clients by id: first those of the file, then those that
// registered themselves.
type Apps struct {
	Clients []App `json:"clients"`
}

// RegistrationToken lets its bearer register one client.
type RegistrationToken struct {
	Token    string    `json:"token"` // this once
	Expires  time.Time `json:"expires"`
	Endpoint string    `json:"registration_endpoint"`
}

func listClients(_ *api, q *request) (any, error) {
	list := &Apps{Clients: []App{}}
	for _, c := range q.pool.Clients {
		list.Clients = append(list.Clients, app(c))
	}
	for id, r := range q.pool.Registered.All() {
		if q.pool.Clients[id] == nil {
			list.Clients = append(list.Clients, registered(q.pool, r))
		}
	}
	slices.SortFunc(list.Clients, func(a, b App) int {
		if a.Source != b.Source {
			return strings.Compare(a.Source, b.Source)
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

func app(c *hub.Client) App {
	a := App{ID: c.ID, Name: c.Name, Source: SourceFile, Public: c.Public, CallbackURLs: c.CallbackURLs}
	if a.CallbackURLs == nil {
		a.CallbackURLs = []string{}
	}
	return a
}

func registered(p *hub.Pool, r *hub.Registered) App {
	a := App{ID: r.ID}
	if c, ok := p.Client(r.ID); ok {
		a = app(c)
	}
	a.Source, a.Created, a.Modified = SourceRegistered, r.Created, r.Modified
	return a
}

func deleteClient(a *api, q *request) (any, error) {
	if err := q.decode(&struct{}{}); err != nil {
		return nil, err
	}
	id := q.names["client"]
	r := q.pool.Registered.Find(id)
	switch {
	case q.pool.Clients[id] != nil:
		return nil, &Error{Status: http.StatusConflict, Code: "client_of_the_file", Message: "This client is in the configuration; remove it there."}
	case r == nil:
		return nil, noClient()
	}
	gone := registered(q.pool, r)
	err := a.act(q, hub.Event{Name: hub.ClientDeleted, Client: id}, func() (string, error) {
		err := register.Remove(q.Context(), q.pool, id)
		if errors.Is(err, register.ErrNoClient) {
			return "", noClient()
		}
		return "", err
	})
	if err != nil {
		return nil, err
	}
	return &gone, nil
}

func noClient() *Error {
	return &Error{Status: http.StatusNotFound, Code: "no_such_client", Message: "No client is registered under that id in this pool."}
}

func openRegistration(a *api, q *request) (any, error) {
	if err := q.decode(&struct{}{}); err != nil {
		return nil, err
	}
	closed := &Error{
		Status: http.StatusConflict, Code: "registration_closed",
		Message: "The pool takes no registrations; its part of the configuration opens it with  registration: {enabled: true}.",
	}
	if !q.pool.Registration {
		return nil, closed
	}
	made := &RegistrationToken{Endpoint: q.pool.URL(register.Path)}
	err := a.act(q, hub.Event{Name: hub.RegistrationOpened}, func() (_ string, err error) {
		made.Token, made.Expires, err = register.Open(q.Context(), q.pool)
		if errors.Is(err, register.ErrClosed) {
			return "", closed
		}
		return "", err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}
