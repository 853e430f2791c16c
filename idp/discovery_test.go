package idp_test

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

func TestA59_Discovery(t *testing.T) {
	for _, c := range []struct {
		name, check string
		change      func(doc map[string]any, issuer string)
	}{
		{"another issuer", "issuer", func(doc map[string]any, _ string) { doc["issuer"] = "https://attacker.example" }},
		{"issuer with a slash more", "issuer", func(doc map[string]any, issuer string) { doc["issuer"] = issuer + "/" }},
		{"issuer in capitals", "issuer", func(doc map[string]any, issuer string) { doc["issuer"] = strings.ToUpper(issuer) }},
		{"issuer absent", "issuer", func(doc map[string]any, _ string) { delete(doc, "issuer") }},
		{"issuer a list", "json", func(doc map[string]any, issuer string) { doc["issuer"] = []string{issuer} }},
		{"Issuer in another case", "json", func(doc map[string]any, issuer string) { doc["Issuer"] = issuer }},
		{"token endpoint on http", "endpoints", func(doc map[string]any, _ string) { doc["token_endpoint"] = "http://idp.example/token" }},
		{"keys on http", "endpoints", func(doc map[string]any, _ string) { doc["jwks_uri"] = "http://idp.example/jwks" }},
		{"authorization on http", "endpoints", func(doc map[string]any, _ string) { doc["authorization_endpoint"] = "http://idp.example/auth" }},
		{"userinfo on http", "endpoints", func(doc map[string]any, _ string) { doc["userinfo_endpoint"] = "http://idp.example/me" }},
		{"logout on http", "endpoints", func(doc map[string]any, _ string) { doc["end_session_endpoint"] = "http://idp.example/out" }},
		{"script as authorization", "endpoints", func(doc map[string]any, _ string) { doc["authorization_endpoint"] = "javascript:alert(1)" }},
		{"file as keys", "endpoints", func(doc map[string]any, _ string) { doc["jwks_uri"] = "file:///etc/passwd" }},
		{"relative token endpoint", "endpoints", func(doc map[string]any, _ string) { doc["token_endpoint"] = "/token" }},
		{"user in a URL", "endpoints", func(doc map[string]any, _ string) { doc["token_endpoint"] = "https://idp.example@attacker.example/" }},
		{"fragment in a URL", "endpoints", func(doc map[string]any, _ string) { doc["authorization_endpoint"] = "https://idp.example/a#b" }},
		{"unreadable query", "endpoints", func(doc map[string]any, _ string) { doc["authorization_endpoint"] = "https://idp.example/a?x=%zz" }},
		{"no token endpoint", "endpoints", func(doc map[string]any, _ string) { delete(doc, "token_endpoint") }},
		{"no keys", "endpoints", func(doc map[string]any, _ string) { delete(doc, "jwks_uri") }},
		{"no authorization endpoint", "endpoints", func(doc map[string]any, _ string) { delete(doc, "authorization_endpoint") }},
		{"no code flow", "endpoints", func(doc map[string]any, _ string) { doc["response_types_supported"] = []string{"id_token"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{})
			r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) { c.change(doc, r.op.Issuer()) }})
			_, err := r.p.Discover(t.Context())
			refused(t, err, idp.StepDiscovery, c.check)
		})
	}
}

// TestA59_ChangedLater: at refresh the old values stay, sign-ins go on, and the observer hears of the refresh.
func TestA59_ChangedLater(t *testing.T) {
	stale := make(chan *idp.Error, 100)
	r := newRig(t, setup{rp: func(c *idp.Config) { c.Stale = func(e *idp.Error) { stale <- e } }})
	r.mustSignIn()
	r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) { doc["issuer"] = "https://attacker.example" }})
	for range 5 {
		r.clock.Add(11 * time.Minute)
		r.opTime.Add(11 * time.Minute)
		r.mustSignIn()
	}
	refused(t, <-stale, idp.StepDiscovery, "issuer")
	if h := r.p.Health(); h.Failure == nil || h.Failure.Check != "issuer" || h.Metadata.IsZero() || h.Keys.IsZero() || h.Failed.IsZero() {
		t.Errorf("health is %+v", h)
	}
	m, err := r.p.Discover(t.Context())
	if err != nil || m.Issuer != r.op.Issuer() {
		t.Errorf("metadata are %+v, %v", m, err)
	}
	// A day later the old values are too old to be used.
	r.clock.Add(25 * time.Hour)
	_, err = r.p.Discover(t.Context())
	refused(t, err, idp.StepDiscovery, "issuer")
}

