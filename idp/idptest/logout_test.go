package idptest_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/isthmus-hub/isthmus/idp/idptest"
)

const outURL = "http://app.test/out?a=1"

// browser is one that stays where it is sent from, with cookies.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// signIn signs in by a browser and returns the ID token and its sid.
func (a *app) signIn(t *testing.T, b *http.Client) (raw, sid string) {
	t.Helper()
	res, err := b.Get(a.oauth.AuthCodeURL("s", oidc.Nonce("n")))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	to, err := res.Location()
	if err != nil {
		t.Fatal(err)
	}
	token, err := a.oauth.Exchange(a.ctx, to.Query().Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ = token.Extra("id_token").(string)
	id, err := a.provider.Verifier(&oidc.Config{ClientID: a.oauth.ClientID}).Verify(a.ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Sid string }
	if err := id.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	return raw, claims.Sid
}

// TestEndSession: alice has one session in the browser and one elsewhere; the table says what a request ends.
func TestEndSession(t *testing.T) {
	for _, c := range []struct {
		name    string
		q       map[string]string // "HINT" stands for the browser's ID token, "OTHER" for the other one
		cookies bool
		method  string // empty: GET
		status  int
		to      string
		ends    string // browser, other, both or nothing
	}{
		{name: "all said", q: map[string]string{"id_token_hint": "HINT", "client_id": "client", "post_logout_redirect_uri": outURL, "state": "s 1"}, status: 303, to: "http://app.test/out?a=1&state=s+1", ends: "browser"},
		{name: "by POST", method: "POST", q: map[string]string{"id_token_hint": "HINT", "post_logout_redirect_uri": outURL}, status: 303, to: outURL, ends: "browser"},
		{name: "the hint counts and not the cookie", cookies: true, q: map[string]string{"id_token_hint": "OTHER", "post_logout_redirect_uri": outURL}, status: 303, to: outURL, ends: "other"},
		{name: "by the cookie", cookies: true, q: map[string]string{"client_id": "client", "post_logout_redirect_uri": outURL, "state": "s"}, status: 303, to: outURL + "&state=s", ends: "browser"},
		{name: "nobody known", q: map[string]string{"client_id": "client", "post_logout_redirect_uri": outURL}, status: 303, to: outURL, ends: "nothing"},
		{name: "nothing said", cookies: true, status: 200, ends: "browser"},
		{name: "the client not said", cookies: true, q: map[string]string{"post_logout_redirect_uri": outURL}, status: 200, ends: "browser"},
		{name: "HEAD", cookies: true, method: "HEAD", q: map[string]string{"id_token_hint": "HINT"}, status: 200, ends: "nothing"},
		{name: "Cognito", cookies: true, q: map[string]string{"client_id": "client", "logout_uri": outURL, "state": "s"}, status: 303, to: outURL, ends: "browser"},
		{name: "Cognito without client", cookies: true, q: map[string]string{"logout_uri": outURL}, status: 400, ends: "nothing"},
		{name: "Cognito to elsewhere", cookies: true, q: map[string]string{"client_id": "client", "logout_uri": "http://evil.test/"}, status: 400, ends: "nothing"},
		{name: "another client", q: map[string]string{"id_token_hint": "HINT", "client_id": "other"}, status: 400, ends: "nothing"},
		{name: "to elsewhere", q: map[string]string{"id_token_hint": "HINT", "post_logout_redirect_uri": outURL + "&b=2"}, status: 400, ends: "nothing"},
		{name: "hint altered", q: map[string]string{"id_token_hint": "HINTA", "post_logout_redirect_uri": outURL}, status: 400, ends: "nothing"},
		{name: "no hint at all", q: map[string]string{"id_token_hint": "x"}, status: 400, ends: "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			op := idptest.New(t, idptest.Config{PostLogoutRedirectURIs: []string{outURL}})
			a := newApp(t, op, http.DefaultClient)
			here := browser(t)
			hint, sid := a.signIn(t, here)
			otherHint, other := a.signIn(t, browser(t))
			if got := op.Sessions("alice"); len(got) != 2 {
				t.Fatalf("sessions are %q", got)
			}
			// A hint may be older than the keys.
			if err := op.Rotate(false); err != nil {
				t.Fatal(err)
			}
			form := url.Values{}
			for name, value := range c.q {
				form.Set(name, strings.NewReplacer("HINT", hint, "OTHER", otherHint).Replace(value))
			}
			if !c.cookies {
				here = browser(t)
			}
			var res *http.Response
			var err error
			switch c.method {
			case "POST":
				res, err = here.PostForm(op.URL(idptest.EndSessionEndpoint), form)
			case "HEAD":
				res, err = here.Head(op.URL(idptest.EndSessionEndpoint) + "?" + form.Encode())
			default:
				res, err = here.Get(op.URL(idptest.EndSessionEndpoint) + "?" + form.Encode())
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != c.status || res.Header.Get("Location") != c.to {
				t.Errorf("status %d to %q", res.StatusCode, res.Header.Get("Location"))
			}
			want := map[string][2]bool{"browser": {false, true}, "other": {true, false}, "nothing": {true, true}}[c.ends]
			if got := [2]bool{op.SignedIn(sid), op.SignedIn(other)}; got != want {
				t.Errorf("signed in: %v, want %v", got, want)
			}
		})
	}
}

// TestEndSessionHints: expired ID tokens are hints, other tokens are not; one without sid ends all of its subject's.
func TestEndSessionHints(t *testing.T) {
	op := idptest.New(t, idptest.Config{})
	a := newApp(t, op, http.DefaultClient)
	claims := func(more map[string]any) map[string]any {
		m := map[string]any{"iss": op.Issuer(), "aud": "client", "sub": "alice", "iat": time.Now().Add(-time.Hour).Unix(), "exp": time.Now().Add(-time.Minute).Unix()}
		maps.Copy(m, more)
		return m
	}
	for _, c := range []struct {
		typ  string
		more map[string]any
		ends bool
	}{
		{"JWT", nil, true},
		{"at+jwt", nil, false},
		{"JWT", map[string]any{"aud": "other"}, false},
		{"JWT", map[string]any{"iss": "https://attacker.example"}, false},
		{"JWT", map[string]any{"events": map[string]any{}}, false},
		{"JWT", map[string]any{"sub": "bob"}, false},
	} {
		a.signIn(t, browser(t))
		a.signIn(t, browser(t))
		raw, err := op.SignJWT(c.typ, claims(c.more))
		if err != nil {
			t.Fatal(err)
		}
		res, err := browser(t).Get(op.URL(idptest.EndSessionEndpoint) + "?" + url.Values{"id_token_hint": {raw}}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if left := op.Sessions("alice"); (len(left) == 0) != c.ends {
			t.Errorf("%s %v leaves %q", c.typ, c.more, left)
		}
	}
}

// party is a relying party's logout endpoints.
type party struct {
	*httptest.Server
	mu     sync.Mutex
	tokens []string
	status int
}

func newParty(t *testing.T) *party {
	t.Helper()
	p := &party{status: http.StatusOK}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if r.Method == http.MethodPost && r.URL.Path == "/back" {
			p.tokens = append(p.tokens, r.PostFormValue("logout_token"))
		}
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, "heard")
	}))
	t.Cleanup(p.Close)
	return p
}

