//go:build linux

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// The bench starts itself as the server that does nothing.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "bare" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A short run goes through everything, and finds what does not depend on the
// machine: two commits for a sign-in, none for one that is abandoned.
func TestBench(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	o := options{people: 2, round: 100 * time.Millisecond, rounds: 1, sessions: 10, algorithms: "ES256", log: "info"}
	if err := bench(ctx, o, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		for _, name := range []string{"sign-in, returning", "sign-in, first", "sign-in, alone", "sign-in, abandoned", "refresh", "userInfo", "discovery and keys"} {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name); ok {
				rows[name] = strings.Fields(rest)
			}
		}
	}
	if len(rows) != 7 {
		t.Fatalf("the table has %d rows of 7:\n%s", len(rows), &out)
	}
	for _, name := range []string{oneName, manyName} {
		if !strings.Contains(out.String(), "\n"+name) {
			t.Errorf("there is nothing of %q:\n%s", name, &out)
		}
	}
	const commits = 7
	for name, want := range map[string]string{"sign-in, alone": "2.00", "sign-in, abandoned": "0.00", "userInfo": "0.00"} {
		if got := rows[name][commits]; got != want {
			t.Errorf("%s: %s commits, want %s\n%s", name, got, want, &out)
		}
	}
}
