package page

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Kit is a way in for pages that are not ours: a link, and markup around it that
// needs no script, no file of ours and nothing of the page it is put into.
type Kit struct {
	Link string // the address alone
	Form string // HTML: a form, in the look of the page it is put into
	HTML string // HTML: a link in the look of our own button, with its style
}

// Kit makes the markup of a way in that leads to an absolute address of the web,
// in a brand's colours and in the language that Renderer.Language returned.
func (r *Renderer) Kit(b *Brand, language string, way Provider) (*Kit, error) {
	if b == nil {
		b = r.plain
	}
	return r.locale(language).kit(b, way)
}

type kitView struct {
	Label, Href, Path string
	Action            string // Href without its query: a form replaces that
	Fields            []Hidden
}

func (l *locale) kit(b *Brand, way Provider) (*Kit, error) {
	v, err := l.kitView(way)
	if err != nil {
		return nil, err
	}
	var form, button bytes.Buffer
	page := l.templates["button"]
	if err := errors.Join(page.ExecuteTemplate(&form, "kit-form", v), page.ExecuteTemplate(&button, "kit-button", v)); err != nil {
		return nil, fmt.Errorf("page: button kit: %w", err)
	}
	return &Kit{
		Link: way.Href, Form: strings.TrimSpace(form.String()) + "\n",
		HTML: "<style>\n" + b.kit + "</style>\n" + strings.TrimSpace(button.String()) + "\n",
	}, nil
}

func (l *locale) kitView(way Provider) (*kitView, error) {
	u, err := url.Parse(way.Href)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("page: %q is not where a button can lead", way.Href)
	}
	v := &kitView{Label: l.label(way), Href: way.Href, Path: drawing(way.Mark, way.Kind)}
	for pair := range strings.SplitSeq(u.RawQuery, "&") { // in their order
		name, value, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if err := errors.Join(errName, errValue); err != nil {
			return nil, fmt.Errorf("page: %q is not where a button can lead: %w", way.Href, err)
		}
		if name != "" {
			v.Fields = append(v.Fields, Hidden{name, value})
		}
	}
	u.RawQuery, u.ForceQuery = "", false
	v.Action = u.String()
	return v, nil
}

// kitCSS is the style of the button, whole. It is stronger than what a page says of
// links and touches nothing else there; like css it holds digits and fixed words only.
func (t theme) kitCSS() string {
	const button = "a.isthmus-button:any-link"
	colours := func(s scheme) string {
		return fmt.Sprintf("%[1]s{background:%[2]s;border-color:%[3]s;color:%[4]s}\n%[1]s:hover{background:%[5]s}\n%[1]s:focus-visible{outline-color:%[6]s}\n",
			button, s.accent, s.edge, s.on, s.hover, s.link)
	}
	return button + "{display:inline-flex;align-items:center;justify-content:center;gap:.625rem;box-sizing:border-box;" +
		"min-width:44px;min-height:44px;max-width:100%;padding:.625rem 1.25rem;border:1px solid;border-radius:" + fmt.Sprint(t.control()) + "px;" +
		"font:500 1rem/1.3 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",\"Noto Sans\",Arial,sans-serif;" +
		"text-align:center;text-decoration:none;overflow-wrap:anywhere}\n" +
		button + " svg{flex:none;width:20px;height:20px;fill:none;stroke:currentColor;stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round}\n" +
		button + ":focus-visible{outline:2px solid;outline-offset:2px}\n" +
		colours(t.light) +
		"@media (prefers-color-scheme:dark){\n" + colours(t.dark) + "}\n"
}
