package oauth_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/oauth/oauthtest"
)

// registrable are URIs that registration takes, each for a reason.
var registrable = []string{
	"https://app.example",
	"https://app.example/",
	"https://app.example/cb",
	"https://app.example:8443/a/b/",
	"https://app.example/cb?tenant=eu&x=",
	"https://app.example/cb?",
	"https://app.example/a%20b/%C3%A4",
	"https://app.example/.hidden/..x/x..",
	"https://xn--bcher-kva.example/cb",
	"https://under_score.example/cb",
	"https://192.0.2.1/cb",
	"https://[2001:db8::1]:8443/cb",
	"https://app.example/" + strings.Repeat("a", oauth.MaxRedirectURI-len("https://app.example/")),
	"http://localhost/cb",
	"http://localhost:3000/cb",
	"http://app.pool.localhost:9400/oauth2/idpresponse",
	"http://127.0.0.1/cb",
	"http://127.0.0.1:49152/cb",
	"http://127.8.9.10/cb",
	"http://[::1]:3000/cb",
	"com.example.app:/cb",
	"com.example.app://cb",
	"myapp://",
	"myapp://callback",
	"myapp://callback/path?x=1",
	"my-app+1://cb",
}

func TestCheckRedirectURITakes(t *testing.T) {
	for _, uri := range registrable {
		if err := oauth.CheckRedirectURI(uri); err != nil {
			t.Errorf("%.80s: %v", uri, err)
		}
	}
}

func TestA02_ResponseNamesAndFragmentsAreRefused(t *testing.T) {
	for _, name := range []string{
		"code", "state", "iss", "error", "error_description", "error_uri", "id_token", "access_token", "token_type", "expires_in", "session_state", "response",
	} {
		for _, query := range []string{
			name + "=x", name, name + "=", "a=1&" + name + "=x", name + "=x&a=1", "%" + hexOf(name[0]) + name[1:] + "=x", name + "%5B%5D=x", name + "%5B0%5D=x", "+" + name + "=x",
			name + "+=x",
		} {
			if err := oauth.CheckRedirectURI("https://app.example/cb?" + query); codeOf(t, err) != oauth.InvalidRedirectURI {
				t.Errorf("?%s: %v", query, err)
			}
			if to, err := oauth.RedirectURL("https://app.example/cb?"+query, []oauth.Field{{Name: name, Value: "v"}}); err == nil {
				t.Errorf("?%s: the response would go to %s", query, to)
			}
		}
		if err := oauth.CheckRedirectURI("https://app.example/cb?my_" + name + "=x&x=" + name); err != nil {
			t.Errorf("my_%s: %v", name, err)
		}
	}
	for _, uri := range []string{"https://app.example/#", "https://app.example/cb#x", "https://app.example#/cb", "myapp://cb#", "https://app.example/?a=1#code=2"} {
		if err := oauth.CheckRedirectURI(uri); codeOf(t, err) != oauth.InvalidRedirectURI {
			t.Errorf("%s: %v", uri, err)
		}
		if to, err := oauth.RedirectURL(uri, []oauth.Field{{Name: "code", Value: "v"}}); err == nil {
			t.Errorf("%s: the response would go to %s", uri, to)
		}
	}
}

func hexOf(c byte) string {
	return strings.ToUpper(string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]))
}

