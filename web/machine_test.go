package web_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

const (
	machineID     = "1h57example"
	machineSecret = "machine-secret-0123456789-0123"
	apiID         = "orders-api"
	apiSecret     = "api-secret-0123456789-0123456789"
)

// machines is a hub with a resource server, a client that acts for itself and
// the API's own client, which asks about tokens.
func machines(t *testing.T) *site {
	t.Helper()
	h := hubtest.New(t)
	h.Pool.Resources = []hub.Resource{{Identifier: "https://orders.example", Name: "Orders", Scopes: map[string]string{"read": "Read orders", "write": "Change orders"}}}
	h.Pool.Clients[machineID] = &hub.Client{
		ID: machineID, Secrets: []hub.SecretHash{hub.HashSecret("old-" + machineSecret), hub.HashSecret(machineSecret)},
		Flows: []string{"client_credentials"}, Scopes: oauth.Scope{"https://orders.example/read", "https://orders.example/write"}, AccessLife: time.Hour,
	}
	h.Pool.Clients[apiID] = &hub.Client{ID: apiID, Secrets: []hub.SecretHash{hub.HashSecret(apiSecret)}, Introspects: true}
	return serve(t, h)
}

func (s *site) machine(t *testing.T, changes ...string) *tokens {
	t.Helper()
	form := values(append([]string{"grant_type", "client_credentials"}, changes...)...)
	return s.tokenAs(t, hubtest.Issuer, machineID, machineSecret, form)
}

// call posts a form to an endpoint as a client and returns status and body.
func (s *site) call(t *testing.T, path, client, secret string, form url.Values) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", hubtest.Issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client != "" {
		r.SetBasicAuth(client, secret)
	}
	res, err := transport{hub: s.server}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// introspect asks about a token.
