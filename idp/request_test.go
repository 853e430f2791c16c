package idp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

func TestAuthorizationURL(t *testing.T) {
	seconds := 300
	r := newRig(t, setup{rp: func(c *idp.Config) {
		c.Scopes, c.ForwardLoginHint, c.ResponseMode = []string{"openid", "email"}, true, "form_post"
		c.Parameters = map[string]string{"access_type": "offline", "hd": "corp.example"}
	}})
	r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) {
		doc["authorization_endpoint"] = r.op.URL(idptest.AuthorizationEndpoint) + "?policy=sign%20in&scope=evil&scope=worse&hd=other"
	}})
	q := r.request()
	q.LoginHint, q.Prompt, q.MaxAge, q.UILocales, q.ACRValues = "a&b@corp.example", "select_account", &seconds, "de en", "urn:mfa"
	got, err := r.p.AuthorizationURL(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(q.Verifier))
	want := url.Values{
		"policy": {"sign in"}, "access_type": {"offline"}, "hd": {"corp.example"},
		"response_type": {"code"}, "response_mode": {"form_post"}, "client_id": {"client"}, "redirect_uri": {callbackURL}, "scope": {"openid email"},
		"state": {q.State}, "nonce": {q.Nonce}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		"login_hint": {q.LoginHint}, "prompt": {"select_account"}, "max_age": {"300"}, "ui_locales": {"de en"}, "acr_values": {"urn:mfa"},
	}
	if u.Query().Encode() != want.Encode() {
		t.Errorf("query is\n%s, want\n%s", u.Query().Encode(), want.Encode())
	}
	if strings.Contains(got, q.Verifier) {
		t.Error("the verifier left the hub")
	}
}

func TestLoginHintStaysUnlessForwarded(t *testing.T) {
	r := newRig(t, setup{})
	q := r.request()
	q.LoginHint = "alice@corp.example"
	got, err := r.p.AuthorizationURL(t.Context(), q)
	if err != nil || strings.Contains(got, "login_hint") {
		t.Errorf("URL is %s, %v", got, err)
	}
}

func TestPromptLoginDemandsAuthTime(t *testing.T) {
	r := newRig(t, setup{})
	q := r.request()
	q.Prompt = "login"
	got, err := r.p.AuthorizationURL(t.Context(), q)
	if err != nil || !strings.Contains(got, "max_age=0") || !strings.Contains(got, "prompt=login") {
		t.Errorf("URL is %s, %v", got, err)
	}
}

// TestA50_FreshSecrets: what guards a sign-in arrives upstream as given, the verifier only with the code, and nothing is
// shared by 10,000 tries.
func TestA50_FreshSecrets(t *testing.T) {
	r := newRig(t, setup{})
	seen := map[string]bool{}
	for range 10_000 {
		q := r.request()
		got, err := r.p.AuthorizationURL(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		query := u.Query()
		for _, v := range []string{query.Get("state"), query.Get("nonce"), query.Get("code_challenge")} {
			if seen[v] || len(v) < 43 {
				t.Fatalf("%q is short or was seen before", v)
			}
			seen[v] = true
		}
		if query.Get("code_challenge_method") != "S256" || strings.Contains(got, q.Verifier) {
			t.Fatalf("URL is %s", got)
		}
	}
}

// TestA50_WeakSecrets: a request without all three, or with short or shared ones, is refused before any call.
func TestA50_WeakSecrets(t *testing.T) {
	r := newRig(t, setup{})
	for name, weaken := range map[string]func(*idp.Request){
		"no state":               func(q *idp.Request) { q.State = "" },
		"no nonce":               func(q *idp.Request) { q.Nonce = "" },
		"no verifier":            func(q *idp.Request) { q.Verifier = "" },
		"short state":            func(q *idp.Request) { q.State = q.State[:21] },
		"short nonce":            func(q *idp.Request) { q.Nonce = q.Nonce[:21] },
		"short verifier":         func(q *idp.Request) { q.Verifier = q.Verifier[:42] },
		"long verifier":          func(q *idp.Request) { q.Verifier = strings.Repeat("v", 129) },
		"odd verifier":           func(q *idp.Request) { q.Verifier = q.Verifier[:42] + "/" },
		"nonce is state":         func(q *idp.Request) { q.Nonce = q.State },
		"verifier is the nonce":  func(q *idp.Request) { q.Verifier = q.Nonce },
		"verifier is the state":  func(q *idp.Request) { q.Verifier = q.State },
		"odd verifier in middle": func(q *idp.Request) { q.Verifier = "a" + strings.Repeat("é", 20) + strings.Repeat("b", 42) },
	} {
		q := r.request()
		weaken(&q)
		if _, err := r.p.AuthorizationURL(t.Context(), q); refused(t, err, idp.StepRedirect, "request").Kind != idp.KindMisused {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := r.p.Exchange(t.Context(), q, "code", nil); refused(t, err, idp.StepToken, "request").Kind != idp.KindMisused {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(r.op.Requests(idptest.DiscoveryEndpoint)) + r.op.Count(idptest.TokenEndpoint); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

// TestA50_VerifierBindsTheCode: the upstream, which checks PKCE, refuses a code with another sign-in's verifier.
func TestA50_VerifierBindsTheCode(t *testing.T) {
	r := newRig(t, setup{})
	q := r.request()
	params, err := r.begin(q)
	if err != nil {
		t.Fatal(err)
	}
	q.Verifier = oauth2.GenerateVerifier()
	_, err = r.p.Exchange(t.Context(), q, params.Get("code"), nil)
	if e := refused(t, err, idp.StepToken, "error"); e.Code != "invalid_grant" || e.Kind != idp.KindRefused {
		t.Errorf("error is %v", e)
	}
}
