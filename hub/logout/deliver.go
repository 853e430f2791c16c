package logout

import (
	"context"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
)

// lease is how long a wave of calls may take before another hub of the store, or
// this one after a crash, takes the logout up: longer than a call waits for its
// turn and for its answer.
const lease = 15 * time.Second

// gather is how long outcomes are collected before they are written down
// together.
const gather = 50 * time.Millisecond

// pauses lie between the attempts to tell one client; the last repeats.
var pauses = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}

// maxAttempts is how many attempts of a hop are kept: the first and the latest.
const maxAttempts = 24

// outcome is how one call went.
type outcome struct {
	hop     int
	attempt hub.Attempt
	known   hub.Outcome // Waiting: try again
}

// deliver calls every client of a logout whose turn it is, all at once. The
// attempts are on record before the calls are made, and a hub that dies
// meanwhile finds the logout due again when the lease is over.
func (s *Service) deliver(ctx context.Context, p *hub.Pool, id string) error {
	var wave []int
	l, err := s.amend(ctx, p, id, func(l *hub.Logout, now time.Time) {
		wave = wave[:0]
		for i := range l.Hops {
			h := &l.Hops[i]
			switch {
			case h.Outcome != hub.Waiting || h.Next.After(now):
			case h.Channel != hub.BackChannel:
				h.Settle(hub.Unknown, "the person's browser did not come back", now)
			case now.After(l.Deadline):
				h.Settle(hub.GaveUp, "", now)
			default:
				h.Attempts = trim(append(h.Attempts, hub.Attempt{At: now}))
				h.Next = now.Add(lease)
				wave = append(wave, i)
			}
		}
	})
	if err != nil || l == nil || len(wave) == 0 {
		return err
	}
	results := make(chan outcome, len(wave))
	for _, i := range wave {
		go func() { results <- s.call(ctx, p, l, i) }()
	}
	for left := len(wave); left > 0; {
		batch := collect(results, left)
		left -= len(batch)
		// A hub that stops still writes down what it knows.
		_, err := s.amend(context.WithoutCancel(ctx), p, id, func(l *hub.Logout, now time.Time) {
			for _, o := range batch {
				o.write(l, now)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// trim drops the oldest attempts but the first where there are too many.
func trim(list []hub.Attempt) []hub.Attempt {
	if len(list) > maxAttempts {
		list = slices.Delete(list, 1, 1+len(list)-maxAttempts)
	}
	return list
}

// collect waits for an outcome, and a moment for more of them.
func collect(results <-chan outcome, most int) []outcome {
	batch := append(make([]outcome, 0, most), <-results)
	end := time.NewTimer(gather)
	defer end.Stop()
	for len(batch) < most {
		select {
		case o := <-results:
			batch = append(batch, o)
		case <-end.C:
			return batch
		}
	}
	return batch
}

// write puts an outcome down in the record.
func (o outcome) write(l *hub.Logout, now time.Time) {
	h := &l.Hops[o.hop]
	if h.Outcome != hub.Waiting || len(h.Attempts) == 0 {
		return
	}
	h.Attempts[len(h.Attempts)-1] = o.attempt
	if o.known != hub.Waiting {
		h.Settle(o.known, "", now)
		return
	}
	h.Next = now.Add(pauses[min(len(h.Attempts), len(pauses))-1])
	if h.Next.After(l.Deadline) {
		h.Settle(hub.GaveUp, "", now)
	}
}
