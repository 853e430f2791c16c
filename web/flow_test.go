package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// TestFederatedSignIn walks from the app through the hub to a provider and
// back, with go-oidc as the app that believes nothing it has not verified.
func TestFederatedSignIn(t *testing.T) {
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{})
	up.SetUser(idptest.User{Subject: "Alice-1", Claims: map[string]any{"email": "alice@corp.example", "email_verified": true, "given_name": "Alice"}})
	h.Link(h.Pool, "CorporateID", up)
	s := serve(t, h)
	b := s.browser(t)

	page := b.authorize()
	link := page.doc(t).Find(`a[href*="identity_provider=CorporateID"]`)
	if got := strings.TrimSpace(link.Text()); got != "Sign in with your corporate ID" {
		t.Fatalf("button says %q", got)
	}
	if page.doc(t).Find("input[type=password]").Length() != 1 {
		t.Error("the client enables the password form, the page has none")
	}
	params, ok := b.get(hubtest.Issuer + link.AttrOr("href", "")).app()
	if !ok {
		t.Fatal("did not come back to the app")
	}
	if params.Get("state") != "state-of-the-app" || params.Get("iss") != hubtest.Issuer {
		t.Errorf("response %v", params)
	}

	id, claims := exchange(t, s, params.Get("code"))
	if id.Nonce != "nonce-of-the-app" || id.AccessTokenHash == "" {
		t.Errorf("nonce %q, at_hash %q", id.Nonce, id.AccessTokenHash)
	}
	for name, want := range map[string]any{
		"token_use": "id", "cognito:username": "CorporateID_Alice-1", "email": "alice@corp.example", "email_verified": true, "aud": hubtest.ClientID,
	} {
		if claims[name] != want {
			t.Errorf("%s = %v, want %v", name, claims[name], want)
		}
	}
	u := h.User(h.Pool, "CorporateID_Alice-1")
	if u == nil || u.Status != hub.ExternalProvider || u.Sub != id.Subject || u.Links[0].Subject != "Alice-1" {
		t.Fatalf("user %+v", u)
	}

	t.Run("SecondSignInRefreshesAttributes", func(t *testing.T) {
		up.SetUser(idptest.User{Subject: "Alice-1", Claims: map[string]any{"email": "alice.new@corp.example", "email_verified": false}})
		params, ok := s.browser(t).authorize("identity_provider", "CorporateID").app()
		if !ok || params.Get("code") == "" {
			t.Fatal("no code")
		}
		after := h.User(h.Pool, u.Sub)
		if after.Attributes["email"] != "alice.new@corp.example" || after.Attributes["email_verified"] != "false" || after.Attributes["given_name"] != "Alice" {
			t.Errorf("attributes %v", after.Attributes)
		}
		if n := len(h.Users(h.Pool)); n != 2 {
			t.Errorf("%d users, want the local one and Alice", n)
		}
	})
	t.Run("SessionSignsInSilently", func(t *testing.T) {
		params, ok := b.authorize("prompt", "none").app()
		if !ok || params.Get("code") == "" {
			t.Fatalf("prompt=none gave %v", params)
		}
		_, again := exchange(t, s, params.Get("code"))
		if again["sub"] != claims["sub"] || again["auth_time"] != claims["auth_time"] {
			t.Error("another person or another auth_time")
		}
	})
}

// exchange redeems a code as the confidential client and verifies what comes
// with go-oidc, through discovery.
func exchange(t *testing.T, s *site, code string) (*oidc.IDToken, map[string]any) {
	t.Helper()
	ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: transport{hub: s.server}})
	provider, err := oidc.NewProvider(ctx, hubtest.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	cfg := oauth2.Config{ClientID: hubtest.ClientID, ClientSecret: hubtest.ClientSecret, Endpoint: provider.Endpoint(), RedirectURL: hubtest.Callback}
	tokens, err := cfg.Exchange(ctx, code, oauth2.VerifierOption(hubtest.Verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: hubtest.ClientID, Now: s.Now, SupportedSigningAlgs: []string{"ES256"}}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
		t.Error(err)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		t.Fatal(err)
	}
	if info.Subject != id.Subject {
		t.Errorf("userInfo is about %s, the ID token about %s", info.Subject, id.Subject)
	}
	return id, claims
}

