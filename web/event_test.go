package web_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// Every refusal that may be an attack leaves one event that says who, where and
// why, and holds nothing secret.
func TestA172_RefusalsLeaveEvents(t *testing.T) {
	s, _ := federated(t, idptest.Config{})
	b := s.browser(t)
	for _, c := range []struct {
		name   hub.EventName
		reason string
		do     func()
	}{
		{hub.RedirectRefused, "redirect_mismatch", func() { b.authorize("redirect_uri", "https://evil.example/\r\nX: y") }},
		{hub.RedirectRefused, "unknown_client", func() { b.authorize("client_id", "nobody") }},
		{hub.CallbackRefused, "other_browser", func() { b.get(hubtest.Issuer + "/oauth2/idpresponse?state=x&code=stolen-code") }},
		{hub.PasswordRefused, "wrong_password", func() { s.tryPassword(t, hubtest.Username, "not-the-Passw0rd") }},
		{hub.ClientRefused, "invalid_client", func() { s.tokenAs(t, hubtest.Issuer, hubtest.ClientID, "not-the-secret", redeem("x")) }},
		{hub.TokenRefused, "unknown_code", func() { s.token(t, redeem("guessed-code")) }},
		{hub.TokenRefused, "malformed", func() { s.token(t, refresh("guessed-refresh-token")) }},
		{hub.SignOutRefused, "", func() { b.get(hubtest.Issuer + "/logout?client_id=app&logout_uri=https://evil.example") }},
		{hub.SignIn, "", func() { b.code() }},
	} {
		before := len(s.Events(c.name))
		c.do()
		events := s.Events(c.name)
		if len(events) != before+1 {
			t.Errorf("%s %s: %d events", c.name, c.reason, len(events)-before)
			continue
		}
		e := events[len(events)-1]
		if e.Pool != "master" || e.Address == "" || e.RequestID == "" || e.Time.IsZero() || (c.reason != "" && e.Reason != c.reason) || e.OK != (c.name == hub.SignIn) {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
	text, err := json.Marshal(s.Events(""))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"stolen-code", "guessed-code", "guessed-refresh-token", "not-the-secret", "not-the-Passw0rd", hubtest.Password, hubtest.ClientSecret} {
		if bytes.Contains(text, []byte(secret)) || strings.Contains(s.log.String(), secret) {
			t.Errorf("%s stands in an event or in the log", secret)
		}
	}
}

// A log line stays one line, whatever was sent.
func TestA172_NoForgedLines(t *testing.T) {
	s := serve(t, hubtest.New(t))
	b := s.browser(t)
	b.authorize("redirect_uri", "https://x.example/\nlevel=INFO msg=forged ok=true")
	b.get(hubtest.Issuer + "/%0a%0dlevel=INFO%20msg=forged")
	b.authorize("client_id", "x\nlevel=INFO msg=forged")
	for line := range strings.SplitSeq(s.log.String(), "\n") {
		if strings.HasPrefix(line, "level=INFO msg=forged") {
			t.Errorf("a forged line: %s", line)
		}
	}
}
