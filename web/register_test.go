package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/register"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

const registerURL = hubtest.Issuer + "/oauth2/register"

// registrar is a hub whose pool takes registrations.
func registrar(t *testing.T) *site {
	t.Helper()
	h := hubtest.New(t)
	h.Pool.Registration = true
	return serve(t, h)
}

// pass is a fresh registration token of an operator.
func (s *site) pass(t *testing.T) string {
	t.Helper()
	token, _, err := register.Open(t.Context(), s.Pool)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// registration is an answer of the registration endpoints.
type registration struct {
	status      int
	header      http.Header
	text        string
	Error       string `json:"error"`
	Description string `json:"error_description"`

	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
	Ends   *int   `json:"client_secret_expires_at"`
	URI    string `json:"registration_client_uri"`
	Token  string `json:"registration_access_token"`
	Issued int64  `json:"client_id_issued_at"`
	hub.ClientMetadata
}

var asked atomic.Int64

// ask calls a registration endpoint; a string body goes as it is.
func (s *site) ask(t *testing.T, method, address, token string, body any) *registration {
	t.Helper()
	text, ok := body.(string)
	if !ok && body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(data)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if text != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	from := fmt.Sprintf("192.0.2.%d:4711", asked.Add(1)%250) // one address would be held to its pace
	res, err := transport{hub: s.server, address: &from}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := io.ReadAll(res.Body)
	a := &registration{status: res.StatusCode, header: res.Header, text: string(data)}
	if len(data) > 0 && json.Unmarshal(data, a) != nil {
		t.Errorf("%s %s: no JSON: %s", method, address, data)
	}
	if !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("%s %s may be stored", method, address)
	}
	return a
}

// app is metadata of an app, with changes: name and value in turn; nil takes a
// member away.
func app(changes ...any) map[string]any {
	m := map[string]any{"redirect_uris": []string{hubtest.Callback}, "client_name": "Notes"}
	for i := 0; i+1 < len(changes); i += 2 {
		if m[changes[i].(string)] = changes[i+1]; changes[i+1] == nil {
			delete(m, changes[i].(string))
		}
	}
	return m
}

func (s *site) register(t *testing.T, changes ...any) *registration {
	t.Helper()
	made := s.ask(t, "POST", registerURL, s.pass(t), app(changes...))
	if made.status != http.StatusCreated {
		t.Fatalf("registration: %d %s", made.status, made.text)
	}
	return made
}

// A pool that is not opened takes nothing, whatever is shown, and does not say
// where one could try; clients that it has go on.
func TestA45_ClosedByDefault(t *testing.T) {
	s := registrar(t)
	made := s.register(t)
	token := s.pass(t)
	s.Pool.Registration = false
	s = serve(t, s.Hub)
	for _, token := range []string{"", token, made.Token} {
		for method, address := range map[string]string{"POST": registerURL, "GET": made.URI, "PUT": made.URI, "DELETE": made.URI} {
			if got := s.ask(t, method, address, token, nil); got.status != http.StatusForbidden || got.Error != "access_denied" {
				t.Errorf("%s %s: %d %s", method, address, got.status, got.text)
			}
		}
	}
	if res := s.browser(t).get(hubtest.Issuer + "/.well-known/openid-configuration"); strings.Contains(res.body, "registration_endpoint") {
		t.Error("discovery names the endpoint")
	}
	if _, _, err := register.Open(t.Context(), s.Pool); !errors.Is(err, register.ErrClosed) {
		t.Errorf("a token for a closed pool: %v", err)
	}
	if n := len(s.Pool.Registered.All()); n != 1 {
		t.Errorf("%d registered clients", n)
	}
	if got := s.tokenAs(t, hubtest.Issuer, made.ID, made.Secret, redeem("x")); got.Error != "invalid_grant" {
		t.Errorf("the client that was there: %+v", got)
	}
}

