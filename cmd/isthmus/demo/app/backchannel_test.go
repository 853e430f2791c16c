package app

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// sid is the session of whoever is signed in on this browser, as the ID token
// names it.
func (b *browser) sid() string {
	b.t.Helper()
	var sid string
	b.send("GET", "/").doc.Find("section[aria-labelledby=id] tr").Each(func(_ int, row *goquery.Selection) {
		if row.Find("code").Text() == "sid" {
			sid = row.Find("td").Text()
		}
	})
	return sid
}

// tell sends the app a logout token.
func (r *rig) tell(subject, sid string) (status int, body string) {
	r.t.Helper()
	raw, err := r.op.LogoutToken(subject, sid)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.deliver(r.t.Context(), raw)
}

func (r *rig) deliver(ctx context.Context, raw string) (status int, body string) {
	r.t.Helper()
	status, body, err := r.op.SendLogout(ctx, r.url+BackchannelPath, raw)
	if err != nil && ctx.Err() == nil {
		r.t.Fatal(err)
	}
	return status, body
}

// TestBackchannel ends what the token names and nothing else, and tells the
// browser, once it looks.
func TestBackchannel(t *testing.T) {
	for _, c := range []struct {
		name      string
		whom      func(sid string) (subject, ofSession string)
		one, both bool // of two sessions of one person, the one named or both end
	}{
		{"session and subject", func(sid string) (string, string) { return "alice", sid }, true, false},
		{"session", func(sid string) (string, string) { return "", sid }, true, false},
		{"subject", func(string) (string, string) { return "alice", "" }, true, true},
		{"another's session", func(sid string) (string, string) { return "bob", sid }, false, false},
		{"an unknown session", func(string) (string, string) { return "alice", "no-such" }, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, idptest.Config{})
			one, other := r.browser(), r.browser()
			one.signIn()
			other.signIn()
			sid := one.sid()
			if sid == "" || sid == other.sid() {
				t.Fatalf("the sessions are %q and %q", sid, other.sid())
			}
			if status, body := r.tell(c.whom(sid)); status != http.StatusOK {
				t.Fatalf("%d %s", status, body)
			}
			if one.signedIn() == c.one || other.signedIn() == c.both {
				t.Errorf("signed in: %t and %t", one.signedIn(), other.signedIn())
			}
			if told := strings.Contains(one.send("GET", "/").text(), "You were signed out"); told != c.one {
				t.Errorf("the page says so: %t", told)
			}
			one.signIn()
			if !one.signedIn() {
				t.Error("not signed in again")
			}
		})
	}
}

// TestWrongLogoutTokens must end nothing (Back-Channel Logout §2.6).
func TestWrongLogoutTokens(t *testing.T) {
	checks := []string{"signature", "alg", "iss", "aud", "events", "nonce", "jti"}
	harmless := []string{"jti too long", "jti with a line end"} // to an app that only compares it; the request is bounded
	r := newRig(t, idptest.Config{})
	b := r.browser()
	b.signIn()
	sid := b.sid()
	tried := 0
	for _, m := range idptest.LogoutMutations() {
		if !slices.Contains(checks, m.Check) || slices.Contains(harmless, m.Name) {
			continue
		}
		tried++
		t.Run(m.Name, func(t *testing.T) {
			r.op.SetHooks(idptest.Hooks{LogoutToken: m.Apply})
			defer r.op.SetHooks(idptest.Hooks{})
			status, body := r.tell("alice", sid)
			var said map[string]string
			if err := json.Unmarshal([]byte(body), &said); status != http.StatusBadRequest || err != nil || said["error"] != "invalid_request" {
				t.Errorf("%s: %d %s", m.Check, status, body)
			}
			if !b.signedIn() {
				t.Error("signed out")
				b.signIn()
			}
		})
	}
	if tried < 40 {
		t.Errorf("only %d tokens tried", tried)
	}
	now := time.Now()
	for name, change := range map[string]func(map[string]any){
		"no exp":   func(c map[string]any) { delete(c, "exp") },
		"no iat":   func(c map[string]any) { delete(c, "iat") },
		"old":      func(c map[string]any) { c["exp"] = now.Add(-time.Minute).Unix() },
		"too long": func(c map[string]any) { c["exp"] = now.Add(time.Hour).Unix() },
		"ahead":    func(c map[string]any) { c["iat"] = now.Add(2 * time.Minute).Unix() },
		"nobody":   func(c map[string]any) { delete(c, "sub"); delete(c, "sid") },
	} {
		t.Run(name, func(t *testing.T) {
			r.op.SetHooks(idptest.Hooks{LogoutToken: func(t *idptest.Token) { change(t.Claims) }})
			defer r.op.SetHooks(idptest.Hooks{})
			if status, body := r.tell("alice", sid); status != http.StatusBadRequest || !b.signedIn() {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		raw, err := r.op.LogoutToken("alice", "no-such")
		if err != nil {
			t.Fatal(err)
		}
		first, _ := r.deliver(t.Context(), raw)
		if second, body := r.deliver(t.Context(), raw); first != http.StatusOK || second != http.StatusBadRequest {
			t.Errorf("%d, then %d %s", first, second, body)
		}
	})
	t.Run("none", func(t *testing.T) {
		if status, body := r.deliver(t.Context(), ""); status != http.StatusBadRequest {
			t.Errorf("%d %s", status, body)
		}
	})
}

// TestManners refuses and keeps silent as it is told, and gets better.
func TestManners(t *testing.T) {
	r := newRig(t, idptest.Config{})
	b := r.browser()
	b.signIn()
	sid := b.sid()
	choose := func(m string) {
		if p := b.post("POST", "/manner", "manner="+m); p.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %s", m, p.Status)
		}
	}
	choose("refuses")
	choose("no-such")
	status, body := r.tell("alice", sid)
	if status != http.StatusBadRequest || !strings.Contains(body, `"error":"access_denied"`) || !b.signedIn() {
		t.Errorf("refusing: %d %s", status, body)
	}
	if p := b.send("GET", "/"); !strings.Contains(p.text(), "It refused, and you are still here") {
		t.Error("the page does not say that it refused")
	}

	choose("silent")
	raw, err := r.op.LogoutToken("alice", sid)
	if err != nil {
		t.Fatal(err)
	}
	impatient, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if status, body := r.deliver(impatient, raw); status != 0 {
		t.Errorf("silent: %d %s", status, body)
	}
	if p := b.send("GET", "/"); !strings.Contains(p.text(), "It did not answer") {
		t.Error("the page does not say that it did not answer")
	}
	if raw, err = r.op.LogoutToken("alice", sid); err != nil {
		t.Fatal(err)
	}
	answered := make(chan int)
	go func() {
		status, _, _ := r.op.SendLogout(t.Context(), r.url+BackchannelPath, raw)
		answered <- status
	}()
	for end := time.Now().Add(5 * time.Second); len(r.app.tokens.keys(func(struct{}) bool { return true })) < 3 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
	}
	choose("obeys")
	if status := <-answered; status != http.StatusOK || b.signedIn() {
		t.Errorf("mended: %d", status)
	}
}

