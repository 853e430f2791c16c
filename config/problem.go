package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one thing that is wrong, or unwise, in a configuration file.
type Problem struct {
	// File is the name as it was given to Load.
	File string
	// Line and Column count from one, columns in characters; Line 0 means the file as a whole.
	Line, Column int
	// Path is the key, such as pools[0].providers[1].issuer; empty for the file as a whole and for unknown keys.
	Path string
	// Message says what was found.
	Message string
	// Hint says what would be right; may be empty.
	Hint string
	// Excerpt is the line of the file, with secrets masked, and a second line with a caret under the place. It is empty
	// when there is nothing to show, as for a key that is absent.
	Excerpt string
}

// String renders the problem as `file:line:column: path: message`, then the excerpt with the hint beside the caret.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	if line, caret, ok := strings.Cut(p.Excerpt, "\n"); ok {
		b.WriteString(strings.TrimRight(fmt.Sprintf("\n%5d | %s", p.Line, line), " "))
		b.WriteString("\n      | " + strings.TrimRight(caret+" "+p.Hint, " "))
	} else if p.Hint != "" {
		b.WriteString("\n      | " + p.Hint)
	}
	return b.String()
}

// Problems is the complete list for one file, ordered by position. As an error it prints every problem and a closing
// line.
type Problems []Problem

// Error renders all problems and how many there are.
func (ps Problems) Error() string {
	noun := "problems"
	if len(ps) == 1 {
		noun = "problem"
	}
	return fmt.Sprintf("%s\n%d %s, nothing was started.", ps.List(), len(ps), noun)
}

// List renders all problems without the closing line; it is the form for warnings.
func (ps Problems) List() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// printable makes one line of a text that is not ours, with what cannot be seen as escapes.
func printable(s string) string {
	var b strings.Builder
	for _, c := range s {
		if unicode.IsPrint(c) {
			b.WriteRune(c)
		} else {
			quoted := strconv.QuoteRune(c)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// quote shows a value from the file: cut to a readable length, with control characters escaped.
func quote(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
