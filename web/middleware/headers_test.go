package middleware

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

func headersOf(r *http.Request, h http.HandlerFunc) http.Header {
	w := httptest.NewRecorder()
	Chain(Address(nil), Headers())(h).ServeHTTP(w, r)
	return w.Header()
}

func TestA112_ProtectiveHeaders(t *testing.T) {
	want := map[string]string{
		"Content-Security-Policy":      "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Strict-Transport-Security":    "max-age=31536000",
	}
	for _, status := range []int{200, 303, 400, 404, 500} {
		r := httptest.NewRequest(http.MethodGet, "https://id.example/", nil)
		r.TLS = &tls.ConnectionState{}
		got := headersOf(r, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		for name, value := range want {
			if got.Get(name) != value {
				t.Errorf("%d: %s: %q, want %q", status, name, got.Get(name), value)
			}
		}
		if got.Get("Permissions-Policy") == "" {
			t.Errorf("%d: no Permissions-Policy", status)
		}
	}
}

func TestHeadersOnPlainHTTP(t *testing.T) {
	for host, referrer := range map[string]string{
		"127.0.0.1:8080": "no-referrer", "localhost:8080": "no-referrer", "id.localhost": "no-referrer", "[::1]:8080": "no-referrer",
		"hub:8080": "same-origin", "192.0.2.1": "same-origin", "localhost.example": "same-origin",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		r.Header.Set("X-Forwarded-Proto", "https") // from nobody we trust
		got := headersOf(r, func(http.ResponseWriter, *http.Request) {})
		if got.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: HSTS on plain http", host)
		}
		if got.Get("Referrer-Policy") != referrer {
			t.Errorf("%s: Referrer-Policy %q, want %q", host, got.Get("Referrer-Policy"), referrer)
		}
	}
}

func TestHandlerChangesItsHeadersAlone(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	first := headersOf(r, func(w http.ResponseWriter, _ *http.Request) {
		SetPolicy(w, Policy{Script: []string{"'self'"}, Form: []string{Origin("https://app.example/cb?x=1")}})
		w.Header().Add("X-Frame-Options", "more")
		w.Header().Set("Cross-Origin-Opener-Policy", "unsafe-none")
	})
	if got, want := first.Get("Content-Security-Policy"), "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://app.example"; got != want {
		t.Errorf("policy %q, want %q", got, want)
	}
	second := headersOf(r, func(http.ResponseWriter, *http.Request) {})
	if len(second["X-Frame-Options"]) != 1 || second.Get("Cross-Origin-Opener-Policy") != "same-origin" || second.Get("Content-Security-Policy") != basePolicy[0] {
		t.Errorf("one answer's headers reached another: %v", second)
	}
}

func TestPolicyTakesNoForeignDirectives(t *testing.T) {
	bad := []string{"", "https://a.example; script-src *", "a b", "a,b", "a\nb", "é"}
	got := Policy{Script: bad, Connect: bad, Image: bad, Frame: bad, Form: append(bad, "https://good.example")}.String()
	want := "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src; connect-src; frame-src; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://good.example"
	if got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestOrigin(t *testing.T) {
	for uri, want := range map[string]string{
		"https://app.example/cb":         "https://app.example",
		"https://App.Example:8443/cb":    "https://app.example:8443",
		"http://127.0.0.1:9000/cb#x":     "http://127.0.0.1:9000",
		"http://[::1]:9000/":             "http://[::1]:9000",
		"https://user:pw@app.example/cb": "https://app.example",
		"com.example.app:/cb":            "com.example.app:",
		"com.example.app://cb":           "com.example.app:",
		"/relative":                      "",
		"https:///nohost":                "",
		"::":                             "",
	} {
		if got := Origin(uri); got != want {
			t.Errorf("Origin(%q) = %q, want %q", uri, got, want)
		}
	}
}
