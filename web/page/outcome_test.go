package page

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestStoppedSentence(t *testing.T) {
	for _, test := range []struct {
		name string
		page Stopped
		want string // part of the text
	}{
		{"silent company", Stopped{Reason: ProviderSilent}, "Your company’s sign-in page did not answer."},
		{"silent provider", Stopped{Reason: ProviderSilent, Provider: "Google"}, "Google did not answer."},
		{"cancelled", Stopped{Reason: Cancelled, Provider: "Google"}, "You turned back at Google."},
		{"attribute", Stopped{Reason: AttributeRefused, Attribute: "family_name"}, "did not send your family name, which"},
		{"custom attribute", Stopped{Reason: AttributeRefused, Attribute: "custom:c", Label: "Cost centre"}, "did not send Cost centre, which"},
		{"wait", Stopped{Reason: TooManyAttempts, Wait: 61 * time.Second}, "rests for 2 min"},
		{"wait unknown", Stopped{Reason: TooManyAttempts}, "rests for 1 min"},
		{"expired with app", Stopped{Reason: Expired, Client: "Expenses"}, "Start again to go on to Expenses."},
		{"expired without", Stopped{Reason: Expired}, "Go back to the app"},
		{"refused request", Stopped{Reason: RequestRefused, Client: "Expenses"}, "Expenses sent a request"},
		{"no reason", Stopped{}, "Something failed on our side"},
		{"unknown reason", Stopped{Reason: "frobnicated"}, "Something failed on our side"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := document(t, testRenderer(t), &test.page)
			if got := d.Find("main > p").First().Text(); !strings.Contains(got, test.want) {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestStoppedAdvice: the sentence speaks of a code only where one is shown.
func TestStoppedAdvice(t *testing.T) {
	r := testRenderer(t)
	for _, reason := range everyReason {
		d := document(t, r, &Stopped{Reason: reason, Client: "Expenses", Retry: "/login"})
		if got := d.Find("main").Text(); strings.Contains(got, "code") {
			t.Errorf("%s: there is no code, but %q", reason, got)
		}
		d = document(t, r, &Stopped{Reason: reason, Client: "Expenses", Code: "K7QF-2M9X"})
		if d.Find(".desk code").Text() != "K7QF-2M9X" {
			t.Errorf("%s: the code is not shown", reason)
		}
	}
	for _, test := range []struct {
		page Stopped
		want string
	}{
		{Stopped{Reason: ProviderSilent, Code: "K7QF-2M9X", Retry: "/login"}, "did not answer. Try again, or give this code to your help desk."},
		{Stopped{Reason: ProviderWrong, Code: "K7QF-2M9X"}, "signed in. Give this code to your help desk."},
		{Stopped{Reason: RequestRefused, Code: "K7QF-2M9X"}, "not help. Give this code to the people who run the app."},
		{Stopped{Reason: Cancelled, Code: "K7QF-2M9X", Retry: "/login"}, "Nothing was changed."},
	} {
		if got := document(t, r, &test.page).Find("main > p").First().Text(); !strings.HasSuffix(got, test.want) {
			t.Errorf("%s: %q", test.page.Reason, got)
		}
	}
	if got := document(t, r, &Stopped{Reason: Expired, Retry: "/login"}).Find("a.filled").Text(); got != "Start again" {
		t.Errorf("button %q", got)
	}
}

func TestStoppedWaysOn(t *testing.T) {
	r := testRenderer(t)
	d := document(t, r, &Stopped{Reason: ProviderSilent, Code: "K7QF-2M9X", Retry: "/login?tx=t1", Others: []Provider{corporate(), social("Google", "google")}})
	if got := d.Find(".desk code").Text(); got != "K7QF-2M9X" {
		t.Errorf("code %q", got)
	}
	if got := d.Find("a.filled").AttrOr("href", ""); got != "/login?tx=t1" {
		t.Errorf("the one strong button leads to %q", got)
	}
	if d.Find(".ways li").Length() != 2 {
		t.Error("the other ways in are missing")
	}
	d = document(t, r, &Stopped{Reason: RequestRefused, Client: "Expenses", Mismatches: []Mismatch{
		{Name: "redirect_uri", Received: "https://other.example/cb", Registered: []string{"https://a.example/1", "https://a.example/2"}},
		{Name: "code_challenge"},
	}})
	if got := texts(d.Find(".facts dd")); !slices.Equal(got, []string{"https://other.example/cb", "https://a.example/1", "https://a.example/2", "nothing"}) {
		t.Errorf("facts %q", got)
	}
	if d.Find("main a").Length() != 0 {
		t.Error("an unproven address became a link")
	}
}

func TestQuestionsPostAChoice(t *testing.T) {
	r := testRenderer(t)
	for name, p := range map[string]Page{
		"provider": &SignOutProvider{Client: "Expenses", Action: "/logout", Tx: "t1"},
		"sign out": &SignOutConfirm{Client: "Expenses", Action: "/logout", Tx: "t1"},
		"switch":   &Switch{Current: Account{Name: "Anna"}, Other: Account{Name: "Ben"}, Action: "/logout", Tx: "t1"},
	} {
		form := document(t, r, p).Find(`form[method=post][action="/logout"]`)
		if form.Find("input[name=tx][value=t1]").Length() != 1 ||
			form.Find("button[name=choice][value=continue]").Length() != 1 || form.Find("button[name=choice][value=other]").Length() != 1 {
			t.Errorf("%s: the form does not post tx and choice", name)
		}
	}
}

func TestErrorStatus(t *testing.T) {
	r := testRenderer(t)
	for status, want := range map[int]string{
		404: "There is no page here", 405: "This page is not used this way", 418: "This request cannot be answered",
		500: "Something failed on our side", 502: "Something failed on our side", 0: "Something failed on our side",
		503: "Sign-in is not available right now",
	} {
		d := document(t, r, &Error{Status: status, RequestID: "01JD3Q"})
		if got := d.Find("h1").Text(); got != want {
			t.Errorf("%d: %q", status, got)
		}
		if got := d.Find("code").Text(); got != "01JD3Q" {
			t.Errorf("%d: request %q", status, got)
		}
	}
}
