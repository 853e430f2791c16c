package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// TestLoginAppJoins: an identity whose address has an account is joined to it by a
// proof, or stays apart, over the API as on the page; and the page of ways in is
// the hub's.
func TestLoginAppJoins(t *testing.T) {
	j := join(t)
	j.Pool.LoginApp = loginApp
	if err := j.server.Mount([]*hub.Pool{j.Pool}); err != nil {
		t.Fatal(err)
	}
	ana := j.User(j.Pool, hubtest.Username)
	j.corp.SetUser(person("a-1", "ana@corp.example", true))
	b := j.browser(t)
	id, _ := b.front(b.authorize("identity_provider", "CorporateID"))
	golden(t, "join", b.call("GET", "/interaction/"+id, ""))
	golden(t, "join_wrong", b.call("POST", "/interaction/"+id+"/join", `{"password":"wrong"}`))
	for _, body := range []string{`{"choice":"all"}`, `{"choice":"cancel"}`} {
		if d := b.call("POST", "/interaction/"+id+"/join", body); d.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", body, d.status, d.raw)
		}
	}
	code := b.finish(b.call("POST", "/interaction/"+id+"/join", `{"password":"`+hubtest.Password+`"}`))
	if got := subOf(t, j.site, j.token(t, redeem(code)).Access); got != ana.Sub || len(j.User(j.Pool, ana.Sub).Links) != 1 {
		t.Errorf("came in as %q with %+v", got, j.User(j.Pool, ana.Sub).Links)
	}

	j.social.SetUser(person("s-1", "ana@corp.example", true))
	b = j.browser(t)
	id, _ = b.front(b.authorize("identity_provider", "Social"))
	if d := b.call("POST", "/interaction/"+id+"/join", `{"choice":"claim"}`); d.Step != "stopped" { // it was not offered
		t.Errorf("claimed: %s", d.raw)
	}
	id, _ = b.front(b.authorize("identity_provider", "Social"))
	d := b.call("GET", "/interaction/"+id, "")
	if d.Step != "join" || len(d.Providers) != 1 || !strings.HasPrefix(d.Providers[0].Start, hubtest.Issuer+"/login/join?") {
		t.Fatalf("%s", d.raw)
	}
	j.corp.SetUser(person("b-2", "ben@corp.example", true))
	again, _ := b.front(b.get(d.Providers[0].Start))
	if d = b.call("GET", "/interaction/"+again, ""); d.Step != "join" {
		t.Errorf("with another account: %s", d.raw)
	}
	code = b.finish(b.call("POST", "/interaction/"+again+"/join", `{"choice":"apart"}`))
	if got := subOf(t, j.site, j.token(t, redeem(code)).Access); got == ana.Sub || len(j.Users(j.Pool)) != 2 {
		t.Errorf("came in as %q", got)
	}

	b = j.browser(t)
	if r := b.get(accountPage); r.url.Host != "hub.test" || r.StatusCode != http.StatusOK {
		t.Errorf("the page of ways in: %d at %s", r.StatusCode, r.url)
	}
	if r := b.change("choice", "continue", "tx", "x"); r.url.Host != "hub.test" {
		t.Errorf("a change by nobody: at %s", r.url)
	}
}

// TestLoginAppOfDevices: the sign-in for a device keeps the hosted pages, and the
// API does not know of it.
func TestLoginAppOfDevices(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.LoginApp = loginApp
	h.Pool.Clients[hubtest.PublicID].Flows = []string{"code", "device_code"}
	s := serve(t, h)
	b := s.browser(t)
	page := b.get(s.device(t).Complete)
	tx := page.doc(t).Find("input[name=tx]").AttrOr("value", "")
	if page.url.Host != "hub.test" || tx == "" {
		t.Fatalf("at %s\n%s", page.url, page.body)
	}
	if d := b.call("GET", "/interaction/"+tx, ""); d.status != http.StatusNotFound {
		t.Errorf("by the API: %d %s", d.status, d.raw)
	}
	if r := b.submit(page, "username", hubtest.Username, "password", "wrong"); r.StatusCode != http.StatusBadRequest || r.url.Host != "hub.test" {
		t.Errorf("a wrong password: %d at %s", r.StatusCode, r.url)
	}
	if r := b.submit(page, "username", hubtest.Username, "password", hubtest.Password); r.url.Host != "hub.test" || !strings.Contains(r.body, "192.0.2.") {
		t.Errorf("after the password: %s\n%s", r.url, r.body)
	}
	if r := b.get(hubtest.Issuer + "/device?user_code=AAAA-AAAA"); r.url.Host != "hub.test" {
		t.Errorf("a code that is none: %s", r.url)
	}
}

