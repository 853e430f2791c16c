package web_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/idp/preset"
	"github.com/isthmus-hub/isthmus/mapping"
)

// routed is a hub whose password form stands beside a provider for corp.example.
func routed(t *testing.T, identifiers ...string) (*site, *idptest.Provider) {
	t.Helper()
	h := hubtest.New(t)
	h.AddUser(h.Pool, "ben", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "ben@home.example", "email_verified": "true"}})
	up := idptest.New(t, idptest.Config{Now: h.Now})
	up.SetUsers(
		idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@corp.example"}},
		idptest.User{Subject: "carol", Claims: map[string]any{"email": "carol@corp.example"}},
	)
	h.Link(h.Pool, "CorporateID", up).Identifiers = append(identifiers, "corp.example")
	return serve(t, h), up
}

// The address comes first where domains route: it leads to its provider, with
// the address as hint, or else to the password, with the address kept.
func TestAddressFirst(t *testing.T) {
	s, _ := routed(t)
	b := s.browser(t)
	page := b.authorize()
	if d := page.doc(t); d.Find("#username").Length() != 1 || d.Find("[type=password]").Length() != 0 || d.Find(".ways a").Length() != 1 {
		t.Fatalf("not the page that asks for the address:\n%s", page.body)
	}
	t.Run("the provider of the domain", func(t *testing.T) {
		b := s.browser(t)
		params, ok := b.submit(b.authorize(), "username", " carol@corp.example").app()
		if !ok || params.Get("code") == "" || params.Get("state") != "state-of-the-app" {
			t.Fatalf("app got %v", params)
		}
		if s.User(s.Pool, "CorporateID_carol") == nil {
			t.Error("the provider was not told the address: somebody else is in")
		}
	})
	t.Run("the password", func(t *testing.T) {
		b := s.browser(t)
		asked := b.submit(b.authorize(), "username", " ben@home.example ")
		d := asked.doc(t)
		if d.Find("#username[readonly]").AttrOr("value", "") != "ben@home.example" || d.Find("#password[autofocus]").Length() != 1 || d.Find(".ways").Length() != 0 {
			t.Fatalf("not the page that asks for the password: %d\n%s", asked.StatusCode, asked.body)
		}
		wrong := b.submit(asked, "username", "ben@home.example", "password", "wrong-Passw0rd")
		if d := wrong.doc(t); wrong.StatusCode != http.StatusBadRequest || d.Find("#problem").Length() != 1 || d.Find("#username[readonly]").AttrOr("value", "") != "ben@home.example" {
			t.Errorf("after a mistake: %d\n%s", wrong.StatusCode, wrong.body)
		}
		if params, ok := b.submit(wrong, "username", "ben@home.example", "password", hubtest.Password).app(); !ok || params.Get("code") == "" {
			t.Errorf("app got %v", params)
		}
	})
	t.Run("another address", func(t *testing.T) {
		b := s.browser(t)
		first := b.authorize()
		if _, ok := b.submit(first, "username", "carol@corp.example").app(); !ok {
			t.Fatal("carol does not get in")
		}
		b = s.browser(t)
		first = b.authorize()
		// Back from the provider by the browser's own button, and another address.
		b.once("POST", hubtest.Issuer+"/login", form(t, first, "carol@corp.example"))
		asked := b.submit(first, "username", "ben@home.example")
		change, ok := asked.doc(t).Find(".head a").Attr("href")
		if !ok {
			t.Fatalf("no way to another address:\n%s", asked.body)
		}
		again := b.get(hubtest.Issuer + change)
		if got := again.doc(t).Find("#username:not([readonly])").AttrOr("value", ""); got != "ben@home.example" {
			t.Fatalf("the address is %q at %s", got, again.url)
		}
		if params, ok := b.submit(again, "username", "carol@corp.example").app(); !ok || params.Get("state") != "state-of-the-app" {
			t.Errorf("app got %v", params)
		}
	})
	t.Run("nothing typed", func(t *testing.T) {
		b := s.browser(t)
		r := b.submit(b.authorize(), "username", "  ")
		if d := r.doc(t); r.StatusCode != http.StatusBadRequest || d.Find("#problem").Length() != 1 || d.Find("[type=password]").Length() != 0 {
			t.Errorf("%d\n%s", r.StatusCode, r.body)
		}
	})
	t.Run("a giant address", func(t *testing.T) {
		b := s.browser(t)
		r := b.submit(b.authorize(), "username", strings.Repeat("a", 6000)+"@corp.example")
		if r.StatusCode != http.StatusOK || r.doc(t).Find("#password").Length() != 1 {
			t.Errorf("%d\n%s", r.StatusCode, r.body)
		}
	})
	t.Run("the form may lead to the provider", func(t *testing.T) {
		const callback = "https://expenses.example/callback"
		client := s.Pool.Clients[hubtest.ClientID]
		client.CallbackURLs = append(client.CallbackURLs, callback)
		// The app is on https, and the provider, on this machine, is not.
		if policy := s.browser(t).authorize("redirect_uri", callback).Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' http://127.0.0.1:*") {
			t.Errorf("policy %s", policy)
		}
	})
}

