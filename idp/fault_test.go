package idp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// expected is what a relying party must say of a fault of the catalogue: its check, by endpoint where they differ.
var expected = map[string]map[idptest.Endpoint]string{
	"refuse-500":      {"": "status"},
	"unavailable-503": {"": "status"},
	"not-found-404":   {"": "status"},
	"hang":            {"": "timeout"},
	"drip":            {"": "timeout"},
	"reset":           {"": "reset"},
	"cut":             {"": "reset"},
	"huge":            {"": "size"},
	"endless":         {"": "size"},
	"bomb":            {"": "size"},
	"html":            {"": "content_type"},
	"wrong-type":      {"": "content_type"},
	"malformed":       {"": "json"},
	"duplicate":       {"": "json"},
	"empty":           {"": "json"},
	"redirect-loop":   {"": "address", idptest.TokenEndpoint: "redirect"},
	"invalid_client":  {"": "status", idptest.TokenEndpoint: "error", idptest.UserInfoEndpoint: "error"},
	"invalid_grant":   {"": "status", idptest.TokenEndpoint: "error", idptest.UserInfoEndpoint: "error"},
}

var steps = map[idptest.Endpoint]idp.Step{
	idptest.DiscoveryEndpoint: idp.StepDiscovery, idptest.JWKSEndpoint: idp.StepKeys,
	idptest.TokenEndpoint: idp.StepToken, idptest.UserInfoEndpoint: idp.StepUserInfo,
}

// TestA67_Faults: every fault at every endpoint ends in time, under its name, and leaves the provider usable.
func TestA67_Faults(t *testing.T) {
	for _, fault := range idptest.Faults() {
		patience := 20 * time.Second // no fault but these two should need any
		if fault.Hang || fault.Drip > 0 {
			patience = 2 * time.Second
		}
		for _, endpoint := range idptest.Endpoints() {
			t.Run(fault.Name+" at "+string(endpoint), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256", Thin: true}, rp: func(c *idp.Config) { c.Timeout = patience }})
				if endpoint == idptest.AuthorizationEndpoint || endpoint == idptest.EndSessionEndpoint {
					// These two are for browsers: the relying party makes no request to them, so their faults are not its own.
					params, q := params(t, r)
					r.op.Fail(endpoint, fault.Fault)
					if _, err := r.p.Exchange(t.Context(), q, params, []string{"email"}); err != nil {
						t.Errorf("refused: %v", err)
					}
					return
				}
				r.op.Fail(endpoint, fault.Fault)
				within(t, 4*patience, func(context.Context) {
					_, err := r.signIn("email")
					check, ok := expected[fault.Name][endpoint]
					if !ok {
						check = expected[fault.Name][""]
					}
					e := refused(t, err, steps[endpoint], check)
					if e.Endpoint != r.op.URL(endpoint) || e.Elapsed > 2*patience {
						t.Errorf("endpoint %q, elapsed %s", e.Endpoint, e.Elapsed)
					}
				})
				r.op.Heal()
				var err error
				for range 5 { // a busy machine may need more than one try within a short patience
					r.clock.Add(5 * time.Second)
					r.opTime.Add(5 * time.Second)
					if _, err = r.signIn("email"); err == nil {
						return
					}
				}
				t.Errorf("healed, and still: %v", err)
			})
		}
	}
}

// params goes to the callback and returns the code with its request.
func params(t *testing.T, r *rig) (string, idp.Request) {
	t.Helper()
	q := r.request()
	got, err := r.begin(q)
	if err != nil {
		t.Fatal(err)
	}
	return got.Get("code"), q
}

