package bearer_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/web/bearer"
)

// RFC 6750, by section: what is sent, and what the answer is.
func TestRFC6750(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now, Realm: "orders API"})
	good, weak := is.mint(t, now, nil), is.mint(t, now, map[string]any{"scope": "openid"})
	old := is.mint(t, now, map[string]any{"exp": now.now().Add(-time.Hour).Unix()})
	const realm = `Bearer realm="orders API"`
	const bad = realm + `, error="invalid_token", error_description="`
	for _, c := range []struct {
		section, name, method, target string
		headers                       []string
		status                        int
		challenge                     string
	}{
		{"2.1", "the header", "GET", "/", []string{"Authorization", "Bearer " + good}, 200, ""},
		{"2.1", "the scheme in lower case", "GET", "/", []string{"Authorization", "bearer " + good}, 200, ""},
		{"2.1", "the scheme in upper case", "GET", "/", []string{"Authorization", "BEARER " + good}, 200, ""},
		{"2.1", "two spaces", "GET", "/", []string{"Authorization", "Bearer  " + good}, 200, ""},
		{"2.1", "a method of the caller's own", "BREW", "/", []string{"Authorization", "Bearer " + good}, 200, ""},
		{"2.1", "no token", "GET", "/", []string{"Authorization", "Bearer"}, 401, bad + "the Authorization header has no access token, or more than one\""},
		{"2.1", "no space", "GET", "/", []string{"Authorization", "Bearer" + good}, 401, realm + `, scope="orders/read"`},
		{"2.1", "characters of no token", "GET", "/", []string{"Authorization", "Bearer " + good + "="}, 401, bad + "the Authorization header has no access token, or more than one\""},
		{"2.1", "raw, where it is not asked for", "GET", "/", []string{"Authorization", good}, 401, realm + `, scope="orders/read"`},
		{"2", "two headers", "GET", "/", []string{"Authorization", "Bearer " + good, "Authorization", "Bearer " + good}, 401, bad + "there is more than one Authorization header\""},
		{"2", "two in one header", "GET", "/", []string{"Authorization", "Bearer " + good + ", Bearer " + good}, 401, bad + "the Authorization header has no access token, or more than one\""},
		{"2.3", "in the query", "GET", "/?access_token=" + good, nil, 401, bad + "the access token must not be in the URL\""},
		{"2.3", "in the query and the header", "GET", "/?a=b&access_token=" + good, []string{"Authorization", "Bearer " + good}, 401, bad + "the access token must not be in the URL\""},
		{"3", "none", "GET", "/", nil, 401, realm + `, scope="orders/read"`},
		{"3", "a cookie", "GET", "/", []string{"Cookie", "access_token=" + good}, 401, realm + `, scope="orders/read"`},
		{"3.1", "another scheme", "GET", "/", []string{"Authorization", "Basic YTpi"}, 401, realm + `, scope="orders/read"`},
		{"3.1", "a proof with a bearer's token", "GET", "/", []string{"Authorization", "DPoP " + good}, 401, realm + `, scope="orders/read"`},
		{"3.1", "no token at all", "GET", "/", []string{"Authorization", "Bearer x"}, 401, bad + "the access token is not good here\""},
		{"3.1", "expired", "GET", "/", []string{"Authorization", "Bearer " + old}, 401, bad + "the access token has expired\""},
		{"3.1", "too little scope", "GET", "/", []string{"Authorization", "Bearer " + weak}, 403,
			realm + `, error="insufficient_scope", error_description="the access token lacks a scope", scope="orders/read"`},
	} {
		t.Run(c.section+" "+c.name, func(t *testing.T) {
			a := ask(g.Require("orders/read")(whose), c.method, c.target, c.headers...)
			if a.StatusCode != c.status || a.Header.Get("WWW-Authenticate") != c.challenge {
				t.Errorf("%d, WWW-Authenticate: %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
			}
			if c.status == 200 {
				return
			}
			var body map[string]string
			if err := json.Unmarshal([]byte(a.body), &body); err != nil || body["error_description"] == "" {
				t.Errorf("body %s", a.body)
			}
			if strings.Contains(c.challenge, "error=") != (body["error"] != "") {
				t.Errorf("body %s", a.body)
			}
			if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Content-Type") != "application/json" {
				t.Errorf("headers %v", a.Header)
			}
		})
	}
}