// TestWatch has news when the session is ended elsewhere, and at once where there
// is none.
func TestWatch(t *testing.T) {
	r := newRig(t, idptest.Config{})
	b := r.browser()
	listen := func(seen string) *bufio.Reader {
		req, err := http.NewRequestWithContext(t.Context(), "GET", b.url+watchPath+"?seen="+seen, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := b.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return bufio.NewReader(res.Body)
	}
	if line, err := listen("0").ReadString('\n'); line != "event: news\n" {
		t.Errorf("without a session: %q, %v", line, err)
	}
	b.signIn()
	sid := b.sid()
	lines := listen("0")
	if line, err := lines.ReadString('\n'); !strings.HasPrefix(line, "retry: ") {
		t.Fatalf("%q, %v", line, err)
	}
	// A page that has seen other news than there is hears at once.
	late := listen("7")
	for _, want := range []string{"retry: 500\n", "\n", "event: news\n"} {
		if line, err := late.ReadString('\n'); line != want {
			t.Fatalf("%q, %v", line, err)
		}
	}
	if p := b.send("GET", watchPath); p.StatusCode != http.StatusBadRequest {
		t.Errorf("of no page: %s", p.Status)
	}
	if status, _ := r.tell("", sid); status != http.StatusOK {
		t.Fatal(status)
	}
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); line != "event: news\n" {
		t.Errorf("%q, %v", line, err)
	}
}

// TestSignOut leads to the pool with what it needs to know, and takes nobody's
// word but the pool's own that it is over.
func TestSignOut(t *testing.T) {
	r := newRig(t, idptest.Config{})
	b, stranger := r.browser(), r.browser()
	b.signIn()
	stranger.signIn()
	out, err := url.Parse(b.send("POST", "/signout").Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	if b.signedIn() {
		t.Error("signed in after sign-out")
	}
	query := out.Query()
	state := query.Get("state")
	if query.Get("post_logout_redirect_uri") != r.url+SignedOutPath || strings.Count(query.Get("id_token_hint"), ".") != 2 || len(state) < 26 {
		t.Errorf("sign-out leads to %s", out)
	}
	if !strings.HasPrefix(out.String(), r.op.URL(idptest.EndSessionEndpoint)+"?") {
		t.Errorf("sign-out leads to %s", out)
	}
	stranger.send("POST", "/signout")
	for name, back := range map[string]*page{
		"no state":          b.send("GET", SignedOutPath),
		"made-up state":     b.send("GET", SignedOutPath+"?state=ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
		"another browser's": stranger.send("GET", SignedOutPath+"?state="+state),
	} {
		if back.StatusCode != http.StatusFound || back.Header.Get("Location") != "/" {
			t.Errorf("%s: %s\n%s", name, back.Status, back.text())
		}
	}
	if p := b.send("GET", SignedOutPath+"?state="+state); !strings.Contains(p.text(), "You are signed out") {
		t.Errorf("%s\n%s", p.Status, p.text())
	}
	if p := b.send("POST", "/signout"); p.Header.Get("Location") != "/" {
		t.Errorf("a second time leads to %s", p.Header.Get("Location"))
	}
}

// TestWithoutEndSession does not start at a pool that nobody can sign out of.
func TestWithoutEndSession(t *testing.T) {
	op := idptest.New(t, idptest.Config{})
	op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) { delete(doc, "end_session_endpoint") }})
	server := httptest.NewServer(nil)
	defer server.Close()
	if _, err := New(t.Context(), Config{Sample: Expenses, URL: server.URL, Issuer: op.Issuer()}); err == nil || !strings.Contains(err.Error(), "end_session_endpoint") {
		t.Errorf("%v", err)
	}
}
