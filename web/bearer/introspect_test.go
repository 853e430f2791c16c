package bearer_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/web/bearer"
)

// oracle is an introspection endpoint that says what it is told to say.
type oracle struct {
	*httptest.Server
	asked   atomic.Int64
	revoked sync.Map // token -> true
	answer  atomic.Pointer[string]
	status  atomic.Int64
	hold    chan struct{}
}

func newOracle(t *testing.T) *oracle {
	t.Helper()
	o := &oracle{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		if o.hold != nil {
			<-o.hold
		}
		id, secret, ok := r.BasicAuth()
		if !ok || id != "api%3A1" || secret != "s%25cret" || r.Method != "POST" || r.URL.RawQuery != "" || r.FormValue("token_type_hint") != "access_token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if status := o.status.Load(); status != 0 {
			w.WriteHeader(int(status))
		}
		if text := o.answer.Load(); text != nil {
			_, _ = io.WriteString(w, *text)
			return
		}
		_, revoked := o.revoked.Load(r.FormValue("token"))
		_ = json.NewEncoder(w).Encode(map[string]any{"active": !revoked})
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *oracle) guard(t *testing.T, is *issuer, now *clock, c bearer.Config) *bearer.Guard {
	t.Helper()
	c.Clients, c.Now = []string{"app"}, now.now
	c.Introspect = &bearer.Introspect{ClientID: "api:1", ClientSecret: "s%cret", Endpoint: o.URL}
	return newGuard(t, is.URL, c)
}

// An answer is used for its own token only, for 5 seconds at most, and for no
// question of scope.
func TestA176_CachedAnswers(t *testing.T) {
	is, other, o, now := newIssuer(t), newIssuer(t), newOracle(t), newClock()
	g := o.guard(t, is, now, bearer.Config{})
	one, two := is.mint(t, now, nil), is.mint(t, now, map[string]any{"scope": "orders/write"})
	verify := func(raw, scope string, status int, asked int64) {
		t.Helper()
		before := o.asked.Load()
		_, err := g.Verify(t.Context(), raw, scope)
		if got := statusOf(t, err); got != status {
			t.Errorf("%d, want %d: %v", got, status, err)
		}
		if n := o.asked.Load() - before; n != asked {
			t.Errorf("asked %d times, want %d", n, asked)
		}
	}
	verify(one, "orders/read", 200, 1)
	verify(one, "orders/read", 200, 0)
	verify(one, "orders/write", 403, 0) // scope is judged anew
	verify(one, "openid", 200, 0)
	verify(two, "orders/write", 200, 1) // of the same jti
	verify(two, "orders/read", 403, 0)
	verify(mint(t, other.ring.Load(), is.URL, now.now(), "", nil), "orders/read", 401, 0) // nobody is asked about forgeries
	parts := strings.Split(one, ".")
	verify(parts[0]+"."+parts[1]+"."+strings.Split(two, ".")[2], "orders/read", 401, 0)

	o.revoked.Store(one, true)
	now.advance(5*time.Second - 1)
	verify(one, "orders/read", 200, 0)
	now.advance(1)
	verify(one, "orders/read", 401, 1)
	verify(two, "orders/write", 200, 1)
	verify(one, "orders/read", 401, 0)
	now.advance(-time.Minute) // a clock that is set back makes no answer last longer
	verify(one, "orders/read", 401, 1)

	second := o.guard(t, other, now, bearer.Config{}) // another issuer's guard shares nothing
	before := o.asked.Load()
	if _, err := second.Verify(t.Context(), one); statusOf(t, err) != 401 || o.asked.Load() != before {
		t.Error(err)
	}
}

func statusOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 200
	}
	return refusal(t, err).Status
}