// TestTemporaryPassword is the person whom an administrator created (L7).
func TestTemporaryPassword(t *testing.T) {
	h := hubtest.New(t)
	h.AddUser(h.Pool, "new", directory.NewUser{Password: "Temp0rary-Pass", Temporary: true, Attributes: mapping.Attributes{"email": "new@corp.example"}})
	s := serve(t, h)
	b := s.browser(t)
	page := b.submit(b.authorize(), "username", "new", "password", "Temp0rary-Pass")
	if page.doc(t).Find(`input[autocomplete="new-password"]`).Length() == 0 {
		t.Fatalf("no page for a new password:\n%s", page.body)
	}
	if again := b.submit(page, "new_password", "short"); again.StatusCode != http.StatusBadRequest || again.doc(t).Find(`input[autocomplete="new-password"]`).Length() == 0 {
		t.Errorf("a password against the policy: %d", again.StatusCode)
	}
	if again := b.submit(page, "new_password", "Temp0rary-Pass"); again.StatusCode != http.StatusBadRequest {
		t.Errorf("the temporary password again: %d", again.StatusCode)
	}
	if params, ok := b.submit(page, "new_password", "My-0wn-Choice").app(); !ok || params.Get("code") == "" {
		t.Fatal("not signed in after the choice")
	}
	if u := h.User(h.Pool, "new"); u.Status != hub.Confirmed {
		t.Errorf("status %s", u.Status)
	}
	if r := b.submit(page, "new_password", "Another-0ne"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("the page sent once more: %d", r.StatusCode)
	}
	fresh := s.browser(t)
	if r := fresh.submit(fresh.authorize(), "username", "new", "password", "Temp0rary-Pass"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("the temporary password still opens: %d", r.StatusCode)
	}
}

// TestMissingAttribute is a provider that does not send what the pool requires.
func TestMissingAttribute(t *testing.T) {
	claims := map[string]any{"given_name": "Alice", "department": "secret-department"}
	setup := func(t *testing.T, on mapping.OnMissing) (*site, *browser) {
		h := hubtest.New(t)
		up := idptest.New(t, idptest.Config{})
		up.SetUser(idptest.User{Subject: "alice", Claims: claims})
		pr := h.Link(h.Pool, "CorporateID", up)
		var err error
		pr.Mapping, err = mapping.Compile(h.Pool.Schema, []mapping.Rule{{Attribute: "email", From: []string{"email"}, OnMissing: on}})
		if err != nil {
			t.Fatal(err)
		}
		s := serve(t, h)
		return s, s.browser(t)
	}
	t.Run("Refuse", func(t *testing.T) {
		s, b := setup(t, mapping.Refuse)
		params, ok := b.authorize("identity_provider", "CorporateID").app()
		if !ok || params.Get("error") != "invalid_request" || params.Get("error_description") != "attributes required: [email]" {
			t.Fatalf("app got %v", params)
		}
		trace := s.trace(t, params.Get("error_uri"))
		if trace.Reason != "attributes_required" || !strings.Contains(trace.Steps[len(trace.Steps)-1].Detail, "email") {
			t.Errorf("trace %+v", trace)
		}
		text, _ := json.Marshal(trace)
		if !strings.Contains(string(text), "department") || strings.Contains(string(text), "secret-department") {
			t.Errorf("trace must name the claims and hide their values: %s", text)
		}
		if len(s.Users(s.Pool)) != 1 {
			t.Error("a user was made")
		}
		page := b.get(params.Get("error_uri"))
		if page.help(t) != trace.ID {
			t.Errorf("error_uri shows no code:\n%s", page.body)
		}
	})
	t.Run("Ask", func(t *testing.T) {
		s, b := setup(t, mapping.Ask)
		page := b.authorize("identity_provider", "CorporateID")
		if page.doc(t).Find(`input[name="email"]`).Length() != 1 {
			t.Fatalf("not asked:\n%s", page.body)
		}
		if again := b.submit(page, "email", ""); again.StatusCode != http.StatusBadRequest {
			t.Errorf("an empty answer: %d", again.StatusCode)
		}
		params, ok := b.submit(page, "email", "alice@home.example", "email_verified", "true", "family_name", "Planted").app()
		if !ok || params.Get("code") == "" {
			t.Fatal("not signed in after the answer")
		}
		u := s.User(s.Pool, "CorporateID_alice")
		if u.Attributes["email"] != "alice@home.example" || u.Attributes["email_verified"] != "false" || u.Attributes["family_name"] != "" {
			t.Errorf("attributes %v: only what was asked counts, and it is not verified", u.Attributes)
		}
	})
}

// trace finds the explanation that an address or a page's code leads to.
func (s *site) trace(t *testing.T, id string) *hub.Trace {
	t.Helper()
	if u, err := url.Parse(id); err == nil && u.Query().Has("id") {
		id = u.Query().Get("id")
	}
	trace, err := s.SignIn.Trace(context.Background(), s.Pool, id)
	if err != nil {
		t.Fatalf("trace %q: %v", id, err)
	}
	return trace
}
