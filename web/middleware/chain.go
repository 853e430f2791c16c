package middleware

import "net/http"

// Middleware wraps a handler with one concern.
type Middleware func(http.Handler) http.Handler

// Chain joins middlewares into one; the first is the outermost.
func Chain(parts ...Middleware) Middleware {
	return func(h http.Handler) http.Handler {
		for i := len(parts) - 1; i >= 0; i-- {
			h = parts[i](h)
		}
		return h
	}
}
