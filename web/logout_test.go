package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/oauth/oauthtest"
)

// Sign-out goes to registered addresses only, byte for byte.
func TestA123_LogoutAddresses(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.code()
	for _, variant := range append(oauthtest.RedirectVariants(hubtest.LogoutURL), "") {
		if variant == hubtest.LogoutURL || variant == hubtest.Callback {
			continue
		}
		r := b.once("GET", hubtest.Issuer+"/logout?"+values("client_id", hubtest.ClientID, "logout_uri", variant).Encode(), nil)
		if r.StatusCode != http.StatusBadRequest || r.Header.Get("Location") != "" {
			t.Fatalf("%q: %d to %q", variant, r.StatusCode, r.Header.Get("Location"))
		}
	}
	if r := b.once("GET", hubtest.Issuer+"/logout?client_id=nobody&logout_uri="+url.QueryEscape(hubtest.LogoutURL), nil); r.StatusCode != http.StatusBadRequest {
		t.Errorf("unknown client: %d", r.StatusCode)
	} else if out := r.doc(t).Find("main a.button").AttrOr("href", ""); out != "/logout" {
		t.Errorf("no way out is offered, but %q", out)
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("code") == "" {
		t.Error("a refused sign-out ended the session")
	}
	r := b.once("GET", hubtest.Issuer+"/logout?"+values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL, "state", "ignored").Encode(), nil)
	if r.Header.Get("Location") != hubtest.LogoutURL {
		t.Errorf("to %q", r.Header.Get("Location"))
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Error("the session survived")
	}
}

// Cognito's other form ends the session and goes on to the sign-in page; without
// a client the person is asked; an image or frame signs nobody out.
func TestLogoutForms(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.code()
	b.header.Set("Sec-Fetch-Dest", "image")
	b.get(hubtest.Issuer + "/logout?" + values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode())
	b.header.Del("Sec-Fetch-Dest")
	if params, _ := b.authorize("prompt", "none").app(); params.Get("code") == "" {
		t.Error("A124: an image signed the person out")
	}
	page := b.get(hubtest.Issuer + "/logout")
	if !strings.Contains(page.body, "Ana") {
		t.Fatalf("not asked:\n%s", page.body)
	}
	b.submit(page, "choice", "continue")
	if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Error("still signed in after saying yes")
	}
	b.code()
	r := b.get(hubtest.Issuer + "/logout?" + hubtest.Authorization().Encode())
	if r.doc(t).Find("input[type=password]").Length() == 0 {
		t.Errorf("not at the sign-in page: %s", r.url)
	}
}

// leaving is a person who is signed in here, and at an app that holds the ID token of
// the sign-in.
type leaving struct {
	*rp
	hint string
}

// logout asks to sign out, by the parameters of RP-Initiated Logout.
func (l *leaving) logout(pairs ...string) *response {
	l.t.Helper()
	return l.once("GET", hubtest.Issuer+"/logout?"+values(pairs...).Encode(), nil)
}

// signedIn tells whether an app still gets a code without the person.
func (l *leaving) signedIn() bool {
	l.t.Helper()
	params, _ := l.authorize("prompt", "none").app()
	return params.Get("code") != ""
}

// refused fails unless a request came to nothing but a page that says why.
func (l *leaving) refused(r *response, parameter string) {
	l.t.Helper()
	if r.StatusCode != http.StatusBadRequest || r.Header.Get("Location") != "" || !strings.Contains(r.body, parameter) {
		l.t.Errorf("%d to %q:\n%s", r.StatusCode, r.Header.Get("Location"), r.doc(l.t).Find("main").Text())
	}
	if !l.signedIn() {
		l.t.Error("a refused sign-out ended the session")
	}
}

// asked answers the question with yes, which must be asked, and returns what follows.
func (l *leaving) asked(r *response) *response {
	l.t.Helper()
	if r.StatusCode != http.StatusOK || !l.signedIn() {
		l.t.Fatalf("%d to %q: not asked, or signed out unasked", r.StatusCode, r.Header.Get("Location"))
	}
	answer := l.submit(r, "choice", "continue")
	if l.signedIn() {
		l.t.Error("still signed in after saying yes")
	}
	return answer
}

