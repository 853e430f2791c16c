package idp_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

const afterLogoutURL = "https://hub.test/logged-out"

func TestEndSessionURL(t *testing.T) {
	elsewhere := idp.Endpoints{Authorization: "https://p.test/a", Token: "https://p.test/t", JWKS: "https://p.test/k", EndSession: "https://p.test/logout"}
	at := func(endpoint string) func(*idp.Config) {
		return func(c *idp.Config) { c.Endpoints = elsewhere; c.Endpoints.EndSession = endpoint }
	}
	both := func(list ...func(*idp.Config)) func(*idp.Config) {
		return func(c *idp.Config) {
			for _, f := range list {
				f(c)
			}
		}
	}
	cognito := func(c *idp.Config) { c.LogoutStyle = idp.LogoutCognito }
	pool := func(issuer string) func(*idp.Config) { return func(c *idp.Config) { c.Issuer = issuer } }
	const back = "https%3A%2F%2Fhub.test%2Flogged-out"
	for _, c := range []struct {
		name         string
		rp           func(*idp.Config)
		token, state string
		want         string
		hint, said   bool
	}{
		{"standard", at("https://p.test/logout"), "a.b.c", "s1", "https://p.test/logout?client_id=client&id_token_hint=a.b.c&post_logout_redirect_uri=" + back + "&state=s1", true, true},
		{"without hint", at("https://p.test/logout"), "", "s1", "https://p.test/logout?client_id=client&post_logout_redirect_uri=" + back + "&state=s1", false, true},
		{"without state", at("https://p.test/logout"), "a.b.c", "", "https://p.test/logout?client_id=client&id_token_hint=a.b.c&post_logout_redirect_uri=" + back, true, false},
		{"query kept", at("https://p.test/logout?tenant=x+y&a=1"), "", "", "https://p.test/logout?a=1&client_id=client&post_logout_redirect_uri=" + back + "&tenant=x+y", false, false},
		{"each name once", at("https://p.test/logout?client_id=other&state=z"), "", "s1", "https://p.test/logout?client_id=client&post_logout_redirect_uri=" + back + "&state=s1", false, true},
		{"odd state", at("https://p.test/logout"), "", "a&b=c #ä", "https://p.test/logout?client_id=client&post_logout_redirect_uri=" + back + "&state=a%26b%3Dc+%23%C3%A4", false, true},
		{"long hint", at("https://p.test/logout"), strings.Repeat("x", 7<<10), "s1", "https://p.test/logout?client_id=client&post_logout_redirect_uri=" + back + "&state=s1", false, true},
		{"Cognito", both(at("https://d.test/logout"), cognito), "a.b.c", "s1", "https://d.test/logout?client_id=client&logout_uri=" + back, false, false},
		{"Cognito, query kept", both(at("https://d.test/logout?lang=de"), cognito), "a.b.c", "s1", "https://d.test/logout?client_id=client&lang=de&logout_uri=" + back, false, false},
		{"Cognito by its issuer", both(at("https://d.test/logout"), pool("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC")), "a.b.c", "s1", "https://d.test/logout?client_id=client&logout_uri=" + back, false, false},
		{"not quite Cognito", both(at("https://d.test/logout"), pool("https://cognito-idp.eu-west-1.amazonaws.com.p.test/eu-west-1_AbC")), "", "", "https://d.test/logout?client_id=client&post_logout_redirect_uri=" + back, false, false},
		{"no pool", both(at("https://d.test/logout"), pool("https://cognito-idp.eu-west-1.amazonaws.com")), "", "", "https://d.test/logout?client_id=client&post_logout_redirect_uri=" + back, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{})
			p := r.provider(setup{rp: func(cfg *idp.Config) { cfg.PostLogoutRedirectURI = afterLogoutURL; c.rp(cfg) }})
			got, err := p.EndSession(t.Context(), c.token, c.state)
			if want := (idp.EndSession{URL: c.want, Hint: c.hint, State: c.said}); err != nil || got != want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

// TestEndSessionHintLimit: the address never exceeds seven kibibytes, and a hint that just fits is sent.
func TestEndSessionHintLimit(t *testing.T) {
	r := newRig(t, setup{rp: withReturn})
	bare, err := r.p.EndSession(t.Context(), "", "s")
	if err != nil {
		t.Fatal(err)
	}
	room := 7<<10 - len(bare.URL) - len("&id_token_hint=")
	for size, want := range map[int]bool{room - 1: true, room: true, room + 1: false} {
		got, err := r.p.EndSession(t.Context(), strings.Repeat("x", size), "s")
		if err != nil || got.Hint != want || strings.Contains(got.URL, "id_token_hint") != want || len(got.URL) > 7<<10 {
			t.Errorf("hint of %d bytes: %t, address of %d bytes, %v", size, got.Hint, len(got.URL), err)
		}
	}
}

func withReturn(c *idp.Config) { c.PostLogoutRedirectURI = afterLogoutURL }

// TestEndSessionEndsIt goes the way of a browser, with and without what a provider may do to the state.
func TestEndSessionEndsIt(t *testing.T) {
	for module, c := range map[string]struct {
		fault string
		state string // that comes back
		page  bool
	}{
		"rp-init-logout":             {"", "state-of-the-sign-out", false},
		"rp-init-logout-other-state": {"end_session=another-state", "somebody-elses-state-of-another-sign-out", false},
		"rp-init-logout-no-state":    {"end_session=no-state", "", false},
		"never to return":            {"end_session=page", "", true},
	} {
		t.Run(module, func(t *testing.T) {
			r := newRig(t, setup{op: idptest.Config{PostLogoutRedirectURIs: []string{afterLogoutURL}}, rp: withReturn})
			id, other := r.mustSignIn(), r.mustSignIn()
			if c.fault != "" {
				if err := r.op.Break(c.fault); err != nil {
					t.Fatal(err)
				}
			}
			to, err := r.p.EndSession(t.Context(), id.IDToken, "state-of-the-sign-out")
			if err != nil || !to.Hint || !to.State {
				t.Fatalf("%+v, %v", to, err)
			}
			browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			res, err := browser.Get(to.URL)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			back, err := res.Location()
			if c.page != (err != nil) || !c.page && (back.Query().Get("state") != c.state || back.Host != "hub.test") {
				t.Errorf("status %d, return to %v", res.StatusCode, back)
			}
			if r.op.SignedIn(id.SessionID) || !r.op.SignedIn(other.SessionID) {
				t.Error("not the one session was ended")
			}
		})
	}
}

func TestEndSessionRefusals(t *testing.T) {
	r := newRig(t, setup{op: idptest.Config{NoLogout: true}, rp: withReturn})
	_, err := r.p.EndSession(t.Context(), "", "s")
	if e := refused(t, err, idp.StepEndSession, "end_session_endpoint"); !errors.Is(err, idp.ErrNoEndSession) || !strings.Contains(e.Mend, "endpoint") {
		t.Errorf("%v: %s", err, e.Mend)
	}
	if err := r.p.Answers(t.Context()); !errors.Is(err, idp.ErrNoEndSession) {
		t.Errorf("Answers says %v", err)
	}
	// The configured endpoint stands in, and nothing need be fetched for it.
	r.op.Fail(idptest.DiscoveryEndpoint, idptest.Fault{Hang: true})
	p := r.provider(setup{rp: func(c *idp.Config) { withReturn(c); c.Endpoints.EndSession = "https://p.test/logout" }})
	within(t, 5*time.Second, func(ctx context.Context) {
		if to, err := p.EndSession(ctx, "", "s"); err != nil || !strings.HasPrefix(to.URL, "https://p.test/logout?") {
			t.Errorf("%+v, %v", to, err)
		}
	})

	r = newRig(t, setup{})
	_, err = r.p.EndSession(t.Context(), "", "s")
	if e := refused(t, err, idp.StepEndSession, "request"); e.Kind != idp.KindMisused {
		t.Errorf("kind is %s", e.Kind)
	}
}

// TestA127_DiscoveryHangsAtLogout: the caller's deadline holds.
func TestA127_DiscoveryHangsAtLogout(t *testing.T) {
	r := newRig(t, setup{rp: withReturn})
	r.op.Fail(idptest.DiscoveryEndpoint, idptest.Fault{Hang: true})
	for name, call := range map[string]func(context.Context) error{
		"EndSession": func(ctx context.Context) error { _, err := r.p.EndSession(ctx, "", "s"); return err },
		"Answers":    r.p.Answers,
	} {
		within(t, 5*time.Second, func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			if e := refused(t, call(ctx), idp.StepDiscovery, "timeout"); e.Kind != idp.KindTimeout {
				t.Errorf("%s: kind is %s", name, e.Kind)
			}
		})
	}
}

func TestEndSessionConfig(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*idp.Config)
		want   string
	}{
		"relative":      {func(c *idp.Config) { c.PostLogoutRedirectURI = "/out" }, "post_logout_redirect_uri"},
		"with fragment": {func(c *idp.Config) { c.PostLogoutRedirectURI = "https://hub.test/out#x" }, "post_logout_redirect_uri"},
		"no URL":        {func(c *idp.Config) { c.PostLogoutRedirectURI = "https://hub.test/%zz" }, "post_logout_redirect_uri"},
		"unknown style": {func(c *idp.Config) { c.LogoutStyle = "okta" }, "logout style"},
	} {
		cfg := idp.Config{Name: "corp", Issuer: "https://p.test", ClientID: "client", RedirectURI: callbackURL}
		c.change(&cfg)
		if _, err := idp.New(cfg, nil, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestA127_Answers: who answers is alive whatever it says; silence has a name, and never costs more than the second.
func TestA127_Answers(t *testing.T) {
	canary := newCanary(t, "127.0.0.1:0")
	closed := idptest.New(t, idptest.Config{})
	dead := closed.URL(idptest.EndSessionEndpoint)
	_ = closed.Close()
	secure := idptest.New(t, idptest.Config{TLS: true})
	plain := idptest.New(t, idptest.Config{})
	at := func(endpoint string) func(*idp.Config) {
		return func(c *idp.Config) { c.Endpoints.EndSession = endpoint }
	}
	for _, c := range []struct {
		name  string
		fault idptest.Fault
		rp    func(*idp.Config)
		kind  idp.Kind // empty: alive
		check string
	}{
		{name: "well"},
		{name: "method not allowed", fault: idptest.Fault{Status: 405, Body: "no"}},
		{name: "not found", fault: idptest.Fault{Status: 404, Body: "no"}},
		{name: "sick", fault: idptest.Fault{Status: 500, Body: "no"}},
		{name: "redirects", fault: idptest.Fault{Redirect: "http://" + canary.address + "/"}},
		{name: "TLS that is trusted", rp: at(secure.URL(idptest.EndSessionEndpoint))},
		{name: "dead", rp: at(dead), kind: idp.KindUnreachable, check: "connect"},
		{name: "resets", fault: idptest.Fault{Reset: true}, kind: idp.KindUnreachable, check: "reset"},
		{name: "hangs", fault: idptest.Fault{Hang: true}, kind: idp.KindTimeout, check: "timeout"},
		{name: "slow", fault: idptest.Fault{Delay: 20 * time.Second}, kind: idp.KindTimeout, check: "timeout"},
		{name: "no TLS", rp: at(strings.Replace(plain.URL(idptest.EndSessionEndpoint), "http:", "https:", 1)), kind: idp.KindUnreachable, check: "tls"},
		{name: "inside", rp: at("https://10.1.2.3/logout"), kind: idp.KindBlocked, check: "address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var calls []idp.Call
			r := newRig(t, setup{rp: func(cfg *idp.Config) {
				cfg.Observe = func(call idp.Call) {
					if call.Step == idp.StepEndSession {
						calls = append(calls, call)
					}
				}
				if c.rp != nil {
					c.rp(cfg)
				}
			}})
			if _, err := r.p.Discover(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c.fault != (idptest.Fault{}) {
				r.op.Fail(idptest.EndSessionEndpoint, c.fault)
			}
			var err error
			within(t, 4*time.Second, func(ctx context.Context) { err = r.p.Answers(ctx) })
			if len(calls) != 1 || calls[0].Method != http.MethodHead || calls[0].Kind != c.kind {
				t.Errorf("calls are %+v", calls)
			}
			if c.kind == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if e := refused(t, err, idp.StepEndSession, c.check); e.Kind != c.kind {
				t.Errorf("kind is %s", e.Kind)
			}
			if h := r.p.Health(); h.Failure != nil {
				t.Errorf("sign-ins are said to fail: %v", h.Failure)
			}
		})
	}
	if n := canary.hits.Load(); n != 0 {
		t.Errorf("a redirect was followed %d times", n)
	}
}

// TestAnswersNeedsTrust: a certificate that nobody here vouches for is no answer.
func TestAnswersNeedsTrust(t *testing.T) {
	op := idptest.New(t, idptest.Config{TLS: true})
	p, err := idp.New(idp.Config{Name: "corp", Issuer: op.Issuer(), ClientID: "client", RedirectURI: callbackURL,
		Endpoints: idp.Endpoints{EndSession: op.URL(idptest.EndSessionEndpoint)}}, &http.Client{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, p.Answers(t.Context()), idp.StepEndSession, "tls")
}

// TestAnswersRemembers: a good answer serves for five seconds; failures are asked again, until the circuit opens.
func TestAnswersRemembers(t *testing.T) {
	r := newRig(t, setup{rp: func(c *idp.Config) { c.Endpoints.EndSession = "" }})
	asked := func() int { return r.op.Count(idptest.EndSessionEndpoint) }
	for range 3 {
		if err := r.p.Answers(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if q := r.op.Requests(idptest.EndSessionEndpoint); len(q) != 1 || q[0].Method != http.MethodHead || len(q[0].Query) != 0 {
		t.Errorf("requests are %+v", q)
	}
	r.op.Fail(idptest.EndSessionEndpoint, idptest.Fault{Reset: true})
	r.clock.Add(4 * time.Second)
	if err := r.p.Answers(t.Context()); err != nil {
		t.Errorf("after four seconds: %v", err)
	}
	r.clock.Add(time.Second)
	r.op.Forget()
	for range 5 {
		refused(t, r.p.Answers(t.Context()), idp.StepEndSession, "reset")
	}
	before := asked()
	if before < 5 {
		t.Errorf("asked %d times", before)
	}
	if e := refused(t, r.p.Answers(t.Context()), idp.StepEndSession, "reset"); e.Kind != idp.KindOpen || asked() != before {
		t.Errorf("kind is %s, asked %d times", e.Kind, asked())
	}
	r.op.Heal()
	r.clock.Add(time.Minute)
	if err := r.p.Answers(t.Context()); err != nil {
		t.Errorf("after it was healed: %v", err)
	}
	// A clock set back does not make an old answer young.
	r.clock.Add(-time.Hour)
	r.op.Forget()
	if err := r.p.Answers(t.Context()); err != nil || asked() != 1 {
		t.Errorf("after the clock was set back: %v, asked %d times", err, asked())
	}
}

// TestEndSessionEndpointQuery: the check sends none of the endpoint's own query, which EndSession keeps.
func TestEndSessionEndpointQuery(t *testing.T) {
	r := newRig(t, setup{rp: withReturn})
	r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) {
		doc["end_session_endpoint"] = r.op.URL(idptest.EndSessionEndpoint) + "?tenant=a"
	}})
	if err := r.p.Answers(t.Context()); err != nil {
		t.Fatal(err)
	}
	to, err := r.p.EndSession(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to.URL)
	if err != nil || u.Query().Get("tenant") != "a" {
		t.Errorf("address is %s, %v", to.URL, err)
	}
	if q := r.op.Requests(idptest.EndSessionEndpoint); len(q) != 1 || q[0].Query.Has("tenant") {
		t.Errorf("requests are %+v", q)
	}
}
