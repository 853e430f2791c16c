package demo

import (
	"strings"
	"testing"
)

// both signs Ana in at both apps, with one password, and leaves her at the first.
func both(t *testing.T, d *Demo) *person {
	t.Helper()
	p := visit(t)
	p.open(d.plan.Travel())
	p.look("travel-start")
	p.open(d.plan.App() + "/signin?way=corporate")
	p.signIn(d.plan.Ana)
	p.at(d.plan.App())
	p.sees("Ana Example")
	p.open(d.plan.Travel())
	p.press("Sign in")
	p.at(d.plan.Travel()) // nobody asked anything
	p.sees("Ana Example", "The island, by the morning ferry")
	p.open(d.plan.App())
	p.sees("Ana Example")
	return p
}

// asked tells that nobody comes in again without a password of the company.
func (p *person) asked(d *Demo, app string) {
	p.t.Helper()
	p.open(app)
	p.press("Sign in")
	p.at(d.plan.Master() + "/login?")
	p.press(corporate)
	p.at(d.plan.Corporate() + "/login?")
	p.sees("Password")
}

// TestLogoutReachesEverybody signs out at one app and finds the other, the master
// pool and the company signed out as well, and a page that says so.
func TestLogoutReachesEverybody(t *testing.T) {
	d := shared(t)
	p := both(t, d)
	travel := p.tab()
	travel.open(d.plan.Travel())
	travel.sees("Ana Example")
	travel.look("travel-home")

	p.press("Sign out")
	p.at(d.plan.Master() + "/logout/record?")
	p.sees("Both apps knew", "Expenses asked for it", "Example Accounts", "CorporateID", "Travel")
	p.look("record")
	// The other tab notices by itself.
	travel.sees("You were signed out", "told this app that your session had ended")
	travel.toggle("What this app checked first")
	travel.sees("events say backchannel-logout", "for the first time")
	travel.look("travel-farewell")

	p.press("Back to Expenses")
	p.at(d.plan.App() + "/signed-out?state=")
	p.sees("You are signed out")
	p.asked(d, d.plan.App())
	p.asked(d, d.plan.Travel())
	p.signIn(d.plan.Ana)
	p.at(d.plan.Travel())
	p.sees("Ana Example")
}

// TestLogoutRefused lets the second app refuse, which the page of the sign-out
// says, and so does the app, where the person still is.
func TestLogoutRefused(t *testing.T) {
	d := begin(t, Options{})
	p := both(t, d)
	p.choose(d, refuses)
	p.open(d.plan.App())
	p.press("Sign out")
	p.at(d.plan.Master() + "/logout/record?")
	p.sees("Travel refused", "1 of 2 apps know")
	p.look("record-refused")
	p.open(d.plan.Travel())
	p.sees("Ana Example", "told this app that your session had ended. It refused")
	p.look("travel-refused")
	p.press("Sign out") // from here it goes
	p.at(d.plan.Travel() + "/signed-out?state=")
	p.asked(d, d.plan.Travel())
}

// TestLogoutUnanswered lets the second app be silent, and mends it while the
// page of the sign-out watches.
func TestLogoutUnanswered(t *testing.T) {
	d := begin(t, Options{})
	p := both(t, d)
	p.choose(d, isSilent)
	travel := p.tab()
	travel.open(d.plan.Travel())
	p.open(d.plan.App())
	p.press("Sign out")
	p.at(d.plan.Master() + "/logout/record?")
	p.sees("1 of 2 apps know", "Travel has not answered yet")
	p.look("record-waiting")
	travel.sees("It did not answer")
	travel.look("travel-silent")
	p.until("the first try is over", `/next try in|2 tries/.test(document.body.innerText)`)
	p.look("record-waiting-again")
	travel.toggle("sign you out as an app should")
	travel.press("Apply")
	travel.sees("You were signed out")
	p.sees("Both apps knew")
	p.look("record-mended")
}

// The labels of Travel's choice.
const (
	refuses  = "refuse it answers 400 and keeps you"
	isSilent = "not answer the pool tries again, until you choose something else here"
)

// choose says at the second app how it takes the word of a sign-out.
func (p *person) choose(d *Demo, manner string) {
	p.t.Helper()
	p.open(d.plan.Travel())
	p.toggle(manner)
	p.press("Apply")
	p.sees("Ana Example")
}

// TestLogoutAtTheCompany signs out at the corporate pool, and nobody knows the
// person any more.
func TestLogoutAtTheCompany(t *testing.T) {
	d := shared(t)
	p := both(t, d)
	travel := p.tab()
	travel.open(d.plan.Travel())
	travel.sees("Ana Example")

	p.press("Sign out of the company")
	p.at(d.plan.Corporate() + "/logout")
	p.sees("Sign out?", "Example Accounts")
	p.look("corporate-logout")
	p.press("Sign out")
	p.sees("You are signed out")
	p.look("corporate-signed-out")
	travel.sees("You were signed out")
	p.open(d.plan.App())
	p.sees("You were signed out")
	p.look("app-farewell")
	p.asked(d, d.plan.App())
}

// TestLogoutWithoutScript is the first walk in a browser that runs no script: the
// other app says it when one looks.
func TestLogoutWithoutScript(t *testing.T) {
	d := shared(t)
	p := both(t, d)
	p.withoutScript()
	p.open(d.plan.App())
	p.press("Sign out")
	p.sees("Both apps knew")
	p.open(d.plan.Travel())
	p.sees("You were signed out")
}

// TestStrangersState is shown no sign-out that nobody began here.
func TestStrangersState(t *testing.T) {
	d := shared(t)
	p := visit(t)
	p.open(d.plan.App() + "/signed-out?state=made-up")
	if at := p.read(`location.href`); strings.Contains(at, "signed-out") {
		t.Errorf("the address is %s", at)
	}
	p.hasNot("signed out")
}
