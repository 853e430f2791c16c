package idp_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// refuseAll tries the mutations for which wanted holds, by two algorithms, and returns how many there were.
func refuseAll(t *testing.T, wanted func(idptest.Mutation) bool) int {
	t.Helper()
	count := 0
	for _, alg := range []string{"RS256", "ES256"} {
		r := newRig(t, setup{op: idptest.Config{Algorithm: alg}})
		r.mustSignIn()
		for _, m := range idptest.Mutations() {
			if !wanted(m) {
				continue
			}
			count++
			t.Run(alg+"/"+m.Name, func(t *testing.T) {
				r.op.SetHooks(idptest.Hooks{IDToken: m.Apply})
				r.op.Forget()
				id, err := r.signIn("claim the token lacks")
				e := refused(t, err, idp.StepIDToken, m.Check)
				if id != nil || e.Kind != idp.KindInvalid {
					t.Errorf("identity %v, kind %s", id, e.Kind)
				}
				if n := r.op.Count(idptest.UserInfoEndpoint); n != 0 {
					t.Errorf("userinfo was asked %d times on the strength of a bad token", n)
				}
			})
		}
		r.op.SetHooks(idptest.Hooks{})
		r.mustSignIn() // the provider is not the worse for it
	}
	return count / 2
}

func byCheck(checks ...string) func(idptest.Mutation) bool {
	return func(m idptest.Mutation) bool { return slices.Contains(checks, m.Check) }
}

func TestA51_IDTokenMutations(t *testing.T) {
	n := refuseAll(t, byCheck("signature", "iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "sub", "at_hash", "auth_time", "sid", "acr", "amr"))
	if n < 60 {
		t.Errorf("%d mutations, 60 are wanted", n)
	}
}

// TestRightVariants: what the specifications leave open is accepted, so that the refusals above mean something.
func TestRightVariants(t *testing.T) {
	for name, change := range map[string]func(*idptest.Token){
		"no at_hash":        func(token *idptest.Token) { delete(token.Claims, "at_hash") },
		"nbf now":           func(token *idptest.Token) { token.Claims["nbf"] = token.Claims["iat"] },
		"aud a list of one": func(token *idptest.Token) { token.Claims["aud"] = []any{token.Claims["aud"]} },
		"azp ours":          func(token *idptest.Token) { token.Claims["azp"] = token.Claims["aud"] },
		"another aud and azp": func(token *idptest.Token) {
			token.Claims["aud"], token.Claims["azp"] = []any{"x", token.Claims["aud"]}, token.Claims["aud"]
		},
		"no typ":              func(token *idptest.Token) { delete(token.Header, "typ") },
		"typ in lower case":   func(token *idptest.Token) { token.Header["typ"] = "jwt" },
		"x5t and more":        func(token *idptest.Token) { token.Header["x5t"], token.Header["ver"] = "abc", 1 },
		"times with fraction": func(token *idptest.Token) { token.Claims["iat"] = float64(token.Claims["iat"].(int64)) + 0.25 },
		"time in exponents":   func(token *idptest.Token) { token.Claims["exp"] = 4.1e9 },
		"amr a string":        func(token *idptest.Token) { token.Claims["amr"] = "pwd" },
		"amr empty":           func(token *idptest.Token) { token.Claims["amr"] = []string{} },
		"null where optional": func(token *idptest.Token) {
			token.Claims["acr"], token.Claims["amr"], token.Claims["sid"] = nil, nil, nil
		},
		"sub of 255":       func(token *idptest.Token) { token.Claims["sub"] = strings.Repeat("é", 255) },
		"claims like ours": func(token *idptest.Token) { token.Claims["Email"], token.Claims["SUBSCRIPTION"] = "x", "y" },
		"sixty kilobytes":  func(token *idptest.Token) { token.Claims["groups"] = strings.Repeat("g", 47<<10) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, setup{})
			r.op.SetHooks(idptest.Hooks{IDToken: change})
			id := r.mustSignIn()
			if name == "amr a string" && (len(id.AMR) != 1 || id.AMR[0] != "pwd") {
				t.Errorf("amr is %v", id.AMR)
			}
		})
	}
}

func TestA52_Algorithms(t *testing.T) {
	if n := refuseAll(t, func(m idptest.Mutation) bool {
		return m.Check == "alg" || strings.Contains(m.Name, "family") || strings.Contains(m.Name, "PSS")
	}); n < 20 {
		t.Errorf("%d mutations", n)
	}
}

// TestA52_ListIsConfiguration: an algorithm the provider advertises and signs with is refused unless configured.
func TestA52_ListIsConfiguration(t *testing.T) {
	for _, alg := range []string{"RS384", "PS512", "ES384"} {
		r := newRig(t, setup{op: idptest.Config{Algorithm: alg}})
		_, err := r.signIn()
		if e := refused(t, err, idp.StepIDToken, "alg"); !strings.Contains(e.Mend, "RS256") {
			t.Errorf("remedy does not name the allowed algorithms: %s", e.Mend)
		}
		r.p = r.provider(setup{rp: func(c *idp.Config) { c.Algorithms = []string{alg} }})
		r.mustSignIn()
	}
}