// A token makes one client, in its time, however often and however many at once
// try; what is refused leaves it as it was.
func TestA45_TokenOnce(t *testing.T) {
	s := registrar(t)
	token := s.pass(t)
	for _, wrong := range []string{"", "x", hub.Random(), token + "x", hubtest.ClientSecret} {
		if got := s.ask(t, "POST", registerURL, wrong, app()); got.status != 401 || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("token %q: %d %s", wrong, got.status, got.text)
		}
	}
	if got := s.ask(t, "POST", registerURL+"?access_token="+token, "", app()); got.status != 401 {
		t.Errorf("token in the query: %d", got.status)
	}
	if got := s.ask(t, "POST", registerURL, token, app("redirect_uris", nil)); got.Error != "invalid_redirect_uri" {
		t.Errorf("bad metadata: %d %s", got.status, got.text)
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	status := map[int]int{}
	for range 16 {
		wait.Go(func() {
			got := s.ask(t, "POST", registerURL, token, app())
			mu.Lock()
			defer mu.Unlock()
			status[got.status]++
		})
	}
	wait.Wait()
	if !maps.Equal(status, map[int]int{201: 1, 401: 15}) || len(s.Pool.Registered.All()) != 1 {
		t.Errorf("parallel use gave %v, %d clients", status, len(s.Pool.Registered.All()))
	}
	late := s.pass(t)
	s.Advance(hub.RegistrationTokenLife)
	if got := s.ask(t, "POST", registerURL, late, app()); got.status != 401 {
		t.Errorf("after a day: %d", got.status)
	}
	if n := len(s.Events(hub.ClientRegistered)); n != 1 {
		t.Errorf("%d events of clients made", n)
	}
	if len(s.Events(hub.RegistrationRefused)) < 20 {
		t.Error("refusals leave no events")
	}
	file, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	if made := s.register(t); bytes.Contains(file, []byte(token)) || bytes.Contains(file, []byte(made.Secret)) || bytes.Contains(file, []byte(made.Token)) {
		t.Error("the store holds a secret as it is")
	}
}

// No address of the metadata is fetched: not at registration, not on a page.
func TestA45_NothingIsFetched(t *testing.T) {
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer canary.Close()
	called := make(chan string, 1)
	go func() {
		for {
			c, err := canary.Accept()
			if err != nil {
				return
			}
			select {
			case called <- c.RemoteAddr().String():
			default:
			}
			_ = c.Close()
		}
	}()
	s := registrar(t)
	s.Pool.FetchKeys = func(_ context.Context, uri string, _ bool) (*proof.Keys, error) {
		t.Errorf("keys are fetched from %s", uri)
		return nil, net.ErrClosed
	}
	at := "https://" + canary.Addr().String()
	made := s.register(t, "token_endpoint_auth_method", "private_key_jwt", "jwks_uri", at+"/jwks",
		"logo_uri", at+"/logo.png", "policy_uri", at+"/policy", "tos_uri", at+"/terms", "client_uri", at, "initiate_login_uri", at+"/begin")
	page := s.browser(t).authorize("client_id", made.ID)
	for _, path := range []string{"/logo.png", "/policy", "/terms"} {
		if page.doc(t).Find(`footer a[href="`+at+path+`"]`).Length() != 1 {
			t.Errorf("no link to %s on the page", path)
		}
	}
	if n := strings.Count(page.body, at); n != 3 {
		t.Errorf("the page has %d of the app's addresses", n)
	}
	if !strings.Contains(page.body, "Notes") {
		t.Error("the page does not name the app")
	}
	select {
	case from := <-called:
		t.Errorf("something called from %s", from)
	case <-time.After(50 * time.Millisecond):
	}
}

