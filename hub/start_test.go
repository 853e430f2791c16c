package hub_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// TestStart: what another page may lead to, and when only the app can begin.
func TestStart(t *testing.T) {
	pr := &hub.Provider{Name: "Corporate & Co", Enabled: true}
	p := &hub.Pool{Issuer: "https://login.example/main", Providers: []*hub.Provider{pr}}
	const callback, other, start = "https://app.example/cb", "https://app.example/cb2", "https://app.example/start"
	for _, test := range []struct {
		name   string
		change func(*hub.Client)
		target string
		want   string // address; empty: refused
		why    string
	}{
		{"bare", nil, "", "https://login.example/main/oauth2/authorize?client_id=app&identity_provider=Corporate+%26+Co&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code&scope=openid+email", ""},
		{"bare, back at another address", nil, other, "https://login.example/main/oauth2/authorize?client_id=app&identity_provider=Corporate+%26+Co&redirect_uri=https%3A%2F%2Fapp.example%2Fcb2&response_type=code&scope=openid+email", ""},
		{"bare, back elsewhere", nil, "https://app.example/reports", "", "callback_urls"},
		{"the app's", func(c *hub.Client) { c.InitiateLoginURI = start }, "", start + "?identity_provider=Corporate+%26+Co&iss=https%3A%2F%2Flogin.example%2Fmain", ""},
		{"the app's, with a query", func(c *hub.Client) { c.InitiateLoginURI = start + "?a=b" }, "", start + "?a=b&identity_provider=Corporate+%26+Co&iss=https%3A%2F%2Flogin.example%2Fmain", ""},
		{"the app's, and on", func(c *hub.Client) { c.InitiateLoginURI = start }, "https://app.example/reports", start + "?identity_provider=Corporate+%26+Co&iss=https%3A%2F%2Flogin.example%2Fmain&target_link_uri=https%3A%2F%2Fapp.example%2Freports", ""},
		{"the app's, and away", func(c *hub.Client) { c.InitiateLoginURI = start }, "https://evil.example/", "", "not those of an address of the client"},
		{"public", func(c *hub.Client) { c.Public = true }, "", "", "PKCE"},
		{"public and old", func(c *hub.Client) { c.Public, c.InsecureWithoutPKCE = true, true }, "", "https://login.example/main/oauth2/authorize?client_id=app&identity_provider=Corporate+%26+Co&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code&scope=openid+email", ""},
		{"public, at the app's", func(c *hub.Client) { c.Public, c.InitiateLoginURI = true, start }, "", start + "?identity_provider=Corporate+%26+Co&iss=https%3A%2F%2Flogin.example%2Fmain", ""},
		{"FAPI", func(c *hub.Client) { c.FAPI2 = true }, "", "", "PKCE"},
		{"pushed", func(c *hub.Client) { c.RequirePAR = true }, "", "", "pushed"},
		{"signed", func(c *hub.Client) { c.RequestObject = hub.Required }, "", "", "signed"},
		{"a device", func(c *hub.Client) { c.Flows, c.CallbackURLs = []string{"device_code"}, nil }, "", "", "browser"},
		{"not its provider", func(c *hub.Client) { c.Providers, c.InitiateLoginURI = []string{hub.Local}, start }, "", "", "does not use"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &hub.Client{ID: "app", CallbackURLs: []string{callback, other}, Flows: []string{"code"}, Scopes: oauth.Scope{"openid", "email", "orders/read"}, Providers: []string{pr.Name}}
			if test.change != nil {
				test.change(c)
			}
			got, err := p.Start(c, pr, test.target)
			if got.URL != test.want || (err == nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.why) {
				t.Errorf("%s, %v", got.URL, err)
			}
			var none *hub.NoStartError
			if err != nil && test.target == "" && !errors.As(err, &none) {
				t.Errorf("%T", err)
			}
			if got.ByApp != (c.InitiateLoginURI != "" && err == nil) {
				t.Error("whose beginning it is, is told wrong")
			}
			if u, err := url.Parse(got.URL); err != nil || strings.Contains(u.Query().Get("scope"), "orders") {
				t.Errorf("%s asks for more than who somebody is, %v", got.URL, err)
			}
		})
	}
}
