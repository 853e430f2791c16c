package middleware

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/mux"
)

// logged runs one request through Log around h and returns the line it left.
func logged(t *testing.T, r *http.Request, h http.Handler) (map[string]any, *httptest.ResponseRecorder) {
	t.Helper()
	var out bytes.Buffer
	w := httptest.NewRecorder()
	Log(slog.New(slog.NewJSONHandler(&out, nil)))(h).ServeHTTP(w, r)
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Fatalf("%d lines:\n%s", n, &out)
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	return line, w
}

func TestLogLine(t *testing.T) {
	router := mux.NewRouter()
	router.Use(Route)
	router.HandleFunc("/oauth2/{what}", func(w http.ResponseWriter, r *http.Request) {
		e := EventFrom(r.Context())
		e.Set("pool", "acme")
		e.Set("client", "first")
		e.Set("client", "app\r\nlevel=ERROR"+strings.Repeat("x", 1000))
		e.Set("error", errors.New("store: busy"))
		e.Set("tries", 3)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "sorry")
	}).Name("token")

	r := httptest.NewRequest(http.MethodPost, "/oauth2/token?code=s3cret-code", strings.NewReader("client_secret=s3cret-body"))
	r.Header.Set("Cookie", "a=s3cret-cookie")
	r.Header.Set("Authorization", "Bearer s3cret-token")
	r.Header.Set("X-Request-Id", "s3cret-id")
	r.RemoteAddr = "192.0.2.7:4711"
	line, w := logged(t, r, router)

	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "POST", "route": "token", "status": 400.0, "bytes": 5.0,
		"remote": "192.0.2.7", "pool": "acme", "error": "store: busy", "tries": 3.0,
	}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("%s = %v, want %v", key, line[key], value)
		}
	}
	if client, _ := line["client"].(string); len(client) != maxField || !strings.HasPrefix(client, "app\r\n") {
		t.Errorf("client = %q", client)
	}
	if id, _ := line["id"].(string); len(id) < 26 || id != w.Header().Get("X-Request-Id") {
		t.Errorf("id = %q, header %q", id, w.Header().Get("X-Request-Id"))
	}
	if all, _ := json.Marshal(line); bytes.Contains(all, []byte("s3cret")) || bytes.Contains(all, []byte("/oauth2")) {
		t.Errorf("the line shows what it must not: %s", all)
	}
}

func TestLogOfWhatMatchesNothing(t *testing.T) {
	router := mux.NewRouter()
	router.Use(Route)
	line, _ := logged(t, httptest.NewRequest("BREW", "/secret/path", nil), router)
	if line["route"] != "none" || line["method"] != "other" || line["status"] != 404.0 {
		t.Errorf("%v", line)
	}
}

func TestLogLevelAndPanic(t *testing.T) {
	line, _ := logged(t, httptest.NewRequest(http.MethodGet, "/", nil), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	if line["level"] != "ERROR" {
		t.Errorf("a 503 at level %v", line["level"])
	}

	var out bytes.Buffer
	h := Log(slog.New(slog.NewJSONHandler(&out, nil)))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}()
	if out.Len() == 0 {
		t.Error("no line for an aborted request")
	}
}

func TestQuietRequests(t *testing.T) {
	for status, want := range map[int]string{200: "DEBUG", 404: "INFO", 500: "ERROR"} {
		var out bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		h := Log(logger)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			EventFrom(r.Context()).Quiet()
			w.WriteHeader(status)
		}))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		if !strings.Contains(out.String(), `"level":"`+want+`"`) {
			t.Errorf("status %d: %s", status, out.String())
		}
	}
}

func TestEventFromManyGoroutines(t *testing.T) {
	line, _ := logged(t, httptest.NewRequest(http.MethodGet, "/", nil), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() { EventFrom(r.Context()).Set(string(rune('a'+i)), i) })
		}
		wg.Wait()
	}))
	if line["a"] != 0.0 || line["t"] != 19.0 {
		t.Errorf("%v", line)
	}
}

func TestEventOutsideARequest(t *testing.T) {
	e := EventFrom(context.Background())
	e.Set("pool", "acme")
	e.SetRoute("token")
	e.Quiet()
	if e.ID() != "" || e.routeName() != "none" {
		t.Errorf("id %q, route %q", e.ID(), e.routeName())
	}
}

func TestWriterKeepsItsAbilities(t *testing.T) {
	server := httptest.NewServer(Log(slog.New(slog.DiscardHandler))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "part")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		if got := w.(*recorder).outcome(); got != http.StatusOK {
			t.Errorf("status %d after early hints", got)
		}
	})))
	defer server.Close()
	res, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); string(body) != "part" {
		t.Errorf("body %q", body)
	}
}

func BenchmarkLog(b *testing.B) {
	h := Log(slog.New(slog.NewJSONHandler(io.Discard, nil)))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := EventFrom(r.Context())
		e.SetRoute("token")
		e.Set("pool", "acme")
		e.Set("client", "app")
		w.WriteHeader(http.StatusOK)
	}))
	r := httptest.NewRequest(http.MethodPost, "/oauth2/token", nil)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}
