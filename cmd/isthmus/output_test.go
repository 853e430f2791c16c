package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTablesFitThePage(t *testing.T) {
	columns := []column{{"NAME", true}, {"STATE", false}, {"EMAIL", true}}
	for _, test := range []struct {
		name string
		rows [][]string
		want string
	}{
		{"none", nil, "NAME  STATE  EMAIL\n"},
		{"short", [][]string{{"ada", "ok", "ada@corp.example"}, {"bob", "ok", ""}}, "NAME  STATE  EMAIL\nada   ok     ada@corp.example\nbob   ok\n"},
		{"wide letters", [][]string{{"日本", "ok", "x"}, {"e\u0301a", "ok", "y"}}, "NAME  STATE  EMAIL\n日本  ok     x\ne\u0301a    ok     y\n"},
		{"what a terminal would obey", [][]string{{"\x1b[31m\u202ea", "a\nb", "\xff"}}, "NAME                STATE      EMAIL\n\\u{001b}[31m\\u{202e}a  a\\u{000a}b  \\u{fffd}\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			writeTable(&b, columns, test.rows)
			if diff := cmp.Diff(strings.Join(strings.Fields(test.want), " "), strings.Join(strings.Fields(b.String()), " ")); diff != "" {
				t.Error(diff)
			}
			if test.name != "what a terminal would obey" && b.String() != test.want {
				t.Errorf("got\n%s", b.String())
			}
		})
	}
	long := strings.Repeat("x", 90)
	var b strings.Builder
	writeTable(&b, columns, [][]string{{long, "a state that is never cut", long}, {"日" + long, "ok", "short"}})
	for line := range strings.Lines(b.String()) {
		if n := cells(strings.TrimRight(line, "\n")); n > pageWidth {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	if !strings.Contains(b.String(), "a state that is never cut") || strings.Count(b.String(), "…") != 3 {
		t.Errorf("got\n%s", b.String())
	}
}

func TestOutputForPrograms(t *testing.T) {
	v := struct {
		Name string   `json:"name"`
		List []string `json:"list"`
	}{"a: b", []string{"1", "<x>"}}
	for format, want := range map[string]string{
		"json": "{\n  \"name\": \"a: b\",\n  \"list\": [\n    \"1\",\n    \"<x>\"\n  ]\n}\n",
		"yaml": "name: \"a: b\"\nlist:\n- \"1\"\n- <x>\n",
	} {
		var b strings.Builder
		if err := (&output{format: format}).write(&b, v, nil); err != nil || b.String() != want {
			t.Errorf("%s: %q, %v", format, b.String(), err)
		}
	}
}

func TestTimesArePrintedInUTC(t *testing.T) {
	at := time.Date(2026, 11, 20, 1, 2, 3, 0, time.FixedZone("", 2*3600))
	if got := date(at) + " " + minute(at) + " " + moment(at) + " " + date(time.Time{}); got != "2026-11-19 2026-11-19 23:02 2026-11-19 23:02:03 UTC -" {
		t.Error(got)
	}
}

func TestColourOnlyOnTerminals(t *testing.T) {
	if painted(&strings.Builder{}) {
		t.Error("a buffer is painted")
	}
	if got := paint(false).bad() + paint(false).good() + paint(false).caution(); got != "✗✓!" {
		t.Errorf("without colour %q", got)
	}
	if got := paint(true).bad(); !strings.Contains(got, "✗") || !strings.HasSuffix(got, "\x1b[0m") {
		t.Errorf("with colour %q", got)
	}
}
