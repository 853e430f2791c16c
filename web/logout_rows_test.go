package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// A link on a foreign site signs nobody out unasked: but for a hint that names
// this very session, and for Cognito's form in a navigation of the whole page.
func TestA124_ForeignLinks(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	old := s.token(t, redeem(b.code())).ID
	b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode())
	now := s.token(t, redeem(b.code())).ID // the same person, a later session
	cognito := values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL)
	for _, c := range []struct {
		name   string
		dest   string
		params url.Values
		out    bool
	}{
		{"nothing", "document", url.Values{}, false},
		{"a client", "document", values("client_id", hubtest.ClientID), false},
		{"a client and an address", "document", values("client_id", hubtest.ClientID, "post_logout_redirect_uri", hubtest.LogoutURL), false},
		{"the hint of an earlier session", "document", values("id_token_hint", old), false},
		{"Cognito's form as an image", "image", cognito, false},
		{"Cognito's form in a frame", "iframe", cognito, false},
		{"Cognito's form by a script", "empty", cognito, false},
		{"a hint in a frame", "iframe", values("id_token_hint", now), false},
		{"the hint of this session", "document", values("id_token_hint", now), true},
	} {
		b.header.Set("Sec-Fetch-Dest", c.dest)
		b.header.Set("Sec-Fetch-Site", "cross-site")
		b.once("GET", hubtest.Issuer+"/logout?"+c.params.Encode(), nil)
		b.header.Del("Sec-Fetch-Dest")
		b.header.Del("Sec-Fetch-Site")
		if params, _ := b.authorize("prompt", "none").app(); (params.Get("code") == "") != c.out {
			t.Fatalf("%s: signed out: %v", c.name, !c.out)
		}
	}
	b.code()
	b.header.Set("Sec-Fetch-Dest", "document")
	if r := b.once("GET", hubtest.Issuer+"/logout?"+cognito.Encode(), nil); r.Header.Get("Location") != hubtest.LogoutURL {
		t.Errorf("Cognito's form leads to %q", r.Header.Get("Location"))
	}
}

// No hint but an ID token of this pool and this session ends it.
func TestA125_Hints(t *testing.T) {
	h := hubtest.New(t)
	h.AddPool("other", "http://hub.test/other")
	s := serve(t, h)
	b, stranger := s.browser(t), s.browser(t)
	mine := s.token(t, redeem(b.code()))
	theirs := s.token(t, redeem(stranger.code()))
	p := s.Pool
	logoutToken, err := p.Keys.Ring().Sign([]byte(`{"iss":"`+p.Issuer+`","sub":"x","aud":"`+hubtest.ClientID+`","token_use":"id"}`), token.TypeLogout)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(mine.ID, ".")
	for name, hint := range map[string]string{
		"a changed payload":        parts[0] + "." + parts[1][:len(parts[1])-4] + "AAAA." + parts[2],
		"a changed signature":      parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"no signature":             parts[0] + "." + parts[1] + ".",
		"an access token":          mine.Access,
		"a refresh token":          mine.Fresh,
		"a logout token":           logoutToken,
		"another person's session": theirs.ID,
		"words":                    "hello",
		"sixteen kilobytes":        strings.Repeat("a", 17<<10),
	} {
		r := b.once("GET", hubtest.Issuer+"/logout?"+values("id_token_hint", hint, "post_logout_redirect_uri", hubtest.LogoutURL).Encode(), nil)
		if r.Header.Get("Location") != "" {
			t.Errorf("%s leads to %q", name, r.Header.Get("Location"))
		}
		if params, _ := b.authorize("prompt", "none").app(); params.Get("code") == "" {
			t.Fatalf("%s ended the session", name)
		}
	}
}

