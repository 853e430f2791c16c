package demo

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// window is a size of browser windows, in CSS pixels.
type window struct {
	name          string
	width, height int64
}

var (
	narrow  = window{"narrow", 320, 640} // WCAG 2.2 §1.4.10
	phone   = window{"phone", 360, 800}
	desktop = window{"desktop", 1280, 800}
)

// look sees to it that nothing of the page sticks out to the side of a narrow
// window. Where ISTHMUS_SHOTS names a folder it takes pictures there too.
func (p *person) look(name string) {
	p.t.Helper()
	p.fits(name, narrow)
	if os.Getenv("ISTHMUS_SHOTS") != "" {
		for _, w := range []window{phone, desktop} {
			p.fits(name, w)
			for _, scheme := range []string{"light", "dark"} {
				p.scheme(scheme)
				p.shoot(name + "-" + w.name + "-" + scheme)
			}
		}
	}
	p.do(chromedp.EmulateViewport(desktop.width, desktop.height))
}

func (p *person) fits(name string, w window) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(w.width, w.height))
	if !p.holds(`document.documentElement.scrollWidth <= document.documentElement.clientWidth`) {
		p.t.Errorf("%s sticks out at %d pixels", name, w.width)
	}
}

// TestOtherPages goes past the pages that no story of the other tests leads to.
func TestOtherPages(t *testing.T) {
	d := shared(t)
	p := visit(t)
	for _, page := range []struct{ name, address, says string }{
		{"app-unexpected", d.plan.App() + "/callback?state=made-up&code=stolen", "This answer is not expected"},
		{"app-nowhere", d.plan.App() + "/nowhere", "There is no page here"},
		{"master-nowhere", d.plan.Master() + "/nowhere", "There is no page here"},
		{"master-unknown-code", d.plan.Master() + "/error?id=ZZZZ-ZZZZ", "There is no page here"},
		{"master-unknown-client", d.plan.Master() + "/login?client_id=stranger&response_type=code", "This app cannot sign you in yet"},
		{"master-signed-out", d.plan.Master() + "/logout", "signed out"},
	} {
		p.open(page.address)
		p.sees(page.says)
		p.look(page.name)
	}
}
