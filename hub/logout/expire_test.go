package logout_test

import (
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
)

// A sweep does not take away, unheard, what grew old since Expire looked; where
// nobody is to hear of it, it does.
func TestA136_SweepLeavesSessionsToExpire(t *testing.T) {
	for _, told := range []bool{true, false} {
		bubble(t, func(r *rig) {
			p := r.pools[0]
			p.Logout.OnExpiry = told
			ids, _ := r.sessions(p, "ana", 120, r.clients(p, "quick", 1))
			r.run(map[string]answer{"quick": fine})
			if n, err := logout.Expire(r.Context(), p); n != 0 || err != nil {
				r.Fatalf("%d, %v", n, err)
			}
			time.Sleep(p.SessionLife + time.Second) // between the two
			if _, err := hub.Sweep(r.Context(), p); err != nil {
				r.Fatal(err)
			}
			n, err := logout.Expire(r.Context(), p)
			if err != nil || n != map[bool]int{true: 120}[told] {
				r.Errorf("told %v: %d ended, %v", told, n, err)
			}
			time.Sleep(time.Second)
			if told {
				if got := r.outcomes(p, ids)["quick delivered"]; got != 120 {
					r.Errorf("%d clients told", got)
				}
			}
		})
	}
}
