package demo

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// corporate is the way in that this is all about.
const corporate = "Sign in with your corporate ID"

// claim is the script that reads a claim out of a table of the app's page.
func claim(section, name string) string {
	return `[...document.querySelectorAll("section[aria-labelledby=` + section + `] .claims tr")].find((r) => r.querySelector("code")?.innerText === "` + name + `")?.querySelector("td").innerText ?? "(none)"`
}

// TestSignInSignOut is the whole story of a person who has a password: in, in
// again without being asked, asked again when the app wants it, out.
func TestSignInSignOut(t *testing.T) {
	d := shared(t)
	p := visit(t)
	p.open(d.plan.App())
	p.look("app-start")
	p.press("Sign in")
	p.at(d.plan.Master() + "/login?")
	p.sees("Example Accounts", "to continue to Expenses", corporate, "Password")
	p.look("master-login")
	p.press(corporate)
	p.at(d.plan.Corporate() + "/login?")
	p.sees("Corporate Directory", "to continue to Example Accounts")
	p.look("corporate-login")
	p.signIn(d.plan.Ana)

	p.at(d.plan.App())
	p.sees("Ana Example", "ana@corp.example", "through CorporateID", "Train to the harbour office")
	for _, want := range []struct{ section, name, text string }{
		{"id", "family_name", "Example"},
		{"id", "email_verified", "true"},
		{"id", "token_use", "id"},
		{"id", "iss", d.plan.Master()},
		{"id", "aud", clientID},
		{"id", "identities", `"providerName": "CorporateID"`},
		{"id", "custom:department", "Harbour office"},
		{"access", "token_use", "access"},
		{"access", "scope", apiScope},
		{"userinfo", "email_verified", `"true"`},
	} {
		if got := p.read(claim(want.section, want.name)); !strings.Contains(got, want.text) {
			t.Errorf("%s, %s: %q, want %q", want.section, want.name, got, want.text)
		}
	}
	p.toggle("What the API checked first")
	p.sees("scope holds expenses/read", "issuer is "+d.plan.Master())
	p.look("app-home")

	jti := p.read(claim("access", "jti"))
	p.press("Refresh the tokens")
	p.sees("New tokens at")
	if p.read(claim("access", "jti")) == jti {
		t.Error("the access token is the old one after a refresh")
	}

	// The app forgets, the master pool does not: nobody is asked anything.
	p.forget("expenses.session")
	p.open(d.plan.App())
	p.press("Sign in")
	p.at(d.plan.App())
	p.sees("Ana Example")

	// The app wants the password again, and both pools obey.
	p.forget("expenses.session")
	p.open(d.plan.App())
	p.toggle("Other ways to ask")
	p.look("app-start-ways")
	p.press("With the password again")
	p.sees("Example Accounts", "Last used")
	p.look("master-login-last-used")
	p.press(corporate)
	p.at(d.plan.Corporate())
	p.signIn(d.plan.Ana)
	p.at(d.plan.App())
	p.sees("Ana Example")

	// The master pool's own pages, opened by somebody who is signed in.
	p.open(d.plan.Master() + "/login?response_type=code&client_id=" + clientID + "&redirect_uri=" + d.plan.App() + d.plan.CallbackPath)
	p.sees("You are signed in", "Ana Example")
	p.look("master-account")
	p.open(d.plan.Master() + "/logout")
	p.look("master-logout")
	leave := d.plan.Master() + "/logout?client_id=" + clientID + "&post_logout_redirect_uri="
	p.open(leave + d.plan.App() + "/elsewhere")
	p.sees("This did not sign you out", "post_logout_redirect_uri")
	p.look("master-logout-refused")
	p.press("Sign out")
	p.sees("Sign out?")
	p.open(leave + d.plan.App() + "/signed-out")
	p.look("master-logout-app")
	p.press("Sign out")

	// The app began none of that, and has heard of it all the same.
	p.sees("Expenses knew after")
	p.press("Back to Expenses")
	p.at(d.plan.App())
	p.sees("You were signed out")
	p.press("Sign in")
	p.at(d.plan.Master() + "/login?")
	p.press(corporate)
	p.at(d.plan.Corporate() + "/login?") // the company asks again, too
	p.signIn(d.plan.Ana)
	p.sees("Ana Example")

	// Out of the app, of the master pool and of the company, which all ask again.
	p.press("Sign out")
	p.sees("Expenses knew after", "Who was told")
	p.press("Back to Expenses")
	p.at(d.plan.App() + "/signed-out")
	p.sees("You are signed out")
	p.look("app-signed-out")
	p.toggle("Other ways to ask")
	p.press("Only if signed in already")
	p.sees("Nobody was signed in", "login_required")
	p.press("Sign in again")
	p.at(d.plan.Master() + "/login?")
	p.sees("to continue to Expenses", corporate)
	p.press(corporate)
	p.at(d.plan.Corporate() + "/login?")
	p.signIn(d.plan.Ana)
	p.at(d.plan.App())
	p.sees("Ana Example")

	u, _, err := directory.List(t.Context(), d.Master.Pools()[0], "", 10)
	if err != nil || len(u) == 0 {
		t.Fatalf("users of the master pool: %v, %v", u, err)
	}
}

