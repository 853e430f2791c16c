package bearer

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"
)

// What is kept of introspection has an end in time and in number.
func TestAnswersAreForgotten(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	i := newIntrospection(t.Context(), &Config{Introspect: &Introspect{Keep: time.Hour}}, nil)
	if i.Keep != 5*time.Second {
		t.Errorf("kept for %s", i.Keep)
	}
	keep := func(n int, asked time.Time) {
		i.answers[sha256.Sum256(fmt.Append(nil, n))] = &answer{asked: asked}
	}
	i.swept = now
	keep(1, now)
	keep(2, now.Add(4*time.Second))
	i.sweep(now.Add(4 * time.Second))
	if n := len(i.answers); n != 2 {
		t.Errorf("%d answers before it is time to sweep", n)
	}
	i.sweep(now.Add(6 * time.Second))
	if n := len(i.answers); n != 1 {
		t.Errorf("%d answers are fresh", n)
	}
	for n := range maxAnswers {
		keep(n, now.Add(6*time.Second))
	}
	i.sweep(now.Add(6 * time.Second))
	if n := len(i.answers); n != 0 {
		t.Errorf("%d answers at the most there may be", n)
	}
}
