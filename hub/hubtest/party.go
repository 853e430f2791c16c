package hubtest

import (
	"context"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout/logouttest"
)

// Party makes a scripted relying party a client of a pool: its back-channel and
// front-channel logout URI, or only those of the given channels. It verifies
// logout tokens by the pool's published keys and the hub's clock, and ends with
// the test.
func (h *Hub) Party(p *hub.Pool, clientID string, channels ...logouttest.Channel) *logouttest.Party {
	h.t.Helper()
	c, ok := p.Clients[clientID]
	if !ok {
		h.t.Fatalf("hubtest: pool %s has no client %s", p.Name, clientID)
	}
	rp := logouttest.New(h.t, logouttest.Config{
		Issuer: p.Issuer, ClientID: clientID, Now: h.Now,
		Keys: func(context.Context) ([]byte, error) { return p.Keys.Ring().JWKS(), nil },
	})
	if len(channels) == 0 {
		channels = []logouttest.Channel{logouttest.BackChannel, logouttest.FrontChannel}
	}
	for _, channel := range channels {
		switch channel {
		case logouttest.BackChannel:
			c.BackchannelLogoutURI = rp.BackchannelURI()
		case logouttest.FrontChannel:
			c.FrontchannelLogoutURI = rp.FrontchannelURI()
		}
	}
	return rp
}
