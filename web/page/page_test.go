package page

import (
	"bytes"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// testRenderer has English, a stand-in for a language with long words and one
// that runs from right to left.
//
// It is made once: tests share it as the handlers do.
func testRenderer(t testing.TB) *Renderer {
	t.Helper()
	r, err := sharedRenderer()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var sharedRenderer = sync.OnceValues(func() (*Renderer, error) {
	german, hebrew := English(), English()
	german["language.tag"] = "de"
	german["login.continue"] = "um mit {client} fortzufahren"
	german["login.title"] = "Anmelden"
	hebrew["language.tag"], hebrew["language.dir"] = "he", "rtl"
	return New(Options{Catalogues: []Catalogue{german, hebrew}})
})

func testBrand(t testing.TB, r *Renderer) *Brand {
	t.Helper()
	brand, err := r.Brand(Branding{
		Name: "Acme", Accent: "#5b5bd6",
		Terms: "https://acme.example/terms", Privacy: "https://acme.example/privacy", Help: "mailto:help@acme.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	return brand
}

func render(t testing.TB, r *Renderer, p Page) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.Render(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parseHTML(t testing.TB, html []byte) *goquery.Document {
	t.Helper()
	d, err := goquery.NewDocumentFromReader(bytes.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func document(t testing.TB, r *Renderer, p Page) *goquery.Document {
	t.Helper()
	return parseHTML(t, render(t, r, p))
}

func corporate() Provider {
	return Provider{Name: "CorporateID", Kind: Corporate, Href: "/federate?provider=CorporateID&tx=t1"}
}

func social(name, mark string) Provider {
	return Provider{Name: name, Mark: mark, Href: "/federate?provider=" + name + "&tx=t1"}
}

// everyPage is each page in each of its states, by name.
func everyPage(brand *Brand) map[string]Page {
	b := Base{Brand: brand}
	ways := []Provider{social("Google", "google"), corporate(), social("Microsoft", "microsoft")}
	rules := []Rule{{Rule: RuleLength, Min: 8}, {Rule: RuleLower}, {Rule: RuleUpper}, {Rule: RuleDigit, Broken: true}, {Rule: RuleSymbol}}
	anna, ben := Account{Name: "Anna Berg", Address: "anna@acme.example"}, Account{Address: "ben@acme.example"}
	pages := map[string]Page{
		"login":            &Login{Base: b, Client: "Expenses", Providers: ways, Step: StepBoth, Action: "/login", Tx: "t1"},
		"login/providers":  &Login{Base: b, Client: "Expenses", Providers: ways},
		"login/form":       &Login{Base: b, Step: StepBoth, Action: "/login", Tx: "t1"},
		"login/address":    &Login{Base: b, Client: "Expenses", Step: StepAddress, Identifier: EmailAddress, Action: "/login", Tx: "t1"},
		"login/password":   &Login{Base: b, Client: "Expenses", Step: StepPassword, Identifier: EmailAddress, Action: "/login", Tx: "t1", Username: "anna@acme.example", Change: "/login?tx=t1"},
		"login/account":    &Login{Base: b, Client: "Expenses", Account: &anna, Action: "/login", Tx: "t1"},
		"new password":     &NewPassword{Base: b, Client: "Expenses", Username: "ben", Rules: rules, Problem: PasswordRules, Action: "/password", Tx: "t1", Fields: []Field{{Name: "given_name"}}},
		"profile":          &Profile{Base: b, Client: "Expenses", Action: "/profile", Tx: "t1", Fields: []Field{{Name: "family_name"}}},
		"profile/many":     &Profile{Base: b, Client: "Expenses", Provider: "Google", Action: "/profile", Tx: "t1", Fields: everyField()},
		"profile/two":      &Profile{Base: b, Action: "/profile", Tx: "t1", Fields: []Field{{Name: "family_name"}, {Name: "email"}}},
		"signed out":       &SignedOut{Base: b, From: []string{"Expenses", "Fleet"}, Unreached: []string{"Payroll"}, Still: true, Return: "https://expenses.example/", Client: "Expenses", SignIn: "/login"},
		"signed out/one":   &SignedOut{Base: b, From: []string{"Expenses"}, Still: true, Provider: "Google"},
		"signed out/plain": &SignedOut{Base: b},
		"sign out":         &SignOutConfirm{Base: b, Account: anna, Client: "Expenses", Apps: []string{"Fleet"}, Action: "/logout", Tx: "t1"},
		"device, typing":   &Device{Base: b, UserCode: "XX", Action: "/device", Problem: WrongDeviceCode},
		"device, asking":   &Device{Base: b, Client: "Expenses", Account: &anna, UserCode: "WDJB-MJHT", Address: "192.0.2.7", Action: "/device"},
		"device, allowed":  &Device{Base: b, Client: "Expenses", Action: "/device", Allowed: true},
		"device, denied":   &Device{Base: b, Client: "Expenses", Action: "/device", Denied: true},
		"switch":           &Switch{Base: b, Client: "Expenses", Current: anna, Other: ben, Action: "/switch", Tx: "t1"},
		"switch/plain":     &Switch{Base: b, Current: anna, Other: ben, Action: "/switch", Tx: "t1"},
		"working":          &Working{Base: b, Client: "Expenses", Action: "https://expenses.example/cb", Fields: []Hidden{{"code", "abc"}, {"state", "s"}}},
		"error":            &Error{Base: b, Status: 404, RequestID: "01JD3Q"},
		"error/no brand":   &Error{Status: 500},
		"code":             &Code{Base: b, Client: "Expenses", To: "a***@acme.example", Resend: 30 * time.Second, Action: "/code", Tx: "t1"},
		"code/wrong":       &Code{Base: b, To: "a***@acme.example", Digits: 8, Problem: WrongCode, Action: "/code", Tx: "t1"},
	}
	for _, p := range []Problem{WrongPassword, UsernameMissing, PasswordMissing, AddressMissing, AddressInvalid} {
		pages["login/"+string(p)] = &Login{Base: b, Step: StepBoth, Providers: ways, Username: "anna", Problem: p, Action: "/login", Tx: "t1"}
	}
	for _, reason := range []PasswordReason{TemporaryPassword, PasswordExpired, PasswordReset} {
		pages["new password/"+string(reason)] = &NewPassword{Base: b, Reason: reason, Username: "ben", Rules: rules, Action: "/password", Tx: "t1"}
	}
	for _, p := range []Problem{PasswordRules, PasswordSame, PasswordCommon} {
		pages["new password/"+string(p)] = &NewPassword{Base: b, Problem: p, Username: "ben", Action: "/password", Tx: "t1"}
	}
	pages["code/expired"] = &Code{Base: b, Problem: CodeExpired, Action: "/code", Tx: "t1"}
	for _, reason := range everyReason {
		pages["stopped/"+string(reason)] = &Stopped{Base: b, Reason: reason, Client: "Expenses", Attribute: "family_name", Code: "K7QF-2M9X", Retry: "/login?tx=t1", Others: ways}
		pages["stopped/"+string(reason)+"/less"] = &Stopped{Base: b, Reason: reason, Provider: "Google", Attribute: "family_name", Wait: 14 * time.Minute, Others: ways}
	}
	pages["stopped/code only"] = &Stopped{Base: b, Reason: ProviderWrong, Code: "K7QF-2M9X"}
	pages["stopped/request"] = &Stopped{Base: b, Reason: RequestRefused, Client: "Expenses", Code: "K7QF-2M9X",
		Mismatches: []Mismatch{{Name: "redirect_uri", Received: "https://other.example/cb", Registered: []string{"https://expenses.example/cb"}}, {Name: "response_type"}}}
	for _, status := range []int{400, 403, 404, 405, 413, 418, 429, 500, 502, 503} {
		pages["error/"+string(rune(status))] = &Error{Base: b, Status: status}
	}
	maps.Copy(pages, everyJoin(b, ways, anna))
	maps.Copy(pages, everySignOut(b))
	maps.Copy(pages, everyRecord(b))
	return pages
}

var everyReason = []Reason{
	Cancelled, ProviderSilent, ProviderWrong, ProviderRefused, AttributeRefused, AccountDisabled, CreationOff, NameTaken,
	NotProven, LinkTaken, LinkLimit, NotAllowed, TooManyAttempts, Expired, OtherBrowser, RequestRefused, SignOutRefused, Unavailable,
}

// everyField is each standard attribute and each type, with each problem.
func everyField() []Field {
	problems := []FieldProblem{"", FieldMissing, FieldInvalid, FieldShort, FieldLong}
	var list []Field
	for name := range standard {
		list = append(list, Field{Name: name, Problem: problems[len(list)%len(problems)], MinLength: 2, MaxLength: 99})
	}
	return append(list,
		Field{Name: "custom:cost_centre", Label: "Cost centre", Type: Number},
		Field{Name: "custom:leads", Type: Boolean, Value: "true"},
		Field{Name: "custom:since", Type: DateTime, Optional: true},
	)
}
