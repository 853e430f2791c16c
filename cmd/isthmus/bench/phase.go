//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// phase is something people do again and again.
type phase struct {
	name   string
	people int // at the same time
	// do does it once; errNobodyLeft ends the round early.
	do    func(worker, n int) error
	floor func(floors) time.Duration // what it costs at the very least
	goal  string                     // for the table
}

// errNobodyLeft says that everybody who could do it once has done it.
var errNobodyLeft = errors.New("nobody is left")

// round is one measurement of a phase.
type round struct {
	operations float64
	perSecond  float64
	p50, p99   time.Duration
	cpu        time.Duration // of the process, for each operation; so are the ones below
	commits    float64
	allocs     float64
	bytes      float64
	disk       float64
}

// measure has people do it for a while and says what it cost the process.
func (ph *phase) measure(p *process, length time.Duration) (round, error) {
	before, err := p.before()
	if err != nil {
		return round{}, err
	}
	began := time.Now()
	took, err := ph.run(length)
	elapsed := time.Since(began)
	if err != nil {
		return round{}, fmt.Errorf("%s: %w", ph.name, err)
	}
	after, err := p.after()
	if err != nil {
		return round{}, err
	}
	n := len(took)
	if n == 0 {
		return round{}, fmt.Errorf("%s: not once in %s", ph.name, length)
	}
	slices.Sort(took)
	each := 1 / float64(n)
	return round{
		operations: float64(n), perSecond: float64(n) / elapsed.Seconds(), p50: took[n/2], p99: took[n*99/100],
		cpu:     (after.cpu - before.cpu) / time.Duration(n),
		commits: (after.commits - before.commits) * each, allocs: (after.allocs - before.allocs) * each, bytes: (after.bytes - before.bytes) * each,
		disk: (after.disk - before.disk) * each,
	}, nil
}

// run returns how long each operation took.
func (ph *phase) run(length time.Duration) ([]time.Duration, error) {
	var (
		mu    sync.Mutex
		all   []time.Duration
		errs  []error
		group sync.WaitGroup
	)
	end := time.Now().Add(length)
	for worker := range ph.people {
		group.Go(func() {
			var took []time.Duration
			var failed error
			for n := 0; failed == nil && time.Now().Before(end); n++ {
				began := time.Now()
				if failed = ph.do(worker, n); failed == nil {
					took = append(took, time.Since(began))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			if failed != nil && !errors.Is(failed, errNobodyLeft) {
				errs = append(errs, failed)
			}
		})
	}
	group.Wait()
	if len(errs) > 0 {
		return nil, fmt.Errorf("%d of %d people stopped, one by: %w", len(errs), ph.people, errs[0])
	}
	return all, nil
}

// median of a field over rounds.
func median[T ~int64 | ~float64](rounds []round, field func(round) T) T {
	values := make([]T, len(rounds))
	for i, r := range rounds {
		values[i] = field(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