// What a registration may say, and what it may not, by the name of the field.
func TestRegistrationMetadata(t *testing.T) {
	s := registrar(t)
	key := string(newHolder(t, s).jwks())
	jwks := json.RawMessage(key)
	token := s.pass(t)
	refused := map[string][]any{
		"no redirect_uris":                        {"redirect_uris", nil},
		"redirect_uris: fragment":                 {"redirect_uris", []string{hubtest.Callback + "#f"}},
		"redirect_uris: wildcard":                 {"redirect_uris", []string{"https://*.evil.example/"}},
		"redirect_uris: script":                   {"redirect_uris", []string{"javascript:alert(1)"}},
		"redirect_uris: data":                     {"redirect_uris", []string{hubtest.Callback, "data:text/html,x"}},
		"redirect_uris: http":                     {"redirect_uris", []string{"http://evil.example/cb"}},
		"redirect_uris: response":                 {"redirect_uris", []string{"https://app.example/cb?code=1"}},
		"redirect_uris: text":                     {"redirect_uris", hubtest.Callback},
		"redirect_uris: null in":                  {"redirect_uris", []any{nil}},
		"redirect_uris: many":                     {"redirect_uris", strings.Split(strings.Repeat("https://a.example/,", 101), ",")},
		"post_logout_redirect_uris: fragment":     {"post_logout_redirect_uris", []string{"https://a.example/#x"}},
		"token_endpoint_auth_method: jwt secret":  {"token_endpoint_auth_method", "client_secret_jwt"},
		"token_endpoint_auth_method: number":      {"token_endpoint_auth_method", 1},
		"grant_types: machine":                    {"grant_types", []string{"client_credentials"}},
		"grant_types: password":                   {"grant_types", []string{"authorization_code", "password"}},
		"grant_types: implicit":                   {"grant_types", []string{"implicit"}},
		"grant_types: exchange":                   {"grant_types", []string{oauth.GrantTokenExchange}},
		"grant_types: only refresh":               {"grant_types", []string{"refresh_token"}},
		"response_types: token":                   {"response_types", []string{"code", "id_token token"}},
		"response_types: none for code":           {"response_types", []string{}},
		"client_name: lines":                      {"client_name", "a\nb"},
		"client_name: bidi":                       {"client_name", "a\u202eb"},
		"client_name: long":                       {"client_name", strings.Repeat("x", 129)},
		"scope: of an API":                        {"scope", "openid https://orders.example/read"},
		"scope: Cognito's":                        {"scope", "openid aws.cognito.signin.user.admin"},
		"id_token_signed_response_alg: none":      {"id_token_signed_response_alg", "none"},
		"id_token_signed_response_alg: symmetric": {"id_token_signed_response_alg", "HS256"},
		"jwks: missing":                           {"token_endpoint_auth_method", "private_key_jwt"},
		"jwks: symmetric":                         {"jwks", json.RawMessage(`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`)},
		"jwks: private":                           {"jwks", json.RawMessage(strings.Replace(key, `"kty"`, `"d":"AA","kty"`, 1))},
		"jwks_uri: with jwks":                     {"jwks", jwks, "jwks_uri", "https://app.example/jwks"},
		"jwks_uri: plain":                         {"jwks_uri", "http://app.example/jwks"},
		"logo_uri: script":                        {"logo_uri", "javascript:alert(1)"},
		"policy_uri: user":                        {"policy_uri", "https://a@app.example/"},
		"tos_uri: spaces":                         {"tos_uri", "https://app.example/ x"},
		"subject_type: pairwise":                  {"subject_type", "pairwise"},
		"sector_identifier_uri: any":              {"sector_identifier_uri", "https://app.example/sector"},
		"dpop_bound_access_tokens: text":          {"dpop_bound_access_tokens", "true"},
		"jwks: none to check signed requests":     {"require_signed_request_object", true},
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

// A pool takes a bounded number; the token survives the refusal.
func TestA45_BoundedNumber(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.Registration = true
	s := serve(t, h)
	err := h.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		for i := range hub.MaxRegistered {
			if err := hub.RegisteredClients.Put(tx, &hub.Registered{ID: fmt.Sprintf("client-%d", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, h.Pool.Registered.Load(t.Context())); err != nil {
		t.Fatal(err)
	}
	token := s.pass(t)
	if got := s.ask(t, "POST", registerURL, token, app()); got.Error != "access_denied" {
		t.Fatalf("one too many: %d %s", got.status, got.text)
	}
	for id := range s.Pool.Registered.All() {
		if err := register.Remove(t.Context(), s.Pool, id); err != nil {
			t.Fatal(err)
		}
		break
	}
	if got := s.ask(t, "POST", registerURL, token, app()); got.status != 201 {
		t.Errorf("after one went: %d %s", got.status, got.text)
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

// A store that fails anywhere makes no client and uses no token up.
func TestA184_RegistrationFaults(t *testing.T) {
	h := hubtest.NewFaulty(t)
	h.Pool.Registration = true
	s := serve(t, h)
	token := s.pass(t)
	for at := 1; ; at++ {
		h.Faults.At(at)
		got := s.ask(t, "POST", registerURL, token, app())
		hit := h.Faults.Hit()
		h.Faults.At(0)
		if !hit {
			if got.status != 201 || at < 3 {
				t.Errorf("without a fault, at %d: %d %s", at, got.status, got.text)
			}
			return
		}
		if got.status != http.StatusServiceUnavailable || len(s.Pool.Registered.All()) != 0 {
			t.Errorf("fault %d: %d %s, %d clients", at, got.status, got.text, len(s.Pool.Registered.All()))
		}
	}
}
