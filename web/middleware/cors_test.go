package middleware

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestA113_CORS(t *testing.T) {
	allowed := func(_ *http.Request, origin string) bool { return origin == "https://app.example" || origin == "null" }
	h := CORS(allowed, nil, "GET", "POST")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") }))
	for _, tc := range []struct {
		origin []string
		known  bool
	}{
		{[]string{"https://app.example"}, true},
		{nil, false},
		{[]string{""}, false},
		{[]string{"null"}, false},
		{[]string{"https://evil.example"}, false},
		{[]string{"https://app.example.evil.example"}, false},
		{[]string{"http://app.example"}, false},
		{[]string{"https://app.example:8443"}, false},
		{[]string{"https://APP.example"}, false},
		{[]string{"https://app.example", "https://evil.example"}, false},
	} {
		for _, preflight := range []bool{false, true} {
			r := httptest.NewRequest(http.MethodPost, "/oauth2/token", nil)
			if preflight {
				r.Method = http.MethodOptions
				r.Header.Set("Access-Control-Request-Method", "POST")
			}
			r.Header["Origin"] = tc.origin
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			want := ""
			if tc.known {
				want = tc.origin[0]
			}
			got := w.Header()
			if got.Get("Access-Control-Allow-Origin") != want || got.Get("Access-Control-Allow-Credentials") != "" || got.Get("Vary") != "Origin" {
				t.Errorf("%q preflight %v: %v", tc.origin, preflight, got)
			}
			status := http.StatusOK
			if preflight {
				status = http.StatusForbidden
				if tc.known {
					status = http.StatusNoContent
				}
			}
			if w.Code != status || preflight && w.Body.String() == "answer" || !preflight && w.Body.String() != "answer" {
				t.Errorf("%q preflight %v: %d %q, want %d", tc.origin, preflight, w.Code, w.Body, status)
			}
			if (got.Get("Access-Control-Allow-Methods") == "GET, POST") != (preflight && tc.known) {
				t.Errorf("%q preflight %v: methods %q", tc.origin, preflight, got.Get("Access-Control-Allow-Methods"))
			}
		}
	}
}

func TestA113_PublicCORS(t *testing.T) {
	h := PublicCORS()(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "keys") }))
	for _, origin := range []string{"", "null", "https://evil.example"} {
		r := httptest.NewRequest(http.MethodGet, "/.well-known/jwks.json", nil)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Credentials") != "" || w.Body.String() != "keys" {
			t.Errorf("%q: %v %q", origin, w.Header(), w.Body)
		}
		r.Method = http.MethodOptions
		r.Header.Set("Access-Control-Request-Method", "GET")
		w = httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Methods") != "GET, HEAD" {
			t.Errorf("preflight: %d %v", w.Code, w.Header())
		}
	}
}
