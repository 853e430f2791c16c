package middleware

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics, err := Metrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	h := Chain(Log(slog.New(slog.DiscardHandler)), metrics, Recover(internalError))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/token":
			EventFrom(r.Context()).SetRoute("token")
			w.WriteHeader(http.StatusBadRequest)
		case "/broken":
			panic("broken")
		}
	}))
	for _, target := range []string{"/token", "/token", "/broken", "/made-up-1", "/made-up-2"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, target, nil))
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("BREW", "/token", nil))
	want := `# HELP isthmus_http_requests_total Requests answered, by route name, method and status.
# TYPE isthmus_http_requests_total counter
isthmus_http_requests_total{method="POST",route="none",status="200"} 2
isthmus_http_requests_total{method="POST",route="none",status="500"} 1
isthmus_http_requests_total{method="POST",route="token",status="400"} 2
isthmus_http_requests_total{method="other",route="token",status="400"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "isthmus_http_requests_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "isthmus_http_request_seconds"); err != nil || n != 2 {
		t.Errorf("%d histograms, %v; want one for each route", n, err)
	}
	if _, err := Metrics(registry); err == nil {
		t.Error("the same metrics registered twice")
	}
}
