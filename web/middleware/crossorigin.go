package middleware

import (
	"net/http"
	"slices"
)

// CrossOrigin refuses, with 403, requests by which another site's page could
// make a browser act here: every method but GET, HEAD and OPTIONS (security row
// A107). Own returns the origins of the pool that serves the request, such as
// "https://id.example", from its configuration.
//
// It is net/http's CrossOriginProtection, with no bypass pattern, and stricter
// in one place: that lets an old browser, which sends no Sec-Fetch-Site, pass
// when the Origin header names the same host as Host does, whatever its scheme.
// Here such an origin must be one of the pool's, so that neither a forged Host
// nor a page on plain http passes. A request with neither header is no
// browser's; there SameSite and the transaction cookie remain.
func CrossOrigin(own func(*http.Request) []string, refuse Refuse) Middleware {
	var protection http.CrossOriginProtection
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !sameSite(&protection, r, own) {
				refuse.send(w, r, http.StatusForbidden, "cross_origin", "The request came from another site's page.")
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func sameSite(protection *http.CrossOriginProtection, r *http.Request, own func(*http.Request) []string) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	lines := r.Header["Origin"]
	if len(lines) > 1 || len(r.Header["Sec-Fetch-Site"]) > 1 {
		return false // no browser sends two
	}
	if protection.Check(r) == nil && (len(lines) == 0 || r.Header.Get("Sec-Fetch-Site") != "") {
		return true
	}
	return len(lines) == 1 && lines[0] != "null" && slices.Contains(own(r), lines[0])
}
