package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// The plans of certified providers for Back-Channel and Front-Channel Logout, by
// the modules' names.
func TestConformanceLogout(t *testing.T) {
	metadata := func(t *testing.T, kind string) {
		var m map[string]any
		serve(t, hubtest.New(t)).fetchJSON(t, hubtest.Issuer+"/.well-known/openid-configuration", &m)
		if m[kind+"_supported"] != true || m[kind+"_session_supported"] != true {
			t.Errorf("%v, %v", m[kind+"_supported"], m[kind+"_session_supported"])
		}
	}
	for name, module := range map[string]func(*testing.T){
		"oidcc-backchannel-logout-discovery-endpoint-verification":  func(t *testing.T) { metadata(t, "backchannel_logout") },
		"oidcc-frontchannel-logout-discovery-endpoint-verification": func(t *testing.T) { metadata(t, "frontchannel_logout") },
		"oidcc-backchannel-rp-initiated-logout":                     backchannelLogout,
		"oidcc-frontchannel-rp-initiated-logout":                    frontchannelLogout,
	} {
		t.Run(name, module)
	}
}

// backchannelLogout: the logout token arrives and is about the session of the ID
// token; the browser comes back; nobody is signed in.
func backchannelLogout(t *testing.T) {
	s := serve(t, hubtest.New(t))
	heard := s.ear(t, s.Pool.Clients[hubtest.ClientID])
	b := s.browser(t)
	tokens := s.token(t, redeem(b.code()))
	id := claimsOf(t, s, tokens.ID)
	r := b.once("GET", hubtest.Issuer+"/logout?"+values("id_token_hint", tokens.ID, "post_logout_redirect_uri", hubtest.LogoutURL, "state", "x y").Encode(), nil)
	if got := r.Header.Get("Location"); got != hubtest.LogoutURL+"?state=x+y" {
		t.Errorf("back to %q", got)
	}
	w := hear(t, heard)
	if w.SID == "" || w.SID != id["sid"] || w.token.Subject != id["sub"] || w.Nonce != "" || w.JTI == "" {
		t.Errorf("%+v", w)
	}
	if event, ok := w.Events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); !ok || len(event) != 0 {
		t.Errorf("events %v", w.Events)
	}
	if life := w.token.Expiry.Sub(w.token.IssuedAt); life > 2*time.Minute {
		t.Errorf("it lives %s", life)
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Error("the session survived")
	}
}

// frontchannelLogout: the page loads the client's URI with iss and sid, and goes
// on; nobody is signed in.
func frontchannelLogout(t *testing.T) {
	s := serve(t, hubtest.New(t))
	s.Pool.Clients[hubtest.ClientID].FrontchannelLogoutURI = "http://localhost:3000/frontchannel"
	b := s.browser(t)
	tokens := s.token(t, redeem(b.code()))
	r := b.get(hubtest.Issuer + "/logout?" + values("id_token_hint", tokens.ID, "post_logout_redirect_uri", hubtest.LogoutURL, "state", "s").Encode())
	frame, err := url.Parse(r.doc(t).Find("iframe").AttrOr("src", ""))
	if err != nil || frame.Query().Get("iss") != hubtest.Issuer || frame.Query().Get("sid") != claimsOf(t, s, tokens.ID)["sid"] {
		t.Fatalf("the frame loads %v", frame)
	}
	if end := onward(t, b, r); end.url.String() != back {
		t.Errorf("ends at %s", end.url)
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Error("the session survived")
	}
}

// onward follows a page that goes on by itself.
func onward(t *testing.T, b *browser, r *response) *response {
	t.Helper()
	_, next, ok := strings.Cut(r.doc(t).Find("meta[http-equiv=refresh]").AttrOr("content", ""), "url=")
	to, err := r.url.Parse(next)
	if !ok || err != nil {
		t.Fatalf("the page does not go on:\n%s", r.body)
	}
	return b.get(to.String())
}

// The modules for relying parties of Back-Channel Logout, by name: what is wrong is
// answered by 400 and the session kept.
func TestConformanceRPBackchannelLogout(t *testing.T) {
	for module, mutation := range map[string]string{
		"oidcc-client-test-rp-backchannel-rpinitlogout":             "",
		"oidcc-client-test-rp-backchannel-rpinitlogout-alg-none":    "alg none",
		"oidcc-client-test-rp-backchannel-rpinitlogout-no-event":    "events absent",
		"oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce":  "nonce",
		"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg":   "alg",
		"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud":   "aud",
		"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event": "event of another kind",
		"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss":   "iss",
	} {
		t.Run(module, func(t *testing.T) {
			e := newEmployee(t, idptest.Config{})
			if mutation != "" {
				e.up.SetHooks(idptest.Hooks{LogoutToken: changedIn(t, mutation)})
			}
			raw, err := e.up.LogoutToken("alice", e.up.Sessions("alice")[0])
			if err != nil {
				t.Fatal(err)
			}
			status, _, err := e.up.SendLogout(t.Context(), e.site.Pool.BackchannelURL("CorporateID"), raw)
			if err != nil {
				t.Fatal(err)
			}
			if good := mutation == ""; (status == http.StatusOK) != good || e.in() == good {
				t.Errorf("%d, signed in: %v", status, e.in())
			}
			if mutation != "" && status != http.StatusBadRequest {
				t.Errorf("status %d", status)
			}
		})
	}
}

// changedIn finds the first mutation of that name, or that the check of that name
// must refuse.
func changedIn(t *testing.T, name string) func(*idptest.Token) {
	t.Helper()
	for _, m := range idptest.LogoutMutations() {
		if m.Name == name {
			return m.Apply
		}
	}
	for _, m := range idptest.LogoutMutations() {
		if m.Check == name {
			return m.Apply
		}
	}
	t.Fatalf("no mutation %q", name)
	return nil
}

// The module for relying parties of Front-Channel Logout: a sign-out that began
// here comes back as a frame, and the way on is not lost.
func TestConformanceRPFrontchannelLogout(t *testing.T) {
	t.Run("oidcc-client-test-rp-frontchannel-rpinitlogout", func(t *testing.T) {
		e := newEmployee(t, idptest.Config{})
		e.up.SetLogoutURIs("", e.site.Pool.FrontchannelURL("CorporateID"))
		r := e.leave()
		frames := r.doc(t).Find("iframe")
		if frames.Length() != 1 || e.in() {
			t.Fatalf("%d frames, signed in %v:\n%s", frames.Length(), e.in(), r.body)
		}
		frames.Each(func(_ int, f *goquery.Selection) {
			if loaded := e.get(f.AttrOr("src", "")); loaded.StatusCode != http.StatusOK {
				t.Errorf("the frame: %d", loaded.StatusCode)
			}
		})
		if end := e.get(r.doc(t).Find("a#continue").AttrOr("href", "")); end.url.String() != back {
			t.Errorf("ends at %s", end.url)
		}
	})
}
