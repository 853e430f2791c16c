package admin

import (
	"net/http"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
)

// NewLink is what POST /pools/{pool}/users/{user}/links takes: an identity that
// has not signed in yet (Cognito's AdminLinkProviderForUser).
type NewLink struct {
	Provider string `json:"provider"`
	Subject  string `json:"subject"`
	// Issuer is where the subject is from; empty: the provider's.
	Issuer string `json:"issuer,omitempty"`
}

// Evidence is why an identity was joined to a user who was there before.
type Evidence struct {
	By     string            `json:"by"`
	Why    string            `json:"why"`
	Claims map[string]string `json:"claims,omitempty"` // masked
}

func linkUser(a *api, q *request) (any, error) {
	var n NewLink
	if err := q.decode(&n); err != nil {
		return nil, err
	}
	u, err := directory.Get(q.Context(), q.pool, q.names["user"])
	if err != nil {
		return nil, err
	}
	e := hub.Event{Name: hub.UserLinked, Sub: u.Sub, Provider: n.Provider, Reason: string(directory.Administrator)}
	err = a.act(q, e, func() (_ string, err error) {
		u, err = directory.Link(q.Context(), q.pool, u.Sub, hub.Link{Provider: n.Provider, Issuer: n.Issuer, Subject: n.Subject}, actor(q.Context()))
		return e.Sub, err
	})
	if err != nil {
		return nil, err
	}
	return new(shown(q.pool, u)), nil
}

func unlinkUser(a *api, q *request) (any, error) {
	values, err := q.query("provider", "subject", "issuer")
	if err != nil {
		return nil, err
	}
	if err := q.decode(&struct{}{}); err != nil {
		return nil, err
	}
	u, err := directory.Get(q.Context(), q.pool, q.names["user"])
	if err != nil {
		return nil, err
	}
	key, err := linkKey(u, values)
	if err != nil {
		return nil, err
	}
	e := hub.Event{Name: hub.UserUnlinked, Sub: u.Sub, Provider: values["provider"], Reason: string(directory.Administrator)}
	err = a.act(q, e, func() (_ string, err error) {
		u, err = directory.Unlink(q.Context(), q.pool, u.Sub, key, q.end())
		return e.Sub, err
	})
	if err != nil {
		return nil, err
	}
	return new(shown(q.pool, u)), nil
}

// linkKey finds the one identity of a user that is named. Without an issuer there
// must not be two.
func linkKey(u *hub.User, values map[string]string) (key string, err error) {
	for _, l := range u.Links {
		if l.Provider != values["provider"] || l.Subject != values["subject"] || values["issuer"] != "" && l.Issuer != values["issuer"] {
			continue
		}
		if key != "" {
			return "", invalid("issuer", "The user has two such identities; say of which issuer.")
		}
		key = l.Key()
	}
	if key == "" {
		return "", directory.ErrNoLink
	}
	return key, nil
}

// linkErrors are the refusals of a link, as answers.
var linkErrors = map[error]*Error{
	directory.ErrLinked:   {Status: http.StatusConflict, Code: "link_exists", Message: "The identity is linked to a user already; take it off that one first."},
	directory.ErrSignedUp: {Status: http.StatusConflict, Code: "signed_up", Message: directory.ErrSignedUp.Error() + ": the identity made a user of its own, which must be deleted first."},
	directory.ErrLimit:    {Status: http.StatusConflict, Code: "limit_exceeded", Message: "The user has as many linked identities as there may be."},
	directory.ErrLastWay:  {Status: http.StatusConflict, Code: "last_way_in", Message: "The user could not sign in any more: it is the last way in. Delete or disable the user if that is meant."},
	directory.ErrNamesake: {Status: http.StatusConflict, Code: "namesake", Message: "The user was made by this identity and is named after it. Delete the user if that is meant."},
	directory.ErrNoLink:   {Status: http.StatusNotFound, Code: "no_such_link", Message: "The user has no such identity."},
}
