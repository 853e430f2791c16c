package web_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// load is a hub behind a real listener, and apps that work it.
type load struct {
	*site
	client   *http.Client
	strict   *patient
	eager    oidc.KeySet // go-oidc's: fetches again for a key it does not know
	done     atomic.Bool
	verified atomic.Int64
}

// startLoad serves a hub of two algorithms whose keys turn every two hours.
func startLoad(t *testing.T) *load {
	t.Helper()
	s := machines(t)
	s.Pool.Clients[machineID].Algorithm = token.EdDSA
	rotation := token.Rotation{Algorithms: []token.Algorithm{token.ES256, token.EdDSA}, Every: 2 * time.Hour, Ahead: 15 * time.Minute, Keep: time.Hour}
	if err := s.Pool.Keys.Change(t.Context(), rotation); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.server)
	t.Cleanup(server.Close)
	l := &load{site: s, client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
		MaxIdleConnsPerHost: 32,
	}}}
	t.Cleanup(l.client.CloseIdleConnections)
	l.strict = &patient{client: l.client, now: s.Now}
	l.eager = oidc.NewRemoteKeySet(oidc.ClientContext(t.Context(), l.client), hubtest.Issuer+"/.well-known/jwks.json")
	return l
}

// patient verifies with the published keys and keeps them for exactly as long as
// the hub allows, whatever they lack.
type patient struct {
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	keys  jose.JSONWebKeySet
	until time.Time
}

var maxAge = regexp.MustCompile(`\bmax-age=(\d+)\b`)

// VerifySignature implements oidc.KeySet.
func (p *patient) VerifySignature(_ context.Context, raw string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA})
	if err != nil {
		return nil, err
	}
	keys, err := p.fetch()
	if err != nil {
		return nil, err
	}
	for _, key := range keys.Key(signed.Signatures[0].Header.KeyID) {
		return signed.Verify(key)
	}
	return nil, errors.New("the key is not published")
}

func (p *patient) fetch() (jose.JSONWebKeySet, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Before(p.until) {
		return p.keys, nil
	}
	res, err := p.client.Get(hubtest.Issuer + "/.well-known/jwks.json")
	if err != nil {
		return p.keys, err
	}
	defer res.Body.Close()
	seconds, err := strconv.Atoi(maxAge.FindStringSubmatch(res.Header.Get("Cache-Control") + " max-age=0")[1])
	if err != nil {
		return p.keys, err
	}
	p.keys, p.until = jose.JSONWebKeySet{}, now.Add(time.Duration(seconds)*time.Second)
	return p.keys, json.NewDecoder(res.Body).Decode(&p.keys)
}

// post posts a form as a client and reads the answer.
func (l *load) post(path, client, secret string, form url.Values, into any) error {
	r, err := http.NewRequest("POST", hubtest.Issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, secret)
	return l.do(r, into)
}

func (l *load) do(r *http.Request, into any) error {
	res, err := l.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d %s %s", r.URL.Path, res.StatusCode, res.Header.Get("WWW-Authenticate"), body)
	}
	return json.Unmarshal(body, into)
}

func (l *load) machineToken() (a tokens, err error) {
	return a, l.post("/oauth2/token", machineID, machineSecret, values("grant_type", "client_credentials"), &a)
}

func (l *load) active(token string) (bool, error) {
	var a struct{ Active bool }
	return a.Active, l.post("/oauth2/introspect", apiID, apiSecret, values("token", token), &a)
}

func (l *load) userInfo(token string) error {
	r, err := http.NewRequest("GET", hubtest.Issuer+"/oauth2/userInfo", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return l.do(r, &map[string]any{})
}

// verify has independent eyes look at a token. The patient ones would not know a
// key that signs before it was published.
func (l *load) verify(raw string, patiently bool) error {
	_, err := l.eager.VerifySignature(context.Background(), raw)
	if err != nil && !patiently {
		// It may have waited for a fetch that had begun before the key was there.
		_, err = l.eager.VerifySignature(context.Background(), raw)
	}
	if err == nil && patiently {
		_, err = l.strict.VerifySignature(context.Background(), raw)
	}
	l.verified.Add(1)
	return err
}

// verifyID is what an app does with an ID token and the access token beside it.
func (l *load) verifyID(a tokens) error {
	verifier := oidc.NewVerifier(hubtest.Issuer, l.strict, &oidc.Config{ClientID: hubtest.ClientID, Now: l.Now, SupportedSigningAlgs: []string{"ES256"}})
	id, err := verifier.Verify(context.Background(), a.ID)
	if err != nil {
		return err
	}
	l.verified.Add(1)
	return id.VerifyAccessToken(a.Access)
}

// machine asks for token after token, and has one that is up to 50 minutes old
// looked at again and again.
func (l *load) machine() error {
	var old tokens
	var ends time.Time
	for !l.done.Load() {
		fresh, err := l.machineToken()
		if err != nil {
			return err
		}
		if l.Now().After(ends.Add(-10 * time.Minute)) {
			old = fresh
			if ends, err = expiry(old.Access); err != nil {
				return err
			}
		}
		err = errors.Join(l.verify(fresh.Access, true), l.verify(old.Access, true))
		active, asked := l.active(old.Access)
		if asked == nil && !active {
			asked = errors.New("introspection says that it is not active")
		}
		if err = errors.Join(err, asked); err != nil && l.Now().Before(ends) {
			return fmt.Errorf("%v before its end: %w", ends.Sub(l.Now()), err)
		}
	}
	return nil
}

// expiry is when a token says it ends.
func expiry(raw string) (time.Time, error) {
	_, rest, _ := strings.Cut(raw, ".")
	segment, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return time.Time{}, err
	}
	var claims struct{ Exp int64 }
	err = json.Unmarshal(text, &claims)
	return time.Unix(claims.Exp, 0), err
}

