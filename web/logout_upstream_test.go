package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// employee is a person who is signed in at an app, here, and at the company.
type employee struct {
	*browser
	up     *idptest.Provider
	corp   *hub.Provider
	tokens *tokens
}

// toHub is how a scripted provider reaches a hub that is made after it.
type toHub struct{ transport }

// newEmployee signs a person in through a scripted provider.
func newEmployee(t *testing.T, cfg idptest.Config) *employee {
	t.Helper()
	h := hubtest.New(t)
	way := &toHub{}
	cfg.Client = &http.Client{Transport: way}
	up := idptest.New(t, cfg)
	e := &employee{up: up, corp: h.Link(h.Pool, "CorporateID", up)}
	s := serve(t, h)
	way.transport = transport{hub: s.server}
	e.browser = s.browser(t)
	e.signIn()
	return e
}

func (e *employee) signIn() {
	e.t.Helper()
	params, ok := e.authorize("identity_provider", "CorporateID").app()
	if !ok || params.Get("code") == "" {
		e.t.Fatalf("no code: %v", params)
	}
	e.tokens = e.site.token(e.t, redeem(params.Get("code")))
}

// leave signs out as an app asks for it.
func (e *employee) leave() *response {
	e.t.Helper()
	return e.get(hubtest.Issuer + "/logout?" + values("id_token_hint", e.tokens.ID, "post_logout_redirect_uri", hubtest.LogoutURL, "state", "s").Encode())
}

const back = hubtest.LogoutURL + "?state=s"

// in tells whether the session here lives.
func (e *employee) in() bool {
	e.t.Helper()
	params, _ := e.authorize("prompt", "none").app()
	return params.Get("code") != ""
}

// inThere tells whether the person is signed in at the company.
func (e *employee) inThere() bool { return len(e.up.Sessions("alice")) > 0 }

// provider is the provider's hop in the record of the latest logout.
func (e *employee) provider() hub.Hop {
	e.t.Helper()
	list, _, err := logout.List(e.t.Context(), e.site.Pool, logout.Filter{}, "", 1)
	if err != nil || len(list) != 1 {
		e.t.Fatal(len(list), err)
	}
	for _, h := range list[0].Hops {
		if h.Provider != "" {
			return h
		}
	}
	e.t.Fatalf("no provider in %+v", list[0])
	return hub.Hop{}
}

// A sign-out here goes on to the provider, as far as it and the configuration let
// it, and always comes to where the app asked. The modules for relying parties
// bear the names that the OpenID Foundation gave them.
func TestUpstreamLogout(t *testing.T) {
	for name, c := range map[string]struct {
		up      idptest.Config
		change  func(*employee)
		act     func(*employee, *response) *response // what the person does; nil: nothing
		there   bool                                 // still signed in at the company afterwards
		outcome hub.Outcome
		note    string
	}{
		"oidcc-client-test-rp-init-logout": {outcome: hub.Delivered},
		"oidcc-client-test-rp-init-logout-other-state": {
			change: func(e *employee) { e.breaks("end_session=another-state") }, act: returned, outcome: hub.Waiting,
		},
		"oidcc-client-test-rp-init-logout-no-state": {
			change: func(e *employee) { e.breaks("end_session=no-state") }, outcome: hub.Delivered,
		},
		"a provider that keeps the person": {
			change: func(e *employee) { e.breaks("end_session=page") },
			act: func(e *employee, r *response) *response {
				if !strings.HasPrefix(r.url.String(), e.up.Issuer()) {
					e.t.Errorf("at %s", r.url)
				}
				return returned(e, e.get(hubtest.Issuer+"/logout")) // the person comes back by himself
			},
			outcome: hub.Waiting,
		},
		"a provider without logout": {
			up: idptest.Config{NoLogout: true}, there: true, outcome: hub.NotSupported, note: "the provider has no end_session_endpoint",
		},
		"a provider that is down": {
			change: func(e *employee) { _ = e.up.Close() }, there: true, outcome: hub.GaveUp,
		},
		"never": {
			change: func(e *employee) { e.corp.Logout = hub.LogoutNever }, there: true, outcome: hub.NotSupported, note: "the configuration says logout: never",
		},
		"ask, and yes": {
			change: func(e *employee) { e.corp.Logout = hub.LogoutAsk },
			act: func(e *employee, r *response) *response {
				if !e.inThere() || e.in() {
					e.t.Error("asked too early or too late")
				}
				return e.submit(r, "choice", "continue")
			},
			outcome: hub.Delivered,
		},
		"ask, and no": {
			change: func(e *employee) { e.corp.Logout = hub.LogoutAsk },
			act:    func(e *employee, r *response) *response { return e.submit(r, "choice", "other") },
			there:  true, outcome: hub.NotSupported, note: "the person chose to stay signed in there",
		},
		"in Cognito's words": {
			change: func(e *employee) {
				upstream, err := idp.New(idp.Config{
					Name: "CorporateID", Issuer: e.up.Issuer(), ClientID: e.up.ClientID(), ClientSecret: e.up.ClientSecret(),
					RedirectURI: e.site.Pool.CallbackURL(), PostLogoutRedirectURI: e.site.Pool.PostLogoutURL(), LogoutStyle: idp.LogoutCognito,
				}, e.site.Outbound, e.site.Now)
				if err != nil {
					e.t.Fatal(err)
				}
				e.corp.Upstream = upstream
			},
			outcome: hub.Delivered,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmployee(t, c.up)
			if c.change != nil {
				c.change(e)
			}
			begun := time.Now()
			r := e.leave()
			if c.act != nil {
				r = c.act(e, r)
			}
			if r.url.String() != back {
				t.Errorf("ends at %s: %d\n%s", r.url, r.StatusCode, r.doc(t).Find("main").Text())
			}
			if took := time.Since(begun); took > 2*time.Second+testSlack {
				t.Errorf("it took %s", took)
			}
			if e.in() {
				t.Error("still signed in here")
			}
			if e.inThere() != c.there {
				t.Errorf("signed in at the company: %v", e.inThere())
			}
			hop := e.provider()
			if hop.Outcome != c.outcome || hop.Note != c.note && c.note != "" {
				t.Errorf("on record: %+v", hop)
			}
			if name == "a provider that is down" && hop.Note == "" {
				t.Error("nothing says why")
			}
		})
	}
}

