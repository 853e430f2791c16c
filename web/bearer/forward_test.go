package bearer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/web/bearer"
)

// identityOf are the identity headers of an answer or a request, all of them.
func identityOf(h http.Header) map[string]string {
	got := map[string]string{}
	for _, name := range bearer.Identity() {
		for i, value := range h[name] {
			got[name+strings.Repeat("+", i)] = value
		}
	}
	return got
}

func TestForwardAuth(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now, RawToken: true})
	verify := g.ForwardAuth(bearer.Forward{})
	nobody := map[string]string{"X-Auth-Request-Subject": "", "X-Auth-Request-Client": "", "X-Auth-Request-Username": "", "X-Auth-Request-Scopes": "", "X-Auth-Request-Email": ""}
	ana := map[string]string{"X-Auth-Request-Subject": "9b1d-of-ana", "X-Auth-Request-Client": "app", "X-Auth-Request-Username": "ana",
		"X-Auth-Request-Scopes": "openid orders/read", "X-Auth-Request-Email": ""}
	with := func(name, value string) map[string]string {
		m := map[string]string{}
		for k, v := range ana {
			m[k] = v
		}
		m[name] = value
		return m
	}
	for _, c := range []struct {
		name, target string
		changes      map[string]any
		status       int
		identity     map[string]string
		challenge    string
	}{
		{"no scope asked", "/-/verify", nil, 200, ana, ""},
		{"one", "/-/verify?scope=orders/read", nil, 200, ana, ""},
		{"one, encoded", "/-/verify?scope=orders%2Fread", nil, 200, ana, ""},
		{"two, with a space", "/-/verify?scope=openid+orders/read", nil, 200, ana, ""},
		{"two, repeated", "/-/verify?scope=openid&scope=orders/read", nil, 200, ana, ""},
		{"one of two lacks", "/-/verify?scope=openid&scope=orders/write", nil, 403, nobody, `scope="openid orders/write"`},
		{"any", "/-/verify?any=orders/write+orders/read", nil, 200, ana, ""},
		{"none of any", "/-/verify?any=orders/write&any=x", nil, 403, nobody, `scope="orders/write x"`},
		{"all and any", "/-/verify?scope=openid&any=x", nil, 403, nobody, `scope="openid x"`},
		{"a slip", "/-/verify?scopes=orders/read", nil, 400, nobody, ""},
		{"an empty scope", "/-/verify?scope=", nil, 400, nobody, ""},
		{"an empty any", "/-/verify?any=+", nil, 400, nobody, ""},
		{"no query", "/-/verify?%zz", nil, 400, nobody, ""},
		{"a semicolon", "/-/verify?scope=openid;scope=x", nil, 400, nobody, ""},
		{"no scope of ours", "/-/verify?scope=a%22b", nil, 400, nobody, ""},
		{"expired", "/-/verify", map[string]any{"exp": now.now().Unix() - 60}, 401, nobody, `error="invalid_token"`},
		{"a machine", "/-/verify", map[string]any{"username": nil}, 200, with("X-Auth-Request-Username", ""), ""},
		{"an address", "/-/verify", map[string]any{"email": "ana+x@corp.example", "email_verified": true}, 200, with("X-Auth-Request-Email", "ana+x@corp.example"), ""},
		{"an address, as Cognito says it", "/-/verify", map[string]any{"email": "ana@corp.example", "email_verified": "true"}, 200, with("X-Auth-Request-Email", "ana@corp.example"), ""},
		{"an unproven address", "/-/verify", map[string]any{"email": "ana@corp.example", "email_verified": false}, 200, ana, ""},
		{"an address of unknown worth", "/-/verify", map[string]any{"email": "ana@corp.example"}, 200, ana, ""},
		{"no address", "/-/verify", map[string]any{"email": 1, "email_verified": true}, 200, ana, ""},
		{"a name beyond ASCII", "/-/verify", map[string]any{"username": "corp_Zoë 100%"}, 200, with("X-Auth-Request-Username", "corp_Zo%C3%AB%20100%25"), ""},
		{"a name of two lines", "/-/verify", map[string]any{"username": "a\r\nX-Auth-Request-Email: b"}, 200, with("X-Auth-Request-Username", "a%0D%0AX-Auth-Request-Email:%20b"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, form := range []string{"Bearer ", ""} {
				a := ask(verify, "GET", c.target, "Authorization", form+is.mint(t, now, c.changes))
				if a.StatusCode != c.status || !strings.Contains(a.Header.Get("WWW-Authenticate"), c.challenge) || a.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
				}
				if diff := cmp.Diff(c.identity, identityOf(a.Header)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// One verifier for many APIs: the proxy names the one it asks for.
func TestForwardAuthByResource(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
	verify := g.ForwardAuth(bearer.Forward{Resources: []string{"https://orders.example", "https://bills.example"}})
	plain, bound := is.mint(t, now, nil), is.mint(t, now, map[string]any{"aud": "https://orders.example"})
	for _, c := range []struct {
		query, raw string
		status     int
	}{
		{"", plain, 200},
		{"", bound, 401},
		{"?resource=https://orders.example", bound, 200},
		{"?resource=https://orders.example&scope=orders/read", bound, 200},
		{"?resource=https://orders.example&scope=orders/write", bound, 403},
		{"?resource=https://orders.example", plain, 401},
		{"?resource=https://bills.example", bound, 401},
		{"?resource=https://other.example", bound, 400},
		{"?resource=", plain, 400},
		{"?resource=https://orders.example&resource=https://bills.example", bound, 400},
		{"?resource=https://orders.example;scope=x", bound, 400},
	} {
		if a := ask(verify, "GET", "/-/verify"+c.query, "Authorization", "Bearer "+c.raw); a.StatusCode != c.status {
			t.Errorf("%q: %d, want %d", c.query, a.StatusCode, c.status)
		}
	}
}

// Where the path and query are the client's, the scope is in a header of the
// proxy's; a route for which it was forgotten lets nobody in.
func TestForwardAuthByHeader(t *testing.T) {
	is, now := newIssuer(t), newClock()
	verify := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now}).ForwardAuth(bearer.Forward{ScopeHeader: "X-Required-Scope"})
	good := "Bearer " + is.mint(t, now, nil)
	for name, c := range map[string]struct {
		target string
		scopes []string
		status int
	}{
		"there":            {"/-/verify/orders/1?scope=none", []string{"orders/read"}, 200},
		"lacking":          {"/-/verify/orders/1?scope=openid", []string{"orders/write"}, 403},
		"two headers":      {"/-/verify/orders/1", []string{"orders/read", "orders/write"}, 403},
		"forgotten":        {"/-/verify/orders/1?scope=openid", nil, 400},
		"empty":            {"/-/verify/orders/1?scope=openid", []string{""}, 400},
		"client's token":   {"/-/verify/orders/1?access_token=x", []string{"orders/read"}, 401},
		"client's escapes": {"/-/verify/orders/%2e%2e/x?%zz=;;", []string{"orders/read"}, 200},
	} {
		headers := []string{"Authorization", good}
		for _, s := range c.scopes {
			headers = append(headers, "X-Required-Scope", s)
		}
		if a := ask(verify, "DELETE", c.target, headers...); a.StatusCode != c.status {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
}

// spellings are headers with which a client would pass for somebody else.
func spellings() []string {
	return []string{
		"X-Auth-Request-Subject", "x-auth-request-subject", "X-AUTH-REQUEST-EMAIL", "X-Auth-Request-Username", "X-Auth-Request-Scopes", "X-Auth-Request-Client",
		"X_Auth_Request_Subject", "x_auth_request_email", "X-Auth_Request-Username", "X-Auth-Request_Scopes", "X.Auth.Request.Client", "X-Auth-Request~Email", "X_AUTH_REQUEST_CLIENT",
	}
}

// The proxies that are not at hand, in what counts here: what they ask with and
// what they do with the answer. They work by the recipes in testdata.
type standIn struct {
	name    string
	through func(t *testing.T, verify http.Handler, r *http.Request) bool // lets r through, changed
}

func standIns(t *testing.T) []standIn {
	t.Helper()
	var traefik struct {
		HTTP struct {
			Middlewares map[string]struct {
				ForwardAuth struct {
					Address             string   `yaml:"address"`
					AuthRequestHeaders  []string `yaml:"authRequestHeaders"`
					AuthResponseHeaders []string `yaml:"authResponseHeaders"`
				} `yaml:"forwardAuth"`
			} `yaml:"middlewares"`
		} `yaml:"http"`
	}
	recipe(t, "traefik.yaml", &traefik)
	auth := traefik.HTTP.Middlewares["orders-read"].ForwardAuth
	if len(auth.AuthRequestHeaders) > 0 {
		t.Error("traefik.yaml: the hub does not see all headers")
	}
	envoy := readEnvoy(t)
	for name, headers := range map[string][]string{"traefik.yaml": auth.AuthResponseHeaders, "envoy.yaml": envoy.upstream} {
		for _, want := range bearer.Identity() {
			if !slices.ContainsFunc(headers, func(h string) bool { return strings.EqualFold(h, want) }) {
				t.Errorf("%s does not list %s", name, want)
			}
		}
	}
	return []standIn{
		{"traefik", func(t *testing.T, verify http.Handler, r *http.Request) bool {
			q := httptest.NewRequest("GET", auth.Address, nil)
			q.Header = r.Header.Clone()
			q.Header.Set("X-Forwarded-Uri", r.URL.RequestURI())
			w := httptest.NewRecorder()
			verify.ServeHTTP(w, q)
			for _, name := range auth.AuthResponseHeaders {
				key := http.CanonicalHeaderKey(name)
				r.Header.Del(key)
				if values := w.Header()[key]; len(values) > 0 {
					r.Header[key] = values
				}
			}
			return w.Code/100 == 2
		}},
		{"envoy", func(t *testing.T, verify http.Handler, r *http.Request) bool {
			q := httptest.NewRequest(r.Method, envoy.prefix+r.URL.RequestURI(), nil)
			q.Header.Set("Authorization", r.Header.Get("Authorization"))
			q.Header.Set("X-Required-Scope", "orders/read")
			for name, values := range r.Header {
				if strings.Contains(name, "_") { // headers_with_underscores_action
					return false
				}
				if envoy.allowed.MatchString(strings.ToLower(name)) {
					q.Header[name] = values
				}
			}
			w := httptest.NewRecorder()
			verify.ServeHTTP(w, q)
			for _, name := range envoy.upstream {
				if values := w.Header().Values(name); len(values) > 0 {
					r.Header.Set(name, values[0])
				}
			}
			return w.Code == 200
		}},
	}
}

func recipe(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// envoyRecipe is what counts in Envoy's recipe.
type envoyRecipe struct {
	prefix   string
	upstream []string       // answer's headers that overwrite the client's
	allowed  *regexp.Regexp // client's headers that the hub sees
}

// readEnvoy finds it, wherever it stands.
func readEnvoy(t *testing.T) envoyRecipe {
	t.Helper()
	var tree any
	recipe(t, "envoy.yaml", &tree)
	var e envoyRecipe
	held := map[string]bool{}
	var walk func(v any, under string)
	walk = func(v any, under string) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				held[fmt.Sprint(name, ": ", inner)] = true
				text, _ := inner.(string)
				switch {
				case name == "path_prefix":
					e.prefix = text
				case name == "exact" && under == "allowed_upstream_headers":
					e.upstream = append(e.upstream, text)
				case name == "regex" && under == "allowed_headers":
					e.allowed = regexp.MustCompile("^(" + text + ")$")
				}
				if name == "patterns" || name == "safe_regex" {
					name = under
				}
				walk(inner, name)
			}
		case []any:
			for _, inner := range v {
				walk(inner, under)
			}
		}
	}
	walk(tree, "")
	for _, want := range []string{"normalize_path: true", "headers_with_underscores_action: REJECT_REQUEST", "remove: x-required-scope", "failure_mode_allow: false"} {
		if !held[want] {
			t.Errorf("envoy.yaml lacks %s", want)
		}
	}
	return e
}

// An identity that the client brings reaches the API in no spelling.
func TestA174_StandIns(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
	verify := map[string]http.Handler{"traefik": g.ForwardAuth(bearer.Forward{}), "envoy": g.ForwardAuth(bearer.Forward{ScopeHeader: "X-Required-Scope"})}
	good, bad := is.mint(t, now, nil), is.mint(t, now, map[string]any{"token_use": "id"})
	for _, proxy := range standIns(t) {
		for _, name := range spellings() {
			t.Run(proxy.name+" "+name, func(t *testing.T) {
				r := httptest.NewRequest("GET", "/orders/1", nil)
				r.Header.Set("Authorization", "Bearer "+good)
				r.Header.Set(name, "admin")
				if proxy.through(t, verify[proxy.name], r) {
					for name, values := range r.Header {
						if slices.Contains(values, "admin") {
							t.Errorf("%s: admin reaches the API", name)
						}
					}
					if r.Header.Get("X-Auth-Request-Subject") != "9b1d-of-ana" {
						t.Errorf("the API hears of %v", r.Header)
					}
				} else if strings.Contains(name, "-Auth-Request-") {
					t.Error("refused for a header that the proxy overwrites")
				}
				r.Header.Set("Authorization", "Bearer "+bad)
				if proxy.through(t, verify[proxy.name], r) {
					t.Error("an ID token lets through")
				}
			})
		}
	}
}

// What headers and, behind Envoy, paths claim of the original request moves no
// decision: only the scope that the proxy names does.
func TestA175_ClaimedPaths(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
	query, header := g.ForwardAuth(bearer.Forward{}), g.ForwardAuth(bearer.Forward{ScopeHeader: "X-Required-Scope"})
	good := "Bearer " + is.mint(t, now, nil)
	for _, path := range oddPaths() {
		for _, name := range []string{"X-Forwarded-Uri", "X-Original-Uri", "X-Original-Url", "X-Rewrite-Url", "X-Envoy-Original-Path", "X-Forwarded-Prefix", "X-Forwarded-Host", "Forwarded", "X-Http-Method-Override"} {
			if a := ask(query, "GET", "/-/verify?scope=orders/admin", "Authorization", good, name, path); a.StatusCode != 403 {
				t.Errorf("%s: %s: %d", name, path, a.StatusCode)
			}
			if a := ask(query, "GET", "/-/verify?scope=orders/read", "Authorization", good, name, path); a.StatusCode != 200 {
				t.Errorf("%s: %s: %d", name, path, a.StatusCode)
			}
		}
		at, err := url.Parse("http://id.example/-/verify" + path + "?scope=openid&any=openid")
		if err != nil {
			t.Fatal(err)
		}
		if a := ask(header, "GET", at.String(), "Authorization", good, "X-Required-Scope", "orders/admin"); a.StatusCode != 403 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}

// oddPaths are spellings of a path that one server may read so and another so.
func oddPaths() []string {
	return []string{
		"/orders/1", "/open/../admin/x", "/open/%2e%2e/admin/x", "/open/..%2fadmin/x", "/open/%2e%2e%2fadmin/x", "/open/.%2e/admin/x", "/open/%252e%252e/admin/x",
		"/open//../admin/x", "//admin/x", "/open/./../admin/x", "/admin%2fx", "/Admin/x", "/admin;/x", "/open/..;/admin/x", "/open/x/../../admin/x",
		"/open/%5c../admin/x", "/open/x%00/../admin", "/admin/x%3fscope=openid", "/%61dmin/x", "/open/%2E%2E/%61dmin/x", "/orders/../admin/x", "/orders/%2e%2e/admin/x",
	}
}

// backend is an API behind a proxy: it remembers what reached it.
type backend struct {
	*httptest.Server
	seen chan *http.Request
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{seen: make(chan *http.Request, 100)}
	b.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { b.seen <- r }))
	t.Cleanup(b.Close)
	return b
}

// reached is the request that came through, nil if none did.
func (b *backend) reached() *http.Request {
	select {
	case r := <-b.seen:
		return r
	default:
		return nil
	}
}

// dump shows a request in a test's message.
func dump(r *http.Request) string {
	text, _ := httputil.DumpRequest(r, false)
	return string(text)
}
