package page

import (
	"errors"
	"fmt"
	"net/url"
	"unicode/utf8"
)

// Branding is what the owner of a pool, or of a client, may change about the
// pages. The zero value is the built-in look without a name.
type Branding struct {
	// Name is shown where there is no logo, and in the title of the window.
	Name string
	// Accent and AccentDark are colours as #rrggbb for the light and the dark
	// scheme. Without the second, the first is lightened as far as the dark
	// ground needs.
	Accent, AccentDark string
	// Background and BackgroundDark are colours as #rrggbb behind the card.
	Background, BackgroundDark string
	// Radius is the radius of the card's corners in CSS pixels, 0 to 32; nil or
	// negative means the built-in one. Controls follow in proportion.
	Radius *int
	// Logo and LogoDark are images; the first serves both schemes alone.
	Logo, LogoDark *Image
	// Terms, Privacy and Help are addresses (http, https or mailto) for the foot of the page.
	Terms, Privacy, Help string
}

// Image is the content of an SVG or PNG file.
type Image struct {
	Type string // "image/svg+xml" or "image/png"
	Data []byte
}

// Over lays b over base: what b leaves empty is taken from base. A client's
// branding is laid over its pool's. A colour or logo comes with its dark twin.
func (b Branding) Over(base Branding) Branding {
	if b.Name == "" {
		b.Name = base.Name
	}
	if b.Accent == "" && b.AccentDark == "" {
		b.Accent, b.AccentDark = base.Accent, base.AccentDark
	}
	if b.Background == "" && b.BackgroundDark == "" {
		b.Background, b.BackgroundDark = base.Background, base.BackgroundDark
	}
	if b.Radius == nil || *b.Radius < 0 {
		b.Radius = base.Radius
	}
	if b.Logo == nil && b.LogoDark == nil {
		b.Logo, b.LogoDark = base.Logo, base.LogoDark
	}
	if b.Terms == "" {
		b.Terms = base.Terms
	}
	if b.Privacy == "" {
		b.Privacy = base.Privacy
	}
	if b.Help == "" {
		b.Help = base.Help
	}
	return b
}

// Brand is a checked Branding with its assets published. It is immutable and
// may be shared by any number of pages. Its fields are for templates.
type Brand struct {
	Name                 string
	Initial              string // first letter of Name, for the tile that stands in for a logo
	Stylesheet           string // address of the stylesheet, with the branding's colours in it
	KitStylesheet        string // and of the one that Button has besides
	Logo, LogoDark       string // addresses, or ""
	Width, Height        int    // the logo's size in CSS pixels as shown; 0 when unknown
	Terms, Privacy, Help string
	// About is the address of an app's logo, of an app that brought it itself: it
	// is shown as a link, because a picture from there would tell where people
	// sign in.
	About string

	kit string // style of the button for other pages
}

// Brand checks a branding, publishes its stylesheet and logos among the assets
// and returns what the pages need. All problems are reported together.
//
// Assets are named by their content and stay published for the life of the
// renderer, because a page sent before a change of branding still asks for
// them. Call it when a configuration is loaded, not for each request.
func (r *Renderer) Brand(b Branding) (*Brand, error) {
	theme, err := newTheme(b)
	problems := []error{err}
	brand := &Brand{Name: b.Name, Terms: b.Terms, Privacy: b.Privacy, Help: b.Help}
	for name, link := range map[string]string{"terms": b.Terms, "privacy": b.Privacy, "help": b.Help} {
		if err := checkLink(link); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	logo, dark := b.Logo, b.LogoDark
	if logo == nil {
		logo, dark = dark, nil
	}
	if logo != nil {
		size, err := logo.size()
		problems = append(problems, wrap("logo", err))
		brand.Width, brand.Height = size.fit(logoWidth, logoHeight)
	}
	if dark != nil {
		_, err := dark.size()
		problems = append(problems, wrap("dark logo", err))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("branding of %q: %w", b.Name, err)
	}
	if first, n := utf8.DecodeRuneInString(b.Name); n > 0 {
		brand.Initial = string(first)
	}
	brand.Stylesheet = r.assets.publish("text/css; charset=utf-8", append(theme.css(), lean(r.sheet)...))
	brand.kit = theme.kitCSS()
	brand.KitStylesheet = r.assets.publish("text/css; charset=utf-8", []byte(brand.kit+lean(buttonStylesheet)))
	if logo != nil {
		brand.Logo = r.assets.publish(logo.Type, logo.Data)
	}
	if dark != nil {
		brand.LogoDark = r.assets.publish(dark.Type, dark.Data)
	}
	return brand, nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func checkLink(link string) error {
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	if err != nil {
		return fmt.Errorf("%q is not an address", link)
	}
	switch {
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "":
		return nil
	case u.Scheme == "mailto" && u.Opaque != "":
		return nil
	}
	return fmt.Errorf("%q is not an http, https or mailto address", link)
}