// The plan of certified providers for RP-Initiated Logout, by the modules' names.
func TestConformanceRPInitiatedLogout(t *testing.T) {
	foreign := hubtest.New(t)
	for name, module := range map[string]func(*testing.T, *leaving){
		"oidcc-rp-initiated-logout-discovery-endpoint-verification": func(t *testing.T, l *leaving) {
			var metadata map[string]any
			l.site.fetchJSON(t, hubtest.Issuer+"/.well-known/openid-configuration", &metadata)
			if metadata["end_session_endpoint"] != hubtest.Issuer+"/logout" {
				t.Errorf("%v", metadata["end_session_endpoint"])
			}
		},
		"oidcc-rp-initiated-logout": func(t *testing.T, l *leaving) {
			r := l.logout("id_token_hint", l.hint, "post_logout_redirect_uri", hubtest.LogoutURL, "state", "a b&c")
			if got := r.Header.Get("Location"); got != hubtest.LogoutURL+"?state=a+b%26c" || l.signedIn() {
				t.Errorf("to %q", got)
			}
			if e := l.site.Events(hub.SignOut); len(e) != 1 || e[0].Client != hubtest.ClientID {
				t.Errorf("%+v", e)
			}
		},
		"oidcc-rp-initiated-logout-no-state": func(t *testing.T, l *leaving) {
			r := l.logout("id_token_hint", l.hint, "post_logout_redirect_uri", hubtest.LogoutURL)
			if got := r.Header.Get("Location"); got != hubtest.LogoutURL || l.signedIn() {
				t.Errorf("to %q", got)
			}
		},
		"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": func(t *testing.T, l *leaving) {
			l.refused(l.logout("id_token_hint", l.hint, "post_logout_redirect_uri", "https://evil.example/"), "post_logout_redirect_uri")
		},
		"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": func(t *testing.T, l *leaving) {
			l.refused(l.logout("id_token_hint", l.hint, "post_logout_redirect_uri", hubtest.LogoutURL+"?foo=bar"), "post_logout_redirect_uri")
		},
		"oidcc-rp-initiated-logout-modified-id-token-hint": func(t *testing.T, l *leaving) {
			_, rest, _ := strings.Cut(l.hint, ".")
			payload, _, _ := strings.Cut(rest, ".")
			none := "eyJhbGciOiJub25lIn0." + payload + "."
			l.refused(l.logout("id_token_hint", none, "post_logout_redirect_uri", hubtest.LogoutURL), "id_token_hint")
		},
		"oidcc-rp-initiated-logout-bad-id-token-hint": func(t *testing.T, l *leaving) {
			other := serve(t, foreign)
			b := other.browser(t)
			hint := other.token(t, redeem(b.code())).ID
			// It might be an old one, whose key is no longer kept: the person is asked,
			// and nobody is sent back by it.
			r := l.asked(l.logout("id_token_hint", hint, "post_logout_redirect_uri", hubtest.LogoutURL))
			if r.StatusCode != http.StatusOK || r.url.Path != "/logout/answer" || r.doc(t).Find("a[href='"+hubtest.LogoutURL+"']").Length() != 1 {
				t.Errorf("%d at %s", r.StatusCode, r.url)
			}
		},
		"oidcc-rp-initiated-logout-no-id-token-hint": func(t *testing.T, l *leaving) {
			l.refused(l.logout("post_logout_redirect_uri", hubtest.LogoutURL, "state", "s"), "client_id")
		},
		"oidcc-rp-initiated-logout-no-params": func(t *testing.T, l *leaving) {
			if r := l.asked(l.logout()); !strings.Contains(r.body, "signed out") {
				t.Error(r.body)
			}
		},
		"oidcc-rp-initiated-logout-no-post-logout-redirect-uri": func(t *testing.T, l *leaving) {
			r := l.logout("id_token_hint", l.hint, "state", "s")
			if r.StatusCode != http.StatusOK || !strings.Contains(r.body, "signed out") || l.signedIn() {
				t.Errorf("%d\n%s", r.StatusCode, r.body)
			}
		},
		"oidcc-rp-initiated-logout-only-state": func(t *testing.T, l *leaving) {
			if r := l.asked(l.logout("state", "s")); !strings.Contains(r.body, "signed out") || r.url.Query().Has("state") {
				t.Error(r.body)
			}
		},
	} {
		t.Run(name, func(t *testing.T) { module(t, newLeaving(t)) })
	}
}

