package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// What a registration may say, and what it may not, by the name of the field.
func TestRegistrationMetadata(t *testing.T) {
	s := registrar(t)
	key := string(newHolder(t, s).jwks())
	jwks := json.RawMessage(key)
	token := s.pass(t)
	refused := map[string][]any{
		"no redirect_uris":                          {"redirect_uris", nil},
		"redirect_uris: fragment":                   {"redirect_uris", []string{hubtest.Callback + "#f"}},
		"redirect_uris: wildcard":                   {"redirect_uris", []string{"https://*.evil.example/"}},
		"redirect_uris: script":                     {"redirect_uris", []string{"javascript:alert(1)"}},
		"redirect_uris: data":                       {"redirect_uris", []string{hubtest.Callback, "data:text/html,x"}},
		"redirect_uris: http":                       {"redirect_uris", []string{"http://evil.example/cb"}},
		"redirect_uris: response":                   {"redirect_uris", []string{"https://app.example/cb?code=1"}},
		"redirect_uris: text":                       {"redirect_uris", hubtest.Callback},
		"redirect_uris: null in":                    {"redirect_uris", []any{nil}},
		"redirect_uris: many":                       {"redirect_uris", strings.Split(strings.Repeat("https://a.example/,", 101), ",")},
		"post_logout_redirect_uris: fragment":       {"post_logout_redirect_uris", []string{"https://a.example/#x"}},
		"token_endpoint_auth_method: jwt secret":    {"token_endpoint_auth_method", "client_secret_jwt"},
		"token_endpoint_auth_method: number":        {"token_endpoint_auth_method", 1},
		"grant_types: machine":                      {"grant_types", []string{"client_credentials"}},
		"grant_types: password":                     {"grant_types", []string{"authorization_code", "password"}},
		"grant_types: implicit":                     {"grant_types", []string{"implicit"}},
		"grant_types: exchange":                     {"grant_types", []string{oauth.GrantTokenExchange}},
		"grant_types: only refresh":                 {"grant_types", []string{"refresh_token"}},
		"response_types: token":                     {"response_types", []string{"code", "id_token token"}},
		"response_types: none for code":             {"response_types", []string{}},
		"client_name: lines":                        {"client_name", "a\nb"},
		"client_name: bidi":                         {"client_name", "a\u202eb"},
		"client_name: long":                         {"client_name", strings.Repeat("x", 129)},
		"scope: of an API":                          {"scope", "openid https://orders.example/read"},
		"scope: Cognito's":                          {"scope", "openid aws.cognito.signin.user.admin"},
		"id_token_signed_response_alg: none":        {"id_token_signed_response_alg", "none"},
		"id_token_signed_response_alg: symmetric":   {"id_token_signed_response_alg", "HS256"},
		"jwks: missing":                             {"token_endpoint_auth_method", "private_key_jwt"},
		"jwks: symmetric":                           {"jwks", json.RawMessage(`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`)},
		"jwks: private":                             {"jwks", json.RawMessage(strings.Replace(key, `"kty"`, `"d":"AA","kty"`, 1))},
		"jwks_uri: with jwks":                       {"jwks", jwks, "jwks_uri", "https://app.example/jwks"},
		"jwks_uri: plain":                           {"jwks_uri", "http://app.example/jwks"},
		"backchannel_logout_uri: plain":             {"backchannel_logout_uri", "http://localhost:3000/out"},
		"backchannel_logout_uri: fragment":          {"backchannel_logout_uri", "https://app.example/out#"},
		"backchannel_logout_uri: user":              {"backchannel_logout_uri", "https://a@app.example/out"},
		"backchannel_logout_uri: list":              {"backchannel_logout_uri", []string{"https://app.example/out"}},
		"backchannel_logout_session_required: text": {"backchannel_logout_session_required", "true"},
		"frontchannel_logout_uri: elsewhere":        {"redirect_uris", []string{"https://app.example/cb"}, "frontchannel_logout_uri", "https://evil.example/out"},
		"frontchannel_logout_uri: other port":       {"redirect_uris", []string{"https://app.example/cb"}, "frontchannel_logout_uri", "https://app.example:8443/out"},
		"frontchannel_logout_uri: plain":            {"redirect_uris", []string{"http://localhost:3000/cb"}, "frontchannel_logout_uri", "http://localhost:3000/out"},
		"frontchannel_logout_uri: sid":              {"redirect_uris", []string{"https://app.example/cb"}, "frontchannel_logout_uri", "https://app.example/out?sid=1"},
		"frontchannel_logout_uri: policy":           {"redirect_uris", []string{"https://app.example/cb"}, "frontchannel_logout_uri", "https://app.example;x/out"},
		"frontchannel_logout_uri: device": {"redirect_uris", []string{"https://app.example/cb"}, "frontchannel_logout_uri", "https://app.example/out",
			"grant_types", []string{oauth.GrantDeviceCode}},
		"frontchannel_logout_session_required: number": {"frontchannel_logout_session_required", 1},
		"logo_uri: script":                                {"logo_uri", "javascript:alert(1)"},
		"policy_uri: user":                                {"policy_uri", "https://a@app.example/"},
		"tos_uri: spaces":                                 {"tos_uri", "https://app.example/ x"},
		"subject_type: pairwise":                          {"subject_type", "pairwise"},
		"sector_identifier_uri: any":                      {"sector_identifier_uri", "https://app.example/sector"},
		"dpop_bound_access_tokens: text":                  {"dpop_bound_access_tokens", "true"},
		"userinfo_signed_response_alg: any":               {"userinfo_signed_response_alg", "RS256"},
		"id_token_encrypted_response_alg: any":            {"id_token_encrypted_response_alg", "RSA-OAEP-256"},
		"token_endpoint_auth_signing_alg: weak":           {"token_endpoint_auth_signing_alg", "HS256"},
		"request_object_signing_alg: none":                {"request_object_signing_alg", "none"},
		"tls_client_certificate_bound_access_tokens: any": {"tls_client_certificate_bound_access_tokens", true},
		"jwks: none to check signed requests":             {"require_signed_request_object", true},
	}
	for name, changes := range refused {
		field, _, _ := strings.Cut(strings.TrimPrefix(name, "no "), ":")
		code := "invalid_client_metadata"
		if field == "redirect_uris" && !strings.HasSuffix(name, "text") && !strings.HasSuffix(name, "many") {
			code = "invalid_redirect_uri"
		}
		got := s.ask(t, "POST", registerURL, token, app(changes...))
		if got.status != 400 || got.Error != code || !strings.HasPrefix(got.Description, field+": ") {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	for _, body := range []string{"", "[]", "null", `"x"`, "{", `{"client_name":"a","client_name":"b"}`, "{}{}", "\xff", strings.Repeat(`{"a":`, 100)} {
		if got := s.ask(t, "POST", registerURL, token, body); got.status != 400 || got.Error == "" {
			t.Errorf("body %q: %d %s", body, got.status, got.text)
		}
	}
	if got := s.ask(t, "POST", registerURL, token, `{"client_name":"`+strings.Repeat("x", 64<<10)+`"}`); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("64 KiB and more: %d %s", got.status, got.text)
	}

	made := s.ask(t, "POST", registerURL, token, app("unknown_member", map[string]any{"x": 1}, "REDIRECT_URIS", []string{"https://evil.example/"}, "client_name#de", "Notizen", "scope", nil, "client_id", "app"))
	if made.status != 201 {
		t.Fatalf("after all refusals: %d %s", made.status, made.text)
	}
	if !regexp.MustCompile(`^[a-z0-9]{26}$`).MatchString(made.ID) || made.URI != registerURL+"/"+made.ID || len(made.Secret) < 43 || made.Ends == nil || *made.Ends != 0 || made.Issued != s.Now().Unix() {
		t.Errorf("answer %s", made.text)
	}
	if made.AuthMethod != "client_secret_basic" || made.Algorithm != "ES256" || made.Scope.String() != "openid email phone profile address" || made.SubjectType != "public" ||
		strings.Join(made.GrantTypes, " ") != "authorization_code refresh_token" || strings.Join(made.ResponseTypes, " ") != "code" || strings.Contains(made.text, "unknown") || strings.Contains(made.text, "evil") {
		t.Errorf("defaults %s", made.text)
	}
	public := s.register(t, "token_endpoint_auth_method", "none", "client_name", nil)
	if public.Secret != "" || public.Ends != nil || strings.Contains(public.text, "client_secret") {
		t.Errorf("a public client: %s", public.text)
	}
	if c, _ := s.Pool.Client(public.ID); c.Name != "localhost" || !c.Public || !c.Rotation {
		t.Errorf("the public client is %+v", c)
	}
}

// An app that knows nothing but the issuer and a token becomes a client, signs
// somebody in by go-oidc, upstream and here, and is nobody once it is deleted.
func TestRegisteredClientSignsIn(t *testing.T) {
	for _, method := range []string{"client_secret_basic", "client_secret_post", "none"} {
		t.Run(method, func(t *testing.T) {
			s := registrar(t)
			ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: transport{hub: s.server}})
			provider, err := oidc.NewProvider(ctx, hubtest.Issuer)
			if err != nil {
				t.Fatal(err)
			}
			var metadata struct {
				Endpoint string `json:"registration_endpoint"`
			}
			if err := provider.Claims(&metadata); err != nil || metadata.Endpoint != registerURL {
				t.Fatalf("discovery names %q, %v", metadata.Endpoint, err)
			}
			made := s.ask(t, "POST", metadata.Endpoint, s.pass(t), app("token_endpoint_auth_method", method,
				"post_logout_redirect_uris", []string{"https://notes.example/bye"}))
			b := s.browser(t)
			page := b.authorize("client_id", made.ID, "scope", "openid email profile address phone")
			if !strings.Contains(page.body, "Notes") {
				t.Error("the page does not name the app")
			}
			params, ok := b.submit(page, "username", hubtest.Username, "password", hubtest.Password).app()
			if !ok {
				t.Fatal("did not come back to the app")
			}
			cfg := oauth2.Config{ClientID: made.ID, ClientSecret: made.Secret, Endpoint: provider.Endpoint(), RedirectURL: hubtest.Callback}
			if method == "client_secret_post" || method == "none" {
				cfg.Endpoint.AuthStyle = oauth2.AuthStyleInParams
			}
			tokens, err := cfg.Exchange(ctx, params.Get("code"), oauth2.VerifierOption(hubtest.Verifier))
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := tokens.Extra("id_token").(string)
			verifier := provider.VerifierContext(ctx, &oidc.Config{ClientID: made.ID, Now: s.Now, SupportedSigningAlgs: []string{string(made.Algorithm)}})
			id, err := verifier.Verify(ctx, raw)
			if err != nil {
				t.Fatal(err)
			}
			info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
			if err != nil || info.Subject != id.Subject || !info.EmailVerified {
				t.Errorf("userInfo %+v, %v", info, err)
			}
			code := s.again(t, b, made.ID)
			if res := b.once("GET", hubtest.Issuer+"/logout?"+values("client_id", made.ID, "logout_uri", "https://notes.example/bye").Encode(), nil); res.Header.Get("Location") != "https://notes.example/bye" {
				t.Errorf("sign-out ends at %s", res.Header.Get("Location"))
			}

			if got := s.ask(t, "DELETE", made.URI, made.Token, nil); got.status != http.StatusNoContent || got.text != "" {
				t.Fatalf("deletion: %d %s", got.status, got.text)
			}
			if got := s.userInfo(t, tokens.AccessToken); got != 401 {
				t.Errorf("access token of a deleted client: %d", got)
			}
			for what, form := range map[string]url.Values{"refresh": refresh(tokens.RefreshToken), "code": redeem(code)} {
				if got := s.tokenAs(t, hubtest.Issuer, made.ID, made.Secret, form); got.Error != "invalid_client" {
					t.Errorf("%s of a deleted client: %+v", what, got)
				}
			}
			if _, ok := s.browser(t).authorize("client_id", made.ID).app(); ok {
				t.Error("a deleted client's app is still gone to")
			}
			for _, verb := range []string{"GET", "PUT", "DELETE"} {
				if got := s.ask(t, verb, made.URI, made.Token, nil); got.status != 401 || got.Error != "invalid_token" {
					t.Errorf("%s of a deleted client: %d %s", verb, got.status, got.text)
				}
			}
			if fresh, err := hub.OpenRegistrations(t.Context(), s.Pool.Space); err != nil || len(fresh.All()) != 0 {
				t.Errorf("the store still has %v, %v", fresh.All(), err)
			}
		})
	}
}

