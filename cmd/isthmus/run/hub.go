package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/idp/outbound"
	"github.com/isthmus-hub/isthmus/web"
)

// Options are what a configuration does not say.
type Options struct {
	Log   *slog.Logger     // requests, failures, what is started; nil: nothing
	Audit *slog.Logger     // one line for each event; nil: nothing
	Now   func() time.Time // nil: the system's clock
	Cost  directory.Cost   // of password hashes; zero: directory.DefaultCost
	Local bool             // open the store and the pools, but listen nowhere
	// Load reads the configuration again, for a reload by the admin socket or by
	// ReloadFile; nil: only Reload replaces it.
	Load func() (*config.Config, error)
}

// Hub is a hub that runs.
type Hub struct {
	Log       *slog.Logger
	Registry  *prometheus.Registry
	Directory *directory.Directory
	NewKey    string // path of the sealing key that was made at this start, if one was

	cfg      *config.Config
	options  Options
	engine   *bolt.Engine
	store    *store.Store
	key      *seal.Key
	outbound *http.Client
	keys     *clientKeys
	metrics  *metrics
	server   *web.Server
	signin   *signin.Service
	logout   *logout.Service

	mu        sync.Mutex // of what Reload replaces
	pools     []*hub.Pool
	upstreams map[string]upstream

	failed  chan error
	servers []*http.Server
	stop    context.CancelFunc
	workers sync.WaitGroup
}

// Start opens everything the configuration names and serves. An error leaves
// nothing open.
func Start(ctx context.Context, cfg *config.Config, o Options) (*Hub, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Audit == nil {
		o.Audit = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Cost == (directory.Cost{}) {
		o.Cost = directory.DefaultCost
	}
	h := &Hub{
		Log: o.Log, Registry: prometheus.NewRegistry(), Directory: directory.New(o.Cost),
		cfg: cfg, options: o, upstreams: map[string]upstream{}, failed: make(chan error, 1),
	}
	if err := h.open(ctx); err != nil {
		return nil, errors.Join(err, h.Close(context.Background()))
	}
	if o.Local {
		return h, nil
	}
	if err := h.listen(); err != nil {
		return nil, errors.Join(err, h.Close(context.Background()))
	}
	h.work()
	return h, nil
}

// open opens key and store and makes the pools.
func (h *Hub) open(ctx context.Context) (err error) {
	if h.key, h.NewKey, err = sealingKey(h.cfg); err != nil {
		return err
	}
	if h.engine, err = bolt.Open(h.cfg.Store, bolt.Options{}); err != nil {
		return err
	}
	if h.store, err = store.Open(ctx, h.engine, h.options.Now); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", h.cfg.Store, err), h.engine.Close())
	}
	if h.metrics, err = newMetrics(h.Registry, h.engine); err != nil {
		return err
	}
	h.outbound, err = newOutbound(h.cfg, func(r *outbound.Refused) {
		h.record(hub.Event{Time: h.options.Now(), Name: hub.OutboundRefused, Reason: r.Error()})
	})
	if err != nil {
		return err
	}
	h.signin = signin.New(h.Directory)
	h.logout = logout.New(logout.Options{Post: outbound.Poster(h.outbound), Told: h.metrics.told, Closed: h.metrics.closed})
	h.keys = newClientKeys(h.outbound, h.options.Now)
	h.server, err = web.New(web.Options{
		SignIn: h.signin, Logout: h.logout, Log: h.Log, Registry: h.Registry, Proxies: h.cfg.TrustedProxies,
	})
	if err != nil {
		return err
	}
	pools, upstreams, err := h.build(ctx, h.cfg)
	if err != nil {
		return err
	}
	if err := h.server.Mount(pools); err != nil {
		return err
	}
	h.pools, h.upstreams = pools, upstreams
	return h.seed(ctx, h.cfg, pools)
}

// Pools are the pools as they are now.
func (h *Hub) Pools() []*hub.Pool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pools
}

// Ready tells whether the hub can serve: its store takes writes.
func (h *Hub) Ready(context.Context) error { return h.engine.Health() }

// ServeHTTP serves the pools, for callers that listen themselves.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.server.ServeHTTP(w, r) }

// Close stops listening, waits for the requests under way until ctx ends, and
// closes the store.
func (h *Hub) Close(ctx context.Context) error {
	var errs []error
	for _, s := range h.servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, err, s.Close())
		}
	}
	if h.stop != nil {
		h.stop()
	}
	h.workers.Wait()
	if h.store != nil {
		errs = append(errs, h.store.Close())
	}
	if h.outbound != nil {
		h.outbound.CloseIdleConnections()
	}
	return errors.Join(errs...)
}

// keysPoll is how often the keys are looked at: a few small reads.
const keysPoll = 2 * time.Second

// work starts what happens by itself: expired records go, keys turn.
func (h *Hub) work() {
	ctx, cancel := context.WithCancel(context.Background())
	h.stop = cancel
	h.workers.Go(func() { h.turnKeys(ctx) })
	h.workers.Go(func() { h.logout.Run(ctx, h.Pools) })
	h.workers.Go(func() {
		tend, watch := time.NewTicker(time.Minute), time.NewTicker(time.Second)
		defer tend.Stop()
		defer watch.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tend.C:
				h.tend(ctx)
			case <-watch.C:
				if err := h.engine.Health(); errors.Is(err, store.ErrStopped) {
					h.failed <- fmt.Errorf("the store takes no more writes; the hub ends, so that it can be started again: %w", err)
					return
				}
			}
		}
	})
}

// turnKeys turns every pool's keys when their time comes, and takes up what other
// hubs of the store did to them: a key that was withdrawn there is good for
// keysPoll at most here.
func (h *Hub) turnKeys(ctx context.Context) {
	poll := time.NewTicker(keysPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			for _, p := range h.Pools() {
				if _, err := p.Keys.Turn(ctx); err != nil && ctx.Err() == nil {
					h.Log.Error("signing keys", "pool", p.Name, "error", err)
				}
			}
		}
	}
}

// Failed gives an error when the hub cannot go on and its process should end.
func (h *Hub) Failed() <-chan error { return h.failed }

func (h *Hub) tend(ctx context.Context) {
	for _, p := range h.Pools() {
		if _, err := logout.Expire(ctx, p); err != nil {
			h.Log.Error("sessions that are old", "pool", p.Name, "error", err)
			continue // a sweep would take them away untold
		}
		if n, err := hub.Sweep(ctx, p); err != nil {
			h.Log.Error("sweep", "pool", p.Name, "error", err)
		} else if n > 0 {
			h.Log.Debug("swept", "pool", p.Name, "records", n)
		}
		if err := p.Registered.Load(ctx); err != nil {
			h.Log.Error("registered clients", "pool", p.Name, "error", err)
		}
	}
}
