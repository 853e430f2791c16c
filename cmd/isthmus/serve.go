package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
)

// drain is how long requests under way may take when the hub stops.
const drain = 10 * time.Second

func serveCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a hub from a configuration file",
		Long: `Run a hub from a configuration file, until it is interrupted.

SIGHUP, or isthmus reload, takes up a changed file: all of it or, if anything in
it is wrong, nothing. Certificates are read again when their files change.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return serve(c.Context(), path, c.ErrOrStderr()) },
	}
	configFlag(c, &path)
	return c
}

func serve(ctx context.Context, path string, out io.Writer) error {
	cfg, err := load(path, out)
	if err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1) // from now on: one that came while the hub starts would end it
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	log := logger(cfg.Log, out)
	run.PaceCollector()
	h, err := run.Start(ctx, cfg, run.Options{
		Log: log, Audit: log.With("log", "audit"),
		Load: func() (*config.Config, error) { return config.Load(path, config.Environment{}) },
	})
	if err != nil {
		return err
	}
	if h.NewKey != "" {
		log.Warn("a sealing key was made; keep a copy of it apart from the store, which is worth nothing without it", "file", h.NewKey)
	}
	for _, p := range h.Pools() {
		log.Info("pool", "name", p.Name, "issuer", p.Issuer, "callback", p.CallbackURL(), "providers", len(p.Providers), "clients", len(p.Clients))
	}
	for {
		select {
		case <-ctx.Done():
			log.Info("stopping")
			end, cancel := context.WithTimeout(context.Background(), drain)
			defer cancel()
			return h.Close(end)
		case err := <-h.Failed():
			return errors.Join(err, h.Close(ctx))
		case <-hangups:
			hangup(ctx, h, log)
		}
	}
}

// hangup takes up the changed file, and tells the log what came of it.
func hangup(ctx context.Context, h *run.Hub, log *slog.Logger) {
	warnings, err := h.ReloadFile(ctx)
	problems, wrong := errors.AsType[config.Problems](err)
	for _, p := range append(problems, warnings...) {
		log.Warn(p.Message, "file", p.File, "line", p.Line, "key", p.Path, "hint", p.Hint)
	}
	switch {
	case wrong:
		log.Error("configuration refused, the old one stays in force", "problems", len(problems))
	case err != nil:
		log.Error("configuration refused, the old one stays in force", "error", err)
	default:
		log.Info("configuration taken up")
	}
}

// load reads a configuration and prints its warnings.
func load(path string, out io.Writer) (*config.Config, error) {
	cfg, err := config.Load(path, config.Environment{})
	var problems config.Problems
	if errors.As(err, &problems) {
		return nil, &statusError{exitUsage, err}
	}
	if err != nil {
		return nil, err
	}
	if err := run.Folders(cfg); err != nil {
		return nil, &statusError{exitUsage, err}
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintln(out, w.String())
	}
	return cfg, nil
}

func logger(l config.Log, out io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: l.Level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(out, options))
	}
	return slog.New(slog.NewTextHandler(out, options))
}
