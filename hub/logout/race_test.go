package logout_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Sign-ins that finish while a logout runs, by the session that it ends or by a
// password in the same browser: whatever got a code belongs to a session that
// lives and knows the client, or to one that ended and has the client on record.
// The code of an ended session is dead.
func TestA136_SignInDuringLogout(t *testing.T) {
	const rounds, parallel = 25, 8
	h := hubtest.New(t)
	p := h.Pool
	live, over := 0, 0
	for range rounds {
		user := h.User(p, hubtest.Username)
		id, key, secret := hub.NewSessionID(h.Now())
		err := p.Space.Update(t.Context(), func(tx *store.Tx) error {
			return hub.Sessions.Create(tx, &hub.Session{
				ID: id, Secret: secret, Expires: tx.Now.Add(time.Hour), Kept: tx.Now.Add(time.Hour), Entry: hub.Entry{Sub: user.Sub, AuthTime: tx.Now, Began: tx.Now},
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		b := signin.Browser{SessionCookie: hub.SessionCookie(id, key)}
		next, err := h.SignIn.Authorize(t.Context(), p, signin.Browser{}, hubtest.Authorization(), false)
		ask, ok := next.(signin.AskSignIn)
		if err != nil || !ok {
			t.Fatalf("%T, %v", next, err)
		}
		var group sync.WaitGroup
		start := func(do func() error) {
			group.Go(func() {
				if err := do(); err != nil && !errors.As(err, new(*signin.Error)) {
					t.Error(err)
				}
			})
		}
		for i := range parallel {
			client := []string{hubtest.ClientID, hubtest.PublicID}[i%2]
			start(func() error {
				_, err := h.SignIn.Authorize(t.Context(), p, b, hubtest.Authorization("client_id", client), false)
				return err
			})
		}
		start(func() error {
			_, err := h.SignIn.Password(t.Context(), p, b, ask.Interaction, hubtest.Username, hubtest.Password)
			return err
		})
		start(func() error {
			_, err := h.Logout.End(t.Context(), p, b.SessionCookie, hub.Hint{}, hub.End{Cause: hub.ByPerson})
			return err
		})
		group.Wait()
	}
	err := p.Space.View(t.Context(), func(tx *store.Tx) error {
		codes, _, err := hub.Codes.List(tx, "", "", store.Page{Limit: 1000})
		for _, c := range codes {
			lives, told, err := whose(tx, c)
			if err != nil {
				return err
			}
			ended, err := hub.EndedAt(tx, c.Session)
			if err != nil {
				return err
			}
			switch {
			case lives && ended.IsZero():
				live++
			case told && !ended.IsZero():
				over++
			default:
				t.Errorf("a code of %s: its session lives with the client %v, has it on record %v, and came to its end at %v", c.ClientID, lives, told, ended)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d codes of sessions that live, %d of sessions that ended", live, over)
	if live+over == 0 {
		t.Error("nobody got a code")
	}
	list, _, err := logout.List(t.Context(), p, logout.Filter{}, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		err := p.Space.View(t.Context(), func(tx *store.Tx) error {
			_, err := hub.Sessions.Get(tx, l.ID)
			return err
		})
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a session that is on record as ended lives: %v", err)
		}
	}
}

// whose finds the session of a code: alive and with the client, or ended with the
// client on record.
func whose(tx *store.Tx, c *hub.Code) (lives, told bool, err error) {
	s, err := hub.Sessions.Get(tx, c.Session)
	if err == nil {
		return slices.ContainsFunc(s.Clients, func(sc hub.SessionClient) bool { return sc.ID == c.ClientID }), false, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return false, false, err
	}
	l, err := hub.Logouts.Get(tx, c.Session)
	if err != nil {
		return false, false, err
	}
	return false, slices.ContainsFunc(l.Hops, func(h hub.Hop) bool { return h.ClientID == c.ClientID }), nil
}
