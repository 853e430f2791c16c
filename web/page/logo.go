package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"math"
	"strconv"
	"strings"
)

// A logo is shown in a box of this size at most, in CSS pixels.
const (
	logoWidth  = 240
	logoHeight = 40
)

// maxLogo keeps a logo from outweighing the page it stands on. In bytes.
const maxLogo = 64 << 10

// extent is the size of an image in pixels; zero when the file does not say.
type extent struct{ width, height float64 }

// fit scales the extent into a box, keeping its proportions; raster or not, a
// logo is never enlarged.
func (e extent) fit(width, height float64) (w, h int) {
	if e.width <= 0 || e.height <= 0 {
		return 0, 0
	}
	scale := min(1, width/e.width, height/e.height)
	return max(1, int(math.Round(e.width*scale))), max(1, int(math.Round(e.height*scale)))
}

// size proves that the image is what its type says and reads its extent. An SVG
// may hold script: it is harmless inside <img>, and the handler that serves it
// forbids everything to a person who opens it alone (A111).
func (i *Image) size() (extent, error) {
	if len(i.Data) > maxLogo {
		return extent{}, fmt.Errorf("%d bytes are more than the %d a logo may have", len(i.Data), maxLogo)
	}
	switch i.Type {
	case "image/png":
		c, err := png.DecodeConfig(bytes.NewReader(i.Data))
		if err != nil {
			return extent{}, fmt.Errorf("not a PNG file: %w", err)
		}
		return extent{float64(c.Width), float64(c.Height)}, nil
	case "image/svg+xml":
		return svgExtent(i.Data)
	}
	return extent{}, fmt.Errorf("type %q is neither image/svg+xml nor image/png", i.Type)
}

func svgExtent(data []byte) (extent, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.Token()
		if err != nil {
			return extent{}, errors.New("not an SVG file: no svg element found")
		}
		root, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if root.Name.Local != "svg" {
			return extent{}, fmt.Errorf("not an SVG file: the first element is %q", root.Name.Local)
		}
		var e, box extent
		for _, a := range root.Attr {
			switch a.Name.Local {
			case "width":
				e.width = pixels(a.Value)
			case "height":
				e.height = pixels(a.Value)
			case "viewBox":
				if f := strings.FieldsFunc(a.Value, func(r rune) bool { return r == ' ' || r == ',' }); len(f) == 4 {
					box = extent{pixels(f[2]), pixels(f[3])}
				}
			}
		}
		if e.width > 0 && e.height > 0 {
			return e, nil
		}
		// Without a size of its own a drawing fills the height of the box.
		if box.width > 0 && box.height > 0 {
			return extent{box.width * logoHeight / box.height, logoHeight}, nil
		}
		return extent{}, nil
	}
}

// pixels reads "32" and "32px"; any other unit counts as unknown.
func pixels(s string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(s), "px"), 64)
	if err != nil || f < 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0
	}
	return f
}
