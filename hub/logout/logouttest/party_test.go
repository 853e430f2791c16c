package logouttest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub/logout/logouttest"
)

const event = "http://schemas.openid.net/event/backchannel-logout"

// issuer is a hub as far as a party sees it: its documents and its key.
type issuer struct {
	*httptest.Server
	key *ecdsa.PrivateKey
	id  string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{id: "k1"}
	i.rotate(t, "k1")
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/jwks"})
	})
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: i.id, Algorithm: "ES256", Use: "sig"}}})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) rotate(t *testing.T, id string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.key, i.id = key, id
}

// token makes a good logout token with changes: a nil claim is taken away.
func (i *issuer) token(t *testing.T, typ string, changes map[string]any) string {
	t.Helper()
	now := time.Now()
	claims := map[string]any{
		"iss": i.URL, "aud": "app", "sub": "alice", "sid": "s1", "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"events": map[string]any{event: map[string]any{}},
	}
	for name, v := range changes {
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.key, KeyID: i.id}}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// tell posts a logout token and returns the answer's status, 0 for none, and its
// body's length.
func tell(t *testing.T, uri, token string) (status int, size int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		t.Error(err)
		return 0, 0
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, 0
	}
	defer res.Body.Close()
	size, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, size
}

// TestVerification: a good token signs out; a party says of every other what is
// wrong with it, and answers 400.
func TestVerification(t *testing.T) {
	hub := newIssuer(t)
	other := newIssuer(t)
	p := logouttest.New(t, logouttest.Config{Issuer: hub.URL, ClientID: "app"})
	now := time.Now()
	for _, c := range []struct {
		name    string
		typ     string
		changes map[string]any
		problem string // empty: none
	}{
		{name: "good"},
		{name: "only sid", changes: map[string]any{"sub": nil}},
		{name: "only sub", changes: map[string]any{"sid": nil}},
		{name: "many audiences", changes: map[string]any{"aud": []string{"b", "app"}}},
		{name: "type in capitals", typ: "Logout+JWT"},
		{name: "another type", typ: "JWT", problem: "typ"},
		{name: "another issuer", changes: map[string]any{"iss": "https://other.example"}, problem: "iss is"},
		{name: "another audience", changes: map[string]any{"aud": "b"}, problem: "aud is"},
		{name: "an audience that is none", changes: map[string]any{"aud": 1}, problem: "aud is neither"},
		{name: "no iat", changes: map[string]any{"iat": nil}, problem: "iat"},
		{name: "iat to come", changes: map[string]any{"iat": now.Add(time.Hour).Unix(), "exp": now.Add(61 * time.Minute).Unix()}, problem: "iat"},
		{name: "no exp", changes: map[string]any{"exp": nil}, problem: "exp"},
		{name: "expired", changes: map[string]any{"iat": now.Add(-time.Hour).Unix(), "exp": now.Add(-59 * time.Minute).Unix()}, problem: "exp"},
		{name: "lives long", changes: map[string]any{"exp": now.Add(time.Hour).Unix()}, problem: "lives for"},
		{name: "nobody", changes: map[string]any{"sub": nil, "sid": nil}, problem: "neither sub nor sid"},
		{name: "no jti", changes: map[string]any{"jti": nil}, problem: "jti"},
		{name: "nonce", changes: map[string]any{"nonce": "n"}, problem: "nonce"},
		{name: "no events", changes: map[string]any{"events": nil}, problem: "events"},
		{name: "another event", changes: map[string]any{"events": map[string]any{"x": map[string]any{}}}, problem: "events"},
		{name: "an event that is no object", changes: map[string]any{"events": map[string]any{event: nil}}, problem: "events"},
	} {
		t.Run(c.name, func(t *testing.T) {
			typ := c.typ
			if typ == "" {
				typ = "logout+jwt"
			}
			before := len(p.Words())
			status, _ := tell(t, p.BackchannelURI(), hub.token(t, typ, c.changes))
			words := p.Words()
			if len(words) != before+1 {
				t.Fatalf("%d words", len(words))
			}
			checkWord(t, words[before], status, c.problem)
		})
	}
	again := hub.token(t, "logout+jwt", nil)
	for problem, raw := range map[string]string{"no JWS": "x", "does not fit": other.token(t, "logout+jwt", map[string]any{"iss": hub.URL})} {
		status, _ := tell(t, p.BackchannelURI(), raw)
		words := p.Words()
		checkWord(t, words[len(words)-1], status, problem)
	}
	for _, problem := range []string{"", "came before"} {
		status, _ := tell(t, p.BackchannelURI(), again)
		words := p.Words()
		checkWord(t, words[len(words)-1], status, problem)
	}
	hub.rotate(t, "k2")
	status, _ := tell(t, p.BackchannelURI(), hub.token(t, "logout+jwt", nil))
	words := p.Words()
	checkWord(t, words[len(words)-1], status, "")
}

func checkWord(t *testing.T, w logouttest.Word, status int, problem string) {
	t.Helper()
	good := problem == ""
	want := http.StatusOK
	if !good {
		want = http.StatusBadRequest
	}
	if w.Valid() != good || w.SignedOut != good || w.Status != want || status != want {
		t.Errorf("%+v, answered %d", w, status)
	}
	if !good && (w.Problem == nil || !strings.Contains(w.Problem.Error(), problem)) {
		t.Errorf("says %v, want %q", w.Problem, problem)
	}
}