func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	for range 200 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("did not happen within two seconds")
}

func TestDiscoveryIsCached(t *testing.T) {
	r := newRig(t, setup{})
	for range 20 {
		r.mustSignIn()
	}
	if d, k := r.op.Count(idptest.DiscoveryEndpoint), r.op.Count(idptest.JWKSEndpoint); d != 1 || k != 1 {
		t.Errorf("discovery was fetched %d times, keys %d times", d, k)
	}
	r.clock.Add(11 * time.Minute)
	r.opTime.Add(11 * time.Minute)
	r.mustSignIn()
	eventually(t, func() bool {
		return r.op.Count(idptest.DiscoveryEndpoint) == 2 && r.op.Count(idptest.JWKSEndpoint) == 2
	})
}

func TestDiscoveryIsFetchedOnceForAll(t *testing.T) {
	r := newRig(t, setup{})
	r.op.Fail(idptest.DiscoveryEndpoint, idptest.Fault{Delay: 50 * time.Millisecond, Status: 200})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := r.p.Discover(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := r.op.Count(idptest.DiscoveryEndpoint); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// TestA67_DeadUpstreamIsNotHammered: while a circuit is open, nothing is tried and the answer comes at once, with the
// first failure inside; the pauses grow to a minute; a healthy answer ends it.
func TestA67_DeadUpstreamIsNotHammered(t *testing.T) {
	r := newRig(t, setup{})
	r.op.Fail(idptest.DiscoveryEndpoint, idptest.Fault{Status: 503})
	_, err := r.p.AuthorizationURL(t.Context(), r.request())
	if e := refused(t, err, idp.StepDiscovery, "status"); e.Kind != idp.KindUnreachable || e.Status != 503 || len(e.Calls) != 1 {
		t.Errorf("error is %+v", e)
	}
	for range 1000 {
		_, err := r.p.AuthorizationURL(t.Context(), r.request())
		if e := refused(t, err, idp.StepDiscovery, "status"); e.Kind != idp.KindOpen || len(e.Calls) != 0 || !strings.Contains(e.Error(), "503") {
			t.Fatalf("error is %+v", e)
		}
	}
	if n := r.op.Count(idptest.DiscoveryEndpoint); n != 1 {
		t.Errorf("asked %d times", n)
	}
	for range 3600 {
		r.clock.Add(time.Second)
		_, _ = r.p.Discover(t.Context())
	}
	if n := r.op.Count(idptest.DiscoveryEndpoint); n < 60 || n > 70 {
		t.Errorf("asked %d times in an hour, want about once a minute", n)
	}
	r.op.Heal()
	r.clock.Add(-time.Hour)
	r.mustSignIn()
}

// TestA67_TokenEndpointCircuit: after five silent failures people are told before they are sent upstream, and one trial
// per pause finds out when it is over.
func TestA67_TokenEndpointCircuit(t *testing.T) {
	r := newRig(t, setup{})
	r.op.Fail(idptest.TokenEndpoint, idptest.Fault{Status: 502})
	for range 5 {
		_, err := r.signIn()
		if e := refused(t, err, idp.StepToken, "status"); e.Kind != idp.KindUnreachable {
			t.Errorf("kind is %s", e.Kind)
		}
	}
	_, err := r.p.AuthorizationURL(t.Context(), r.request())
	if e := refused(t, err, idp.StepToken, "status"); e.Kind != idp.KindOpen {
		t.Errorf("kind is %s", e.Kind)
	}
	if _, err := r.p.Exchange(t.Context(), r.request(), "code", nil); refused(t, err, idp.StepToken, "status").Kind != idp.KindOpen {
		t.Errorf("error is %v", err)
	}
	if n := r.op.Count(idptest.TokenEndpoint); n != 5 {
		t.Errorf("asked %d times", n)
	}
	r.clock.Add(1100 * time.Millisecond)
	_, err = r.signIn() // the trial
	if e := refused(t, err, idp.StepToken, "status"); e.Kind != idp.KindUnreachable {
		t.Errorf("kind is %s", e.Kind)
	}
	if _, err := r.p.AuthorizationURL(t.Context(), r.request()); err == nil {
		t.Error("the circuit closed after a failed trial")
	}
	if h := r.p.Health(); h.Failure == nil || h.Failure.Step != idp.StepToken || h.Failure.Mend == "" {
		t.Errorf("health is %+v", h)
	}
	r.op.Heal()
	r.clock.Add(time.Minute)
	for range 3 {
		r.mustSignIn()
	}
	if h := r.p.Health(); h.Failure != nil {
		t.Errorf("health is %+v", h)
	}
}

// TestA67_UserInfoCircuit: a dead userinfo endpoint costs the first few people their time, not everybody; who needs
// nothing from it signs in.
func TestA67_UserInfoCircuit(t *testing.T) {
	r := newRig(t, setup{op: idptest.Config{Thin: true}})
	r.op.Fail(idptest.UserInfoEndpoint, idptest.Fault{Status: 500})
	for range 8 {
		_, err := r.signIn("email")
		refused(t, err, idp.StepUserInfo, "status")
	}
	if n := r.op.Count(idptest.UserInfoEndpoint); n != 5 {
		t.Errorf("asked %d times", n)
	}
	r.mustSignIn()
	r.op.Heal()
	r.clock.Add(2 * time.Second)
	r.mustSignIn("email")
	r.mustSignIn("email")
}

// TestA67_RefusalsOpenNothing: a provider that says no is alive, however often.
func TestA67_RefusalsOpenNothing(t *testing.T) {
	r := newRig(t, setup{})
	r.op.Fail(idptest.TokenEndpoint, idptest.Fault{Error: "invalid_grant"})
	for range 10 {
		_, err := r.signIn()
		refused(t, err, idp.StepToken, "error")
	}
	r.op.Heal()
	r.mustSignIn()
}

// TestA67_UpstreamComesUpLater: a hub that started first works as soon as the provider is there.
func TestA67_UpstreamComesUpLater(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	now := &clock{now: time.Now()}
	p, err := idp.New(idp.Config{Name: "corp", Issuer: "http://" + address, ClientID: "client", ClientSecret: "secret", RedirectURI: callbackURL}, client(t, address), now.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.AuthorizationURL(t.Context(), (&rig{clock: now}).request())
	if e := refused(t, err, idp.StepDiscovery, "connect"); e.Kind != idp.KindUnreachable {
		t.Errorf("kind is %s", e.Kind)
	}
	op := idptest.New(t, idptest.Config{Address: address})
	now.Add(2 * time.Second)
	r := &rig{t: t, op: op, p: p, clock: now}
	r.mustSignIn()
}

// TestA67_CachedKeysServe: cached metadata and keys serve for a day when everything but the token endpoint is down.
func TestA67_CachedKeysServe(t *testing.T) {
	r := newRig(t, setup{})
	r.mustSignIn()
	r.op.Fail(idptest.DiscoveryEndpoint, idptest.Fault{Reset: true})
	r.op.Fail(idptest.JWKSEndpoint, idptest.Fault{Status: 500})
	for range 46 {
		r.clock.Add(30 * time.Minute)
		r.opTime.Add(30 * time.Minute)
		r.mustSignIn()
	}
}