// TestA53_JOSEHeaders: headers that offer keys are not followed; nothing is fetched from them.
func TestA53_JOSEHeaders(t *testing.T) {
	canary := newCanary(t, "127.0.0.1:0")
	names := []string{"jku", "x5u", "jwk", "kid"}
	r := newRig(t, setup{})
	r.mustSignIn()
	for _, name := range names {
		r.op.SetHooks(idptest.Hooks{IDToken: func(token *idptest.Token) {
			key, err := idptest.NewKey("RS256", 1000)
			if err != nil {
				t.Error(err)
			}
			token.Key = key
			token.Header[name] = "http://" + canary.address + "/" + name
		}})
		if _, err := r.signIn(); err == nil {
			t.Errorf("key offered in %s was used", name)
		}
	}
	if n := canary.hits.Load(); n != 0 {
		t.Errorf("%d connections to an address from a token", n)
	}
	if n := refuseAll(t, func(m idptest.Mutation) bool {
		return slices.Contains([]string{"kid", "crit", "typ"}, m.Check) || strings.HasPrefix(m.Name, "own key") || strings.HasSuffix(m.Name, "elsewhere")
	}); n < 15 {
		t.Errorf("%d mutations", n)
	}
}

// canary counts connections that should never come.
type canary struct {
	address string
	hits    atomic.Int64
}

func newCanary(t testing.TB, address string) *canary {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c := &canary{address: l.Addr().String()}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.hits.Add(1)
			_ = conn.Close()
		}
	}()
	return c
}

func TestA54_ClaimsJSON(t *testing.T) {
	if n := refuseAll(t, byCheck("json")); n < 20 {
		t.Errorf("%d mutations", n)
	}
}

func TestA55_EncryptedAndMalformed(t *testing.T) {
	if n := refuseAll(t, byCheck("encryption", "size", "format")); n < 20 {
		t.Errorf("%d mutations", n)
	}
}

// TestA68_Clocks: a minute of difference is tolerated both ways, more is not.
func TestA68_Clocks(t *testing.T) {
	for _, c := range []struct {
		ahead time.Duration // the upstream's clock against ours
		life  time.Duration
		check string
	}{
		{0, time.Minute, ""},
		{59 * time.Second, time.Minute, ""},
		{60 * time.Second, time.Minute, ""},
		{61 * time.Second, time.Minute, "iat"},
		{time.Hour, 24 * time.Hour, "iat"},
		{-59 * time.Second, time.Second, ""},
		{-60 * time.Second, time.Second, ""},
		{-61 * time.Second, time.Second, "exp"},
		{-61 * time.Second, time.Hour, ""},
		{-time.Hour, time.Minute, "exp"},
		{-time.Hour, 24 * time.Hour, "iat"},
	} {
		t.Run(fmt.Sprintf("%s for %s", c.ahead, c.life), func(t *testing.T) {
			r := newRig(t, setup{op: idptest.Config{Lifetime: c.life}})
			r.opTime.Add(c.ahead)
			_, err := r.signIn()
			switch {
			case c.check == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.check != "":
				refused(t, err, idp.StepIDToken, c.check)
			}
		})
	}
}

// TestA68_ClockSteps: a token that was refused as expired stays refused unless our clock itself goes back to a
// time at which it lived, and a step of the clock disturbs no later sign-in.
func TestA68_ClockSteps(t *testing.T) {
	r := newRig(t, setup{})
	r.mustSignIn()
	for _, step := range []time.Duration{time.Hour, -2 * time.Hour, 24 * time.Hour, -48 * time.Hour, 400 * 24 * time.Hour} {
		r.clock.Add(step)
		if _, err := r.signIn(); err == nil {
			t.Errorf("accepted a token after our clock stepped by %s", step)
		}
		r.opTime.Add(step)
		r.mustSignIn()
	}
}

func TestA18_FreshSignIn(t *testing.T) {
	age := func(seconds int) *int { return &seconds }
	for _, c := range []struct {
		name      string
		prompt    string
		maxAge    *int
		login     time.Duration // before the request; negative: after it
		silent    bool          // no auth_time
		forgotten bool          // Request.Started is zero
		ok        bool
	}{
		{name: "nothing asked, old session", login: 20 * time.Hour, ok: true},
		{name: "nothing asked, nothing said", silent: true, ok: true},
		{name: "login, done now", prompt: "login", ok: true},
		{name: "login, within the leeway", prompt: "login", login: 59 * time.Second, ok: true},
		{name: "login, old session", prompt: "login", login: 2 * time.Minute},
		{name: "login among others, old session", prompt: "consent login", login: 2 * time.Minute},
		{name: "login, nothing said", prompt: "login", silent: true},
		{name: "another prompt, old session", prompt: "select_account", login: time.Hour, ok: true},
		{name: "max_age kept", maxAge: age(3600), login: time.Hour, ok: true},
		{name: "max_age exceeded", maxAge: age(3600), login: 62 * time.Minute},
		{name: "max_age 0, done now", maxAge: age(0), ok: true},
		{name: "max_age 0, old session", maxAge: age(0), login: 2 * time.Minute},
		{name: "max_age, nothing said", maxAge: age(3600), silent: true},
		{name: "login, the request's start forgotten", prompt: "login", login: 2 * time.Minute, forgotten: true},
		{name: "login done now, the request's start forgotten", prompt: "login", forgotten: true, ok: true},
		{name: "login beats max_age", prompt: "login", maxAge: age(86400), login: time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{})
			q := r.request()
			q.Prompt, q.MaxAge = c.prompt, c.maxAge
			r.op.SetUser(idptest.User{Subject: "alice", AuthTime: q.Started.Add(-c.login)})
			if c.silent {
				r.op.SetHooks(idptest.Hooks{IDToken: func(token *idptest.Token) { delete(token.Claims, "auth_time") }})
			}
			if c.forgotten {
				q.Started = time.Time{}
			}
			_, err := r.with(q)
			switch {
			case c.ok && err != nil:
				t.Errorf("refused: %v", err)
			case !c.ok:
				refused(t, err, idp.StepIDToken, "auth_time")
			}
		})
	}
}
