package app

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// watchPath tells a page when it is out of date; watcher is the script that asks.
// Without it the page is right at the next look.
const (
	watchPath = "/watch"
	watcher   = "/assets/watch.js"
)

// watchLife is how long one answer lasts; the browser asks again.
const watchLife = 20 * time.Second

// watch says "news" (server-sent events) when the session has more of it than the
// page has seen, or is gone.
func (a *App) watch(w http.ResponseWriter, r *http.Request) {
	seen, err := strconv.Atoi(r.URL.Query().Get("seen"))
	if err != nil {
		a.stop(w, http.StatusBadRequest, Problem{Title: "This is for the pages of this app", Text: "They ask here whether they are out of date."})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if s, ok := a.sessions.get(a.cookie(r, sessionCookie)); ok {
		_, _ = io.WriteString(w, "retry: 500\n\n")
		_ = http.NewResponseController(w).Flush() // without it the news is late
		select {
		case <-s.news.after(seen):
		case <-r.Context().Done():
			return
		case <-time.After(watchLife):
			return
		}
	}
	_, _ = io.WriteString(w, "event: news\ndata:\n\n")
}

// signal counts what happens, and wakes whoever waits for more. The zero value is
// ready.
type signal struct {
	mu sync.Mutex
	n  int
	c  chan struct{} // closed when n grows
}

func (s *signal) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// after is closed once the count is not n any more.
func (s *signal) after(n int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
	}
	c := s.c
	if s.n != n {
		c = make(chan struct{})
		close(c)
	}
	return c
}

func (s *signal) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	if s.c != nil {
		close(s.c)
		s.c = nil
	}
}