// person refreshes again and again.
func (l *load) person(refreshToken string) error {
	for !l.done.Load() {
		var a tokens
		if err := l.post("/oauth2/token", hubtest.ClientID, hubtest.ClientSecret, refresh(refreshToken), &a); err != nil {
			return err
		}
		if err := errors.Join(l.verify(a.Access, true), l.verifyID(a), l.userInfo(a.Access)); err != nil {
			return err
		}
	}
	return nil
}

// await lets the load go on for some time.
func (l *load) await(t *testing.T, verifications int64) {
	t.Helper()
	goal := l.verified.Load() + verifications
	for end := time.Now().Add(20 * time.Second); l.verified.Load() < goal && !t.Failed(); time.Sleep(200 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatal("the load stands still")
		}
	}
}

// Keys turn by their schedule and by command while apps get tokens and verify
// them with keys that they keep for as long as the hub says: no verification
// fails, and no token is refused before its time.
func TestA37_RotationUnderLoad(t *testing.T) {
	l := startLoad(t)
	seen := map[string]bool{}
	refreshTokens := []string{l.token(t, redeem(l.browser(t).code())).Fresh, l.token(t, redeem(l.browser(t).code())).Fresh}
	var group sync.WaitGroup
	run := func(work func() error) {
		group.Go(func() {
			if err := work(); err != nil {
				t.Error(err)
			}
		})
	}
	for _, r := range refreshTokens {
		run(func() error { return l.person(r) })
		run(l.machine)
		run(l.machine)
	}
	// The clock goes in steps that are shorter than apps keep keys.
	for minutes := 0; minutes < 7*60 && !t.Failed(); minutes += 4 {
		l.Advance(4 * time.Minute)
		if minutes%56 == 0 {
			if err := l.Pool.Keys.Rotate(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Pool.Keys.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, k := range l.Pool.Keys.Ring().Keys() {
			seen[k.ID] = true
		}
		l.await(t, 12)
	}
	l.done.Store(true)
	group.Wait()
	if len(seen) < 12 {
		t.Errorf("%d keys in seven hours", len(seen))
	}
	t.Logf("%d keys, %d verifications", len(seen), l.verified.Load())
}

// A key withdrawn under load: what it signed is refused at once at the hub, and
// by apps once they fetch keys again; what comes after is good at once.
func TestA37_WithdrawalUnderLoad(t *testing.T) {
	l := startLoad(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for !l.done.Load() {
				a, err := l.machineToken()
				if err == nil {
					err = l.verify(a.Access, false)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	again := refresh(l.token(t, redeem(l.browser(t).code())).Fresh)
	for range 5 {
		l.await(t, 20)
		if err := l.Pool.Keys.Rotate(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
	old, err := l.machineToken()
	if err != nil {
		t.Fatal(err)
	}
	if active, err := l.active(old.Access); err != nil || !active {
		t.Fatal(active, err)
	}
	person := l.token(t, again)
	for _, raw := range []string{old.Access, person.Access} {
		if _, err := l.strict.VerifySignature(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
		if err := l.Pool.Keys.Withdraw(t.Context(), kid(t, raw)); err != nil {
			t.Fatal(err)
		}
	}
	if active, err := l.active(old.Access); err != nil || active {
		t.Errorf("introspection: active %v, %v", active, err)
	}
	if err := l.userInfo(person.Access); err == nil || !strings.Contains(err.Error(), "invalid_token") {
		t.Errorf("userInfo: %v", err)
	}
	if next := l.token(t, again); next.Access == "" || l.userInfo(next.Access) != nil || l.verifyID(*next) == nil {
		t.Error("the refresh token does not bring a good token of a key that was not published before")
	}
	l.Advance(5 * time.Minute)
	next := l.token(t, again)
	if err := l.verifyID(*next); err != nil {
		t.Error(err)
	}
	for _, raw := range []string{old.Access, person.Access} {
		if _, err := l.strict.VerifySignature(t.Context(), raw); err == nil {
			t.Error("an app that fetched the keys again still accepts the withdrawn one")
		}
	}
	l.await(t, 50)
	l.done.Store(true)
	group.Wait()
}

// kid is the id of the key that signed a token.
func kid(t *testing.T, raw string) string {
	t.Helper()
	segment, _, _ := strings.Cut(raw, ".")
	text, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ Kid string }
	if err := json.Unmarshal(text, &header); err != nil {
		t.Fatal(err)
	}
	return header.Kid
}
