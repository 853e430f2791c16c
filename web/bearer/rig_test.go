package bearer_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/web"
	"github.com/isthmus-hub/isthmus/web/bearer"
)

// site is a real hub on a real port, with a pool whose issuer is that port.
type site struct {
	*hubtest.Hub
	pool   *hub.Pool
	issuer string
	client *http.Client
}

func newSite(t *testing.T) *site {
	t.Helper()
	h := hubtest.New(t)
	s := &site{Hub: h, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	server := httptest.NewUnstartedServer(nil)
	s.issuer = "http://" + server.Listener.Addr().String()
	s.pool = h.AddPool("api", s.issuer)
	for _, c := range s.pool.Clients {
		c.Scopes = append(c.Scopes, "orders/read", "orders/write")
	}
	h.AddUser(s.pool, hubtest.Username, directory.NewUser{
		Password: hubtest.Password, Attributes: map[string]string{"email": "ana@corp.example", "email_verified": "true"},
	})
	handler, err := web.New(web.Options{SignIn: h.SignIn, Logout: h.Logout, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	if err := handler.Mount([]*hub.Pool{s.pool}); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// guard protects with this hub's published keys, by this hub's clock.
func (s *site) guard(t *testing.T, c bearer.Config) *bearer.Guard {
	t.Helper()
	c.Now = s.Now
	if c.Clients == nil && c.Audience == nil {
		c.Clients = []string{hubtest.ClientID}
	}
	return newGuard(t, s.issuer, c)
}

func newGuard(t testing.TB, issuer string, c bearer.Config) *bearer.Guard {
	t.Helper()
	g, err := bearer.New(t.Context(), issuer, c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

type tokens struct {
	Access  string `json:"access_token"`
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`
	code    string
}

// signIn walks a person through the hosted page and gives an app its tokens.
func (s *site) signIn(t *testing.T, client, scope string) tokens {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := *s.client
	browser.Jar = jar
	at := s.issuer + "/oauth2/authorize?" + hubtest.Authorization("scope", scope, "client_id", client).Encode()
	var form url.Values
	for range 10 {
		answer := send(t, &browser, at, form, "")
		if location := answer.Header.Get("Location"); location != "" {
			next, err := answer.Request.URL.Parse(location)
			if err != nil {
				t.Fatal(err)
			}
			if code := next.Query().Get("code"); code != "" {
				return s.redeem(t, client, code)
			}
			at, form = next.String(), nil
			continue
		}
		page, err := goquery.NewDocumentFromReader(strings.NewReader(answer.body))
		if err != nil {
			t.Fatal(err)
		}
		fields := page.Find("form[method=post]").First()
		action, err := answer.Request.URL.Parse(fields.AttrOr("action", ""))
		if err != nil || fields.Length() == 0 {
			t.Fatalf("no form on the page:\n%s", answer.body)
		}
		at, form = action.String(), url.Values{"username": {hubtest.Username}, "password": {hubtest.Password}}
		fields.Find("input[type=hidden]").Each(func(_ int, in *goquery.Selection) { form.Set(in.AttrOr("name", ""), in.AttrOr("value", "")) })
	}
	t.Fatal("no code")
	return tokens{}
}

func (s *site) redeem(t *testing.T, client, code string) tokens {
	t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {hubtest.Callback},
		"code_verifier": {hubtest.Verifier}, "client_id": {client},
	}
	if client == hubtest.ClientID {
		form.Set("client_secret", hubtest.ClientSecret)
	}
	answer := send(t, s.client, s.issuer+"/oauth2/token", form, "")
	got := tokens{code: code}
	if err := json.Unmarshal([]byte(answer.body), &got); err != nil || got.Access == "" {
		t.Fatalf("token endpoint: %d %s", answer.StatusCode, answer.body)
	}
	return got
}

// mint signs claims with the hub's own key: an access token as the hub makes
// them, changed.
func (s *site) mint(t testing.TB, typ token.Type, changes map[string]any) string {
	t.Helper()
	return mint(t, s.pool.Keys.Ring(), s.issuer, s.Now(), typ, changes)
}

// mint signs the claims of an access token of issuer's client "app", changed; a
// nil takes a claim away.
func mint(t testing.TB, ring *token.Ring, issuer string, now time.Time, typ token.Type, changes map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": issuer, "sub": "9b1d-of-ana", "client_id": hubtest.ClientID, "token_use": "access", "scope": "openid orders/read",
		"exp": now.Add(time.Hour).Unix(), "iat": now.Unix(), "auth_time": now.Unix(), "jti": "jti-1", "username": "ana", "version": 2,
		"origin_jti": "grant-1", "event_id": "event-1",
	}
	for name, value := range changes {
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := ring.Sign(payload, typ)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// issuer is a scripted issuer: real keys, real HTTP, and what a hub never does.
type issuer struct {
	*httptest.Server
	ring     atomic.Pointer[token.Ring]
	document atomic.Pointer[map[string]any] // members that replace those of the metadata
	keys     atomic.Pointer[string]         // replaces the key set
	down     atomic.Bool
	fetches  atomic.Int64                  // of the key set
	hold     atomic.Pointer[chan struct{}] // a key set is sent, as it was, when this is closed
}

func newIssuer(t testing.TB, algorithms ...token.Algorithm) *issuer {
	t.Helper()
	if len(algorithms) == 0 {
		algorithms = []token.Algorithm{token.ES256}
	}
	i := &issuer{}
	i.turn(t, algorithms...)
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		members := map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "introspection_endpoint": i.URL + "/introspect"}
		if changed := i.document.Load(); changed != nil {
			maps.Copy(members, *changed)
		}
		_ = json.NewEncoder(w).Encode(members)
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		text := string(i.ring.Load().JWKS())
		if other := i.keys.Load(); other != nil {
			text = *other
		}
		i.fetches.Add(1)
		if hold := i.hold.Load(); hold != nil {
			select {
			case <-*hold:
			case <-r.Context().Done():
			}
		}
		_, _ = io.WriteString(w, text)
	})
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

// turn gives the issuer new keys only: an emergency withdrawal of all others.
func (i *issuer) turn(t testing.TB, algorithms ...token.Algorithm) {
	t.Helper()
	var keys []*token.Key
	for _, a := range algorithms {
		k, err := token.Generate(a)
		if err != nil {
			t.Fatal(err)
		}
		k.State = token.Active
		keys = append(keys, k)
	}
	ring, err := token.NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	i.ring.Store(ring)
}

func (i *issuer) mint(t testing.TB, c *clock, changes map[string]any) string {
	t.Helper()
	return mint(t, i.ring.Load(), i.URL, c.now(), token.TypeNone, changes)
}

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type answer struct {
	*http.Response
	body string
}

// send makes a request with a token in Authorization, unless that is empty: a
// POST if there is a form.
func send(t testing.TB, client *http.Client, address string, form url.Values, authorization string) answer {
	t.Helper()
	method, body := "GET", io.Reader(nil)
	if form != nil {
		method, body = "POST", strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(context.Background(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return do(t, client, r)
}

func do(t testing.TB, client *http.Client, r *http.Request) answer {
	t.Helper()
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, string(text)}
}

// ask serves one request in memory; headers are name and value in turn.
func ask(h http.Handler, method, target string, headers ...string) answer {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{w.Result(), w.Body.String()}
}

// whose is a protected handler that says whose token it was.
var whose = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	c := bearer.Token(r.Context())
	_, _ = io.WriteString(w, c.Subject+" "+c.ClientID)
})