// TestA67_NoConnection: faults below HTTP.
func TestA67_NoConnection(t *testing.T) {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	go func() {
		for {
			c, err := plain.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("SSH-2.0-x\r\n"))
			_ = c.Close()
		}
	}()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	untrusted := idptest.New(t, idptest.Config{TLS: true})
	trusting, err := outbound.New(outbound.Policy{Allow: []string{"127.0.0.0/8"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, issuer, check string
		kind                idp.Kind
		client              *http.Client
	}{
		{"no such name", "https://idp.invalid", "dns", idp.KindUnreachable, nil},
		{"nobody listens", "http://" + closed.Addr().String(), "connect", idp.KindUnreachable, nil},
		{"no TLS there", "https://" + plain.Addr().String(), "tls", idp.KindUnreachable, nil},
		{"no HTTP there", "http://" + plain.Addr().String(), "connect", idp.KindUnreachable, nil},
		{"certificate of an unknown authority", untrusted.Issuer(), "tls", idp.KindUnreachable, trusting},
		{"forbidden address", "https://10.0.0.1", "address", idp.KindBlocked, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			hc := c.client
			if hc == nil {
				hc = client(t, "127.0.0.0/8")
			}
			p, err := idp.New(idp.Config{Name: "corp", Issuer: c.issuer, ClientID: "c", RedirectURI: callbackURL, Timeout: 3 * time.Second}, hc, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Discover(t.Context())
			if e := refused(t, err, idp.StepDiscovery, c.check); e.Kind != c.kind {
				t.Errorf("kind is %s: %v", e.Kind, e)
			}
		})
	}
}

// TestA60_InsideAddresses: whatever the provider names as endpoint, nothing inside is dialled.
func TestA60_InsideAddresses(t *testing.T) {
	canary := newCanary(t, "127.0.0.2:0")
	_, port, err := net.SplitHostPort(canary.address)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.2", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "[::127.0.0.2]", "[64:ff9b::127.0.0.2]", "[2002:7f00:2::]", "0.0.0.0", "[::]", "localhost", "LOCALHOST.", "2130706434", "0x7f000002", "127.2"} {
		for _, scheme := range []string{"https", "http"} {
			for _, endpoint := range []string{"jwks_uri", "token_endpoint", "userinfo_endpoint"} {
				t.Run(scheme+" "+host+" as "+endpoint, func(t *testing.T) {
					r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256", Thin: true}})
					// Only the provider itself is listed.
					_, own, _ := strings.Cut(r.op.Issuer(), "://")
					r.p = r.provider(setup{allow: []string{own}, rp: func(c *idp.Config) { c.Timeout = 2 * time.Second }})
					r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) { doc[endpoint] = scheme + "://" + host + ":" + port + "/x" }})
					_, err := r.signIn("email")
					var e *idp.Error
					if !errors.As(err, &e) || e.Kind != idp.KindBlocked && e.Check != "endpoints" && e.Check != "dns" {
						t.Errorf("sign-in gave %v", err)
					}
				})
			}
		}
	}
	if n := canary.hits.Load(); n != 0 {
		t.Errorf("%d connections inside", n)
	}
}

// TestA61_Redirects: no redirect carries a secret away.
func TestA61_Redirects(t *testing.T) {
	canary := newCanary(t, "127.0.0.1:0")
	for _, c := range []struct {
		endpoint idptest.Endpoint
		status   int
		check    string
	}{
		{idptest.TokenEndpoint, 0, "redirect"}, {idptest.UserInfoEndpoint, 0, "address"},
	} {
		r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256", Thin: true}})
		r.op.Fail(c.endpoint, idptest.Fault{Redirect: "http://" + canary.address + "/"})
		_, err := r.signIn("email")
		refused(t, err, steps[c.endpoint], c.check)
	}
	if n := canary.hits.Load(); n != 0 {
		t.Errorf("%d connections to where the redirect led", n)
	}
	// Documents may move, but not to another scheme.
	for _, endpoint := range []idptest.Endpoint{idptest.DiscoveryEndpoint, idptest.JWKSEndpoint} {
		r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256"}})
		r.op.Fail(endpoint, idptest.Fault{Redirect: "https://" + canary.address + "/", Times: 1})
		_, err := r.signIn()
		if e := refused(t, err, steps[endpoint], "address"); e.Kind != idp.KindBlocked {
			t.Errorf("kind is %s", e.Kind)
		}
		r.op.Fail(endpoint, idptest.Fault{Redirect: "?moved=1", Times: 3})
		r.clock.Add(2 * time.Second)
		r.opTime.Add(2 * time.Second)
		r.mustSignIn()
	}
}

// TestA61_ForeignClient: a client made elsewhere, without a redirect rule, is given ours.
func TestA61_ForeignClient(t *testing.T) {
	canary := newCanary(t, "127.0.0.1:0")
	r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256"}})
	plain := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(plain.CloseIdleConnections)
	var err error
	r.p, err = idp.New(idp.Config{Name: "corp", Issuer: r.op.Issuer(), ClientID: "client", ClientSecret: "secret", RedirectURI: callbackURL}, plain, r.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	r.mustSignIn()
	r.op.Fail(idptest.TokenEndpoint, idptest.Fault{Redirect: "http://" + canary.address + "/"})
	_, err = r.signIn()
	refused(t, err, idp.StepToken, "redirect")
	if plain.CheckRedirect != nil || canary.hits.Load() != 0 {
		t.Errorf("the caller's client was changed, or the redirect followed (%d)", canary.hits.Load())
	}
}

// TestA63_HugeAnswers: bodies are cut at their limit after decompression, at small cost.
func TestA63_HugeAnswers(t *testing.T) {
	for endpoint, limit := range map[idptest.Endpoint]int64{
		idptest.DiscoveryEndpoint: 512 << 10, idptest.JWKSEndpoint: 512 << 10, idptest.TokenEndpoint: 1 << 20, idptest.UserInfoEndpoint: 1 << 20,
	} {
		t.Run(string(endpoint), func(t *testing.T) {
			r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256", Thin: true}})
			r.op.Fail(endpoint, idptest.Fault{Pad: limit})
			r.mustSignIn("email")
			for _, fault := range []idptest.Fault{{Pad: limit + 1}, {Pad: limit + 1, Gzip: true}, {Pad: 64 << 20, Gzip: true}, {Endless: true}} {
				r.p = r.provider(setup{})
				r.op.Fail(endpoint, fault)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := r.signIn("email")
				runtime.ReadMemStats(&after)
				refused(t, err, steps[endpoint], "size")
				// All that was allocated on both sides, freed or not: more than is ever in use.
				if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
					t.Errorf("%+v cost %d KiB", fault, grown>>10)
				}
			}
		})
	}
}

