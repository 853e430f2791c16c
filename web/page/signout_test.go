package page

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// everySignOut is each page of the way out in its further states.
func everySignOut(b Base) map[string]Page {
	return map[string]Page{
		"signed out/pending":   &SignedOut{Base: b, From: []string{"Expenses", "Fleet"}, Pending: []string{"Payroll"}, Record: "/logouts/L7", Return: "https://expenses.example/", Client: "Expenses"},
		"signed out/mixed":     &SignedOut{Base: b, From: []string{"Expenses"}, Pending: []string{"Payroll", "Travel"}, Unreached: []string{"Wiki", "Fleet"}, Still: true, Provider: "Google", Record: "/logouts/L7", SignIn: "/login"},
		"sign out, provider":   &SignOutProvider{Base: b, Client: "Expenses", Action: "/logout/provider", Tx: "t1"},
		"sign out, social":     &SignOutProvider{Base: b, Provider: "Google", Action: "/logout/provider", Tx: "t1"},
		"signing out":          &SigningOut{Base: b, Frames: everyFrame(), Next: "/logout/done", Wait: 4 * time.Second, Client: "Expenses"},
		"signing out/no frame": &SigningOut{Base: b, Next: "https://expenses.example/bye?a=1&b=2;c", Wait: time.Second},
	}
}

func everyFrame() []LogoutFrame {
	return []LogoutFrame{
		{Name: "Expenses", URL: "https://expenses.example/out?iss=https%3A%2F%2Fid.example&sid=s1"},
		{Name: "Fleet", URL: "http://fleet.test/out"},
	}
}

func TestSignedOut(t *testing.T) {
	r := testRenderer(t)
	d := document(t, r, &SignedOut{From: []string{"Expenses"}, Return: "https://expenses.example/bye", Client: "Expenses", Still: true, Provider: "Google"})
	if got := d.Find(".lead").Text(); got != "of Expenses" {
		t.Errorf("lead %q", got)
	}
	if got := d.Find(`a[href="https://expenses.example/bye"]`).Text(); got != "Back to Expenses" {
		t.Errorf("link %q", got)
	}
	if got := d.Find(".note").Text(); !strings.Contains(got, "signed in at Google.") {
		t.Errorf("note %q", got)
	}
	d = document(t, r, &SignedOut{From: []string{"Expenses", "Fleet"}})
	if got := texts(d.Find(".names li")); !slices.Equal(got, []string{"Expenses", "Fleet"}) {
		t.Errorf("names %q", got)
	}
	d = document(t, r, &SignedOut{From: []string{"Expenses"}, Pending: []string{"Fleet"}, Unreached: []string{"Payroll", "Wiki"}, Record: "/logouts/L7"})
	if got := texts(d.Find(".names li")); !slices.Equal(got, []string{"Expenses signed out", "Fleet will be told", "Payroll not told", "Wiki not told"}) {
		t.Errorf("names %q", got)
	}
	if got := d.Find("main > p").First().Text(); got != "Fleet will be told as soon as it answers. Some could not be told. Sign out in each of them, or close the browser." {
		t.Errorf("the rest %q", got)
	}
	if got := d.Find(`a[href="/logouts/L7"]`).Text(); got != "See who was told" {
		t.Errorf("record %q", got)
	}
	d = document(t, r, &SignedOut{Unreached: []string{"Payroll"}})
	if got := d.Find("main > p").First().Text(); !strings.HasPrefix(got, "Payroll could not be told.") {
		t.Errorf("the rest %q", got)
	}
	for _, bad := range []string{"javascript:alert(1)", "app:/cb", "//evil.example", "/path", "https:"} {
		if d = document(t, r, &SignedOut{Return: bad}); d.Find("main a").Length() != 0 {
			t.Errorf("%q became a link", bad)
		}
	}
}

func TestSigningOut(t *testing.T) {
	r := testRenderer(t)
	d := document(t, r, &SigningOut{
		Frames: append(everyFrame(), LogoutFrame{"Odd", "javascript:alert(1)"}, LogoutFrame{"Mail", "mailto:a@b.example"}, LogoutFrame{"None", ""}),
		Next:   "/logout/done?a=1&b=2", Wait: 1100 * time.Millisecond,
	})
	frames := d.Find("iframe").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("src", "") })
	if !slices.Equal(frames, []string{everyFrame()[0].URL, everyFrame()[1].URL}) {
		t.Errorf("frames %q", frames)
	}
	if got := texts(d.Find(".names li")); !slices.Equal(got, []string{"Expenses", "Fleet"}) {
		t.Errorf("names %q", got)
	}
	if d.Find(`iframe[sandbox="allow-scripts allow-same-origin"][referrerpolicy="no-referrer"].unseen`).Length() != 2 {
		t.Error("a frame may do more than it must")
	}
	if got := d.Find("meta[http-equiv=refresh]").AttrOr("content", ""); got != "2;url=/logout/done?a=1&b=2" {
		t.Errorf("without script it goes on as %q", got)
	}
	if got := d.Find(`main a[data-go="2"]`); got.AttrOr("href", "") != "/logout/done?a=1&b=2" || got.Text() != "Continue" {
		t.Errorf("%q leads to %q", got.Text(), got.AttrOr("href", ""))
	}
	d = document(t, r, &SigningOut{Client: "Expenses", Next: "/"})
	if got := d.Find("main > .hint").Text(); got != "After that you go back to Expenses." {
		t.Errorf("%q", got)
	}
	for next, shown := range map[string]bool{
		"/": true, "/bye": true, "https://a.example/?x=1;url=b": true, "http://a.test": true,
		"": false, "bye": false, "//evil.example": false, `/\evil.example`: false, "/\t/evil.example": false, "https:": false,
		"javascript:alert(1)": false, "data:text/html,x": false, "mailto:a@b.example": false, "MAILTO:a@b.example": false,
	} {
		d := document(t, r, &SigningOut{Frames: everyFrame(), Next: next})
		if got := d.Find("meta[http-equiv=refresh]").Length() == 1; got != shown {
			t.Errorf("%q: it goes on: %v", next, got)
		}
		if got := d.Find("main a").AttrOr("href", "") == next && next != ""; got != shown {
			t.Errorf("%q: a link: %v", next, got)
		}
		if got := d.Find("meta[http-equiv=refresh]").AttrOr("content", ""); shown && got != "1;url="+next {
			t.Errorf("%q: without script it goes on as %q", next, got)
		}
	}
}

func TestSignOutProvider(t *testing.T) {
	r := testRenderer(t)
	for provider, want := range map[string]string{
		"":       "You are signed out here. At your company you are still signed in",
		"Google": "You are signed out here. At Google you are still signed in",
	} {
		d := document(t, r, &SignOutProvider{Provider: provider, Client: "Expenses"})
		if got := d.Find("main > p").First().Text(); !strings.HasPrefix(got, want) {
			t.Errorf("%q", got)
		}
		if got := d.Find("main > .hint").Text(); got != "After that you go back to Expenses." {
			t.Errorf("%q", got)
		}
	}
	if got := document(t, r, &SignOutProvider{Provider: "Google"}).Find("title").Text(); got != "Sign out of Google too?" {
		t.Errorf("title %q", got)
	}
}
