package bearer_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/web/bearer"
)

// refusal is the *Error of a verification.
func refusal(t *testing.T, err error) *bearer.Error {
	t.Helper()
	var refused *bearer.Error
	if !errors.As(err, &refused) {
		t.Fatalf("error %v is no *bearer.Error", err)
	}
	return refused
}

func TestTokenOfARealHub(t *testing.T) {
	s := newSite(t)
	got := s.signIn(t, hubtest.ClientID, "openid orders/read")
	c, err := s.guard(t, bearer.Config{}).Verify(t.Context(), got.Access, "orders/read")
	if err != nil {
		t.Fatal(err)
	}
	if c.Issuer != s.issuer || c.ClientID != hubtest.ClientID || c.Username != hubtest.Username || c.Subject == "" || c.ID == "" {
		t.Errorf("claims %+v", c)
	}
	if diff := cmp.Diff([]string{"openid", "orders/read"}, c.Scopes); diff != "" || !c.Has("openid") || c.Has("open") {
		t.Errorf("scopes: %s", diff)
	}
	if !c.Expires.Equal(s.Now().Add(time.Hour)) || !c.IssuedAt.Equal(s.Now()) || !c.AuthTime.Equal(s.Now()) || c.All["event_id"] == nil {
		t.Errorf("claims %+v", c)
	}
}

// Each kind of token opens an API only if it is an access token, of this issuer,
// for this client.
func TestA33_KindsOfTokens(t *testing.T) {
	s, other := newSite(t), newSite(t)
	mine, theirs := s.signIn(t, hubtest.ClientID, "openid orders/read"), other.signIn(t, hubtest.ClientID, "openid orders/read")
	apps := s.signIn(t, hubtest.PublicID, "openid orders/read")
	guard := s.guard(t, bearer.Config{RawToken: true})
	api := guard.Require("orders/read")(whose)
	for name, raw := range map[string]string{
		"ID token": mine.ID, "refresh token": mine.Refresh, "code": mine.code, "other issuer's": theirs.Access, "other client's": apps.Access,
		"logout token":   s.mint(t, token.TypeLogout, nil),
		"introspection":  s.mint(t, token.TypeIntrospection, nil),
		"ID, typ access": s.mint(t, token.TypeAccess, map[string]any{"token_use": "id"}),
		"no token_use":   s.mint(t, token.TypeAccess, map[string]any{"token_use": nil}),
		"other's key":    other.mint(t, token.TypeNone, map[string]any{"iss": s.issuer}),
		"cut":            mine.Access[:len(mine.Access)-1], "longer": mine.Access + "A", "no signature": mine.Access[:strings.LastIndex(mine.Access, ".")+1],
		"nothing": "x",
	} {
		t.Run(name, func(t *testing.T) {
			if a := ask(api, "GET", "/orders", "Authorization", "Bearer "+raw); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
			if a := ask(guard.ForwardAuth(bearer.Forward{}), "GET", "/-/verify", "Authorization", raw); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("forward-auth: %d", a.StatusCode)
			}
		})
	}
	for name, raw := range map[string]string{"hub's": mine.Access, "at+jwt": s.mint(t, token.TypeAccess, nil), "JWT": s.mint(t, token.TypeJWT, nil)} {
		if a := ask(api, "GET", "/orders", "Authorization", "Bearer "+raw); a.StatusCode != http.StatusOK || !strings.HasSuffix(a.body, " app") {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
}

// RFC 7519 §4.1 and RFC 9068 §4, claim by claim.
func TestClaimsOfRFC7519(t *testing.T) {
	is, now := newIssuer(t), newClock()
	at := func(d time.Duration) int64 { return now.now().Add(d).Unix() }
	for _, c := range []struct {
		name    string
		changes map[string]any
		cause   string // "" if the token is good
	}{
		{"as it is", nil, ""},
		{"iss of another", map[string]any{"iss": is.URL + "/"}, "iss is"},
		{"no iss", map[string]any{"iss": nil}, "iss is"},
		{"iss a list", map[string]any{"iss": []string{is.URL}}, "iss is out of form"},
		{"no sub", map[string]any{"sub": nil}, "sub, client_id or exp"},
		{"no exp", map[string]any{"exp": nil}, "sub, client_id or exp"},
		{"exp as text", map[string]any{"exp": "9999999999"}, "exp is out of form"},
		{"exp null", map[string]any{"exp": []any{}}, "exp is out of form"},
		{"exp beyond all", map[string]any{"exp": 1e300}, "exp is out of form"},
		{"exp negative", map[string]any{"exp": -1}, "exp is out of form"},
		{"exp with a fraction", map[string]any{"exp": float64(at(time.Minute)) + .5}, ""},
		{"expired within the leeway", map[string]any{"exp": at(-4 * time.Second)}, ""},
		{"expired", map[string]any{"exp": at(-5 * time.Second)}, "expired at"},
		{"nbf within the leeway", map[string]any{"nbf": at(5 * time.Second)}, ""},
		{"nbf to come", map[string]any{"nbf": at(6 * time.Second)}, "not good before"},
		{"other client", map[string]any{"client_id": "other"}, "client_id is"},
		{"no client", map[string]any{"client_id": nil}, "sub, client_id or exp"},
		{"for another API", map[string]any{"aud": "https://other.example"}, "has no Audience"},
		{"aud null", map[string]any{"aud": (any)((*int)(nil))}, "aud is out of form"},
		{"aud a list of all sorts", map[string]any{"aud": []any{"a", 1}}, "aud is out of form"},
		{"aud a number", map[string]any{"aud": 1}, "aud is out of form"},
		{"bound by DPoP", map[string]any{"cnf": map[string]any{"jkt": "x"}}, "bound to a key"},
		{"bound by mTLS", map[string]any{"cnf": map[string]any{"x5t#S256": "x"}}, "bound to a key"},
		{"scope a list", map[string]any{"scope": []string{"a"}}, "scope is out of form"},
		{"scope with a quotation mark", map[string]any{"scope": `a"b`}, "scope is out of form"},
		{"deep", map[string]any{"x": deep(40)}, "nest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
			_, err := g.Verify(t.Context(), is.mint(t, now, c.changes))
			if c.cause == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			refused := refusal(t, err)
			if refused.Status != http.StatusUnauthorized || refused.Code != "invalid_token" || !strings.Contains(err.Error(), c.cause) {
				t.Errorf("refused with %d %s: %v", refused.Status, refused.Code, err)
			}
		})
	}
}