// TestA63_ExpensiveJSON: an answer within its limit that unfolds to a large tree is refused before it does.
func TestA63_ExpensiveJSON(t *testing.T) {
	r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256", Thin: true}})
	for _, piece := range []string{"{},", "[],", `"",`, "1,", `{"":0},`} {
		body := `{"sub":"alice","x":[` + strings.Repeat(piece, (1<<20-100)/len(piece)) + `0]}`
		r.op.Fail(idptest.UserInfoEndpoint, idptest.Fault{Body: body, ContentType: "application/json"})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := r.signIn("email")
		runtime.ReadMemStats(&after)
		refused(t, err, idp.StepUserInfo, "json")
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
			t.Errorf("%s cost %d KiB in all", piece, grown>>10)
		}
	}
}

// TestA72_ErrorsHoldNoSecrets: whatever fails, no field of the error has a secret, a code or a token in it (A72).
func TestA72_ErrorsHoldNoSecrets(t *testing.T) {
	try := func(r *rig, what string) {
		t.Helper()
		q := r.request()
		secrets := []string{q.State, q.Nonce, q.Verifier, "hush-hush-secret"}
		params, err := r.begin(q)
		if err == nil {
			secrets = append(secrets, params.Get("code"))
			_, err = r.p.Exchange(t.Context(), q, params.Get("code"), []string{"claim the token lacks"})
		}
		var e *idp.Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: %v", what, err)
		}
		text := fmt.Sprintf("%s %+v %#v %s %s %+v", e, *e, *e, e.Mend, e.Cause, e.Calls)
		for unwrapped := error(e); unwrapped != nil; unwrapped = errors.Unwrap(unwrapped) {
			text += fmt.Sprintf(" %v %+v", unwrapped, unwrapped)
		}
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s: error has a secret in it: %s", what, text)
			}
		}
		if strings.Contains(text, "eyJ") {
			t.Errorf("%s: error has a token in it: %s", what, text)
		}
	}
	config := setup{op: idptest.Config{Algorithm: "ES256", ClientSecret: "hush-hush-secret"}, rp: func(c *idp.Config) {
		c.Timeout, c.AuthMethod = 300*time.Millisecond, idp.AuthPost
	}}
	for _, fault := range idptest.Faults() {
		for endpoint := range steps {
			r := newRig(t, config)
			r.op.Fail(endpoint, fault.Fault)
			if !fault.Hang && fault.Drip == 0 {
				try(r, fault.Name+" at "+string(endpoint))
			}
		}
	}
	r := newRig(t, config)
	for _, m := range idptest.Mutations() {
		r.op.SetHooks(idptest.Hooks{IDToken: m.Apply})
		try(r, m.Name)
	}
	cfg := idp.Config{Name: "x", Issuer: "y", ClientSecret: "hush-hush-secret"}
	if text := fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg.LogValue()); strings.Contains(text, "hush") {
		t.Errorf("configuration shows its secret: %s", text)
	}
}

// TestObserverHearsOfEveryCall, in the background too.
func TestObserverHearsOfEveryCall(t *testing.T) {
	calls := make(chan idp.Call, 100)
	r := newRig(t, setup{op: idptest.Config{Thin: true}, rp: func(c *idp.Config) { c.Observe = func(call idp.Call) { calls <- call } }})
	r.mustSignIn("email")
	for _, step := range []idp.Step{idp.StepDiscovery, idp.StepToken, idp.StepKeys, idp.StepUserInfo} {
		if c := <-calls; c.Step != step || c.Status != 200 || c.Provider != "corp" || c.Elapsed <= 0 || c.Kind != "" || strings.Contains(c.Endpoint, "?") {
			t.Errorf("call is %+v, want step %s", c, step)
		}
	}
	r.op.Fail(idptest.TokenEndpoint, idptest.Fault{Reset: true})
	_, _ = r.signIn()
	if c := <-calls; c.Status != 0 || c.Kind != idp.KindUnreachable {
		t.Errorf("call is %+v", c)
	}
}
