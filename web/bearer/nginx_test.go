package bearer_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/web/bearer"
)

// nginx runs the recipe in testdata in front of a hub and an API, and returns
// where it listens. settings are further directives for http {}.
func nginx(t *testing.T, hub, api, settings string) string {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Fatal("this test needs nginx with auth_request: install Debian's package nginx-light, or run .ci/needs")
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	dir := t.TempDir()
	for _, name := range []string{"nginx.conf", "verify.conf"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		places := strings.NewReplacer("127.0.0.1:8080", address, "127.0.0.1:8085", hub, "127.0.0.1:8086", api, "id.example", hub, "underscores_in_headers off;", settings)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(places.Replace(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	main := `daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events {}
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	include nginx.conf;
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.conf"), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "-p", dir+"/", "-e", "stderr", "-c", "main.conf")
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return address
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("nginx ended: %v\n%s", err, log.String())
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("nginx does not answer:\n%s", log.String())
		}
	}
}

// behindNginx is an API with nginx in front of it.
type behindNginx struct {
	address string
	api     *backend
}

// newBehindNginx has nginx ask the verifier at the address hub.
func newBehindNginx(t *testing.T, hub, settings string) *behindNginx {
	t.Helper()
	api := newBackend(t)
	return &behindNginx{nginx(t, hub, api.Listener.Addr().String(), settings), api}
}

// serveVerify is a verifier of its own, without a hub around it.
func serveVerify(t *testing.T, g *bearer.Guard) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/-/verify", g.ForwardAuth(bearer.Forward{}))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// raw sends a request as it is written: no client cleans its path or its headers.
func (n *behindNginx) raw(t *testing.T, path, token string, headers ...string) *http.Response {
	t.Helper()
	c, err := net.Dial("tcp", n.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if token != "" {
		headers = append(headers, "Authorization: Bearer "+token)
	}
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n%s\r\n\r\n", path, strings.Join(headers, "\r\n")); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer
}

// The whole way: a person signs in at a real hub, and nginx asks that before it lets
// the app's token through; what the client says of itself does not come along.
func TestA174_Nginx(t *testing.T) {
	s := newSite(t)
	access := s.signIn(t, hubtest.ClientID, "openid orders/read").Access
	lacking := s.signIn(t, hubtest.ClientID, "openid").Access
	claims, err := s.guard(t, bearer.Config{}).Verify(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, settings string
		paths          []string
	}{
		{"the recipe", "underscores_in_headers off;", []string{"/orders/1", "/open/1"}},
		// Only where the hub is asked can it refuse what nginx lets in.
		{"headers with underscores let in", "underscores_in_headers on;", []string{"/orders/1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newBehindNginx(t, strings.TrimPrefix(s.issuer, "http://"), c.settings)
			if a := n.raw(t, "/orders/1", ""); a.StatusCode != 401 || a.Header.Get("WWW-Authenticate") != `Bearer realm="api", scope="orders/read"` {
				t.Errorf("no token: %d %v", a.StatusCode, a.Header)
			}
			if a := n.raw(t, "/orders/1", "x"); a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("a bad token: %d %v", a.StatusCode, a.Header)
			}
			if a := n.raw(t, "/orders/1", lacking); a.StatusCode != 403 || len(a.Header.Values("WWW-Authenticate")) != 1 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
				t.Errorf("too little scope: %d %v", a.StatusCode, a.Header)
			}
			if r := n.api.reached(); r != nil {
				t.Fatalf("a refused request reached the API:\n%s", dump(r))
			}
			for _, spelling := range append(spellings(), "X-Other") {
				for _, path := range c.paths {
					a := n.raw(t, path, access, spelling+": admin", "Cookie: admin=1")
					r := n.api.reached()
					if a.StatusCode == 200 != (r != nil) {
						t.Fatalf("%s: %d, but the API was reached: %v", spelling, a.StatusCode, r != nil)
					}
					if r == nil {
						if strings.Contains(strings.ToLower(spelling), "-auth-request-") {
							t.Errorf("%s, which nginx overwrites, is refused: %d", spelling, a.StatusCode)
						}
						continue
					}
					asCGI(t, r, spelling)
					if got := r.Header.Get("X-Auth-Request-Subject"); path == "/orders/1" && got != claims.Subject || path == "/open/1" && got != "" {
						t.Errorf("%s at %s: subject %q", spelling, path, got)
					}
					if path == "/orders/1" && (r.Header.Get("X-Auth-Request-Client") != "app" || r.Header.Get("X-Auth-Request-Scopes") != "openid orders/read" ||
						r.Header.Get("X-Auth-Request-Username") != hubtest.Username || r.Header["X-Auth-Request-Email"] != nil) {
						t.Errorf("the API hears of %v", identityOf(r.Header))
					}
				}
			}
		})
	}
}

// asCGI looks at headers as an application does that sees them as variables.
func asCGI(t *testing.T, r *http.Request, spelling string) {
	t.Helper()
	for name, values := range r.Header {
		fold := strings.Map(func(c rune) rune {
			if c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
				return c
			}
			return '_'
		}, strings.ToUpper(name))
		if strings.HasPrefix(fold, "X_AUTH_REQUEST_") && strings.Contains(strings.Join(values, ","), "admin") {
			t.Errorf("sent as %s: admin reaches the API as %s", spelling, name)
		}
	}
}

// However a path is spelled: what the API serves is what nginx asked about.
func TestA175_PathsThroughNginx(t *testing.T) {
	is, now := newIssuer(t), newClock()
	verify := serveVerify(t, newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now}))
	n := newBehindNginx(t, verify.Listener.Addr().String(), "")
	reader := is.mint(t, now, nil)
	admin := is.mint(t, now, map[string]any{"scope": "orders/read orders/admin"})
	served := 0
	for _, path := range append(oddPaths(), "/-/verify?scope=openid", "/.verify/orders-read", "/orders/1?scope=x", "/orders/1?access_token=x") {
		for _, try := range []struct {
			token  string
			scopes string
		}{{"", ""}, {reader, "orders/read"}, {admin, "orders/read orders/admin"}} {
			a := n.raw(t, path, try.token, "X-Original-URI: /open/", "X-Forwarded-Uri: /open/", "X-Rewrite-URL: /admin/x", "X-Forwarded-Prefix: /open", "X-HTTP-Method-Override: OPTIONS")
			r := n.api.reached()
			if r == nil {
				if a.StatusCode < 400 {
					t.Errorf("%s: %d and not served", path, a.StatusCode)
				}
				continue
			}
			served++
			for _, reading := range readings(t, r) {
				switch {
				case strings.HasPrefix(reading, "/admin/") && !strings.Contains(try.scopes, "orders/admin"),
					strings.HasPrefix(reading, "/orders/") && !strings.Contains(try.scopes, "orders/read"):
					t.Errorf("%s with %q: the API is asked for %s, which it may read as %s", path, try.scopes, r.RequestURI, reading)
				}
			}
		}
	}
	if served == 0 {
		t.Error("nothing was ever served")
	}
}

// readings are what an API may take a path for: as it is, decoded, cleaned, and
// without regard to case.
func readings(t *testing.T, r *http.Request) []string {
	t.Helper()
	raw, _, _ := strings.Cut(r.RequestURI, "?")
	plain, err := url.PathUnescape(raw)
	if err != nil {
		t.Fatalf("the API is asked for %q", r.RequestURI)
	}
	cleaned, err := url.Parse("http://api.example")
	if err != nil {
		t.Fatal(err)
	}
	return []string{raw, plain, cleaned.JoinPath(plain).Path, cleaned.JoinPath(raw).Path, strings.ToLower(plain)}
}

// When the hub does not answer, or cannot judge, nobody gets in.
func TestNginxWithoutTheHub(t *testing.T) {
	is, now := newIssuer(t), newClock()
	raw := is.mint(t, now, nil)
	is.down.Store(true)
	verify := serveVerify(t, newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now}))
	n := newBehindNginx(t, verify.Listener.Addr().String(), "")
	if a := n.raw(t, "/orders/1", raw); a.StatusCode != 500 || n.api.reached() != nil {
		t.Errorf("without keys: %d", a.StatusCode)
	}
	verify.Close()
	if a := n.raw(t, "/orders/1", raw); a.StatusCode != 500 || n.api.reached() != nil {
		t.Errorf("without the hub: %d", a.StatusCode)
	}
}
