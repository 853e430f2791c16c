package config

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// source is the text of the file as its lines, for excerpts. Secrets are masked in it as they are found.
type source struct {
	name  string
	lines []string
	// secret maps a line to the first column from which it must not be shown.
	secret map[int]int
}

func newSource(name, text string) *source {
	return &source{name: name, lines: strings.Split(text, "\n"), secret: map[int]int{}}
}

// hide masks the file from a position to the end of that line, and the lines after it up to last.
func (s *source) hide(line, column, last int) {
	if old, ok := s.secret[line]; !ok || column < old {
		s.secret[line] = column
	}
	for n := line + 1; n <= last; n++ {
		s.secret[n] = 1
	}
}

// secretKey matches a line that seems to hold a secret by value. It serves for problems that are found before the
// file's structure is known, when nothing has been hidden yet. A reference ({env: X}) is left to be seen.
var secretKey = regexp.MustCompile(`(?i)(?:secrets?|passwords?)["']?\s*:\s*(?:[^\s{#]|\{\s*[^\sef]).*$`)

// excerpt returns the line and under it a caret at the column, or "" when the place cannot be shown without showing a
// secret.
func (s *source) excerpt(line, column int) string {
	if line < 1 || line > len(s.lines) || column < 1 {
		return ""
	}
	text := []rune(s.lines[line-1])
	limit := len(text)
	if at, ok := s.secret[line]; ok {
		limit = min(limit, at-1)
	} else if at := secretKey.FindStringIndex(s.lines[line-1]); at != nil {
		colon := strings.IndexByte(s.lines[line-1][at[0]:], ':') + at[0] + 1
		start := colon + len(s.lines[line-1][colon:]) - len(strings.TrimLeft(s.lines[line-1][colon:], " "))
		limit = min(limit, utf8.RuneCountInString(s.lines[line-1][:start]))
	}
	hidden := limit < len(text)
	if column > limit+1 {
		return ""
	}
	return window(text[:limit], column, hidden)
}

// window cuts a long line around the column and draws the caret beneath.
func window(text []rune, column int, hidden bool) string {
	const before, after = 60, 60
	from := max(0, column-1-before)
	to := min(len(text), column-1+after)
	var line, caret strings.Builder
	if from > 0 {
		line.WriteRune('…')
		caret.WriteByte(' ')
	}
	for i, r := range text[from:to] {
		cells := 1
		switch {
		case r == '\t':
			r = ' '
		case !unicode.IsPrint(r):
			r = '·'
		}
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			cells = 2
		}
		line.WriteRune(r)
		if from+i < column-1 {
			caret.WriteString(strings.Repeat(" ", cells))
		}
	}
	switch {
	case to < len(text):
		line.WriteRune('…')
	case hidden:
		line.WriteString(masked)
	}
	return strings.TrimRight(line.String(), " ") + "\n" + caret.String() + "^"
}
