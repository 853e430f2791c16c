package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// target is the hub an administrative verb works on: the one that runs, by its
// socket, or its store where none runs.
type target struct {
	path   string // of the configuration
	socket string // instead of the configuration's
	pool   string
	makes  bool // may make the store
}

func (t *target) flags(c *cobra.Command) {
	configFlag(c, &t.path)
	c.Flags().StringVar(&t.socket, "socket", "", "the running hub's admin socket (default: the configuration's)")
}

func (t *target) poolFlag(c *cobra.Command) {
	c.Flags().StringVarP(&t.pool, "pool", "p", "", "the pool; may be left out when there is one only")
}

// running connects to the hub that runs, or gives admin.ErrNoServer.
func (t *target) running(ctx context.Context) (*admin.Client, error) {
	socket := t.socket
	if socket == "" {
		var err error
		if socket, err = config.Socket(t.path, config.Environment{}); err != nil {
			return nil, &statusError{exitUsage, err}
		}
	}
	return admin.Dial(ctx, socket)
}

// connect calls do with a client of the running hub, or with one that works on
// the store in this process. Then log takes the audit log.
func (t *target) connect(ctx context.Context, log io.Writer, do func(*admin.Client) error) (err error) {
	client, err := t.running(ctx)
	if err == nil {
		defer client.Close()
		return do(client)
	}
	if !errors.Is(err, admin.ErrNoServer) || t.socket != "" {
		return err
	}
	cfg, err := load(t.path, io.Discard)
	if err != nil {
		return err
	}
	if _, err := os.Stat(cfg.Store); errors.Is(err, fs.ErrNotExist) && !t.makes {
		return fmt.Errorf("no hub is running, and there is no store at %s yet; isthmus serve -c %s makes one", cfg.Store, t.path)
	}
	h, err := run.Start(ctx, cfg, run.Options{
		Local: true, Log: logger(config.Log{Level: slog.LevelWarn, Format: cfg.Log.Format}, log), Audit: logger(cfg.Log, log).With("log", "audit"),
	})
	if errors.Is(err, bolt.ErrHeld) {
		return fmt.Errorf("another process has the store %s open, but no hub answers at the socket %s: if a hub runs there with another configuration, name that one with -c, or its socket with --socket", cfg.Store, cfg.Admin.Socket)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	client = admin.Local(h.Admin())
	defer client.Close()
	return do(client)
}

// pools are the pools to work on: the one that is named, or all.
func (t *target) pools(ctx context.Context, c *admin.Client) ([]string, error) {
	pools, err := c.Pools(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(pools))
	for i, p := range pools {
		names[i] = p.Name
	}
	switch {
	case t.pool == "":
		return names, nil
	case slices.Contains(names, t.pool):
		return []string{t.pool}, nil
	}
	return nil, &statusError{exitUsage, fmt.Errorf("there is no pool %q; this hub has %s", t.pool, strings.Join(names, ", "))}
}

// connectPool is connect for verbs that work on one pool.
func (t *target) connectPool(ctx context.Context, log io.Writer, do func(c *admin.Client, pool string) error) error {
	return t.connect(ctx, log, func(c *admin.Client) error {
		names, err := t.pools(ctx, c)
		if err != nil {
			return err
		}
		if len(names) > 1 {
			return &statusError{exitUsage, fmt.Errorf("this hub has %d pools: say which with --pool %s", len(names), strings.Join(names, " or --pool "))}
		}
		return do(c, names[0])
	})
}

// refused gives an answer of the API the exit status that fits: what was asked
// for wrongly is not what could not be done.
func refused(err error) error {
	e, ok := errors.AsType[*admin.Error](err)
	if !ok || e.Status != http.StatusBadRequest && e.Status != http.StatusUnprocessableEntity {
		return err
	}
	return &statusError{exitUsage, err}
}
