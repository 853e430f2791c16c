package page

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// sources are where templates come from: a folder's own, and the built-in ones.
type sources struct {
	own       map[string]string // by name, with .html
	addresses map[string]string // of assets, for {{asset "name"}}
}

func (d *dressing) sources() sources {
	s := sources{own: map[string]string{}, addresses: d.addresses}
	for file, data := range d.files {
		if name, ok := strings.CutPrefix(file, "templates/"); ok {
			s.own[name] = string(data)
		}
	}
	return s
}

// read is the text of a template with the words of c in it, and the addresses of
// the folder's assets. A folder's own keeps its lines, so that errors can name them.
func (s sources) read(name string, c Catalogue) (string, error) {
	own, ok := s.own[name]
	if !ok {
		source, err := templateFiles.ReadFile("templates/" + name)
		if err != nil {
			return "", err
		}
		text, err := translate(string(source), c)
		if err != nil {
			return "", fmt.Errorf("template %s: %w", name, err)
		}
		return lean(text), nil
	}
	var b strings.Builder
	var problems []error
	n := 0
	for line := range strings.Lines(own) {
		n++
		place := fmt.Sprintf("templates/%s:%d", name, n)
		for _, f := range forbidden {
			if f.pattern.MatchString(line) && (f.but == nil || !f.but.MatchString(line)) {
				problems = append(problems, fmt.Errorf("%s: %s, which the pages' content security policy forbids; %s", place, f.what, f.mend))
			}
		}
		line, err := translate(line, c)
		if err == nil {
			line, err = s.assets(line)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", place, err))
		}
		b.WriteString(line)
	}
	return b.String(), errors.Join(problems...)
}

// What a template may not hold: browsers would not obey it.
var forbidden = []struct {
	pattern, but *regexp.Regexp
	what, mend   string
}{
	{regexp.MustCompile(`(?i)<style\b`), nil, "a style element", "put it into a .css file under assets/"},
	{regexp.MustCompile(`(?i)\sstyle\s*=`), nil, "a style attribute", "put it into a .css file under assets/, with a class"},
	{regexp.MustCompile(`(?i)\son[a-z]+\s*=\s*["']`), nil, "a script in an attribute", "put it into a .js file under assets/"},
	{regexp.MustCompile(`(?i)<script\b`), regexp.MustCompile(`(?i)<script\b[^>]*\ssrc=`), "a script in the page", "put it into a .js file under assets/"},
	{regexp.MustCompile(`(?i)<(script|link|img|source|iframe)\b[^>]*(src|srcset|href)\s*=\s*["']?(https?:)?//`), nil,
		"something loaded from another site", "put it under assets/"},
}

var assetAction = regexp.MustCompile(`\{\{\s*asset "([^"]+)"\s*\}\}`)

// assets replaces {{asset "style.css"}} by the address of that file.
func (s sources) assets(line string) (string, error) {
	var failure error
	line = assetAction.ReplaceAllStringFunc(line, func(action string) string {
		name := assetAction.FindStringSubmatch(action)[1]
		address, ok := s.addresses[name]
		if !ok {
			failure = fmt.Errorf("there is no file assets/%s", name)
		}
		return address
	})
	return line, failure
}

// located makes of a template's error one with the file and the line first, and
// says of a field that is not there which ones are.
func located(err error, view any) error {
	text := err.Error()
	for _, prefix := range []string{"html/template:", "template:"} {
		if _, rest, ok := strings.Cut(text, prefix); ok {
			text = strings.TrimSpace(rest)
			break
		}
	}
	if !placed.MatchString(text) {
		return err
	}
	if what, there := strings.CutSuffix(text, fmt.Sprintf(" in type %T", view)); there {
		text = what + "; there are " + strings.Join(fields(view), ", ")
	}
	return errors.New("templates/" + text)
}

var placed = regexp.MustCompile(`^[a-z]+\.html:\d+`)

// fields are the names of what a template sees.
func fields(view any) []string {
	t := reflect.TypeOf(view)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var list []string
	for i := range t.NumField() {
		list = append(list, "."+t.Field(i).Name)
	}
	slices.Sort(list)
	return list
}

// try renders every example of every page in every language.
func (d *dressing) try(r *Renderer) {
	brand, err := r.Brand(Branding{Name: "Example", Terms: "https://www.example/terms", Privacy: "https://www.example/privacy", Help: "https://www.example/help"})
	if err != nil {
		d.problem(err)
		return
	}
	for _, l := range r.locales {
		for _, p := range examples(Base{Language: l.tag, Brand: brand}) {
			name, view := p.view(l, r.frame(p.base()))
			if err := l.templates[name].Execute(io.Discard, view); err != nil {
				err = located(err, view)
				if file, _, _ := strings.Cut(err.Error(), ":"); d.files[file] == nil { // one of ours, or nobody says where
					err = fmt.Errorf("templates/%s.html, shown as a page: %w", name, err)
				}
				d.problem(err)
			}
		}
	}
}
