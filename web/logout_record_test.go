package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// TestRecordWhileCalling shows a client that is being called as one that has not
// answered yet, and names a next try only when the call is over.
func TestRecordWhileCalling(t *testing.T) {
	for name, c := range map[string]struct {
		took time.Duration
		next bool
	}{"during the call": {0, false}, "after it": {time.Second, true}} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, hubtest.New(t))
			now := s.Now()
			l := &hub.Logout{
				ID: hub.NewID(now), Begun: now.Add(-2 * time.Second), Cause: hub.ByPerson, Deadline: now.Add(time.Hour),
				Hops: []hub.Hop{{
					ClientID: hubtest.ClientID, Channel: hub.BackChannel, Outcome: hub.Waiting, Next: now.Add(13 * time.Second),
					Attempts: []hub.Attempt{{At: now.Add(-2 * time.Second), Took: c.took}},
				}},
			}
			l.Reckon()
			err := s.Pool.Space.Update(t.Context(), func(tx *store.Tx) error { return hub.Logouts.Create(tx, l) })
			if err != nil {
				t.Fatal(err)
			}
			address, err := logout.Pass{Logout: l.ID, Details: true}.URL(s.Pool)
			if err != nil {
				t.Fatal(err)
			}
			res := s.browser(t).get(address)
			if res.StatusCode != http.StatusOK || strings.Contains(res.body, "next try in 13") != c.next {
				t.Errorf("%s\n%s", res.Status, res.body)
			}
		})
	}
}
