package middleware

import (
	"net/http"
	"slices"
	"strings"
)

// FrontEnd opens routes to scripts of the given origins, with the browser's
// cookies, and to nobody else at all: whatever does not carry one of them in
// Origin, to the letter, is refused, by whichever method it comes (security rows
// A107 and A113). A body is none that a form could send; see Limit.
//
// Cookies are SameSite=Lax, so only pages of the hub's own site can have them
// sent. One of another site is told so, in an answer that its script can read.
func FrontEnd(origins []string, refuse Refuse, methods ...string) Middleware {
	list := strings.Join(methods, ", ")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Add("Vary", "Origin")
			lines, site := r.Header["Origin"], r.Header["Sec-Fetch-Site"]
			if len(lines) != 1 || !slices.Contains(origins, lines[0]) || len(site) > 1 {
				refuse.send(w, r, http.StatusForbidden, "cors_origin", "Only pages of a login application that the pool names may call this.")
				return
			}
			h.Set("Access-Control-Allow-Origin", lines[0])
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
			switch {
			case preflight(r):
				answerPreflight(w, list, "Content-Type")
			case !slices.Contains(methods, r.Method):
				refuse.send(w, r, http.StatusMethodNotAllowed, "method", "This is not called by that method.")
			case len(site) == 1 && site[0] == "cross-site":
				refuse.send(w, r, http.StatusForbidden, "cross_site",
					"The login application is on another site than the hub, so that browsers keep the hub's cookies back; give both names under one domain.")
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}
