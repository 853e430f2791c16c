package middleware

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestA113_FrontEnd: one origin to the letter, with credentials; no other comes
// through by any method, and the one is told when cookies cannot reach us.
func TestA113_FrontEnd(t *testing.T) {
	const front = "https://login.corp.example"
	for name, test := range map[string]struct {
		method         string
		origin, site   []string
		preflight      string
		status         int
		through, reads bool
	}{
		"the one":               {"POST", []string{front}, []string{"same-site"}, "", 200, true, true},
		"an old browser":        {"POST", []string{front}, nil, "", 200, true, true},
		"its preflight":         {"OPTIONS", []string{front}, []string{"same-site"}, "POST", 204, false, true},
		"from another site":     {"POST", []string{front}, []string{"cross-site"}, "", 403, false, true},
		"two sites":             {"POST", []string{front}, []string{"same-site", "cross-site"}, "", 403, false, false},
		"another method":        {"PUT", []string{front}, []string{"same-site"}, "", 405, false, true},
		"GET where POST is":     {"GET", []string{front}, []string{"same-site"}, "", 405, false, true},
		"OPTIONS, no preflight": {"OPTIONS", []string{front}, nil, "", 405, false, true},
		"nobody":                {"POST", nil, nil, "", 403, false, false},
		"null":                  {"POST", []string{"null"}, nil, "", 403, false, false},
		"empty":                 {"POST", []string{""}, nil, "", 403, false, false},
		"twice":                 {"POST", []string{front, front}, nil, "", 403, false, false},
		"beside it":             {"POST", []string{"https://evil.corp.example"}, []string{"same-site"}, "", 403, false, false},
		"another scheme":        {"POST", []string{"http://login.corp.example"}, nil, "", 403, false, false},
		"another port":          {"POST", []string{front + ":8443"}, nil, "", 403, false, false},
		"with a slash":          {"POST", []string{front + "/"}, nil, "", 403, false, false},
		"longer":                {"POST", []string{front + ".evil.example"}, nil, "", 403, false, false},
		"another's preflight":   {"OPTIONS", []string{"https://evil.example"}, nil, "POST", 403, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			through := false
			h := FrontEnd([]string{front}, nil, "POST")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { through = true }))
			r := httptest.NewRequest(test.method, "https://id.corp.example/interaction/x/password", nil)
			r.Header["Origin"], r.Header["Sec-Fetch-Site"] = test.origin, test.site
			if test.preflight != "" {
				r.Header.Set("Access-Control-Request-Method", test.preflight)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			reads := w.Header().Get("Access-Control-Allow-Origin") == front && w.Header().Get("Access-Control-Allow-Credentials") == "true"
			if w.Code != test.status || through != test.through || reads != test.reads || w.Header().Get("Vary") != "Origin" {
				t.Errorf("%d, through %v, may read %v: %v", w.Code, through, reads, w.Header())
			}
		})
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "https://id.corp.example/interaction/x/password", nil)
	r.Header.Set("Origin", front)
	FrontEnd(nil, nil, "POST")(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("without any: %d", w.Code)
	}
}
