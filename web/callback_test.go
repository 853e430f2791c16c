package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// federated is a hub with one scripted provider whose person is Alice.
func federated(t *testing.T, cfg idptest.Config) (*site, *idptest.Provider) {
	t.Helper()
	h := hubtest.New(t)
	cfg.Algorithm = "ES256" // quick
	up := idptest.New(t, cfg)
	up.SetUser(alice)
	h.Link(h.Pool, "CorporateID", up)
	return serve(t, h), up
}

var alice = idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@corp.example", "email_verified": true}}

// upstreamAnswer begins a sign-in and returns the address the provider sends the
// browser back to, not opened yet.
func (b *browser) upstreamAnswer(changes ...string) string {
	b.t.Helper()
	address := hubtest.Issuer + "/oauth2/authorize?" + hubtest.Authorization(append(changes, "identity_provider", "CorporateID")...).Encode()
	for range 5 {
		r := b.once("GET", address, nil)
		next, err := r.url.Parse(r.Header.Get("Location"))
		if err != nil || r.Header.Get("Location") == "" {
			b.t.Fatalf("no redirect: %d\n%s", r.StatusCode, r.body)
		}
		if address = next.String(); next.Path == "/oauth2/idpresponse" {
			return address
		}
	}
	b.t.Fatal("the provider did not answer")
	return ""
}

