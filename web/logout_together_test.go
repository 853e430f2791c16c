package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// A browser that fetches a page before anybody has gone there, on a guess, signs
// nobody out by it: it names the document as its destination all the same.
func TestA124_FetchedAhead(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.code()
	cognito := hubtest.Issuer + "/logout?" + values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode()
	for _, purpose := range []string{"prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip"} {
		b.header.Set("Sec-Fetch-Dest", "document")
		b.header.Set("Sec-Purpose", purpose)
		r := b.once("GET", cognito, nil)
		b.header.Del("Sec-Fetch-Dest")
		b.header.Del("Sec-Purpose")
		if params, _ := b.authorize("prompt", "none").app(); params.Get("code") == "" || r.StatusCode < 400 {
			t.Fatalf("%s: %d, and signed out", purpose, r.StatusCode)
		}
	}
}

// A session that has grown old still holds what its apps were given: a link on a
// foreign site ends it unasked as little as a live one. The page that asks does not
// say whose it was, to whoever has the browser now.
func TestA124_OldSessions(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	tokens := s.token(t, redeem(b.code()))
	s.Advance(20 * 24 * time.Hour)
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.header.Set("Sec-Fetch-Dest", "document")
	page := b.once("GET", hubtest.Issuer+"/logout", nil)
	b.once("GET", hubtest.Issuer+"/logout?"+values("client_id", hubtest.ClientID, "post_logout_redirect_uri", hubtest.LogoutURL).Encode(), nil)
	b.header = http.Header{}
	fresh := s.token(t, values("grant_type", "refresh_token", "refresh_token", tokens.Fresh))
	if fresh.Error != "" {
		t.Fatalf("the refresh token fell: %q", fresh.Error)
	}
	if strings.Contains(page.body, "ana@corp.example") || strings.Contains(page.body, "Ana") {
		t.Error("the page names the person")
	}
	page = b.once("GET", hubtest.Issuer+"/logout", nil)
	if r := b.submit(page, "choice", "continue"); r.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	if again := s.token(t, values("grant_type", "refresh_token", "refresh_token", tokens.Fresh)); again.Error == "" {
		t.Error("the refresh token lives")
	}
}

// The hint of an app that knows people by the sub of an earlier pool names its
// session too, when that has grown old.
func TestOldSessionsByLegacySub(t *testing.T) {
	s := serve(t, hubtest.New(t))
	const legacy = "99999999-0000-4000-8000-000000000001"
	err := s.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		u, err := hub.Users.Find(tx, "name", hub.LocalNameKey(hubtest.Username))
		if err != nil {
			return err
		}
		u.Aliases = []hub.Alias{{Sub: legacy, Pool: "old"}}
		return hub.Users.Put(tx, u)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Pool.Clients[hubtest.ClientID].LegacySub = &hub.LegacySub{Pool: "old", Until: s.Now().Add(60 * 24 * time.Hour)}
	tokens := s.token(t, redeem(s.browser(t).code()))
	s.Advance(20 * 24 * time.Hour)
	fresh := s.token(t, values("grant_type", "refresh_token", "refresh_token", tokens.Fresh))
	s.browser(t).get(hubtest.Issuer + "/logout?" + values("id_token_hint", fresh.ID).Encode())
	if again := s.token(t, values("grant_type", "refresh_token", "refresh_token", tokens.Fresh)); again.Error == "" {
		t.Error("the refresh token lives")
	}
}

// Whoever signs out leaves nothing half done in the browser, also when nobody was
// signed in yet: the next person would choose the password of the one before.
func TestA126_BegunWithoutASession(t *testing.T) {
	h := hubtest.New(t)
	h.AddUser(h.Pool, "new", directory.NewUser{Password: "Temp0rary-Pass", Temporary: true, Attributes: mapping.Attributes{"email": "new@corp.example"}})
	s := serve(t, h)
	b := s.browser(t)
	page := b.submit(b.authorize(), "username", "new", "password", "Temp0rary-Pass")
	b.once("GET", hubtest.Issuer+"/logout?"+values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode(), nil)
	if params, ok := b.submit(page, "new_password", "My-0wn-Choice").app(); ok {
		t.Errorf("the sign-in went on: %v", params)
	}
	if u := h.User(h.Pool, "new"); u.Status != hub.ForceChangePassword {
		t.Errorf("status %s", u.Status)
	}
}

// A code that waits in the browser for the way from the login application to the
// app goes with the session: by the cookie, and by a copy of it.
func TestA126_CodeThatWaits(t *testing.T) {
	s, _ := fronted(t)
	b := s.browser(t)
	id := b.begin()
	done := b.call("POST", "/interaction/"+id+"/password", anasPassword)
	if done.Step != "done" {
		t.Fatalf("%d %s", done.status, done.raw)
	}
	copied := s.with(t, b.cookies())
	b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode())
	if params, _ := b.get(done.RedirectTo).app(); params.Get("code") != "" {
		t.Error("the browser still has the code")
	}
	params, _ := copied.get(done.RedirectTo).app()
	if got := s.token(t, redeem(params.Get("code"))); params.Get("code") == "" || got.Error != "invalid_grant" {
		t.Errorf("the copy: %v, %q", params, got.Error)
	}
}

