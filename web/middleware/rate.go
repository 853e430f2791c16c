package middleware

import (
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// Rate holds every client address to the limiter's pace, and answers 429 with
// Retry-After (RFC 6585 §4) beyond it. IPv6 counts by /64, which is what one
// customer has. Requests without an address share one bucket.
func Rate(l *Limiter[netip.Addr], refuse Refuse) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ok, wait := l.Allow(network(Client(r))); !ok {
				w.Header().Set("Retry-After", retryAfter(wait))
				refuse.send(w, r, http.StatusTooManyRequests, "rate", "Too many requests came from this network; try again shortly.")
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// network is the part of an address that one client cannot choose.
func network(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil { // only for a zone, which Client has removed
		return a
	}
	return p.Addr()
}

// retryAfter prints whole seconds, rounded up (RFC 9110 §10.2.3).
func retryAfter(wait time.Duration) string {
	return strconv.FormatInt(int64(max((wait+time.Second-1)/time.Second, 1)), 10)
}
