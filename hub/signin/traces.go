package signin

import (
	"context"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// TraceFilter chooses stopped sign-ins; an empty field chooses all.
type TraceFilter struct {
	Client   string
	Provider string
	Reason   Reason
}

func (f TraceFilter) chooses(t *hub.Trace) bool {
	return (f.Client == "" || f.Client == t.Client) && (f.Provider == "" || f.Provider == t.Provider) &&
		(f.Reason == "" || f.Reason == Reason(t.Reason))
}

// Traces returns up to limit of the pool's stopped sign-ins, the newest first,
// and where to go on: the after of the next call, empty after the last.
func (s *Service) Traces(ctx context.Context, p *hub.Pool, f TraceFilter, after string, limit int) (traces []*hub.Trace, next string, err error) {
	more := false
	err = eachTrace(ctx, p, func() { traces, more = nil, false }, func(t *hub.Trace) {
		if !f.chooses(t) || after != "" && place(t) >= after {
			return
		}
		if traces = append(traces, t); len(traces) > limit {
			traces, more = traces[1:], true
		}
	})
	if err != nil {
		return nil, "", err
	}
	slices.Reverse(traces)
	if more {
		next = place(traces[limit-1])
	}
	return traces, next, nil
}

// place is where a trace stands in the order of time.
func place(t *hub.Trace) string { return store.TimeKey(t.Time) + "/" + t.ID }

// Alike says how many other sign-ins are kept that stopped for the same reason
// at the same provider, or of the same client where no provider is concerned.
type Alike struct {
	Others int       `json:"others"`
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
}

// Alike looks for stopped sign-ins like this one.
func (s *Service) Alike(ctx context.Context, p *hub.Pool, like *hub.Trace) (alike Alike, err error) {
	f := TraceFilter{Provider: like.Provider, Reason: Reason(like.Reason)}
	if f.Provider == "" {
		f.Client = like.Client
	}
	err = eachTrace(ctx, p, func() { alike = Alike{} }, func(t *hub.Trace) {
		if t.ID == like.ID || !f.chooses(t) || t.Provider != like.Provider {
			return
		}
		if alike.Others == 0 {
			alike.First = t.Time
		}
		alike.Others++
		alike.Last = t.Time
	})
	return alike, err
}

// eachTrace visits what is kept in the order of time, hub.TraceMax of them at
// most; begin runs first, each time anew should the engine try again.
func eachTrace(ctx context.Context, p *hub.Pool, begin func(), visit func(*hub.Trace)) error {
	return p.Space.View(ctx, func(tx *store.Tx) error {
		begin()
		for after := ""; ; {
			page, next, err := hub.Traces.List(tx, "time", "", store.Page{After: after, Limit: 1000})
			if err != nil {
				return err
			}
			for _, t := range page {
				visit(t)
			}
			if next == "" {
				return nil
			}
			after = next
		}
	})
}
