package logout_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/idp"
)

// A sid is its issuer's alone: one tenant of a provider ends no session of another.
func TestA129_TenantsAreApart(t *testing.T) {
	const here, there = "https://login.test/11111111-1111-4111-8111-111111111111/v2.0", "https://login.test/22222222-2222-4222-8222-222222222222/v2.0"
	up, err := idp.New(idp.Config{
		Name: "Corp", Issuer: "https://login.test/{tenantid}/v2.0", Tenants: []string{"11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"},
		ClientID: "hub", ClientSecret: "secret", RedirectURI: "https://hub.test/oauth2/idpresponse",
	}, http.DefaultClient, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, bolt.Options{NoSync: true})
	defer r.close()
	r.run(nil)
	p := r.pools[0]
	pr := &hub.Provider{Name: "Corp", Enabled: true, Upstream: up}
	s := &hub.Session{
		ID: hub.NewID(time.Now()), UpstreamSID: "sid", Expires: time.Now().Add(time.Hour), Kept: time.Now().Add(time.Hour),
		Entry: hub.Entry{Sub: "sub", Provider: "Corp", Link: hub.Link{Provider: "Corp", Issuer: here, Subject: "alice"}.Key()},
	}
	if err := p.Space.Update(t.Context(), func(tx *store.Tx) error { return hub.Sessions.Put(tx, s) }); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		issuer string
		ended  int
	}{{there, 0}, {here, 1}} {
		if n, err := r.service.ReceiveFront(t.Context(), p, pr, c.issuer, "sid", hub.Visitor{}); err != nil || n != c.ended {
			t.Errorf("%s: %d ended, %v", c.issuer, n, err)
		}
	}
}
