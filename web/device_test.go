package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Where      string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
	Error      string `json:"error"`
}

func (s *site) device(t *testing.T) deviceAnswer {
	t.Helper()
	status, body := s.call(t, "/oauth2/device_authorization", "", "", values("client_id", hubtest.PublicID, "scope", "openid email"))
	var a deviceAnswer
	if err := json.Unmarshal([]byte(body), &a); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	return a
}

func (s *site) poll(t *testing.T, code string) *tokens {
	t.Helper()
	return s.tokenAs(t, hubtest.Issuer, hubtest.PublicID, "", values("grant_type", oauth.GrantDeviceCode, "device_code", code))
}

// A person types the code of a device, signs in, sees who asks from where, and
// says yes or no; the device polls and gets its tokens once.
func TestA44_DeviceGrant(t *testing.T) {
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{Algorithm: "ES256"})
	up.SetUser(alice)
	h.Link(h.Pool, "CorporateID", up)
	s := serve(t, h)
	if status, body := s.call(t, "/oauth2/device_authorization", "", "", values("client_id", hubtest.PublicID)); status != 400 || !strings.Contains(body, "unauthorized_client") {
		t.Fatalf("not enabled for the client: %d %s", status, body)
	}
	h.Pool.Clients[hubtest.PublicID].Flows = []string{"code", "device_code"}

	t.Run("the address first", func(t *testing.T) {
		pr, _ := s.Pool.Provider("CorporateID")
		pr.Identifiers = []string{"corp.example"}
		defer func() { pr.Identifiers = nil }()
		b := s.browser(t)
		page := b.submit(b.get(s.device(t).Complete), "username", "alice@corp.example")
		if text := page.doc(t).Find("main").Text(); !strings.Contains(text, "Connect this device?") || !strings.Contains(text, "alice@corp.example") {
			t.Errorf("%d\n%s", page.StatusCode, text)
		}
	})

	t.Run("allowed", func(t *testing.T) {
		d := s.device(t)
		if d.Where != hubtest.Issuer+"/device" || d.ExpiresIn != 600 || d.Interval != 5 || len(d.UserCode) != 9 {
			t.Fatalf("%+v", d)
		}
		if got := s.poll(t, d.DeviceCode); got.Error != "authorization_pending" {
			t.Errorf("first poll: %+v", got)
		}
		if got := s.poll(t, d.DeviceCode); got.Error != "slow_down" {
			t.Errorf("too soon: %+v", got)
		}
		b := s.browser(t)
		typed := b.get(d.Where + "?user_code=" + url.QueryEscape(strings.ToLower(strings.ReplaceAll(d.UserCode, "-", " "))))
		page := b.submit(typed, "username", hubtest.Username, "password", hubtest.Password)
		text := page.doc(t).Find("main").Text()
		for _, want := range []string{d.UserCode, "Expenses", "192.0.2.8", "ana@corp.example"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page does not say %s:\n%s", want, text)
			}
		}
		if done := b.submit(page, "choice", "continue"); !strings.Contains(done.body, "connected") {
			t.Fatalf("%d\n%s", done.StatusCode, done.body)
		}
		if again := b.get(d.Complete); again.StatusCode != http.StatusBadRequest {
			t.Errorf("the code once more: %d", again.StatusCode)
		}
		s.Advance(6 * time.Second)
		got := s.poll(t, d.DeviceCode)
		if got.Access == "" || got.ID == "" || got.Fresh == "" || s.userInfo(t, got.Access) != 200 {
			t.Fatalf("%+v", got)
		}
		if again := s.poll(t, d.DeviceCode); again.Access != "" || again.Error != "expired_token" {
			t.Errorf("a second time: %+v", again)
		}
	})
	t.Run("through a provider", func(t *testing.T) {
		d := s.device(t)
		b := s.browser(t)
		link := b.get(d.Complete).doc(t).Find(`a[href*="identity_provider=CorporateID"]`).AttrOr("href", "")
		page := b.get(hubtest.Issuer + link)
		if !strings.Contains(page.body, "alice@corp.example") {
			t.Fatalf("%d %s\n%s", page.StatusCode, page.url, page.body)
		}
		b.submit(page, "choice", "continue")
		if got := s.poll(t, d.DeviceCode); got.Access == "" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("refused", func(t *testing.T) {
		d := s.device(t)
		b := s.browser(t)
		page := b.submit(b.get(d.Complete), "username", hubtest.Username, "password", hubtest.Password)
		b.submit(page, "choice", "other")
		if got := s.poll(t, d.DeviceCode); got.Error != "access_denied" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("too old, another client, guessed", func(t *testing.T) {
		d := s.device(t)
		other := s.token(t, values("grant_type", oauth.GrantDeviceCode, "device_code", d.DeviceCode))
		if other.Error != "unauthorized_client" {
			t.Errorf("another client: %+v", other)
		}
		s.Advance(hub.DeviceLife + time.Second)
		if got := s.poll(t, d.DeviceCode); got.Error != "expired_token" {
			t.Errorf("too old: %+v", got)
		}
		b := s.browser(t)
		for _, code := range []string{d.UserCode, "BBBB-BBBB", "x", strings.Repeat("B", 100), "<script>"} {
			if r := b.get(hubtest.Issuer + "/device?user_code=" + url.QueryEscape(code)); r.StatusCode != http.StatusBadRequest {
				t.Errorf("%q: %d", code, r.StatusCode)
			}
		}
		if got := s.poll(t, "guessed"); got.Error != "expired_token" {
			t.Errorf("guessed: %+v", got)
		}
	})
	t.Run("answer without a session", func(t *testing.T) {
		d := s.device(t)
		r := s.browser(t).post(hubtest.Issuer+"/device", values("user_code", d.UserCode, "choice", "continue"))
		if r.StatusCode != http.StatusBadRequest || s.poll(t, d.DeviceCode).Error != "authorization_pending" {
			t.Errorf("%d", r.StatusCode)
		}
	})
}
