package web

import (
	"context"
	"net/http"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Telemetry serves health and metrics, on a listener of their own: neither is
// for the public.
//
//	/healthz/live   200 while the process runs
//	/healthz/ready  200 while ready returns nil, 503 otherwise
//	/metrics        Prometheus
func Telemetry(registry *prometheus.Registry, ready func(context.Context) error) http.Handler {
	r := mux.NewRouter()
	r.HandleFunc("/healthz/live", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK) }).Methods("GET", "HEAD")
	r.HandleFunc("/healthz/ready", func(w http.ResponseWriter, r *http.Request) {
		if ready(r.Context()) != nil {
			answer(w, http.StatusServiceUnavailable)
			return
		}
		answer(w, http.StatusOK)
	}).Methods("GET", "HEAD")
	r.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{})).Methods("GET")
	return r
}

func answer(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(http.StatusText(status) + "\n"))
}
