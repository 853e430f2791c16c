package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/register"
	"github.com/isthmus-hub/isthmus/hub/store"
)

const registerURL = hubtest.Issuer + "/oauth2/register"

// registrar is a hub whose pool takes registrations.
func registrar(t *testing.T) *site {
	t.Helper()
	h := hubtest.New(t)
	h.Pool.Registration = true
	return serve(t, h)
}

// pass is a fresh registration token of an operator.
func (s *site) pass(t *testing.T) string {
	t.Helper()
	token, _, err := register.Open(t.Context(), s.Pool)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// registration is an answer of the registration endpoints.
type registration struct {
	status      int
	header      http.Header
	text        string
	Error       string `json:"error"`
	Description string `json:"error_description"`

	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
	Ends   *int   `json:"client_secret_expires_at"`
	URI    string `json:"registration_client_uri"`
	Token  string `json:"registration_access_token"`
	Issued int64  `json:"client_id_issued_at"`
	hub.ClientMetadata
}

var asked atomic.Int64

// ask calls a registration endpoint; a string body goes as it is.
func (s *site) ask(t *testing.T, method, address, token string, body any) *registration {
	t.Helper()
	text, ok := body.(string)
	if !ok && body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(data)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if text != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	from := fmt.Sprintf("192.0.2.%d:4711", asked.Add(1)%250) // one address would be held to its pace
	res, err := transport{hub: s.server, address: &from}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := io.ReadAll(res.Body)
	a := &registration{status: res.StatusCode, header: res.Header, text: string(data)}
	if len(data) > 0 && json.Unmarshal(data, a) != nil {
		t.Errorf("%s %s: no JSON: %s", method, address, data)
	}
	if !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("%s %s may be stored", method, address)
	}
	return a
}

// app is metadata of an app, with changes: name and value in turn; nil takes a
// member away.
func app(changes ...any) map[string]any {
	m := map[string]any{"redirect_uris": []string{hubtest.Callback}, "client_name": "Notes"}
	for i := 0; i+1 < len(changes); i += 2 {
		if m[changes[i].(string)] = changes[i+1]; changes[i+1] == nil {
			delete(m, changes[i].(string))
		}
	}
	return m
}

func (s *site) register(t *testing.T, changes ...any) *registration {
	t.Helper()
	made := s.ask(t, "POST", registerURL, s.pass(t), app(changes...))
	if made.status != http.StatusCreated {
		t.Fatalf("registration: %d %s", made.status, made.text)
	}
	return made
}

// A pool that is not opened takes nothing, whatever is shown, and does not say
// where one could try; clients that it has go on.
func TestA45_ClosedByDefault(t *testing.T) {
	s := registrar(t)
	made := s.register(t)
	token := s.pass(t)
	s.Pool.Registration = false
	s = serve(t, s.Hub)
	for _, token := range []string{"", token, made.Token} {
		for method, address := range map[string]string{"POST": registerURL, "GET": made.URI, "PUT": made.URI, "DELETE": made.URI} {
			if got := s.ask(t, method, address, token, nil); got.status != http.StatusForbidden || got.Error != "access_denied" {
				t.Errorf("%s %s: %d %s", method, address, got.status, got.text)
			}
		}
	}
	if res := s.browser(t).get(hubtest.Issuer + "/.well-known/openid-configuration"); strings.Contains(res.body, "registration_endpoint") {
		t.Error("discovery names the endpoint")
	}
	if _, _, err := register.Open(t.Context(), s.Pool); !errors.Is(err, register.ErrClosed) {
		t.Errorf("a token for a closed pool: %v", err)
	}
	if n := len(s.Pool.Registered.All()); n != 1 {
		t.Errorf("%d registered clients", n)
	}
	if got := s.tokenAs(t, hubtest.Issuer, made.ID, made.Secret, redeem("x")); got.Error != "invalid_grant" {
		t.Errorf("the client that was there: %+v", got)
	}
}

