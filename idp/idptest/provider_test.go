package idptest_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/isthmus-hub/isthmus/idp/idptest"
)

const callbackURL = "http://app.test/callback"

// app is a plain relying party made of other people's code, to judge the provider by.
type app struct {
	ctx      context.Context
	provider *oidc.Provider
	oauth    oauth2.Config
}

func newApp(t *testing.T, op *idptest.Provider, hc *http.Client) *app {
	t.Helper()
	ctx := oidc.ClientContext(t.Context(), hc)
	provider, err := oidc.NewProvider(ctx, op.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	return &app{ctx, provider, oauth2.Config{ClientID: op.ClientID(), ClientSecret: op.ClientSecret(), Endpoint: provider.Endpoint(), RedirectURL: callbackURL, Scopes: []string{"openid"}}}
}

func TestGoOIDCSignsIn(t *testing.T) {
	for _, cfg := range []idptest.Config{
		{}, {Algorithm: "ES256"}, {Algorithm: "EdDSA"}, {Algorithm: "PS256"}, {Algorithm: "ES512"}, {Thin: true}, {NoIss: true}, {PublicClient: true}, {ClientSecret: "a b:c%"}, {Lifetime: time.Hour},
	} {
		cfg.RedirectURIs = []string{callbackURL}
		op := idptest.New(t, cfg)
		a := newApp(t, op, http.DefaultClient)
		verifier, nonce := oauth2.GenerateVerifier(), "nonce-of-the-app"
		params, err := op.Approve(a.oauth.AuthCodeURL("state&1", oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce)))
		if err != nil {
			t.Fatal(err)
		}
		if params.Get("state") != "state&1" || params.Has("iss") == cfg.NoIss {
			t.Errorf("%+v: parameters are %v", cfg, params)
		}
		token, err := a.oauth.Exchange(a.ctx, params.Get("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatalf("%+v: %v", cfg, err)
		}
		raw, _ := token.Extra("id_token").(string)
		id, err := a.provider.Verifier(&oidc.Config{ClientID: op.ClientID()}).Verify(a.ctx, raw)
		if err != nil {
			t.Fatalf("%+v: %v", cfg, err)
		}
		if id.Subject != "alice" || id.Nonce != nonce || id.VerifyAccessToken(token.AccessToken) != nil {
			t.Errorf("%+v: ID token is %+v", cfg, id)
		}
		var claims struct{ Email string }
		if err := id.Claims(&claims); err != nil || (claims.Email == "") != cfg.Thin {
			t.Errorf("%+v: claims are %+v, %v", cfg, claims, err)
		}
		info, err := a.provider.UserInfo(a.ctx, oauth2.StaticTokenSource(token))
		if err != nil || info.Subject != "alice" || info.Email != "alice@upstream.example" {
			t.Errorf("%+v: userinfo is %+v, %v", cfg, info, err)
		}
		if _, err := a.oauth.Exchange(a.ctx, params.Get("code"), oauth2.VerifierOption(verifier)); err == nil {
			t.Errorf("%+v: a code was redeemed twice", cfg)
		}
	}
}

// TestItIsStrict: what a relying party gets wrong is refused, so that tests find it.
func TestItIsStrict(t *testing.T) {
	op := idptest.New(t, idptest.Config{RedirectURIs: []string{callbackURL}})
	a := newApp(t, op, http.DefaultClient)
	verifier := oauth2.GenerateVerifier()
	good := a.oauth.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))
	for old, other := range map[string]string{"client_id=client": "client_id=other", "app.test": "attacker.test"} {
		if params, err := op.Approve(strings.Replace(good, old, other, 1)); err == nil {
			t.Errorf("%s was accepted: %v", other, params)
		}
	}
	for old, code := range map[string]string{"response_type=code": "unsupported_response_type", "method=S256": "invalid_request"} {
		params, err := op.Approve(strings.Replace(good, old, strings.Split(old, "=")[0]+"=plain", 1))
		if err != nil || params.Get("error") != code || params.Has("code") {
			t.Errorf("without %s: %v, %v", old, params, err)
		}
	}
	redeem := func(change func(url.Values), id, secret string) string {
		params, err := op.Approve(good)
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{"grant_type": {"authorization_code"}, "code": {params.Get("code")}, "redirect_uri": {callbackURL}, "code_verifier": {verifier}}
		change(form)
		r, err := http.NewRequest(http.MethodPost, op.URL(idptest.TokenEndpoint), strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if id != "" {
			r.SetBasicAuth(id, secret)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var answer struct{ Error string }
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return answer.Error
	}
	same := func(url.Values) {}
	for _, c := range []struct {
		change           func(url.Values)
		id, secret, want string
	}{
		{same, "client", "secret", ""},
		{func(f url.Values) { f.Set("client_id", "client"); f.Set("client_secret", "secret") }, "", "", ""},
		{same, "client", "wrong", "invalid_client"},
		{same, "", "", "invalid_client"},
		{func(f url.Values) { f.Set("client_secret", "secret") }, "client", "secret", "invalid_client"},
		{func(f url.Values) { f.Set("code_verifier", oauth2.GenerateVerifier()) }, "client", "secret", "invalid_grant"},
		{func(f url.Values) { f.Del("code_verifier") }, "client", "secret", "invalid_grant"},
		{func(f url.Values) { f.Set("redirect_uri", callbackURL+"/") }, "client", "secret", "invalid_grant"},
		{func(f url.Values) { f.Set("code", "made-up") }, "client", "secret", "invalid_grant"},
		{func(f url.Values) { f.Set("grant_type", "password") }, "client", "secret", "unsupported_grant_type"},
	} {
		if got := redeem(c.change, c.id, c.secret); got != c.want {
			t.Errorf("error is %q, want %q", got, c.want)
		}
	}
}

func TestUsersAreChosen(t *testing.T) {
	op := idptest.New(t, idptest.Config{Choose: true, Users: []idptest.User{{Subject: "alice"}, {Subject: "bob", Claims: map[string]any{"email": "bob@upstream.example"}}}})
	a := newApp(t, op, http.DefaultClient)
	page, err := http.Get(a.oauth.AuthCodeURL(`"><script>`))
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	doc, err := goquery.NewDocumentFromReader(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	if n := doc.Find(`button[name="user"]`).Length(); n != 2 || doc.Find("script").Length() != 0 {
		t.Errorf("%d buttons", n)
	}
	form := url.Values{}
	doc.Find("input[type=hidden]").Each(func(_ int, s *goquery.Selection) { form.Add(s.AttrOr("name", ""), s.AttrOr("value", "")) })
	still := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for button, want := range map[string]string{"user=bob": "code", "cancel=1": "error"} {
		name, value, _ := strings.Cut(button, "=")
		sent := url.Values{name: {value}}
		for k, v := range form {
			sent[k] = v
		}
		res, err := still.PostForm(op.URL(idptest.AuthorizationEndpoint), sent)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		to, err := res.Location()
		if err != nil || !to.Query().Has(want) || to.Query().Get("state") != `"><script>` {
			t.Errorf("%s leads to %v, %v", button, to, err)
		}
	}
	params, err := op.Approve(a.oauth.AuthCodeURL("s", oauth2.SetAuthURLParam("prompt", "none")))
	if err != nil || params.Get("error") != "login_required" {
		t.Errorf("prompt=none gave %v, %v", params, err)
	}
}

func TestLoginHintChooses(t *testing.T) {
	op := idptest.New(t, idptest.Config{})
	op.SetUsers(idptest.User{Subject: "alice"}, idptest.User{Subject: "bob", Claims: map[string]any{"email": "bob@upstream.example"}})
	a := newApp(t, op, http.DefaultClient)
	for hint, want := range map[string]string{"": "alice", "bob": "bob", "bob@upstream.example": "bob", "nobody": "alice"} {
		params, err := op.Approve(a.oauth.AuthCodeURL("s", oauth2.SetAuthURLParam("login_hint", hint)))
		if err != nil {
			t.Fatal(err)
		}
		token, err := a.oauth.Exchange(a.ctx, params.Get("code"))
		if err != nil {
			t.Fatal(err)
		}
		info, err := a.provider.UserInfo(a.ctx, oauth2.StaticTokenSource(token))
		if err != nil || info.Subject != want {
			t.Errorf("hint %q signs in %+v, %v", hint, info, err)
		}
	}
}

func TestFormPost(t *testing.T) {
	op := idptest.New(t, idptest.Config{})
	a := newApp(t, op, http.DefaultClient)
	page, err := http.Get(a.oauth.AuthCodeURL(`'"<s>`, oauth2.SetAuthURLParam("response_mode", "form_post")))
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	doc, err := goquery.NewDocumentFromReader(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Find("form").AttrOr("action", "") != callbackURL || doc.Find("input[name=state]").AttrOr("value", "") != `'"<s>` || doc.Find("input[name=code]").Length() != 1 {
		html, _ := doc.Html()
		t.Errorf("page is %s", html)
	}
}

func TestTLS(t *testing.T) {
	op := idptest.New(t, idptest.Config{TLS: true})
	roots, err := idptest.Roots()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	newApp(t, op, &http.Client{Transport: transport})
}

func TestIssuerWithPath(t *testing.T) {
	first := idptest.New(t, idptest.Config{})
	address := strings.TrimPrefix(first.Issuer(), "http://")
	_ = first.Close()
	op := idptest.New(t, idptest.Config{Address: address, Issuer: "http://" + address + "/tenant/a"})
	newApp(t, op, http.DefaultClient)
}

// TestFaultsEnd: a fault with a count passes, one without stays until it is healed, and Close does not wait for it.
func TestFaultsEnd(t *testing.T) {
	op := idptest.New(t, idptest.Config{})
	status := func() int {
		res, err := http.Get(op.URL(idptest.JWKSEndpoint))
		if err != nil {
			return 0
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
	op.Fail(idptest.JWKSEndpoint, idptest.Fault{Status: 418, Times: 2})
	if a, b, c := status(), status(), status(); a != 418 || b != 418 || c != 200 {
		t.Errorf("statuses are %d %d %d", a, b, c)
	}
	op.Fail(idptest.JWKSEndpoint, idptest.Fault{Reset: true})
	if a, b := status(), status(); a != 0 || b != 0 {
		t.Errorf("statuses are %d %d", a, b)
	}
	op.Heal(idptest.JWKSEndpoint)
	if a := status(); a != 200 {
		t.Errorf("status is %d", a)
	}
	if n := op.Count(idptest.JWKSEndpoint); n < 6 {
		t.Errorf("%d requests were counted", n)
	}
	op.Forget()
	if op.Count(idptest.JWKSEndpoint) != 0 || len(op.Requests(idptest.JWKSEndpoint)) != 0 {
		t.Error("requests are not forgotten")
	}
	op.Fail(idptest.JWKSEndpoint, idptest.Fault{Hang: true})
	done := make(chan int)
	go func() { done <- status() }()
	for op.Count(idptest.JWKSEndpoint) == 0 {
		time.Sleep(time.Millisecond)
	}
	_ = op.Close()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Error("Close left a hanging request")
	}
}

func TestCatalogues(t *testing.T) {
	names := map[string]bool{}
	for _, f := range idptest.Faults() {
		if got, err := idptest.FaultNamed(f.Name); err != nil || got != f.Fault || names[f.Name] {
			t.Errorf("%s: %+v, %v", f.Name, got, err)
		}
		names[f.Name] = true
	}
	if _, err := idptest.FaultNamed("earthquake"); err == nil || !strings.Contains(err.Error(), "hang") {
		t.Errorf("error is %v", err)
	}
	for _, catalogue := range [][]idptest.Mutation{idptest.Mutations(), idptest.LogoutMutations()} {
		names := map[string]bool{}
		for _, m := range catalogue {
			if m.Name == "" || m.Check == "" || m.Apply == nil || names[m.Name] {
				t.Errorf("mutation %+v is incomplete or there twice", m)
			}
			names[m.Name] = true
		}
	}
}

// TestBreak: every word of the list is known and takes effect; Mend ends all of them.
func TestBreak(t *testing.T) {
	op := idptest.New(t, idptest.Config{})
	all := idptest.Breakages()
	if len(all) < 250 {
		t.Errorf("only %d", len(all))
	}
	for _, word := range all {
		if strings.ContainsAny(word, " ,'") {
			t.Errorf("%q is no word", word)
		}
		if err := op.Break(word); err != nil {
			t.Errorf("%s: %v", word, err)
		}
	}
	for _, bad := range []string{"", "token", "token=", "token=earthquake", "id_token=", "planet=hang"} {
		if err := op.Break(bad); err == nil || !strings.Contains(err.Error(), "token=hang") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	op.Mend()
	a := newApp(t, op, http.DefaultClient)
	for word, want := range map[string]string{"callback=access_denied": "error", "callback=another-iss": "code", "callback=no-code": "state"} {
		if err := op.Break(word); err != nil {
			t.Fatal(err)
		}
		params, err := op.Approve(a.oauth.AuthCodeURL("s"))
		if err != nil || !params.Has(want) || params.Get("iss") == op.Issuer() && word == "callback=another-iss" {
			t.Errorf("%s: %v, %v", word, params, err)
		}
	}
}

// TestSignJWT: any JWT can be signed with the provider's key.
func TestSignJWT(t *testing.T) {
	op := idptest.New(t, idptest.Config{})
	a := newApp(t, op, http.DefaultClient)
	raw, err := op.SignJWT("logout+jwt", map[string]any{"iss": op.Issuer(), "aud": "client", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		"jti": "1", "sid": "s", "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}})
	if err != nil {
		t.Fatal(err)
	}
	token, err := a.provider.Verifier(&oidc.Config{ClientID: "client"}).VerifyLogout(a.ctx, raw)
	if err != nil || token.SessionID != "s" {
		t.Errorf("logout token is %+v, %v", token, err)
	}
}

func TestStartReportsAnAddressInUse(t *testing.T) {
	op := idptest.New(t, idptest.Config{})
	if _, err := idptest.Start(idptest.Config{Address: strings.TrimPrefix(op.Issuer(), "http://")}); err == nil {
		t.Error("started twice on one address")
	}
	if _, err := idptest.Start(idptest.Config{Algorithm: "XS256"}); err == nil {
		t.Error("an unknown algorithm was accepted")
	}
}