// form is what a page's form would send with that user name.
func form(t *testing.T, page *response, username string) map[string][]string {
	t.Helper()
	return map[string][]string{"tx": {page.doc(t).Find("input[name=tx]").AttrOr("value", "")}, "username": {username}}
}

// Where nothing routes, or the app asks for the pool's own password, user name
// and password are asked for together.
func TestAddressNotFirst(t *testing.T) {
	s, _ := routed(t)
	both := func(name string, r *response) {
		t.Helper()
		if d := r.doc(t); d.Find("#username").Length() != 1 || d.Find("#password").Length() != 1 {
			t.Errorf("%s: %d\n%s", name, r.StatusCode, r.body)
		}
	}
	r := s.browser(t).authorize("identity_provider", hub.Local)
	both("the own password", r)
	if r.doc(t).Find(".ways").Length() != 0 {
		t.Error("other ways in beside the one that was asked for")
	}
	pr, _ := s.Pool.Provider("CorporateID")
	pr.Identifiers = []string{"staff"}
	both("an identifier that is no domain", s.browser(t).authorize())
	pr.Identifiers, pr.Enabled = []string{"corp.example"}, false
	both("a provider that is off", s.browser(t).authorize())
	b := s.browser(t)
	r = b.once("POST", hubtest.Issuer+"/login", form(t, b.authorize(), "alice@corp.example"))
	both("an address alone, sent all the same", r)
	if r.StatusCode != http.StatusBadRequest || r.Header.Get("Location") != "" {
		t.Errorf("A70: a provider that is off is gone to: %s", r.Header.Get("Location"))
	}
}

// The page after the address says nothing of whether anybody has it.
func TestA138_AddressesLookAlike(t *testing.T) {
	s, _ := routed(t)
	s.AddUser(s.Pool, "gone", directory.NewUser{Password: hubtest.Password, Disabled: true, Attributes: mapping.Attributes{"email": "gone@home.example"}})
	var first *response
	for _, name := range []string{"ben@home.example", "gone@home.example", "nobody@home.example", hubtest.Username, "nobody", "CorporateID_alice", "x@y"} {
		b := s.browser(t)
		r := b.submit(b.authorize(), "username", name)
		r.body = strings.ReplaceAll(r.body, strings.ReplaceAll(name, "@", "%40"), "NAME")
		r.body = strings.ReplaceAll(r.body, name, "NAME")
		r.body = strings.ReplaceAll(r.body, r.doc(t).Find("input[name=tx]").AttrOr("value", "?"), "TX")
		if first == nil {
			first = r
			continue
		}
		if r.StatusCode != first.StatusCode || r.body != first.body || len(r.Header) != len(first.Header) {
			t.Errorf("%s is told apart: %d and %d\n%s", name, r.StatusCode, first.StatusCode, r.body)
		}
	}
}

