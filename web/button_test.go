package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

func (b *browser) button(fields ...string) *response {
	b.t.Helper()
	v := url.Values{"client_id": {hubtest.ClientID}, "provider": {"CorporateID"}}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return b.get(hubtest.Issuer + "/button?" + v.Encode())
}

// starts are where the snippets of the page lead, and the button that it shows.
func starts(t *testing.T, page *response) map[string]string {
	t.Helper()
	parse := func(id string) *goquery.Document {
		d, err := goquery.NewDocumentFromReader(strings.NewReader(page.doc(t).Find("textarea#" + id).Text()))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	form := parse("form").Find("form[method=get]")
	fields := url.Values{}
	form.Find("input").Each(func(_ int, s *goquery.Selection) { fields.Add(s.AttrOr("name", ""), s.AttrOr("value", "")) })
	return map[string]string{
		"link": strings.TrimSpace(page.doc(t).Find("textarea#link").Text()),
		"form": form.AttrOr("action", "") + "?" + fields.Encode(),
		"html": parse("html").Find("a").AttrOr("href", ""),
		"live": page.doc(t).Find(".preview a").AttrOr("href", ""),
	}
}

// Each snippet leads to the app's own beginning, from which the person is on the
// way to the provider and back, with the state that the app made.
func TestButtonLeadsToTheApp(t *testing.T) {
	s, _ := federated(t, idptest.Config{})
	const initiate = "http://localhost:3000/start?tenant=1"
	s.Pool.Clients[hubtest.ClientID].InitiateLoginURI = initiate
	page := s.browser(t).button()
	for kind, address := range starts(t, page) {
		got, ok := strings.CutPrefix(address, "http://localhost:3000/start?")
		v, err := url.ParseQuery(got)
		if !ok || err != nil || v.Get("tenant") != "1" || v.Get("iss") != hubtest.Issuer || v.Get("identity_provider") != "CorporateID" || len(v) != 3 {
			t.Fatalf("%s leads to %s", kind, address)
		}
		// The app sees that iss is its hub, makes a request of its own, and passes the hint on.
		params, ok := s.browser(t).authorize("state", "made-by-the-app", "identity_provider", v.Get("identity_provider")).app()
		if !ok || params.Get("code") == "" || params.Get("state") != "made-by-the-app" {
			t.Errorf("%s: app got %v", kind, params)
		}
	}
	if text := page.doc(t).Find("main > .hint").Text(); strings.Contains(text, "refuses") {
		t.Errorf("warned of without need: %s", text)
	}
}

// Without one, each snippet is the bare request that Cognito's users know.
func TestButtonAsOfCognito(t *testing.T) {
	s, _ := federated(t, idptest.Config{})
	page := s.browser(t).button()
	for kind, address := range starts(t, page) {
		params, ok := s.browser(t).get(address).app()
		if !ok || params.Get("code") == "" || params.Has("state") || params.Get("iss") != hubtest.Issuer {
			t.Errorf("%s at %s: app got %v", kind, address, params)
		}
	}
	if text := page.doc(t).Find("main > .hint").Text(); !strings.Contains(text, "refuses") {
		t.Errorf("not warned of: %s", text)
	}
}

func TestButtonPage(t *testing.T) {
	s, _ := federated(t, idptest.Config{})
	b := s.browser(t)
	r := b.button()
	if got := r.Header.Get("Cache-Control"); got != "public, max-age=300" || r.Header.Get("Vary") != "Accept-Language" || len(r.Cookies()) != 0 {
		t.Errorf("kept by %q, varies by %q, cookies %v", got, r.Header.Get("Vary"), r.Cookies())
	}
	if policy := r.Header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "style-src 'self';") {
		t.Errorf("policy %s", policy)
	}
	for name, c := range map[string]struct {
		prepare func()
		fields  []string
		status  int
	}{
		"no client":                {nil, []string{"client_id", ""}, http.StatusBadRequest},
		"no provider":              {nil, []string{"provider", ""}, http.StatusBadRequest},
		"unknown client":           {nil, []string{"client_id", "nobody"}, http.StatusNotFound},
		"unknown provider":         {nil, []string{"provider", "Nobody"}, http.StatusNotFound},
		"the own form":             {nil, []string{"provider", "COGNITO"}, http.StatusNotFound},
		"A71 a provider of others": {func() { s.Pool.Clients[hubtest.PublicID].Providers = nil }, []string{"client_id", hubtest.PublicID}, http.StatusNotFound},
		"A70 a provider that is off": {func() {
			pr, _ := s.Pool.Provider("CorporateID")
			pr.Enabled = false
		}, nil, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			pr, _ := s.Pool.Provider("CorporateID")
			pr.Enabled, s.Pool.Clients[hubtest.PublicID].Providers = true, []string{"CorporateID"}
			if c.prepare != nil {
				c.prepare()
			}
			r := b.button(c.fields...)
			if r.StatusCode != c.status || r.doc(t).Find("textarea").Length() != 0 || r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d, kept by %q\n%s", r.StatusCode, r.Header.Get("Cache-Control"), r.body)
			}
		})
	}
}

// A client whose requests only it can make has no button until it says where it
// begins.
func TestA12_NoButtonWithoutPKCE(t *testing.T) {
	s, _ := federated(t, idptest.Config{})
	r := s.browser(t).button("client_id", hubtest.PublicID)
	if d := r.doc(t); r.StatusCode != http.StatusOK || d.Find("textarea, .preview").Length() != 0 || !strings.Contains(d.Find("main").Text(), "initiate_login_uri") {
		t.Errorf("%d\n%s", r.StatusCode, r.body)
	}
	if strings.Contains(r.body, hubtest.Callback) {
		t.Error("the page names an address that it has no use for")
	}
}

// A69: a client that registered itself gets no page that vouches for it.
func TestA69_NoButtonForRegistered(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.Registration = true
	h.Link(h.Pool, "CorporateID", idptest.New(t, idptest.Config{}))
	s := serve(t, h)
	c := s.register(t)
	if r := s.browser(t).button("client_id", c.ID); r.StatusCode != http.StatusNotFound {
		t.Errorf("%d\n%s", r.StatusCode, r.body)
	}
}

// TestA110_ButtonReflectsNothing: what the address says besides two names is not
// on the page, and markup in a client's name and a provider's label is text.
func TestA110_ButtonReflectsNothing(t *testing.T) {
	s, _ := federated(t, idptest.Config{})
	const markup = `</textarea><script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	plain := s.browser(t).button()
	if r := s.browser(t).button("label", "Call 555-0100", "return", "https://evil.example/", "x", markup); r.body != plain.body {
		t.Errorf("the address changes the page:\n%s", r.body)
	}
	for _, name := range []string{"client_id", "provider"} {
		if r := s.browser(t).button(name, markup); strings.Contains(r.body, "<script>alert") || r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d\n%s", name, r.StatusCode, r.body)
		}
	}
	pr, _ := s.Pool.Provider("CorporateID")
	s.Pool.Clients[hubtest.ClientID].Name, pr.Label = markup, markup
	r := s.browser(t).button()
	d := r.doc(t)
	if d.Find("script:not([src]), main img").Length() != 0 || d.Find("textarea").Length() != 3 {
		t.Errorf("markup works:\n%s", r.body)
	}
	if got := strings.TrimSpace(d.Find(".preview span").Text()); got != markup {
		t.Errorf("the label is %q", got)
	}
	for kind, address := range starts(t, r) {
		if !strings.HasPrefix(address, hubtest.Issuer+"/oauth2/authorize?") {
			t.Errorf("%s leads to %s", kind, address)
		}
	}
}
