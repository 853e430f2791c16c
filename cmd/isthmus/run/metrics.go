package run

import (
	"context"
	"errors"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/idp"
)

// metrics counts what a hub does. No label holds anything a request chose.
type metrics struct {
	events    *prometheus.CounterVec
	signIns   *prometheus.CounterVec
	upstreams *prometheus.HistogramVec
}

func newMetrics(r *prometheus.Registry, engine *bolt.Engine) (*metrics, error) {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "isthmus_events_total", Help: "Audit events by name and outcome.",
		}, []string{"pool", "event", "outcome"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "isthmus_sign_ins_total", Help: "Sign-ins by provider and outcome: ok, or the reason they stopped.",
		}, []string{"pool", "provider", "outcome"}),
		upstreams: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "isthmus_upstream_seconds", Help: "Time of calls to providers, by step and outcome.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"pool", "provider", "step", "outcome"}),
	}
	commits := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "isthmus_store_commits_total", Help: "Commits that reached the disk; each holds one write or more.",
	}, func() float64 { return float64(engine.Commits()) })
	var errs []error
	for _, c := range []prometheus.Collector{
		m.events, m.signIns, m.upstreams, commits,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	} {
		errs = append(errs, r.Register(c))
	}
	return m, errors.Join(errs...)
}

// upstream observes the calls that a pool's provider is asked.
func (m *metrics) upstream(pool string) func(idp.Call) {
	return func(c idp.Call) {
		outcome := string(c.Kind)
		if outcome == "" {
			outcome = "answered"
		}
		m.upstreams.WithLabelValues(pool, c.Provider, string(c.Step), outcome).Observe(c.Elapsed.Seconds())
	}
}

// record writes an event to the audit log and counts it.
func (h *Hub) record(e hub.Event) {
	outcome := "ok"
	if !e.OK {
		outcome = "refused"
	}
	h.metrics.events.WithLabelValues(e.Pool, string(e.Name), outcome).Inc()
	if e.Name == hub.SignIn || e.Name == hub.PasswordRefused {
		provider := e.Provider
		if provider == "" {
			provider = hub.Local
		}
		if !e.OK {
			outcome = e.Reason
		}
		h.metrics.signIns.WithLabelValues(e.Pool, provider, outcome).Inc()
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs, slog.Bool("ok", e.OK))
	for _, f := range []struct{ key, value string }{
		{"pool", e.Pool}, {"client", e.Client}, {"provider", e.Provider}, {"sub", e.Sub}, {"reason", e.Reason}, {"trace", e.Trace},
		{"address", e.Address}, {"request_id", e.RequestID}, {"actor", e.Actor},
	} {
		if f.value != "" {
			attrs = append(attrs, slog.String(f.key, f.value))
		}
	}
	h.options.Audit.LogAttrs(context.Background(), slog.LevelInfo, string(e.Name), attrs...)
}