// A callback without a sign-in of this browser is a page: no session, no user,
// no call to any provider.
func TestA46_ForeignCallbacks(t *testing.T) {
	s, up := federated(t, idptest.Config{})
	good := s.browser(t).upstreamAnswer()
	change := func(name, value string) string {
		u, _ := url.Parse(good)
		q := u.Query()
		if value == "" {
			q.Del(name)
		} else {
			q.Set(name, value)
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	for name, address := range map[string]string{
		"missing state": change("state", ""),
		"unknown state": change("state", hub.Random()),
		"odd state":     change("state", "../../x"),
		"nothing":       hubtest.Issuer + "/oauth2/idpresponse",
	} {
		b := s.browser(t)
		b.authorize() // has cookies of a sign-in of its own
		r := b.get(address)
		if r.StatusCode != http.StatusBadRequest || r.help(t) == "" {
			t.Errorf("%s: %d\n%s", name, r.StatusCode, r.body)
		}
		if trace := s.trace(t, r.help(t)); trace.Reason != "other_browser" {
			t.Errorf("%s: trace %+v", name, trace)
		}
	}
	if n := up.Count(idptest.TokenEndpoint); n > 0 {
		t.Errorf("%d codes were redeemed", n)
	}
	if len(s.Users(s.Pool)) != 1 || len(s.Events(hub.CallbackRefused)) != 4 {
		t.Errorf("%d users, %d events", len(s.Users(s.Pool)), len(s.Events(hub.CallbackRefused)))
	}
}

// An attacker's own good callback, planted in a victim's browser, signs nobody
// in there, also while that browser has a sign-in of its own under way.
func TestA47_PlantedCallback(t *testing.T) {
	s, up := federated(t, idptest.Config{})
	planted := s.browser(t).upstreamAnswer()
	victim := s.browser(t)
	victim.authorize()
	own := victim.upstreamAnswer()
	calls := up.Count(idptest.TokenEndpoint)
	if r := victim.get(planted); r.StatusCode != http.StatusBadRequest || up.Count(idptest.TokenEndpoint) != calls {
		t.Errorf("planted: %d", r.StatusCode)
	}
	if params, _ := victim.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Errorf("the victim is signed in: %v", params)
	}
	// The planted code under the victim's own state: PKCE and nonce are others.
	theirs, _ := url.Parse(planted)
	mine, _ := url.Parse(own)
	q := mine.Query()
	q.Set("code", theirs.Query().Get("code"))
	mine.RawQuery = q.Encode()
	if r := victim.get(mine.String()); r.StatusCode != http.StatusBadGateway {
		t.Errorf("planted code under the victim's state: %d", r.StatusCode)
	}
	if len(s.Users(s.Pool)) != 1 {
		t.Error("a user was made")
	}
}

// A good callback works once; sent again, even with the cookies of before, it
// is refused.
func TestA46_ReplayedCallback(t *testing.T) {
	s, up := federated(t, idptest.Config{})
	b := s.browser(t)
	answer := b.upstreamAnswer()
	before := b.cookies()
	if params, ok := b.get(answer).app(); !ok || params.Get("code") == "" {
		t.Fatal("the good callback failed")
	}
	if r := b.get(answer); r.StatusCode != http.StatusBadRequest {
		t.Errorf("again: %d", r.StatusCode)
	}
	thief := s.browser(t)
	origin, _ := url.Parse(hubtest.Issuer)
	thief.client.Jar.SetCookies(origin, before)
	up.SetHooks(idptest.Hooks{}) // the provider would even redeem the code again
	if _, ok := thief.get(answer).app(); ok {
		t.Error("a copy of the cookies signed in a second time")
	}
	if n := len(s.Users(s.Pool)); n != 2 {
		t.Errorf("%d users", n)
	}
}

// The answer of one provider is never taken for another's: iss is compared, and
// the code goes only to the provider that the sign-in was sent to.
func TestA48_MixUp(t *testing.T) {
	h := hubtest.New(t)
	honest, hostile := idptest.New(t, idptest.Config{}), idptest.New(t, idptest.Config{})
	honest.SetUser(alice)
	h.Link(h.Pool, "CorporateID", honest)
	h.Link(h.Pool, "Hostile", hostile)
	s := serve(t, h)
	b := s.browser(t)
	u, _ := url.Parse(b.upstreamAnswer())
	q := u.Query()
	q.Set("iss", hostile.Issuer())
	u.RawQuery = q.Encode()
	if r := b.get(u.String()); r.StatusCode != http.StatusBadGateway {
		t.Errorf("iss of another provider: %d", r.StatusCode)
	}
	b = s.browser(t)
	u, _ = url.Parse(b.upstreamAnswer())
	q = u.Query()
	q.Del("iss")
	u.RawQuery = q.Encode()
	if r := b.get(u.String()); r.StatusCode != http.StatusBadGateway {
		t.Errorf("no iss though the provider promises it: %d", r.StatusCode)
	}
	if honest.Count(idptest.TokenEndpoint)+hostile.Count(idptest.TokenEndpoint) > 0 {
		t.Error("a code was sent somewhere")
	}
}

// Whatever a provider does at any of its endpoints, the person gets a plain page
// with a code and the other ways in still work.
func TestA67_ProviderFaults(t *testing.T) {
	for _, endpoint := range []idptest.Endpoint{idptest.DiscoveryEndpoint, idptest.TokenEndpoint, idptest.JWKSEndpoint} {
		for _, fault := range []idptest.NamedFault{
			{Name: "500", Fault: idptest.Fault{Status: 500}},
			{Name: "reset", Fault: idptest.Fault{Reset: true}},
			{Name: "hang", Fault: idptest.Fault{Hang: true}},
			{Name: "junk", Fault: idptest.Fault{Body: "<html>", ContentType: "text/html"}},
			{Name: "refusal", Fault: idptest.Fault{Error: "invalid_client", Description: "<b>secret</b>"}},
		} {
			t.Run(string(endpoint)+"/"+fault.Name, func(t *testing.T) {
				t.Parallel()
				s, up := federated(t, idptest.Config{})
				up.Fail(endpoint, fault.Fault)
				b := s.browser(t)
				r := b.authorize("identity_provider", "CorporateID")
				if r.StatusCode != http.StatusBadGateway && r.StatusCode != http.StatusGatewayTimeout {
					t.Fatalf("status %d\n%s", r.StatusCode, r.body)
				}
				trace := s.trace(t, r.help(t))
				if trace.Why == "" || trace.Mend == "" || trace.Steps[len(trace.Steps)-1].OK {
					t.Errorf("trace %+v", trace)
				}
				if strings.Contains(r.body, up.Issuer()) || strings.Contains(r.body, "secret</b>") || strings.Contains(r.body, "invalid_client") {
					t.Error("A177: the page shows what only an administrator should see")
				}
				page := b.authorize()
				if marked := page.doc(t).Find(`a[href*="CorporateID"]`).Parent().Text(); fault.Name == "reset" && endpoint == idptest.TokenEndpoint && !strings.Contains(marked, "Not answering") {
					t.Errorf("the provider is not marked on the page: %s", marked)
				}
				if params, ok := b.submit(page, "username", hubtest.Username, "password", hubtest.Password).app(); !ok || params.Get("code") == "" {
					t.Error("the password form suffers too")
				}
			})
		}
	}
}

func TestCancelledAtTheProvider(t *testing.T) {
	s, up := federated(t, idptest.Config{})
	up.SetHooks(idptest.Hooks{Callback: func(v url.Values) {
		delete(v, "code")
		v["error"], v["error_description"] = []string{"access_denied"}, []string{`<script>alert(1)</script>`}
	}})
	r := s.browser(t).authorize("identity_provider", "CorporateID")
	if r.StatusCode != http.StatusBadRequest || strings.Contains(r.body, "<script>alert") {
		t.Errorf("%d\n%s", r.StatusCode, r.body)
	}
	if trace := s.trace(t, r.help(t)); trace.Reason != "cancelled" {
		t.Errorf("trace %+v", trace)
	}
	if retry := r.doc(t).Find(`a[href*="/oauth2/authorize"]`); retry.Length() == 0 {
		t.Error("no way to try again")
	}
}

// A provider switched off lets nobody in by any path, at once.
func TestA70_ProviderOff(t *testing.T) {
	s, up := federated(t, idptest.Config{})
	pr, _ := s.Pool.Provider("CorporateID")
	b := s.browser(t)
	params, _ := b.authorize("identity_provider", "CorporateID").app()
	got := s.token(t, redeem(params.Get("code")))
	params, _ = b.authorize("prompt", "none").app()
	unredeemed := params.Get("code")
	waiting := s.browser(t)
	answer := waiting.upstreamAnswer()
	calls := up.Count(idptest.TokenEndpoint)

	pr.Enabled = false
	if r := waiting.get(answer); r.StatusCode != http.StatusForbidden || up.Count(idptest.TokenEndpoint) != calls {
		t.Errorf("callback: %d", r.StatusCode)
	}
	if after := s.token(t, refresh(got.Fresh)); after.Error != "invalid_grant" {
		t.Errorf("refresh: %+v", after)
	}
	if after := s.token(t, redeem(unredeemed)); after.Error != "invalid_grant" {
		t.Errorf("code: %+v", after)
	}
	if s.userInfo(t, got.Access) != http.StatusUnauthorized {
		t.Error("userInfo still answers")
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Errorf("session: %v", params)
	}
	if params, _ := b.authorize("identity_provider", "CorporateID").app(); params.Get("error") != "invalid_request" {
		t.Errorf("by name: %v", params)
	}
	if page := b.authorize(); page.doc(t).Find(`a[href*="CorporateID"]`).Length() > 0 {
		t.Error("the button is still there")
	}
}

// A callback by cross-site POST becomes a GET on ourselves, where the browser
// has its cookies again (A73).
func TestA73_FormPostCallback(t *testing.T) {
	s, _ := federated(t, idptest.Config{})
	b := s.browser(t)
	u, _ := url.Parse(b.upstreamAnswer())
	form := u.Query()
	form.Set("user", `{"name":"planted"}`)
	u.RawQuery = ""
	r := b.once("POST", u.String(), form)
	if r.StatusCode != http.StatusSeeOther || strings.Contains(r.Header.Get("Location"), "planted") {
		t.Fatalf("%d %s", r.StatusCode, r.Header.Get("Location"))
	}
	if params, ok := b.get(hubtest.Issuer + r.Header.Get("Location")).app(); !ok || params.Get("code") == "" {
		t.Error("not signed in")
	}
}

// Every storage call of a first sign-in fails in turn: nobody gets in by it, and
// afterwards there is no half of a user.
func TestA93_StorageFailsAnywhere(t *testing.T) {
	h := hubtest.NewFaulty(t)
	up := idptest.New(t, idptest.Config{})
	h.Link(h.Pool, "CorporateID", up)
	s := serve(t, h)
	good := 0
	for n := 1; ; n++ {
		subject := "crash-" + string(rune('A'+n))
		up.SetUser(idptest.User{Subject: subject, Claims: map[string]any{"email": "c@corp.example"}})
		b := s.browser(t)
		answer := b.upstreamAnswer()
		s.Faults.At(n)
		r := b.get(answer)
		hit := s.Faults.Hit()
		s.Faults.At(0)
		_, in := r.app()
		if hit && in {
			t.Errorf("call %d failed and the person came in", n)
		}
		if hit && s.User(s.Pool, "CorporateID_"+subject) != nil {
			t.Errorf("call %d failed and left a user", n)
		}
		if !hit {
			if !in {
				t.Errorf("no fault and no sign-in: %d", r.StatusCode)
			}
			good++
			break
		}
	}
	if good == 0 {
		t.Error("never came to the end")
	}
}

// A184 at the token endpoint: a storage fault never grants and never says that
// something was done.
func TestA184_StorageFaultNeverGrants(t *testing.T) {
	s := serve(t, hubtest.NewFaulty(t))
	b := s.browser(t)
	b.code()
	for n := 1; ; n++ {
		params, _ := b.authorize("prompt", "none").app()
		form := redeem(params.Get("code"))
		r, _ := http.NewRequestWithContext(t.Context(), "POST", hubtest.Issuer+"/oauth2/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(hubtest.ClientID, hubtest.ClientSecret)
		s.Faults.At(n)
		res, err := transport{hub: s.server}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		hit := s.Faults.Hit()
		s.Faults.At(0)
		if !hit {
			if res.StatusCode != http.StatusOK {
				t.Errorf("no fault: %d", res.StatusCode)
			}
			return
		}
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
			t.Errorf("call %d failed: status %d", n, res.StatusCode)
		}
	}
}

// max_age and prompt=login reach the provider, and an old authentication that it
// reports is not passed off as a fresh one (A18).
func TestA18_FreshSignInUpstream(t *testing.T) {
	s, up := federated(t, idptest.Config{})
	b := s.browser(t)
	b.authorize("identity_provider", "CorporateID")
	up.Forget()
	b.authorize("identity_provider", "CorporateID", "prompt", "login")
	asked := up.Requests(idptest.AuthorizationEndpoint)
	if len(asked) != 1 || asked[0].Query.Get("prompt") != "login" {
		t.Fatalf("the provider was asked %v", asked)
	}
	s.Advance(10 * time.Minute)
	up.Forget()
	b.authorize("identity_provider", "CorporateID", "max_age", "60")
	if asked := up.Requests(idptest.AuthorizationEndpoint); len(asked) != 1 || asked[0].Query.Get("max_age") != "60" {
		t.Errorf("the provider was asked %v", asked)
	}
	up.SetHooks(idptest.Hooks{IDToken: func(tok *idptest.Token) { tok.Claims["auth_time"] = s.Now().Add(-time.Hour).Unix() }})
	if _, ok := s.browser(t).authorize("identity_provider", "CorporateID", "max_age", "60").app(); ok {
		t.Error("an hour-old authentication passed for max_age=60")
	}
	if params, _ := b.authorize("prompt", "none", "max_age", "60").app(); params.Get("error") != "login_required" {
		t.Errorf("prompt=none with an old session: %v", params)
	}
	if params, _ := b.authorize("prompt", "none", "login_hint", "somebody.else@corp.example").app(); params.Get("error") != "login_required" {
		t.Errorf("a hint of another person: %v", params)
	}
}

// What a provider sends along unsigned counts for nothing at one that is not known for it; at Apple the name in it does,
// and neither the address nor the id.
func TestA73_UnsignedFieldsAreNotTrusted(t *testing.T) {
	const planted = `{"name":{"firstName":"Eve","lastName":"Planted"},"email":"victim@corp.example","sub":"victim","email_verified":true}`
	for _, known := range []bool{false, true} {
		h := hubtest.New(t)
		up := idptest.New(t, idptest.Config{Algorithm: "ES256"})
		up.SetUser(alice)
		pr := h.Link(h.Pool, "CorporateID", up)
		if known {
			upstream, err := idp.New(idp.Config{
				Name: pr.Name, Issuer: up.Issuer(), ClientID: up.ClientID(), ClientSecret: up.ClientSecret(), RedirectURI: h.Pool.CallbackURL(),
				ResponseMode: "form_post", NameInCallback: true,
			}, h.Outbound, h.Now)
			if err != nil {
				t.Fatal(err)
			}
			pr.Upstream = upstream
		}
		s := serve(t, h)
		b := s.browser(t)
		up.SetHooks(idptest.Hooks{Callback: func(v url.Values) { v.Set("user", planted) }})
		var form url.Values
		if known {
			form = b.postedAnswer()
		} else {
			u, _ := url.Parse(b.upstreamAnswer())
			form = u.Query()
		}
		r := b.once("POST", hubtest.Issuer+"/oauth2/idpresponse", form)
		if to := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || strings.Contains(to, "victim") || !strings.Contains(to, "Eve") {
			t.Fatalf("%d %s", r.StatusCode, to)
		}
		if params, ok := b.get(hubtest.Issuer + r.Header.Get("Location")).app(); !ok || params.Get("code") == "" {
			t.Fatal("not signed in")
		}
		u := s.User(s.Pool, "CorporateID_alice")
		want := map[bool]string{false: "", true: "Eve"}[known]
		if u == nil || u.Attributes["given_name"] != want || u.Attributes["email"] != "alice@corp.example" || u.Links[0].Subject != "alice" {
			t.Errorf("known %v: %+v", known, u)
		}
	}
}

// postedAnswer begins a sign-in at a provider that answers by a form, and returns its fields.
func (b *browser) postedAnswer() url.Values {
	b.t.Helper()
	r := b.once("GET", hubtest.Issuer+"/oauth2/authorize?"+hubtest.Authorization("identity_provider", "CorporateID").Encode(), nil)
	next, _ := r.url.Parse(r.Header.Get("Location"))
	for next.Host == r.url.Host { // by way of our own /login
		r = b.once("GET", next.String(), nil)
		next, _ = r.url.Parse(r.Header.Get("Location"))
	}
	form := url.Values{}
	b.once("GET", next.String(), nil).doc(b.t).Find("input[type=hidden]").Each(func(_ int, in *goquery.Selection) {
		form.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
	})
	return form
}
