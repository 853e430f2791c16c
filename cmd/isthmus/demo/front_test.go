package demo

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// step is pressed on the login application's page, which stays and shows the next
// step.
func (p *person) step(name string, texts ...string) {
	p.t.Helper()
	p.toggle(name)
	p.sees(texts...)
}

// TestCustomUI signs in at the login application in every way, and turns back.
func TestCustomUI(t *testing.T) {
	d := begin(t, Options{CustomUI: true})
	p := visit(t)
	p.open(d.plan.App())
	p.press("Sign in")
	p.at(d.plan.Login() + "/?interaction=")
	p.sees("Example Accounts", "to continue to Expenses", corporate, "User name or e-mail address")
	p.look("front-choose")

	// Turned back, and here again.
	p.press("Back to Expenses")
	p.at(d.plan.App())
	p.sees("Nobody was signed in", "access_denied")
	p.press("Sign in again")
	p.at(d.plan.Login())
	p.sees("User name or e-mail address")

	// A wrong password, then the right one.
	p.fill("username", d.plan.Cleo.Username)
	p.step("Continue", "Password")
	p.fill("password", "Wrong-Wrong-11")
	p.step("Sign in", "do not go together")
	if !p.holds(`document.activeElement.id === "problem" && document.title.startsWith("Problem: ")`) {
		t.Error("the problem has not the focus")
	}
	p.look("front-wrong-password")
	p.fill("password", d.plan.Cleo.Password)
	p.press("Sign in")
	p.at(d.plan.App())
	p.sees("Cleo Example", "cleo@accounts.example")
	if p.holds(`performance.getEntriesByType("navigation")[0].name.includes("` + d.plan.Login() + `")`) {
		t.Error("the app was reached by the login application itself")
	}

	// Somebody is signed in: asked, and another one comes by the company, which
	// sends no family name.
	p.forget("expenses.session")
	p.open(d.plan.App() + "/signin?prompt=select_account")
	p.at(d.plan.Login())
	p.sees("You are signed in", "Cleo Example")
	p.look("front-account")
	p.step("Use another account", corporate)
	p.press(corporate)
	p.at(d.plan.Corporate() + "/login?")
	p.signIn(d.plan.Ana)
	p.at(d.plan.Login() + "/?interaction=")
	p.sees("Complete your profile", "Your company did not send your family name", "Family name")
	p.look("front-profile")
	p.fill("family_name", "  ")
	p.step("Save and go on", "Family name is still empty")
	p.fill("family_name", "Example")
	p.press("Save and go on")
	p.at(d.plan.App())
	p.sees("ana@corp.example", "through CorporateID")

	// A page that is loaded again, and one opened with nothing, and with a name that
	// this browser does not hold.
	p.forget("expenses.session")
	p.open(d.plan.App() + "/signin?prompt=login")
	p.at(d.plan.Login())
	p.sees("last used here")
	p.leave(chromedp.Reload())
	p.sees(corporate, "last used here")
	p.open(d.plan.Login() + "/")
	p.sees("Nothing to sign in to")
	p.open(d.plan.Login() + "/?interaction=" + strings.Repeat("A", 43))
	p.sees("Sign-in began in another browser")
	p.look("front-other-browser")
}

// TestCustomUIStopped: what stops a sign-in reaches the page as a code that the
// hub can explain, and the person can choose again.
func TestCustomUIStopped(t *testing.T) {
	fault, err := ParseFault("wrong-secret")
	if err != nil {
		t.Fatal(err)
	}
	d := begin(t, Options{CustomUI: true, Fault: fault})
	p := visit(t)
	p.open(d.plan.App())
	p.press("Sign in")
	p.sees(corporate)
	p.press(corporate)
	p.signIn(d.plan.Ana)
	p.at(d.plan.Login() + "/?")
	p.sees("Sign-in stopped", "Help desk code")
	address := p.read(`location.href`)
	code := regexp.MustCompile(`error_id=([0-9A-Z]{4}-[0-9A-Z]{4})&interaction=[A-Za-z0-9_-]{43}$`).FindStringSubmatch(address)
	if code == nil || strings.Contains(address, "secret") {
		t.Fatalf("at %s", address)
	}
	p.sees(code[1])
	p.look("front-stopped")
	p.step("Choose again", corporate)
	p.fill("username", d.plan.Cleo.Username)
	p.step("Continue", "Password")
	p.fill("password", d.plan.Cleo.Password)
	p.press("Sign in")
	p.at(d.plan.App())
	p.sees("Cleo Example")
}

// TestCustomUIStays: in a folder of its own it goes on with its port and its
// person, and the demo without it with all but those.
func TestCustomUIStays(t *testing.T) {
	dir := t.TempDir()
	var before Contract
	for i := range 2 {
		d, err := Start(t.Context(), Options{Data: dir, CustomUI: true, Auto: true, Cost: cheap})
		if err != nil {
			t.Fatal(err)
		}
		now := d.Contract()
		end(t, d)
		if i > 0 && (*now.Login != *before.Login || *now.Local != *before.Local || now.Corporate.Password != before.Corporate.Password) {
			t.Errorf("at first %+v, then %+v", before, now)
		}
		before = now
	}
	d, err := Start(t.Context(), Options{Data: dir, Auto: true, Cost: cheap})
	if err != nil {
		t.Fatal(err)
	}
	defer end(t, d)
	if now := d.Contract(); now.Login != nil || now.App != before.App || d.Master.Pools()[0].LoginApp != "" {
		t.Errorf("without it: %+v", now)
	}
}

// TestFrontServes: the application answers for its own host alone, with a policy
// that lets its page speak with the hub and nobody else.
func TestFrontServes(t *testing.T) {
	d := begin(t, Options{CustomUI: true})
	for host, want := range map[string]int{"": http.StatusOK, "evil.example": http.StatusMisdirectedRequest} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.plan.Login()+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		policy := res.Header.Get("Content-Security-Policy")
		if res.StatusCode != want || !strings.Contains(policy, "connect-src "+d.plan.Master()+";") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%q: %d, %s", host, res.StatusCode, policy)
		}
	}
}
