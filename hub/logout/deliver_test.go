package logout_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
)

// bubble runs a test on a clock that goes on when everybody waits.
func bubble(t *testing.T, test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, bolt.Options{NoSync: true})
		defer r.close()
		test(r)
	})
}

// Clients that do not answer hold up neither those that do, nor the other
// logouts, nor more than a few calls.
func TestA132_SilenceDelaysNobody(t *testing.T) {
	const sessions, silent, quick = 60, 10, 10
	bubble(t, func(r *rig) {
		p := r.pools[0]
		clients := slices.Concat(r.clients(p, "silent", silent), r.clients(p, "quick", quick))
		ids, _ := r.sessions(p, "ana", sessions, clients)
		r.run(map[string]answer{"silent": hang, "quick": fine})
		begun := time.Now()
		r.end(p, "ana")
		time.Sleep(2 * time.Second)
		if n := len(r.heard("quick")); n != sessions*quick {
			r.Errorf("%d of %d calls to clients that answer after %s", n, sessions*quick, time.Since(begun))
		}
		if got := r.outcomes(p, ids)["quick delivered"]; got != sessions*quick {
			r.Errorf("%d of %d are on record", got, sessions*quick)
		}
		time.Sleep(5 * time.Minute)
		r.mu.Lock()
		most := maps.Clone(r.most)
		r.mu.Unlock()
		for client, n := range most {
			if limit := map[bool]int{true: 2, false: 16}[strings.HasPrefix(client, "silent")]; n > limit {
				r.Errorf("%s: %d calls at the same time, %d are allowed", client, n, limit)
			}
		}
		if n := len(r.heard("silent")); n > silent*20 || n < silent*4 {
			r.Errorf("%d calls to %d silent clients in five minutes", n, silent)
		}
	})
}

// More silent clients than there are places for calls: the others get theirs.
func TestA132_ManySilentClients(t *testing.T) {
	bubble(t, func(r *rig) {
		p := r.pools[0]
		r.sessions(p, "mallory", 1, r.clients(p, "silent", 300))
		ids, _ := r.sessions(p, "ana", 1, r.clients(p, "quick", 50))
		r.run(map[string]answer{"silent": hang, "quick": fine})
		r.end(p, "mallory")
		time.Sleep(10 * time.Millisecond)
		r.end(p, "ana")
		time.Sleep(2 * time.Second)
		if got := r.outcomes(p, ids)["quick delivered"]; got != 50 {
			r.Errorf("%d of 50 are told", got)
		}
	})
}

// A client that fails once is asked again in a second, whatever the others of the
// same logout do.
func TestA132_RetryDoesNotWaitForOthers(t *testing.T) {
	bubble(t, func(r *rig) {
		p := r.pools[0]
		ids, _ := r.sessions(p, "ana", 1, slices.Concat(r.clients(p, "silent", 1), r.clients(p, "shaky", 1)))
		var n atomic.Int32
		r.run(map[string]answer{"silent": hang, "shaky": func(context.Context, string) (int, error) {
			if n.Add(1) == 1 {
				return 503, nil
			}
			return 204, nil
		}})
		r.end(p, "ana")
		time.Sleep(2500 * time.Millisecond)
		if got := r.outcomes(p, ids)["shaky delivered"]; got != 1 {
			r.Errorf("%+v", r.record(p, ids[0]).Hops)
		}
	})
}

// The pauses between attempts grow; at the deadline the record closes, with the
// cause.
func TestA132_AttemptsAndDeadline(t *testing.T) {
	bubble(t, func(r *rig) {
		p := r.pools[0]
		p.Logout.Deadline = time.Hour
		ids, _ := r.sessions(p, "ana", 1, slices.Concat(r.clients(p, "broken", 1), r.clients(p, "away", 1), r.clients(p, "firm", 1)))
		r.run(map[string]answer{
			"broken": func(context.Context, string) (int, error) { return 500, nil },
			"away":   func(context.Context, string) (int, error) { return 0, errors.New("connection refused") },
			"firm":   func(context.Context, string) (int, error) { return 400, nil },
		})
		begun := time.Now()
		r.end(p, "ana")
		time.Sleep(40 * time.Minute)
		if !r.record(p, ids[0]).Open() {
			r.Error("closed while there was time for another try")
		}
		time.Sleep(30 * time.Minute)
		l := r.record(p, ids[0])
		if l.Open() || !l.Next.IsZero() || l.Took(time.Now()) > p.Logout.Deadline+time.Minute {
			r.Errorf("not closed: %+v", l)
		}
		want := map[string]hub.Outcome{"broken00": hub.GaveUp, "away00": hub.GaveUp, "firm00": hub.Refused}
		for _, h := range l.Hops {
			last := h.Attempts[len(h.Attempts)-1]
			if h.Outcome != want[h.ClientID] || last.Error == "" || last.Took == 0 {
				r.Errorf("%s: %+v", h.ClientID, h)
			}
		}
		if n := len(r.heard("firm")); n != 1 {
			r.Errorf("a refusal is final, and the client was called %d times", n)
		}
		calls := r.heard("broken")
		for i, want := range []time.Duration{0, time.Second, 6 * time.Second, 36 * time.Second} {
			if i >= len(calls) || calls[i].at.Sub(begun) < want || calls[i].at.Sub(begun) > want+7*time.Second {
				r.Fatalf("attempt %d of %d: want after %s", i, len(calls), want)
			}
		}
		if n := len(l.Hops[0].Attempts); n != len(calls) || n < 6 || n > 9 {
			r.Errorf("%d attempts on record, %d calls", n, len(calls))
		}
		seen := map[string]bool{}
		for _, c := range calls {
			if seen[c.token] {
				r.Error("a token was used twice")
			}
			seen[c.token] = true
		}
	})
}

