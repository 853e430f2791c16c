package web_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/oauth/oauthtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// A redirect URI that is not registered byte for byte gets a page and nothing
// else: no redirect, no cookie, no sign-in begun, no call upstream.
func TestA01_RedirectURIMustBeRegistered(t *testing.T) {
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{})
	h.Link(h.Pool, "CorporateID", up)
	registered := []string{hubtest.Callback, "https://app.example/cb", "https://app.example/cb?tenant=1", "myapp://callback"}
	h.Pool.Clients[hubtest.ClientID].CallbackURLs = registered
	s := serve(t, h)
	b := s.browser(t)
	tried := 0
	for _, uri := range registered {
		for _, variant := range append(oauthtest.RedirectVariants(uri), "") {
			if slices.Contains(registered, variant) {
				continue
			}
			tried++
			for _, path := range []string{"/oauth2/authorize", "/login"} {
				v := hubtest.Authorization("identity_provider", "CorporateID")
				v.Set("redirect_uri", variant)
				r := b.once("GET", hubtest.Issuer+path+"?"+v.Encode(), nil)
				if r.StatusCode != http.StatusBadRequest || r.Header.Get("Location") != "" || len(r.Cookies()) > 0 {
					t.Fatalf("%s with %q for %q: %d, Location %q, %d cookies", path, variant, uri, r.StatusCode, r.Header.Get("Location"), len(r.Cookies()))
				}
			}
		}
	}
	if tried < 900 {
		t.Errorf("only %d variants", tried)
	}
	if n := up.Count(idptest.DiscoveryEndpoint); n > 0 {
		t.Errorf("%d calls upstream", n)
	}
	if events := h.Events(hub.RedirectRefused); len(events) != 2*tried || events[0].Address != "192.0.2.7" || events[0].Client != hubtest.ClientID || events[0].RequestID == "" {
		t.Errorf("%d events for %d tries; the first: %+v", len(events), 2*tried, events[0])
	}
}

// Unknown clients and clients of another pool look alike.
func TestA07_UnknownClient(t *testing.T) {
	h := hubtest.New(t)
	other := h.AddPool("other", "http://other.test")
	other.Clients["theirs"] = other.Clients[hubtest.ClientID]
	delete(other.Clients, hubtest.ClientID)
	s := serve(t, h, h.Pool, other)
	b := s.browser(t)
	var bodies []string
	for _, id := range []string{"nobody", "theirs"} {
		r := b.authorize("client_id", id)
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", id, r.StatusCode)
		}
		text := strings.ReplaceAll(r.body, id, "ID")
		bodies = append(bodies, strings.ReplaceAll(text, r.help(t), "CODE"))
	}
	if bodies[0] != bodies[1] {
		t.Errorf("pages differ:\n%s\n%s", bodies[0], bodies[1])
	}
}

// What is wrong with a request of a proven client goes to the app, with state
// and iss (RFC 9207), and no page is shown.
func TestA14_EveryResponseNamesItsIssuer(t *testing.T) {
	h := hubtest.New(t)
	s := serve(t, h)
	for _, c := range []struct {
		name    string
		changes []string
		want    string // error
	}{
		{"no response_type", []string{"response_type", ""}, "invalid_request"},
		{"A06 implicit", []string{"response_type", "token"}, "unsupported_response_type"},
		{"A06 hybrid", []string{"response_type", "code id_token"}, "unsupported_response_type"},
		{"A06 response mode", []string{"response_mode", "fragment"}, "unsupported_response_type"},
		{"A12 plain", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"A12 method without challenge", []string{"code_challenge", ""}, "invalid_request"},
		{"A12 bad challenge", []string{"code_challenge", "short"}, "invalid_request"},
		{"A19 request object", []string{"request", "e30.e30."}, "request_not_supported"},
		{"A19 request_uri", []string{"request_uri", "https://evil.example/r"}, "request_uri_not_supported"},
		{"scope", []string{"scope", "openid payroll/read"}, "invalid_scope"},
		{"prompt none and more", []string{"prompt", "none login"}, "invalid_request"},
		{"max_age", []string{"max_age", "-1"}, "invalid_request"},
		{"nobody signed in", []string{"prompt", "none"}, "login_required"},
		{"A71 unknown provider", []string{"identity_provider", "Nobody"}, "invalid_request"},
		{"A71 unknown identifier", []string{"idp_identifier", "nobody.example"}, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			params, ok := s.browser(t).authorize(c.changes...).app()
			if !ok || params.Get("error") != c.want || params.Get("state") != "state-of-the-app" || params.Get("iss") != hubtest.Issuer || params.Has("code") {
				t.Errorf("app got %v", params)
			}
		})
	}
	t.Run("success", func(t *testing.T) {
		b := s.browser(t)
		params, _ := b.submit(b.authorize(), "username", hubtest.Username, "password", hubtest.Password).app()
		if params.Get("iss") != hubtest.Issuer {
			t.Errorf("app got %v", params)
		}
	})
}

