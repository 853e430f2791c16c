package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

func (b *browser) sessionCookie() string {
	for _, c := range b.cookies() {
		if strings.Contains(c.Name, "session") {
			return c.Value
		}
	}
	return ""
}

// with is another browser that holds exactly these cookies.
func (s *site) with(t *testing.T, cookies []*http.Cookie) *browser {
	t.Helper()
	b := s.browser(t)
	origin, _ := url.Parse(hubtest.Issuer)
	b.client.Jar.SetCookies(origin, cookies)
	return b
}

// A sign-in always opens a session under a new id, and the old one is dead.
func TestA103_NewSessionEachSignIn(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.code()
	before := b.cookies()
	b.submit(b.authorize("prompt", "login"), "username", hubtest.Username, "password", hubtest.Password)
	if b.sessionCookie() == "" || slices.ContainsFunc(before, func(c *http.Cookie) bool { return c.Value == b.sessionCookie() }) {
		t.Error("the session kept its id")
	}
	if params, _ := s.with(t, before).authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Errorf("the old session answers: %v", params)
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("code") == "" {
		t.Error("the new session does not answer")
	}
}

// Every cookie is HttpOnly, Lax, host-only with path /, and over https bears the
// __Host- prefix and Secure.
func TestA104_CookieAttributes(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		h := hubtest.New(t)
		h.Pool.Issuer = scheme + "://hub.test"
		s := serve(t, h)
		b := s.browser(t)
		var set []*http.Cookie
		page := b.once("GET", h.Pool.URL("/login?"+hubtest.Authorization().Encode()), nil)
		set = append(set, page.Cookies()...)
		form := values("tx", page.doc(t).Find("input[name=tx]").AttrOr("value", ""), "username", hubtest.Username, "password", hubtest.Password)
		set = append(set, b.once("POST", h.Pool.URL("/login"), form).Cookies()...)
		if len(set) < 3 {
			t.Fatalf("%s: only %d cookies were set", scheme, len(set))
		}
		for _, c := range set {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || !strings.Contains(c.Name, h.Pool.Name) {
				t.Errorf("%s: %s", scheme, c)
			}
			if secure := scheme == "https"; c.Secure != secure || strings.HasPrefix(c.Name, "__Host-") != secure {
				t.Errorf("%s: %s", scheme, c)
			}
		}
	}
}

// The server keeps the state: a cookie's copy is worth nothing after sign-out,
// expiry or the end of the person.
func TestA105_OldCookiesAreDead(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *site, *browser){
		"sign-out": func(t *testing.T, _ *site, b *browser) {
			b.get(hubtest.Issuer + "/logout?client_id=" + hubtest.ClientID + "&logout_uri=" + url.QueryEscape(hubtest.LogoutURL))
		},
		"expiry": func(_ *testing.T, s *site, _ *browser) { s.Advance(time.Hour + time.Second) },
		"signed out everywhere": func(t *testing.T, s *site, _ *browser) {
			if _, err := directory.SignOut(t.Context(), s.Pool, hubtest.Username, hub.End{}); err != nil {
				t.Fatal(err)
			}
			s.Advance(time.Second)
			again := s.browser(t)
			again.code()
			if params, _ := again.authorize("prompt", "none").app(); params.Get("code") == "" {
				t.Error("a later sign-in is dead too")
			}
		},
		"deleted": func(t *testing.T, s *site, _ *browser) {
			if _, err := directory.Delete(t.Context(), s.Pool, hubtest.Username, hub.End{}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, hubtest.New(t))
			b := s.browser(t)
			b.code()
			cookies := b.cookies()
			end(t, s, b)
			if params, _ := s.with(t, cookies).authorize("prompt", "none").app(); params.Get("error") != "login_required" {
				t.Errorf("the cookie still opens: %v", params)
			}
		})
	}
}

