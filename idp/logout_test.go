package idp_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

const backchannelEvent = "http://schemas.openid.net/event/backchannel-logout"

// logout makes a logout token, changed by f, and verifies it.
func (r *rig) logout(f func(*idptest.Token)) (*idp.Logout, error) {
	r.t.Helper()
	r.op.SetHooks(idptest.Hooks{LogoutToken: f})
	raw, err := r.op.LogoutToken("alice", "session-1")
	if err != nil {
		r.t.Fatal(err)
	}
	return r.p.VerifyLogout(r.t.Context(), raw)
}

// TestA128_LogoutTokenMutations: each wrong token is refused for what is wrong with it, and leaves the provider well.
func TestA128_LogoutTokenMutations(t *testing.T) {
	for _, alg := range []string{"RS256", "ES256", "PS256", "EdDSA"} {
		r := newRig(t, setup{op: idptest.Config{Algorithm: alg}})
		all := idptest.LogoutMutations()
		if len(all) < 30 {
			t.Errorf("%d mutations, 30 are wanted", len(all))
		}
		for _, m := range all {
			t.Run(alg+"/"+m.Name, func(t *testing.T) {
				l, err := r.logout(m.Apply)
				e := refused(t, err, idp.StepLogoutToken, m.Check)
				if l != nil || e.Kind != idp.KindInvalid {
					t.Errorf("logout %+v, kind %s", l, e.Kind)
				}
			})
		}
		l, err := r.logout(nil)
		if err != nil || l.Subject != "alice" || l.SessionID != "session-1" {
			t.Errorf("%s: right token gives %+v, %v", alg, l, err)
		}
		if n := r.op.Count(idptest.JWKSEndpoint); n > 2 {
			t.Errorf("%s: keys were fetched %d times", alg, n)
		}
	}
}

// TestA128_OtherTokensOfTheProvider: what the provider really signs in a sign-in is no logout token.
func TestA128_OtherTokensOfTheProvider(t *testing.T) {
	r := newRig(t, setup{})
	id := r.mustSignIn()
	_, err := r.p.VerifyLogout(t.Context(), id.IDToken)
	refused(t, err, idp.StepLogoutToken, "nonce")

	now := r.opTime.Now().Unix()
	claims := map[string]any{"iss": r.op.Issuer(), "aud": r.op.ClientID(), "sub": "alice", "iat": now, "exp": now + 60}
	for typ, check := range map[string]string{"": "events", "JWT": "events", "at+jwt": "typ", "logout+jwt": "events"} {
		raw, err := r.op.SignJWT(typ, claims)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.p.VerifyLogout(t.Context(), raw)
		refused(t, err, idp.StepLogoutToken, check)
	}
	for _, raw := range []string{"", ".", "..", "logout", strings.Repeat("a", 70<<10), id.IDToken + ".", `{"payload":""}`} {
		if _, err := r.p.VerifyLogout(t.Context(), raw); err == nil {
			t.Errorf("%.20q was accepted", raw)
		}
	}
}

// TestA128_AnotherClientsToken: a token of our provider for another of its clients ends nothing here.
func TestA128_AnotherClientsToken(t *testing.T) {
	r := newRig(t, setup{})
	raw, err := r.op.LogoutToken("alice", "")
	if err != nil {
		t.Fatal(err)
	}
	other := r.provider(setup{rp: func(c *idp.Config) { c.ClientID = "another" }})
	_, err = other.VerifyLogout(t.Context(), raw)
	refused(t, err, idp.StepLogoutToken, "aud")
	if _, err := r.p.VerifyLogout(t.Context(), raw); err != nil {
		t.Error(err)
	}
}