// TestStraightToTheCompany takes the two ways that pass the master pool's page by.
func TestStraightToTheCompany(t *testing.T) {
	d := shared(t)
	for _, way := range []string{"Straight to your company", "By e-mail address"} {
		t.Run(way, func(t *testing.T) {
			p := visit(t)
			p.open(d.plan.App())
			p.toggle("Other ways to ask")
			p.press(way)
			p.at(d.plan.Corporate() + "/login?")
			if way == "By e-mail address" {
				if got := p.read(`document.getElementById("username").value`); got != d.plan.Ana.Email() {
					t.Errorf("the address was lost on the way: %q", got)
				}
			} else {
				p.fill("username", d.plan.Ana.Username)
			}
			p.fill("password", d.plan.Ana.Password)
			p.press("Sign in")
			p.sees("Ana Example")
		})
	}
}

// TestTemporaryPassword lets in a person whom an administrator made, after the
// choice of a password: FORCE_CHANGE_PASSWORD becomes CONFIRMED.
func TestTemporaryPassword(t *testing.T) {
	d := begin(t, Options{})
	pool := d.Corporate.Pools()[0]
	status := func() hub.Status {
		u, err := directory.Get(t.Context(), pool, d.plan.Ben.Username)
		if err != nil {
			t.Fatal(err)
		}
		return u.Status
	}
	if got := status(); got != hub.ForceChangePassword {
		t.Fatalf("status before: %s", got)
	}
	p := visit(t)
	p.open(d.plan.App() + "/signin?way=corporate")
	p.signIn(d.plan.Ben)
	p.sees("Choose a new password", "set by an administrator")
	p.look("new-password")
	p.fill("new_password", "short")
	p.press("Save and continue")
	p.sees("does not keep every rule")
	p.look("new-password-broken")
	p.fill("new_password", d.plan.Ben.Password)
	p.press("Save and continue")
	p.sees("have not used here before")
	if got := status(); got != hub.ForceChangePassword {
		t.Fatalf("status after passwords that were refused: %s", got)
	}
	p.fill("new_password", "Lantern-over-9-bridges")
	p.press("Save and continue")
	p.at(d.plan.App())
	p.sees("Ben Example", "ben@corp.example")
	if got := status(); got != hub.Confirmed {
		t.Errorf("status after: %s", got)
	}
	users, _, err := directory.List(t.Context(), d.Master.Pools()[0], "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(users) != 1 || users[0].Status != hub.ExternalProvider || !strings.HasPrefix(users[0].Username, "CorporateID_") {
		t.Errorf("the master pool has %+v", users)
	}
}