// When the answer to a sign-out is there, nothing of the session gives anything.
func TestA126_NothingSurvives(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		h := hubtest.New(t)
		h.Pool.Clients[hubtest.ClientID].KeepsRefresh = keeps
		h.Pool.Clients[hubtest.PublicID].Flows = []string{"code", "device_code"}
		s := serve(t, h)
		b := s.browser(t)
		tokens := s.token(t, redeem(b.code()))
		params, _ := b.authorize("prompt", "none").app()
		unredeemed := params.Get("code")
		d := s.device(t)
		if r := b.submit(b.get(d.Complete), "choice", "continue"); r.StatusCode != http.StatusOK {
			t.Fatalf("the device: %d", r.StatusCode)
		}
		begun := b.authorize("prompt", "login") // a sign-in that is under way
		cookie := b.sessionCookie()
		b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode())

		if cookie == "" || b.sessionCookie() != "" {
			t.Error("the cookie stays")
		}
		if got := s.token(t, redeem(unredeemed)); got.Error != "invalid_grant" {
			t.Errorf("a code that was waiting: %q", got.Error)
		}
		if got := s.poll(t, d.DeviceCode); got.Error != "invalid_grant" {
			t.Errorf("a device that was allowed: %q", got.Error)
		}
		if status := s.userInfo(t, tokens.Access); status != http.StatusUnauthorized {
			t.Errorf("userInfo: %d", status)
		}
		if seen := s.introspect(t, hubtest.ClientID, hubtest.ClientSecret, tokens.Access); seen["active"] != false {
			t.Errorf("introspection: %v", seen)
		}
		if r := b.submit(begun, "username", hubtest.Username, "password", hubtest.Password); r.StatusCode < 400 {
			t.Errorf("a sign-in from before goes on: %d %s", r.StatusCode, r.url)
		}
		seen := s.introspect(t, hubtest.ClientID, hubtest.ClientSecret, tokens.Fresh)
		fresh := s.token(t, values("grant_type", "refresh_token", "refresh_token", tokens.Fresh))
		if !keeps {
			if fresh.Error != "invalid_grant" || seen["active"] != false {
				t.Errorf("the refresh token lives: %q, %v", fresh.Error, seen)
			}
			continue
		}
		if seen["active"] != true || fresh.Error != "" {
			t.Errorf("a client that keeps refresh tokens: %q, %v", fresh.Error, seen)
		}
		s.Advance(2 * time.Second)
		fresh = s.token(t, values("grant_type", "refresh_token", "refresh_token", tokens.Fresh))
		if status := s.userInfo(t, fresh.Access); status != http.StatusOK {
			t.Errorf("and its new access token: %d", status)
		}
		if status := s.userInfo(t, tokens.Access); status != http.StatusUnauthorized {
			t.Errorf("and the old one: %d", status)
		}
	}
}

// A logout token ends the sessions of its provider and its subject or sid, and no
// others.
func TestA129_WhatATokenNames(t *testing.T) {
	h := hubtest.New(t)
	ups := map[string]*idptest.Provider{}
	way := &toHub{}
	for _, name := range []string{"Corp", "Branch"} {
		ups[name] = idptest.New(t, idptest.Config{Client: &http.Client{Transport: way}})
		h.Link(h.Pool, name, ups[name])
	}
	s := serve(t, h)
	way.transport = transport{hub: s.server}
	type person struct{ provider, subject, sid string }
	people := []person{{"Corp", "alice", "1"}, {"Corp", "alice", "2"}, {"Corp", "bob", "3"}, {"Branch", "alice", "1"}, {"Branch", "alice", "9"}}
	for _, c := range []struct {
		name         string
		subject, sid string
		ended        []person
	}{
		{"a session", "", "1", people[:1]},
		{"a person", "alice", "", people[:2]},
		{"a person and her session", "alice", "2", people[1:2]},
		{"a person and another's session", "alice", "3", nil},
		{"a session of nobody", "", "77", nil},
		{"nobody", "carol", "", nil},
		{"another provider's session", "", "9", nil},
	} {
		browsers := map[person]*browser{}
		for _, who := range people {
			ups[who.provider].SetUser(idptest.User{Subject: who.subject, SessionID: who.sid, Claims: map[string]any{"email": who.subject + "@corp.example"}})
			browsers[who] = s.browser(t)
			if params, _ := browsers[who].authorize("identity_provider", who.provider).app(); params.Get("code") == "" {
				t.Fatal("no code")
			}
		}
		raw, err := ups["Corp"].LogoutToken(c.subject, c.sid)
		if err != nil {
			t.Fatal(err)
		}
		if status, body, err := ups["Corp"].SendLogout(t.Context(), s.Pool.BackchannelURL("Corp"), raw); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s %v", c.name, status, body, err)
		}
		for who, b := range browsers {
			params, _ := b.authorize("prompt", "none").app()
			if ended := params.Get("code") == ""; ended != slices.Contains(c.ended, who) {
				t.Errorf("%s: %+v: ended %v", c.name, who, ended)
			}
			b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode())
		}
	}
}

