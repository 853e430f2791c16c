package page

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Catalogue is the text of the pages in one language: key -> sentence. A
// sentence holds {names} where a page puts something of its own. Two keys say
// what the language is: "language.tag" (BCP 47) and "language.dir" (ltr, rtl).
type Catalogue map[string]string

// ParseCatalogue reads lines of the form "key = text". Empty lines and lines
// that begin with # are for the translator. A key may stand once.
func ParseCatalogue(text string) (Catalogue, error) {
	c := Catalogue{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, " = ")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || key == "" || value == "" {
			return nil, fmt.Errorf("line %d: %q is not \"key = text\"", n, line)
		}
		if _, twice := c[key]; twice {
			return nil, fmt.Errorf("line %d: key %q stands twice", n, key)
		}
		c[key] = value
	}
	return c, nil
}

// English is the built-in catalogue, and the list of keys every other must have.
func English() Catalogue { return maps.Clone(english) }

var english = func() Catalogue {
	c, err := ParseCatalogue(englishText)
	if err != nil {
		panic("page: text/en.txt: " + err.Error())
	}
	return c
}()

// check compares the catalogue with the English one: the same keys, and in each
// sentence the same names. It reports everything at once, as a translator wants it.
func (c Catalogue) check() error {
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(english)) {
		text, ok := c[key]
		if !ok {
			problems = append(problems, fmt.Errorf("key %q is missing (English: %q)", key, english[key]))
			continue
		}
		got, want := names(text), names(english[key])
		if !slices.Equal(got, want) {
			problems = append(problems, fmt.Errorf("key %q names %v, English names %v", key, got, want))
		}
		if strings.Contains(text, "{{") || strings.Contains(text, "}}") {
			problems = append(problems, fmt.Errorf("key %q holds a template action", key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c)) {
		if _, ok := english[key]; !ok {
			problems = append(problems, fmt.Errorf("key %q is not known", key))
		}
	}
	if d := c["language.dir"]; d != "ltr" && d != "rtl" {
		problems = append(problems, fmt.Errorf("language.dir is %q; it must be ltr or rtl", d))
	}
	return errors.Join(problems...)
}

// names lists the names of a sentence, sorted.
func names(text string) []string {
	var list []string
	for _, s := range parseSentence(text) {
		if s.name != "" {
			list = append(list, s.name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// segment is a piece of a sentence: either plain text or a name.
type segment struct{ text, name string }

// parseSentence splits "to continue to {client}" at its names.
func parseSentence(s string) []segment {
	var list []segment
	for s != "" {
		before, rest, ok := strings.Cut(s, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return append(list, segment{text: s})
		}
		if before != "" {
			list = append(list, segment{text: before})
		}
		list = append(list, segment{name: name})
		s = after
	}
	return list
}

// Span is a piece of a sentence as templates show it: plain text, or a name
// that came from outside and is set apart, also from the direction of the
// text around it.
type Span struct {
	Text string
	Name bool
}

// sentence is the text of key with its names filled from pairs of name and
// value. An unknown key is shown as itself: a page with an odd word is better
// than none, and a test keeps it from happening.
func (l *locale) sentence(key string, pairs ...string) []Span {
	segments, ok := l.sentences[key]
	if !ok {
		return []Span{{Text: key}}
	}
	spans := make([]Span, 0, len(segments))
	for _, s := range segments {
		if s.name == "" {
			spans = append(spans, Span{Text: s.text})
			continue
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == s.name {
				spans = append(spans, Span{Text: pairs[i+1], Name: true})
			}
		}
	}
	return spans
}

// also puts one sentence after another; either may be empty.
func also(first, second []Span) []Span {
	if len(first) > 0 && len(second) > 0 {
		first = append(slices.Clip(first), Span{Text: " "})
	}
	return append(first, second...)
}

// plain is the sentence as one string, for attributes and labels.
func (l *locale) plain(key string, pairs ...string) string {
	var b strings.Builder
	for _, s := range l.sentence(key, pairs...) {
		b.WriteString(s.Text)
	}
	return b.String()
}
