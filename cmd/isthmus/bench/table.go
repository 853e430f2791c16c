//go:build linux

package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/isthmus-hub/isthmus/hub/token"
)

// goals are what the hub is meant to reach, in the words of the table.
type goals struct{ signIn, first, alone, abandoned, refresh, userInfo, discovery string }

var goalsOf = map[token.Algorithm]goals{
	token.RS256: {
		signIn: "2.8 ms, 0.5 commits", first: "1.15 × returning", alone: "2 commits", abandoned: "no commit",
		refresh: "2.5 ms", userInfo: "0.11 ms", discovery: "0.06 ms",
	},
	token.ES256: {
		signIn: "0.8 ms, 0.5 commits", first: "1.15 × returning", alone: "2 commits", abandoned: "no commit",
		refresh: "0.35 ms", discovery: "0.06 ms",
	},
}

func printHead(out io.Writer, o options) {
	fmt.Fprintf(out, `Sign-ins at a master pool, through a corporate pool that signs alike. %s, %d cores,
%d people at a time, medians of %d rounds of %s. CPU is the master pool's own process, for each operation;
floor is what the same work costs bare. A commit is two syncs of the disk; disk KiB has the log in it.
`, runtime.Version(), runtime.NumCPU(), o.people, o.rounds, o.round)
}

// print prints the series.
func (s *series) print(out io.Writer) {
	floor := s.floor()
	fmt.Fprintf(out, "\n%s\n\n", s.algorithm)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tper second\tp50 ms\tp99 ms\tCPU ms\t(range)\tfloor\t×\tcommits\tdisk KiB\tallocs\tKiB\t  goal\t")
	for _, ph := range s.phases {
		rounds := s.results[ph]
		cpu, least := median(rounds, func(r round) time.Duration { return r.cpu }), ph.floor(floor)
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%s\t%s\t(%s)\t%s\t%.2f\t%.2f\t%.1f\t%.0f\t%.0f\t  %s\t\n", ph.name,
			median(rounds, func(r round) float64 { return r.perSecond }),
			ms(median(rounds, func(r round) time.Duration { return r.p50 }), 1),
			ms(median(rounds, func(r round) time.Duration { return r.p99 }), 1),
			ms(cpu, 3), spread(rounds), ms(least, 3), float64(cpu)/float64(least),
			median(rounds, func(r round) float64 { return r.commits }),
			median(rounds, func(r round) float64 { return r.disk })/1024,
			median(rounds, func(r round) float64 { return r.allocs }),
			median(rounds, func(r round) float64 { return r.bytes })/1024,
			ph.goal)
	}
	_ = w.Flush() // to the terminal
	fmt.Fprintf(out, `
floor: signature %s, its check %s, durable write in a group %s, request answered %s, made %s ms of CPU
ready after %s ms with its keys there (goal 100)
memory in MiB: %.0f idle (goal 30), %.0f after the load (goal 64), %.0f at most; after the load %.0f of it is allocated,
the rest is the program and the part of the store's file that was used, which the system may take back
`, ms(floor.sign[s.algorithm], 3), ms(floor.verify[s.algorithm], 3), ms(floor.write, 3), ms(floor.in, 3), ms(floor.out, 3),
		ms(s.ready[len(s.ready)/2], 0), s.idle.resident, s.after.resident, s.after.peak, s.after.own)
	s.one.print(out)
	s.many.print(out)
}

// floor is the median of each floor.
func (s *series) floor() floors {
	of := func(field func(floors) time.Duration) time.Duration {
		values := make([]time.Duration, len(s.floors))
		for i, f := range s.floors {
			values[i] = field(f)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	middle := floors{
		sign: map[token.Algorithm]time.Duration{}, verify: map[token.Algorithm]time.Duration{},
		write: of(func(f floors) time.Duration { return f.write }),
		in:    of(func(f floors) time.Duration { return f.in }),
		out:   of(func(f floors) time.Duration { return f.out }),
	}
	for a := range s.floors[0].sign {
		middle.sign[a] = of(func(f floors) time.Duration { return f.sign[a] })
		middle.verify[a] = of(func(f floors) time.Duration { return f.verify[a] })
	}
	return middle
}

// spread is the CPU time of every round, in order of size.
func spread(rounds []round) string {
	values := make([]time.Duration, len(rounds))
	for i, r := range rounds {
		values[i] = r.cpu
	}
	slices.Sort(values)
	if len(values) == 1 {
		return ""
	}
	return strings.Join([]string{ms(values[0], 3), ms(values[len(values)-1], 3)}, "–")
}

func ms(d time.Duration, digits int) string {
	return fmt.Sprintf("%.*f", digits, d.Seconds()*1000)
}