func newLeaving(t *testing.T) *leaving {
	t.Helper()
	h := hubtest.New(t)
	addAda(h)
	s := serve(t, h)
	a := s.newRP(t, "")
	return &leaving{rp: a, hint: s.token(t, redeem(a.signIn(a.ask()))).ID}
}

// What the standard leaves to the provider.
func TestRPInitiatedLogout(t *testing.T) {
	to := []string{"post_logout_redirect_uri", hubtest.LogoutURL, "state", "s"}
	back := hubtest.LogoutURL + "?state=s"
	for name, act := range map[string]func(*testing.T, *leaving){
		"a hint that has expired": func(t *testing.T, l *leaving) {
			l.site.Advance(30 * time.Minute) // ID tokens live for five minutes here, sessions for an hour
			r := l.logout(append(to, "id_token_hint", l.hint)...)
			if got := r.Header.Get("Location"); got != back || l.signedIn() {
				t.Errorf("to %q", got)
			}
		},
		"by POST, of this site": func(t *testing.T, l *leaving) {
			r := l.once("POST", hubtest.Issuer+"/logout", values(append(to, "id_token_hint", l.hint)...))
			if got := r.Header.Get("Location"); got != back || l.signedIn() {
				t.Errorf("to %q", got)
			}
		},
		"by POST of another site, whose browser holds the cookie back": func(t *testing.T, l *leaving) {
			other := l.site.browser(t)
			r := other.once("POST", hubtest.Issuer+"/logout", values(append(to, "id_token_hint", l.hint)...))
			next, err := r.url.Parse(r.Header.Get("Location"))
			if err != nil || next.Path != "/logout" {
				t.Fatalf("to %q", r.Header.Get("Location"))
			}
			if r := l.once("GET", next.String(), nil); r.Header.Get("Location") != back || l.signedIn() {
				t.Errorf("to %q", r.Header.Get("Location"))
			}
		},
		"by client_id alone: asked": func(t *testing.T, l *leaving) {
			if r := l.asked(l.logout(append(to, "client_id", hubtest.ClientID)...)); r.url.String() != back {
				t.Errorf("at %s", r.url)
			}
		},
		"by the hint of somebody else: asked": func(t *testing.T, l *leaving) {
			b := l.site.browser(t)
			hint := l.site.token(t, redeem(b.code())).ID // Ana's
			if r := l.asked(l.logout(append(to, "id_token_hint", hint)...)); r.url.String() != back {
				t.Errorf("at %s", r.url)
			}
		},
		"asked, and no": func(t *testing.T, l *leaving) {
			r := l.submit(l.logout(append(to, "client_id", hubtest.ClientID)...), "choice", "other")
			if r.url.String() != back || !l.signedIn() {
				t.Errorf("at %s", r.url)
			}
		},
		"a forged answer": func(t *testing.T, l *leaving) {
			l.once("POST", hubtest.Issuer+"/logout/answer", values("choice", "continue", "tx", "guess"))
			if !l.signedIn() {
				t.Error("an answer without a question signed the person out")
			}
		},
		"an access token for a hint": func(t *testing.T, l *leaving) {
			access := l.site.token(t, redeem(l.codeOf(l.authorize("prompt", "none")))).Access
			l.refused(l.logout(append(to, "id_token_hint", access)...), "id_token_hint")
		},
		"client_id of another client than the hint's": func(t *testing.T, l *leaving) {
			l.refused(l.logout(append(to, "id_token_hint", l.hint, "client_id", "nobody")...), "id_token_hint")
		},
		"nobody signed in": func(t *testing.T, l *leaving) {
			b := l.site.browser(t)
			r := b.once("GET", hubtest.Issuer+"/logout?"+values(append(to, "id_token_hint", l.hint)...).Encode(), nil)
			if r.Header.Get("Location") != back || !l.signedIn() {
				t.Errorf("to %q", r.Header.Get("Location"))
			}
		},
	} {
		t.Run(name, func(t *testing.T) { act(t, newLeaving(t)) })
	}
}