// TestConformanceRPBackchannel has the OpenID Foundation's modules that are about the token; names are theirs without
// the prefix oidcc-client-test.
func TestConformanceRPBackchannel(t *testing.T) {
	apply := func(name string) func(*idptest.Token) {
		for _, m := range idptest.LogoutMutations() {
			if m.Name == name {
				return m.Apply
			}
		}
		t.Errorf("no mutation %q", name)
		return nil
	}
	for _, c := range []struct {
		module string
		change func(*idptest.Token)
		check  string // empty: accept
	}{
		{"rp-backchannel-rpinitlogout", nil, ""},
		{"rp-backchannel-rpinitlogout-alg-none", apply("alg none"), "alg"},
		{"rp-backchannel-rpinitlogout-no-event", apply("events absent"), "events"},
		{"rp-backchannel-rpinitlogout-with-nonce", apply("nonce there"), "nonce"},
		{"rp-backchannel-rpinitlogout-wrong-alg", apply("HS256 with the client id"), "alg"},
		{"rp-backchannel-rpinitlogout-wrong-aud", apply("aud of another"), "aud"},
		{"rp-backchannel-rpinitlogout-wrong-event", apply("event of another kind"), "events"},
		{"rp-backchannel-rpinitlogout-wrong-iss", apply("iss of another"), "iss"},
	} {
		t.Run(c.module, func(t *testing.T) {
			r := newRig(t, setup{})
			sid := r.mustSignIn().SessionID
			l, err := r.logout(func(token *idptest.Token) {
				token.Claims["sid"] = sid
				if c.change != nil {
					c.change(token)
				}
			})
			if c.check != "" {
				refused(t, err, idp.StepLogoutToken, c.check)
				return
			}
			if err != nil || l.SessionID != sid || l.Subject != "alice" || l.Issuer != r.op.Issuer() || l.Provider != "corp" || l.ID == "" {
				t.Errorf("logout is %+v, %v", l, err)
			}
		})
	}
}

// TestRightLogoutTokens: what the specification leaves open is accepted, so that the refusals mean something; and by
// go-oidc too, where that can take it.
func TestRightLogoutTokens(t *testing.T) {
	set := func(name string, v any) func(*idptest.Token) {
		return func(t *idptest.Token) { t.Claims[name] = v }
	}
	without := func(names ...string) func(*idptest.Token) {
		return func(t *idptest.Token) {
			maps.DeleteFunc(t.Claims, func(n string, _ any) bool { return slices.Contains(names, n) })
		}
	}
	typ := func(v string) func(*idptest.Token) { return func(t *idptest.Token) { t.Header["typ"] = v } }
	move := func(name string, seconds int64) func(*idptest.Token) {
		return func(t *idptest.Token) { t.Claims[name] = t.Claims["iat"].(int64) + seconds }
	}
	for name, change := range map[string]func(*idptest.Token){
		"plain":                   nil,
		"subject alone":           without("sid"),
		"session alone":           without("sub"),
		"without exp":             without("exp"),
		"life of fifteen minutes": move("exp", 900),
		"life of an hour":         move("exp", 3600),
		"without typ":             func(t *idptest.Token) { delete(t.Header, "typ") },
		"typ JWT":                 typ("JWT"),
		"typ in capitals":         typ("LOGOUT+JWT"),
		"typ in full":             typ("application/logout+jwt"),
		"without kid":             func(t *idptest.Token) { delete(t.Header, "kid") },
		"aud a list":              func(t *idptest.Token) { t.Claims["aud"] = []any{t.Claims["aud"]} },
		"aud with others":         func(t *idptest.Token) { t.Claims["aud"] = []any{"other-client", t.Claims["aud"]} },
		"another event beside":    func(t *idptest.Token) { t.Claims["events"].(map[string]any)["urn:x"] = map[string]any{"y": 1} },
		"event not empty":         set("events", map[string]any{backchannelEvent: map[string]any{"why": "admin"}}),
		"claims nobody knows":     set("urn:example:reason", []any{"admin", 7}),
		"issued in fractions":     func(t *idptest.Token) { t.Claims["iat"] = float64(t.Claims["iat"].(int64)) - 0.5 },
		"nbf now":                 move("nbf", 0),
		"nbf within the leeway":   move("nbf", 59),
		"sid as long as it gets":  set("sid", strings.Repeat("ä", 1024)),
		"a minute ahead":          func(t *idptest.Token) { move("exp", 180)(t); move("iat", 60)(t) },
		"almost three minutes old": func(t *idptest.Token) {
			move("exp", 30)(t)
			move("iat", -179)(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, setup{})
			var sent string
			l, err := r.logout(func(token *idptest.Token) {
				if change != nil {
					change(token)
				}
				token.Edit = func(compact string) string { sent = compact; return compact }
			})
			if err != nil {
				t.Fatal(err)
			}
			if l.Subject == "" && l.SessionID == "" || l.ID == "" || l.IssuedAt.IsZero() || !l.Expires.After(r.clock.Now()) {
				t.Errorf("logout is %+v", l)
			}
			if name == "without exp" {
				return // go-oidc demands it
			}
			op, err := oidc.NewProvider(oidc.ClientContext(t.Context(), client(t, "127.0.0.0/8")), r.op.Issuer())
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := op.Verifier(&oidc.Config{ClientID: r.op.ClientID()}).VerifyLogout(t.Context(), sent)
			if err != nil || theirs.Subject != l.Subject || theirs.SessionID != l.SessionID || theirs.TokenID != l.ID {
				t.Errorf("go-oidc reads %+v, %v; we read %+v", theirs, err, l)
			}
		})
	}
}

