package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/migration"
)

// Bounds on what doctor asks of others.
const (
	probeTime     = 30 * time.Second // for one provider
	probesAtOnce  = 8
	progressAfter = 2 * time.Second
)

// examination is what doctor found, part by part.
type examination struct {
	File  string        `json:"file"`
	OK    bool          `json:"ok"`
	Parts []examinePart `json:"parts"`
}

// examinePart is one thing examined.
type examinePart struct {
	Name     string    `json:"name"`
	Findings []finding `json:"findings"`
}

// finding is an idp.Finding for programs.
type finding struct {
	Check  string    `json:"check"`
	Level  idp.Level `json:"level"`
	Detail string    `json:"detail"`
	Mend   string    `json:"mend,omitempty"`
}

func doctorCommand() *cobra.Command {
	var path string
	var o output
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check the file, the hub's surroundings, and ask every provider",
		Long: `Check the configuration file, then the hub's surroundings: store, sealing key,
certificates, listeners, whether the pools answer at their issuers. Then ask every
provider: discovery, keys, clock, endpoints, whether it takes our client secret
and, where that can be told, our callback; and each pool's migration, with a
made-up name. Nobody is signed in and nothing is changed. It works with and
without a hub running.

The exit status is 3 when something must be mended.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := readConfig(path)
			if _, wrong := errors.AsType[config.Problems](err); wrong {
				return &statusError{exitUsage, err}
			}
			if err != nil {
				return err
			}
			x, err := examine(c.Context(), cfg, func(format string, args ...any) { fmt.Fprintf(c.ErrOrStderr(), format+"\n", args...) })
			if err != nil {
				return err
			}
			if err := o.write(c.OutOrStdout(), x, func(w io.Writer) { x.print(w, painted(c.OutOrStdout())) }); err != nil {
				return err
			}
			if !x.OK {
				return &statusError{exitFound, errors.New("")} // it has been said
			}
			return nil
		},
	}
	configFlag(c, &path)
	o.flag(c)
	return c
}

// examine looks at the hub's surroundings and asks every provider, several at
// once. tell hears what is still awaited when it takes long.
func examine(ctx context.Context, cfg *config.Config, tell func(string, ...any)) (*examination, error) {
	upstreams, err := run.Upstreams(cfg)
	if err != nil {
		return nil, err
	}
	s := &surroundings{cfg: cfg}
	s.running = s.runs(ctx)
	jobs := []func() examinePart{func() examinePart { return s.hub() }}
	for i := range cfg.Pools {
		jobs = append(jobs, func() examinePart { return s.pool(ctx, &cfg.Pools[i]) })
	}
	for _, u := range upstreams {
		jobs = append(jobs, func() examinePart { return s.provider(ctx, u) })
	}
	asked := len(upstreams)
	for i := range cfg.Pools {
		old, err := run.Migration(cfg, &cfg.Pools[i])
		if err != nil {
			return nil, err
		}
		if old != nil {
			asked++
			jobs = append(jobs, func() examinePart { return s.migration(ctx, &cfg.Pools[i], old) })
		}
	}
	parts := make([]examinePart, len(jobs))
	var group errgroup.Group
	group.SetLimit(probesAtOnce)
	done := make(chan struct{})
	go func() {
		select {
		case <-done:
		case <-time.After(progressAfter):
			tell("Asking %s; each has %s at most.", count(asked, "system"), probeTime)
		}
	}()
	for i, job := range jobs {
		group.Go(func() error {
			parts[i] = job()
			return nil
		})
	}
	err = group.Wait()
	close(done)
	x := &examination{File: cfg.Path, OK: true, Parts: parts}
	for _, part := range parts {
		for _, f := range part.Findings {
			x.OK = x.OK && f.Level != idp.Fail
		}
	}
	return x, err
}

// provider asks one provider.
func (s *surroundings) provider(ctx context.Context, u run.Upstream) examinePart {
	part := examinePart{Name: fmt.Sprintf("Provider %s of pool %s · %s", u.Config.Name, u.Pool.Name, u.Config.Issuer)}
	if !u.Config.Enabled {
		part.add(finding{"enabled", idp.Warn, "the provider is switched off in the file, so nobody comes in by it", "Set enabled: true when it is wanted."})
	}
	own := s.ownPool(u.Config.Issuer)
	if own != "" && !s.running {
		part.add(finding{"discovery", idp.Warn, fmt.Sprintf("it is the pool %s of this very hub, which does not run", own), "Start the hub and ask again."})
		return part
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	for _, f := range u.Provider.Probe(ctx) {
		if f.Check == "client" && f.Level == idp.Fail && !u.Config.ClientSecret.Empty() {
			f.Mend += " The secret was read from " + u.Config.ClientSecret.Origin() + "."
		}
		part.add(finding{f.Check, f.Level, f.Detail, f.Mend})
	}
	return part
}

// migration asks a pool's old system about somebody who is not there.
func (s *surroundings) migration(ctx context.Context, p *config.Pool, old migration.System) examinePart {
	part := examinePart{Name: fmt.Sprintf("Migration of pool %s · %s", p.Name, old)}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	f := finding{"password", idp.OK, "a made-up name and password are refused", ""}
	person, err := old.Ask(ctx, migration.Question{Username: "isthmus-doctor-" + strings.ToLower(rand.Text()[:8]), Password: rand.Text(), Pool: p.Name})
	switch e, failed := errors.AsType[*migration.Error](err); {
	case person != nil:
		f.Level, f.Detail, f.Mend = idp.Fail, "a made-up name and password are taken for right", "Mend the other system at once: as it is, everybody comes in by any name."
	case failed && e.Kind == migration.Challenge:
		f.Level, f.Detail, f.Mend = idp.Fail, "a made-up name and password are asked for more: "+e.Detail, "The other system must refuse who it does not know."
	case failed:
		f.Level, f.Detail, f.Mend = idp.Fail, e.Detail, "See that the other system runs, knows this hub's secret, and answers as  isthmus help migration  says."
	case !errors.Is(err, migration.ErrWrong):
		f.Level, f.Detail = idp.Fail, err.Error()
	}
	part.add(f)
	return part
}

func (p *examinePart) add(f finding) { p.Findings = append(p.Findings, f) }

// print writes what was found, and closes with what is to be done.
func (x *examination) print(w io.Writer, p paint) {
	mend, look := 0, 0
	for _, part := range x.Parts {
		fmt.Fprintln(w, plain(part.Name))
		for _, f := range part.Findings {
			mark := p.good()
			switch f.Level {
			case idp.Warn:
				mark = p.caution()
				look++
			case idp.Fail:
				mark = p.bad()
				mend++
			}
			fmt.Fprintf(w, "  %s %-14s %s\n", mark, plain(f.Check), plain(f.Detail))
			if f.Mend != "" {
				fmt.Fprintf(w, "    %-14s %s\n", "", plain(f.Mend))
			}
		}
	}
	switch {
	case mend > 0 && look > 0:
		fmt.Fprintf(w, "%s to mend, %d to look at.\n", count(mend, "thing"), look)
	case mend > 0:
		fmt.Fprintf(w, "%s to mend.\n", count(mend, "thing"))
	case look > 0:
		fmt.Fprintf(w, "Nothing must be mended, %s to look at.\n", count(look, "thing"))
	default:
		fmt.Fprintln(w, "All is well.")
	}
}
