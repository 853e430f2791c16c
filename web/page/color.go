package page

import (
	"fmt"
	"math"
	"strconv"
)

// Color is an opaque sRGB colour.
type Color struct{ R, G, B uint8 }

var (
	white = Color{0xff, 0xff, 0xff}
	ink   = Color{0x16, 0x18, 0x1d} // near-black: softer than black and still 17:1 on white
)

// ParseColor reads "#rrggbb" in either case. Every other notation is an error,
// so that nothing but six digits ever reaches a stylesheet.
func ParseColor(s string) (Color, error) {
	if len(s) != 7 || s[0] != '#' {
		return Color{}, fmt.Errorf("%q is not a colour as #rrggbb", s)
	}
	n, err := strconv.ParseUint(s[1:], 16, 24)
	if err != nil {
		return Color{}, fmt.Errorf("%q is not a colour as #rrggbb", s)
	}
	return Color{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

// String is the colour as #rrggbb.
func (c Color) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Luminance is the relative luminance, 0 for black to 1 for white (WCAG 2.2 §Terms).
func (c Color) Luminance() float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func linear(channel uint8) float64 {
	v := float64(channel) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// Contrast is the ratio between two colours, 1 to 21, whichever is the lighter
// (WCAG 2.2 SC 1.4.3). Text needs 4.5, the edge of a control 3.
func Contrast(a, b Color) float64 {
	x, y := a.Luminance(), b.Luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// On is the colour for text over c: white while that is legible, because a
// person expects it on a coloured button, else near-black; and black for the few
// colours in between, for which one of white and black always reaches 4.5.
func (c Color) On() Color {
	for _, text := range []Color{white, ink} {
		if Contrast(c, text) >= 4.5 {
			return text
		}
	}
	return Color{}
}

// mix moves c towards o by a share of 0 to 1.
func (c Color) mix(o Color, share float64) Color {
	f := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*share)) }
	return Color{f(c.R, o.R), f(c.G, o.G), f(c.B, o.B)}
}

// against makes c lighter on a dark ground and darker on a light one, in its own
// hue, no further than it takes to reach the ratio.
func (c Color) against(ground Color, ratio float64) Color {
	step := -0.01
	if ground.Luminance() < 0.18 {
		step = 0.01
	}
	hue, saturation, lightness := c.hsl()
	for Contrast(c, ground) < ratio && lightness != max(0, min(1, lightness+step)) {
		lightness = max(0, min(1, lightness+step))
		c = fromHSL(hue, saturation, lightness)
	}
	return c
}

// hsl gives hue in sixths of the circle, saturation and lightness 0 to 1 (CSS Color 4 §7).
func (c Color) hsl() (hue, saturation, lightness float64) {
	r, g, b := float64(c.R)/255, float64(c.G)/255, float64(c.B)/255
	high, low := max(r, g, b), min(r, g, b)
	lightness = (high + low) / 2
	d := high - low
	if d == 0 {
		return 0, 0, lightness
	}
	switch high {
	case r:
		hue = math.Mod((g-b)/d+6, 6)
	case g:
		hue = (b-r)/d + 2
	default:
		hue = (r-g)/d + 4
	}
	return hue, d / (1 - math.Abs(2*lightness-1)), lightness
}

func fromHSL(hue, saturation, lightness float64) Color {
	f := func(n float64) uint8 {
		k := math.Mod(n+2*hue, 12)
		v := lightness - saturation*min(lightness, 1-lightness)*max(-1, min(k-3, 9-k, 1))
		return uint8(math.Round(255 * v))
	}
	return Color{f(0), f(8), f(4)}
}
