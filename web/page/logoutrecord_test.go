package page

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

const ms = time.Millisecond

var begun = time.Date(2026, 11, 20, 9, 14, 3, 0, time.UTC)

func told(name string, from, until time.Duration) Hop {
	return Hop{
		Kind: ClientHop, Name: name, Channel: BackChannel, Outcome: Delivered, Address: "https://" + name + ".example/backchannel",
		From: from, Until: until, Attempts: []Attempt{{At: from, Took: until - from, Status: 200}},
	}
}

// everyRecord is the LogoutRecord in each of its states.
func everyRecord(b Base) map[string]Page {
	session := Hop{Kind: SessionHop, Outcome: Delivered, Until: 2 * ms}
	company := Hop{Kind: ProviderHop, Name: "CorporateID", Channel: ByBrowser, Outcome: Unknown, From: 90 * ms, Until: 130 * ms}
	waiting := Hop{
		Kind: ClientHop, Name: "Payroll", Channel: BackChannel, Outcome: Pending, Address: "https://payroll.example/oidc/backchannel-logout", From: 4 * ms,
		Attempts: []Attempt{{At: 4 * ms, Took: 2 * time.Second, Error: "no answer within 2 s"}, {At: 5 * time.Second, Took: 41 * ms, Status: 503, Error: "the app is not ready"}}, Next: 15 * time.Second,
	}
	refused := Hop{
		Kind: ClientHop, Name: "Travel and all that belongs to it", Channel: BackChannel, Outcome: Refused, Address: "https://travel.example/bcl", From: 4 * ms, Until: 45 * ms,
		Attempts: []Attempt{{At: 4 * ms, Took: 41 * ms, Status: 400, Error: "invalid_request: unknown sid"}},
	}
	lost := Hop{Kind: ClientHop, Name: "Wiki", Channel: BackChannel, Outcome: GaveUp, Address: "https://wiki.example/logout", From: 4 * ms, Until: 40 * time.Minute}
	for _, at := range []time.Duration{4 * ms, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 40*time.Minute - 2*time.Second} {
		lost.Attempts = append(lost.Attempts, Attempt{At: at, Took: 2 * time.Second, Error: "dial tcp 192.0.2.7:443: connection refused"})
	}
	mute := Hop{Kind: ClientHop, Name: "Old Intranet", Outcome: NotSupported}
	frame := Hop{Kind: ClientHop, Name: "Maps", Channel: FrontChannel, Outcome: Unknown, From: 4 * ms, Until: 300 * ms}
	still := waiting
	still.Next = 41 * time.Minute
	record := func(r LogoutRecord) *LogoutRecord {
		r.Base, r.Begun, r.ID, r.Hub = b, begun, "L7QF-2M9X", "Acme"
		return &r
	}
	pages := map[string]Page{
		"record":          record(LogoutRecord{Cause: ByApp, CauseName: "Expenses", Account: "anna@acme.example", Took: 84 * ms, Hops: []Hop{session, told("Expenses", 3*ms, 31*ms), told("Fleet", 3*ms, 84*ms), told("Payroll", 4*ms, 52*ms)}, Return: "https://expenses.example/", Client: "Expenses"}),
		"record/one":      record(LogoutRecord{Cause: ByPerson, Account: "anna@acme.example", Took: 84 * ms, Hops: []Hop{session, told("Fleet", 3*ms, 84*ms)}}),
		"record/open":     record(LogoutRecord{Cause: ByApp, CauseName: "Expenses", Account: "anna@acme.example", Open: true, Took: 9 * time.Second, Hops: []Hop{session, told("Fleet", 3*ms, 84*ms), waiting, told("Maps", 3*ms, 23*ms)}, Return: "https://expenses.example/", Client: "Expenses", Refresh: 2 * time.Second, Toggle: "/logouts/L7?follow=no"}),
		"record/unlinked": record(LogoutRecord{Cause: ByUnlinking, Open: true, Hops: []Hop{session}}),
		"record/claimed":  record(LogoutRecord{Cause: ByOwner, Open: true, Hops: []Hop{session}}),
		"record/paused":   record(LogoutRecord{Cause: ByReplacement, Open: true, Took: 9 * time.Second, Hops: []Hop{session, waiting, waiting}, Toggle: "/logouts/L7", Return: "https://expenses.example/"}),
		"record/details":  record(LogoutRecord{Cause: ByProvider, CauseName: "CorporateID", Account: "anna@acme.example", Open: true, Took: 40 * time.Minute, Details: true, Hops: []Hop{session, told("Expenses", 3*ms, 6*ms), told("Fleet", 3*ms, 84*ms), still, refused, lost, mute, frame}, Refresh: 2 * time.Second}),
		"record/mixed":    record(LogoutRecord{Cause: ByPerson, Account: "anna@acme.example", Took: 40 * time.Minute, Hops: []Hop{company, session, told("Expenses", 3*ms, 6*ms), told("Fleet", 3*ms, 84*ms), refused, lost, mute, frame}}),
		"record/twice":    record(LogoutRecord{Cause: ByAdministrator, Took: 40 * time.Minute, Hops: []Hop{refused, refused, lost, lost, mute, mute, frame, frame}}),
		"record/both":     record(LogoutRecord{Cause: ByExpiry, Took: 9 * ms, Hops: []Hop{told("Expenses", 3*ms, 6*ms), told("Fleet", 3*ms, 9*ms)}}),
		"record/nobody":   record(LogoutRecord{Cause: ByApp}),
		"record/company":  record(LogoutRecord{Cause: ByProvider, Hops: []Hop{session}}),
		"record/sessions": record(LogoutRecord{Cause: ByDisabling, Account: "ben", Took: ms / 2, Hops: []Hop{{Kind: SessionHop, Name: "Chrome on Windows", Outcome: Delivered, Until: ms / 2}, {Kind: SessionHop, Name: "Firefox on Linux", Outcome: Delivered, Until: ms / 2}}}),
	}
	for _, c := range []Cause{ByDeletion, ByPassword, "odd"} {
		pages["record/cause "+string(c)] = record(LogoutRecord{Cause: c, CauseName: "Expenses", Hops: []Hop{session}})
	}
	for _, h := range []Hop{waiting, refused, lost, mute, frame, {Kind: ClientHop, Name: "Odd", Outcome: "odd"}} {
		pages["record/only "+string(h.Outcome)] = record(LogoutRecord{Cause: ByPerson, Took: 9 * time.Second, Hops: []Hop{session, h}})
	}
	many := record(LogoutRecord{Cause: ByPassword, Account: "anna@acme.example", Took: 3 * time.Second, Hops: []Hop{session}})
	for i := range 50 {
		h := told(fmt.Sprintf("App %d", i+1), time.Duration(3+i)*ms, time.Duration(20+i*i%1700)*ms)
		if i%17 == 5 {
			h.Outcome = Refused
		}
		many.Hops = append(many.Hops, h)
	}
	pages["record/many"] = many
	return pages
}

