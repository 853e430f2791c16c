package app

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
)

// How an app takes a logout token.
const (
	obeying  = "obeys"
	refusing = "refuses"
	silent   = "silent"
)

// manner is how the app takes logout tokens now. The zero value obeys.
type manner struct {
	mu      sync.Mutex
	current string
	changed signal
}

func (m *manner) get() (current string, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return cmp.Or(m.current, obeying), m.changed.after(m.changed.count())
}

func (m *manner) set(to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current = to
	m.changed.ring()
}

// wait lets whoever asked wait as long as the app is silent, and returns how it
// takes the token in the end: silent if nobody waits any more.
func (a *App) wait(ctx context.Context, named func(*session) bool) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		m, changed := a.manner.get()
		if m != silent {
			return m
		}
		a.stay(named, m)
		select {
		case <-changed:
		case <-ctx.Done():
			return silent
		}
	}
}

// setManner takes the choice on the page.
func (a *App) setManner(w http.ResponseWriter, r *http.Request) {
	if m := r.PostFormValue("manner"); slices.Contains([]string{obeying, refusing, silent}, m) {
		a.manner.set(m)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
