package middleware

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts requests by route, method and status and takes their time by
// route, as isthmus_http_requests_total and isthmus_http_request_seconds on the
// registry. No label comes from a request: an unnamed route is "none", an
// unknown method "other" (security row A173). It must stand inside Log, whose
// event knows the route. The error is the registry's.
func Metrics(registry *prometheus.Registry) (Middleware, error) {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "isthmus_http_requests_total",
		Help: "Requests answered, by route name, method and status.",
	}, []string{"route", "method", "status"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "isthmus_http_request_seconds",
		Help:    "Time from a request's header to the end of its handler, by route name.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"route"})
	for _, c := range []prometheus.Collector{total, seconds} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("request metrics: %w", err)
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := record(w)
			start := time.Now()
			defer func() { // deferred, as a handler may panic
				route := EventFrom(r.Context()).routeName()
				total.WithLabelValues(route, methodName(r.Method), strconv.Itoa(rec.outcome())).Inc()
				seconds.WithLabelValues(route).Observe(time.Since(start).Seconds())
			}()
			next.ServeHTTP(rec, r)
		})
	}, nil
}