// testSlack is for machines that do much at once.
const testSlack = 3 * time.Second

func (e *employee) breaks(what string) {
	e.t.Helper()
	if err := e.up.Break(what); err != nil {
		e.t.Fatal(err)
	}
}

// returned follows the link of the last page, which is there for whoever did not
// come back as expected.
func returned(e *employee, r *response) *response {
	e.t.Helper()
	link := r.doc(e.t).Find("main a.button").AttrOr("href", "")
	if r.StatusCode != http.StatusOK || link != back {
		e.t.Fatalf("%d at %s, and a link to %q:\n%s", r.StatusCode, r.url, link, r.doc(e.t).Find("main").Text())
	}
	u, err := url.Parse(link)
	if err != nil {
		e.t.Fatal(err)
	}
	return &response{Response: r.Response, url: u, body: r.body}
}

// A provider that sends the browser back to sign out here too, as in a ring, does
// not make it lose its way.
func TestUpstreamLogoutInARing(t *testing.T) {
	e := newEmployee(t, idptest.Config{})
	first := e.once("GET", hubtest.Issuer+"/logout?"+values("id_token_hint", e.tokens.ID, "post_logout_redirect_uri", hubtest.LogoutURL, "state", "s").Encode(), nil)
	away, err := url.Parse(first.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(away.String(), e.up.Issuer()) {
		t.Fatalf("to %q", first.Header.Get("Location"))
	}
	again := e.once("GET", hubtest.Issuer+"/logout?"+values("client_id", hubtest.ClientID, "logout_uri", hubtest.LogoutURL).Encode(), nil)
	if got := again.Header.Get("Location"); got != hubtest.LogoutURL {
		t.Errorf("the second sign-out leads to %q", got)
	}
	if end := e.get(away.String()); end.url.String() != back || e.in() || e.inThere() {
		t.Errorf("ends at %s", end.url)
	}
}

// The provider learns whom to sign out by the ID token that it gave.
func TestUpstreamLogoutHint(t *testing.T) {
	e := newEmployee(t, idptest.Config{})
	e.leave()
	for _, r := range e.up.Requests(idptest.EndSessionEndpoint) {
		if r.Method == http.MethodHead {
			if len(r.Query) > 0 {
				t.Errorf("the question whether it is there says %v", r.Query)
			}
			continue
		}
		if r.Query.Get("id_token_hint") == "" || r.Query.Get("post_logout_redirect_uri") != hubtest.Issuer+"/logout/idpresponse" || len(r.Query.Get("state")) < 40 {
			t.Errorf("%v", r.Query)
		}
		return
	}
	t.Error("it was not asked")
}

// A logout token ends what it names, and a wrong one nothing.
func TestA128_LogoutTokens(t *testing.T) {
	e := newEmployee(t, idptest.Config{Users: []idptest.User{{Subject: "alice", SessionID: "there-1", Claims: map[string]any{"email": "alice@corp.example"}}}})
	send := func(token string) (int, string) {
		status, body, err := e.up.SendLogout(t.Context(), e.site.Pool.BackchannelURL("CorporateID"), token)
		if err != nil {
			t.Fatal(err)
		}
		return status, body
	}
	refused := 0
	wrong := map[string]string{"ours: ID": e.tokens.ID, "ours: access": e.tokens.Access, "empty": "", "text": "x.y.z"}
	for _, m := range idptest.LogoutMutations() {
		e.up.SetHooks(idptest.Hooks{LogoutToken: m.Apply})
		raw, err := e.up.LogoutToken("alice", "there-1")
		if err != nil {
			t.Fatal(err)
		}
		if m.Check != "" {
			wrong[m.Name] = raw
		}
	}
	e.up.SetHooks(idptest.Hooks{})
	for name, raw := range wrong {
		status, body := send(raw)
		if status != http.StatusBadRequest && status != http.StatusRequestEntityTooLarge || !strings.Contains(body, `"error"`) {
			t.Errorf("%s: %d %s", name, status, body)
		}
		refused++
	}
	if refused < 30 || !e.in() {
		t.Fatalf("%d refused; signed in: %v", refused, e.in())
	}
	if n := len(e.site.Events(hub.LogoutRefused)); n < refused-2 { // those without any token are no tokens
		t.Errorf("%d events for %d", n, refused)
	}
	raw, err := e.up.LogoutToken("alice", "there-1")
	if err != nil {
		t.Fatal(err)
	}
	if status, body := send(raw); status != http.StatusOK || body != "" || e.in() {
		t.Errorf("a good one: %d %s", status, body)
	}
	if status := e.site.userInfo(t, e.tokens.Access); status != http.StatusUnauthorized {
		t.Errorf("its access token lives: %d", status)
	}
	e.signIn()
	if status, _ := send(raw); status != http.StatusBadRequest || !e.in() {
		t.Errorf("the same again: %d", status)
	}
}
