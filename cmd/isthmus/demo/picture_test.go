package demo

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// heaviest is how many bytes a picture of the README may have.
const heaviest = 60_000

// TestPictures takes the README's pictures of the pages, light and dark, in the
// fonts of this machine. Where ISTHMUS_PICTURES names a folder it leaves them
// there; make pictures does that.
func TestPictures(t *testing.T) {
	p := visit(t)
	p.open(shared(t).plan.App())
	p.press("Sign in")
	p.sees(corporate, "Password")
	p.picture("sign-in")

	d := broken(t, "wrong-secret")
	p.open(d.plan.App() + "/signin?way=corporate")
	p.signIn(d.plan.Ana)
	p.sees("Sign-in stopped")
	p.picture("stopped")

	d = begin(t, Options{})
	p = both(t, d)
	p.choose(d, refuses)
	p.open(d.plan.App())
	p.press("Sign out")
	p.sees("Travel refused", "1 of 2 apps know")
	p.picture("logout")
}

// picture takes the page's card, light and dark.
func (p *person) picture(name string) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(desktop.width, desktop.height), chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
	for scheme, suffix := range map[string]string{"light": "", "dark": "-dark"} {
		p.scheme(scheme)
		shot, err := chromedp.Run(p.ctx, card)
		if err != nil {
			p.t.Fatal(err)
		}
		light := lighten(p.t, shot)
		if len(light) > heaviest {
			p.t.Errorf("%s%s has %d bytes, at most %d", name, suffix, len(light), heaviest)
		}
		if dir := os.Getenv("ISTHMUS_PICTURES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+suffix+".png"), light, 0o644); err != nil {
				p.t.Error(err)
			}
		}
	}
}

// card takes the card with a strip of ground around it, at two pixels of the
// picture for one of CSS.
func card(ctx context.Context, target *chromedp.Target) ([]byte, error) {
	const strip = 32
	clip, err := chromedp.Evaluate[page.Viewport](`(({x, y, width, height}) => ({x, y, width, height}))(document.querySelector(".card").getBoundingClientRect())`)(ctx, target)
	if err != nil {
		return nil, err
	}
	clip = page.Viewport{X: clip.X - strip, Y: clip.Y - strip, Width: clip.Width + 2*strip, Height: clip.Height + 2*strip, Scale: 2}
	res, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: &clip})
	return res.Data, err
}

// lighten paints a picture in its 256 commonest colours.
func lighten(t *testing.T, shot []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	bounds, count := full.Bounds(), map[color.Color]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[full.At(x, y)]++
		}
	}
	common := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return cmp.Compare(count[b], count[a]) })
	palette := color.Palette(common[:min(len(common), 256)])
	nearest := map[color.Color]uint8{}
	for c := range count {
		nearest[c] = uint8(palette.Index(c))
	}
	light := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			light.SetColorIndex(x, y, nearest[full.At(x, y)])
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, light); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
