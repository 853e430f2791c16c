package idp_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

func TestTokenResponse(t *testing.T) {
	for _, c := range []struct {
		name, check string
		change      func(map[string]any)
		kind        idp.Kind
	}{
		{"right", "", func(map[string]any) {}, ""},
		{"type in lower case", "", func(m map[string]any) { m["token_type"] = "bearer" }, ""},
		{"more members", "", func(m map[string]any) { m["refresh_token"], m["scope"], m["x"] = "r", "openid", []int{1} }, ""},
		{"no access token", "access_token", func(m map[string]any) { delete(m, "access_token") }, idp.KindInvalid},
		{"empty access token", "access_token", func(m map[string]any) { m["access_token"] = "" }, idp.KindInvalid},
		{"access token a number", "json", func(m map[string]any) { m["access_token"] = 7 }, idp.KindInvalid},
		{"no ID token", "id_token", func(m map[string]any) { delete(m, "id_token") }, idp.KindInvalid},
		{"null ID token", "id_token", func(m map[string]any) { m["id_token"] = nil }, idp.KindInvalid},
		{"ID token an object", "json", func(m map[string]any) { m["id_token"] = map[string]any{} }, idp.KindInvalid},
		{"no type", "token_type", func(m map[string]any) { delete(m, "token_type") }, idp.KindInvalid},
		{"another type", "token_type", func(m map[string]any) { m["token_type"] = "DPoP" }, idp.KindInvalid},
		{"name in another case", "json", func(m map[string]any) { m["ID_TOKEN"] = m["id_token"] }, idp.KindInvalid},
		{"error with status 200", "error", func(m map[string]any) { clear(m); m["error"] = "bad_verification_code" }, idp.KindRefused},
		{"error beside tokens", "error", func(m map[string]any) { m["error"] = "access_denied" }, idp.KindRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256"}})
			r.op.SetHooks(idptest.Hooks{Token: c.change})
			_, err := r.signIn()
			if c.check == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if e := refused(t, err, idp.StepToken, c.check); e.Kind != c.kind || e.Endpoint != r.op.URL(idptest.TokenEndpoint) {
				t.Errorf("error is %+v", e)
			}
		})
	}
}

// TestRemedies: every error code that providers use is met with advice of its own, which names what to compare.
func TestRemedies(t *testing.T) {
	advice := map[string]string{
		"invalid_client": "client", "invalid_grant": callbackURL, "unauthorized_client": "authorization code", "invalid_scope": "openid",
		"redirect_uri_mismatch": callbackURL, "temporarily_unavailable": "health", "access_denied": "assigned", "login_required": "prompt=none", "invalid_token": "userinfo", "odd_code": "documentation",
	}
	seen := map[string]string{}
	for code, part := range advice {
		r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256"}})
		r.op.Fail(idptest.TokenEndpoint, idptest.Fault{Error: code})
		_, err := r.signIn()
		e := refused(t, err, idp.StepToken, "error")
		if !strings.Contains(e.Mend, part) || seen[e.Mend] != "" {
			t.Errorf("%s: advice is %q, as for %q", code, e.Mend, seen[e.Mend])
		}
		seen[e.Mend] = code
	}
}

// TestWaitingCallersAreFree: a caller that leaves, or runs out of time, while others' fetch is under way is let go at
// once, and the fetch goes on for the others.
func TestWaitingCallersAreFree(t *testing.T) {
	r := newRig(t, setup{})
	r.op.Fail(idptest.DiscoveryEndpoint, idptest.Fault{Delay: 300 * time.Millisecond, Status: 200, Times: 1})
	got := make(chan error, 1)
	go func() {
		_, err := r.p.Discover(t.Context())
		got <- err
	}()
	eventually(t, func() bool { return r.op.Count(idptest.DiscoveryEndpoint) == 1 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.p.Discover(ctx)
	if e := refused(t, err, idp.StepDiscovery, "cancelled"); e.Kind != idp.KindCancelled {
		t.Errorf("kind is %s", e.Kind)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = r.p.Discover(ctx)
	if e := refused(t, err, idp.StepDiscovery, "timeout"); e.Kind != idp.KindTimeout {
		t.Errorf("kind is %s", e.Kind)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	if r.p.Name() != "corp" || r.p.Issuer() != r.op.Issuer() {
		t.Errorf("name %q, issuer %q", r.p.Name(), r.p.Issuer())
	}
}