func TestLogoutRecordSaysWhoKnows(t *testing.T) {
	r := testRenderer(t)
	pages := everyRecord(Base{})
	for name, want := range map[string][2]string{
		"record":                    {"All 3 apps knew after 84 ms", ""},
		"record/one":                {"Fleet knew after 84 ms", ""},
		"record/both":               {"Both apps knew after 9 ms", ""},
		"record/nobody":             {"No app had to be told", ""},
		"record/open":               {"2 of 3 apps know", "Payroll has not answered yet. The next try is in 6 s."},
		"record/paused":             {"0 of 2 apps know", "2 have not answered yet. The next try is in 6 s."},
		"record/mixed":              {"2 of 6 apps know", "Travel and all that belongs to it refused. Wiki could not be reached. Old Intranet cannot be told. 2 have not confirmed."},
		"record/twice":              {"0 of 8 apps know", "2 refused. 2 could not be reached. 2 cannot be told. 2 have not confirmed."},
		"record/only pending":       {"Payroll does not know yet", "The next try is in 6 s."},
		"record/only refused":       {"Travel and all that belongs to it refused", ""},
		"record/only gave_up":       {"Wiki could not be reached", ""},
		"record/only not_supported": {"Old Intranet cannot be told", ""},
		"record/only unknown":       {"Maps has not confirmed", ""},
		"record/only odd":           {"Odd has not confirmed", ""},
	} {
		d := document(t, r, pages[name])
		if got := plainSpaces(d.Find("h1").Text()); got != want[0] {
			t.Errorf("%s: title %q", name, got)
		}
		if got := plainSpaces(d.Find("#notes").Text()); got != want[1] {
			t.Errorf("%s: notes %q", name, got)
		}
		if title := d.Find("title").Text(); title != d.Find("h1").Text() {
			t.Errorf("%s: the window is called %q", name, title)
		}
	}
}