// TestWrongPassword keeps the name, says what is wrong, and goes on.
func TestWrongPassword(t *testing.T) {
	d := shared(t)
	p := visit(t)
	p.open(d.plan.App() + "/signin?way=corporate")
	p.signIn(Person{Username: "ana", Password: "Not-it-1"})
	p.sees("do not go together")
	p.look("corporate-wrong")
	if got := p.read(`document.activeElement.id`); got != "problem" {
		t.Errorf("the focus is on %q, not on the problem", got)
	}
	if got := p.read(`document.getElementById("username").value`); got != "ana" {
		t.Errorf("the user name is %q now", got)
	}
	p.fill("password", d.plan.Ana.Password)
	p.press("Sign in")
	p.sees("Ana Example")
}

// TestKeyboardOnly never touches the mouse.
func TestKeyboardOnly(t *testing.T) {
	d := shared(t)
	p := visit(t)
	enter := chromedp.KeyEvent(kb.Enter)
	p.open(d.plan.App())
	p.tabTo("Sign in")
	p.leave(enter)
	p.tabTo(corporate)
	p.leave(enter)
	if got := p.read(`document.activeElement.id`); got != "username" {
		t.Errorf("the focus begins on %q, not on the user name", got)
	}
	p.keys(d.plan.Ana.Username)
	p.tabTo("password")
	p.keys(d.plan.Ana.Password)
	p.leave(enter)
	p.sees("Ana Example")
	p.tabTo("Sign out")
	p.leave(enter)
	p.sees("Expenses knew after")
	p.tabTo("Back to Expenses")
	p.leave(enter)
	p.sees("You are signed out")
}

// TestWithoutScript signs in, and chooses a password, in a browser that runs no
// script.
func TestWithoutScript(t *testing.T) {
	d := begin(t, Options{})
	p := visit(t)
	p.withoutScript()
	p.open(d.plan.App())
	p.press("Sign in")
	p.press(corporate)
	if !p.holds(`document.querySelector(".reveal").hidden`) {
		t.Error("a script ran")
	}
	p.signIn(d.plan.Ben)
	p.sees("Choose a new password")
	p.fill("new_password", "Lantern-over-9-bridges")
	p.press("Save and continue")
	p.sees("Ben Example")
	p.press("Refresh the tokens")
	p.sees("New tokens at")
	p.press("Sign out")
	p.sees("Expenses knew after")
	p.press("Back to Expenses")
	p.sees("You are signed out")
}

// TestWithoutBrowser says what to install where there is no browser.
func TestWithoutBrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if path, err := findBrowser(); err == nil || !strings.Contains(err.Error(), "install Chromium") {
		t.Errorf("%q, %v", path, err)
	}
}

// TestTwoTabs begins two sign-ins in one browser and finishes both.
func TestTwoTabs(t *testing.T) {
	d := shared(t)
	p := visit(t)
	p.open(d.plan.App() + "/signin?way=corporate")
	first := p.read(`location.href`)
	p.open(d.plan.App() + "/signin?way=corporate")
	p.signIn(d.plan.Ana)
	p.sees("Ana Example")
	p.open(first)
	p.press("Continue as Ana Example")
	p.sees("Ana Example")
}

// TestSecretRefused is the story of the card's reader: a page that tells the
// person what to do, and a code that tells the administrator why.
func TestSecretRefused(t *testing.T) {
	d := broken(t, "wrong-secret")
	p := visit(t)
	p.open(d.plan.App() + "/signin?way=corporate")
	p.signIn(d.plan.Ana)
	p.at(d.plan.Master())
	p.sees("Sign-in stopped", "did not let you through", "help desk")
	p.look("fault-wrong-secret")
	p.hasNot("secret")
	p.hasNot("invalid_client")
	trace := traceOf(t, d, p.code())
	if !strings.Contains(trace.Why+trace.Mend, "secret") || trace.Mend == "" || trace.Provider != providerName || trace.Client != clientID {
		t.Errorf("the explanation: %+v", trace)
	}
	for _, word := range []string{d.plan.HeldSecret, d.plan.LinkSecret, d.plan.Ana.Password} {
		if strings.Contains(trace.Why+trace.Mend, word) {
			t.Errorf("the explanation holds %q", word)
		}
	}
}

