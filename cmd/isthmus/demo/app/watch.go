package app

import (
	"io"
	"net/http"
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

// watch says "news" when the session changes without the person, or is gone
// (server-sent events).
func (a *App) watch(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	if news := a.news(a.cookie(r, sessionCookie)); news != nil {
		_, _ = io.WriteString(w, "retry: 500\n\n")
		_ = http.NewResponseController(w).Flush() // without it the news is late
		select {
		case <-news:
		case <-r.Context().Done():
			return
		case <-time.After(watchLife):
			return
		}
	}
	_, _ = io.WriteString(w, "event: news\ndata:\n\n")
}

// news is closed when there is some of a session; nil if there is no such session.
func (a *App) news(id string) <-chan struct{} {
	s, ok := a.sessions.get(id)
	if !ok {
		return nil
	}
	news := s.news.wait()
	if _, ok := a.sessions.get(id); !ok { // gone before anybody listened
		return nil
	}
	return news
}

// signal wakes whoever waits for a change. The zero value is ready.
type signal struct {
	mu sync.Mutex
	c  chan struct{}
}

func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
	}
	return s.c
}

func (s *signal) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil {
		close(s.c)
		s.c = nil
	}
}