// The same when another person signs in on the browser instead.
func TestA126_CodeThatWaitsForAnother(t *testing.T) {
	s, _ := fronted(t)
	addAda(s.Hub)
	b := s.browser(t)
	first := b.call("POST", "/interaction/"+b.begin()+"/password", anasPassword)
	second := b.call("POST", "/interaction/"+b.begin("prompt", "login")+"/password", strings.Replace(anasPassword, hubtest.Username, "ada", 1))
	if first.Step != "done" || second.Step != "done" {
		t.Fatalf("%s\n%s", first.raw, second.raw)
	}
	params, _ := b.get(first.RedirectTo).app()
	if got := s.token(t, redeem(params.Get("code"))); got.Access != "" {
		t.Error("the first person's code is good in the second's browser")
	}
	if got := s.token(t, redeem(b.finish(second))); got.Access == "" {
		t.Errorf("the second person's code: %q", got.Error)
	}
}

// Calls in frames prove nothing and are written down: one network makes no more of
// them than of logout tokens.
func TestA134_FrontChannelFlood(t *testing.T) {
	h := hubtest.New(t)
	h.Link(h.Pool, "CorporateID", idptest.New(t, idptest.Config{}))
	s := serve(t, h)
	b := s.browser(t)
	for range 5000 {
		if r := b.once("GET", h.Pool.FrontchannelURL("CorporateID")+"?iss=x&sid=y", nil); r.StatusCode == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("nobody stops it")
}

// Names of providers are whatever people call them, and stand in addresses.
func TestFrontChannelOfOddNames(t *testing.T) {
	for _, name := range []string{"Corp & Co", "a/b", "100%", "Übersee", "a%2Fb"} {
		h := hubtest.New(t)
		up := idptest.New(t, idptest.Config{})
		h.Link(h.Pool, name, up)
		s := serve(t, h)
		address := h.Pool.FrontchannelURL(name) + "?" + url.Values{"iss": {up.Issuer()}, "sid": {"y"}}.Encode()
		if r := s.browser(t).once("GET", address, nil); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", address, r.StatusCode)
		}
	}
}

// The browser keeps its cookie for as long as the session is remembered, also for
// an app that came to it later and goes on for longer.
func TestOldSessionsOfLaterApps(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.Clients[hubtest.ClientID].RefreshLife = time.Hour
	s := serve(t, h)
	heard := s.ear(t, s.Pool.Clients[hubtest.PublicID])
	b := s.browser(t)
	b.code()
	b.authorize("prompt", "none", "client_id", hubtest.PublicID)
	set := b.once("GET", hubtest.Issuer+"/oauth2/authorize?"+hubtest.Authorization("prompt", "none", "client_id", hubtest.PublicID).Encode(), nil).Cookies()
	for _, c := range set {
		if strings.Contains(c.Name, "session") {
			t.Errorf("the cookie is set anew where nothing has changed: %s", c)
		}
	}
	s.Advance(20 * 24 * time.Hour)
	b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.PublicID, "logout_uri", hubtest.LogoutURL).Encode())
	if l := lastLogout(t, s); len(l.Hops) != 2 {
		t.Fatalf("%+v", l)
	}
	hear(t, heard)
}

// The same for a device that was let in.
func TestOldSessionsOfDevices(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.Clients[hubtest.PublicID].Flows = []string{"code", "device_code"}
	s := serve(t, h)
	heard := s.ear(t, s.Pool.Clients[hubtest.PublicID])
	b := s.browser(t)
	d := s.device(t)
	page := b.submit(b.get(d.Complete), "username", hubtest.Username, "password", hubtest.Password) // no app was given anything yet
	if r := b.submit(page, "choice", "continue"); r.StatusCode != http.StatusOK {
		t.Fatalf("the device: %d", r.StatusCode)
	}
	s.Advance(20 * 24 * time.Hour)
	b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.PublicID, "logout_uri", hubtest.LogoutURL).Encode())
	hear(t, heard)
}

// A request that the browser cannot keep on its way to the provider is refused
// before anything ends, and not half-way.
func TestA126_RequestTooLarge(t *testing.T) {
	e := newEmployee(t, idptest.Config{})
	r := e.get(hubtest.Issuer + "/logout?" + values("id_token_hint", e.tokens.ID, "post_logout_redirect_uri", hubtest.LogoutURL, "state", strings.Repeat("s", 5000)).Encode())
	if r.StatusCode != http.StatusBadRequest || !e.in() {
		t.Errorf("%d, signed in: %v", r.StatusCode, e.in())
	}
}