// A token makes one client, in its time, however often and however many at once
// try; what is refused leaves it as it was.
func TestA45_TokenOnce(t *testing.T) {
	s := registrar(t)
	token := s.pass(t)
	for _, wrong := range []string{"", "x", hub.Random(), token + "x", hubtest.ClientSecret} {
		if got := s.ask(t, "POST", registerURL, wrong, app()); got.status != 401 || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("token %q: %d %s", wrong, got.status, got.text)
		}
	}
	if got := s.ask(t, "POST", registerURL+"?access_token="+token, "", app()); got.status != 401 {
		t.Errorf("token in the query: %d", got.status)
	}
	if got := s.ask(t, "POST", registerURL, token, app("redirect_uris", nil)); got.Error != "invalid_redirect_uri" {
		t.Errorf("bad metadata: %d %s", got.status, got.text)
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	status := map[int]int{}
	for range 16 {
		wait.Go(func() {
			got := s.ask(t, "POST", registerURL, token, app())
			mu.Lock()
			defer mu.Unlock()
			status[got.status]++
		})
	}
	wait.Wait()
	if !maps.Equal(status, map[int]int{201: 1, 401: 15}) || len(s.Pool.Registered.All()) != 1 {
		t.Errorf("parallel use gave %v, %d clients", status, len(s.Pool.Registered.All()))
	}
	late := s.pass(t)
	s.Advance(hub.RegistrationTokenLife)
	if got := s.ask(t, "POST", registerURL, late, app()); got.status != 401 {
		t.Errorf("after a day: %d", got.status)
	}
	if n := len(s.Events(hub.ClientRegistered)); n != 1 {
		t.Errorf("%d events of clients made", n)
	}
	if len(s.Events(hub.RegistrationRefused)) < 20 {
		t.Error("refusals leave no events")
	}
	file, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	if made := s.register(t); bytes.Contains(file, []byte(token)) || bytes.Contains(file, []byte(made.Secret)) || bytes.Contains(file, []byte(made.Token)) {
		t.Error("the store holds a secret as it is")
	}
}

// No address of the metadata is fetched: not at registration, not on a page.
func TestA45_NothingIsFetched(t *testing.T) {
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer canary.Close()
	called := make(chan string, 1)
	go func() {
		for {
			c, err := canary.Accept()
			if err != nil {
				return
			}
			select {
			case called <- c.RemoteAddr().String():
			default:
			}
			_ = c.Close()
		}
	}()
	s := registrar(t)
	s.Pool.FetchKeys = func(_ context.Context, uri string, _ bool) (*proof.Keys, error) {
		t.Errorf("keys are fetched from %s", uri)
		return nil, net.ErrClosed
	}
	at := "https://" + canary.Addr().String()
	made := s.register(t, "token_endpoint_auth_method", "private_key_jwt", "jwks_uri", at+"/jwks",
		"logo_uri", at+"/logo.png", "policy_uri", at+"/policy", "tos_uri", at+"/terms", "client_uri", at, "initiate_login_uri", at+"/begin")
	page := s.browser(t).authorize("client_id", made.ID)
	for _, path := range []string{"/logo.png", "/policy", "/terms"} {
		if page.doc(t).Find(`footer a[href="`+at+path+`"]`).Length() != 1 {
			t.Errorf("no link to %s on the page", path)
		}
	}
	if n := strings.Count(page.body, at); n != 3 {
		t.Errorf("the page has %d of the app's addresses", n)
	}
	if !strings.Contains(page.body, "Notes") {
		t.Error("the page does not name the app")
	}
	select {
	case from := <-called:
		t.Errorf("something called from %s", from)
	case <-time.After(50 * time.Millisecond):
	}
}

// A pool takes a bounded number; the token survives the refusal.
func TestA45_BoundedNumber(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.Registration = true
	s := serve(t, h)
	err := h.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		for i := range hub.MaxRegistered {
			if err := hub.RegisteredClients.Put(tx, &hub.Registered{ID: fmt.Sprintf("client-%d", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, h.Pool.Registered.Load(t.Context())); err != nil {
		t.Fatal(err)
	}
	token := s.pass(t)
	if got := s.ask(t, "POST", registerURL, token, app()); got.Error != "access_denied" {
		t.Fatalf("one too many: %d %s", got.status, got.text)
	}
	for id := range s.Pool.Registered.All() {
		if err := register.Remove(t.Context(), s.Pool, id); err != nil {
			t.Fatal(err)
		}
		break
	}
	if got := s.ask(t, "POST", registerURL, token, app()); got.status != 201 {
		t.Errorf("after one went: %d %s", got.status, got.text)
	}
}

// A store that fails anywhere makes no client and uses no token up.
func TestA184_RegistrationFaults(t *testing.T) {
	h := hubtest.NewFaulty(t)
	h.Pool.Registration = true
	s := serve(t, h)
	token := s.pass(t)
	for at := 1; ; at++ {
		h.Faults.At(at)
		got := s.ask(t, "POST", registerURL, token, app())
		hit := h.Faults.Hit()
		h.Faults.At(0)
		if !hit {
			if got.status != 201 || at < 3 {
				t.Errorf("without a fault, at %d: %d %s", at, got.status, got.text)
			}
			return
		}
		if got.status != http.StatusServiceUnavailable || len(s.Pool.Registered.All()) != 0 {
			t.Errorf("fault %d: %d %s, %d clients", at, got.status, got.text, len(s.Pool.Registered.All()))
		}
	}
}
