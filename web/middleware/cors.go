package middleware

import (
	"net/http"
	"strings"
)

// CORS lets scripts of registered origins read a route's answers (security row
// A113): token, userInfo and revocation. Allowed is asked with the Origin
// header's exact text, and answers for the pool: a preflight does not say which
// client it is for. "null" is never asked for. Credentials are not allowed, so
// no answer depends on a cookie. Preflights (Fetch §3.2.2) end here: 204, or 403
// for another origin. Methods are the route's.
func CORS(allowed func(r *http.Request, origin string) bool, refuse Refuse, methods ...string) Middleware {
	list := strings.Join(methods, ", ")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Add("Vary", "Origin")
			lines := r.Header["Origin"]
			known := len(lines) == 1 && lines[0] != "" && lines[0] != "null" && allowed(r, lines[0])
			if known {
				h.Set("Access-Control-Allow-Origin", lines[0])
				h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, X-Request-Id")
			}
			switch {
			case !preflight(r):
				next.ServeHTTP(w, r)
			case known:
				answerPreflight(w, list, "Authorization, Content-Type")
			default:
				refuse.send(w, r, http.StatusForbidden, "cors_origin", "No client of this origin is registered.")
			}
		})
	}
}

// PublicCORS lets every script read answers that are the same for everybody:
// discovery and JWKS.
func PublicCORS() Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			if preflight(r) {
				answerPreflight(w, "GET, HEAD", "Authorization, Content-Type")
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

func answerPreflight(w http.ResponseWriter, methods, headers string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", headers)
	h.Set("Access-Control-Max-Age", "600") // seconds; a withdrawn origin is out after ten minutes
	w.WriteHeader(http.StatusNoContent)
}