// Each client hears of a session only if it had something of it, by a sid of its
// own, in a token made for it that no other kind of check takes.
func TestA131_TokensForTheirClients(t *testing.T) {
	s := serve(t, hubtest.New(t))
	here, there := s.Pool.Clients[hubtest.ClientID], s.Pool.Clients[hubtest.PublicID]
	first, second := s.ear(t, here), s.ear(t, there)
	b := s.browser(t)
	tokens := s.token(t, redeem(b.code()))
	s.browser(t).code("client_id", hubtest.PublicID) // somebody else's session, at the other client alone
	b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode())
	one := hear(t, first)
	select {
	case w := <-second:
		t.Fatalf("a client that was not in the session heard %+v", w)
	case <-time.After(200 * time.Millisecond):
	}
	b.code()
	b.authorize("prompt", "none", "client_id", hubtest.PublicID)
	b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode())
	two, other := hear(t, first), hear(t, second)
	if one.SID == two.SID || two.SID == other.SID || one.JTI == two.JTI || two.JTI == other.JTI {
		t.Errorf("they can be joined: %+v %+v %+v", one, two, other)
	}
	if one.SID != claimsOf(t, s, tokens.ID)["sid"] {
		t.Error("not the sid of the ID token")
	}
	for name, w := range map[string]word{"one": one, "other": other} {
		if w.raw == "" {
			t.Fatal(name)
		}
		if status := s.userInfo(t, w.raw); status != http.StatusUnauthorized {
			t.Errorf("%s opens userInfo: %d", name, status)
		}
		if w.typ != "logout+jwt" {
			t.Errorf("%s is of type %q", name, w.typ)
		}
	}
}

// The page that loads clients' front-channel logout URIs may frame those and no
// others, and takes nothing for success. A provider's call needs its issuer and
// its sid.
func TestA134_FrontChannel(t *testing.T) {
	e := newEmployee(t, idptest.Config{})
	app, other := e.site.Pool.Clients[hubtest.ClientID], e.site.Pool.Clients[hubtest.PublicID]
	app.FrontchannelLogoutURI, other.FrontchannelLogoutURI = "http://localhost:3000/out?app=1", "http://localhost:4000/out"
	r := e.leave()
	if r.StatusCode != http.StatusOK || e.in() {
		t.Fatalf("%d, signed in: %v", r.StatusCode, e.in())
	}
	if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "; frame-src http://localhost:3000;") {
		t.Errorf("%s", policy)
	}
	var frames []string
	r.doc(t).Find("iframe").Each(func(_ int, s *goquery.Selection) { frames = append(frames, s.AttrOr("src", "")) })
	if len(frames) != 1 {
		t.Fatalf("frames %q", frames)
	}
	u, err := url.Parse(frames[0])
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("app") != "1" || q.Get("iss") != hubtest.Issuer || q.Get("sid") != claimsOf(t, e.site, e.tokens.ID)["sid"] || u.Host != "localhost:3000" {
		t.Errorf("%s", frames[0])
	}
	refresh := r.doc(t).Find("meta[http-equiv=refresh]").AttrOr("content", "")
	_, next, ok := strings.Cut(refresh, "url=")
	if !ok || r.doc(t).Find("main a[href='"+next+"']").Length() != 1 {
		t.Fatalf("it goes on by %q", refresh)
	}
	if end := e.get(hubtest.Issuer + next); end.url.String() != back || e.inThere() {
		t.Errorf("ends at %s; signed in at the company: %v", end.url, e.inThere())
	}
	l := lastLogout(t, e.site)
	if h := l.Hops[1]; h.Channel != hub.FrontChannel || h.Outcome != hub.Unknown {
		t.Errorf("%+v", l.Hops)
	}

	e.signIn()
	sid := e.up.Sessions("alice")[0]
	call := func(pairs ...string) *response {
		t.Helper()
		foreign := e.site.browser(t) // no cookies go along with a frame
		foreign.header.Set("Sec-Fetch-Dest", "iframe")
		return foreign.once("GET", e.site.Pool.FrontchannelURL("CorporateID")+"?"+values(pairs...).Encode(), nil)
	}
	for _, wrong := range [][]string{{}, {"sid", sid}, {"iss", e.up.Issuer()}, {"iss", e.up.Issuer() + "/", "sid", sid}, {"iss", hubtest.Issuer, "sid", sid}} {
		if r := call(wrong...); r.StatusCode != http.StatusBadRequest || !e.in() {
			t.Errorf("%q: %d, signed in %v", wrong, r.StatusCode, e.in())
		}
	}
	if call("iss", e.up.Issuer(), "sid", "guess"); !e.in() {
		t.Error("a guess ended the session")
	}
	r = call("iss", e.up.Issuer(), "sid", sid)
	if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors "+e.up.Issuer()+";") || r.Header.Get("X-Frame-Options") != "" {
		t.Errorf("nobody may frame it: %s, %s", policy, r.Header.Get("X-Frame-Options"))
	}
	if r.StatusCode != http.StatusOK || e.in() {
		t.Errorf("%d, signed in %v", r.StatusCode, e.in())
	}
}

