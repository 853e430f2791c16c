package admin

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/mapping"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// User is a person in a pool. It has no field for a password or its hash, so
// none can be answered.
type User struct {
	Sub        string            `json:"sub"`
	Username   string            `json:"username"`
	Status     string            `json:"status"`
	Enabled    bool              `json:"enabled"`
	Attributes map[string]string `json:"attributes"`
	Links      []Link            `json:"links,omitempty"`
	Groups     []Group           `json:"groups,omitempty"`
	Created    time.Time         `json:"created"`
	Modified   time.Time         `json:"modified"`
	// PasswordExpires is when a temporary password ends.
	PasswordExpires time.Time `json:"password_expires,omitzero"`
}

// Group is one that a user is in.
type Group struct {
	Name string `json:"name"`
	// From are the providers whose claims say so, or whose sign-in made the user.
	// None: an administrator, or a merge.
	From []string `json:"from,omitempty"`
}

// Membership is what POST /pools/{pool}/users/{user}/groups takes.
type Membership struct {
	Group string `json:"group"`
}

// Link is an upstream identity of a user.
type Link struct {
	Provider string    `json:"provider"`
	Issuer   string    `json:"issuer"`
	Subject  string    `json:"subject"`
	Primary  bool      `json:"primary"`
	Created  time.Time `json:"created"`
	Evidence *Evidence `json:"evidence,omitempty"` // nil: the first sign-in made it
}

// Users is one page of a pool's users, by name.
type Users struct {
	Users []User `json:"users"`
	Next  string `json:"next,omitempty"` // where the next page begins; empty after the last
}

