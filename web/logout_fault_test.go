package web_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// Whatever is wrong with the provider or an app while a person signs out: the
// session is dead at once, the last page is there within two seconds, and the hop
// is on record with the cause.
func TestA127_FaultsDuringLogout(t *testing.T) {
	const provider = "CorporateID"
	hang := func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // or the end of the connection is not seen
		<-r.Context().Done()
	}
	// app makes the client hear at a server that does this.
	app := func(do http.HandlerFunc) func(*testing.T, *site, *idptest.Provider) {
		return func(t *testing.T, s *site, _ *idptest.Provider) {
			server := httptest.NewServer(do)
			t.Cleanup(server.Close)
			s.Pool.Clients[hubtest.ClientID].BackchannelLogoutURI = server.URL
		}
	}
	upstream := func(f idptest.Fault) func(*testing.T, *site, *idptest.Provider) {
		return func(_ *testing.T, _ *site, up *idptest.Provider) { up.Fail(idptest.EndSessionEndpoint, f) }
	}
	both := func(a, b func(*testing.T, *site, *idptest.Provider)) func(*testing.T, *site, *idptest.Provider) {
		return func(t *testing.T, s *site, up *idptest.Provider) { a(t, s, up); b(t, s, up) }
	}
	for name, c := range map[string]struct {
		break1 func(*testing.T, *site, *idptest.Provider) // before the sign-in
		break2 func(*testing.T, *site, *idptest.Provider) // after it
		client map[hub.Outcome]bool                       // what the client's hop may be; nil: it is not looked at
		up     map[hub.Outcome]bool                       // and the provider's
	}{
		"app refuses connections": {
			break1: func(t *testing.T, s *site, _ *idptest.Provider) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				s.Pool.Clients[hubtest.ClientID].BackchannelLogoutURI = "http://" + l.Addr().String()
				_ = l.Close()
			},
			client: map[hub.Outcome]bool{hub.Waiting: true},
		},
		"app hangs":   {break1: app(hang), client: map[hub.Outcome]bool{hub.Waiting: true}},
		"app resets":  {break1: app(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), client: map[hub.Outcome]bool{hub.Waiting: true}},
		"app is down": {break1: app(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }), client: map[hub.Outcome]bool{hub.Waiting: true}},
		"app sends round in circles": {
			break1: app(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusTemporaryRedirect) }),
			client: map[hub.Outcome]bool{hub.Waiting: true},
		},
		"app refuses": {
			break1: app(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }),
			client: map[hub.Outcome]bool{hub.Refused: true},
		},
		"app was deleted": {
			break2: func(_ *testing.T, s *site, _ *idptest.Provider) { delete(s.Pool.Clients, hubtest.ClientID) },
			client: map[hub.Outcome]bool{hub.NotSupported: true},
		},
		"provider is gone": {
			break2: func(t *testing.T, _ *site, up *idptest.Provider) {
				if err := up.Close(); err != nil {
					t.Error(err)
				}
			},
			up: map[hub.Outcome]bool{hub.GaveUp: true},
		},
		"provider hangs":       {break2: upstream(idptest.Fault{Hang: true}), up: map[hub.Outcome]bool{hub.GaveUp: true}},
		"provider is in error": {break2: upstream(idptest.Fault{Status: 503, Body: "down", ContentType: "text/plain"}), up: map[hub.Outcome]bool{hub.GaveUp: true, hub.Waiting: true}},
		"provider was removed": {
			break2: func(_ *testing.T, s *site, _ *idptest.Provider) { s.Pool.Providers = nil },
			up:     map[hub.Outcome]bool{hub.NotSupported: true},
		},
		"provider was disabled": {
			break2: func(_ *testing.T, s *site, _ *idptest.Provider) { s.Pool.Providers[0].Enabled = false },
			up:     map[hub.Outcome]bool{hub.Delivered: true},
		},
		"provider and app hang": {
			break1: app(hang), break2: upstream(idptest.Fault{Hang: true}),
			client: map[hub.Outcome]bool{hub.Waiting: true}, up: map[hub.Outcome]bool{hub.GaveUp: true},
		},
		"provider gone and app deleted": {
			break2: both(upstream(idptest.Fault{Reset: true}), func(_ *testing.T, s *site, _ *idptest.Provider) { delete(s.Pool.Clients, hubtest.ClientID) }),
			client: map[hub.Outcome]bool{hub.NotSupported: true}, up: map[hub.Outcome]bool{hub.GaveUp: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := idptest.New(t, idptest.Config{})
			up.SetUser(idptest.User{Subject: "ana", Claims: map[string]any{"email": "ana@corp.example"}})
			h := hubtest.New(t)
			h.Link(h.Pool, provider, up)
			s := serve(t, h)
			if c.break1 != nil {
				c.break1(t, s, up)
			}
			b := s.browser(t)
			if params, ok := b.authorize("identity_provider", provider).app(); !ok || params.Get("code") == "" {
				t.Fatalf("no sign-in: %v", params)
			}
			page := b.get(hubtest.Issuer + "/logout")
			if c.break2 != nil {
				c.break2(t, s, up)
			}
			begun := time.Now()
			last := b.submit(page, "choice", "continue")
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("the last page is there after %s", took)
			}
			if last.StatusCode >= 500 && strings.HasPrefix(last.url.String(), hubtest.Issuer) {
				t.Errorf("the last page is %d at %s", last.StatusCode, last.url)
			}
			if c.break2 == nil || s.Pool.Clients[hubtest.ClientID] != nil {
				if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
					t.Errorf("the session survived: %v", params)
				}
			}
			eventual(t, func() string {
				list, _, err := logout.List(t.Context(), h.Pool, logout.Filter{}, "", 10)
				if err != nil || len(list) != 1 {
					t.Fatalf("%d records, %v", len(list), err)
				}
				return judge(list[0], c.client, c.up)
			})
		})
	}
}

// eventual waits until nothing is wrong any more: an app may take 5 s not to
// answer.
func eventual(t *testing.T, wrong func() string) {
	t.Helper()
	said := wrong()
	for end := time.Now().Add(8 * time.Second); said != "" && time.Now().Before(end); said = wrong() {
		time.Sleep(20 * time.Millisecond)
	}
	if said != "" {
		t.Error(said)
	}
}

// judge says what is wrong with a record: another outcome than may be, or no
// cause for it.
func judge(l *hub.Logout, client, up map[hub.Outcome]bool) string {
	for i := range l.Hops {
		h := &l.Hops[i]
		may, who := client, h.ClientID
		if h.Provider != "" {
			may, who = up, h.Provider
		}
		cause := h.Note
		for _, a := range h.Attempts {
			cause += a.Error
		}
		switch {
		case may == nil:
		case !may[h.Outcome]:
			return who + " is " + string(h.Outcome) + ": " + cause
		case cause == "" && h.Outcome != hub.Delivered && !(h.Provider != "" && h.Outcome == hub.Waiting):
			return who + " is " + string(h.Outcome) + " without a cause"
		}
	}
	return ""
}