// TestSessionsThatEndAreTold: whoever ends a session, the relying party hears of it once, by both channels.
func TestSessionsThatEndAreTold(t *testing.T) {
	rp := newParty(t)
	op := idptest.New(t, idptest.Config{BackchannelLogoutURI: rp.URL + "/back", FrontchannelLogoutURI: rp.URL + "/front?x=1"})
	a := newApp(t, op, http.DefaultClient)
	here := browser(t)
	hint, sid := a.signIn(t, here)
	_, second := a.signIn(t, here)
	_, third := a.signIn(t, browser(t))

	// The relying party asks: the page must load the frame before it goes on.
	res, err := here.Get(op.URL(idptest.EndSessionEndpoint) + "?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {outURL}, "state": {`"<s>`}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	doc, err := goquery.NewDocumentFromReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	frame, err := url.Parse(doc.Find("iframe").AttrOr("src", ""))
	if err != nil || frame.Query().Get("iss") != op.Issuer() || frame.Query().Get("sid") != sid || frame.Query().Get("x") != "1" || doc.Find("iframe").Length() != 1 {
		t.Errorf("frame is %v, %v", frame, err)
	}
	if to := doc.Find("a#continue").AttrOr("href", ""); to != "http://app.test/out?a=1&state=%22%3Cs%3E" {
		t.Errorf("page goes on to %q", to)
	}
	// Asked again, nobody is told again; the browser's other session is still known by its cookie.
	for _, query := range []string{"?id_token_hint=" + hint, "", ""} {
		res, err := here.Get(op.URL(idptest.EndSessionEndpoint) + query)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	if op.SignedIn(sid) || op.SignedIn(second) || !op.SignedIn(third) {
		t.Errorf("still signed in: %q", op.Sessions("alice"))
	}
	// The provider does it by itself.
	if err := op.EndSession(t.Context(), third); err != nil {
		t.Error(err)
	}
	if err := op.EndSession(t.Context(), third); err == nil {
		t.Error("ended twice")
	}
	notices := op.Notices()
	if len(rp.tokens) != 3 || len(notices) != 3 {
		t.Fatalf("%d tokens came, notices are %+v", len(rp.tokens), notices)
	}
	for i, want := range []string{sid, second, third} {
		token, err := a.provider.Verifier(&oidc.Config{ClientID: "client"}).VerifyLogout(a.ctx, rp.tokens[i])
		if err != nil || token.SessionID != want || token.Subject != "alice" {
			t.Errorf("token is %+v, %v", token, err)
		}
		if n := notices[i]; n.SessionID != want || n.Subject != "alice" || n.Token != rp.tokens[i] || n.Status != 200 || n.Body != "heard" || n.Err != nil || n.Frame == "" {
			t.Errorf("notice is %+v", n)
		}
	}
}

// TestRelyingPartyThatDoesNotHear: the session is over all the same, and the caller learns why nobody was told.
func TestRelyingPartyThatDoesNotHear(t *testing.T) {
	rp := newParty(t)
	op := idptest.New(t, idptest.Config{Users: []idptest.User{{Subject: "alice", SessionID: "a b&c"}}})
	a := newApp(t, op, http.DefaultClient)
	here := browser(t)
	rp.status = http.StatusBadRequest
	for uri, want := range map[string]string{rp.URL + "/back": "400: heard", "http://127.0.0.1:1/": "refused", "": ""} {
		op.SetLogoutURIs(uri, "")
		_, sid := a.signIn(t, here)
		err := op.EndSession(t.Context(), sid)
		if op.SignedIn(sid) || (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", uri, err)
		}
	}
	// The sid of one's own choice survives the way through the cookie.
	a.signIn(t, here)
	res, err := here.Get(op.URL(idptest.EndSessionEndpoint))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if left := op.Sessions("alice"); len(left) != 0 {
		t.Errorf("still signed in: %q", left)
	}
}

// TestLogoutToken: subject and sid are there if named, and the hook has the last word.
func TestLogoutToken(t *testing.T) {
	op := idptest.New(t, idptest.Config{Algorithm: "ES256"})
	a := newApp(t, op, http.DefaultClient)
	for _, c := range [][2]string{{"alice", ""}, {"", "s"}, {"alice", "s"}} {
		raw, err := op.LogoutToken(c[0], c[1])
		if err != nil {
			t.Fatal(err)
		}
		token, err := a.provider.Verifier(&oidc.Config{ClientID: "client"}).VerifyLogout(a.ctx, raw)
		if err != nil || token.Subject != c[0] || token.SessionID != c[1] {
			t.Errorf("%q: %+v, %v", c, token, err)
		}
	}
	if err := op.Break("logout_token=nonce-there"); err != nil {
		t.Fatal(err)
	}
	raw, err := op.LogoutToken("alice", "s")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.provider.Verifier(&oidc.Config{ClientID: "client"}).VerifyLogout(a.ctx, raw); err == nil || !strings.Contains(err.Error(), "nonce") {
		t.Errorf("go-oidc says %v", err)
	}
}

// TestNoLogout: a provider that promises nothing gives nothing.
func TestNoLogout(t *testing.T) {
	op := idptest.New(t, idptest.Config{NoLogout: true})
	a := newApp(t, op, http.DefaultClient)
	var doc map[string]any
	if err := a.provider.Claims(&doc); err != nil {
		t.Fatal(err)
	}
	for name := range doc {
		if strings.Contains(name, "logout") || strings.Contains(name, "end_session") {
			t.Errorf("%s is promised", name)
		}
	}
	res, err := http.Get(op.URL(idptest.EndSessionEndpoint))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", res.StatusCode)
	}
}