// rows is the tree as text: the name, the word, the hint and the time of each hop.
func rows(d *goquery.Document, selector string) []string {
	return d.Find(selector).Map(func(_ int, s *goquery.Selection) string {
		parts := []string{s.Find(".name bdi").Text(), s.Find(".word").Text(), s.Find(".when").Text()}
		return plainSpaces(strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", "))
	})
}

func TestLogoutRecordTree(t *testing.T) {
	r := testRenderer(t)
	pages := everyRecord(Base{})
	for _, test := range []struct {
		name          string
		up, hub, down []string
	}{
		{"record", nil, []string{"Acme, ended, 2 ms"}, []string{"Expenses, told, 31 ms", "Fleet, told, 84 ms", "Payroll, told, 52 ms"}},
		{"record/open", nil, []string{"Acme, ended, 2 ms"}, []string{"Expenses, began it", "Fleet, told, 84 ms", "Payroll, waiting next try in 6 s", "Maps, told, 23 ms"}},
		{"record/mixed", []string{"CorporateID, not confirmed, 130 ms"}, []string{"Acme, ended, 2 ms"}, []string{
			"Expenses, told, 6 ms", "Fleet, told, 84 ms", "Travel and all that belongs to it, refused, 45 ms", "Wiki, could not be reached 6 tries, 40 min",
			"Old Intranet, cannot be told", "Maps, not confirmed, 300 ms"}},
		{"record/company", nil, []string{"Acme, ended, 2 ms"}, []string{}},
		{"record/nobody", nil, []string{"Acme"}, []string{}},
		{"record/sessions", nil, []string{"Acme"}, []string{"Chrome on Windows, ended, under 1 ms", "Firefox on Linux, ended, under 1 ms"}},
	} {
		d := document(t, r, pages[test.name])
		for selector, want := range map[string][]string{".up > .row": test.up, ".hub > .row": test.hub, ".apps > li > .row": test.down} {
			if got := rows(d, selector); !slices.Equal(got, want) {
				t.Errorf("%s: %s\n%q, want\n%q", test.name, selector, got, want)
			}
		}
	}
	d := document(t, r, pages["record/details"])
	if got := rows(d, ".up > .row"); !slices.Equal(got, []string{"CorporateID, began it"}) {
		t.Errorf("whoever began it is missing: %q", got)
	}
	if got := document(t, r, pages["record"]).Find(".apps small").Text(); got != "began it" {
		t.Errorf("beside the app that began it and was told stands %q", got)
	}
}

// TestLogoutRecordWithoutColour: every outcome has a word and a shape of its own
// (WCAG 2.2 SC 1.4.1).
func TestLogoutRecordWithoutColour(t *testing.T) {
	r := testRenderer(t)
	words, shapes := map[string]Outcome{}, map[string]Outcome{}
	for _, o := range []Outcome{Pending, Delivered, Refused, GaveUp, NotSupported, Unknown} {
		d := document(t, r, &LogoutRecord{Hops: []Hop{{Kind: ClientHop, Name: "App", Outcome: o}}})
		word := strings.TrimSpace(d.Find(".apps .word").Text())
		shape, err := d.Find(".apps svg.state").Html()
		if err != nil || word == "" || shape == "" {
			t.Fatalf("%s: word %q, shape %q, %v", o, word, shape, err)
		}
		if words[word] != "" || shapes[shape] != "" {
			t.Errorf("%s looks like %s%s", o, words[word], shapes[shape])
		}
		words[word], shapes[shape] = o, o
	}
}

