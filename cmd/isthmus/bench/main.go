//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
)

func main() {
	var o options
	flag.IntVar(&o.people, "people", 32, "how many people do it at the same time")
	flag.DurationVar(&o.round, "round", 1500*time.Millisecond, "how long one measurement takes")
	flag.IntVar(&o.rounds, "rounds", 3, "measurements of each kind; the median counts")
	flag.StringVar(&o.algorithms, "algorithms", "RS256,ES256", "signatures of both pools, one run for each")
	flag.IntVar(&o.sessions, "sessions", 1000, "how many sessions end at once")
	flag.StringVar(&o.only, "only", "", "what to measure: a regular expression for the names in the table")
	flag.StringVar(&o.log, "log", "info", "log level of the master pool")
	flag.StringVar(&o.profile, "profile", "", "profile the master pool, into PATH.ALGORITHM.cpu and PATH.ALGORITHM.allocs")
	flag.StringVar(&o.program, "program", "", "the isthmus to measure; empty: the one in this folder is built")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch args := flag.Args(); {
	case len(args) == 0:
		err = bench(ctx, o, os.Stdout, os.Stderr)
	case len(args) == 2 && args[0] == "bare":
		err = serveBare(ctx, args[1])
	case len(args) == 3 && args[0] == "profiled":
		err = serveProfiled(ctx, args[1], args[2])
	default:
		err = fmt.Errorf("there is nothing to do by the name of %q", args[0])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serveProfiled is isthmus serve that leaves profiles of all that it served. The
// hub itself has no such switch: a profile is nothing for the public.
func serveProfiled(ctx context.Context, path, profile string) error {
	cfg, err := config.Load(path, config.Environment{})
	if err != nil {
		return err
	}
	run.PaceCollector()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: cfg.Log.Level}))
	h, err := run.Start(ctx, cfg, run.Options{Log: log, Audit: log.With("log", "audit")})
	if err != nil {
		return err
	}
	err = profileUntil(ctx, profile)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, h.Close(end))
}

func profileUntil(ctx context.Context, path string) error {
	cpu, err := os.Create(path + ".cpu")
	if err != nil {
		return err
	}
	defer cpu.Close()
	allocs, err := os.Create(path + ".allocs")
	if err != nil {
		return err
	}
	defer allocs.Close()
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return err
	}
	<-ctx.Done()
	pprof.StopCPUProfile()
	return pprof.Lookup("allocs").WriteTo(allocs, 0)
}
