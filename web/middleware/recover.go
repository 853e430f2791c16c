package middleware

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// maxStack is how much of a panic's stack the log keeps, in bytes.
const maxStack = 8 << 10

// Recover turns a handler's panic into a 500 (security row A195). The render
// callback writes the page or JSON; it finds the request id in the event. Once
// the handler has begun to answer nothing sound can follow, so the connection is
// cut instead. http.ErrAbortHandler passes through, as net/http means it.
func Recover(render http.HandlerFunc) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := record(w)
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler {
					panic(v)
				}
				e := EventFrom(r.Context())
				e.Set("panic", fmt.Sprint(v))
				e.put(slog.String("stack", cut(string(debug.Stack()), maxStack)))
				if rec.status != 0 {
					panic(http.ErrAbortHandler)
				}
				drop(w.Header(), "Set-Cookie", "Location", "Cache-Control", "Content-Length", "Content-Encoding", "Etag")
				render(rec, r)
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

// drop removes what the handler had prepared for an answer that never came.
func drop(h http.Header, names ...string) {
	for _, name := range names {
		h.Del(name)
	}
}
