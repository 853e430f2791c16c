package config

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "0": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute, "30d": 30 * day, "0d": 0,
		"1d12h": 36 * time.Hour, "3650d": 3650 * day, "106751d": 106751 * day,
		"": -1, "d": -1, "1": -1, "-1s": -1, "1d-1h": -1, "-1d": -1, "+1d": -1, "1.5d": -1, "1 d": -1, "30days": -1, "1h1d": -1, "1dd": -1,
		"106752d": -1, "106751d24h": -1, "99999999999999d": -1, "1w": -1, "9999999999999999999h": -1,
	} {
		got, err := parseDuration(text)
		if want < 0 && err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", text, got)
		} else if want >= 0 && (err != nil || got != want) {
			t.Errorf("parseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"callback_urls", "logout_urls", "name", "id", "providers", "secret", "secrets", "tokens", "client_secret"}
	for name, want := range map[string]string{
		"call_back_urls": "callback_urls", "callbackurls": "callback_urls", "callbackUrls": "callback_urls", "Name": "name", "nmae": "name", "ids": "id",
		"provider": "providers", "secret": "secret", "clientSecret": "client_secret", "token": "tokens", "tokens ": "tokens",
		"": "", "x": "", "zzzzz": "", "address": "", "largely_different": "", strings.Repeat("name", 30): "",
	} {
		if got := nearest(name, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestContrast(t *testing.T) {
	for _, c := range []struct {
		accent string
		ratio  float64
	}{
		{"#ffffff", 1}, {"#000000", 21}, {"#767676", 4.54}, {"#777777", 4.47}, {"#ff0000", 3.99}, {"#0000ff", 8.59}, {"#0b5cad", 6.68}, {"#ABCDEF", 1.65},
	} {
		parsed, ok := parseColour(c.accent)
		if !ok {
			t.Errorf("parseColour(%q) fails", c.accent)
			continue
		}
		if got := contrast(parsed, white); got < c.ratio-0.011 || got > c.ratio+0.011 {
			t.Errorf("contrast(%s, white) = %.3f, want %.2f", c.accent, got, c.ratio)
		}
	}
	for _, bad := range []string{"", "#", "#fff", "0b5cad", "#0b5ca", "#0b5cadd", "#0b5cag", "#+b5cad", "#-b5cad", "# b5cad", "#0x5cad"} {
		if c, ok := parseColour(bad); ok {
			t.Errorf("parseColour(%q) = %v", bad, c)
		}
	}
}

func TestSplitHost(t *testing.T) {
	for text, want := range map[string]string{
		"idp.corp.example": "idp.corp.example|", "localhost:8080": "localhost|8080", "10.0.0.1": "10.0.0.1|", "10.0.0.1:80": "10.0.0.1|80",
		"[::1]": "::1|", "::1": "::1|", "[::1]:443": "::1|443", "idp.example.": "idp.example.|", "xn--bcher-kva.example": "xn--bcher-kva.example|", "a_b:1": "a_b|1",
		"": "", ":80": "", "a:": "", "a:0": "", "a:65536": "", "a:x": "", "http://a": "", "a/b": "", "a b": "", "-a": "", "a-": "", "a..b": "", "*.a": "", "bücher.example": "",
		"fe80::1%eth0": "", strings.Repeat("a", 64): "", strings.Repeat("a.", 200): "", "user@a": "", "[::1": "", "::1]": "", "[a]": "", "[::1]x": "",
	} {
		host, port, err := splitHost(text)
		if got := host + "|" + port; (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("splitHost(%q) = %s, %v, want %q", text, got, err, want)
		}
	}
}

func TestListed(t *testing.T) {
	for _, c := range []struct {
		entry, url string
		want       bool
	}{
		{"localhost", "http://localhost:8081/x", true},
		{"localhost:8081", "http://localhost:8081/x", true},
		{"localhost:8080", "http://localhost:8081/x", false},
		{"localhost:80", "http://localhost/x", true},
		{"localhost:443", "https://localhost/x", true},
		{"LOCALHOST", "https://localhost/x", true},
		{"127.0.0.0/8", "http://localhost:8081/x", true},
		{"::1/128", "http://localhost:8081/x", true},
		{"10.0.0.0/8", "https://10.1.2.3/x", true},
		{"10.0.0.0/8", "https://11.1.2.3/x", false},
		{"10.0.0.0/8", "https://idp.corp.example/x", false},
		{"[::1]:8081", "http://[::1]:8081/x", true},
		{"idp.corp.example", "https://login.idp.corp.example/x", false},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := listed([]string{c.entry}, u); got != c.want {
			t.Errorf("listed(%q, %s) = %v", c.entry, c.url, got)
		}
	}
}

func TestProviderName(t *testing.T) {
	for name, want := range map[string]bool{
		"CorporateID": true, "abc": true, "a_b": true, "Größe": true, "x-y.z": true, "日本語": true,
		"ab": false, "_abc": false, "abc_d": false, "a b": false, "abc ": false, "ab\u200bc": false, "": false,
	} {
		if got := providerName.MatchString(name); got != want {
			t.Errorf("provider name %q: %v, want %v", name, got, want)
		}
	}
}

func TestCustomScope(t *testing.T) {
	for scope, want := range map[string]bool{
		"billing/read": true, "https://api.example/orders/read": true,
		"billing": false, "/read": false, "billing/": false, "": false, "/": false,
	} {
		if got := customScope(scope); got != want {
			t.Errorf("customScope(%q) = %v, want %v", scope, got, want)
		}
	}
}
