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
	logouts   *prometheus.CounterVec
	reached   *prometheus.HistogramVec

	migrations    *prometheus.HistogramVec
	auditFailures prometheus.Counter
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
		logouts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "isthmus_logout_told_total", Help: "Parties that had to hear of a session's end, by outcome.",
		}, []string{"pool", "party", "channel", "outcome"}),
		reached: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "isthmus_logout_seconds", Help: "Time from the end of a session until the last party's outcome was known, by whether all of them know.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400},
		}, []string{"pool", "outcome"}),
		migrations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "isthmus_migration_seconds", Help: "Time of questions to the systems that people come from, by outcome: right, wrong, or why there was no answer.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"pool", "outcome"}),
		auditFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "isthmus_audit_failures_total", Help: "Audit events that could not be written.",
		}),
	}
	commits := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "isthmus_store_commits_total", Help: "Commits that reached the disk; each holds one write or more.",
	}, func() float64 { return float64(engine.Commits()) })
	var errs []error
	for _, c := range []prometheus.Collector{
		m.events, m.signIns, m.upstreams, m.logouts, m.reached, m.migrations, m.auditFailures, commits,
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

// told counts a party whose outcome has become known. Clients that registered
// themselves count as one: how many there are is up to nobody here.
func (m *metrics) told(p *hub.Pool, _ *hub.Logout, h *hub.Hop) {
	party := h.Provider
	if party == "" {
		if party = h.ClientID; p.Clients[party] == nil {
			party = "registered"
		}
	}
	m.logouts.WithLabelValues(p.Name, party, string(h.Channel), string(h.Outcome)).Inc()
}

// closed observes a logout whose parties' outcomes are all known.
func (m *metrics) closed(p *hub.Pool, l *hub.Logout) {
	outcome := "all"
	for i := range l.Hops {
		if l.Hops[i].Outcome != hub.Delivered {
			outcome = "not_all"
		}
	}
	m.reached.WithLabelValues(p.Name, outcome).Observe(l.Took(p.Now()).Seconds())
}

// record writes an event to the audit log and counts it. A log that cannot be
// written is told of in the other one.
func (h *Hub) record(e hub.Event) {
	if err := h.audit(e); err != nil {
		h.Log.Error("the audit log cannot be written", "event", e.Name, "error", err)
	}
}

// audit is record for acts that are not to be done without their event.
func (h *Hub) audit(e hub.Event) error {
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
	// By the handler, because a Logger drops its errors, and whatever is below its
	// level.
	line := slog.NewRecord(h.options.Now(), slog.LevelInfo, string(e.Name), 0)
	line.AddAttrs(slog.Bool("ok", e.OK))
	for _, f := range []struct{ key, value string }{
		{"pool", e.Pool}, {"client", e.Client}, {"provider", e.Provider}, {"sub", e.Sub}, {"reason", e.Reason}, {"trace", e.Trace},
		{"address", e.Address}, {"request_id", e.RequestID}, {"actor", e.Actor},
	} {
		if f.value != "" {
			line.AddAttrs(slog.String(f.key, f.value))
		}
	}
	err := h.options.Audit.Handler().Handle(context.Background(), line)
	if err != nil {
		h.metrics.auditFailures.Inc()
	}
	return err
}
