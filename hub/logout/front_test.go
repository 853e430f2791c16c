package logout_test

import (
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
)

// A frame of the hub's own origin could take its sandbox off, however the client
// spelt that origin.
func TestA134_NoFrameOfOurOwn(t *testing.T) {
	for uri, shown := range map[string]bool{
		"https://hub.test/out":      false,
		"https://HUB.test/out":      false,
		"https://hub.test:443/out":  false,
		"https://hub.test:/out":     false,
		"https://hub.test:8443/out": true,
		"http://hub.test/out":       true,
		"https://hub.test.evil/out": true,
		"https://app.hub.test/out":  true,
	} {
		p := &hub.Pool{Issuer: "https://hub.test/pool", Clients: map[string]*hub.Client{"app": {ID: "app", FrontchannelLogoutURI: uri}}}
		l := &hub.Logout{ID: "l", Hops: []hub.Hop{{ClientID: "app", Channel: hub.FrontChannel, Outcome: hub.Waiting}}}
		if frames := logout.Frames(p, l); (len(frames) == 1) != shown {
			t.Errorf("%s: %v", uri, frames)
		}
	}
}