// again gets another code for a client in a browser that is signed in.
func (s *site) again(t *testing.T, b *browser, client string) string {
	t.Helper()
	params, ok := b.authorize("client_id", client, "prompt", "none").app()
	if !ok || params.Get("code") == "" {
		t.Fatalf("no code: %v", params)
	}
	return params.Get("code")
}

// A registered client goes upstream, proves itself by its keys, and may demand
// proofs of possession and pushed requests of itself.
func TestRegisteredClientUpstream(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.Registration = true
	up := idptest.New(t, idptest.Config{})
	up.SetUser(idptest.User{Subject: "Alice-1", Claims: map[string]any{"email": "alice@corp.example", "email_verified": true, "given_name": "Alice"}})
	h.Link(h.Pool, "CorporateID", up)
	s := serve(t, h)
	key := newHolder(t, s)
	made := s.register(t, "token_endpoint_auth_method", "private_key_jwt", "jwks", json.RawMessage(key.jwks()),
		"require_pushed_authorization_requests", true, "dpop_bound_access_tokens", true)
	if params, ok := s.browser(t).authorize("client_id", made.ID).app(); !ok || params.Get("error") != "invalid_request" {
		t.Errorf("a request that was not pushed: %v", params)
	}
	request := hubtest.Authorization("client_id", made.ID)
	request.Set("client_assertion_type", assertionType)
	request.Set("client_assertion", key.assertion(made.ID))
	r, err := http.NewRequestWithContext(t.Context(), "POST", hubtest.Issuer+"/oauth2/par", strings.NewReader(request.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("DPoP", key.dpop("POST", hubtest.Issuer+"/oauth2/par", ""))
	res, err := transport{hub: s.server}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	var pushed struct {
		URI string `json:"request_uri"`
	}
	if err := json.NewDecoder(res.Body).Decode(&pushed); err != nil || res.StatusCode != 201 {
		t.Fatalf("push: %d %v", res.StatusCode, err)
	}
	params, ok := s.browser(t).get(hubtest.Issuer + "/oauth2/authorize?" + values("client_id", made.ID, "request_uri", pushed.URI).Encode()).app()
	if !ok || params.Get("code") == "" {
		t.Fatalf("the only provider was not gone to: %v", params)
	}
	form := redeem(params.Get("code"), "client_assertion_type", assertionType, "client_assertion", key.assertion(made.ID))
	got := s.post(t, "/oauth2/token", form, http.Header{"Dpop": {key.dpop("POST", hubtest.Issuer+"/oauth2/token", "")}})
	if got.Access == "" || got.Type != "DPoP" {
		t.Errorf("tokens %+v", got)
	}
}

// A client looks at its registration, changes it and keeps its secret; nobody
// else's token opens it (RFC 7592).
func TestManagedRegistration(t *testing.T) {
	s := registrar(t)
	made, other := s.register(t), s.register(t)
	if got := s.ask(t, "GET", made.URI, made.Token, nil); got.status != 200 || got.Token != made.Token || got.URI != made.URI || got.Secret != "" || got.Name != "Notes" {
		t.Errorf("look: %d %s", got.status, got.text)
	}
	for _, token := range []string{"", other.Token, made.Secret, s.pass(t), made.Token + "x"} {
		for _, id := range []string{made.ID, "nobody", hubtest.ClientID, "%00", "..%2F" + made.ID} {
			for _, verb := range []string{"GET", "PUT", "DELETE"} {
				if got := s.ask(t, verb, registerURL+"/"+id, token, nil); got.status != 401 || got.Error != "invalid_token" {
					t.Errorf("%s %s with another's token: %d %s", verb, id, got.status, got.text)
				}
			}
		}
	}
	for _, changes := range [][]any{
		{"client_id", nil}, {"client_id", other.ID}, {"client_secret", "mine"}, {"registration_access_token", made.Token},
		{"registration_client_uri", made.URI}, {"client_secret_expires_at", 0}, {"client_id_issued_at", 1}, {"redirect_uris", []string{"https://a.example/#f"}},
	} {
		got := s.ask(t, "PUT", made.URI, made.Token, app(append([]any{"client_id", made.ID}, changes...)...))
		if got.status != 400 || !strings.HasPrefix(got.Description, changes[0].(string)+": ") {
			t.Errorf("change of %v: %d %s", changes, got.status, got.text)
		}
	}
	code := s.browser(t).code("client_id", made.ID)
	got := s.ask(t, "PUT", made.URI, made.Token, app("client_id", made.ID, "client_secret", made.Secret, "client_name", nil,
		"redirect_uris", []string{"https://notes.example/cb"}))
	if got.status != 200 || got.Secret != "" || got.Name != "" || got.RedirectURIs[0] != "https://notes.example/cb" {
		t.Fatalf("change: %d %s", got.status, got.text)
	}
	if _, ok := s.browser(t).authorize("client_id", made.ID).app(); ok {
		t.Error("the old address is still gone to")
	}
	if got := s.tokenAs(t, hubtest.Issuer, made.ID, made.Secret, redeem(code)); got.Access == "" {
		t.Errorf("the secret, after the change: %+v", got)
	}
	if got := s.ask(t, "PUT", made.URI, made.Token, app("client_id", made.ID, "token_endpoint_auth_method", "none")); got.status != 200 || got.Secret != "" {
		t.Fatalf("to a public client: %d %s", got.status, got.text)
	}
	back := s.ask(t, "PUT", made.URI, made.Token, app("client_id", made.ID))
	if back.status != 200 || back.Secret == "" || back.Secret == made.Secret || back.Ends == nil {
		t.Errorf("and back: %d %s", back.status, back.text)
	}
	if got := s.tokenAs(t, hubtest.Issuer, made.ID, made.Secret, redeem("x")); got.Error != "invalid_client" {
		t.Errorf("the first secret: %+v", got)
	}
	for name, want := range map[hub.EventName]int{hub.ClientRegistered: 2, hub.ClientChanged: 3} {
		if n := len(s.Events(name)); n != want {
			t.Errorf("%d events %s, want %d", n, name, want)
		}
	}
}

// Scripts of a registered client's origin may read the token endpoint, as those
// of a client in the file; a client of the file with the same id wins.
func TestRegisteredBesideTheFile(t *testing.T) {
	s := registrar(t)
	made := s.register(t, "redirect_uris", []string{"https://Notes.example/cb"}, "token_endpoint_auth_method", "none")
	for origin, want := range map[string]int{"https://notes.example": 204, "https://evil.example": 403} {
		r, _ := http.NewRequestWithContext(t.Context(), "OPTIONS", hubtest.Issuer+"/oauth2/token", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		if res, err := (transport{hub: s.server}).RoundTrip(r); err != nil || res.StatusCode != want {
			t.Errorf("%s: %v %v", origin, res.StatusCode, err)
		}
	}
	loaded, err := hub.OpenRegistrations(t.Context(), s.Pool.Space)
	if err != nil || loaded.Find(made.ID) == nil {
		t.Fatalf("after a start: %v", err)
	}
	s.Pool.Registered = loaded
	if c, ok := s.Pool.Client(made.ID); !ok || c.Name != "Notes" || c.CallbackURLs[0] != "https://Notes.example/cb" {
		t.Errorf("after a start: %+v", c)
	}
	file := *s.Pool.Clients[hubtest.ClientID]
	file.ID = made.ID
	s.Pool.Clients[made.ID] = &file
	if c, _ := s.Pool.Client(made.ID); c != &file {
		t.Error("the registered client stands before the file's")
	}
}
