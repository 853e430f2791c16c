package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"golang.org/x/text/width"
)

// pageWidth is how many columns a table takes at most.
const pageWidth = 100

// output writes what a verb found, for people or for programs.
type output struct{ format string }

func (o *output) flag(c *cobra.Command) {
	c.Flags().StringVarP(&o.format, "output", "o", "table", "table, json or yaml")
	c.PreRunE = func(*cobra.Command, []string) error { return o.check() }
}

func (o *output) check() error {
	switch o.format {
	case "table", "json", "yaml":
		return nil
	}
	return &statusError{exitUsage, fmt.Errorf("--output %q: it is table, json or yaml", o.format)}
}

// write writes v for programs, or calls table for people.
func (o *output) write(w io.Writer, v any, table func(io.Writer)) error {
	var page bytes.Buffer
	switch o.format {
	case "table":
		table(&page)
	default:
		encoder := json.NewEncoder(&page)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(v); err != nil {
			return err
		}
	}
	if o.format == "yaml" {
		text, err := yaml.JSONToYAML(page.Bytes())
		if err != nil {
			return err
		}
		page = *bytes.NewBuffer(text)
	}
	_, err := w.Write(page.Bytes())
	return err
}

// column is a column of a table. One that bends is cut where the table would
// get too wide.
type column struct {
	title string
	bends bool
}

// writeTable writes rows under their titles. Every cell holds one line.
func writeTable(w io.Writer, columns []column, rows [][]string) {
	const gap = 2
	widths := make([]int, len(columns))
	total := -gap
	for i, c := range columns {
		widths[i] = cells(c.title)
		for _, row := range rows {
			row[i] = plain(row[i])
			widths[i] = max(widths[i], cells(row[i]))
		}
		total += widths[i] + gap
	}
	for ; total > pageWidth; total-- {
		widest := -1
		for i, c := range columns {
			if c.bends && widths[i] > cells(c.title) && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	line := func(texts []string) {
		var b strings.Builder
		for i, text := range texts {
			text = cutCells(text, widths[i])
			b.WriteString(text + strings.Repeat(" ", widths[i]-cells(text)+gap))
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	line(titles)
	for _, row := range rows {
		line(row)
	}
}

// writeFields writes names and values, one pair a line.
func writeFields(w io.Writer, fields [][2]string) {
	longest := 0
	for _, f := range fields {
		longest = max(longest, cells(f[0]))
	}
	for _, f := range fields {
		name, value := plain(f[0]), plain(f[1])
		fmt.Fprintln(w, strings.TrimRight(name+strings.Repeat(" ", max(longest-cells(name), 0)+2)+value, " "))
	}
}

// plain shows text that others chose: what a terminal would obey, or what would
// change the order of letters, is written as its code.
func plain(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\u{%04x}", r)
		}
	}
	return b.String()
}

// cells is how many columns of a terminal a text takes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += cell(r)
	}
	return n
}

func cell(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

func cutCells(s string, most int) string {
	if cells(s) <= most {
		return s
	}
	n := 1 // of the mark
	for i, r := range s {
		if n += cell(r); n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// date, minute and moment print a time for people; a zero time is a dash.
func date(t time.Time) string   { return stamp(t, time.DateOnly) }
func moment(t time.Time) string { return stamp(t, "2006-01-02 15:04:05 MST") }
func minute(t time.Time) string { return stamp(t, "2006-01-02 15:04") }

func stamp(t time.Time, layout string) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(layout)
}

// count says how many there are of a thing; one form of plural is enough here.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// paint colours marks on a terminal. What a colour says, a sign says as well.
type paint bool

// painted tells whether w is a terminal that takes colour (no-color.org).
func painted(w io.Writer) paint {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return paint(err == nil && info.Mode()&os.ModeCharDevice != 0)
}

// The marks of what went well, what to look at, and what did not go.
func (p paint) good() string    { return p.colour("32", "✓") }
func (p paint) caution() string { return p.colour("33", "!") }
func (p paint) bad() string     { return p.colour("31", "✗") }

func (p paint) colour(code, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
