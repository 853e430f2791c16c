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
	views  map[int]view
}

// view is a line as it may be shown; it is kept, because one line can hold many problems.
type view struct {
	text   []rune
	hidden bool // text goes on
}

func newSource(name, text string) *source {
	return &source{name: name, lines: strings.Split(text, "\n"), secret: map[int]int{}, views: map[int]view{}}
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

// For problems that are found before the file's structure is known, when nothing has been hidden yet, a line that seems
// to hold a secret by value is masked from the value on. A reference ({env: X}) is left to be seen.
var (
	secretValue = regexp.MustCompile(`(?i)(?:secrets?|passwords?)["']?(?:\s*:\s*|\s+)([^\s{#].*|\{\s*[^\sef}].*)$`)
	secretBlock = regexp.MustCompile(`(?i)(?:secrets?|passwords?)["']?\s*:`)
)

// visible returns how many characters of a line may be shown.
func (s *source) visible(line int) int {
	text := s.lines[line-1]
	all := utf8.RuneCountInString(text)
	if at, ok := s.secret[line]; ok {
		return min(all, at-1)
	}
	if at := secretValue.FindStringSubmatchIndex(text); at != nil {
		return utf8.RuneCountInString(text[:at[2]])
	}
	if s.underSecret(line) {
		return indent(text)
	}
	return all
}

// underSecret reports whether the line belongs to a block or list whose key seems to be one of secrets.
func (s *source) underSecret(line int) bool {
	dash := func(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "-") }
	depth := indent(s.lines[line-1])
	if dash(s.lines[line-1]) {
		depth++ // a list may stand as deep as its key
	}
	for n := line - 1; n >= 1 && depth > 0; n-- {
		above := s.lines[n-1]
		in := indent(above)
		if in == depth-1 && dash(above) && !secretBlock.MatchString(above) {
			continue // an element before ours
		}
		if strings.TrimSpace(above) != "" && in < depth {
			if secretBlock.MatchString(above) && secretBlock.FindStringIndex(above)[1] == len(strings.TrimRight(above, " |>+-0123456789")) {
				return true
			}
			depth = in
		}
	}
	return false
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// excerpt returns the line and under it a caret at the column, or "" when the place cannot be shown without showing a
// secret.
func (s *source) excerpt(line, column int) string {
	if line < 1 || line > len(s.lines) || column < 1 {
		return ""
	}
	v, known := s.views[line]
	if !known {
		text := []rune(s.lines[line-1])
		shown := s.visible(line)
		v = view{text[:shown], shown < len(text)}
		s.views[line] = v
	}
	if column > len(v.text)+1 {
		return ""
	}
	return window(v.text, column, v.hidden)
}

// window cuts a long line around the column and draws the caret beneath.
func window(text []rune, column int, hidden bool) string {
	const whole, before, after = 120, 60, 50
	from, to := 0, len(text)
	if len(text) > whole {
		from, to = max(0, column-1-before), min(len(text), column-1+after)
	}
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