func TestA12_PublicClientNeedsPKCE(t *testing.T) {
	s := serve(t, hubtest.New(t))
	params, ok := s.browser(t).authorize("client_id", hubtest.PublicID, "code_challenge", "", "code_challenge_method", "").app()
	if !ok || params.Get("error") != "invalid_request" {
		t.Errorf("app got %v", params)
	}
	// The debugger of years ago sends none; an operator may let it, by a name that says what that is.
	s.Pool.Clients[hubtest.PublicID].InsecureWithoutPKCE = true
	code := s.browser(t).code("client_id", hubtest.PublicID, "code_challenge", "", "code_challenge_method", "")
	if got := s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", redeem(code, "code_verifier", "")); got.Access == "" {
		t.Errorf("without PKCE where it is allowed: %+v", got)
	}
}

func TestA15_StateComesBackByteForByte(t *testing.T) {
	s := serve(t, hubtest.New(t))
	for _, state := range []string{"a b+c%20&d=e?f#g", "Ünïcode ☃ 🦊", `"quoted" <b>`, strings.Repeat("x", 2048)} {
		params, ok := s.browser(t).authorize("state", state, "prompt", "none").app()
		if !ok || params.Get("state") != state {
			t.Errorf("state %.40q came back as %.40q", state, params.Get("state"))
		}
		b := s.browser(t)
		params, ok = b.submit(b.authorize("state", state), "username", hubtest.Username, "password", hubtest.Password).app()
		if !ok || params.Get("state") != state || params.Get("code") == "" {
			t.Errorf("state %.40q came back as %.40q with the code", state, params.Get("state"))
		}
	}
	for _, state := range []string{strings.Repeat("x", 2049), "a\x00b", "a\xffb"} {
		if params, ok := s.browser(t).authorize("state", state, "prompt", "none").app(); ok && (params.Has("state") || params.Get("error") != "invalid_request") {
			t.Errorf("state %.40q: app got %.80v", state, params)
		}
	}
}

// A parameter sent twice is refused; a client_id or redirect_uri sent twice is
// not even redirected to.
func TestA05_ParametersOnce(t *testing.T) {
	s := serve(t, hubtest.New(t))
	for name, values := range hubtest.Authorization("prompt", "none") {
		v := hubtest.Authorization("prompt", "none")
		v[name] = append(values, values[0])
		r := s.browser(t).get(hubtest.Issuer + "/oauth2/authorize?" + v.Encode())
		params, ok := r.app()
		switch name {
		case "client_id", "redirect_uri":
			if ok || r.StatusCode != http.StatusBadRequest {
				t.Errorf("%s twice: %d, app %v", name, r.StatusCode, params)
			}
		default:
			if !ok || params.Get("error") != "invalid_request" {
				t.Errorf("%s twice: app got %v", name, params)
			}
		}
	}
	b := s.browser(t)
	v := hubtest.Authorization("prompt", "none", "unknown_extra", "foobar")
	if params, _ := b.get(hubtest.Issuer + "/oauth2/authorize?" + v.Encode()).app(); params.Get("error") != "login_required" {
		t.Errorf("an unknown parameter was not ignored: %v", params)
	}
	if r := b.send("POST", hubtest.Issuer+"/oauth2/authorize?prompt=none", hubtest.Authorization()); r.StatusCode != http.StatusBadRequest {
		t.Errorf("query and body both: %d", r.StatusCode)
	}
}

func TestAuthorizationByPost(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.header.Set("Sec-Fetch-Site", "cross-site")
	page := b.post(hubtest.Issuer+"/oauth2/authorize", hubtest.Authorization())
	if page.doc(t).Find("input[type=password]").Length() == 0 {
		t.Fatalf("no sign-in page: %d", page.StatusCode)
	}
}

// With one provider and no password form there is no page at all; a domain or an
// identifier routes past it too.
func TestWaysInWithoutAPage(t *testing.T) {
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{})
	up.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@corp.example"}})
	pr := h.Link(h.Pool, "CorporateID", up)
	pr.Identifiers = []string{"corp.example"}
	s := serve(t, h)
	for _, changes := range [][]string{
		{"identity_provider", "CorporateID"},
		{"idp_identifier", "corp.example"},
		{"login_hint", "alice@Corp.Example"},
	} {
		if params, ok := s.browser(t).authorize(changes...).app(); !ok || params.Get("code") == "" {
			t.Errorf("%v: app got %v", changes, params)
		}
	}
	// A78: only the whole domain of a plainly single address routes.
	for _, hint := range []string{"alice@sub.corp.example", "alice@corp.example.evil.example", "alice@evil.example@corp.example", `"a@evil.example"@corp.example`, "alice@corp.example,b@corp.example", "corp.example", "@corp.example"} {
		if _, ok := s.browser(t).authorize("login_hint", hint).app(); ok {
			t.Errorf("%s was routed to the provider of corp.example", hint)
		}
	}
	h.Pool.Clients[hubtest.ClientID].Providers = []string{"CorporateID"}
	if params, ok := s.browser(t).authorize().app(); !ok || params.Get("code") == "" {
		t.Error("the only provider shows a page")
	}
}

