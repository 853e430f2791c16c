package hubtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/logout/logouttest"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// TestParty: a party hears of the end of its client's session, by the hub's own
// token.
func TestParty(t *testing.T) {
	h := hubtest.New(t)
	both := h.Party(h.Pool, hubtest.ClientID)
	back := h.Party(h.Pool, hubtest.PublicID, logouttest.BackChannel)
	c, public := h.Pool.Clients[hubtest.ClientID], h.Pool.Clients[hubtest.PublicID]
	if c.BackchannelLogoutURI != both.BackchannelURI() || c.FrontchannelLogoutURI != both.FrontchannelURI() || public.FrontchannelLogoutURI != "" {
		t.Errorf("%+v", c)
	}
	id, _, secret := hub.NewSessionID(h.Now())
	session := &hub.Session{ID: id, Secret: secret, Expires: h.Now().Add(time.Hour), Kept: h.Now().Add(time.Hour)}
	session.Sub = h.User(h.Pool, hubtest.Username).Sub
	for _, c := range []string{hubtest.ClientID, hubtest.PublicID} {
		session.Join(h.Pool, c, h.Now().Add(time.Hour))
	}
	err := h.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		if err := hub.Sessions.Create(tx, session); err != nil {
			return err
		}
		_, err := hub.EndSession(tx, h.Pool, session, hub.End{Cause: hub.ByAdministrator})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Pool.TellEnded()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, p := range []*logouttest.Party{both, back} {
		words, err := p.Wait(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		if w := words[0]; !w.SignedOut || w.SID != hub.SID(id, p.ClientID()) || w.Subject != session.Sub || w.Channel != logouttest.BackChannel {
			t.Errorf("%s heard %+v", p.ClientID(), w)
		}
	}
}
