package page

import (
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func texts(s *goquery.Selection) []string {
	return s.Map(func(_ int, s *goquery.Selection) string { return strings.TrimSpace(s.Text()) })
}

func TestLoginForm(t *testing.T) {
	r := testRenderer(t)
	d := document(t, r, &Login{
		Base: Base{Brand: testBrand(t, r)}, Client: "Expenses", Step: StepBoth,
		Action: "/login?lang=en", Tx: "t1", Username: "anna", Providers: []Provider{corporate()},
	})
	if got := d.Find(".lead").Text(); got != "to continue to Expenses" {
		t.Errorf("lead %q", got)
	}
	form := d.Find(`form[method=post][action="/login?lang=en"]`)
	if got := form.Find(`input[type=hidden][name=tx]`).AttrOr("value", ""); got != "t1" {
		t.Errorf("tx %q", got)
	}
	user := form.Find("input#username[name=username][type=text][autocomplete=username][required]")
	if user.AttrOr("value", "") != "anna" {
		t.Error("the user name is not filled in")
	}
	if form.Find("input#password[name=password][type=password][autocomplete=current-password][required]").Length() != 1 {
		t.Error("no password field")
	}
	if v, ok := form.Find("#password").Attr("value"); ok {
		t.Errorf("the password field has a value %q", v)
	}
	if d.Find(".or").Length() != 1 {
		t.Error("no line between the ways in and the form")
	}
	if got := texts(d.Find("footer a")); !slices.Equal(got, []string{"Terms", "Privacy", "Help"}) {
		t.Errorf("foot %q", got)
	}
	var order []string
	d.Find("a, button, input:not([type=hidden]), summary").Each(func(_ int, s *goquery.Selection) {
		order = append(order, goquery.NodeName(s)+s.AttrOr("id", ""))
	})
	want := []string{"a", "inputusername", "inputpassword", "button", "button", "a", "a", "a"}
	if !slices.Equal(order, want) {
		t.Errorf("order of focus %q", order)
	}
}

func TestLoginWays(t *testing.T) {
	last := func(p Provider) Provider { p.LastUsed = true; return p }
	down := func(p Provider) Provider { p.Unreachable = true; return p }
	google, apple := social("Google", "google"), social("Apple", "apple")
	partner := Provider{Name: "Partner", Label: "Sign in with your partner ID", Kind: Corporate, Href: "/p"}
	const corp = "Sign in with your corporate ID"
	for _, test := range []struct {
		name   string
		give   []Provider
		labels []string
		filled string
	}{
		{"corporate first", []Provider{google, corporate()}, []string{corp, "Continue with Google"}, corp},
		{"last used before all", []Provider{google, corporate(), last(apple)}, []string{"Continue with Apple", corp, "Continue with Google"}, corp},
		{"one filled", []Provider{partner, corporate()}, []string{"Sign in with your partner ID", corp}, "Sign in with your partner ID"},
		{"order given", []Provider{apple, google}, []string{"Continue with Apple", "Continue with Google"}, ""},
		{"unreachable is not filled", []Provider{down(corporate()), partner}, []string{corp, "Sign in with your partner ID"}, "Sign in with your partner ID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := document(t, testRenderer(t), &Login{Providers: test.give})
			if got := texts(d.Find(".ways .label bdi")); !slices.Equal(got, test.labels) {
				t.Errorf("labels %q", got)
			}
			if got := strings.TrimSpace(d.Find(".ways .filled .label bdi").Text()); got != test.filled {
				t.Errorf("filled is %q", got)
			}
		})
	}
}

func TestLoginMarksOfWays(t *testing.T) {
	used, silent := social("Google", "google"), social("GitLab", "gitlab")
	used.LastUsed, silent.Unreachable = true, true
	d := document(t, testRenderer(t), &Login{Providers: []Provider{silent, used}})
	first, second := d.Find(".ways li").Eq(0), d.Find(".ways li").Eq(1)
	if got := first.Find(".tag").Text(); got != "Last used" {
		t.Errorf("mark %q", got)
	}
	if first.Find("svg").Length() != 1 || second.Find(".letter").Text() != "G" {
		t.Error("known providers have a drawing, others their letter")
	}
	if second.Find("small").Text() == "" || second.Find(`a[href="/federate?provider=GitLab&tx=t1"]`).Length() != 1 {
		t.Error("a silent provider says so and can be tried")
	}
}