// Cookies cut, mixed, made up or of another pool read as absent.
func TestA106_BrokenCookies(t *testing.T) {
	h := hubtest.New(t)
	other := h.AddPool("other", "http://other.test")
	s := serve(t, h, h.Pool, other)
	b := s.browser(t)
	b.code()
	b.authorize("prompt", "login") // a sign-in under way beside the session
	good := b.cookies()
	if len(good) < 2 {
		t.Fatalf("only %d cookies", len(good))
	}
	for i, c := range good {
		for _, value := range []string{"", "x", c.Value[:len(c.Value)/2], c.Value + "A", strings.Repeat("y", 4000), good[(i+1)%len(good)].Value} {
			broken := slices.Clone(good)
			broken[i] = &http.Cookie{Name: c.Name, Value: value}
			r := s.with(t, broken).authorize("prompt", "none")
			if params, ok := r.app(); !ok || (strings.Contains(c.Name, "session") && params.Get("error") != "login_required") {
				t.Errorf("%s=%.20q: %d %v", c.Name, value, r.StatusCode, params)
			}
		}
	}
	moved := []*http.Cookie{}
	for _, c := range good {
		moved = append(moved, &http.Cookie{Name: strings.ReplaceAll(c.Name, "master", "other"), Value: c.Value})
	}
	thief := s.browser(t)
	origin, _ := url.Parse(other.Issuer)
	thief.client.Jar.SetCookies(origin, moved)
	if params, _ := thief.get(other.Issuer + "/oauth2/authorize?" + hubtest.Authorization("prompt", "none").Encode()).app(); params.Get("error") != "login_required" {
		t.Errorf("A99: the session of one pool opens another: %v", params)
	}
}

// What one pool made is unknown at another, and said so in the same words.
func TestA99_PoolsAreApart(t *testing.T) {
	h := hubtest.New(t)
	other := h.AddPool("other", "http://other.test")
	s := serve(t, h, h.Pool, other)
	b := s.browser(t)
	page := b.authorize()
	code := b.code()
	got := s.token(t, redeem(code))
	if u := h.User(other, hubtest.Username); u != nil {
		t.Error("the user of one pool is known at another")
	}
	params, _ := b.get(other.Issuer + "/oauth2/authorize?" + hubtest.Authorization("prompt", "none").Encode()).app()
	if params.Get("error") != "login_required" {
		t.Errorf("session: %v", params)
	}
	foreign := s.tokenAs(t, other.Issuer, hubtest.ClientID, hubtest.ClientSecret, refresh(got.Fresh))
	unknown := s.tokenAs(t, other.Issuer, hubtest.ClientID, hubtest.ClientSecret, refresh("unknown"))
	if foreign.Error != "invalid_grant" || foreign.status != unknown.status || foreign.Error != unknown.Error {
		t.Errorf("refresh token: %+v, unknown: %+v", foreign, unknown)
	}
	r, _ := http.NewRequest("GET", other.Issuer+"/oauth2/userInfo", nil)
	r.Header.Set("Authorization", "Bearer "+got.Access)
	if res, err := (transport{hub: s.server}).RoundTrip(r); err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("access token: %v %v", res.StatusCode, err)
	}
	tx := page.doc(t).Find("input[name=tx]").AttrOr("value", "")
	moved := s.browser(t)
	origin, _ := url.Parse(other.Issuer)
	for _, c := range b.cookies() {
		moved.client.Jar.SetCookies(origin, []*http.Cookie{{Name: strings.ReplaceAll(c.Name, "master", "other"), Value: c.Value}})
	}
	if r := moved.post(other.Issuer+"/login", values("tx", tx, "username", hubtest.Username, "password", hubtest.Password)); r.StatusCode != http.StatusBadRequest {
		t.Errorf("interaction: %d", r.StatusCode)
	}
	trace := s.trace(t, b.authorize("redirect_uri", "http://evil.example").help(t))
	if r := b.get(other.Issuer + "/error?id=" + trace.ID); r.StatusCode != http.StatusNotFound {
		t.Errorf("trace: %d", r.StatusCode)
	}
}

