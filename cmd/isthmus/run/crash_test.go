package run_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// A hub that is killed needs a process: the test program starts itself again as
// one, with the file of its configuration and by how much its clock is ahead.
const (
	childFile  = "RUN_TEST_FILE"
	childAhead = "RUN_TEST_AHEAD"
)

func TestMain(m *testing.M) {
	if os.Getenv(childFile) == "" {
		os.Exit(m.Run())
	}
	if err := serveChild(os.Getenv(childFile), os.Getenv(childAhead)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serveChild(path, ahead string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	cfg, err := config.Parse(path, text, config.Environment{})
	if err != nil {
		return err
	}
	by, err := time.ParseDuration(ahead)
	if err != nil {
		return err
	}
	h, err := run.Start(context.Background(), cfg, run.Options{Now: func() time.Time { return time.Now().Add(by) }})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	return <-h.Failed()
}

// mortal is a hub in a process of its own, and the apps that hear from it.
type mortal struct {
	setup *setup
	file  string
	apps  map[string]*app

	mu  sync.Mutex
	cmd *exec.Cmd
	// starts moves the clock of each hub past the lease of the one before: the
	// calls that died with that are then made anew at once.
	starts int
}

// app takes down what it hears; script says how it answers the n-th word.
type app struct {
	uri    string
	script func(m *mortal, n int, w http.ResponseWriter)

	mu    sync.Mutex
	heard []map[string]any
	told  int // words that it answered with 200
}

func newMortal(t *testing.T, scripts map[string]func(*mortal, int, http.ResponseWriter)) *mortal {
	t.Helper()
	up := idptest.New(t, idptest.Config{})
	up.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@corp.example"}})
	m := &mortal{setup: newSetup(t, up.Issuer()), apps: map[string]*app{}}
	text := strings.Replace(m.setup.text, "client_secret: secret", "client_secret: secret\n        logout: never", 1)
	for _, name := range []string{"app1", "app2", "app3"} {
		a := &app{script: scripts[name]}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.hear(t, m, w, r) }))
		t.Cleanup(server.Close)
		a.uri = strings.Replace(server.URL, "localhost", "127.0.0.1", 1)
		m.apps[name] = a
		text += fmt.Sprintf(`
      - id: %s
        secret: app-secret-0123456789-0123456789
        callback_urls: [http://localhost:3000/callback]
        logout_urls: [http://localhost:3000/]
        backchannel_logout_uri: %s
        scopes: [openid, email]
`, name, a.uri)
	}
	m.setup.text = text
	m.file = filepath.Join(m.setup.dir, "isthmus.yaml")
	if err := os.WriteFile(m.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m.start(t)
	t.Cleanup(m.kill)
	return m
}

func (m *mortal) start(t *testing.T) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cmd = exec.Command(os.Args[0])
	m.cmd.Env = append(os.Environ(), childFile+"="+m.file, fmt.Sprintf("%s=%ds", childAhead, 16*m.starts))
	m.starts++
	m.cmd.Stderr = os.Stderr
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if lines := bufio.NewScanner(out); !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the hub says %q", lines.Text())
	}
}

// kill is kill -9.
func (m *mortal) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cmd != nil {
		_ = m.cmd.Process.Kill()
		_ = m.cmd.Wait()
		m.cmd = nil
	}
}

func (m *mortal) dead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cmd == nil
}

func (a *app) hear(t *testing.T, m *mortal, w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.PostFormValue("logout_token"), ".")
	if len(parts) != 3 {
		t.Errorf("no token: %q", parts)
		return
	}
	claims := map[string]any{}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		t.Error(err)
	}
	a.mu.Lock()
	a.heard = append(a.heard, claims)
	n := len(a.heard)
	a.mu.Unlock()
	if a.script != nil {
		a.script(m, n, w)
		return
	}
	a.good(w)
}

// good answers that the person is signed out.
func (a *app) good(w http.ResponseWriter) {
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	a.mu.Lock()
	a.told++
	a.mu.Unlock()
}

// signInOut signs a person in to every app and out again, by a hub that may die
// before its answer is through.
func (m *mortal) signInOut(t *testing.T) {
	t.Helper()
	browser := client(t)
	for name := range m.apps {
		if status, body := get(t, browser, "http://"+m.setup.listen+strings.Replace(authorize, "client_id=app", "client_id="+name, 1)); status != http.StatusFound {
			t.Fatalf("sign-in to %s: %d\n%s", name, status, body)
		}
	}
	res, err := browser.Get("http://" + m.setup.listen + "/logout?client_id=app1&logout_uri=http%3A%2F%2Flocalhost%3A3000%2F")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.Header.Get("Location") != "http://localhost:3000/" {
		t.Fatalf("sign-out: %s to %q", res.Status, res.Header.Get("Location"))
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what + ": not in 20 seconds")
		}
	}
}