// A provider that does not answer is marked and can be tried; the others, and the
// password, are as before; the page on which the sign-in stopped leads to them;
// and the mark goes when it answers, or after a while.
func TestSilentProviderBesideOthers(t *testing.T) {
	h := hubtest.New(t)
	ups := map[string]*idptest.Provider{}
	for _, name := range []string{"CorporateID", "Google", "Partner"} {
		ups[name] = idptest.New(t, idptest.Config{Now: h.Now})
		ups[name].SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@" + strings.ToLower(name) + ".example"}})
		h.Link(h.Pool, name, ups[name]).Label = "Sign in by " + name
	}
	s := serve(t, h)
	marked := func(r *response) (list []string) {
		r.doc(t).Find("a.down").Each(func(_ int, a *goquery.Selection) { list = append(list, a.Find("bdi").Text()) })
		return list
	}
	press := func(b *browser, r *response, name string) *response {
		t.Helper()
		href, ok := r.doc(t).Find(`.ways a[href*="identity_provider=` + name + `"]`).Attr("href")
		if !ok {
			t.Fatalf("no button %s:\n%s", name, r.body)
		}
		return b.get(hubtest.Issuer + href)
	}
	ups["CorporateID"].Fail(idptest.TokenEndpoint, idptest.Fault{Reset: true})
	var stopped *response
	var b *browser
	for range 6 { // the fifth opens the circuit
		b = s.browser(t)
		stopped = press(b, b.authorize(), "CorporateID")
	}
	if stopped.StatusCode != http.StatusBadGateway {
		t.Fatalf("%d\n%s", stopped.StatusCode, stopped.body)
	}
	if pr, _ := s.Pool.Provider("CorporateID"); pr.Upstream.Health().Failure == nil {
		t.Fatal("the circuit knows of no failure")
	}
	if got := marked(s.browser(t).authorize()); !slices.Equal(got, []string{"Sign in by CorporateID"}) {
		t.Errorf("marked: %q", got)
	}
	var labels []string
	stopped.doc(t).Find(".ways bdi").Each(func(_ int, s *goquery.Selection) { labels = append(labels, s.Text()) })
	if want := []string{"Sign in by Google", "Sign in by Partner", "Use a password"}; !slices.Equal(labels, want) {
		t.Errorf("the page on which it stopped offers %q", labels)
	}
	for _, name := range []string{"Google", "Partner"} {
		if params, ok := press(b, stopped, name).app(); !ok || params.Get("code") == "" || params.Get("state") != "state-of-the-app" {
			t.Errorf("by %s app got %v", name, params)
		}
		other := s.browser(t)
		if params, ok := press(other, other.authorize(), name).app(); !ok || params.Get("code") == "" {
			t.Errorf("by %s, straight, app got %v", name, params)
		}
	}
	c := s.browser(t)
	stopped = press(c, c.authorize(), "CorporateID")
	own := press(c, stopped, hub.Local)
	if params, ok := c.submit(own, "username", hubtest.Username, "password", hubtest.Password).app(); !ok || params.Get("code") == "" {
		t.Errorf("by password app got %v", params)
	}

	// It answers again: whoever tries anyway, once the pause is over, gets in.
	ups["CorporateID"].Heal()
	s.Advance(2 * time.Minute)
	d := s.browser(t)
	page := d.authorize()
	if got := marked(page); len(got) != 1 {
		t.Errorf("nobody has tried, and marked are %q", got)
	}
	if params, ok := press(d, page, "CorporateID").app(); !ok || params.Get("code") == "" {
		t.Errorf("tried anyway, app got %v", params)
	}
	if got := marked(s.browser(t).authorize()); len(got) != 0 {
		t.Errorf("marked though it answered: %q", got)
	}

	// A provider that everybody avoids is not marked for ever.
	ups["Partner"].Fail(idptest.TokenEndpoint, idptest.Fault{Reset: true})
	d = s.browser(t)
	press(d, d.authorize(), "Partner")
	if got := marked(s.browser(t).authorize()); !slices.Equal(got, []string{"Sign in by Partner"}) {
		t.Errorf("marked: %q", got)
	}
	s.Advance(6 * time.Minute)
	if got := marked(s.browser(t).authorize()); len(got) != 0 {
		t.Errorf("six minutes later marked: %q", got)
	}
}

