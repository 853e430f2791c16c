package page

import (
	"strings"
	"testing"
)

func TestRenderSmoke(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	brand, err := r.Brand(Branding{Name: "Acme", Accent: "#5b5bd6", Terms: "https://acme.example/terms"})
	if err != nil {
		t.Fatal(err)
	}
	base := Base{Brand: brand}
	for _, p := range []Page{
		&Login{Base: base, Client: "Expenses", Step: StepBoth, Problem: WrongPassword, Providers: []Provider{{Name: "G", Href: "/x?y=1&z=2", Mark: "google"}}},
		&Login{Base: base, Step: StepPassword}, &Login{Base: base, Account: &Account{Name: "Anna"}},
		&NewPassword{Base: base, Reason: TemporaryPassword, Rules: []Rule{{Rule: RuleLength, Min: 8}}},
		&Profile{Base: base, Fields: []Field{{Name: "family_name", Problem: FieldMissing}, {Name: "custom:x", Type: Boolean}}},
		&Stopped{Base: base, Reason: ProviderSilent, Code: "K7QF-2M9X"}, &SignedOut{Base: base}, &SignOutConfirm{Base: base},
		&Switch{Base: base}, &Working{Base: base}, &Error{Base: base, Status: 404}, &Code{Base: base, Resend: 30e9},
	} {
		var b strings.Builder
		if err := r.Render(&b, p); err != nil {
			t.Error(err)
		}
		if testing.Verbose() {
			t.Log(b.String())
		}
	}
}
