package middleware

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func prefixes(t testing.TB, list ...string) []netip.Prefix {
	t.Helper()
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// seen returns what a handler behind Address learns of a request.
func seen(trusted []netip.Prefix, r *http.Request) (addr netip.Addr, scheme string, header http.Header) {
	Address(trusted)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		addr, scheme, header = Client(r), Scheme(r), r.Header
	})).ServeHTTP(httptest.NewRecorder(), r)
	return addr, scheme, header
}

func TestA115_ForwardingHeaders(t *testing.T) {
	trusted := prefixes(t, "10.0.0.0/8", "2001:db8:1::/48")
	cases := []struct {
		what       string
		peer       string
		for_       []string
		proto      []string
		wantAddr   string
		wantScheme string
	}{
		{"no proxy", "192.0.2.9:1", nil, nil, "192.0.2.9", "http"},
		{"stranger poses as proxy", "192.0.2.9:1", []string{"198.51.100.1"}, []string{"https"}, "192.0.2.9", "http"},
		{"trusted proxy", "10.1.1.1:1", []string{"198.51.100.1"}, []string{"https"}, "198.51.100.1", "https"},
		{"trusted proxy, mapped", "[::ffff:10.1.1.1]:1", []string{"198.51.100.1"}, nil, "198.51.100.1", "http"},
		{"trusted proxy by IPv6", "[2001:db8:1::5]:1", []string{"2001:db8:9::1"}, []string{"HTTPS"}, "2001:db8:9::1", "https"},
		{"client adds its own in front", "10.1.1.1:1", []string{"127.0.0.1, 198.51.100.1"}, nil, "198.51.100.1", "http"},
		{"two proxies", "10.1.1.1:1", []string{"198.51.100.1, 10.2.2.2"}, nil, "198.51.100.1", "http"},
		{"two lines", "10.1.1.1:1", []string{"203.0.113.5", "198.51.100.1, 10.2.2.2"}, nil, "198.51.100.1", "http"},
		{"all trusted", "10.1.1.1:1", []string{"10.3.3.3, 10.2.2.2"}, nil, "10.3.3.3", "http"},
		{"with port", "10.1.1.1:1", []string{"198.51.100.1:4711"}, nil, "198.51.100.1", "http"},
		{"IPv6 with port", "10.1.1.1:1", []string{"[2001:db8:9::1]:4711"}, nil, "2001:db8:9::1", "http"},
		{"zone", "10.1.1.1:1", []string{"fe80::1%eth0"}, nil, "fe80::1", "http"},
		{"junk", "10.1.1.1:1", []string{"unknown"}, []string{"gopher"}, "10.1.1.1", "http"},
		{"junk behind a proxy", "10.1.1.1:1", []string{"198.51.100.1, junk, 10.2.2.2"}, nil, "10.1.1.1", "http"},
		{"junk that is not read", "10.1.1.1:1", []string{"junk, 198.51.100.1"}, nil, "198.51.100.1", "http"},
		{"empty elements", "10.1.1.1:1", []string{"198.51.100.1,,"}, nil, "10.1.1.1", "http"},
		{"only commas", "10.1.1.1:1", []string{",,,"}, []string{""}, "10.1.1.1", "http"},
		{"unspecified", "10.1.1.1:1", []string{"0.0.0.0"}, nil, "10.1.1.1", "http"},
		{"unspecified, mapped", "10.1.1.1:1", []string{"::ffff:0.0.0.0"}, nil, "10.1.1.1", "http"},
		{"octal", "10.1.1.1:1", []string{"0198.051.0100.01"}, nil, "10.1.1.1", "http"},
		{"nearest proxy says the scheme", "10.1.1.1:1", nil, []string{"https, http"}, "10.1.1.1", "http"},
		{"no address at all", "@", []string{"198.51.100.1"}, []string{"https"}, "invalid IP", "http"},
	}
	for _, tc := range cases {
		t.Run(tc.what, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tc.peer
			r.Host = "id.example"
			r.Header["X-Forwarded-For"] = tc.for_
			r.Header["X-Forwarded-Proto"] = tc.proto
			r.Header.Set("X-Forwarded-Host", "evil.example")
			r.Header.Set("Forwarded", "for=1.2.3.4;host=evil.example")
			addr, scheme, header := seen(trusted, r)
			if addr.String() != tc.wantAddr || scheme != tc.wantScheme {
				t.Errorf("%v by %s, want %s by %s", addr, scheme, tc.wantAddr, tc.wantScheme)
			}
			for _, name := range forwarding {
				if _, ok := header[name]; ok {
					t.Errorf("%s is still there", name)
				}
			}
			if r.Host != "id.example" {
				t.Errorf("host became %q", r.Host)
			}
		})
	}
}

func TestSchemeByTLS(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.TLS = &tls.ConnectionState{}
	if Scheme(r) != "https" || Client(r).String() != "192.0.2.1" {
		t.Errorf("without Address: %s from %v", Scheme(r), Client(r))
	}
	r.RemoteAddr = "10.1.1.1:1"
	r.Header.Set("X-Forwarded-Proto", "http")
	if _, scheme, _ := seen(prefixes(t, "10.0.0.0/8"), r); scheme != "http" {
		t.Errorf("a trusted proxy that speaks TLS to us says http, we say %s", scheme)
	}
}

// FuzzForwardedFor holds that whatever the header says, the address is the
// peer's or one that stands in the header, and never one with a second spelling.
func FuzzForwardedFor(f *testing.F) {
	trusted := prefixes(f, "10.0.0.0/8")
	f.Add("198.51.100.1, 10.2.2.2", "1.2.3.4")
	f.Add("::ffff:1.2.3.4%x, [::1]:2", ",,")
	f.Fuzz(func(t *testing.T, a, b string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "10.1.1.1:1"
		r.Header["X-Forwarded-For"] = []string{a, b}
		addr, _, _ := seen(trusted, r)
		if !addr.IsValid() || addr.Is4In6() || addr.Zone() != "" || addr.IsUnspecified() {
			t.Errorf("%q %q gave %v", a, b, addr)
		}
		r.RemoteAddr = "192.0.2.9:1"
		if addr, _, _ := seen(trusted, r); addr.String() != "192.0.2.9" {
			t.Errorf("%q %q from a stranger gave %v", a, b, addr)
		}
	})
}