// A client that is back hears of all that it missed, though it was hardly called
// meanwhile.
func TestA133_ClientThatComesBack(t *testing.T) {
	const sessions = 200
	bubble(t, func(r *rig) {
		p := r.pools[0]
		ids, _ := r.sessions(p, "ana", sessions, r.clients(p, "away", 1))
		var back atomic.Bool
		r.run(map[string]answer{"away": func(context.Context, string) (int, error) {
			if back.Load() {
				return 200, nil
			}
			return 0, errors.New("connection refused")
		}})
		r.end(p, "ana")
		time.Sleep(30 * time.Minute)
		if n := len(r.heard("away")); n > 120 {
			r.Errorf("%d calls to a client that is away", n)
		}
		back.Store(true)
		time.Sleep(5 * time.Minute)
		if got := r.outcomes(p, ids)["away delivered"]; got < sessions*9/10 {
			r.Errorf("%d of %d are told after five minutes", got, sessions)
		}
		time.Sleep(31 * time.Minute) // the few that were tried themselves, in vain, pause for longer
		if got := r.outcomes(p, ids)["away delivered"]; got != sessions {
			r.Errorf("%d of %d are told", got, sessions)
		}
		for _, id := range ids {
			if r.record(p, id).Open() {
				r.Fatal("a record is open")
			}
		}
	})
}

// A pool with much to do leaves the others theirs.
func TestA127_PoolsTakeTurns(t *testing.T) {
	bubble(t, func(r *rig) {
		busy, other := r.pools[0], r.pool("other")
		r.sessions(busy, "ana", 1000, r.clients(busy, "slow", 1))
		ids, _ := r.sessions(other, "bo", 1, r.clients(other, "quick", 1))
		r.run(map[string]answer{"quick": fine, "slow": func(context.Context, string) (int, error) {
			time.Sleep(400 * time.Millisecond)
			return 200, nil
		}})
		r.end(busy, "ana")
		time.Sleep(time.Second)
		r.end(other, "bo")
		time.Sleep(2 * time.Second)
		if got := r.outcomes(other, ids)["quick delivered"]; got != 1 {
			r.Errorf("not told within two seconds: %+v", r.record(other, ids[0]).Hops)
		}
	})
}

// A hub that stops does not wait for anybody, keeps what it knows, and the next
// goes on from there.
func TestA133_StopAndGoOn(t *testing.T) {
	bubble(t, func(r *rig) {
		p := r.pools[0]
		ids, _ := r.sessions(p, "ana", 50, slices.Concat(r.clients(p, "silent", 3), r.clients(p, "quick", 3)))
		r.run(map[string]answer{"silent": hang, "quick": fine})
		r.end(p, "ana")
		time.Sleep(1500 * time.Millisecond)
		begun := time.Now()
		r.stop()
		if d := time.Since(begun); d > 100*time.Millisecond {
			r.Errorf("stopped after %s", d)
		}
		if got := r.outcomes(p, ids); got["quick delivered"] != 150 || got["silent pending"] != 150 {
			r.Errorf("%v", got)
		}
		r.run(map[string]answer{"silent": fine, "quick": fine})
		time.Sleep(time.Minute)
		if got := r.outcomes(p, ids); got["silent delivered"] != 150 {
			r.Errorf("%v", got)
		}
		if n := len(r.heard("quick")); n != 150 {
			r.Errorf("%d calls to those that knew", n)
		}
	})
}

// Sessions that have expired and are still there do not hide the live one behind
// them.
func TestA135_LiveSessionBehindExpiredOnes(t *testing.T) {
	bubble(t, func(r *rig) {
		p := r.pools[0]
		clients := r.clients(p, "quick", 1)
		r.sessions(p, "ana", 120, clients)
		time.Sleep(p.SessionLife + time.Second)
		ids, cookies := r.sessions(p, "ana", 1, clients)
		r.run(map[string]answer{"quick": fine})
		r.end(p, "ana")
		err := p.Space.View(r.Context(), func(tx *store.Tx) error {
			_, err := hub.FindSession(tx, cookies[0])
			return err
		})
		if !errors.Is(err, store.ErrNotFound) {
			r.Errorf("the session lives: %v", err)
		}
		time.Sleep(time.Second)
		if got := r.outcomes(p, ids)["quick delivered"]; got != 1 {
			r.Error("the client was not told")
		}
	})
}
