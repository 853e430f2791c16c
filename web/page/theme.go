package page

import (
	"errors"
	"fmt"
	"strings"
)

// The grounds the pages are drawn on; base.css names the same values.
var (
	cardLight = white
	cardDark  = Color{0x17, 0x18, 0x1b}
	pageLight = Color{0xf7, 0xf7, 0xf8}
	pageDark  = Color{0x0d, 0x0e, 0x10}
	// accentPlain is the accent of a pool that has none: near-black, turned
	// round in the dark scheme.
	accentPlain     = Color{0x1f, 0x22, 0x29}
	accentPlainDark = Color{0xec, 0xed, 0xef}
)

const (
	radiusPlain = 14
	radiusMax   = 32
)

// Theme is the checked part of a branding that becomes CSS.
type theme struct {
	light, dark scheme
	radius      int
}

// scheme is one colour scheme: every value a stylesheet needs, worked out so
// that text reaches 4.5:1 and edges 3:1 whatever the accent (WCAG 2.2 AA).
type scheme struct {
	accent, hover Color // the filled button, and under the pointer
	on            Color // text on it
	edge          Color // its border: the accent, or stronger where the accent is too near the card
	link          Color // the accent as text on the card
	background    Color // behind the card
	foot          Color // text on the background
}

func newTheme(b Branding) (theme, error) {
	var problems []error
	read := func(name, value string, fallback Color) Color {
		if value == "" {
			return fallback
		}
		c, err := ParseColor(value)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
		return c
	}
	light := read("accent", b.Accent, accentPlain)
	dark := accentPlainDark
	if b.Accent != "" {
		dark = light.against(cardDark, 3)
	}
	dark = read("dark accent", b.AccentDark, dark)
	ground := read("background", b.Background, pageLight)
	groundDark := pageDark
	if b.Background != "" && ground.Luminance() < 0.18 {
		groundDark = ground // a dark background serves both schemes
	}
	groundDark = read("dark background", b.BackgroundDark, groundDark)

	t := theme{light: newScheme(light, cardLight, ground), dark: newScheme(dark, cardDark, groundDark), radius: radiusPlain}
	if b.Radius != nil && *b.Radius >= 0 {
		t.radius = *b.Radius
	}
	if t.radius > radiusMax {
		problems = append(problems, fmt.Errorf("radius: %d is more than %d pixels", t.radius, radiusMax))
	}
	return t, errors.Join(problems...)
}

func newScheme(accent, card, background Color) scheme {
	s := scheme{
		accent:     accent,
		on:         accent.On(),
		edge:       accent.against(card, 3),
		link:       accent.against(card, 4.5),
		background: background,
	}
	// Hovering moves away from the text, so that contrast only grows.
	s.hover = accent.mix(Color{}, 0.12)
	if s.on != white {
		s.hover = accent.mix(white, 0.18)
	}
	s.foot = background.On().mix(background, 0.3).against(background, 4.5)
	return s
}

// control is the radius of buttons and fields, in pixels.
func (t theme) control() int { return min(12, (t.radius*4+3)/7) }

// css is the theme as custom properties. It holds digits and fixed words only:
// nothing from a configuration is copied into it.
func (t theme) css() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, ":root{--radius:%dpx;--control:%dpx;%s}\n", t.radius, t.control(), t.light.properties())
	fmt.Fprintf(&b, "@media (prefers-color-scheme:dark){:root{%s}}\n", t.dark.properties())
	return []byte(b.String())
}

func (s scheme) properties() string {
	return fmt.Sprintf("--accent:%s;--accent-hover:%s;--on-accent:%s;--accent-edge:%s;--link:%s;--ground:%s;--foot:%s",
		s.accent, s.hover, s.on, s.edge, s.link, s.background, s.foot)
}