// lastLogout is the latest record.
func lastLogout(t *testing.T, s *site) *hub.Logout {
	t.Helper()
	list, _, err := logout.List(t.Context(), s.Pool, logout.Filter{}, "", 1)
	if err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
	return list[0]
}

// What an administrator does to a person ends everything of hers at once, and
// every client hears of it.
func TestA135_Administrators(t *testing.T) {
	for name, act := range map[string]func(context.Context, *hub.Pool, string) error{
		"signed out everywhere": func(ctx context.Context, p *hub.Pool, who string) error {
			_, err := directory.SignOut(ctx, p, who, hub.End{By: "admin"})
			return err
		},
		"disabled": func(ctx context.Context, p *hub.Pool, who string) error {
			_, err := directory.SetDisabled(ctx, p, who, true, hub.End{By: "admin"})
			return err
		},
		"deleted": func(ctx context.Context, p *hub.Pool, who string) error {
			_, err := directory.Delete(ctx, p, who, hub.End{By: "admin"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, hubtest.New(t))
			heard := s.ear(t, s.Pool.Clients[hubtest.ClientID])
			const browsers = 3
			var all []*tokens
			var at []*browser
			for range browsers {
				b := s.browser(t)
				all, at = append(all, s.token(t, redeem(b.code()))), append(at, b)
			}
			waiting := at[0].code("prompt", "login")
			if err := act(t.Context(), s.Pool, hubtest.Username); err != nil {
				t.Fatal(err)
			}
			s.Advance(time.Second)
			if got := s.token(t, redeem(waiting)); got.Error != "invalid_grant" {
				t.Errorf("a code: %q", got.Error)
			}
			for i, tokens := range all {
				if status := s.userInfo(t, tokens.Access); status != http.StatusUnauthorized {
					t.Errorf("access token %d: %d", i, status)
				}
				if got := s.token(t, values("grant_type", "refresh_token", "refresh_token", tokens.Fresh)); got.Error != "invalid_grant" {
					t.Errorf("refresh token %d: %q", i, got.Error)
				}
				if params, _ := at[i].authorize("prompt", "none").app(); params.Get("code") != "" {
					t.Errorf("session %d lives", i)
				}
			}
			sids := map[string]bool{}
			for range browsers {
				sids[hear(t, heard).SID] = true
			}
			if len(sids) != browsers {
				t.Errorf("%d of %d sessions were told of", len(sids), browsers)
			}
			if l := lastLogout(t, s); l.By != "admin" || l.Cause == "" {
				t.Errorf("%+v", l)
			}
		})
	}
}