// TestFrontChannel: a front-channel word wants iss and sid, once.
func TestFrontChannel(t *testing.T) {
	p := logouttest.New(t, logouttest.Config{Issuer: "https://hub.example", ClientID: "app"})
	for i, c := range []struct {
		query   string
		problem string
	}{
		{"iss=https%3A%2F%2Fhub.example&sid=s", ""},
		{"iss=https%3A%2F%2Fother.example&sid=s", "iss is"},
		{"iss=https%3A%2F%2Fhub.example", "once"},
		{"iss=https%3A%2F%2Fhub.example&sid=a&sid=b", "once"},
	} {
		res, err := http.Get(p.FrontchannelURI() + "?" + c.query)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		checkWord(t, p.Words()[i], res.StatusCode, c.problem)
	}
	if w := p.Words()[0]; w.Channel != logouttest.FrontChannel || w.SID != "s" || w.At.IsZero() {
		t.Errorf("%+v", w)
	}
}

// TestBehaviours: each of the catalogue does what its name says, to the caller
// and in the record.
func TestBehaviours(t *testing.T) {
	hub := newIssuer(t)
	status := map[string]int{
		"ok": 200, "no-content-204": 204, "slow": 200, "fails-once": 503, "drops-twice": 0, "back-after-2s": 0, "refuse-400": 400, "refuse-500": 500,
		"unavailable-503": 503, "not-found-404": 404, "redirect": 307, "hang": 0, "reset": 0, "huge": 200, "down": 0,
	}
	for _, b := range logouttest.Behaviours() {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			p := logouttest.New(t, logouttest.Config{Issuer: hub.URL, ClientID: "app"})
			named, err := logouttest.BehaviourNamed(b.Name)
			if err != nil || named != b.Behaviour {
				t.Fatalf("%+v, %v", named, err)
			}
			if err := p.Behave(b.Behaviour); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			got, size := tell(t, p.BackchannelURI(), hub.token(t, "logout+jwt", nil))
			want, known := status[b.Name]
			if !known || got != want {
				t.Errorf("answered %d, want %d", got, want)
			}
			if b.Delay > 0 && time.Since(begun) < b.Delay {
				t.Errorf("after %s", time.Since(begun))
			}
			if int64(b.Pad) != size && b.Error == "" {
				t.Errorf("%d bytes", size)
			}
			words := p.Words()
			if b.Down {
				if len(words) != 0 {
					t.Errorf("heard %+v", words)
				}
				return
			}
			if len(words) != 1 || !words[0].Valid() || words[0].Status != want || words[0].SignedOut != (want/100 == 2) {
				t.Errorf("heard %+v", words)
			}
		})
	}
	if _, err := logouttest.BehaviourNamed("tired"); err == nil || !strings.Contains(err.Error(), "refuse-400") {
		t.Errorf("%v", err)
	}
}

// TestRecovery: a party is good again after so many words, after a while, and
// when it is told to, at the address that it always had.
func TestRecovery(t *testing.T) {
	hub := newIssuer(t)
	p := logouttest.New(t, logouttest.Config{Issuer: hub.URL, ClientID: "app"})
	uri := p.BackchannelURI()
	behave := func(b logouttest.Behaviour) {
		t.Helper()
		if err := p.Behave(b); err != nil {
			t.Fatal(err)
		}
	}
	behave(logouttest.Behaviour{Times: 2, Status: 503})
	var got []int
	for range 3 {
		status, _ := tell(t, uri, hub.token(t, "logout+jwt", nil))
		got = append(got, status)
	}
	if !slices.Equal(got, []int{503, 503, 200}) {
		t.Errorf("answers %d", got)
	}
	behave(logouttest.Behaviour{Down: true})
	if status, _ := tell(t, uri, hub.token(t, "logout+jwt", nil)); status != 0 {
		t.Errorf("down, and answers %d", status)
	}
	behave(logouttest.Behaviour{})
	if status, _ := tell(t, uri, hub.token(t, "logout+jwt", nil)); status != 200 {
		t.Errorf("up, and answers %d", status)
	}
	behave(logouttest.Behaviour{Down: true, For: 50 * time.Millisecond})
	for end := time.Now().Add(5 * time.Second); ; {
		if status, _ := tell(t, uri, hub.token(t, "logout+jwt", nil)); status == 200 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it did not come back")
		}
		time.Sleep(10 * time.Millisecond)
	}
	// A behaviour for one channel leaves the other alone.
	behave(logouttest.Behaviour{Channel: logouttest.FrontChannel, Status: 500})
	if status, _ := tell(t, uri, hub.token(t, "logout+jwt", nil)); status != 200 {
		t.Errorf("back-channel answers %d", status)
	}
	if p.BackchannelURI() != uri {
		t.Errorf("moved to %s", p.BackchannelURI())
	}
}

// TestWait: it returns when the words are there, and with those that are when
// nobody wants to wait any longer.
func TestWait(t *testing.T) {
	hub := newIssuer(t)
	p := logouttest.New(t, logouttest.Config{Issuer: hub.URL, ClientID: "app"})
	go tell(t, p.BackchannelURI(), hub.token(t, "logout+jwt", nil))
	if words, err := p.Wait(t.Context(), 1); err != nil || len(words) != 1 || words[0].SID != "s1" || words[0].Subject != "alice" {
		t.Errorf("%+v, %v", words, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if words, err := p.Wait(ctx, 2); !errors.Is(err, context.DeadlineExceeded) || len(words) != 1 {
		t.Errorf("%+v, %v", words, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Behave(logouttest.Behaviour{}); err == nil {
		t.Error("a closed party behaves")
	}
}