// No other site can make a browser send our forms.
func TestA107_CrossSiteForms(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	page := b.authorize()
	form := values("tx", page.doc(t).Find("input[name=tx]").AttrOr("value", ""), "username", hubtest.Username, "password", hubtest.Password)
	for _, path := range []string{"/login", "/login/password", "/login/profile", "/logout/answer"} {
		for name, header := range map[string]http.Header{
			"cross-site":   {"Sec-Fetch-Site": {"cross-site"}},
			"same-site":    {"Sec-Fetch-Site": {"same-site"}},
			"origin":       {"Origin": {"https://evil.example"}},
			"null origin":  {"Origin": {"null"}},
			"other scheme": {"Origin": {"https://hub.test"}},
			"look-alike":   {"Origin": {"http://hub.test.evil.example"}},
		} {
			r, _ := http.NewRequest("POST", hubtest.Issuer+path, strings.NewReader(form.Encode()))
			r.Header = header.Clone()
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, c := range b.cookies() {
				r.AddCookie(c)
			}
			res, err := transport{hub: s.server}.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != http.StatusForbidden || len(res.Cookies()) > 0 {
				t.Errorf("%s %s: %d", path, name, res.StatusCode)
			}
		}
	}
	if params, ok := b.submit(page, "username", hubtest.Username, "password", hubtest.Password).app(); !ok || params.Get("code") == "" {
		t.Error("our own form is refused")
	}
}

// A form, or a step of a sign-in, counts only in the browser that began it.
func TestA119_StepsInAnotherBrowser(t *testing.T) {
	h := hubtest.New(t)
	h.AddUser(h.Pool, "new", directory.NewUser{Password: "Temp0rary-Pass", Temporary: true, Attributes: mapping.Attributes{"email": "new@corp.example"}})
	up := idptest.New(t, idptest.Config{})
	up.SetUser(idptest.User{Subject: "alice"})
	pr := h.Link(h.Pool, "CorporateID", up)
	var err error
	if pr.Mapping, err = mapping.Compile(h.Pool.Schema, []mapping.Rule{{Attribute: "email", From: []string{"email"}, OnMissing: mapping.Ask}}); err != nil {
		t.Fatal(err)
	}
	s := serve(t, h)
	victim, attacker := s.browser(t), s.browser(t)
	attacker.authorize()
	pages := map[string]*response{
		"sign-in":      victim.authorize(),
		"new password": victim.submit(victim.authorize(), "username", "new", "password", "Temp0rary-Pass"),
		"profile":      victim.authorize("identity_provider", "CorporateID"),
	}
	fill := map[string][]string{
		"sign-in":      {"username", hubtest.Username, "password", hubtest.Password},
		"new password": {"new_password", "My-0wn-Choice"},
		"profile":      {"email", "alice@home.example"},
	}
	for step, page := range pages {
		if r := attacker.submit(page, fill[step]...); r.StatusCode != http.StatusBadRequest {
			t.Errorf("A108 %s from another browser: %d", step, r.StatusCode)
		}
	}
	// A118: a later step without the earlier one, in the right browser.
	tx := pages["sign-in"].doc(t).Find("input[name=tx]").AttrOr("value", "")
	for path, form := range map[string]url.Values{
		"/login/password": values("tx", tx, "new_password", "My-0wn-Choice"),
		"/login/profile":  values("tx", tx, "email", "x@home.example"),
		"/login":          values("tx", tx, "choice", "continue"),
	} {
		if r := victim.post(hubtest.Issuer+path, form); r.StatusCode != http.StatusBadRequest {
			t.Errorf("A118 %s out of turn: %d", path, r.StatusCode)
		}
	}
	for step, page := range pages {
		if params, ok := victim.submit(page, fill[step]...).app(); !ok || params.Get("code") == "" {
			t.Errorf("%s in the right browser: no code", step)
		}
		victim = s.with(t, victim.cookies())
	}
}

// Two tabs of one browser do not disturb each other (A42).
func TestA42_TwoTabs(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	first, second := b.authorize("state", "first"), b.authorize("state", "second", "nonce", "other")
	for want, page := range map[string]*response{"second": second, "first": first} {
		params, ok := b.submit(page, "username", hubtest.Username, "password", hubtest.Password).app()
		if !ok || params.Get("state") != want {
			t.Errorf("tab %s: %v", want, params)
		}
	}
}

