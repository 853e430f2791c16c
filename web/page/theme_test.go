package page

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
)

func TestParseColor(t *testing.T) {
	for in, want := range map[string]string{"#000000": "#000000", "#FFFFFF": "#ffffff", "#0f766e": "#0f766e"} {
		c, err := ParseColor(in)
		if err != nil || c.String() != want {
			t.Errorf("%q: %v, %v", in, c, err)
		}
	}
	for _, in := range []string{"", "#fff", "red", "#12345g", "#+12345", "#-12345", "#1234567", "rgb(0,0,0)", "#00000;", "# 12345", "#12_345"} {
		if c, err := ParseColor(in); err == nil {
			t.Errorf("%q reads as %v", in, c)
		}
	}
}

func TestContrast(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want float64
	}{
		{"#000000", "#ffffff", 21},
		{"#777777", "#ffffff", 4.48},
		{"#0000ff", "#ffffff", 8.59},
		{"#ffffff", "#ffffff", 1},
	} {
		a, _ := ParseColor(test.a)
		b, _ := ParseColor(test.b)
		if got := Contrast(a, b); math.Abs(got-test.want) > 0.01 || got != Contrast(b, a) {
			t.Errorf("%s on %s: %.2f, want %.2f", test.a, test.b, got, test.want)
		}
	}
}

func TestTextOnAccent(t *testing.T) {
	for in, want := range map[string]Color{"#4f46e5": white, "#facc15": ink, "#000000": white, "#ffffff": ink, "#777777": {}} {
		c, _ := ParseColor(in)
		if got := c.On(); got != want {
			t.Errorf("on %s: %s, want %s", in, got, want)
		}
	}
}

// legibleTheme is what WCAG 2.2 AA asks of a scheme: SC 1.4.3 for text, SC
// 1.4.11 for the edge of a button.
func legibleTheme(t *testing.T, s scheme, card Color) {
	t.Helper()
	for _, pair := range []struct {
		what  string
		a, b  Color
		ratio float64
	}{
		{"text on the button", s.on, s.accent, 4.5},
		{"text on the button under the pointer", s.on, s.hover, 4.5},
		{"edge of the button", s.edge, card, 3},
		{"link", s.link, card, 4.5},
		{"foot", s.foot, s.background, 4.5},
	} {
		if got := Contrast(pair.a, pair.b); got < pair.ratio {
			t.Errorf("%s: %s on %s is %.2f:1, needs %.1f", pair.what, pair.a, pair.b, got, pair.ratio)
		}
	}
}

var css = regexp.MustCompile(`^:root\{(--[a-z-]+:(#[0-9a-f]{6}|[0-9]+px);?)+\}\n@media \(prefers-color-scheme:dark\)\{:root\{(--[a-z-]+:#[0-9a-f]{6};?)+\}\}\n$`)

func FuzzTheme(f *testing.F) {
	f.Add("#4f46e5", "#f7f7f8", 14)
	f.Add("#facc15", "#1e293b", 0)
	f.Add("#777777", "#767676", 32)
	f.Add("#ffffff", "#000000", 33)
	f.Add("red;}*{display:none", "#00000", -1)
	f.Fuzz(func(t *testing.T, accent, background string, radius int) {
		theme, err := newTheme(Branding{Accent: accent, Background: background, Radius: &radius})
		if err != nil {
			return
		}
		legibleTheme(t, theme.light, cardLight)
		legibleTheme(t, theme.dark, cardDark)
		if !css.Match(theme.css()) {
			t.Errorf("not only colours and lengths: %s", theme.css())
		}
	})
}

// TestEveryHueIsLegible walks the colour space in steps.
func TestEveryHueIsLegible(t *testing.T) {
	for r := 0; r < 256; r += 17 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				hex := fmt.Sprintf("#%02x%02x%02x", r, g, b)
				theme, err := newTheme(Branding{Accent: hex, Background: hex})
				if err != nil {
					t.Fatal(err)
				}
				legibleTheme(t, theme.light, cardLight)
				legibleTheme(t, theme.dark, cardDark)
			}
		}
	}
}

func TestDarkAccentKeepsItsHue(t *testing.T) {
	navy, _ := ParseColor("#0b1f4b")
	theme, err := newTheme(Branding{Accent: "#0b1f4b"})
	if err != nil {
		t.Fatal(err)
	}
	was, _, _ := navy.hsl()
	is, saturation, _ := theme.dark.accent.hsl()
	if math.Abs(was-is) > 0.05 || saturation < 0.6 {
		t.Errorf("navy became %s", theme.dark.accent)
	}
	if theme.light.accent != navy {
		t.Errorf("the light accent is %s", theme.light.accent)
	}
}

func TestBackgroundInBothSchemes(t *testing.T) {
	theme, _ := newTheme(Branding{Background: "#1e293b"})
	if theme.dark.background != theme.light.background {
		t.Error("a dark background does not serve the dark scheme")
	}
	theme, _ = newTheme(Branding{Background: "#ecfdf5"})
	if theme.dark.background != pageDark {
		t.Error("a light background shines in the dark scheme")
	}
	theme, _ = newTheme(Branding{Background: "#ecfdf5", BackgroundDark: "#022c22"})
	if got := theme.dark.background.String(); got != "#022c22" {
		t.Errorf("dark background %s", got)
	}
}

// TestStylesheetColours holds the fixed colours of base.css to AA on its own grounds.
func TestStylesheetColours(t *testing.T) {
	light, dark, ok := strings.Cut(stylesheet, "@media (prefers-color-scheme:dark)")
	if !ok {
		t.Fatal("no dark scheme")
	}
	for name, sheet := range map[string]string{"light": light, "dark": dark} {
		value := func(property string) Color {
			m := regexp.MustCompile(`--` + property + `:(#[0-9a-f]{3,6})\b`).FindStringSubmatch(sheet)
			if m == nil {
				t.Fatalf("%s: no --%s", name, property)
			}
			if len(m[1]) == 4 {
				m[1] = "#" + strings.Repeat(m[1][1:2], 2) + strings.Repeat(m[1][2:3], 2) + strings.Repeat(m[1][3:4], 2)
			}
			c, err := ParseColor(m[1])
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		for _, pair := range []struct {
			a, b  string
			ratio float64
		}{
			{"text", "card", 7}, {"quiet", "card", 4.5}, {"quiet", "soft", 4.5}, {"text", "soft", 7},
			{"bad", "card", 4.5}, {"bad", "bad-soft", 4.5}, {"good", "card", 4.5}, {"field", "card", 3},
		} {
			if got := Contrast(value(pair.a), value(pair.b)); got < pair.ratio {
				t.Errorf("%s: %s on %s is %.2f:1, needs %.1f", name, pair.a, pair.b, got, pair.ratio)
			}
		}
		want := map[string]Color{"light": cardLight, "dark": cardDark}[name]
		if got := value("card"); got != want {
			t.Errorf("%s: card is %s in the stylesheet and %s in theme.go", name, got, want)
		}
	}
}