func TestLogoutRecordCause(t *testing.T) {
	r := testRenderer(t)
	for _, test := range []struct {
		cause      Cause
		name, want string
	}{
		{ByApp, "Expenses", "Expenses asked for it"}, {ByApp, "", "An app asked for it"},
		{ByProvider, "Google", "Google asked for it"}, {ByProvider, "", "The company asked for it"},
		{ByPerson, "x", "Signed out here"}, {ByReplacement, "", "Somebody else signed in on the same browser"},
		{"odd", "x", "anna"}, {"", "", "anna"},
	} {
		d := document(t, r, &LogoutRecord{Cause: test.cause, CauseName: test.name, Account: "anna", Begun: begun.In(time.FixedZone("", 3600)), ID: "L7"})
		facts := texts(d.Find(".about dd"))
		if facts[0] != test.want || !slices.Contains(facts, "2026-11-20 09:14:03 UTC") || !slices.Contains(facts, "L7") {
			t.Errorf("%s by %q: %q", test.cause, test.name, facts)
		}
	}
}

// TestA171_DetailsAreForWhoRunsTheHub: without Details no address, status or
// error is anywhere in the page; with them they are cleaned, and never links.
func TestA171_DetailsAreForWhoRunsTheHub(t *testing.T) {
	r := testRenderer(t)
	p := &LogoutRecord{Hops: []Hop{{
		Kind: ClientHop, Name: "Wiki", Channel: BackChannel, Outcome: GaveUp, Address: "https://inside.example/\u202eout", Until: 9 * ms,
		Attempts: []Attempt{{Status: 503, Error: "secret\x1b[31m" + strings.Repeat("é", 9000)}, {Took: ms, Error: "refused"}},
	}}}
	html := string(render(t, r, p))
	for _, word := range []string{"inside.example", "503", "secret", "back-channel", "<details"} {
		if strings.Contains(html, word) {
			t.Errorf("%q is shown", word)
		}
	}
	p.Details = true
	d := document(t, r, p)
	got := texts(d.Find(".detail li"))
	if len(got) != 2 || !strings.HasPrefix(plainSpaces(got[0]), "at 0 ms, took 0 ms: 503 Service Unavailable · secret\ufffd[31m") || len([]rune(got[0])) > 600 ||
		plainSpaces(got[1]) != "at 0 ms, took 1 ms: no answer · refused" {
		t.Errorf("attempts %q", got)
	}
	if got := d.Find(".detail > code").Text(); got != "https://inside.example/\ufffdout" {
		t.Errorf("address %q", got)
	}
	if d.Find("main a").Length() != 0 {
		t.Error("an address became a link")
	}
}

func TestLogoutRecordFollows(t *testing.T) {
	r := testRenderer(t)
	p := LogoutRecord{Open: true, Refresh: 1500 * ms, Toggle: "/logouts/L7?follow=no"}
	d := document(t, r, &p)
	noscript := d.Find("head noscript").Text()
	if d.Find(`#told[role=status][data-follow="2"]`).Length() != 1 || !strings.Contains(noscript, `http-equiv="refresh" content="2"`) {
		t.Errorf("it does not follow; without script %q", noscript)
	}
	if got := d.Find(`a[href="/logouts/L7?follow=no"]`).Text(); got != "Stop following" {
		t.Errorf("it is stopped by %q", got)
	}
	p.Refresh = 0
	if got := document(t, r, &p).Find(`a[href="/logouts/L7?follow=no"]`).Text(); got != "Follow along" {
		t.Errorf("it goes on by %q", got)
	}
	p.Refresh, p.Open = time.Second, false
	d = document(t, r, &p)
	if d.Find("noscript, [data-follow], [role=status]").Length() != 0 || d.Find("main a").Length() != 0 || d.Find("script").Length() != 1 {
		t.Error("it follows what is over")
	}
	// What the script puts in the place of what was must be in both documents.
	p.Open = true
	live := func(d *goquery.Document) []string {
		return d.Find("[data-live]").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("id", "") })
	}
	if a, b := live(document(t, r, &p)), live(d); len(a) == 0 || slices.Contains(a, "") || !slices.Equal(a, b) {
		t.Errorf("the parts are %q and then %q", a, b)
	}
}