// code is the one that a page gives for the help desk.
func (p *person) code() string {
	p.t.Helper()
	return p.read(`document.querySelector(".desk code").innerText`)
}

func traceOf(t *testing.T, d *Demo, code string) (trace *hub.Trace) {
	t.Helper()
	id, ok := hub.ParseTraceID(code)
	if !ok {
		t.Fatalf("%q is not a code", code)
	}
	err := d.Master.Pools()[0].Space.View(t.Context(), func(tx *store.Tx) (err error) {
		trace, err = hub.Traces.Get(tx, id)
		return err
	})
	if err != nil {
		t.Fatalf("explanation %s: %v", id, err)
	}
	return trace
}

// TestAttributeRefused is what the card asks for by name: the app is told which
// attributes are required, and the link it gets explains it.
func TestAttributeRefused(t *testing.T) {
	d := broken(t, "missing-attribute")
	p := visit(t)
	p.open(d.plan.App() + "/signin?way=corporate")
	p.signIn(d.plan.Ana)
	p.at(d.plan.App() + "/callback?")
	p.sees("Nobody was signed in", "attributes required: [family_name]")
	p.look("app-attributes-required")
	p.press("What the pool says about it, with the code for the help desk")
	p.at(d.plan.Master() + "/error?id=")
	p.sees("did not send your family name")
	p.look("master-explained")
	trace := traceOf(t, d, p.code())
	if trace.Reason != "attributes_required" || !strings.Contains(trace.Mend, providerName) {
		t.Errorf("the explanation: %+v", trace)
	}
}

// TestAttributeAsked asks the person once for what the company did not send.
func TestAttributeAsked(t *testing.T) {
	d := broken(t, "ask-attribute")
	p := visit(t)
	p.open(d.plan.App() + "/signin?way=corporate")
	p.signIn(d.plan.Ana)
	p.at(d.plan.Master())
	p.sees("did not send your family name")
	p.look("fault-ask-attribute")
	p.do(chromedp.SendKeys(`input[name=family_name]`, "Sample"))
	p.press("Finish")
	p.at(d.plan.App())
	if got := p.read(claim("id", "family_name")); got != "Sample" {
		t.Errorf("family_name is %q", got)
	}
	p.press("Sign out")
	p.press("Back to Expenses")
	p.press("Sign in")
	p.press(corporate)
	p.signIn(d.plan.Ana)
	p.at(d.plan.App())
	if got := p.read(claim("id", "family_name")); got != "Sample" {
		t.Errorf("family_name is %q at the second sign-in", got)
	}
}

// TestFaults meets the other faults: the page's sentence and the explanation's
// reason.
func TestFaults(t *testing.T) {
	for _, f := range []struct {
		name     string
		password bool // the person gets as far as that
		see      string
		reason   string
	}{
		{"provider-down", false, "did not answer", "provider_unreachable"},
		{"wrong-issuer", false, "could not be trusted", "provider_wrong"},
		{"no-creation", true, "no account for you here yet", "creation_off"},
		{"wrong-redirect", false, "This app cannot sign you in yet", "redirect_mismatch"},
	} {
		t.Run(f.name, func(t *testing.T) {
			d := broken(t, f.name)
			p := visit(t)
			p.open(d.plan.App() + "/signin?way=corporate")
			if f.password {
				p.signIn(d.plan.Ana)
			}
			p.at(d.plan.Master())
			p.sees(f.see)
			p.look("fault-" + f.name)
			if trace := traceOf(t, d, p.code()); trace.Reason != f.reason || trace.Why == "" || trace.Mend == "" {
				t.Errorf("the explanation: %+v", trace)
			}
		})
	}
}
