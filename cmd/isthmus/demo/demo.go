package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
)

// Options are what can be chosen of a demo. The zero value is the demo at its
// usual ports in a temporary folder.
type Options struct {
	Data  string // folder that stays; empty: a temporary one that goes at Close
	Ports Ports  // a zero one: that of an earlier demo in Data, or the usual one
	Auto  bool   // a zero port: that of an earlier demo in Data, or a free one
	Fault Fault  // what is broken on purpose; zero: nothing

	// Log makes the log of a pool's hub, whose configuration lies at path.
	// Nil: no log.
	Log  func(pool, path string) slog.Handler
	Cost directory.Cost // of password hashes; zero: directory.DefaultCost
}

// Demo is a demo that runs.
type Demo struct {
	Dir       string   // where stores and configurations lie
	Master    *run.Hub // the pool the apps trust
	Corporate *run.Hub // the pool with the people; nil when the fault keeps it down

	plan   *plan
	fault  Fault
	sites  []*site
	remove bool // Dir goes with the demo
	closed bool
}

// Start starts pools and apps and returns when all of them answer. An error
// leaves nothing open, and a temporary folder is removed.
func Start(ctx context.Context, o Options) (*Demo, error) {
	d := &Demo{Dir: o.Data, fault: o.Fault}
	if err := d.start(ctx, o); err != nil {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		return nil, errors.Join(err, d.Close(end))
	}
	return d, nil
}

func (d *Demo) start(ctx context.Context, o Options) (err error) {
	if err := d.folder(); err != nil {
		return err
	}
	before, err := earlier(d.Dir)
	if err != nil {
		return err
	}
	ports, err := choosePorts(o, before)
	if err != nil {
		return err
	}
	d.plan = newPlan(ports, before)
	if o.Fault.breaks != nil {
		o.Fault.breaks(d.plan)
	}
	if d.Corporate, err = d.hub(ctx, o, corporatePool, d.plan.Down); err != nil {
		return err
	}
	if d.Master, err = d.hub(ctx, o, masterPool, false); err != nil {
		return err
	}
	if err := d.serveApps(ctx); err != nil {
		return err
	}
	return d.answers(ctx)
}

// folder makes the folder.
func (d *Demo) folder() (err error) {
	if d.Dir == "" {
		d.remove = true
		d.Dir, err = os.MkdirTemp("", "isthmus-demo-")
		return err
	}
	if d.Dir, err = filepath.Abs(d.Dir); err != nil {
		return err
	}
	return os.MkdirAll(d.Dir, 0o700)
}

// hub starts one pool's hub, unless it is down, and writes its configuration
// down once the store is ours: a demo that runs in the folder keeps its own.
func (d *Demo) hub(ctx context.Context, o Options, pool string, down bool) (h *run.Hub, err error) {
	path := d.File(pool)
	text, err := d.plan.text(pool)
	if err != nil {
		return nil, err
	}
	cfg, err := config.Parse(path, text, config.Environment{})
	if err != nil {
		return nil, err
	}
	options := run.Options{Cost: o.Cost}
	if o.Log != nil {
		options.Log = slog.New(o.Log(pool, path))
	}
	if !down {
		if h, err = run.Start(ctx, cfg, options); err != nil {
			return nil, err
		}
	}
	return h, os.WriteFile(path, text, 0o600)
}

// answers asks everything that runs once.
func (d *Demo) answers(ctx context.Context) error {
	const discovery = "/.well-known/openid-configuration"
	addresses := []string{d.plan.Master() + discovery, d.plan.App() + "/", d.plan.Travel() + "/"}
	if d.Corporate != nil {
		addresses = append(addresses, d.plan.Corporate()+discovery)
	}
	client := &http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for _, a := range addresses {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, a, nil)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return fmt.Errorf("%s does not answer: %w", a, err)
		}
		if err := res.Body.Close(); err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", a, res.Status)
		}
	}
	return nil
}

// File is the path of a pool's configuration.
func (d *Demo) File(pool string) string { return filepath.Join(d.Dir, pool+".yaml") }

// Close stops apps and pools, waiting for requests under way until ctx ends, and
// removes the folder if it was a temporary one. A second Close does nothing.
func (d *Demo) Close(ctx context.Context) error {
	if d.closed {
		return nil
	}
	d.closed = true
	var errs []error
	for _, s := range d.sites {
		errs = append(errs, s.close(ctx))
	}
	for _, h := range []*run.Hub{d.Master, d.Corporate} {
		if h != nil {
			errs = append(errs, h.Close(ctx))
		}
	}
	if d.remove && d.Dir != "" {
		errs = append(errs, os.RemoveAll(d.Dir))
	}
	return errors.Join(errs...)
}

// waiting tells whether a person still has the temporary password.
func (d *Demo) waiting(ctx context.Context, p Person) bool {
	if d.Corporate == nil {
		return true
	}
	u, err := directory.Get(ctx, d.Corporate.Pools()[0], p.Username)
	return err != nil || u.Status == hub.ForceChangePassword
}
