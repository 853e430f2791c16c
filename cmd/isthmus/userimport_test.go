package main

import (
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	p := &importProgress{total: 1000}
	for want, got := range map[string]string{
		"500 rows, 250 a second, 25 % of the file, 6s left": p.line(500, 250, 2*time.Second),
		"0 rows, 0 a second": p.line(0, 0, 0),
		"500 rows, 250 a second, 100 % of the file, 0s left": p.line(500, 1000, 2*time.Second),
		"7 rows, 7 a second": (&importProgress{}).line(7, 70, time.Second), // of a pipe
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
