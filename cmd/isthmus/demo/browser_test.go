package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browsers are the programs that will do, the leanest first.
var browsers = []string{"headless_shell", "headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// chromium is the one browser of all tests here.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop []func()
	err  error
}

func findBrowser() (string, error) {
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("these tests drive a browser and there is none in PATH; install Chromium (on Debian, as root: apt-get install chromium)")
}

// launch starts Chromium with a profile of its own, in the quiet.
func launch() (context.Context, error) {
	c := &chromium
	c.once.Do(func() {
		path, err := findBrowser()
		if err != nil {
			c.err = err
			return
		}
		profile, err := os.MkdirTemp("", "isthmus-chromium-")
		if err != nil {
			c.err = err
			return
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true),
			chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "en"), chromedp.WindowSize(1280, 900),
		)
		alloc, end := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, quit := chromedp.NewContext(alloc)
		c.stop = []func(){quit, end, func() { _ = os.RemoveAll(profile) }}
		if c.err = chromedp.Do(ctx); c.err == nil {
			c.ctx = ctx
		}
	})
	return c.ctx, c.err
}

// person is somebody at a browser window that remembers nothing, who hears what
// the browser complains of.
type person struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string // of policy, script and markup
	statuses   []string // documents that came with an error status
}

// visit opens a window. When the test ends the browser must not have complained.
func visit(t *testing.T) *person {
	t.Helper()
	browser, err := launch()
	if err != nil {
		t.Fatal(err)
	}
	return look(t, browser, chromedp.WithNewBrowserContext())
}

// tab opens another tab of the window.
func (p *person) tab() *person {
	p.t.Helper()
	return look(p.t, p.ctx)
}

func look(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	p := &person{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, audits.Enable, cdp.Empty{})
		return err
	}))
	t.Cleanup(func() {
		if t.Failed() {
			p.shoot("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
		}
		for _, c := range p.heard() {
			t.Errorf("the browser complains: %s", c)
		}
	})
	return p
}

// hear collects what a page should not cause.
func (p *person) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		entry := e.Entry
		switch {
		case entry.Source == "network" && strings.Contains(entry.Text, "status of") && !strings.Contains(entry.URL, "/assets/"):
			p.statuses = append(p.statuses, entry.Text)
		case entry.Level == "error" || entry.Level == "warning":
			p.complaints = append(p.complaints, fmt.Sprintf("%s: %s %s", entry.Source, entry.Text, entry.URL))
		}
	case *runtime.EventConsoleAPICalled:
		p.complaints = append(p.complaints, fmt.Sprintf("a script wrote %s to the console", e.Type))
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, "script: "+e.ExceptionDetails.Text)
	case *audits.EventIssueAdded:
		if d := e.Issue.Details.ContentSecurityPolicyIssueDetails; d != nil {
			p.complaints = append(p.complaints, fmt.Sprintf("policy: %s refused %s", d.ViolatedDirective, d.BlockedURL))
		}
	}
}

func (p *person) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.complaints
}

// do acts within ten seconds.
func (p *person) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%v\n%s", err, p.page())
	}
}

// open types an address.
func (p *person) open(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address))
}

// press clicks the button or link of that name and waits for the next page.
func (p *person) press(name string) {
	p.t.Helper()
	p.leave(chromedp.Click(element(name)))
}

// toggle clicks something that leads nowhere.
func (p *person) toggle(name string) {
	p.t.Helper()
	p.do(chromedp.Click(element(name)))
}

// element finds a button, a link, a summary or a label by the words on it.
func element(name string) string {
	words := fmt.Sprintf(`[not(@hidden)][normalize-space(.)=%q or .//bdi[normalize-space(.)=%q]]`, name, name)
	return "//a" + words + "|//button" + words + "|//summary" + words + "|//label" + words
}

// leave does what leads to another page and waits until that is there.
func (p *person) leave(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.until("the page can be left", `window.leaving = true`)
	p.do(actions...)
	p.until("another page is there", `!window.leaving && document.readyState === "complete" && location.protocol !== "about:"`)
}

// keys types on the keyboard, wherever the focus is.
func (p *person) keys(text string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(text))
}

// tabTo presses Tab until the element of that name or id has the focus.
func (p *person) tabTo(name string) {
	p.t.Helper()
	for range 20 {
		p.keys(kb.Tab)
		if p.holds(fmt.Sprintf(`((e) => e.id === %[1]q || e.innerText?.trim() === %[1]q || e.querySelector("bdi")?.innerText === %[1]q)(document.activeElement)`, name)) {
			if !p.holds(`((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2)(getComputedStyle(document.activeElement))`) {
				p.t.Errorf("%s has the focus, and nobody sees it", name)
			}
			return
		}
	}
	p.t.Fatalf("Tab does not lead to %s\n%s", name, p.page())
}

// fill types into the field of that id.
func (p *person) fill(id, text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys("#"+id, text))
}

// signIn fills in the form with user name and password and sends it. A page that
// asks for the name alone asks for the password next.
func (p *person) signIn(who Person) {
	p.t.Helper()
	p.fill("username", who.Username)
	if !p.holds(`document.getElementById("password") !== null`) {
		p.press("Continue")
	}
	p.fill("password", who.Password)
	p.press("Sign in")
}

// sees waits until all the texts are on the page, as people see them.
func (p *person) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.until("the page says "+text, fmt.Sprintf(`document.body.innerText.replace(/\s+/g, " ").includes(%q)`, text))
	}
}

// hasNot tells that a text is not on the page.
func (p *person) hasNot(text string) {
	p.t.Helper()
	if p.holds(fmt.Sprintf(`document.body.innerText.includes(%q)`, text)) {
		p.t.Errorf("the page says %q\n%s", text, p.page())
	}
}

// at waits until the address begins so.
func (p *person) at(prefix string) {
	p.t.Helper()
	p.until("the address is "+prefix, fmt.Sprintf(`location.href.startsWith(%q)`, prefix))
}

// holds tells whether a script's condition is true now.
func (p *person) holds(condition string) bool {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+condition+")"))
	return err == nil && ok
}

// read is the value of a script.
func (p *person) read(script string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// until waits ten seconds at most for a condition.
func (p *person) until(what, condition string) {
	p.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(15 * time.Millisecond) {
		if p.holds(condition) {
			return
		}
	}
	p.t.Fatalf("waited in vain until %s\n%s", what, p.page())
}

// page is what the person sees, for a test that failed.
func (p *person) page() string {
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

// shoot takes a picture into the folder that ISTHMUS_SHOTS names, if it does.
func (p *person) shoot(name string) {
	dir := os.Getenv("ISTHMUS_SHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		p.t.Error(err)
	}
}

// withoutScript turns script off in the window.
func (p *person) withoutScript() {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
}

// scheme shows the pages as on a light or dark system where nothing moves.
func (p *person) scheme(name string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		return err
	}))
}

// forget takes a cookie of localhost away, as a browser does that was closed.
func (p *person) forget(cookie string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.DeleteCookies, network.DeleteCookiesParams{Name: cookie, Domain: "localhost"})
		return err
	}))
}
