package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// Narrator makes the log of a demo that a person watches: each sign-in that
// stopped, with the command that explains it, and whatever else is a warning.
func Narrator(w io.Writer) func(pool, path string) slog.Handler {
	var mu sync.Mutex
	return func(pool, path string) slog.Handler {
		options := &slog.HandlerOptions{Level: slog.LevelWarn}
		return &narrator{Handler: slog.NewTextHandler(w, options), mu: &mu, w: w, pool: pool, path: path}
	}
}

type narrator struct {
	slog.Handler
	mu         *sync.Mutex // of w, which the pools share
	w          io.Writer
	pool, path string
}

// Handle writes a record. A sign-in that stopped is told in words, once: the
// request in which it did says the same again.
func (n *narrator) Handle(ctx context.Context, r slog.Record) error {
	told := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		told[a.Key] = a.Value.String()
		return true
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case told["trace"] == "":
		return n.Handler.Handle(ctx, r)
	case told["why"] == "":
		return nil
	}
	_, err := fmt.Fprintf(n.w, "%-10sin the %s pool. %s\n%-10sisthmus explain -c %s %s\n",
		"Stopped", n.pool, strings.TrimSpace(told["why"]), "", n.path, told["trace"])
	return err
}
