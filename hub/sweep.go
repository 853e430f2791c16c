package hub

import (
	"context"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// sweepBatch is how many records one transaction removes at most: small enough
// that no sign-in waits for a sweep.
const sweepBatch = 100

// Sweep removes what has expired, in small transactions, and the oldest traces
// beyond TraceMax, and claim sets that are kept no more. It returns how many
// records went. Sessions stay where their age is an end that others hear of:
// EndSession takes them away.
func Sweep(ctx context.Context, p *Pool) (removed int, err error) {
	sweeps := []func(*store.Tx, int) (int, error){
		Codes.Sweep, Grants.Sweep, Pendings.Sweep, Joinings.Sweep, Pushes.Sweep, Devices.Sweep, Replays.Sweep, RegistrationTokens.Sweep, Traces.Sweep, Endeds.Sweep, Logouts.Sweep, MergeSteps.Sweep,
	}
	if !p.Logout.OnExpiry {
		sweeps = append(sweeps, Sessions.Sweep)
	}
	for _, sweep := range sweeps {
		for {
			n := 0
			err := p.Space.Update(ctx, func(tx *store.Tx) (err error) {
				n, err = sweep(tx, sweepBatch)
				return err
			})
			removed += n
			if err != nil {
				return removed, err
			}
			if n < sweepBatch {
				break
			}
		}
	}
	for _, trim := range []func(context.Context, *Pool) (int, error){trimTraces, trimSamples} {
		n, err := trim(ctx, p)
		removed += n
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// trimTraces removes the oldest traces until TraceMax are left.
func trimTraces(ctx context.Context, p *Pool) (removed int, err error) {
	kept := 0
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		for after := ""; ; {
			page, next, err := Traces.List(tx, "time", "", store.Page{After: after, Limit: 1000})
			kept += len(page)
			if err != nil || next == "" {
				return err
			}
			after = next
		}
	})
	for err == nil && kept > TraceMax {
		n := min(kept-TraceMax, sweepBatch)
		err = p.Space.Update(ctx, func(tx *store.Tx) error {
			oldest, _, err := Traces.List(tx, "time", "", store.Page{Limit: n})
			for _, t := range oldest {
				if err := Traces.Delete(tx, t.ID); err != nil {
					return err
				}
			}
			return err
		})
		removed += n
		kept -= n
	}
	return removed, err
}