// TestDressedSite: a pool's folder shows on its pages, under the same policy, and
// one that is wrong keeps the pools from being mounted.
func TestDressedSite(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.Brand.Folder = map[string][]byte{
		"templates/login.html": []byte(`{{define "title"}}x{{end}}{{define "main"}}<h1>{{t "login.title"}}</h1><form method="post" action="{{.Action}}"><input type="hidden" name="tx" value="{{.Tx}}"></form>{{end}}`),
		"text/en.txt":          []byte("login.title = Come in"),
	}
	other := h.AddPool("other", "http://other.test")
	s := serve(t, h, h.Pool, other)
	b := s.browser(t)
	page := b.authorize()
	if got := page.doc(t).Find("h1").Text(); got != "Come in" {
		t.Errorf("the heading is %q", got)
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
	if params, ok := b.submit(page, "username", hubtest.Username, "password", hubtest.Password).app(); !ok || params.Get("code") == "" {
		t.Errorf("its form leads to %v", params)
	}
	if got := b.get("http://other.test/login?" + hubtest.Authorization().Encode()).doc(t).Find("h1").Text(); got != "Sign in" {
		t.Errorf("the other pool says %q", got)
	}
	h.Pool.Brand.Folder["templates/login.html"] = []byte(`{{define "title"}}x{{end}}{{define "main"}}{{.Nope}}{{end}}`)
	if err := s.server.Mount([]*hub.Pool{h.Pool}); err == nil || !strings.Contains(err.Error(), "templates/login.html:1") {
		t.Errorf("mounted: %v", err)
	}
}

// TestLoginAppFormPost: an app that wants the response as a form gets it from the
// hub.
func TestLoginAppFormPost(t *testing.T) {
	s, _ := fronted(t)
	b := s.browser(t)
	d := b.call("POST", "/interaction/"+b.begin("response_mode", "form_post")+"/password", anasPassword)
	form := b.get(d.RedirectTo).doc(t).Find("form")
	if form.AttrOr("action", "") != hubtest.Callback || form.Find("input[name=code]").AttrOr("value", "") == "" {
		t.Errorf("the form: %v", form.Nodes)
	}
}

// TestLoginAppOfOneClient: a client's own application is asked for its sign-ins
// alone, with its name and logo; other clients keep the hosted pages.
func TestLoginAppOfOneClient(t *testing.T) {
	h := hubtest.New(t)
	spa := h.Pool.Clients[hubtest.PublicID]
	spa.LoginApp = loginApp
	spa.Brand = &hub.Brand{Title: "Fleet", Logo: &hub.Image{Type: "image/svg+xml", Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)}}
	s := serve(t, h)
	b := s.browser(t)
	page := b.authorize()
	tx := page.doc(t).Find("input[name=tx]").AttrOr("value", "")
	if page.url.Host != "hub.test" || tx == "" {
		t.Fatalf("the other client: %s", page.url)
	}
	if d := b.call("GET", "/interaction/"+tx, ""); d.status != http.StatusForbidden || d.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the other client's sign-in: %d %s", d.status, d.raw)
	}
	if r := b.authorize("redirect_uri", "https://evil.example/"); r.url.Host != "hub.test" {
		t.Errorf("the other client's mistake: %s", r.url)
	}
	d := b.call("GET", "/interaction/"+b.begin("client_id", hubtest.PublicID), "")
	if d.Client == nil || d.Client.ID != hubtest.PublicID || d.Brand.Name != "Fleet" || !strings.HasPrefix(d.Brand.Logo, hubtest.Issuer+"/assets/") {
		t.Fatalf("%s", d.raw)
	}
	logo := b.get(d.Brand.Logo)
	if logo.StatusCode != http.StatusOK || logo.Header.Get("Cross-Origin-Resource-Policy") != "same-site" {
		t.Errorf("the logo: %d %v", logo.StatusCode, logo.Header)
	}
}

// TestLoginAppAddress: where a domain belongs to a provider the address is asked
// for first, and leads there or to the password.
func TestLoginAppAddress(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.LoginApp = loginApp
	up := idptest.New(t, idptest.Config{Algorithm: "ES256"})
	h.Link(h.Pool, "CorporateID", up).Identifiers = []string{"corp.example"}
	s := serve(t, h)
	b := s.browser(t)
	id := b.begin()
	golden(t, "address", b.call("GET", "/interaction/"+id, ""))
	golden(t, "address_missing", b.call("POST", "/interaction/"+id+"/address", `{"address":" "}`))
	golden(t, "address_given", b.call("POST", "/interaction/"+id+"/address", `{"address":"`+hubtest.Username+`"}`))
	if d := b.call("POST", "/interaction/"+id+"/password", `{"username":"ana","password":"no"}`); d.Password == nil || d.Password.Ask != "password" || len(d.Problems) != 1 {
		t.Errorf("a wrong password: %s", d.raw)
	}
	b.finish(b.call("POST", "/interaction/"+id+"/password", anasPassword))
	b = s.browser(t)
	if d := b.call("POST", "/interaction/"+b.begin()+"/address", `{"address":"eva@corp.example"}`); d.Step != "redirect" || !strings.HasPrefix(d.RedirectTo, up.Issuer()) {
		t.Errorf("to the company: %s", d.raw)
	}
}
