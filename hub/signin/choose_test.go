package signin_test

import (
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/signin"
)

// routing is a pool with a provider for two domains, one that the client may not
// use, and one that is off.
func routing() (*hub.Pool, *hub.Client) {
	p := &hub.Pool{Providers: []*hub.Provider{
		{Name: "Corp", Enabled: true, Identifiers: []string{"corp.example", "xn--bcher-kva.example", "staff"}},
		{Name: "Others", Enabled: true, Identifiers: []string{"others.example"}},
		{Name: "Off", Identifiers: []string{"off.example"}},
	}}
	return p, &hub.Client{Providers: []string{"Corp", "Off"}}
}

func route(address string) string {
	p, c := routing()
	if pr := signin.Route(p, c, address); pr != nil {
		return pr.Name
	}
	return ""
}

// Only the whole domain of a plainly single address routes, in whatever spelling
// stands for that domain and no other.
func TestA78_DomainRouting(t *testing.T) {
	for _, address := range []string{
		"ana@corp.example", "Ana.Berg+tag@CORP.Example", " ana@corp.example ", "ana@bücher.example", "ana@BÜCHER.example",
		"ana@xn--bcher-kva.example", "ána@corp.example", "ana@staff",
		"ana@ｃｏｒｐ.example", // full width is the same name to every resolver
	} {
		if got := route(address); got != "Corp" {
			t.Errorf("%q goes to %q", address, got)
		}
	}
	for _, address := range []string{
		"", "@", "ana", "ana@", "@corp.example", "corp.example",
		"ana@sub.corp.example", "ana@corp.example.evil.example", "ana@evilcorp.example", "ana@corp.example.", "ana@.corp.example", "ana@corp..example",
		"ana@corp.examples", "ana@corp.exampl", "ana@corp-example", "ana@corp.example/", "ana@corp.example:443", "ana@corp.example?x", "ana@corp.example#x",
		"ana@evil.example@corp.example", "ana@corp.example@evil.example", `"ana@evil.example"@corp.example`, `ana\@corp.example`, "ana@[corp.example]",
		"ana@corp.example,ben@corp.example", "ana@corp.example;ben@corp.example", "ana@corp.example ben@corp.example", "<ana@corp.example>",
		"Ana <ana@corp.example>", "ana@corp.example(x)", "ana@corp.example\r\nbcc:ben@corp.example", "ana@corp.example\x00", "ana@corp.example\t.evil.example",
		"ana@corp\u200b.example", "ana@corp.example\u202e", "ana\u202e@corp.example", "ana@corp.example\u3000x",
		"ana@соrp.example",        // with Cyrillic letters
		"ana@corp\u2024example",   // a leader that looks like a dot
		"ana@corp.e\u0445ample",   // Cyrillic kha
		"ana@\u212aorp.example",   // the sign of kelvin is a k
		"ana@xn--crp-xyz.example", // no label of IDNA
		"ana\xff@corp.example", "ana@corp\xff.example",
		"ana@others.example", "ana@off.example",
		strings.Repeat("a", 250) + "@corp.example",
	} {
		if got := route(address); got != "" {
			t.Errorf("%q goes to %q", address, got)
		}
	}
}

// FuzzRoute: what routes is one address, and its domain is one of the list.
func FuzzRoute(f *testing.F) {
	for _, address := range []string{"ana@corp.example", "ana@bücher.example", "a@b@corp.example", "ana@corp.example.", "ｃ@staff"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if route(address) == "" {
			return
		}
		plain := strings.TrimSpace(address)
		if strings.Count(plain, "@") != 1 || strings.ContainsAny(plain, " \t\r\n\x00,;<>\"()[]\\:") || strings.HasPrefix(plain, "@") {
			t.Errorf("%q routes", address)
		}
	})
}
