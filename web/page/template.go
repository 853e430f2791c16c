package page

import (
	"errors"
	"fmt"
	"html"
	"html/template"
	"regexp"
	"strings"
)

// locale is one language made ready: its sentences, and every page's template
// with the fixed words already in place.
type locale struct {
	tag       string
	sentences map[string][]segment
	templates map[string]*template.Template // by page name
}

// newLocale parses the templates for one language. The words of the catalogue
// are put into the source before it is parsed, so a page costs the same in
// every language and a missing word stops the program at its start.
func newLocale(c Catalogue, from sources) (*locale, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("catalogue %q: %w", c["language.tag"], err)
	}
	l := &locale{
		tag:       c["language.tag"],
		sentences: make(map[string][]segment, len(c)),
		templates: map[string]*template.Template{},
	}
	for key, text := range c {
		l.sentences[key] = parseSentence(text)
	}
	shared := template.New("")
	for _, name := range []string{"base.html", "parts.html"} {
		if err := parse(shared, name, c, from); err != nil {
			return nil, err
		}
	}
	var problems []error
	for _, name := range templateNames() {
		if name == "base.html" || name == "parts.html" {
			continue
		}
		t, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if err := parse(t, name, c, from); err != nil {
			problems = append(problems, err)
			continue
		}
		l.templates[strings.TrimSuffix(name, ".html")] = t.Lookup("base.html")
	}
	return l, errors.Join(problems...)
}

func parse(t *template.Template, name string, c Catalogue, from sources) error {
	text, err := from.read(name, c)
	if err != nil {
		return err
	}
	if _, err := t.New(name).Parse(text); err != nil {
		return located(err, nil)
	}
	return nil
}

// A word in a template: {{t "key" "name" .Expr}} in text, where what is put in
// is set apart by <bdi>, or {{plain "key" "name" .Expr}} in attributes and titles.
var (
	wordAction = regexp.MustCompile(`\{\{(t|plain) "([^"]+)"([^}]*)\}\}`)
	wordArg    = regexp.MustCompile(`^ "([a-z]+)" ([.$][A-Za-z.]*)`)
)

// translate replaces the words of a template by those of the catalogue.
func translate(source string, c Catalogue) (string, error) {
	var failure error
	text := wordAction.ReplaceAllStringFunc(source, func(action string) string {
		m := wordAction.FindStringSubmatch(action)
		out, err := expand(m[1] == "t", m[2], m[3], c)
		if err != nil && failure == nil {
			failure = err
		}
		return out
	})
	return text, failure
}

// lean drops indentation, empty lines, lines of comment and line ends that are
// not between two elements, statements or rules.
func lean(source string) string {
	var b strings.Builder
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "//") {
			continue
		}
		b.WriteString(line)
		if !strings.HasSuffix(line, "}}") && line != "" {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func expand(apart bool, key, args string, c Catalogue) (string, error) {
	text, ok := c[key]
	if !ok {
		return "", fmt.Errorf("no text for key %q", key)
	}
	values := map[string]string{}
	for args != "" {
		m := wordArg.FindStringSubmatch(args)
		if m == nil {
			return "", fmt.Errorf("text %q: arguments %q are not pairs of name and field", key, args)
		}
		values[m[1]] = m[2]
		args = args[len(m[0]):]
	}
	var b strings.Builder
	for _, s := range parseSentence(text) {
		value, ok := values[s.name]
		switch {
		case s.name == "":
			b.WriteString(html.EscapeString(s.text))
		case !ok:
			return "", fmt.Errorf("text %q wants {%s}", key, s.name)
		case apart:
			b.WriteString("<bdi>{{" + value + "}}</bdi>")
		default:
			b.WriteString("{{" + value + "}}")
		}
	}
	return b.String(), nil
}
