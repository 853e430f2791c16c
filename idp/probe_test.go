package idp_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

func TestProbe(t *testing.T) {
	discovery := func(f func(map[string]any)) func(*rig) {
		return func(r *rig) { r.op.SetHooks(idptest.Hooks{Discovery: f}) }
	}
	fail := func(e idptest.Endpoint, f idptest.Fault) func(*rig) { return func(r *rig) { r.op.Fail(e, f) } }
	for _, c := range []struct {
		name   string
		op     idptest.Config
		rp     func(*idp.Config)
		script func(*rig)
		want   string // the findings that are not OK, as check:level
		detail string // something the first of them says
	}{
		{name: "all well"},
		{name: "all well with sign-out", op: idptest.Config{PostLogoutRedirectURIs: []string{afterLogoutURL}}, rp: withReturn},
		{name: "discovery is down", script: fail(idptest.DiscoveryEndpoint, idptest.Fault{Status: 503}), want: "discovery:fail", detail: "503"},
		{name: "discovery is a page", script: fail(idptest.DiscoveryEndpoint, idptest.Fault{Body: "<html>", ContentType: "text/html"}), want: "discovery:fail", detail: "text/html"},
		{name: "another issuer", script: discovery(func(doc map[string]any) { doc["issuer"] = "https://other.example" }), want: "issuer:fail", detail: "https://other.example"},
		{name: "plain http endpoint", script: discovery(func(doc map[string]any) { doc["token_endpoint"] = "http://other.example/t" }), want: "endpoints:fail", detail: "token_endpoint"},
		{name: "no PKCE", script: discovery(func(doc map[string]any) { delete(doc, "code_challenge_methods_supported") }), want: "pkce:warn"},
		{name: "no iss", op: idptest.Config{NoIss: true}, want: "iss:warn"},
		{name: "no end_session", script: discovery(func(doc map[string]any) { delete(doc, "end_session_endpoint") }), want: "end_session:warn",
			detail: "no end_session_endpoint; sign-outs at the provider are told by back channel with sid and front channel with sid"},
		{name: "no logout", op: idptest.Config{NoLogout: true}, want: "end_session:warn", detail: "there is no end_session_endpoint"},
		{name: "algorithm not allowed", rp: func(c *idp.Config) { c.Algorithms = []string{"ES256"} }, want: "algorithms:fail keys:fail", detail: "RS256"},
		{name: "method not offered", script: discovery(func(doc map[string]any) { doc["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"} }), want: "client:warn", detail: "private_key_jwt"},
		{name: "scope unknown", rp: func(c *idp.Config) { c.Scopes = []string{"openid", "emial"} }, want: "scopes:warn", detail: "emial"},
		{name: "keys are down", script: fail(idptest.JWKSEndpoint, idptest.Fault{Reset: true}), want: "keys:fail"},
		{name: "a bad key among them", script: func(r *rig) {
			r.op.SetHooks(idptest.Hooks{JWKS: func(doc map[string]any) {
				doc["keys"] = append(doc["keys"].([]any), map[string]any{"kty": "oct", "k": "AA"})
			}})
		}, want: "keys:warn", detail: "private part"},
		{name: "clock an hour ahead", script: func(r *rig) { r.clock.Add(time.Hour) }, want: "clock:fail", detail: "-1h0m"},
		{name: "clock half a minute behind", script: func(r *rig) { r.clock.Add(-30 * time.Second) }, want: "clock:warn", detail: "30s"},
		{name: "wrong secret", rp: func(c *idp.Config) { c.ClientSecret = "wrong" }, want: "client:fail", detail: "invalid_client"},
		{name: "wrong secret, told by status alone", script: fail(idptest.TokenEndpoint, idptest.Fault{Status: 401, Body: "no", ContentType: "text/plain"}), want: "client:fail", detail: "401"},
		{name: "unhelpful token endpoint", script: fail(idptest.TokenEndpoint, idptest.Fault{Status: 400, Body: "no", ContentType: "text/plain"}), want: "client:warn", detail: "400"},
		{name: "token endpoint is down", script: fail(idptest.TokenEndpoint, idptest.Fault{Status: 500, Body: "no"}), want: "client:fail", detail: "500"},
		{name: "token endpoint accepts anything", script: fail(idptest.TokenEndpoint, idptest.Fault{Body: "{}", ContentType: "application/json"}), want: "client:fail"},
		{name: "userinfo not there", script: fail(idptest.UserInfoEndpoint, idptest.Fault{Status: 404, Body: "no"}), want: "userinfo:fail", detail: "404"},
		{name: "userinfo open", script: fail(idptest.UserInfoEndpoint, idptest.Fault{Body: "hello"}), want: "userinfo:warn"},
		{name: "no userinfo though demanded", rp: func(c *idp.Config) { c.UserInfo = idp.UserInfoAlways }, script: discovery(func(doc map[string]any) { delete(doc, "userinfo_endpoint") }), want: "userinfo:fail"},
		{name: "callback not registered", rp: func(c *idp.Config) { c.RedirectURI = "https://hub.test/other" }, want: "callback:fail", detail: "400"},
		{name: "unknown client", rp: func(c *idp.Config) { c.ClientID = "nobody" }, want: "client:fail callback:fail"},
		{name: "every callback treated alike", script: fail(idptest.AuthorizationEndpoint, idptest.Fault{Redirect: "/login?x=1"}), want: "callback:warn", detail: "/login"},
		{name: "error page by redirect", script: fail(idptest.AuthorizationEndpoint, idptest.Fault{Redirect: "/error?error=redirect_mismatch"}), want: "callback:fail", detail: "/error"},
		{name: "return from sign-out not registered", op: idptest.Config{PostLogoutRedirectURIs: []string{"https://other.test/"}}, rp: withReturn, want: "sign_out:warn", detail: "400"},
		{name: "every return treated alike", rp: withReturn, script: fail(idptest.EndSessionEndpoint, idptest.Fault{Body: "bye"}), want: "sign_out:warn", detail: "a page"},
		{name: "sign-out is down", rp: withReturn, script: fail(idptest.EndSessionEndpoint, idptest.Fault{Reset: true}), want: "sign_out:warn"},
		{name: "authorization endpoint is down", script: fail(idptest.AuthorizationEndpoint, idptest.Fault{Reset: true}), want: "callback:fail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{op: c.op, rp: c.rp})
			r.clock.mu.Lock()
			r.clock.now = time.Now() // Date headers tell real time
			r.clock.mu.Unlock()
			if c.script != nil {
				c.script(r)
			}
			found := r.p.Probe(t.Context())
			var notOK, details []string
			for _, f := range found {
				if f.Level == idp.OK && f.Mend != "" || f.Level != idp.OK && f.Mend == "" || f.Detail == "" {
					t.Errorf("finding is %+v", f)
				}
				if f.Level != idp.OK {
					notOK = append(notOK, f.Check+":"+string(f.Level))
					details = append(details, f.Detail)
				}
				if strings.Contains(f.Detail+f.Mend, "secret=") || strings.Contains(f.Detail, "isthmus-doctor-") {
					t.Errorf("finding shows what it sent: %+v", f)
				}
			}
			if got := strings.Join(notOK, " "); got != c.want {
				t.Errorf("found %q, want %q: %+v", got, c.want, found)
			}
			if c.detail != "" && (len(details) == 0 || !strings.Contains(details[0], c.detail)) {
				t.Errorf("details are %q, want %q", details, c.detail)
			}
			if c.name == "all well" {
				checks := ""
				for _, f := range found {
					checks += f.Check + " "
				}
				if checks != "discovery issuer endpoints pkce iss end_session keys clock client userinfo callback " {
					t.Errorf("checks are %s", checks)
				}
			}
		})
	}
}

