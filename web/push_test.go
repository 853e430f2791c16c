package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
)

// push sends an authorization request ahead and returns the reference.
func (s *site) push(t *testing.T, client, secret string, form url.Values) (status int, reference, problem string) {
	t.Helper()
	status, body := s.call(t, "/oauth2/par", client, secret, form)
	var answer struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
		Error      string `json:"error"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%d %s", status, body)
	}
	if status == http.StatusCreated && (answer.ExpiresIn <= 0 || answer.ExpiresIn > 90) {
		t.Errorf("expires_in %d", answer.ExpiresIn)
	}
	return status, answer.RequestURI, answer.Error
}

func (b *browser) pushed(reference string, extras ...string) *response {
	b.t.Helper()
	v := values(append([]string{"client_id", hubtest.ClientID, "request_uri", reference}, extras...)...)
	return b.get(hubtest.Issuer + "/oauth2/authorize?" + v.Encode())
}

// A pushed request counts alone, once, for its client, for a short time.
func TestA20_PushedRequests(t *testing.T) {
	s := serve(t, hubtest.New(t))
	good := func() string {
		status, reference, problem := s.push(t, hubtest.ClientID, hubtest.ClientSecret, hubtest.Authorization())
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, problem)
		}
		return reference
	}
	t.Run("counts alone", func(t *testing.T) {
		b := s.browser(t)
		reference := good()
		again := b.pushed(reference) // a reload of the sign-in page is no use
		page := b.pushed(reference, "state", "planted", "redirect_uri", "https://evil.example", "scope", "profile", "nonce", "planted")
		params, ok := b.submit(page, "username", hubtest.Username, "password", hubtest.Password).app()
		if !ok || params.Get("state") != "state-of-the-app" || params.Get("code") == "" {
			t.Fatalf("app got %v", params)
		}
		got := s.token(t, redeem(params.Get("code")))
		if payload, _, err := s.Pool.Keys.Ring().Verify(got.ID); err != nil || !strings.Contains(string(payload), "nonce-of-the-app") {
			t.Errorf("ID token %s %v", payload, err)
		}
		if _, ok := b.submit(again, "username", hubtest.Username, "password", hubtest.Password).app(); ok {
			t.Error("a second code was made of one pushed request")
		}
		if r := s.browser(t).pushed(reference); r.StatusCode != http.StatusBadRequest || r.Header.Get("Location") != "" {
			t.Errorf("used: %d", r.StatusCode)
		}
	})
	t.Run("another client", func(t *testing.T) {
		v := values("client_id", hubtest.PublicID, "request_uri", good())
		if r := s.browser(t).get(hubtest.Issuer + "/oauth2/authorize?" + v.Encode()); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%d", r.StatusCode)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		if r := s.browser(t).pushed("urn:ietf:params:oauth:request_uri:guessed"); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%d", r.StatusCode)
		}
	})
	t.Run("expired", func(t *testing.T) {
		reference := good()
		s.Advance(91 * time.Second)
		if r := s.browser(t).pushed(reference); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%d", r.StatusCode)
		}
	})
	t.Run("refused when pushed", func(t *testing.T) {
		for name, c := range map[string]struct {
			client, secret string
			form           url.Values
			status         int
			want           string
		}{
			"wrong secret":     {hubtest.ClientID, "x", hubtest.Authorization(), 401, "invalid_client"},
			"request_uri":      {hubtest.ClientID, hubtest.ClientSecret, hubtest.Authorization("request_uri", "urn:x"), 400, "invalid_request"},
			"redirect_uri":     {hubtest.ClientID, hubtest.ClientSecret, hubtest.Authorization("redirect_uri", "https://evil.example"), 400, "invalid_request"},
			"another client":   {hubtest.ClientID, hubtest.ClientSecret, hubtest.Authorization("client_id", hubtest.PublicID), 400, "invalid_request"},
			"scope":            {hubtest.ClientID, hubtest.ClientSecret, hubtest.Authorization("scope", "openid payroll/read"), 400, "invalid_scope"},
			"plain PKCE":       {hubtest.ClientID, hubtest.ClientSecret, hubtest.Authorization("code_challenge_method", "plain"), 400, "invalid_request"},
			"implicit":         {hubtest.ClientID, hubtest.ClientSecret, hubtest.Authorization("response_type", "token"), 400, "unsupported_response_type"},
			"public, no PKCE":  {"", "", hubtest.Authorization("client_id", hubtest.PublicID, "code_challenge", "", "code_challenge_method", ""), 400, "invalid_request"},
			"unproven, no PAR": {"", "", hubtest.Authorization(), 401, "invalid_client"},
		} {
			if status, reference, problem := s.push(t, c.client, c.secret, c.form); status != c.status || problem != c.want || reference != "" {
				t.Errorf("%s: %d %s", name, status, problem)
			}
		}
		if r := s.browser(t).once("GET", hubtest.Issuer+"/oauth2/par", nil); r.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET: %d", r.StatusCode)
		}
	})
	t.Run("demanded of the client", func(t *testing.T) {
		s.Pool.Clients[hubtest.ClientID].RequirePAR = true
		if params, _ := s.browser(t).authorize("prompt", "none").app(); params.Get("error") != "invalid_request" {
			t.Errorf("a request that was not pushed: %v", params)
		}
		b := s.browser(t)
		if params, ok := b.submit(b.pushed(good()), "username", hubtest.Username, "password", hubtest.Password).app(); !ok || params.Get("code") == "" {
			t.Errorf("a pushed one: %v", params)
		}
	})
}