// TestA128_ExpiresIsWhenReplayEnds: a token is good until just before Logout.Expires and never again.
func TestA128_ExpiresIsWhenReplayEnds(t *testing.T) {
	for name, c := range map[string]struct {
		life  any // of exp after iat, in seconds; nil: no exp
		want  time.Duration
		check string
	}{
		"short":       {int64(30), 90 * time.Second, "exp"},
		"two minutes": {int64(120), 3 * time.Minute, "exp"},
		"long":        {int64(3600), 3 * time.Minute, "iat"},
		"none":        {nil, 3 * time.Minute, "iat"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, setup{})
			r.op.SetHooks(idptest.Hooks{LogoutToken: func(token *idptest.Token) {
				delete(token.Claims, "exp")
				if life, ok := c.life.(int64); ok {
					token.Claims["exp"] = token.Claims["iat"].(int64) + life
				}
			}})
			raw, err := r.op.LogoutToken("alice", "")
			if err != nil {
				t.Fatal(err)
			}
			l, err := r.p.VerifyLogout(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			if got := l.Expires.Sub(l.IssuedAt); got != c.want {
				t.Errorf("token can be shown for %s, want %s", got, c.want)
			}
			r.clock.Add(l.Expires.Sub(r.clock.Now()) - time.Second)
			if _, err := r.p.VerifyLogout(t.Context(), raw); err != nil {
				t.Errorf("a second before: %v", err)
			}
			r.clock.Add(time.Second)
			_, err = r.p.VerifyLogout(t.Context(), raw)
			refused(t, err, idp.StepLogoutToken, c.check)
		})
	}
}

// TestLogoutTokenAfterRotation: logout tokens by new keys are accepted at the first try.
func TestLogoutTokenAfterRotation(t *testing.T) {
	for _, keep := range []bool{true, false} {
		r := newRig(t, setup{})
		r.mustSignIn()
		if err := r.op.Rotate(keep); err != nil {
			t.Fatal(err)
		}
		if _, err := r.logout(nil); err != nil {
			t.Errorf("old keys kept %t: %v", keep, err)
		}
	}
	r := newRig(t, setup{})
	r.op.Fail(idptest.JWKSEndpoint, idptest.Fault{Status: 503})
	_, err := r.logout(nil)
	if e := refused(t, err, idp.StepKeys, "status"); e.Kind != idp.KindUnreachable {
		t.Errorf("kind is %s", e.Kind)
	}
}

// TestA64_LogoutTokensSpendNobodysRefetch: strangers' tokens with made-up kids provoke one fetch in 30 seconds, and
// a sign-in after a rotation still gets its own.
func TestA64_LogoutTokensSpendNobodysRefetch(t *testing.T) {
	r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256"}})
	r.mustSignIn()
	r.op.Forget()
	var tokens []string
	for i := range 200 {
		r.op.SetHooks(idptest.Hooks{LogoutToken: func(token *idptest.Token) { token.Header["kid"] = fmt.Sprint("k", i) }})
		raw, err := r.op.LogoutToken("alice", "")
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, raw)
	}
	r.op.SetHooks(idptest.Hooks{})
	var all sync.WaitGroup
	for part := range 10 {
		all.Go(func() {
			for _, raw := range tokens[part*20 : part*20+20] {
				if _, err := r.p.VerifyLogout(t.Context(), raw); err == nil || !strings.Contains(err.Error(), "kid") {
					t.Errorf("made-up kid gives %v", err)
				}
			}
		})
	}
	all.Wait()
	if d, k := r.op.Count(idptest.DiscoveryEndpoint), r.op.Count(idptest.JWKSEndpoint); d > 1 || k != 1 {
		t.Errorf("metadata were fetched %d times, keys %d times", d, k)
	}
	if err := r.op.Rotate(false); err != nil {
		t.Fatal(err)
	}
	r.mustSignIn()
	for _, raw := range tokens[:20] {
		if _, err := r.p.VerifyLogout(t.Context(), raw); err == nil {
			t.Error("made-up kid was accepted")
		}
	}
	if k := r.op.Count(idptest.JWKSEndpoint); k != 2 {
		t.Errorf("keys were fetched %d times", k)
	}
}