// Every answer but a plain yes is a no, and no failure is kept.
func TestA176_FailsClosed(t *testing.T) {
	is, now := newIssuer(t), newClock()
	raw := is.mint(t, now, nil)
	for name, c := range map[string]struct {
		answer string
		status int
		want   int
	}{
		"yes":                     {`{"active":true}`, 0, 200},
		"yes, and of whom":        {`{"active":true,"iss":"` + is.URL + `","sub":"9b1d-of-ana","client_id":"app","jti":"jti-1","scope":"openid"}`, 0, 200},
		"no":                      {`{"active":false}`, 0, 401},
		"no, of nobody":           {`{"active":false,"sub":"x"}`, 0, 401},
		"yes in text":             {`{"active":"true"}`, 0, 503},
		"one":                     {`{"active":1}`, 0, 503},
		"nothing":                 {`{}`, 0, 503},
		"null":                    {`null`, 0, 503},
		"yes and no":              {`{"active":false,"active":true}`, 0, 503},
		"Yes":                     {`{"Active":true}`, 0, 503},
		"of another person":       {`{"active":true,"sub":"x"}`, 0, 503},
		"of another client":       {`{"active":true,"client_id":"x"}`, 0, 503},
		"of another issuer":       {`{"active":true,"iss":"https://id.example"}`, 0, 503},
		"of another token":        {`{"active":true,"jti":"x"}`, 0, 503},
		"no JSON":                 {`<html>`, 0, 503},
		"empty":                   {``, 0, 503},
		"yes with a 500":          {`{"active":true}`, 500, 503},
		"yes with a 201":          {`{"active":true}`, 201, 503},
		"unauthorized":            {`{"active":true}`, 401, 503},
		"more than anybody reads": {`{"active":true}` + strings.Repeat(" ", 1<<20), 0, 503},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOracle(t)
			o.answer.Store(&c.answer)
			o.status.Store(int64(c.status))
			g := o.guard(t, is, now, bearer.Config{})
			if _, err := g.Verify(t.Context(), raw); statusOf(t, err) != c.want {
				t.Errorf("%v, want %d", err, c.want)
			}
			if c.want != 503 {
				return
			}
			o.status.Store(0)
			o.answer.Store(nil)
			if _, err := g.Verify(t.Context(), raw); err != nil {
				t.Errorf("after it mended: %v", err)
			}
		})
	}
}

// An issuer that fails is left alone for a second at a time.
func TestIntrospectionIsDown(t *testing.T) {
	is, o, now := newIssuer(t), newOracle(t), newClock()
	g := o.guard(t, is, now, bearer.Config{})
	raw := is.mint(t, now, nil)
	o.status.Store(500)
	for range 50 {
		if _, err := g.Verify(t.Context(), raw); statusOf(t, err) != 503 {
			t.Fatal(err)
		}
	}
	if n := o.asked.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
	o.status.Store(0)
	now.advance(time.Second)
	if _, err := g.Verify(t.Context(), raw); err != nil {
		t.Error(err)
	}
}

// Many requests with one token ask once; a request that leaves stops nobody's.
func TestIntrospectionInOneFlight(t *testing.T) {
	is, o, now := newIssuer(t), newOracle(t), newClock()
	o.hold = make(chan struct{})
	g := o.guard(t, is, now, bearer.Config{})
	raw := is.mint(t, now, nil)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := g.Verify(t.Context(), raw); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "nobody asks", func() bool { return o.asked.Load() == 1 })
	close(o.hold)
	group.Wait()
	if n := o.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// A real hub, asked as a client of its own: what is revoked there ends here within
// five seconds.
func TestIntrospectionAtARealHub(t *testing.T) {
	s := newSite(t)
	got := s.signIn(t, hubtest.ClientID, "openid orders/read")
	g := s.guard(t, bearer.Config{Introspect: &bearer.Introspect{ClientID: hubtest.ClientID, ClientSecret: hubtest.ClientSecret}})
	if _, err := g.Verify(t.Context(), got.Access, "orders/read"); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"token": {got.Refresh}, "client_id": {hubtest.ClientID}, "client_secret": {hubtest.ClientSecret}}
	if a := send(t, s.client, s.issuer+"/oauth2/revoke", form, ""); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	s.Advance(5 * time.Second)
	if _, err := g.Verify(t.Context(), got.Access, "orders/read"); statusOf(t, err) != http.StatusUnauthorized {
		t.Errorf("after it was revoked: %v", err)
	}
}

// The endpoint is found by discovery; without one nothing is good.
func TestIntrospectionEndpointByDiscovery(t *testing.T) {
	is, o, now := newIssuer(t), newOracle(t), newClock()
	config := bearer.Config{Clients: []string{"app"}, Now: now.now, Introspect: &bearer.Introspect{ClientID: "api:1", ClientSecret: "s%cret"}}
	is.document.Store(&map[string]any{"introspection_endpoint": o.URL})
	if _, err := newGuard(t, is.URL, config).Verify(t.Context(), is.mint(t, now, nil)); err != nil || o.asked.Load() != 1 {
		t.Error(err)
	}
	is.document.Store(&map[string]any{"introspection_endpoint": ""})
	_, err := newGuard(t, is.URL, config).Verify(t.Context(), is.mint(t, now, nil))
	if statusOf(t, err) != 503 || !errors.As(err, new(*bearer.Error)) || !strings.Contains(err.Error(), "introspection_endpoint") {
		t.Error(err)
	}
}