func TestLoginMoreThanSixWays(t *testing.T) {
	var ways []Provider
	for _, name := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
		ways = append(ways, social(name, ""))
	}
	d := document(t, testRenderer(t), &Login{Providers: ways})
	if got := d.Find("main > .ways > li").Length(); got != 6 {
		t.Errorf("%d shown", got)
	}
	if got := d.Find("details > .ways > li").Length(); got != 2 {
		t.Errorf("%d under more", got)
	}
	if d = document(t, testRenderer(t), &Login{Providers: ways[:6]}); d.Find("details").Length() != 0 {
		t.Error("six need no more")
	}
}

func TestLoginProblem(t *testing.T) {
	d := document(t, testRenderer(t), &Login{Step: StepBoth, Username: "anna", Problem: WrongPassword, Providers: []Provider{corporate()}})
	summary := d.Find(`#problem[role=alert][tabindex="-1"][autofocus]`)
	if got := summary.Find("a").AttrOr("href", ""); got != "#password" {
		t.Errorf("the summary leads to %q", got)
	}
	if got := d.Find("#password").AttrOr("aria-describedby", ""); got != "problem caps" {
		t.Errorf("the field is described by %q", got)
	}
	if d.Find("[aria-invalid=true]").Length() != 2 {
		t.Error("user name and password are both marked: which is wrong is not said")
	}
	d = document(t, testRenderer(t), &Login{Step: StepBoth, Problem: UsernameMissing})
	if got := d.Find("#problem a").AttrOr("href", ""); got != "#username" {
		t.Errorf("the summary leads to %q", got)
	}
}

func TestLoginByAddress(t *testing.T) {
	r := testRenderer(t)
	d := document(t, r, &Login{Step: StepAddress, Identifier: EmailAddress})
	if d.Find("#username[type=email][autocomplete=username][autofocus]").Length() != 1 || d.Find("[type=password]").Length() != 0 {
		t.Error("the first step asks for the address only")
	}
	d = document(t, r, &Login{Step: StepPassword, Identifier: EmailAddress, Username: "anna@acme.example", Change: "/login?tx=t1", Providers: []Provider{corporate()}})
	if got := d.Find("#username[readonly][autocomplete=username]").AttrOr("value", ""); got != "anna@acme.example" {
		t.Errorf("the address kept is %q", got)
	}
	if d.Find("#password[autocomplete=current-password][autofocus]").Length() != 1 {
		t.Error("the password field does not have the focus")
	}
	if d.Find(`.head a[href="/login?tx=t1"]`).Text() != "Change" {
		t.Error("the address cannot be changed")
	}
	if d.Find(".ways").Length() != 0 {
		t.Error("one decision: no other ways in beside the password")
	}
}

func TestLoginSignedIn(t *testing.T) {
	d := document(t, testRenderer(t), &Login{
		Client: "Expenses", Account: &Account{Name: "Anna Berg", Address: "anna@acme.example"}, Action: "/login", Tx: "t1",
		Providers: []Provider{corporate()}, Step: StepBoth,
	})
	if got := d.Find("button[name=choice][value=continue].filled").Text(); got != "Continue as Anna Berg" {
		t.Errorf("button %q", got)
	}
	if d.Find("button[name=choice][value=other]").Length() != 1 {
		t.Error("no way to another account")
	}
	if d.Find("[type=password], .ways").Length() != 0 {
		t.Error("more than one decision")
	}
}

func TestSignedInWithoutName(t *testing.T) {
	d := document(t, testRenderer(t), &Login{Account: &Account{Address: "öse@acme.example"}})
	if got := d.Find(".face").Text(); got != "Ö" {
		t.Errorf("initial %q", got)
	}
	if d.Find(".who small").Length() != 0 {
		t.Error("the address stands twice")
	}
}
