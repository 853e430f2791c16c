package logout

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
)

// lease is how long a wave of calls may take before another hub of the store, or
// this one after a crash, takes the logout up: longer than a call waits for its
// turns and for its answer.
const lease = 15 * time.Second

// gather is how long outcomes are collected before they are written down
// together.
const gather = 50 * time.Millisecond

// pauses lie between the attempts to tell one client; the last repeats.
var pauses = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}

// linger is how long a logout stays in hand for the sake of calls that are not
// answered; up to maxLate of them have a goroutine of their own that waits on.
const (
	linger  = 200 * time.Millisecond
	maxLate = 512
)

// maxAttempts is how many attempts of a hop are kept: the first and the latest.
const maxAttempts = 24

// outcome is how one call went.
type outcome struct {
	hop     int
	attempt hub.Attempt
	known   hub.Outcome   // Waiting: try again
	wait    time.Duration // if it was not made: when to think of it again
	done    time.Time     // when the answer was there
}

// deliver calls every client of a logout whose turn it is, all at once. The
// attempts are on record before the calls are made, and a hub that dies
// meanwhile finds the logout due again when the lease is over.
func (s *Service) deliver(ctx context.Context, p *hub.Pool, id string) error {
	var wave []int
	l, err := s.amendInTurn(ctx, p, id, func(l *hub.Logout, now time.Time) {
		wave = wave[:0]
		for i := range l.Hops {
			h := &l.Hops[i]
			switch {
			case h.Outcome != hub.Waiting || h.Next.After(now):
			case h.Channel != hub.BackChannel:
				h.Settle(hub.Unknown, "the person's browser did not come back", now)
			case now.After(l.Deadline):
				giveUp(h, now)
			default:
				if wait := s.shut(laneName(p, h.ClientID)); wait > 0 {
					postpone(l, h, wait, now)
					continue
				}
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
	left, err := s.writeDown(ctx, p, id, results, len(wave), time.After(linger))
	if left == 0 {
		return err
	}
	rest := func() error {
		_, err := s.writeDown(ctx, p, id, results, left, nil)
		return err
	}
	select {
	case s.late <- struct{}{}:
		s.work.Go(func() {
			defer func() { <-s.late }()
			s.complain(ctx, p, id, rest())
		})
		return err
	default:
		return errors.Join(err, rest())
	}
}

// writeDown puts so many outcomes on record as they come, and returns how many
// are still out when time is up; nil is never. A batch that cannot be written is
// lost, and made good for by another call when the lease is over.
func (s *Service) writeDown(ctx context.Context, p *hub.Pool, id string, results <-chan outcome, left int, up <-chan time.Time) (int, error) {
	var errs []error
	for left > 0 {
		batch := collect(results, left, up)
		if len(batch) == 0 {
			break
		}
		left -= len(batch)
		// A hub that stops still writes down what it knows.
		_, err := s.amendInTurn(context.WithoutCancel(ctx), p, id, func(l *hub.Logout, now time.Time) {
			for _, o := range batch {
				o.write(l, now)
			}
		})
		errs = append(errs, err)
	}
	return left, errors.Join(errs...)
}

// trim drops the oldest attempts but the first where there are too many.
func trim(list []hub.Attempt) []hub.Attempt {
	if len(list) > maxAttempts {
		list = slices.Delete(list, 1, 1+len(list)-maxAttempts)
	}
	return list
}

// collect waits for an outcome, and a moment for more of them; for none when time
// is up.
func collect(results <-chan outcome, most int, up <-chan time.Time) (batch []outcome) {
	select {
	case o := <-results:
		batch = append(batch, o)
	case <-up:
		return nil
	}
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
	i := slices.IndexFunc(h.Attempts, func(a hub.Attempt) bool { return a.Took == 0 && a.At.Equal(o.attempt.At) })
	if h.Outcome != hub.Waiting || i < 0 {
		return
	}
	if o.wait > 0 {
		h.Attempts = slices.Delete(h.Attempts, i, i+1)
		postpone(l, h, o.wait, now)
		return
	}
	h.Attempts[i] = o.attempt
	if o.known != hub.Waiting {
		h.Settle(o.known, "", o.done)
		return
	}
	h.Next = now.Add(pauses[min(len(h.Attempts), len(pauses))-1])
	if h.Next.After(l.Deadline) {
		giveUp(h, now)
	}
}

// notCalled is why there is no attempt.
const notCalled = "not called yet: it does not answer others either"

// postpone puts off a call to a client that is to be left alone: the older the
// logout the longer, so that many of them cost little, and to a full step, so
// that those of one logout fall together.
func postpone(l *hub.Logout, h *hub.Hop, wait time.Duration, now time.Time) {
	const step = 5 * time.Second
	h.Next = now.Add(max(wait, min(now.Sub(l.Begun)/10, 10*time.Minute)))
	if h.Next.Sub(now) > step {
		h.Next = h.Next.Truncate(step).Add(step)
	}
	if len(h.Attempts) == 0 {
		h.Note = notCalled
	}
	if !h.Next.Before(l.Deadline) {
		h.Next = l.Deadline
		if !now.Before(l.Deadline) {
			giveUp(h, now)
		}
	}
}

// giveUp ends a hop whose deadline has come.
func giveUp(h *hub.Hop, now time.Time) {
	note := ""
	if len(h.Attempts) == 0 {
		note = "not called before the deadline: it did not answer others either"
	}
	h.Settle(hub.GaveUp, note, now)
}
