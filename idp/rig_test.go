package idp_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/idp/outbound"
)

const callbackURL = "http://hub.test/oauth2/idpresponse"

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a scripted upstream and its relying party on one clock.
type rig struct {
	t      testing.TB
	op     *idptest.Provider
	p      *idp.Provider
	clock  *clock // of the relying party
	opTime *clock // of the upstream
}

// setup holds what a test changes; its functions may be nil.
type setup struct {
	op    idptest.Config
	rp    func(*idp.Config)
	allow []string // outbound exceptions instead of 127.0.0.0/8
}

func newRig(t testing.TB, s setup) *rig {
	t.Helper()
	start := time.Now().Truncate(time.Second)
	r := &rig{t: t, clock: &clock{now: start}, opTime: &clock{now: start}}
	s.op.RedirectURIs, s.op.Now = []string{callbackURL}, r.opTime.Now
	r.op = idptest.New(t, s.op)
	r.p = r.provider(s)
	return r
}

// provider is one more relying party of the rig's upstream.
func (r *rig) provider(s setup) *idp.Provider {
	r.t.Helper()
	cfg := idp.Config{Name: "corp", Issuer: r.op.Issuer(), ClientID: r.op.ClientID(), ClientSecret: r.op.ClientSecret(), RedirectURI: callbackURL,
		Timeout: time.Minute} // tests of time set their own; the others must pass on a machine that stands still for seconds
	if s.rp != nil {
		s.rp(&cfg)
	}
	if s.allow == nil {
		s.allow = []string{"127.0.0.0/8"}
	}
	p, err := idp.New(cfg, client(r.t, s.allow...), r.clock.Now)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func client(t testing.TB, allow ...string) *http.Client {
	t.Helper()
	policy := outbound.Policy{Allow: allow, HeaderTimeout: time.Minute, Timeout: 2 * time.Minute}
	if roots, err := idptest.Roots(); err == nil {
		policy.RootCAs = roots
	}
	c, err := outbound.New(policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func (r *rig) request() idp.Request {
	return idp.Request{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(), Started: r.clock.Now()}
}

// begin goes as far as the callback's parameters.
func (r *rig) begin(q idp.Request) (url.Values, error) {
	to, err := r.p.AuthorizationURL(r.t.Context(), q)
	if err != nil {
		return nil, err
	}
	return r.op.Approve(to)
}

// signIn goes all the way with a request.
func (r *rig) with(q idp.Request, needs ...string) (*idp.Identity, error) {
	params, err := r.begin(q)
	if err != nil {
		return nil, err
	}
	code, err := r.p.Callback(r.t.Context(), params)
	if err != nil {
		return nil, err
	}
	return r.p.Exchange(r.t.Context(), q, code, needs)
}

// signIn goes all the way.
func (r *rig) signIn(needs ...string) (*idp.Identity, error) { return r.with(r.request(), needs...) }

// mustSignIn fails the test if the sign-in does.
func (r *rig) mustSignIn(needs ...string) *idp.Identity {
	r.t.Helper()
	id, err := r.signIn(needs...)
	if err != nil {
		r.t.Fatalf("sign-in: %v", err)
	}
	return id
}

// refused wants an *idp.Error of this step and check, fit to be shown.
func refused(t testing.TB, err error, step idp.Step, check string) *idp.Error {
	t.Helper()
	var e *idp.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want one of step %s, check %s", err, step, check)
	}
	if e.Step != step || e.Check != check {
		t.Fatalf("refused at step %s, check %s (%v), want %s, %s", e.Step, e.Check, e, step, check)
	}
	if e.Mend == "" || e.Provider != "corp" || e.Kind == "" {
		t.Errorf("error lacks provider, kind or remedy: %#v", e)
	}
	if utf8.RuneCountInString(e.Error()) > 1000 || strings.ContainsFunc(e.Error(), func(r rune) bool { return r < ' ' }) {
		t.Errorf("error text is not fit to be shown: %q", e.Error())
	}
	return e
}

// within runs f and wants it done in time.
func within(t testing.TB, d time.Duration, f func(context.Context)) {
	t.Helper()
	start := time.Now()
	f(t.Context())
	if took := time.Since(start); took > d {
		t.Errorf("took %s, at most %s are allowed", took, d)
	}
}
