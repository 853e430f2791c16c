package run

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/isthmus-hub/isthmus/config"
)

// Reload serves another configuration from the next request on. When any part
// of it cannot be served, or would need a restart, nothing changes and the
// error says why.
func (h *Hub) Reload(ctx context.Context, cfg *config.Config) error {
	return h.recorded(func() error { return h.reload(ctx, cfg) })
}

func (h *Hub) reload(ctx context.Context, cfg *config.Config) (err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() {
		if err != nil {
			err = errors.Join(err, h.restoreKeys(context.WithoutCancel(ctx)))
		}
	}()
	if fixed := unchangeable(h.cfg, cfg); len(fixed) > 0 {
		return fmt.Errorf("a change of %s takes effect at a restart only; nothing was changed", strings.Join(fixed, ", "))
	}
	pools, upstreams, err := h.build(ctx, cfg)
	if err != nil {
		return err
	}
	if err := h.seed(ctx, cfg, pools); err != nil {
		return err
	}
	if err := h.server.Mount(pools); err != nil {
		return err
	}
	h.cfg, h.pools, h.upstreams = cfg, pools, upstreams
	return nil
}

// restoreKeys lets the pools' keys turn as the configuration says that goes on to
// be served. Pools that nothing changed do nothing.
func (h *Hub) restoreKeys(ctx context.Context) error {
	var errs []error
	for i, p := range h.pools {
		errs = append(errs, p.Keys.Change(ctx, rotation(&h.cfg.Pools[i], p.Registered)))
	}
	return errors.Join(errs...)
}

// unchangeable lists the keys that differ and that a running hub cannot take up.
func unchangeable(old, now *config.Config) []string {
	var list []string
	for _, k := range []struct {
		name     string
		old, now any
	}{
		{"listen", old.Listen, now.Listen}, {"store", old.Store, now.Store}, {"sealing_key", old.SealingKey, now.SealingKey},
		{"admin", old.Admin, now.Admin}, {"metrics", old.Metrics, now.Metrics}, {"trusted_proxies", old.TrustedProxies, now.TrustedProxies},
		{"outbound", old.Outbound, now.Outbound}, {"insecure_upstreams", old.InsecureUpstreams, now.InsecureUpstreams}, {"log", old.Log, now.Log},
	} {
		if !reflect.DeepEqual(k.old, k.now) {
			list = append(list, k.name)
		}
	}
	return list
}