// Killed by kill -9 in every window between the end of the session and the last
// record: the next hub tells every app, each time with a fresh token, and the
// record has every try and closes.
func TestA133_KilledHub(t *testing.T) {
	const whatever = -1
	dies := func(m *mortal, _ int, _ http.ResponseWriter) { m.kill() }
	for name, c := range map[string]struct {
		scripts map[string]func(*mortal, int, http.ResponseWriter)
		kill    func(t *testing.T, m *mortal) // nil: an app does it
		again   int                           // how often the next hubs are killed as well
		least   map[string]int                // words that an app hears at least
		status  int                           // of the first attempt with app1; 0: the hub died first
	}{
		"the answer to the person was its last": {
			kill:   func(_ *testing.T, m *mortal) { m.kill() },
			status: whatever,
		},
		"in the first call": {
			scripts: map[string]func(*mortal, int, http.ResponseWriter){"app1": func(m *mortal, n int, w http.ResponseWriter) {
				if n == 1 {
					m.kill()
					return
				}
				m.apps["app1"].good(w)
			}},
			least: map[string]int{"app1": 2},
		},
		"in the first call of three hubs": {
			scripts: map[string]func(*mortal, int, http.ResponseWriter){"app1": func(m *mortal, n int, w http.ResponseWriter) {
				if n <= 3 {
					dies(m, n, w)
					return
				}
				m.apps["app1"].good(w)
			}},
			again: 2,
			least: map[string]int{"app1": 4},
		},
		"between the call and its record": {
			scripts: map[string]func(*mortal, int, http.ResponseWriter){"app1": func(m *mortal, n int, w http.ResponseWriter) {
				m.apps["app1"].good(w)
				if n == 1 {
					time.Sleep(5 * time.Millisecond) // the answer is there, and outcomes are still gathered
					m.kill()
				}
			}},
			least: map[string]int{"app1": 2},
		},
		"while an app hangs and the others are on record": {
			scripts: map[string]func(*mortal, int, http.ResponseWriter){"app3": func(m *mortal, n int, w http.ResponseWriter) {
				if n == 1 {
					for !m.dead() {
						time.Sleep(time.Millisecond)
					}
					return
				}
				m.apps["app3"].good(w)
			}},
			kill: func(t *testing.T, m *mortal) {
				eventually(t, "two are told and the third hangs", func() bool {
					return m.apps["app1"].words() == 1 && m.apps["app2"].words() == 1 && m.apps["app3"].words() == 1
				})
				time.Sleep(400 * time.Millisecond)
				m.kill()
			},
			least:  map[string]int{"app3": 2},
			status: 200,
		},
		"between two tries": {
			scripts: map[string]func(*mortal, int, http.ResponseWriter){"app1": func(m *mortal, n int, w http.ResponseWriter) {
				if n == 1 {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				m.apps["app1"].good(w)
			}},
			kill: func(t *testing.T, m *mortal) {
				eventually(t, "the first try", func() bool { return m.apps["app1"].words() == 1 })
				time.Sleep(400 * time.Millisecond) // it is on record, and the next is not yet due
				m.kill()
			},
			least:  map[string]int{"app1": 2},
			status: 503,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMortal(t, c.scripts)
			m.signInOut(t)
			if c.kill != nil {
				c.kill(t, m)
			}
			for range c.again {
				eventually(t, "the hub dies", m.dead)
				m.start(t)
			}
			eventually(t, "the hub dies", m.dead)
			m.start(t)
			eventually(t, "every app is told", func() bool {
				for name, a := range m.apps {
					a.mu.Lock()
					told, heard := a.told, len(a.heard)
					a.mu.Unlock()
					if told == 0 || heard < c.least[name] {
						return false
					}
				}
				return true
			})
			l := m.closed(t)
			for i := range l.Hops {
				m.judge(t, &l.Hops[i])
			}
			first := l.Hops[slices.IndexFunc(l.Hops, func(h hub.Hop) bool { return h.ClientID == "app1" })].Attempts[0]
			if c.status != whatever && first.Status != c.status {
				t.Errorf("app1's first attempt is %+v, want status %d", first, c.status)
			}
		})
	}
}

func (a *app) words() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.heard)
}

// closed waits for the record to close and returns it. The store is the hub's
// while that runs, so each look ends one.
func (m *mortal) closed(t *testing.T) *hub.Logout {
	t.Helper()
	for range 10 {
		time.Sleep(300 * time.Millisecond)
		m.kill()
		h, err := run.Start(t.Context(), m.setup.config(t, m.setup.text), run.Options{Local: true})
		if err != nil {
			t.Fatal(err)
		}
		list, _, err := logout.List(t.Context(), h.Pools()[0], logout.Filter{}, "", 10)
		if err := h.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err != nil || len(list) != 1 {
			t.Fatalf("%d records, %v", len(list), err)
		}
		if !list[0].Open() {
			return list[0]
		}
		m.start(t)
		time.Sleep(time.Second)
	}
	t.Fatal("the record does not close")
	return nil
}

// judge holds an app's hop to what the app heard.
func (m *mortal) judge(t *testing.T, h *hub.Hop) {
	t.Helper()
	if h.ClientID == "" {
		return // the provider's
	}
	a := m.apps[h.ClientID]
	a.mu.Lock()
	defer a.mu.Unlock()
	if h.Outcome != hub.Delivered || len(h.Attempts) < len(a.heard) || h.Attempts[len(h.Attempts)-1].Status != 200 {
		t.Errorf("%s heard %d words, and the record has %+v", h.ClientID, len(a.heard), h)
	}
	ids := map[any]bool{}
	for _, claims := range a.heard {
		if ids[claims["jti"]] || claims["jti"] == nil || claims["sid"] != a.heard[0]["sid"] {
			t.Errorf("%s: the same token again, or another session: %v", h.ClientID, claims)
		}
		ids[claims["jti"]] = true
	}
}
