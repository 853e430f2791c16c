package page

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func svgImage(attrs string) *Image {
	return &Image{Type: "image/svg+xml", Data: []byte(`<?xml version="1.0"?><!-- logo --><svg xmlns="http://www.w3.org/2000/svg" ` + attrs + `/>`)}
}

func pngImage(t *testing.T, width, height int) *Image {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return &Image{Type: "image/png", Data: b.Bytes()}
}

func get(t *testing.T, r *Renderer, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	q := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.Assets().ServeHTTP(w, q)
	return w
}

func TestBrandIsAStylesheetOfItsOwn(t *testing.T) {
	r := testRenderer(t)
	radius := 4
	brand, err := r.Brand(Branding{Name: "Acme", Accent: "#0F766E", Radius: &radius})
	if err != nil {
		t.Fatal(err)
	}
	w := get(t, r, brand.Stylesheet)
	for _, want := range []string{"--radius:4px", "--accent:#0f766e", "--on-accent:#ffffff", "prefers-color-scheme:dark", ".card{"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q in the stylesheet", want)
		}
	}
	same, err := r.Brand(Branding{Name: "Other", Accent: "#0f766e", Radius: &radius})
	if err != nil || same.Stylesheet != brand.Stylesheet {
		t.Errorf("the same look has two stylesheets (%v)", err)
	}
	other, err := r.Brand(Branding{Accent: "#0f766f"})
	if err != nil || other.Stylesheet == brand.Stylesheet {
		t.Errorf("two looks share a stylesheet (%v)", err)
	}
}

func TestBrandProblemsAllAtOnce(t *testing.T) {
	radius := 40
	_, err := testRenderer(t).Brand(Branding{
		Name: "Acme", Accent: "teal", AccentDark: "#12", Background: "url(x)", BackgroundDark: "#gggggg", Radius: &radius,
		Terms: "javascript:alert(1)", Privacy: "/privacy", Help: "mailto:",
		Logo: &Image{Type: "image/gif"}, LogoDark: &Image{Type: "image/png", Data: []byte("<svg/>")},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`accent: "teal"`, `dark accent: "#12"`, `background: "url(x)"`, `dark background: "#gggggg"`,
		"radius: 40", "terms: ", "privacy: ", "help: ", "logo: type", "dark logo: not a PNG"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
}

func TestBrandingOver(t *testing.T) {
	radius, none := 8, -1
	pool := Branding{Name: "Acme", Accent: "#111111", AccentDark: "#eeeeee", Background: "#ffffff", Radius: &radius,
		Logo: svgImage(""), Terms: "https://a.example/t", Privacy: "https://a.example/p", Help: "https://a.example/h"}
	got := Branding{Radius: &none}.Over(pool)
	if got != pool {
		t.Errorf("nothing over the pool is %+v", got)
	}
	got = Branding{Name: "Expenses", Accent: "#222222", LogoDark: svgImage("")}.Over(pool)
	if got.Name != "Expenses" || got.Accent != "#222222" || got.Radius != &radius || got.Terms != pool.Terms {
		t.Errorf("%+v", got)
	}
	if got.AccentDark != "" || got.Logo != nil {
		t.Error("a colour or logo is mixed with the pool's dark one")
	}
}

func TestLogo(t *testing.T) {
	for _, test := range []struct {
		name          string
		image         *Image
		width, height int
	}{
		{"png as it is", pngImage(t, 100, 30), 100, 30},
		{"png made smaller", pngImage(t, 800, 80), 240, 24},
		{"svg with size", svgImage(`width="120px" height="24"`), 120, 24},
		{"svg with box", svgImage(`viewBox="0 0 300 100"`), 120, 40},
		{"svg with wide box", svgImage(`viewBox="0,0,1000,10"`), 240, 2},
		{"svg without", svgImage(``), 0, 0},
		{"svg in odd units", svgImage(`width="10em" height="NaN" viewBox="0 0 x 1"`), 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			brand, err := testRenderer(t).Brand(Branding{Logo: test.image})
			if err != nil {
				t.Fatal(err)
			}
			if brand.Width != test.width || brand.Height != test.height {
				t.Errorf("%d × %d", brand.Width, brand.Height)
			}
		})
	}
	for name, image := range map[string]*Image{
		"html":      {Type: "image/svg+xml", Data: []byte("<html><svg/></html>")},
		"empty":     {Type: "image/svg+xml"},
		"not xml":   {Type: "image/svg+xml", Data: []byte("\x89PNG")},
		"too large": {Type: "image/svg+xml", Data: append([]byte("<svg/>"), make([]byte, maxLogo)...)},
		"half png":  {Type: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")},
	} {
		if _, err := testRenderer(t).Brand(Branding{Logo: image}); err == nil {
			t.Errorf("%s is taken for a logo", name)
		}
	}
}

func TestLogoOnThePage(t *testing.T) {
	r := testRenderer(t)
	brand, err := r.Brand(Branding{Name: "Acme", Logo: pngImage(t, 100, 30), LogoDark: svgImage(`width="100" height="30"`)})
	if err != nil {
		t.Fatal(err)
	}
	d := document(t, r, &Login{Base: Base{Brand: brand}})
	img := d.Find(`.brand img[alt=Acme][width="100"][height="30"]`)
	if img.AttrOr("src", "") != brand.Logo || !strings.HasSuffix(brand.Logo, ".png") {
		t.Errorf("logo %q", brand.Logo)
	}
	if got := d.Find(`.brand source[media="(prefers-color-scheme: dark)"]`).AttrOr("srcset", ""); got != brand.LogoDark || !strings.HasSuffix(got, ".svg") {
		t.Errorf("dark logo %q", got)
	}
	// A dark logo alone serves both schemes.
	brand, err = r.Brand(Branding{LogoDark: svgImage("")})
	if err != nil || brand.Logo == "" || brand.LogoDark != "" {
		t.Errorf("%+v, %v", brand, err)
	}
}

func TestAssets(t *testing.T) {
	r := testRenderer(t)
	brand, err := r.Brand(Branding{Logo: svgImage(`onload="alert(1)"`)})
	if err != nil {
		t.Fatal(err)
	}
	for path, mediaType := range map[string]string{
		brand.Stylesheet: "text/css; charset=utf-8", r.script: "text/javascript; charset=utf-8", brand.Logo: "image/svg+xml",
	} {
		w := get(t, r, path)
		readers := "same-origin"
		if mediaType == "image/svg+xml" {
			readers = "same-site"
		}
		for name, want := range map[string]string{
			"Content-Type": mediaType, "Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox", "Cross-Origin-Resource-Policy": readers,
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if w.Code != http.StatusOK || w.Body.Len() == 0 || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for accept, want := range map[string]string{"gzip, br": "gzip", "br;q=1.0, GZIP;q=0.5": "gzip", "gzip;q=0": "", "gzip; q=0.0": "", "br": "", "x-gzip": ""} {
		if got := get(t, r, brand.Stylesheet, "Accept-Encoding", accept).Header().Get("Content-Encoding"); got != want {
			t.Errorf("%q is answered with %q", accept, got)
		}
	}
}

func TestA121_AssetsHoldOnlyWhatWasPublished(t *testing.T) {
	r := testRenderer(t)
	for _, path := range []string{"/assets/", "/assets", "/assets/x.css", "/assets/..%2fgo.mod", "/assets/../static/base.css", "/assets/static/base.css", "/assets/%00"} {
		if w := get(t, r, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