// NewUser is what POST /pools/{pool}/users takes.
type NewUser struct {
	Username string `json:"username"`
	// Password is temporary unless Permanent is set; empty: one is made.
	Password   string            `json:"password,omitempty"`
	Permanent  bool              `json:"permanent,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Disabled   bool              `json:"disabled,omitempty"`
}

// Created is a user just made.
type Created struct {
	User
	// TemporaryPassword is the one that was made, this once; empty if one was given.
	TemporaryPassword string `json:"temporary_password,omitempty"`
}

func shown(p *hub.Pool, u *hub.User) User {
	s := User{
		Sub: u.Sub, Username: u.Username, Status: string(u.Status), Enabled: !u.Disabled, Attributes: u.Attributes,
		Created: u.Created, Modified: u.Modified, PasswordExpires: u.PasswordExpiry,
	}
	if s.Attributes == nil {
		s.Attributes = map[string]string{}
	}
	for _, l := range u.Links {
		link := Link{Provider: l.Provider, Issuer: l.Issuer, Subject: l.Subject, Primary: l.Primary, Created: l.Created}
		if e := l.Evidence; e != nil {
			link.Evidence = &Evidence{By: e.By, Why: e.Why, Claims: e.Claims}
		}
		s.Links = append(s.Links, link)
	}
	for _, name := range p.Groups(u) {
		s.Groups = append(s.Groups, Group{Name: name, From: p.GroupFrom(u, name)})
	}
	return s
}

func listUsers(_ *api, q *request) (any, error) {
	values, err := q.query("after", "limit")
	if err != nil {
		return nil, err
	}
	n, err := limit(values["limit"])
	if err != nil {
		return nil, err
	}
	after, err := q.open("users", values["after"])
	if err != nil {
		return nil, err
	}
	users, next, err := directory.List(q.Context(), q.pool, after, n)
	if err != nil {
		return nil, err
	}
	page := Users{Users: []User{}, Next: q.seal("users", next)}
	for _, u := range users {
		page.Users = append(page.Users, shown(q.pool, u))
	}
	return &page, nil
}

func getUser(_ *api, q *request) (any, error) {
	u, err := directory.Get(q.Context(), q.pool, q.names["user"])
	if err != nil {
		return nil, err
	}
	return new(shown(q.pool, u)), nil
}

func createUser(a *api, q *request) (any, error) {
	var n NewUser
	if err := q.decode(&n); err != nil {
		return nil, err
	}
	made := ""
	if n.Password == "" {
		if n.Permanent {
			return nil, invalid("password", "A permanent password must be given.")
		}
		made = temporaryPassword(q.pool.PasswordPolicy)
		n.Password = made
	}
	var u *hub.User
	err := a.act(q, hub.Event{Name: hub.UserCreated}, func() (_ string, err error) {
		u, err = a.Directory.Create(q.Context(), q.pool, directory.NewUser{
			Username: n.Username, Password: n.Password, Temporary: !n.Permanent,
			Attributes: mapping.Attributes(n.Attributes), Disabled: n.Disabled,
		})
		if errors.Is(err, directory.ErrPolicy) {
			return "", &Error{Status: http.StatusBadRequest, Code: "password_policy", Field: "password", Message: broken(q.pool.PasswordPolicy, n.Password)}
		}
		if err != nil {
			return "", err
		}
		return u.Sub, nil
	})
	if err != nil {
		return nil, err
	}
	return &Created{User: shown(q.pool, u), TemporaryPassword: made}, nil
}

// broken says which rules a password does not keep, without the password.
func broken(policy hub.PasswordPolicy, password string) string {
	if len(password) > hub.PasswordMax {
		return "The password is longer than 256 bytes."
	}
	var rules []string
	for _, r := range policy.Judge(password) {
		if !r.OK {
			rules = append(rules, r.String())
		}
	}
	return "The password lacks what the pool's policy asks for: " + strings.Join(rules, ", ") + "."
}

func deleteUser(a *api, q *request) (any, error) {
	return a.change(q, hub.Event{Name: hub.UserDeleted}, func() (*hub.User, error) {
		return directory.Delete(q.Context(), q.pool, q.names["user"], q.end())
	})
}

func disableUser(a *api, q *request) (any, error) {
	return a.change(q, hub.Event{Name: hub.UserDisabled}, func() (*hub.User, error) {
		return directory.SetDisabled(q.Context(), q.pool, q.names["user"], true, q.end())
	})
}

func enableUser(a *api, q *request) (any, error) {
	return a.change(q, hub.Event{Name: hub.UserChanged, Reason: "enabled"}, func() (*hub.User, error) {
		return directory.SetDisabled(q.Context(), q.pool, q.names["user"], false, q.end())
	})
}

func signOutUser(a *api, q *request) (any, error) {
	return a.change(q, hub.Event{Name: hub.SignOut, Reason: "everywhere"}, func() (*hub.User, error) {
		return directory.SignOut(q.Context(), q.pool, q.names["user"], q.end())
	})
}

func joinGroup(a *api, q *request) (any, error) {
	var m Membership
	if err := q.decode(&m); err != nil {
		return nil, err
	}
	return a.setGroup(q, m.Group, true)
}

func leaveGroup(a *api, q *request) (any, error) { return a.setGroup(q, q.names["group"], false) }

func (a *api) setGroup(q *request, group string, in bool) (any, error) {
	if reason := mapping.GroupProblem(group); reason != "" {
		if _, err := directory.Get(q.Context(), q.pool, q.names["user"]); err != nil {
			return nil, err
		}
		return nil, invalid("group", "The group's name %s.", reason)
	}
	e := hub.Event{Name: hub.UserChanged, Reason: "joined group " + group}
	if !in {
		e.Reason = "left group " + group
	}
	return a.change(q, e, func() (*hub.User, error) {
		return directory.SetGroup(q.Context(), q.pool, q.names["user"], group, in)
	})
}

// end is what the records of sessions that end by this request say of it.
func (q *request) end() hub.End {
	return hub.End{By: actor(q.Context()), Visitor: hub.Visitor{RequestID: middleware.EventFrom(q.Context()).ID()}}
}

// change does something to the user the path names, and answers with the user
// as it is, or was, then.
func (a *api) change(q *request, e hub.Event, do func() (*hub.User, error)) (any, error) {
	if err := q.decode(&struct{}{}); err != nil {
		return nil, err
	}
	u, err := directory.Get(q.Context(), q.pool, q.names["user"])
	if err != nil {
		return nil, err
	}
	e.Sub = u.Sub
	err = a.act(q, e, func() (_ string, err error) {
		u, err = do()
		return e.Sub, err
	})
	if err != nil {
		return nil, err
	}
	return new(shown(q.pool, u)), nil
}