func deep(levels int) any {
	var v any = 1
	for range levels {
		v = []any{v}
	}
	return v
}

// RFC 8707 §2: a token for one API is for no other.
func TestAudience(t *testing.T) {
	is, now := newIssuer(t), newClock()
	mine := []string{"https://api.example/orders", "https://api.example/v2"}
	for _, c := range []struct {
		name    string
		config  bearer.Config
		changes map[string]any
		good    bool
	}{
		{"one of two", bearer.Config{Audience: mine}, map[string]any{"aud": mine[1]}, true},
		{"in a list", bearer.Config{Audience: mine}, map[string]any{"aud": []string{"x", mine[0]}}, true},
		{"any client of it", bearer.Config{Audience: mine}, map[string]any{"aud": mine[0], "client_id": "other"}, true},
		{"and the client", bearer.Config{Audience: mine, Clients: []string{"app"}}, map[string]any{"aud": mine[0], "client_id": "other"}, false},
		{"none", bearer.Config{Audience: mine}, nil, false},
		{"the beginning of it", bearer.Config{Audience: mine}, map[string]any{"aud": "https://api.example/"}, false},
		{"any client", bearer.Config{Clients: []string{bearer.AnyClient}}, map[string]any{"client_id": "other"}, true},
		{"a client that calls itself any", bearer.Config{Clients: []string{"app"}}, map[string]any{"client_id": bearer.AnyClient}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.Now = now.now
			_, err := newGuard(t, is.URL, c.config).Verify(t.Context(), is.mint(t, now, c.changes))
			if (err == nil) != c.good {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestAlgorithms(t *testing.T) {
	is, now := newIssuer(t, token.Algorithms()...), newClock()
	all := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now})
	fapi := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now, Algorithms: []string{"PS256", "ES256", "EdDSA"}})
	payload := []byte(`{"iss":"` + is.URL + `","sub":"s","client_id":"app","token_use":"access","exp":4000000000}`)
	for _, a := range token.Algorithms() {
		raw, err := is.ring.Load().SignWith(a, payload, token.TypeNone)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := all.Verify(t.Context(), raw); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		if _, err := fapi.Verify(t.Context(), raw); (err == nil) != (a != token.RS256) {
			t.Errorf("%s of three allowed: %v", a, err)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := bearer.Config{Clients: []string{"app"}}
	for _, c := range []struct {
		name, issuer string
		change       func(*bearer.Config)
		says         string
	}{
		{"nobody", "https://id.example", func(c *bearer.Config) { c.Clients = nil }, "AnyClient"},
		{"an empty client", "https://id.example", func(c *bearer.Config) { c.Clients = []string{""} }, "empty name"},
		{"none", "https://id.example", func(c *bearer.Config) { c.Algorithms = []string{"none"} }, "must be one of RS256"},
		{"HS256", "https://id.example", func(c *bearer.Config) { c.Algorithms = []string{"HS256"} }, "must be one of RS256"},
		{"leeway", "https://id.example", func(c *bearer.Config) { c.Leeway = time.Hour }, "at most 1m"},
		{"refresh", "https://id.example", func(c *bearer.Config) { c.Refresh = -1 }, "negative"},
		{"realm", "https://id.example", func(c *bearer.Config) { c.Realm = "a\"b" }, "challenge"},
		{"http", "http://id.example", nil, "must be https"},
		{"no URL", "id.example", nil, "host and a path"},
		{"query", "https://id.example?x=1", nil, "host and a path"},
		{"empty", "", nil, "host and a path"},
		{"broken", "https://id.example/%zz", nil, "no URL"},
		{"introspection without a secret", "https://id.example", func(c *bearer.Config) { c.Introspect = &bearer.Introspect{ClientID: "api"} }, "ClientSecret"},
		{"introspection in the clear", "https://id.example", func(c *bearer.Config) {
			c.Introspect = &bearer.Introspect{ClientID: "api", ClientSecret: "s", Endpoint: "http://id.example/introspect"}
		}, "must be https"},
		{"introspection kept for less than nothing", "https://id.example", func(c *bearer.Config) {
			c.Introspect = &bearer.Introspect{ClientID: "api", ClientSecret: "s", Keep: -1}
		}, "Keep is negative"},
		{"introspection nowhere", "https://id.example", func(c *bearer.Config) {
			c.Introspect, c.Keys = &bearer.Introspect{ClientID: "api", ClientSecret: "s"}, &bearer.KeySet{}
		}, "Endpoint is empty"},
		{"two that decide", "https://id.example", func(c *bearer.Config) {
			c.Introspect = &bearer.Introspect{ClientID: "api", ClientSecret: "s"}
			c.Live = func(context.Context, string, *bearer.Claims) (bool, error) { return true, nil }
		}, "one of them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good
			if c.change != nil {
				c.change(&config)
			}
			g, err := bearer.New(t.Context(), c.issuer, config)
			if err == nil || g != nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
	for _, issuer := range []string{"http://localhost:8080/pool", "http://[::1]:1", "https://id.example/pools/a"} {
		if _, err := bearer.New(t.Context(), issuer, bearer.Config{Clients: []string{"app"}, Keys: &bearer.KeySet{}}); err != nil {
			t.Error(err)
		}
	}
}

// A program that holds the keys itself asks nobody.
func TestOwnKeysAndLiveCheck(t *testing.T) {
	is, now := newIssuer(t), newClock()
	keys, err := bearer.ParseKeySet(is.ring.Load().JWKS())
	if err != nil {
		t.Fatal(err)
	}
	alive, broken := true, error(nil)
	g := newGuard(t, is.URL, bearer.Config{
		Clients: []string{"app"}, Now: now.now, Keys: keys,
		Live: func(_ context.Context, _ string, c *bearer.Claims) (bool, error) {
			return alive && c.ID == "jti-1", broken
		},
	})
	raw := is.mint(t, now, nil)
	if _, err := g.Verify(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	alive = false
	if _, err := g.Verify(t.Context(), raw); refusal(t, err).Status != http.StatusUnauthorized {
		t.Error(err)
	}
	alive, broken = true, errors.New("the store is busy")
	if _, err := g.Verify(t.Context(), raw); refusal(t, err).Status != http.StatusServiceUnavailable || !errors.Is(err, broken) {
		t.Error(err)
	}
	if n := is.fetches.Load(); n != 0 {
		t.Errorf("%d fetches", n)
	}
}