// Markup in any parameter comes out as text, and no policy allows inline script.
func TestA110_MarkupInParameters(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	for _, payload := range []string{`"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `</title><svg onload=alert(1)>`, `javascript:alert(1)`, "{{.}}"} {
		pages := []*response{
			b.authorize("login_hint", payload), b.authorize("client_id", payload), b.authorize("redirect_uri", payload),
			b.authorize("ui_locales", payload), b.get(hubtest.Issuer + "/logout?client_id=" + url.QueryEscape(payload)),
			b.get(hubtest.Issuer + "/logout?client_id=app&logout_uri=" + url.QueryEscape(payload)),
			b.get(hubtest.Issuer + "/error?id=" + url.QueryEscape(payload)), b.get(hubtest.Issuer + "/" + url.PathEscape(payload)),
			b.submit(b.authorize(), "username", payload, "password", payload),
		}
		for i, p := range pages {
			d := p.doc(t)
			if d.Find("script:not([src])").Length() > 0 || d.Find("svg[onload], img[onerror]").Length() > 0 || d.Find(`a[href^="javascript:"]`).Length() > 0 {
				t.Errorf("page %d carries %s:\n%s", i, payload, p.body)
			}
			policy := p.Header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("A112 page %d: policy %q", i, policy)
			}
			for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Cross-Origin-Opener-Policy", "Permissions-Policy"} {
				if p.Header.Get(name) == "" {
					t.Errorf("A112 page %d lacks %s", i, name)
				}
			}
		}
	}
}

// No address, cookie or issuer is ever made from what a request says of its host.
func TestA114_ForgedHost(t *testing.T) {
	s := serve(t, hubtest.New(t))
	for name, change := range map[string]func(*http.Request){
		"host":           func(r *http.Request) { r.Host = "evil.example" },
		"host with port": func(r *http.Request) { r.Host = "hub.test:8443" },
		"empty":          func(r *http.Request) { r.Host = "" },
		"trailing dot":   func(r *http.Request) { r.Host = "hub.test." },
	} {
		r := httptest.NewRequest("GET", "/.well-known/openid-configuration", nil)
		r.Host = "hub.test"
		change(r)
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)
		if w.Code != http.StatusMisdirectedRequest || strings.Contains(w.Body.String(), "evil.example") {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	plain := s.browser(t).get(hubtest.Issuer + "/.well-known/openid-configuration")
	forged := s.browser(t)
	for _, h := range []string{"X-Forwarded-Host", "Forwarded", "X-Original-Host", "X-Host"} {
		forged.header.Set(h, "evil.example")
	}
	forged.header.Set("X-Forwarded-Proto", "https")
	forged.header.Set("X-Forwarded-For", "203.0.113.9")
	if got := forged.get(hubtest.Issuer + "/.well-known/openid-configuration"); got.body != plain.body {
		t.Error("forwarding headers changed discovery")
	}
	page := forged.authorize()
	if strings.Contains(page.body, "evil.example") || page.Header.Get("Strict-Transport-Security") != "" {
		t.Error("forwarding headers changed a page")
	}
	forged.authorize("redirect_uri", "https://evil.example/")
	if e := s.Events(hub.RedirectRefused); len(e) != 1 || e[0].Address != "192.0.2.7" {
		t.Errorf("A115: an unlisted proxy's word about the address was believed: %+v", e)
	}
}

func TestSelectAccount(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.code()
	page := b.authorize("prompt", "select_account")
	if !strings.Contains(page.body, "ana@corp.example") {
		t.Fatalf("the account is not shown:\n%s", page.body)
	}
	if params, ok := b.submit(page, "choice", "continue").app(); !ok || params.Get("code") == "" {
		t.Error("could not go on as the account shown")
	}
	page = b.submit(b.authorize("prompt", "select_account"), "choice", "other")
	if page.doc(t).Find("input[type=password]").Length() == 0 {
		t.Errorf("no form for another account: %d %s", page.StatusCode, page.url)
	}
}

// A page that stood open too long says so and still knows the app.
func TestExpiredPage(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	page := b.authorize()
	s.Advance(11 * time.Minute)
	r := b.submit(page, "username", hubtest.Username, "password", hubtest.Password)
	if r.StatusCode != http.StatusBadRequest || r.help(t) == "" {
		t.Fatalf("%d\n%s", r.StatusCode, r.body)
	}
	again := r.doc(t).Find(`a[href*="/oauth2/authorize"]`).AttrOr("href", "")
	if fresh := b.get(hubtest.Issuer + again); fresh.doc(t).Find("input[type=password]").Length() == 0 {
		t.Errorf("starting again leads to %s", fresh.url)
	}
}
