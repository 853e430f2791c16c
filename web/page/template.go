package page

import (
	"fmt"
	"html"
	"html/template"
	"io/fs"
	"path"
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
func newLocale(c Catalogue) (*locale, error) {
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
	base := template.New("base")
	for _, name := range []string{"base.html", "parts.html"} {
		if err := parse(base, name, c); err != nil {
			return nil, err
		}
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		name := path.Base(file)
		if name == "base.html" || name == "parts.html" {
			continue
		}
		t, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if err := parse(t, name, c); err != nil {
			return nil, err
		}
		l.templates[strings.TrimSuffix(name, ".html")] = t.Lookup("base")
	}
	return l, nil
}

func parse(t *template.Template, name string, c Catalogue) error {
	source, err := templateFiles.ReadFile("templates/" + name)
	if err != nil {
		return err
	}
	text, err := translate(string(source), c)
	if err != nil {
		return fmt.Errorf("template %s: %w", name, err)
	}
	if _, err := t.Parse(text); err != nil {
		return fmt.Errorf("template %s in %q: %w", name, c["language.tag"], err)
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
	return lean(text), failure
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
