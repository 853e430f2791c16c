package page

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
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
		{"the client's order", []Provider{google, corporate()}, []string{"Continue with Google", corp}, corp},
		{"last used before all", []Provider{google, corporate(), last(apple)}, []string{"Continue with Apple", "Continue with Google", corp}, corp},
		{"one filled", []Provider{partner, corporate()}, []string{"Sign in with your partner ID", corp}, "Sign in with your partner ID"},
		{"social only", []Provider{apple, google}, []string{"Continue with Apple", "Continue with Google"}, ""},
		{"own form", []Provider{corporate(), {Kind: Own, Href: "/own"}}, []string{corp, "Use a password"}, corp},
		{"nothing", nil, nil, ""},
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
	used, silent := social("Google", "google"), social("Wiki", "wiki")
	used.LastUsed, silent.Unreachable = true, true
	d := document(t, testRenderer(t), &Login{Providers: []Provider{silent, used}})
	first, second := d.Find(".ways li").Eq(0), d.Find(".ways li").Eq(1)
	if got := first.Find(".tag").Text(); got != "Last used" {
		t.Errorf("mark %q", got)
	}
	if first.Find("svg").Length() != 1 || second.Find(".letter").Text() != "W" {
		t.Error("known providers have a drawing, others their letter")
	}
	if second.Find("small").Text() != "Not answering right now. Try anyway" || second.Find(`a[href="/federate?provider=Wiki&tx=t1"]`).Length() != 1 {
		t.Error("a silent provider says so and can be tried")
	}
}

// However many ways in there are, six are shown, the one used last among them,
// and the others are behind a summary that needs no script.
func TestLoginManyWays(t *testing.T) {
	for _, n := range []int{1, 2, 6, 7, 30} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			ways := manyWays(n)
			ways[n-1].LastUsed = true
			d := document(t, testRenderer(t), &Login{Step: StepBoth, Providers: ways})
			if got := d.Find("main > .ways > li").Length(); got != min(n, 6) {
				t.Errorf("%d shown", got)
			}
			if got := d.Find("details > .ways > li").Length(); got != max(n-6, 0) {
				t.Errorf("%d under more", got)
			}
			if got := d.Find("details > summary").Length(); (got == 1) != (n > 6) {
				t.Errorf("%d summaries", got)
			}
			first := d.Find("main > .ways > li").First()
			if first.Find("a").AttrOr("href", "") != ways[n-1].Href || first.Find(".tag").Length() != 1 || d.Find(".tag").Length() != 1 {
				t.Error("the one used last does not come first, or is not marked")
			}
			if d.Find(".filled").Length() != 1 {
				t.Error("no button is the strongest, or several are")
			}
		})
	}
}

// A corporate way in that is folded away is not the strongest button: none would be.
func TestLoginStrongestIsSeen(t *testing.T) {
	ways := append(manyWays(8)[1:7], corporate())
	for i := range ways[:6] {
		ways[i].Kind = Social
	}
	d := document(t, testRenderer(t), &Login{Step: StepBoth, Providers: ways})
	if d.Find("details .filled").Length() != 0 || d.Find("form .filled").Length() != 1 {
		t.Error("the filled button is behind the summary")
	}
}

// manyWays are a corporate way in and n-1 others, half of them social.
func manyWays(n int) []Provider {
	marks := []string{"google", "apple", "github", "gitlab", "facebook", "amazon", "linkedin", "microsoft"}
	ways := []Provider{corporate()}
	for i := 1; i < n; i++ {
		p := social(fmt.Sprintf("Company%d", i), "")
		if i%2 == 0 {
			p = social(fmt.Sprintf("Provider%d", i), marks[i/2%len(marks)])
		}
		ways = append(ways, p)
	}
	return ways
}

func TestLook(t *testing.T) {
	for _, test := range []struct {
		names []string
		mark  string
		kind  Kind
	}{
		{[]string{"OIDC", "Google"}, "google", Social},
		{[]string{"google", "CorporateID"}, "google", Social},
		{[]string{"OIDC", "Sign in with Apple"}, "apple", Social},
		{[]string{"LoginWithAmazon"}, "amazon", Social},
		{[]string{"", "Git_Hub"}, "github", Social},
		{[]string{"Microsoft"}, "microsoft", Social},
		{[]string{"Entra-ID"}, "microsoft", Corporate},
		{[]string{"keycloak"}, "keycloak", Corporate},
		{[]string{"OIDC", "CorporateID"}, "", Corporate},
		{[]string{"Google Partners"}, "", Corporate},
		{[]string{"Gοοgle"}, "", Corporate}, // with Greek letters
		{nil, "", Corporate},
	} {
		if mark, kind := Look(test.names...); mark != test.mark || kind != test.kind {
			t.Errorf("%q: %q, %d", test.names, mark, kind)
		}
	}
	for name, path := range marks {
		if regexp.MustCompile(`[^MmLlHhVvCcSsQqTtAaZz0-9. -]`).MatchString(path) || path[0] != 'M' {
			t.Errorf("%s is no path: %s", name, path)
		}
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
	d = document(t, r, &Login{Step: StepAddress, Providers: manyWays(6)})
	if d.Find(".ways ~ form").Length() != 1 || d.Find(".ways .filled").Length() != 1 || d.Find("form .filled, [autofocus]").Length() != 0 {
		t.Error("beside a few ways in the corporate one comes first")
	}
	d = document(t, r, &Login{Step: StepAddress, Providers: manyWays(30)})
	if d.Find("form ~ .ways").Length() != 1 || d.Find("form .filled").Length() != 1 || d.Find(".ways .filled").Length() != 0 || d.Find("#username[autofocus]").Length() != 1 {
		t.Error("among many ways in the address comes first")
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