// A token anywhere but in the one header, in any spelling, opens nothing.
func TestA32_TokenInOtherPlaces(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now, RawToken: true})
	good := is.mint(t, now, nil)
	header := []string{"Authorization", "Bearer " + good}
	for name, c := range map[string]struct {
		target  string
		headers []string
	}{
		"query":                   {"/?access_token=" + good, nil},
		"query, twice":            {"/?access_token=" + good + "&access_token=" + good, nil},
		"query, upper case":       {"/?ACCESS_TOKEN=" + good, header},
		"query, encoded":          {"/?access%5Ftoken=" + good, header},
		"query, encoded whole":    {"/?%61ccess_token=" + good, header},
		"query, empty":            {"/?access_token", header},
		"query, after semicolon":  {"/?a=b;access_token=" + good, header},
		"query, after bad escape": {"/?a=%zz&access_token=" + good, header},
		"header twice":            {"/", append([]string{"Authorization", "Bearer x"}, header...)},
		"header with two":         {"/", []string{"Authorization", "Bearer " + good + " " + good}},
		"raw with two":            {"/", []string{"Authorization", good + "," + good}},
		"header with a tab":       {"/", []string{"Authorization", "Bearer\t" + good}},
		"body as query of a GET":  {"/", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"proxy's header":          {"/", []string{"Proxy-Authorization", "Bearer " + good}},
		"method override":         {"/", []string{"X-HTTP-Method-Override", "POST"}},
		"scheme twice":            {"/", []string{"Authorization", "Bearer Bearer " + good}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, h := range []http.Handler{g.Require("orders/read")(whose), g.ForwardAuth(bearer.Forward{})} {
				a := ask(h, "GET", c.target, c.headers...)
				if a.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer ") || a.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
				}
				if strings.HasPrefix(c.target, "/?") && !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
					t.Errorf("no error in %s", a.Header.Get("WWW-Authenticate"))
				}
			}
		})
	}
}

// The header as apps of Amazon's API Gateway send it.
func TestRawToken(t *testing.T) {
	is, now := newIssuer(t), newClock()
	api := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now, RawToken: true}).Require("orders/read")(whose)
	good := is.mint(t, now, nil)
	for value, status := range map[string]int{
		good: 200, "Bearer " + good: 200, " " + good + " ": 200,
		good + ".": 401, "a.b": 401, "a.b.c": 401, "x " + good: 401, "..": 401, "": 401,
	} {
		if a := ask(api, "GET", "/", "Authorization", value); a.StatusCode != status {
			t.Errorf("%q: %d, want %d", value, a.StatusCode, status)
		}
	}
}

func TestScopes(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
	type protect = func(http.Handler) http.Handler
	for _, c := range []struct {
		name, has string
		protect   protect
		lacks     string // "" if it is enough
	}{
		{"nothing asked", "", g.Require(), ""},
		{"all there", "a b c", g.Require("a", "c"), ""},
		{"all there, as one text", "a b c", g.Require("a c"), ""},
		{"one missing", "a", g.Require("a", "c"), "a c"},
		{"any there", "c", g.RequireAny("a", "c"), ""},
		{"none of any", "b", g.RequireAny("a", "c"), "a c"},
		{"case", "A", g.Require("a"), "a"},
		{"a part of it", "orders/read.all", g.Require("orders/read"), "orders/read"},
		{"no scope in the token", "", g.Require("a"), "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims := map[string]any{"scope": c.has}
			if c.has == "" {
				claims["scope"] = nil
			}
			a := ask(c.protect(whose), "GET", "/", "Authorization", "Bearer "+is.mint(t, now, claims))
			if c.lacks == "" {
				if a.StatusCode != 200 {
					t.Errorf("%d %s", a.StatusCode, a.body)
				}
				return
			}
			if a.StatusCode != 403 || !strings.HasSuffix(a.Header.Get("WWW-Authenticate"), `, scope="`+c.lacks+`"`) {
				t.Errorf("%d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
			}
		})
	}
	for name, wire := range map[string]func(){
		"any of none": func() { g.RequireAny() }, "any of nothing": func() { g.RequireAny(" ") },
		"a quotation mark": func() { g.Require(`a"b`) }, "a letter of no scope": func() { g.RequireAny("é") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			wire()
		}()
	}
}

func TestTokenOutsideAGuard(t *testing.T) {
	if c := bearer.Token(t.Context()); c != nil {
		t.Errorf("a token: %+v", c)
	}
}

// The log says why; neither it nor the answer holds a token.
func TestLogOfRefusals(t *testing.T) {
	is, now := newIssuer(t), newClock()
	var log strings.Builder
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"other"}, Now: now.now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	good := is.mint(t, now, nil)
	a := ask(g.Require()(whose), "GET", "/orders/1", "Authorization", "Bearer "+good)
	b := ask(g.ForwardAuth(bearer.Forward{}), "GET", "/-/verify", "Authorization", "Bearer "+good,
		"X-Forwarded-Uri", "/orders/2?access_token="+good, "X-Forwarded-Method", "DELETE", "X-Forwarded-Host", "api.example")
	if a.StatusCode != 401 || b.StatusCode != 401 || strings.Contains(a.body+b.body+a.Header.Get("WWW-Authenticate"), "client_id") {
		t.Errorf("%d %s, %d %s", a.StatusCode, a.body, b.StatusCode, b.body)
	}
	for _, want := range []string{`client_id is \"app\"`, "path=/orders/1", "path=/orders/2", "method=DELETE", "host=api.example"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s:\n%s", want, log.String())
		}
	}
	if parts := strings.Split(good, "."); strings.Contains(log.String(), parts[1]) || strings.Contains(log.String(), parts[2]) {
		t.Errorf("the log holds the token:\n%s", log.String())
	}
}