func TestA03_DangerousURIsAreRefused(t *testing.T) {
	for name, uris := range map[string][]string{
		"script, data and file": {
			"javascript:alert(1)", "javascript://app.example/%0aalert(1)", "JavaScript://app.example/x", "java\tscript:alert(1)", " javascript:alert(1)",
			"data:text/html,x", "data://x/y", "vbscript:x", "vbscript://x", "file:///etc/passwd", "file://host/x", "blob:https://app.example/x",
			"blob://x", "about:blank", "about://blank", "filesystem://x", "view-source://app.example", "intent://app.example/", "content://x/y", "jar://x",
			"ftp://app.example/", "ws://app.example/", "wss://app.example/", "mailto://x@app.example", "tel://1", "sms://1", "resource://x",
		},
		"plain http": {
			"http://app.example/cb", "http://localhost.evil.example/", "http://localhost.", "http://notlocalhost/cb", "http://127.0.0.1.evil.example/",
			"http://10.0.0.1/", "http://0.0.0.0/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[fe80::1]/", "http://2130706433/", "http://0x7f000001/",
			"http://127.1/", "http://.localhost/", "http://127.0.0.1@evil.example/", "http://localhost@evil.example/",
		},
		"wildcards":  {"https://*.app.example/cb", "https://app.example/*", "https://app.example/cb?*", "https://*", "*", "https://app.example:*/cb", "myapp://*"},
		"user names": {"https://user@app.example/", "https://user:pw@app.example/", "https://app.example@evil.example/", "https://@app.example/", "myapp://u@x/"},
		"hosts and ports": {
			"https://", "https:///cb", "https://:443/", "https://app.example:/cb", "https://app.example:0/", "https://app.example:65536/", "https://app.example:0443/",
			"https://app.example:x/", "https://app..example/", "https://.app.example/", "https://app.example./", "https://app%2eexample/", "https://app.ex(ample/",
			"https://[::1%25lo]/", "https://[::1/", "https://[app.example]/", "https://b\u00fccher.example/", "https://b%C3%BCcher.example/", "https://a,b/", "https://a;b/",
		},
		"form": {
			"", " ", "app.example/cb", "/cb", "//app.example/cb", "https:app.example/cb", "https:/app.example/cb", "HTTPS://app.example/cb", "Myapp://cb",
			"https://app.example/cb ", " https://app.example/cb", "https://app.example/c b", "https://app.example/\n", "https://app.example/\x00",
			"https://app.example\\@evil.example/", "https://app.example/a\\b", "https://app.example/<b>", "https://app.example/\"", "https://app.example/{x}",
			"https://app.example/%", "https://app.example/%zz", "https://app.example/cb?x=%", "https://app.example/cb?a;b", "https://app.example/[x]",
			"https://app.example/cb?x[]=1", "https://app.example/\u00e4",
			"https://app.example/" + strings.Repeat("a", oauth.MaxRedirectURI), "myapp:", "myapp:/cb", "myapp:cb", "com.example.app:", "com.example.app:cb", "urn:ietf:wg:oauth:2.0:oob",
			"1app://cb", "my_app://cb", "://cb", ":",
		},
		"dot segments": {
			"https://app.example/..", "https://app.example/a/../b", "https://app.example/./a", "https://app.example/a/.", "https://app.example/%2e%2e/a",
			"https://app.example/a/.%2E/b", "https://app.example/%2e", "myapp://cb/../x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, uri := range uris {
				err := oauth.CheckRedirectURI(uri)
				if err == nil {
					t.Errorf("%q is taken", uri)
					continue
				}
				var e *oauth.Error
				if !errors.As(err, &e) || e.Code != oauth.InvalidRedirectURI || !strings.HasPrefix(e.Description, "the redirect URI is refused: ") {
					t.Errorf("%q: %v", uri, err)
				}
			}
		})
	}
}

func TestA01_OnlyTheRegisteredBytesMatch(t *testing.T) {
	total := 0
	for _, uri := range registrable {
		if !strings.Contains(uri, "://") {
			continue
		}
		variants := oauthtest.RedirectVariants(uri)
		total += len(variants)
		for _, v := range variants {
			if oauth.MatchRedirectURI([]string{uri}, v, false) {
				t.Errorf("%q matches the registered %q", v, uri)
			}
		}
		for _, native := range []bool{false, true} {
			if !oauth.MatchRedirectURI([]string{"https://other.example", uri}, uri, native) {
				t.Errorf("%q does not match itself", uri)
			}
		}
	}
	if total < 300*len(registrable)/2 {
		t.Errorf("only %d variants were tried", total)
	}
	if oauth.MatchRedirectURI(nil, "", true) || oauth.MatchRedirectURI([]string{""}, "", false) || oauth.MatchRedirectURI([]string{}, "https://app.example", true) {
		t.Error("nothing matches something")
	}
}

