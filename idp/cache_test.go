package idp

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// TestRefetchAfterAForeignFetch: who joins a fetch that began before the change it waits for gets one of its own; who
// joins a refetch does not.
func TestRefetchAfterAForeignFetch(t *testing.T) {
	var fetches atomic.Int64
	release := make(chan struct{}, 10)
	now := time.Unix(1_700_000_000, 0)
	c := cached[int64]{step: StepKeys, now: func() time.Time { return now }, timeout: time.Minute, stale: func(*Error) {},
		fetch: func(context.Context, *trace) (int64, *Error) {
			n := fetches.Add(1)
			<-release
			return n, nil
		}}
	release <- struct{}{}
	if v, err := c.get(t.Context(), &trace{}); v != 1 || err != nil {
		t.Fatal(v, err)
	}
	// The value is stale: a fetch begins in the background, and hangs.
	now = now.Add(cacheTTL)
	if v, err := c.get(t.Context(), &trace{}); v != 1 || err != nil {
		t.Fatal(v, err)
	}
	const waiters = 5
	got := make(chan int64, waiters)
	for range waiters {
		go func() {
			v, err := c.refetch(t.Context(), &trace{}, exchanged, func(v int64) bool { return v >= 3 })
			if err != nil {
				t.Error(err)
			}
			got <- v
		}()
	}
	for fetches.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	release <- struct{}{}
	release <- struct{}{}
	for range waiters {
		if v := <-got; v != 3 {
			t.Errorf("got %d, want the third fetch", v)
		}
	}
	if n := fetches.Load(); n != 3 {
		t.Errorf("%d fetches", n)
	}
}

// TestBreakerLetsOneTrialPass: after a pause one caller tries, the others are told at once.
func TestBreakerLetsOneTrialPass(t *testing.T) {
	var b breaker
	now := time.Unix(1_700_000_000, 0)
	dead := &Error{Step: StepToken, Check: "connect", Kind: KindUnreachable, Cause: errors.New("refused")}
	for range breakAfter {
		if err := b.enter(now); err != nil {
			t.Fatal(err)
		}
		b.report(now, dead)
	}
	for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		pause *= time.Second
		if b.enter(now.Add(pause-time.Millisecond)) == nil {
			t.Errorf("passed before %s were over", pause)
		}
		now = now.Add(pause)
		if err := b.check(now); err != nil {
			t.Errorf("still open after %s", pause)
		}
		passed := 0
		for range 10 {
			if b.enter(now) == nil {
				passed++
			}
		}
		if passed != 1 {
			t.Errorf("%d passed after %s, want one", passed, pause)
		}
		b.report(now, dead)
	}
	b.report(now, &Error{Kind: KindCancelled})
	if b.check(now) == nil {
		t.Error("a caller that left closed the circuit")
	}
	b.report(now, nil)
	if failure, _ := b.health(); b.enter(now) != nil || failure != nil {
		t.Error("an answer did not close the circuit")
	}
}
