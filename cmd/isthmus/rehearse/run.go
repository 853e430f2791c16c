package rehearse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/isthmus-hub/isthmus/config"
)

// Options are what can be chosen of a rehearsal. The zero value is all of the
// file, with everybody behaving well.
type Options struct {
	Pools  []string                  // by name; empty: all
	Kinds  []Kind                    // empty: all
	Faults []Fault                   // at most one of each name
	Within time.Duration             // by when everybody must know; zero: 5 seconds
	Claims map[string]map[string]any // what a provider says of the person, over what is made up
	// Progress hears how many ends of all are through; nil: nobody does. Calls do not
	// overlap.
	Progress func(done, all int)
}

// UsageError is a choice that the file does not offer.
type UsageError struct{ Cause error }

func (e *UsageError) Error() string { return e.Cause.Error() }
func (e *UsageError) Unwrap() error { return e.Cause }

// usualWithin is long enough for a second attempt.
const usualWithin = 5 * time.Second

// Run rehearses what a checked configuration says. The configuration stays as it
// is. An error is a *UsageError, or of this machine; what went wrong for a person
// or an app is in the Report.
func Run(ctx context.Context, cfg *config.Config, o Options) (*Report, error) {
	if o.Within == 0 {
		o.Within = usualWithin
	}
	pools, err := o.check(cfg)
	if err != nil {
		return nil, &UsageError{err}
	}
	r := &Report{File: cfg.Path, OK: true, Within: o.Within, Limit: o.Within.Seconds(), Ends: []End{}}
	for _, f := range o.Faults {
		r.Faults = append(r.Faults, f.Of+"="+f.Word)
	}
	var acts []act
	for _, p := range pools {
		list, remarks := plan(p, o.Kinds)
		acts = append(acts, list...)
		for _, text := range remarks {
			r.Remarks = append(r.Remarks, Remark{p.Name, text})
		}
	}
	if len(acts) == 0 {
		return nil, &UsageError{nothing(r.Remarks)}
	}
	r.Ends = make([]End, len(acts))
	if err := rehearse(ctx, acts, r.Ends, o); err != nil {
		return nil, err
	}
	for i := range r.Ends {
		r.OK = r.OK && r.Ends[i].OK
	}
	return r, nil
}

func nothing(remarks []Remark) error {
	var why []string
	for _, m := range remarks {
		why = append(why, "pool "+m.Pool+": "+m.Text)
	}
	if len(why) == 0 {
		return errors.New("there is no such end in this file")
	}
	return fmt.Errorf("there is nothing to rehearse: %s", strings.Join(why, "; "))
}

// check finds the pools, and whether the file offers what was chosen.
func (o *Options) check(cfg *config.Config) (pools []*config.Pool, err error) {
	var names []string
	for i := range cfg.Pools {
		p := &cfg.Pools[i]
		names = append(names, p.Name)
		if len(o.Pools) == 0 || slices.Contains(o.Pools, p.Name) {
			pools = append(pools, p)
		}
	}
	for _, name := range o.Pools {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("there is no pool %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	seen := map[string]bool{}
	for _, f := range o.Faults {
		if seen[f.Of] {
			return nil, fmt.Errorf("%s has two faults; one can be in force", f.Of)
		}
		seen[f.Of] = true
		if err := f.check(pools); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Claims)) {
		known := slices.ContainsFunc(pools, func(p *config.Pool) bool {
			return slices.ContainsFunc(p.Providers, func(pr config.Provider) bool { return pr.Name == name })
		})
		if !known {
			return nil, fmt.Errorf("claims for %q: there is no such provider", name)
		}
	}
	return pools, nil
}

// atOnce is how many ends are rehearsed at the same time. Most of each is waiting.
func atOnce() int { return 2 + 2*runtime.GOMAXPROCS(0) }

// rehearse goes through all acts, each in a world of its own.
func rehearse(ctx context.Context, acts []act, ends []End, o Options) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce())
	through := make(chan struct{}, len(acts))
	told := make(chan struct{})
	go func() {
		defer close(told)
		n := 0
		for range through {
			if n++; o.Progress != nil {
				o.Progress(n, len(acts))
			}
		}
	}()
	for i, a := range acts {
		group.Go(func() (err error) {
			ends[i], err = a.rehearse(ctx, o)
			through <- struct{}{}
			return err
		})
	}
	err := group.Wait()
	close(through)
	<-told
	return err
}