func (s *site) introspect(t *testing.T, client, secret, token string) map[string]any {
	t.Helper()
	status, body := s.call(t, "/oauth2/introspect", client, secret, values("token", token))
	if status != http.StatusOK {
		t.Fatalf("introspection: %d %s", status, body)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Machine to machine (seed 002): sub is the client id, the claims are Cognito's,
// and there is neither refresh token nor ID token.
func TestClientCredentials(t *testing.T) {
	s := machines(t)
	got := s.machine(t)
	if got.Access == "" || got.Fresh != "" || got.ID != "" {
		t.Fatalf("answer %+v", got)
	}
	payload, _, err := s.Pool.Keys.Ring().Verify(got.Access)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"sub": machineID, "client_id": machineID, "token_use": "access", "version": 2.0, "iss": hubtest.Issuer,
		"scope": "https://orders.example/read https://orders.example/write",
	} {
		if claims[name] != want {
			t.Errorf("%s = %v, want %v", name, claims[name], want)
		}
	}
	for _, absent := range []string{"username", "origin_jti", "aud", "cognito:username"} {
		if _, there := claims[absent]; there {
			t.Errorf("%s is there", absent)
		}
	}
	if got := s.tokenAs(t, hubtest.Issuer, machineID, "old-"+machineSecret, values("grant_type", "client_credentials")); got.Access == "" {
		t.Errorf("the other of two live secrets: %+v", got)
	}
	narrow := s.machine(t, "scope", "https://orders.example/read", "resource", "https://orders.example")
	payload, _, _ = s.Pool.Keys.Ring().Verify(narrow.Access)
	if !strings.Contains(string(payload), `"aud":"https://orders.example"`) || strings.Contains(string(payload), "write") {
		t.Errorf("narrowed: %s", payload)
	}
	s.Advance(2 * time.Hour)
	if got := s.introspect(t, apiID, apiSecret, narrow.Access); got["active"] != false || len(got) != 1 {
		t.Errorf("after its end: %v", got)
	}
}

// No user scopes, no refresh, no flow that was not registered, and the refusal
// names the scope.
func TestA24_ClientCredentialsLimits(t *testing.T) {
	s := machines(t)
	for _, c := range []struct {
		client, secret string
		form           []string
		want           string
	}{
		{machineID, machineSecret, []string{"scope", "openid"}, "invalid_scope"},
		{machineID, machineSecret, []string{"scope", "https://orders.example/delete"}, "invalid_scope"},
		{machineID, machineSecret, []string{"resource", "https://payroll.example"}, "invalid_target"},
		{hubtest.ClientID, hubtest.ClientSecret, nil, "unauthorized_client"},
		{hubtest.PublicID, "", nil, "unauthorized_client"},
	} {
		got := s.tokenAs(t, hubtest.Issuer, c.client, c.secret, values(append([]string{"grant_type", "client_credentials"}, c.form...)...))
		if got.Error != c.want || got.Access != "" {
			t.Errorf("%s %v: %+v, want %s", c.client, c.form, got, c.want)
		}
	}
	if params, ok := s.browser(t).authorize("client_id", machineID).app(); ok {
		t.Errorf("a machine's client got to the code flow: %v", params)
	}
	if s.userInfo(t, s.machine(t).Access) == http.StatusOK {
		t.Error("userInfo answers about a machine")
	}
}

// Revocation ends the family; another client's token and unknown ones are 200
// without effect; other kinds of token are told so.
func TestA30_Revocation(t *testing.T) {
	s := serve(t, hubtest.New(t))
	got := s.token(t, redeem(s.browser(t).code()))
	public := s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", redeem(s.browser(t).code("client_id", hubtest.PublicID)))
	for name, c := range map[string]struct {
		client, secret string
		form           url.Values
		status         int
	}{
		"another's":    {hubtest.ClientID, hubtest.ClientSecret, values("token", public.Fresh), 200},
		"unknown":      {hubtest.ClientID, hubtest.ClientSecret, values("token", "unknown"), 200},
		"access token": {hubtest.ClientID, hubtest.ClientSecret, values("token", got.Access), 400},
		"no token":     {hubtest.ClientID, hubtest.ClientSecret, values(), 400},
		"wrong secret": {hubtest.ClientID, "x", values("token", got.Fresh), 401},
	} {
		if status, body := s.call(t, "/oauth2/revoke", c.client, c.secret, c.form); status != c.status || status == 200 && body != "" {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if s.userInfo(t, got.Access) != 200 || s.userInfo(t, public.Access) != 200 {
		t.Fatal("something was revoked by these")
	}
	if status, _ := s.call(t, "/oauth2/revoke", hubtest.ClientID, hubtest.ClientSecret, values("token", got.Fresh, "token_type_hint", "refresh_token")); status != 200 {
		t.Errorf("revocation: %d", status)
	}
	if s.userInfo(t, got.Access) != 401 || s.token(t, refresh(got.Fresh)).Error != "invalid_grant" {
		t.Error("the family lives on")
	}
	if status, _ := s.call(t, "/oauth2/revoke", hubtest.ClientID, hubtest.ClientSecret, values("token", got.Fresh)); status != 200 {
		t.Errorf("revoked again: %d", status)
	}
	status, body := s.call(t, "/oauth2/revoke", "", "", values("token", public.Fresh, "client_id", hubtest.PublicID))
	if status != 200 || s.userInfo(t, public.Access) != 401 {
		t.Errorf("a public client's own: %d %s", status, body)
	}
}

// A storage fault is never reported as revoked.
func TestA30_RevocationFault(t *testing.T) {
	s := serve(t, hubtest.NewFaulty(t))
	got := s.token(t, redeem(s.browser(t).code()))
	for n := 1; ; n++ {
		s.Faults.At(n)
		status, _ := s.call(t, "/oauth2/revoke", hubtest.ClientID, hubtest.ClientSecret, values("token", got.Fresh))
		hit := s.Faults.Hit()
		s.Faults.At(0)
		if !hit {
			break
		}
		if status != http.StatusServiceUnavailable {
			t.Errorf("call %d failed: %d", n, status)
		}
	}
	if s.userInfo(t, got.Access) != 401 {
		t.Error("not revoked in the end")
	}
}

// Introspection wants the asker's proof, tells a client of its own tokens, and
// of anything else no more than that it is not active.
func TestA31_Introspection(t *testing.T) {
	s := machines(t)
	got := s.token(t, redeem(s.browser(t).code()))
	for _, token := range []string{got.Access, got.Fresh} {
		mine := s.introspect(t, hubtest.ClientID, hubtest.ClientSecret, token)
		if mine["active"] != true || mine["client_id"] != hubtest.ClientID || mine["username"] != hubtest.Username || mine["scope"] != "openid email" {
			t.Errorf("own token: %v", mine)
		}
		if other := s.introspect(t, machineID, machineSecret, token); other["active"] != false || len(other) != 1 {
			t.Errorf("another's token: %v", other)
		}
		for _, cut := range []string{token[:len(token)-1], token + "A", token[1:], "", "x.y.z"} {
			if cut == "" {
				continue
			}
			if odd := s.introspect(t, hubtest.ClientID, hubtest.ClientSecret, cut); odd["active"] != false || len(odd) != 1 {
				t.Errorf("a token changed: %v", odd)
			}
		}
	}
	if api := s.introspect(t, apiID, apiSecret, got.Access); api["active"] != true {
		t.Errorf("the API's own client: %v", api)
	}
	if id := s.introspect(t, hubtest.ClientID, hubtest.ClientSecret, got.ID); id["active"] != false {
		t.Errorf("an ID token: %v", id)
	}
	for name, c := range map[string][2]string{"nobody": {"", ""}, "wrong secret": {apiID, "x"}} {
		if status, _ := s.call(t, "/oauth2/introspect", c[0], c[1], values("token", got.Access)); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, _ := s.call(t, "/oauth2/introspect", "", "", values("token", got.Access, "client_id", hubtest.PublicID)); status != http.StatusUnauthorized {
		t.Errorf("a public client: %d", status)
	}
	s.call(t, "/oauth2/revoke", hubtest.ClientID, hubtest.ClientSecret, values("token", got.Fresh))
	if after := s.introspect(t, apiID, apiSecret, got.Access); after["active"] != false {
		t.Errorf("after revocation: %v", after)
	}
}

// An API exchanges a person's token for one of its own, for pairs that are
// configured, within what both may, and no longer than the old one lives.
func TestTokenExchange(t *testing.T) {
	s := machines(t)
	api := s.Pool.Clients[apiID]
	api.Flows, api.ExchangesFrom, api.AccessLife = []string{"token_exchange"}, []string{hubtest.ClientID}, 4*time.Hour
	api.Scopes = oauth.Scope{"openid", "https://orders.example/read"}
	got := s.token(t, redeem(s.browser(t).code()))
	exchange := func(client, secret, subject string, more ...string) *tokens {
		return s.tokenAs(t, hubtest.Issuer, client, secret, values(append([]string{
			"grant_type", oauth.GrantTokenExchange, "subject_token", subject, "subject_token_type", oauth.TypeAccessToken}, more...)...))
	}
	for name, c := range map[string]struct {
		got  *tokens
		want string
	}{
		"not configured":   {exchange(machineID, machineSecret, got.Access), "unauthorized_client"},
		"a scope too many": {exchange(apiID, apiSecret, got.Access, "scope", "openid email"), "invalid_scope"},
		"an ID token":      {exchange(apiID, apiSecret, got.ID), "invalid_request"},
		"a machine's":      {exchange(apiID, apiSecret, s.machine(t).Access), "invalid_target"},
		"another type":     {s.tokenAs(t, hubtest.Issuer, apiID, apiSecret, values("grant_type", oauth.GrantTokenExchange, "subject_token", got.Access, "subject_token_type", "urn:x")), "invalid_request"},
	} {
		if c.got.Error != c.want {
			t.Errorf("%s: %+v, want %s", name, c.got, c.want)
		}
	}
	fresh := exchange(apiID, apiSecret, got.Access, "scope", "openid https://orders.example/read", "resource", "https://orders.example")
	if fresh.Access == "" || fresh.Fresh != "" || fresh.ID != "" {
		t.Fatalf("answer %+v", fresh)
	}
	payload, _, err := s.Pool.Keys.Ring().Verify(fresh.Access)
	if err != nil {
		t.Fatal(err)
	}
	var old, now struct {
		Sub, Scope, Aud string
		ClientID        string `json:"client_id"`
		Exp             int64
		Act             struct {
			ClientID string `json:"client_id"`
		}
	}
	oldPayload, _, _ := s.Pool.Keys.Ring().Verify(got.Access)
	if err := errors.Join(json.Unmarshal(payload, &now), json.Unmarshal(oldPayload, &old)); err != nil {
		t.Fatal(err)
	}
	if now.Sub != old.Sub || now.ClientID != apiID || now.Act.ClientID != apiID || now.Exp > old.Exp || now.Aud != "https://orders.example" || now.Scope != "openid https://orders.example/read" {
		t.Errorf("token %s", payload)
	}
	if s.userInfo(t, fresh.Access) != 200 {
		t.Error("the exchanged token does not work")
	}
	s.call(t, "/oauth2/revoke", hubtest.ClientID, hubtest.ClientSecret, values("token", got.Fresh))
	if s.userInfo(t, fresh.Access) != 401 {
		t.Error("the exchanged token outlives its grant")
	}
}

// A proxy asks /-/verify: yes with who it is, no with the right challenge, and at
// once no when the grant was revoked.
func TestForwardAuth(t *testing.T) {
	s := machines(t)
	ask := func(query, authorization string) (int, http.Header) {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", hubtest.Issuer+"/-/verify"+query, nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		r.Header.Set("X-Auth-Request-Subject", "planted")
		res, err := transport{hub: s.server}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header
	}
	m := s.machine(t)
	bound := s.machine(t, "resource", "https://orders.example")
	person := s.token(t, redeem(s.browser(t).code()))
	scope := "?scope=" + url.QueryEscape("https://orders.example/read")
	for name, c := range map[string]struct {
		query, authorization string
		want                 int
	}{
		"a machine":              {scope, "Bearer " + m.Access, 200},
		"as API Gateway does it": {scope, m.Access, 200},
		"no scope asked":         {"", "Bearer " + person.Access, 200},
		"a scope that lacks":     {scope, "Bearer " + person.Access, 403},
		"nothing":                {scope, "", 401},
		"an ID token":            {"", "Bearer " + person.ID, 401},
		"for one API":            {scope + "&resource=https://orders.example", "Bearer " + bound.Access, 200},
		"for one API, elsewhere": {scope, "Bearer " + bound.Access, 401},
		"unknown API":            {"?resource=x", "Bearer " + bound.Access, 400},
	} {
		status, header := ask(c.query, c.authorization)
		if status != c.want {
			t.Errorf("%s: %d, want %d", name, status, c.want)
		}
		if got := header.Get("X-Auth-Request-Subject"); status == 200 && got == "" || got == "planted" {
			t.Errorf("A174 %s: subject %q", name, got)
		}
		if status == 401 && header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", name)
		}
	}
	s.call(t, "/oauth2/revoke", hubtest.ClientID, hubtest.ClientSecret, values("token", person.Fresh))
	if status, _ := ask("", "Bearer "+person.Access); status != 401 {
		t.Errorf("after revocation: %d", status)
	}
}