// TestProbeGoesPastCircuits: the doctor sees the provider as it is now, and does it no harm.
func TestProbeGoesPastCircuits(t *testing.T) {
	r := newRig(t, setup{})
	r.op.Fail(idptest.DiscoveryEndpoint, idptest.Fault{Status: 500, Times: 1})
	if _, err := r.p.Discover(t.Context()); err == nil {
		t.Fatal("no failure")
	}
	for _, f := range r.p.Probe(t.Context()) {
		if f.Level == idp.Fail && f.Check != "clock" {
			t.Errorf("finding is %+v", f)
		}
	}
}

// TestProbeTellsOfLogout: one line says what the provider can do.
func TestProbeTellsOfLogout(t *testing.T) {
	r := newRig(t, setup{})
	for _, c := range []struct {
		drop []string
		want string
	}{
		{nil, "; sign-outs at the provider are told by back channel with sid and front channel with sid"},
		{[]string{"backchannel_logout_session_supported", "frontchannel_logout_supported"}, "; sign-outs at the provider are told by back channel"},
		{[]string{"backchannel_logout_supported", "frontchannel_logout_session_supported"}, "; sign-outs at the provider are told by front channel"},
		{[]string{"backchannel_logout_supported", "frontchannel_logout_supported"}, ""},
	} {
		r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) {
			for _, name := range c.drop {
				delete(doc, name)
			}
		}})
		found := r.p.Probe(t.Context())
		i := slices.IndexFunc(found, func(f idp.Finding) bool { return f.Check == "end_session" })
		if want := "end_session_endpoint is " + r.op.URL(idptest.EndSessionEndpoint) + c.want; i < 0 || found[i].Level != idp.OK || found[i].Detail != want {
			t.Errorf("without %q: %+v", c.drop, found)
		}
	}
}
