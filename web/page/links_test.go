package page

import (
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// everyJoin is each page about joining accounts, in each of its states.
func everyJoin(b Base, ways []Provider, anna Account) map[string]Page {
	since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	all := []Way{
		{Name: "CorporateID", Identity: "a***@acme.example", Origin: OriginFirst, Since: since, Link: "l1", Fixed: true, Current: true},
		{Name: "Google", Identity: "anna.berg@home.example", Origin: OriginPerson, Since: since, Link: "l2"},
		{Name: "PartnerIdentityService", Origin: OriginAdministrator, Since: since, Link: "l3"},
		{Name: "Fleet", Origin: OriginRule, Link: "l4"},
	}
	pages := map[string]Page{
		"join":          &Join{Base: b, Client: "Expenses", Address: "a***@acme.example", Providers: ways[:1], Password: true, Apart: true, Claim: true, Action: "/login/join", Tx: "t1"},
		"join/password": &Join{Base: b, Client: "Expenses", Address: "a***@acme.example", Password: true, Problem: WrongJoinPassword, Action: "/login/join", Tx: "t1"},
		"join/provider": &Join{Base: b, Address: "a***@acme.example", Providers: ways, Apart: true, Provider: "Google", Problem: OtherAccount, Action: "/login/join", Tx: "t1"},
		"join/claim":    &Join{Base: b, Address: "a***@acme.example", Claim: true, Provider: "Google", Action: "/login/join", Tx: "t1"},
		"links":         &Links{Base: b, Account: anna, Password: true, Ways: all, Add: ways, Action: "/account/links"},
		"links/done":    &Links{Base: b, Account: anna, Ways: all[:1], Add: ways[:1], Action: "/account/links", Done: true},
		"links/none":    &Links{Base: b, Account: anna, Password: true, Action: "/account/links"},
		"link":          &Link{Base: b, Account: anna, Provider: "Google", Identity: Account{Address: "anna.berg@home.example"}, Action: "/account/links", Tx: "t1"},
	}
	for _, p := range []LinksProblem{LastWay, FirstWay, GoneWay, DoubleWay} {
		pages["links/"+string(p)] = &Links{Base: b, Account: anna, Ways: all, Action: "/account/links", Problem: p}
	}
	return pages
}

// The page offers what its struct says, each choice as a form of its own, and the
// account's address nowhere in full.
func TestJoinChoices(t *testing.T) {
	r := testRenderer(t)
	d := document(t, r, &Join{Client: "Expenses", Address: "a***@acme.example", Providers: []Provider{corporate()}, Password: true, Apart: true, Claim: true, Action: "/login/join", Tx: "t1"})
	for _, choice := range []string{ChoiceApart, ChoiceClaim, ChoiceCancel} {
		if n := d.Find(`form[method=post][action="/login/join"] button[name=choice][value=` + choice + `]`).Length(); n != 1 {
			t.Errorf("%d buttons for %s", n, choice)
		}
	}
	if d.Find("input[type=password]").Length() != 1 || d.Find("ul.ways a").Length() != 1 {
		t.Error("a way to prove the account is missing")
	}
	d.Find("form").Each(func(_ int, s *goquery.Selection) {
		if s.Find("input[name=tx]").AttrOr("value", "") != "t1" {
			t.Error("a form does not say which sign-in it is of")
		}
	})
	d = document(t, r, &Join{Address: "a***@acme.example", Password: true, Action: "/login/join", Tx: "t1"})
	if d.Find("button[name=choice]").Length() != 0 || d.Find("details").Length() != 0 {
		t.Error("a choice is offered that there is not")
	}
}

// Only what can be taken away has a button for it, and that says what it removes
// to those who do not see the row.
func TestLinksRemovable(t *testing.T) {
	r := testRenderer(t)
	d := document(t, r, everyJoin(Base{}, []Provider{corporate()}, Account{Name: "Anna"})["links"])
	var got []string
	d.Find("button[value=remove]").Each(func(_ int, s *goquery.Selection) {
		got = append(got, strings.Join(strings.Fields(s.Text()), " ")+"="+s.Parent().Find("input[name=link]").AttrOr("value", ""))
	})
	if want := "Remove Google=l2,Remove PartnerIdentityService=l3,Remove Fleet=l4"; strings.Join(got, ",") != want {
		t.Errorf("%s, want %s", got, want)
	}
	if text := d.Find(".entries").Text(); !strings.Contains(text, "Added by an administrator · 2026-03-02") {
		t.Errorf("evidence %q", text)
	}
}

// Before a way in is added both names are shown, and leaving it is as near (A85).
func TestLinkNamesBoth(t *testing.T) {
	d := document(t, testRenderer(t), &Link{Account: Account{Name: "Anna Berg"}, Provider: "Google", Identity: Account{Address: "someone@home.example"}, Action: "/x", Tx: "t1"})
	if text := d.Find("main").Text(); !strings.Contains(text, "Anna Berg") || !strings.Contains(text, "someone@home.example") {
		t.Errorf("names: %s", text)
	}
	if d.Find("form[method=post] button[name=choice]").Length() != 2 {
		t.Error("yes and no are wanted")
	}
}
