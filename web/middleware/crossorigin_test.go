package middleware

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestA107_CrossOrigin(t *testing.T) {
	own := func(*http.Request) []string { return []string{"https://id.example", "https://login.example"} }
	h := CrossOrigin(own, nil)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	const none = "-" // header absent
	cases := []struct {
		site, origin string
		pass         bool
	}{
		{none, none, true},
		{"same-origin", none, true},
		{"same-origin", "https://id.example", true},
		{"same-origin", "null", true}, // a form on a no-referrer page
		{"none", none, true},
		{none, "https://id.example", true},
		{none, "https://login.example", true},
		{"same-site", "https://login.example", true},
		{"cross-site", "https://login.example", true},
		{"cross-site", none, false},
		{"cross-site", "https://evil.example", false},
		{"cross-site", "null", false},
		{"same-site", none, false},
		{"same-site", "https://sibling.example", false},
		{"same-site", "http://id.example", false},
		{"SAME-ORIGIN", none, false},
		{"same-origin ", "https://evil.example", false},
		{none, "null", false},
		{none, "http://id.example", false},
		{none, "https://id.example:8443", false},
		{none, "https://id.example.evil.example", false},
		{none, "https://id.example/", false},
		{none, "https://ID.example", false},
		{none, "id.example", false},
		{none, "https://evil.example", false},
	}
	for _, tc := range cases {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "BREW"} {
			t.Run(fmt.Sprintf("%s/%s/%s", method, tc.site, tc.origin), func(t *testing.T) {
				r := httptest.NewRequest(method, "https://id.example/login", nil)
				if tc.site != none {
					r.Header.Set("Sec-Fetch-Site", tc.site)
				}
				if tc.origin != none {
					r.Header.Set("Origin", tc.origin)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				safe := method == "GET" || method == "HEAD" || method == "OPTIONS"
				if pass := w.Code == http.StatusOK; pass != (tc.pass || safe) || !pass && w.Code != http.StatusForbidden {
					t.Errorf("%d, want pass %v", w.Code, tc.pass || safe)
				}
			})
		}
	}
}

func TestA107_ForgedHostDoesNotHelp(t *testing.T) {
	own := func(*http.Request) []string { return []string{"https://id.example"} }
	h := CrossOrigin(own, nil)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, header := range []http.Header{
		{"Origin": {"https://evil.example"}},
		{"Origin": {"https://evil.example", "https://id.example"}},
		{"Origin": {"https://id.example", "https://evil.example"}},
		{"Sec-Fetch-Site": {"same-origin", "cross-site"}},
		{"Origin": {""}, "Sec-Fetch-Site": {"cross-site"}},
	} {
		r := httptest.NewRequest(http.MethodPost, "https://evil.example/login", nil)
		r.Host = "evil.example"
		r.Header = header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%v: %d", header, w.Code)
		}
	}
}
