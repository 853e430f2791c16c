package middleware

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/mux"
)

// maxField is how many bytes of a text field reach the log: much of it comes
// from outside.
const maxField = 256

// Event is what one request leaves in the log: fixed facts, and fields that
// handlers add on the way. All methods may be called on nil, and from several
// goroutines.
type Event struct {
	recorder recorder
	id       string
	start    time.Time

	mu    sync.Mutex
	route string
	quiet bool
	attrs []slog.Attr
	room  [6]slog.Attr // backs attrs for the usual request
}

type eventKey struct{}

// EventFrom returns the event of the request that ctx belongs to, nil outside
// of one. A nil event takes fields and forgets them.
func EventFrom(ctx context.Context) *Event {
	e, _ := ctx.Value(eventKey{}).(*Event)
	return e
}

// ID returns the request id, 128 random bits in base32; it is fit to be shown
// to people. Empty on nil.
func (e *Event) ID() string {
	if e == nil {
		return ""
	}
	return e.id
}

// Set adds a field to the request's log line, or replaces the one of that key.
// The usual keys are pool, client, provider, user and error. Text is cut at 256
// bytes. Callers pass no query, cookie, token or other secret.
func (e *Event) Set(key string, value any) {
	switch v := value.(type) {
	case string:
		e.put(slog.String(key, cut(v, maxField)))
	case error:
		e.put(slog.String(key, cut(v.Error(), maxField)))
	default:
		e.put(slog.Any(key, value))
	}
}

func (e *Event) put(attr slog.Attr) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.attrs {
		if e.attrs[i].Key == attr.Key {
			e.attrs[i] = attr
			return
		}
	}
	if e.attrs == nil {
		e.attrs = e.room[:0]
	}
	e.attrs = append(e.attrs, attr)
}

// SetRoute names the route that serves the request; Route does it for routes of
// a mux.Router.
func (e *Event) SetRoute(name string) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.route = name
}

// Quiet has the line written at level debug, if all goes well: for what is asked
// again and again.
func (e *Event) Quiet() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.quiet = true
}

// calm is what Quiet said.
func (e *Event) calm() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.quiet
}

// routeName is the name given by SetRoute, or "none": what matched no route has
// no name, so that addresses made up outside reach neither log nor metrics.
func (e *Event) routeName() string {
	if e == nil {
		return "none"
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.route == "" {
		return "none"
	}
	return e.route
}

// Log gives every request an Event and writes it as one line when the request
// ends: level error from status 500 on, info below, debug where Quiet was called
// and all is well. The request id is made
// here, never read from the request, and is sent back as X-Request-Id.
func Log(logger *slog.Logger) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			e := &Event{id: rand.Text(), start: time.Now(), recorder: recorder{ResponseWriter: w}}
			w.Header()["X-Request-Id"] = []string{e.id}
			r = r.WithContext(context.WithValue(r.Context(), eventKey{}, e))
			defer e.write(logger, r) // deferred: a panic that Recover lets pass is logged too
			next.ServeHTTP(&e.recorder, r)
		})
	}
}

func (e *Event) write(logger *slog.Logger, r *http.Request) {
	level := slog.LevelInfo
	status := e.recorder.outcome()
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case status < http.StatusBadRequest && e.calm():
		level = slog.LevelDebug
	}
	if !logger.Enabled(r.Context(), level) {
		return
	}
	route := e.routeName()
	e.mu.Lock()
	defer e.mu.Unlock()
	attrs := make([]slog.Attr, 0, 8+len(e.attrs))
	attrs = append(attrs,
		slog.String("id", e.id),
		slog.String("method", methodName(r.Method)),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Int64("bytes", e.recorder.bytes),
		slog.Float64("ms", float64(time.Since(e.start).Microseconds())/1000),
	)
	if remote := Client(r); remote.IsValid() { // what comes over a Unix socket has none
		attrs = append(attrs, slog.String("remote", remote.String()))
	}
	attrs = append(attrs, e.attrs...)
	logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// Route notes the name of the matched route in the request's event. It goes on
// the router itself: router.Use(middleware.Route).
func Route(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route := mux.CurrentRoute(r); route != nil {
			EventFrom(r.Context()).SetRoute(route.GetName())
		}
		next.ServeHTTP(w, r)
	})
}

// methodName keeps methods made up outside from becoming log text and metric
// labels.
func methodName(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "other"
}

// cut returns at most n bytes of s; slog escapes what a cut inside a rune leaves.
func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
