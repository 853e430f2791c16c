package web_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// Thousands of logout tokens, good, used before, and none at all: whoever sends
// them is held back, the provider itself is not, people go on signing in, and
// what is remembered of the tokens is as many as were good, until they expire.
func TestA130_LogoutTokenFlood(t *testing.T) {
	const flood = 3000
	s, up := federated(t, idptest.Config{})
	uri := s.Pool.BackchannelURL("CorporateID")
	tell := func(b *browser, token string) int {
		return b.once("POST", uri, values("logout_token", token)).StatusCode
	}
	token := func(subject string) string {
		raw, err := up.LogoutToken(subject, "")
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	used := token("nobody")
	counts := map[int]int{}
	var group sync.WaitGroup
	group.Go(func() {
		b := s.browser(t)
		b.address = "198.51.100.9:1"
		for i := range flood {
			raw := used
			if i%2 == 0 {
				raw = strings.Repeat("x", i%500) + ".y.z"
			}
			counts[tell(b, raw)]++
		}
	})
	const people = 5
	for range people {
		b := s.browser(t)
		if params, ok := b.authorize("identity_provider", "CorporateID").app(); !ok || params.Get("code") == "" {
			t.Errorf("no sign-in: %v", params)
		}
		provider := s.browser(t)
		provider.address = "203.0.113.5:1"
		if status := tell(provider, token(alice.Subject)); status != http.StatusOK {
			t.Errorf("the provider is answered %d", status)
		}
		if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
			t.Errorf("the session survived: %v", params)
		}
	}
	group.Wait()
	if counts[200] != 1 || counts[400] < 1000 || counts[429] < flood/10 || counts[200]+counts[400]+counts[429] != flood {
		t.Errorf("answers %v", counts)
	}
	remembered := func() (n int) {
		err := s.Pool.Space.View(t.Context(), func(tx *store.Tx) error {
			list, _, err := hub.Replays.List(tx, "", "", store.Page{Limit: 1000})
			n = len(list)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := remembered(); n != people+1 {
		t.Errorf("%d tokens are remembered, %d were good", n, people+1)
	}
	s.Advance(5 * time.Minute)
	if _, err := hub.Sweep(t.Context(), s.Pool); err != nil {
		t.Fatal(err)
	}
	if n := remembered(); n != 0 {
		t.Errorf("%d tokens are remembered after their time", n)
	}
}
