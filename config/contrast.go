package config

import (
	"fmt"
	"math"
	"strconv"
)

// readable is the least contrast of text with its ground (WCAG 2.2 §1.4.3, level AA).
const readable = 4.5

type colour struct{ r, g, b uint8 }

var (
	white = colour{255, 255, 255}
	black = colour{0, 0, 0}
)

// parseColour reads #rrggbb.
func parseColour(s string) (colour, bool) {
	if len(s) != 7 || s[0] != '#' {
		return colour{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 24)
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, err == nil
}

// luminance is the relative luminance of WCAG 2.2, from 0 to 1.
func (c colour) luminance() float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// colour checks one colour.
func (r *reader) colour(text, path string) (colour, bool) {
	if text == "" {
		return colour{}, false
	}
	c, ok := parseColour(text)
	if !ok {
		r.problem(path, quote(text)+" is not a colour", `write it as "#rrggbb" in quotes, for example "#0b5fff"`)
	}
	return c, ok
}

// accent checks an accent colour and measures it against what it meets on the page: white in the light scheme (the text
// on the button, and the card under a link), black in the dark one.
func (r *reader) accent(text, path string, against colour, name string) {
	c, ok := r.colour(text, path)
	if !ok {
		return
	}
	if ratio := contrast(c, against); ratio < readable {
		// Cut, not rounded: 4.496 must not read as 4.50 in a warning about 4.5.
		r.warn(path, fmt.Sprintf("%s has a contrast of %.2f:1 with %s", text, math.Floor(ratio*100)/100, name),
			"text needs 4.5:1 (WCAG 2.2 AA); the pages adjust the text, so a button may not look as intended")
	}
}