// A pushed request goes on by another provider too, though no address can hold it.
func TestSilentProviderOfAPushedRequest(t *testing.T) {
	h := hubtest.New(t)
	for _, name := range []string{"CorporateID", "Partner"} {
		up := idptest.New(t, idptest.Config{Now: h.Now})
		up.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@" + strings.ToLower(name) + ".example"}})
		h.Link(h.Pool, name, up)
		if name == "CorporateID" {
			up.Fail(idptest.DiscoveryEndpoint, idptest.Fault{Reset: true})
		}
	}
	h.Pool.Clients[hubtest.ClientID].RequirePAR = true
	s := serve(t, h)
	_, reference, problem := s.push(t, hubtest.ClientID, hubtest.ClientSecret, hubtest.Authorization("identity_provider", "CorporateID"))
	if reference == "" {
		t.Fatal(problem)
	}
	b := s.browser(t)
	stopped := b.get(hubtest.Issuer + "/oauth2/authorize?client_id=" + hubtest.ClientID + "&request_uri=" + reference)
	href, ok := stopped.doc(t).Find(`.ways a[href*="identity_provider=Partner"]`).Attr("href")
	if !ok {
		t.Fatalf("no other way in: %d\n%s", stopped.StatusCode, stopped.body)
	}
	if params, ok := b.get(hubtest.Issuer + href).app(); !ok || params.Get("code") == "" {
		t.Errorf("app got %v", params)
	}
}

// The way in used last comes first on this browser, and says so.
func TestLastUsedFirst(t *testing.T) {
	h := hubtest.New(t)
	for _, name := range []string{"CorporateID", "Google", "Partner"} {
		up := idptest.New(t, idptest.Config{Now: h.Now})
		up.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@" + strings.ToLower(name) + ".example"}})
		h.Link(h.Pool, name, up).Label = name
	}
	s := serve(t, h)
	order := func(b *browser) string {
		var list []string
		b.authorize("prompt", "login").doc(t).Find(".ways a").Each(func(_ int, a *goquery.Selection) {
			text := a.Find("bdi").Text()
			if a.Find(".tag").Length() > 0 {
				text += "!"
			}
			list = append(list, text)
		})
		return strings.Join(list, " ")
	}
	b := s.browser(t)
	if got := order(b); got != "CorporateID Google Partner" {
		t.Errorf("at first: %s", got)
	}
	if _, ok := b.authorize("identity_provider", "Partner").app(); !ok {
		t.Fatal("nobody gets in")
	}
	if got := order(b); got != "Partner! CorporateID Google" {
		t.Errorf("afterwards: %s", got)
	}
	if got := order(s.browser(t)); got != "CorporateID Google Partner" {
		t.Errorf("on another browser: %s", got)
	}
}

// Every preset has a mark of ours, which does not depend on what the provider is
// called, and tells what people have at home from what their employer gives them.
func TestMarksOfPresets(t *testing.T) {
	h := hubtest.New(t)
	names := preset.Names()
	for i, name := range names {
		up := idptest.New(t, idptest.Config{Now: h.Now})
		h.Link(h.Pool, "Way"+strconv.Itoa(i), up).Preset = name
	}
	page := serve(t, h).browser(t).authorize()
	drawn := map[string]bool{}
	page.doc(t).Find(".ways a").Each(func(i int, a *goquery.Selection) {
		path := a.Find("svg path").AttrOr("d", "")
		if path == "" || drawn[path] {
			t.Errorf("%s has no mark of its own", names[i])
		}
		drawn[path] = true
	})
	if len(drawn) != len(names) {
		t.Errorf("%d marks of %d presets", len(drawn), len(names))
	}
	// The first that an employer runs, of those at hand, is the strongest.
	if filled := page.doc(t).Find(".ways .filled"); filled.Length() != 1 || !strings.Contains(filled.AttrOr("href", ""), "Way"+strconv.Itoa(slices.Index(names, "entra"))+"&") {
		t.Errorf("filled is %q", filled.AttrOr("href", ""))
	}
}