// Another person who signs in on the same browser ends the session that was
// there; the same person goes on with it under a new cookie.
func TestSessionReplaced(t *testing.T) {
	h := hubtest.New(t)
	addAda(h)
	s := serve(t, h)
	heard := s.ear(t, s.Pool.Clients[hubtest.ClientID])
	b := s.browser(t)
	first := s.token(t, redeem(b.code()))
	cookie := b.sessionCookie()
	again := s.token(t, redeem(b.code("prompt", "login")))
	if claimsOf(t, s, first.ID)["sid"] != claimsOf(t, s, again.ID)["sid"] || b.sessionCookie() == cookie {
		t.Error("the same person: another session, or the same cookie")
	}
	if status := s.userInfo(t, first.Access); status != http.StatusOK {
		t.Errorf("what the session gave is dead: %d", status)
	}
	r := b.submit(b.authorize("prompt", "login"), "username", "ada", "password", hubtest.Password)
	if params, _ := r.app(); params.Get("code") == "" {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	if w := hear(t, heard); w.SID != claimsOf(t, s, first.ID)["sid"] {
		t.Errorf("told of %q", w.SID)
	}
	if status := s.userInfo(t, first.Access); status != http.StatusUnauthorized {
		t.Errorf("the first person's token lives: %d", status)
	}
	if l := lastLogout(t, s); l.Cause != hub.ByReplacement {
		t.Errorf("%+v", l)
	}
}

// A session that signs nobody in any more is remembered for the apps that go on:
// whoever signs out at one of them, or is signed out, is so at all.
func TestOldSessions(t *testing.T) {
	for name, out := range map[string]func(*site, *browser, *tokens){
		"by the app's hint": func(s *site, _ *browser, last *tokens) {
			s.browser(t).get(hubtest.Issuer + "/logout?" + values("id_token_hint", last.ID).Encode()) // no cookie is needed
		},
		"by Cognito's form": func(_ *site, b *browser, _ *tokens) {
			b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode())
		},
		"by an administrator": func(s *site, _ *browser, _ *tokens) {
			if _, err := directory.SignOut(t.Context(), s.Pool, hubtest.Username, hub.End{}); err != nil {
				t.Error(err)
			}
		},
		"by somebody else, who signs in on the browser": func(_ *site, b *browser, _ *tokens) {
			b.submit(b.authorize(), "username", "ada", "password", hubtest.Password)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := hubtest.New(t)
			addAda(h)
			s := serve(t, h)
			heard := s.ear(t, s.Pool.Clients[hubtest.ClientID])
			b := s.browser(t)
			tokens := s.token(t, redeem(b.code()))
			s.Advance(20 * 24 * time.Hour)
			if _, err := hub.Sweep(t.Context(), s.Pool); err != nil {
				t.Fatal(err)
			}
			if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
				t.Fatalf("the old session signs in: %v", params)
			}
			fresh := s.token(t, values("grant_type", "refresh_token", "refresh_token", tokens.Fresh))
			if fresh.Error != "" {
				t.Fatalf("refresh: %q", fresh.Error)
			}
			out(s, b, fresh)
			if w := hear(t, heard); w.SID != claimsOf(t, s, tokens.ID)["sid"] {
				t.Errorf("told of %q", w.SID)
			}
			if again := s.token(t, values("grant_type", "refresh_token", "refresh_token", tokens.Fresh)); again.Error == "" {
				t.Error("the refresh token lives")
			}
		})
	}
}

// A session that grows old is a sign-out where the pool says so.
func TestSessionExpires(t *testing.T) {
	for _, on := range []bool{true, false} {
		h := hubtest.New(t)
		h.Pool.Logout.OnExpiry = on
		s := serve(t, h)
		heard := s.ear(t, s.Pool.Clients[hubtest.ClientID])
		tokens := s.token(t, redeem(s.browser(t).code()))
		s.Advance(s.Pool.SessionLife + time.Minute)
		if n, err := logout.Expire(t.Context(), s.Pool); err != nil || (n == 1) != on {
			t.Fatal(n, err)
		}
		if _, err := hub.Sweep(t.Context(), s.Pool); err != nil {
			t.Fatal(err)
		}
		fresh := s.token(t, values("grant_type", "refresh_token", "refresh_token", tokens.Fresh))
		if (fresh.Error != "") != on {
			t.Errorf("on expiry %v: refresh %q", on, fresh.Error)
		}
		if on {
			hear(t, heard)
		}
	}
}

// The last page says who was told, who could not be, and is there in time.
func TestSignedOutPage(t *testing.T) {
	s := serve(t, hubtest.New(t))
	app, other := s.Pool.Clients[hubtest.ClientID], s.Pool.Clients[hubtest.PublicID]
	other.Name = "Travel"
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	t.Cleanup(refuses.Close)
	heard := s.ear(t, app)
	other.BackchannelLogoutURI = refuses.URL
	b := s.browser(t)
	tokens := s.token(t, redeem(b.code()))
	b.authorize("prompt", "none", "client_id", hubtest.PublicID)
	r := b.get(hubtest.Issuer + "/logout?" + values("id_token_hint", tokens.ID).Encode())
	hear(t, heard)
	text := r.doc(t).Find("main").Text()
	if !strings.Contains(text, "Expenses") || !strings.Contains(text, "Travel") {
		t.Errorf("%s", text)
	}
	record := r.doc(t).Find("a[href*='/logout/record?see=']").AttrOr("href", "")
	if record == "" {
		t.Fatal("no way to see more")
	}
	shown := s.browser(t).get(record)
	if text := shown.doc(t).Find("main").Text(); shown.StatusCode != http.StatusOK || !strings.Contains(text, "Travel") || strings.Contains(shown.body, refuses.URL) {
		t.Errorf("%d %s", shown.StatusCode, text)
	}
	s.Advance(2 * time.Hour)
	if old := s.browser(t).get(record); old.StatusCode != http.StatusGone {
		t.Errorf("an old address: %d", old.StatusCode)
	}
}