// Duplicates say two things, so they say nothing.
func TestA123_Duplicates(t *testing.T) {
	s := serve(t, hubtest.New(t))
	for _, method := range []string{"GET", "POST"} {
		b := s.browser(t)
		b.code()
		params := url.Values{"client_id": {hubtest.ClientID}, "logout_uri": {hubtest.LogoutURL, "https://evil.test/"}}
		address, form := hubtest.Issuer+"/logout", params
		if method == "GET" {
			address, form = address+"?"+params.Encode(), nil
		}
		if r := b.once(method, address, form); strings.Contains(r.Header.Get("Location"), "evil") {
			t.Errorf("%s: to %q", method, r.Header.Get("Location"))
		}
	}
}

// The way out is the browser's that is on it: a stranger takes no step of it.
func TestA119_WayOutOfAnotherBrowser(t *testing.T) {
	e := newEmployee(t, idptest.Config{})
	e.corp.Logout = hub.LogoutAsk
	page := e.leave()
	if page.doc(t).Find("form").Length() == 0 {
		t.Fatalf("%d %s", page.StatusCode, page.body)
	}
	stranger := e.site.browser(t)
	for _, path := range []string{"/logout/next?id=x", "/logout/idpresponse", "/logout/idpresponse?state=x"} {
		for _, method := range []string{"GET", "HEAD"} {
			if r := stranger.once(method, hubtest.Issuer+path, nil); r.Header.Get("Location") != "" || strings.Contains(r.body, "/logout/record") {
				t.Errorf("%s %s: %d to %q", method, path, r.StatusCode, r.Header.Get("Location"))
			}
		}
	}
	if r := stranger.submit(page, "choice", "continue"); strings.Contains(r.url.String(), e.up.Issuer()) || !e.inThere() {
		t.Errorf("a stranger's answer counts: at %s", r.url)
	}
	if h := e.provider(); h.Outcome != hub.Waiting {
		t.Errorf("%+v", h)
	}
}

// A pass that a person gets has no details, whatever stands in the address beside it.
func TestPassOfAPerson(t *testing.T) {
	s := serve(t, hubtest.New(t))
	h := s.AddPool("other", "http://other.test")
	b := s.browser(t)
	b.code()
	s.Pool.Logout.Show = true
	r := b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode())
	see := r.url.Query().Get("see")
	if see == "" || strings.Contains(r.body, s.User(s.Pool, hubtest.Username).Sub) || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Referrer-Policy") != "same-origin" { // on https none at all
		t.Fatalf("%s %v", r.url, r.Header)
	}
	if r := b.get(r.url.String() + "&d=true&details=1"); strings.Contains(r.body, s.User(s.Pool, hubtest.Username).Sub) {
		t.Error("the address gives details")
	}
	if _, err := logout.OpenPass(h, see); err == nil {
		t.Error("another pool takes the pass")
	}
	cookie := b.sessionCookie()
	for _, forged := range []string{cookie, see[:len(see)-4] + "AAAA", ""} {
		if r := b.once("GET", hubtest.Issuer+"/logout/record?"+values("see", forged).Encode(), nil); r.StatusCode != http.StatusGone {
			t.Errorf("%q: %d", forged, r.StatusCode)
		}
	}
}

// What is remembered of a session opens no page and answers for nobody.
func TestA105_RememberedIsNotLive(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.Clients[hubtest.PublicID].Flows = []string{"code", "device_code"}
	up := idptest.New(t, idptest.Config{})
	h.Link(h.Pool, "CorporateID", up)
	s := serve(t, h)
	b := s.browser(t)
	b.code()
	s.Advance(s.Pool.SessionLife - time.Minute)
	page := b.authorize("prompt", "select_account") // shown while the session lives
	if !strings.Contains(page.body, "ana@corp.example") {
		t.Fatalf("%d %s", page.StatusCode, page.body)
	}
	d := s.device(t)
	ask := b.get(d.Complete)
	s.Advance(2 * time.Minute)
	if params, _ := b.submit(page, "choice", "continue").app(); params.Get("code") != "" {
		t.Error("the page that asks who goes on")
	}
	b.submit(ask, "choice", "continue")
	if got := s.poll(t, d.DeviceCode); got.Access != "" {
		t.Error("a device is let in")
	}
	for name, r := range map[string]*response{
		"/account/links": b.get(hubtest.Issuer + "/account/links"),
		"/device":        b.get(d.Complete),
		"/login":         b.get(hubtest.Issuer + "/login?" + hubtest.Authorization().Encode()),
		"select_account": b.authorize("prompt", "select_account"),
		"max_age":        b.authorize("max_age", "1000000"),
	} {
		if params, _ := r.app(); params.Get("code") != "" || strings.Contains(r.body, "ana@corp.example") {
			t.Errorf("%s: %s\n%s", name, r.url, r.body)
		}
	}
	for _, form := range []url.Values{values("choice", "add", "provider", "CorporateID"), values("choice", "remove", "link", "x")} {
		if r := b.once("POST", hubtest.Issuer+"/account/links", form); strings.Contains(r.Header.Get("Location"), up.Issuer()) || strings.Contains(r.body, "ana@corp.example") {
			t.Errorf("%v: %d %s", form, r.StatusCode, r.Header.Get("Location"))
		}
	}
}
