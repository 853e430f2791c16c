package run_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// address finds a free port of this machine.
func address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port)
}

const fileText = `
listen: %[1]s
store: %[2]s/hub.db
metrics: %[3]s
outbound: {allow: [127.0.0.1]}
pools:
  - name: master
    issuer: http://%[1]s
    signing: {algorithm: ES256}
    providers:
      - name: CorporateID
        issuer: %[4]s
        client_id: client
        client_secret: secret
    clients:
      - id: app
        secret: app-secret-0123456789-0123456789
        callback_urls: [http://localhost:3000/callback]
        scopes: [openid, email]
`

// setup is a hub's file on addresses of its own.
type setup struct{ dir, listen, metrics, text string }

func newSetup(t *testing.T, issuer string) *setup {
	t.Helper()
	s := &setup{dir: t.TempDir(), listen: address(t), metrics: address(t)}
	s.text = fmt.Sprintf(fileText, s.listen, s.dir, s.metrics, issuer)
	return s
}

func (s *setup) config(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse(filepath.Join(s.dir, "isthmus.yaml"), []byte(text), config.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func (s *setup) start(t *testing.T) *run.Hub {
	t.Helper()
	h, err := run.Start(t.Context(), s.config(t, s.text), run.Options{Cost: directory.Cost{Memory: 64, Time: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(context.Background()) })
	return h
}

func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

const authorize = "/oauth2/authorize?response_type=code&client_id=app&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&state=s&identity_provider=CorporateID"

// client follows redirects until the app would be called.
func client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Port() == "3000" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

func TestTelemetry(t *testing.T) {
	up := idptest.New(t, idptest.Config{})
	up.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@corp.example", "email_verified": true}})
	s := newSetup(t, up.Issuer())
	s.start(t)
	for path, want := range map[string]int{"/healthz/live": 200, "/healthz/ready": 200, "/metrics": 200, "/": 404} {
		if status, _ := get(t, http.DefaultClient, "http://"+s.metrics+path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
		if status, _ := get(t, http.DefaultClient, "http://"+s.listen+path); status != 404 {
			t.Errorf("A173: %s answers on the public side: %d", path, status)
		}
	}
	if status, body := get(t, client(t), "http://"+s.listen+authorize); status != http.StatusFound {
		t.Fatalf("sign-in: %d\n%s", status, body)
	}
	_, text := get(t, http.DefaultClient, "http://"+s.metrics+"/metrics")
	for _, want := range []string{
		`isthmus_sign_ins_total{outcome="ok",pool="master",provider="CorporateID"} 1`,
		`isthmus_upstream_seconds_count{outcome="answered",pool="master",provider="CorporateID",step="token"} 1`,
		"isthmus_store_commits_total", "isthmus_http_requests_total", "go_build_info",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(text, "alice") {
		t.Error("a person is in the metrics")
	}
}

// A hub that stops finishes what was begun and takes nothing new (A194).
func TestGracefulStop(t *testing.T) {
	up := idptest.New(t, idptest.Config{})
	up.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@corp.example"}})
	up.Fail(idptest.TokenEndpoint, idptest.Fault{Times: 1, Delay: 700 * time.Millisecond})
	s := newSetup(t, up.Issuer())
	h := s.start(t)
	done := make(chan int, 1)
	go func() {
		status, _ := get(t, client(t), "http://"+s.listen+authorize)
		done <- status
	}()
	for up.Count(idptest.TokenEndpoint) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := h.Close(ctx); err != nil {
		t.Error(err)
	}
	if status := <-done; status != http.StatusFound {
		t.Errorf("the sign-in under way ended with %d", status)
	}
	if _, err := http.Get("http://" + s.listen + "/"); err == nil {
		t.Error("still listening")
	}
}

// A changed file is taken up whole, or not at all.
func TestReload(t *testing.T) {
	up := idptest.New(t, idptest.Config{})
	s := newSetup(t, up.Issuer())
	h := s.start(t)
	page := "http://" + s.listen + "/login?response_type=code&client_id=app&redirect_uri="
	if status, _ := get(t, client(t), page+"http://localhost:3000/other"); status != http.StatusBadRequest {
		t.Fatalf("before: %d", status)
	}
	changed := strings.Replace(s.text, "[http://localhost:3000/callback]", "[http://localhost:3000/other]", 1)
	if err := h.Reload(t.Context(), s.config(t, changed)); err != nil {
		t.Fatal(err)
	}
	for uri, want := range map[string]bool{"http://localhost:3000/other": true, "http://localhost:3000/callback": false} {
		if status, _ := get(t, client(t), page+uri); (status != http.StatusBadRequest) != want {
			t.Errorf("after, %s: %d", uri, status)
		}
	}
	for name, text := range map[string]string{
		"listen":  strings.Replace(changed, "listen: "+s.listen, "listen: localhost:1", 1),
		"metrics": strings.Replace(changed, "metrics: "+s.metrics, "metrics: localhost:1", 1),
	} {
		text = strings.Replace(text, "/other]", "/third]", 1)
		if err := h.Reload(t.Context(), s.config(t, text)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if status, _ := get(t, client(t), page+"http://localhost:3000/third"); status != http.StatusBadRequest {
			t.Errorf("%s: half of the file was taken up", name)
		}
	}
}

func TestBusyAddress(t *testing.T) {
	s := newSetup(t, "http://127.0.0.1:1")
	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = run.Start(t.Context(), s.config(t, s.text), run.Options{})
	if err == nil || !strings.Contains(err.Error(), s.listen) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v", err)
	}
	l.Close()
	s.start(t) // nothing was left open
}

// A store without the key that sealed it does not start, and gets no new one.
func TestA196_SealingKey(t *testing.T) {
	s := newSetup(t, "http://127.0.0.1:1")
	h := s.start(t)
	key := h.NewKey
	info, err := os.Stat(key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key %s: %v %v", key, info, err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	restart := func() error {
		h, err := run.Start(t.Context(), s.config(t, s.text), run.Options{})
		if err == nil {
			err = h.Close(context.Background())
		}
		return err
	}
	for name, spoil := range map[string]func() error{
		"absent": func() error { return os.Remove(key) },
		"other": func() error {
			return os.WriteFile(key, []byte(strings.Repeat("ab", 10)+strings.Repeat("c7", 22)+"\n"), 0o600)
		},
		"loose": func() error {
			if err := os.WriteFile(key, good, 0o600); err != nil {
				return err
			}
			return os.Chmod(key, 0o644)
		},
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if err := restart(); err == nil || !strings.Contains(err.Error(), "key") {
			t.Errorf("%s: %v", name, err)
		}
		if name == "absent" {
			if _, err := os.Stat(key); err == nil {
				t.Error("a new key was made in silence")
			}
		}
		if err := os.WriteFile(key, good, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := restart(); err != nil {
		t.Errorf("with the right key: %v", err)
	}
}

// TLS is 1.2 at least, and a changed certificate is served without a restart.
func TestA208_CertificateChange(t *testing.T) {
	s := newSetup(t, "http://127.0.0.1:1")
	certificate, key := filepath.Join(s.dir, "cert.pem"), filepath.Join(s.dir, "key.pem")
	writeCertificate(t, certificate, key, 1)
	s.text = strings.Replace(s.text, "listen: "+s.listen, fmt.Sprintf("listen: [{address: %s, tls: {certificate: %s, key: %s}}]", s.listen, certificate, key), 1)
	s.text = strings.Replace(s.text, "issuer: http://"+s.listen, "issuer: https://"+s.listen, 1)
	s.start(t)
	serial := func(version uint16) (int64, error) {
		c, err := tls.Dial("tcp", s.listen, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if err != nil {
			return 0, err
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
	}
	if _, err := serial(tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if n, err := serial(tls.VersionTLS12); err != nil || n != 1 {
		t.Fatalf("serial %d, %v", n, err)
	}
	for _, weaker := range []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256} {
		c, err := tls.Dial("tcp", s.listen, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{weaker}})
		if err == nil {
			c.Close()
			t.Errorf("%s is spoken", tls.CipherSuiteName(weaker))
		}
	}
	writeCertificate(t, certificate, key, 2)
	for range 40 {
		if n, err := serial(tls.VersionTLS13); err != nil {
			t.Fatal(err)
		} else if n == 2 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("the new certificate is not served")
}

func writeCertificate(t *testing.T, certificate, key string, serial int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{key: {Type: "PRIVATE KEY", Bytes: pkcs8}, certificate: {Type: "CERTIFICATE", Bytes: der}} {
		var b bytes.Buffer
		if err := pem.Encode(&b, block); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