func TestA04_OnlyThePortOfALiteralLoopbackAddressMayDiffer(t *testing.T) {
	registered := []string{"http://127.0.0.1/cb", "http://[::1]:8080/cb?x=1", "http://localhost:3000/cb", "https://127.0.0.1/cb", "http://127.0.0.2/cb"}
	for uri, want := range map[string]bool{
		"http://127.0.0.1:49152/cb":             true,
		"http://127.0.0.1:1/cb":                 true,
		"http://127.0.0.1/cb":                   true,
		"http://[::1]/cb?x=1":                   true,
		"http://[::1]:1/cb?x=1":                 true,
		"http://localhost:3000/cb":              true,
		"http://127.0.0.1:/cb":                  false,
		"http://127.0.0.1:0/cb":                 false,
		"http://127.0.0.1:080/cb":               false,
		"http://127.0.0.1:65536/cb":             false,
		"http://127.0.0.1:80a/cb":               false,
		"http://127.0.0.1:+80/cb":               false,
		"http://127.0.0.1:80/cb/":               false,
		"http://127.0.0.1:80/CB":                false,
		"http://127.0.0.1:80/":                  false,
		"http://127.0.0.1:80":                   false,
		"http://127.0.0.1:80/cb?x=1":            false,
		"http://127.0.0.1:80/cb#":               false,
		"http://127.0.0.1:80@evil.example/cb":   false,
		"http://127.0.0.1@evil.example/cb":      false,
		"http://127.0.0.1.evil.example/cb":      false,
		"http://127.0.0.12:80/cb":               false,
		"http://127.0.0.2:80/cb":                false,
		"http://127.1:80/cb":                    false,
		"http://u@127.0.0.1:80/cb":              false,
		"HTTP://127.0.0.1:80/cb":                false,
		"https://127.0.0.1:80/cb":               false,
		"http://localhost:3001/cb":              false,
		"http://localhost/cb":                   false,
		"http://[::1]:80/cb":                    false,
		"http://[::1]:80/cb?x=2":                false,
		"http://[::2]:80/cb?x=1":                false,
		"http://[0:0:0:0:0:0:0:1]:80/cb?x=1":    false,
		"http://127.0.0.1:80\\@evil.example/cb": false,
	} {
		if got := oauth.MatchRedirectURI(registered, uri, true); got != want {
			t.Errorf("%s matches: %v, want %v", uri, got, want)
		}
		if want = slices.Contains(registered, uri); oauth.MatchRedirectURI(registered, uri, false) != want {
			t.Errorf("%s without the native rule: want %v", uri, want)
		}
	}
}

// Without the native rule a match is equality; with it the two differ at most in the digits of a loopback port.
func FuzzA01_MatchRedirectURI(f *testing.F) {
	f.Add("https://app.example/cb", "https://app.example/cb")
	f.Add("http://127.0.0.1/cb", "http://127.0.0.1:80/cb")
	f.Add("http://[::1]:1/cb", "http://[::1]/cb")
	f.Fuzz(func(t *testing.T, registered, uri string) {
		if oauth.MatchRedirectURI([]string{registered}, uri, false) && registered != uri {
			t.Errorf("%q matches %q", uri, registered)
		}
		if !oauth.MatchRedirectURI([]string{registered}, uri, true) || registered == uri {
			return
		}
		a, err1 := url.Parse(registered)
		b, err2 := url.Parse(uri)
		if err1 != nil || err2 != nil {
			return
		}
		if a.Scheme != "http" || a.Hostname() != b.Hostname() || a.RequestURI() != b.RequestURI() || b.User != nil || a.Fragment != b.Fragment {
			t.Errorf("%q matches %q, and they differ in more than the port", uri, registered)
		}
		if host := b.Hostname(); host != "127.0.0.1" && host != "::1" {
			t.Errorf("%q matches %q off loopback", uri, registered)
		}
	})
}

// A URI that registration takes can carry any response: the client finds each parameter once, its own query and the rest untouched.
func FuzzA02_RegisteredURIsCarryResponses(f *testing.F) {
	for _, uri := range registrable {
		f.Add(uri)
	}
	f.Add("https://app.example/cb?%63ode=x")
	f.Fuzz(func(t *testing.T, uri string) {
		if oauth.CheckRedirectURI(uri) != nil {
			return
		}
		before, err := url.Parse(uri)
		if err != nil {
			t.Fatalf("%q is taken and does not parse: %v", uri, err)
		}
		for _, r := range []oauth.AuthorizationResponse{
			{Code: "c", State: "s&t", Issuer: "https://hub.example"},
			{Err: oauth.Errorf(oauth.AccessDenied, "no"), State: "s&t", Issuer: "https://hub.example"},
		} {
			to, err := r.URL(uri)
			if err != nil {
				t.Fatalf("%q is taken and can not be redirected to: %v", uri, err)
			}
			after, err := url.Parse(to)
			if err != nil || strings.Contains(to, "#") || !strings.HasPrefix(to, uri) {
				t.Fatalf("%q becomes %q, %v", uri, to, err)
			}
			if after.Scheme != before.Scheme || after.Host != before.Host || after.EscapedPath() != before.EscapedPath() {
				t.Errorf("%q becomes %q, which leads elsewhere", uri, to)
			}
			query := after.Query()
			for _, field := range r.Fields() {
				if got := query[field.Name]; len(got) != 1 || got[0] != field.Value {
					t.Errorf("%q becomes %q, with %s %q", uri, to, field.Name, got)
				}
				query.Del(field.Name)
			}
			if query.Encode() != before.Query().Encode() {
				t.Errorf("%q becomes %q, with another query of its own", uri, to)
			}
		}
	})
}