func TestFormPostResponse(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	r := b.submit(b.authorize("response_mode", "form_post", "state", `"><script>alert(1)</script>`), "username", hubtest.Username, "password", hubtest.Password)
	form := r.doc(t).Find("form")
	if form.AttrOr("action", "") != hubtest.Callback || form.Find("input[name=code]").AttrOr("value", "") == "" {
		t.Fatalf("no form for the app:\n%s", r.body)
	}
	if got := form.Find("input[name=state]").AttrOr("value", ""); got != `"><script>alert(1)</script>` {
		t.Errorf("state %q", got)
	}
	if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action") || strings.Contains(policy, "unsafe-inline") {
		t.Errorf("policy %s", policy)
	}
}

func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// id_token_hint names the person that will do, and never signs anybody in.
func TestIDTokenHint(t *testing.T) {
	h := hubtest.New(t)
	h.AddUser(h.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bob@corp.example"}})
	s := serve(t, h)
	b := s.browser(t)
	ana := s.token(t, redeem(b.code()))
	s.Advance(2 * time.Hour)
	b.code()
	if params, _ := b.authorize("prompt", "none", "id_token_hint", ana.ID).app(); params.Get("code") == "" {
		t.Errorf("her own expired token: %v", params)
	}
	other := s.browser(t)
	other.submit(other.authorize(), "username", "bob", "password", hubtest.Password)
	if params, _ := other.authorize("prompt", "none", "id_token_hint", ana.ID).app(); params.Get("error") != "login_required" {
		t.Errorf("bob with ana's token: %v", params)
	}
	page := other.authorize("id_token_hint", ana.ID)
	if params, _ := other.submit(page, "username", "bob", "password", hubtest.Password).app(); params.Get("error") != "login_required" || params.Get("code") != "" {
		t.Errorf("bob signs in where ana was asked for: %v", params)
	}
	if params, _ := s.browser(t).authorize("prompt", "none", "id_token_hint", ana.ID).app(); params.Get("error") != "login_required" {
		t.Errorf("the hint signed somebody in: %v", params)
	}
	for _, bad := range []string{ana.Access, ana.ID + "x", "x.y.z"} {
		if params, _ := b.authorize("prompt", "none", "id_token_hint", bad).app(); params.Get("error") != "invalid_request" {
			t.Errorf("hint %.20s: %v", bad, params)
		}
	}
}

// claims asks for attributes by name, a person, or a strength.
func TestClaimsParameter(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.code()
	silent := func(claims string) url.Values {
		params, _ := b.authorize("prompt", "none", "scope", "openid email", "claims", claims).app()
		return params
	}
	got := s.token(t, redeem(silent(`{"id_token":{"given_name":{"essential":true}},"userinfo":{"family_name":null,"shoe_size":null}}`).Get("code")))
	payload, _, err := s.Pool.Keys.Ring().Verify(got.ID)
	if err != nil || !strings.Contains(string(payload), `"given_name":"Ana"`) || strings.Contains(string(payload), "Berg") {
		t.Errorf("ID token %s, %v", payload, err)
	}
	r, _ := http.NewRequest("GET", hubtest.Issuer+"/oauth2/userInfo", nil)
	r.Header.Set("Authorization", "Bearer "+got.Access)
	res, err := transport{hub: s.server}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	if !strings.Contains(string(body), `"family_name":"Berg"`) || strings.Contains(string(body), "given_name") {
		t.Errorf("userInfo %s", body)
	}
	for claims, want := range map[string]string{
		`{"id_token":{"sub":{"value":"somebody-else"}}}`:                  "login_required",
		`{"id_token":{"acr":{"essential":true,"values":["urn:strong"]}}}`: "login_required",
		`{"id_token":`: "invalid_request",
		`[]`:           "invalid_request",
	} {
		if got := silent(claims).Get("error"); got != want {
			t.Errorf("%s: %s, want %s", claims, got, want)
		}
	}
	page := b.authorize("prompt", "login", "claims", `{"id_token":{"acr":{"essential":true,"values":["urn:strong"]}}}`)
	if params, _ := b.submit(page, "username", hubtest.Username, "password", hubtest.Password).app(); params.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("a strength that a password does not have: %v", params)
	}
}

// prompt=consent shows who goes where before anything is given.
func TestPromptConsent(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.code()
	page := b.authorize("prompt", "consent")
	if !strings.Contains(page.body, "Expenses") || !strings.Contains(page.body, "ana@corp.example") {
		t.Fatalf("%d\n%s", page.StatusCode, page.body)
	}
	if params, _ := b.submit(page, "choice", "continue").app(); params.Get("code") == "" {
		t.Error("no code after consent")
	}
}
