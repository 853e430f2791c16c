package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// Admin is the administrator's API on this hub, for the socket and, where no hub
// runs, for the verbs that opened the store themselves.
func (h *Hub) Admin() http.Handler {
	o := admin.Options{Pools: h.Pools, Directory: h.Directory, SignIn: h.signin, Audit: h.audit, Log: h.Log}
	if h.options.Load != nil && !h.options.Local {
		o.Reload = func(ctx context.Context) ([]string, error) {
			warnings, err := h.takeUp(ctx)
			list := make([]string, len(warnings))
			for i, w := range warnings {
				list[i] = w.String()
			}
			return list, err
		}
	}
	return admin.New(o)
}

// ReloadFile reads the configuration anew and takes it up, all of it or nothing.
// It returns the configuration's warnings.
func (h *Hub) ReloadFile(ctx context.Context) (warnings config.Problems, err error) {
	err = h.recorded(func() error {
		warnings, err = h.takeUp(ctx)
		return err
	})
	return warnings, err
}

func (h *Hub) takeUp(ctx context.Context) (config.Problems, error) {
	cfg, err := h.options.Load()
	if problems, ok := errors.AsType[config.Problems](err); ok {
		return nil, &refusedError{problems}
	}
	if err != nil {
		return nil, err
	}
	return cfg.Warnings, h.reload(ctx, cfg)
}

// refusedError is a file that a running hub did not take up.
type refusedError struct{ problems config.Problems }

// Error is the list of problems as config prints it, closed by what it means for
// a hub that runs.
func (e *refusedError) Error() string {
	noun := "problems"
	if len(e.problems) == 1 {
		noun = "problem"
	}
	return fmt.Sprintf("%s\n%d %s, nothing was changed.", e.problems.List(), len(e.problems), noun)
}

func (e *refusedError) Unwrap() error { return e.problems }

// recorded writes the audit event of a reload that nobody asked for by name.
func (h *Hub) recorded(reload func() error) error {
	err := reload()
	e := hub.Event{Time: h.options.Now(), Name: hub.ConfigReloaded, OK: err == nil}
	if err != nil {
		e.Reason = err.Error()
	}
	h.record(e)
	return err
}
