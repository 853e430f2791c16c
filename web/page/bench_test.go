package page

import (
	"io"
	"testing"
)

func BenchmarkLogin(b *testing.B) {
	r, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	brand, err := r.Brand(Branding{Name: "Acme", Accent: "#5b5bd6", Terms: "https://acme.example/terms", Privacy: "https://acme.example/privacy"})
	if err != nil {
		b.Fatal(err)
	}
	p := &Login{
		Base: Base{Brand: brand}, Client: "Expenses", Step: StepBoth, Action: "/login", Tx: "mB0vGd3qYw", Username: "anna.berg@acme.example",
		Providers: []Provider{
			{Name: "CorporateID", Kind: Corporate, Href: "/federate?provider=CorporateID&tx=mB0vGd3qYw"},
			{Name: "Google", Mark: "google", Href: "/federate?provider=Google&tx=mB0vGd3qYw", LastUsed: true},
			{Name: "Microsoft", Mark: "microsoft", Href: "/federate?provider=Microsoft&tx=mB0vGd3qYw"},
		},
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Render(io.Discard, p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLogoutRecord is a sign-out of fifty apps.
func BenchmarkLogoutRecord(b *testing.B) {
	r, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	p := everyRecord(Base{})["record/many"]
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Render(io.Discard, p); err != nil {
			b.Fatal(err)
		}
	}
}
