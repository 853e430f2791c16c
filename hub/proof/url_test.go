package proof_test

import (
	"net/url"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/proof"
)

func TestCanonicalURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://a.example/b":                 "https://a.example/b",
		"HTTPS://A.Example:443/b?c#d":         "https://a.example/b",
		"http://a.example:80":                 "http://a.example/",
		"http://a.example:443/":               "http://a.example:443/",
		"https://a.example:/b":                "https://a.example/b",
		"https://a.example:8443/b/":           "https://a.example:8443/b/",
		"https://a.example/B":                 "https://a.example/B",
		"https://a.example//b":                "https://a.example//b",
		"https://a.example/%7eb/%c3%a9%2f":    "https://a.example/~b/%C3%A9%2F",
		"https://a.example/é":                 "https://a.example/%C3%A9",
		"https://a.example/a/./b/../c":        "https://a.example/a/c",
		"https://a.example/../../a":           "https://a.example/a",
		"https://a.example/a/..":              "https://a.example/",
		"https://a.example/a/b/.":             "https://a.example/a/b/",
		"https://a.example/a/%2e%2E/b":        "https://a.example/b",
		"https://a.example?b":                 "https://a.example/",
		"https://[2001:DB8::1]:443/a":         "https://[2001:db8::1]/a",
		"https://[::1]:8443/a":                "https://[::1]:8443/a",
		"https://a.example/a;b=c,d!$&'()*+:@": "https://a.example/a;b=c,d!$&'()*+:@",
		"":                                    "",
		"/b":                                  "",
		"a.example/b":                         "",
		"//a.example/b":                       "",
		"https:///b":                          "",
		"https:b":                             "",
		"ftp://a.example/":                    "",
		"https://a%20b.example/":              "",
		"https://\u212a.example/":             "",
		"https://%e2%84%aa.example/":          "",
		"https://[fe80::1%25eth0]/":           "",
		"https://user@a.example/":             "",
		"https://a.example/%zz":               "",
		"https://a.example/\x00":              "",
		"https://a.example:port/":             "",
		" https://a.example/":                 "",
		"javascript://a.example/%0aalert(1)":  "",
	} {
		if got, err := proof.CanonicalURL(text); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
}

// FuzzCanonicalURL: what has a canonical form is the canonical form of that form, and names the same host and path to net/url, but for
// dot segments.
func FuzzCanonicalURL(f *testing.F) {
	for _, text := range []string{"HTTPS://A.Example:443/b?c#d", "https://[::1]:8443/a/%2e%2E/%c3%a9%2f", "http://a//..//.", "https://a:/%", "https://%41/", "https://[::1%25eth0]/"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, err := proof.CanonicalURL(text)
		if err != nil {
			return
		}
		u, err := url.Parse(once)
		if err != nil || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Path == "" {
			t.Fatalf("%q gives %q, %v", text, once, err)
		}
		if twice, err := proof.CanonicalURL(once); twice != once {
			t.Errorf("%q gives %q, which gives %q, %v", text, once, twice, err)
		}
	})
}
