package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"golang.org/x/text/language"
)

//go:embed templates
var templateFiles embed.FS

//go:embed static/base.css
var stylesheet string

//go:embed static/comfort.js
var script string

//go:embed static/record.css
var recordStylesheet string

//go:embed static/links.css
var linksStylesheet string

//go:embed static/record.js
var recordScript string

//go:embed text/en.txt
var englishText string

// Options are what a Renderer is made of beyond its embedded files.
type Options struct {
	// Prefix is the path the assets are served under, with both slashes; empty
	// means "/assets/".
	Prefix string
	// Catalogues are further languages. English is always there and comes first.
	Catalogues []Catalogue
}

// Renderer turns pages into HTML. It is made once, at start, and may be used by
// any number of goroutines.
type Renderer struct {
	assets  *assets
	locales []*locale
	matcher language.Matcher
	plain   *Brand // the built-in look, for pages without a brand
	script  string
	buffers sync.Pool

	recordStyle, recordScript string
	linksStyle                string
}

// New parses the templates in every language. An error names the template or
// the key that is wrong, and is a mistake in this program or in a catalogue.
func New(o Options) (*Renderer, error) {
	if o.Prefix == "" {
		o.Prefix = "/assets/"
	}
	r := &Renderer{
		assets:  &assets{prefix: o.Prefix},
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	var tags []language.Tag
	for _, c := range append([]Catalogue{english}, o.Catalogues...) {
		l, err := newLocale(c)
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		tag, err := language.Parse(l.tag)
		if err != nil {
			return nil, fmt.Errorf("page: catalogue %q: %w", l.tag, err)
		}
		r.locales = append(r.locales, l)
		tags = append(tags, tag)
	}
	r.matcher = language.NewMatcher(tags)
	r.script = r.assets.publish("text/javascript; charset=utf-8", []byte(lean(script)))
	r.linksStyle = r.assets.publish("text/css; charset=utf-8", []byte(lean(linksStylesheet)))
	r.recordStyle = r.assets.publish("text/css; charset=utf-8", []byte(lean(recordStylesheet)))
	r.recordScript = r.assets.publish("text/javascript; charset=utf-8", []byte(lean(recordScript)))
	var err error
	r.plain, err = r.Brand(Branding{})
	return r, err
}

// Assets serves the stylesheets, the script and the logos. Mount it at the
// prefix, for GET and HEAD.
func (r *Renderer) Assets() http.Handler { return r.assets }

// Language picks the language of a page from preferences, best first: ui_locales
// (OIDC Core §3.1.2.1, separated by spaces), a lang parameter, the
// Accept-Language header (RFC 9110 §12.5.4). Malformed and unknown ones are
// passed over. The answer is the tag of a catalogue; English when nothing fits.
func (r *Renderer) Language(preferences ...string) string {
	if len(r.locales) == 1 {
		return r.locales[0].tag
	}
	for _, p := range preferences {
		if len(p) > 256 {
			continue
		}
		tags := parsePreference(p)
		if len(tags) == 0 {
			continue
		}
		if _, i, confidence := r.matcher.Match(tags...); confidence > language.No {
			return r.locales[i].tag
		}
	}
	return r.locales[0].tag
}

func (r *Renderer) locale(tag string) *locale {
	for _, l := range r.locales {
		if l.tag == tag {
			return l
		}
	}
	return r.locales[0]
}

// Page is one of this package's page structs.
type Page interface {
	// view is the name of the page's template and what the template sees.
	view(l *locale, f Frame) (name string, data any)
	base() *Base
}

// Render writes p to w as a whole HTML document. It is rendered to a buffer
// first: on an error of the template nothing is written. The handler sets the
// status, Content-Type "text/html; charset=utf-8" and the security headers.
func (r *Renderer) Render(w io.Writer, p Page) error {
	b := r.buffers.Get().(*bytes.Buffer)
	defer r.buffers.Put(b)
	b.Reset()
	l := r.locale(p.base().Language)
	name, data := p.view(l, r.frame(p.base()))
	t, ok := l.templates[name]
	if !ok {
		return errors.New("page: no template " + name)
	}
	if err := t.Execute(b, data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	_, err := w.Write(b.Bytes())
	return err
}
