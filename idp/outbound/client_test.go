package outbound

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func mustNew(t testing.TB, p Policy) *http.Client {
	t.Helper()
	c, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func wantRefused(t testing.TB, err error) *Refused {
	t.Helper()
	var r *Refused
	if !errors.As(err, &r) {
		t.Fatalf("error is %v, want a refusal", err)
	}
	return r
}

func TestA60_Exceptions(t *testing.T) {
	var hits atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { hits.Add(1) })
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		allow []string
		host  string
		ok    bool
	}{
		{nil, "127.0.0.1", false},
		{nil, "localhost", false},
		{[]string{"127.0.0.1"}, "127.0.0.1", true},
		{[]string{"127.0.0.1:" + port}, "127.0.0.1", true},
		{[]string{"127.0.0.1:1"}, "127.0.0.1", false},
		{[]string{"127.0.0.0/8"}, "127.0.0.1", true},
		{[]string{"127.0.0.0/8"}, "localhost", true},
		{[]string{"127.0.0.0/8"}, "[::ffff:127.0.0.1]", true},
		{[]string{"127.0.0.2/32"}, "127.0.0.1", false},
		{[]string{"127.0.0.2"}, "127.0.0.1", false},
		{[]string{"10.0.0.0/8"}, "127.0.0.1", false},
		{[]string{"localhost"}, "localhost", true},
		{[]string{"LocalHost."}, "localhost", true},
		{[]string{"localhost"}, "LOCALHOST", true},
		{[]string{"localhost:" + port}, "localhost", true},
		{[]string{"localhost:1"}, "localhost", false},
		{[]string{"localhost"}, "127.0.0.1", false},
		{[]string{"other.example", "localhost"}, "localhost", true},
		{[]string{"localhos"}, "localhost", false},
		{[]string{"host"}, "localhost", false},
	} {
		t.Run(fmt.Sprint(c.allow, " ", c.host), func(t *testing.T) {
			var told atomic.Int64
			hits.Store(0)
			hc := mustNew(t, Policy{Allow: c.allow, OnRefuse: func(r *Refused) { told.Add(1) }})
			res, err := hc.Get("http://" + c.host + ":" + port + "/?secret=1")
			if c.ok {
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
				return
			}
			if r := wantRefused(t, err); strings.Contains(r.Error(), "secret") || r.Address == "" || r.Reason == "" {
				t.Errorf("refusal is %v", r)
			}
			if told.Load() == 0 || hits.Load() != 0 {
				t.Errorf("told %d times, %d requests arrived", told.Load(), hits.Load())
			}
		})
	}
}

func TestBadExceptions(t *testing.T) {
	for _, bad := range []string{"", " ", "http://x.example", "*.example", "a b", "x.example/8", "10.0.0.0/33", "x.example:http", "x.example:0", "x.example:99999", "u@x.example", "[::1", "::ffff:10.0.0.0/104", ":80"} {
		if _, err := New(Policy{Allow: []string{bad}}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	for _, good := range []string{"x.example", "x.example:8443", "::1", "[::1]", "[::1]:80", "10.0.0.0/8", "10.0.0.1", "fd00::/8", "localhost"} {
		if _, err := New(Policy{Allow: []string{good}}); err != nil {
			t.Errorf("%q was refused: %v", good, err)
		}
	}
}

func TestA60_URLs(t *testing.T) {
	hc := mustNew(t, Policy{Allow: []string{"listed.example", "10.0.0.0/8"}})
	for raw, ok := range map[string]bool{
		"https://idp.example/x": true, "http://listed.example/": true, "http://LISTED.example:80/": true, "http://10.1.2.3/": true,
		"http://idp.example/": false, "http://listed.example.attacker.example/": false, "http://sub.listed.example/": false, "http://localhost/": false,
		"ftp://listed.example/": false, "file:///etc/passwd": false, "gopher://10.1.2.3/": false, "//listed.example/": false, "https://": false, "": false,
		"https://user@idp.example/": false, "https://user:pw@idp.example/": false, "javascript:alert(1)": false, "https:idp.example": false,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := Permits(hc, u); (err == nil) != ok {
			t.Errorf("%s: %v", raw, err)
		}
		if !ok && raw != "" {
			body := &closing{Reader: strings.NewReader("x")}
			_, err := hc.Transport.RoundTrip(&http.Request{Method: http.MethodPost, URL: u, Header: http.Header{}, Body: body})
			wantRefused(t, err)
			if !body.closed {
				t.Errorf("%s: the body was left open", raw)
			}
		}
	}
	loop, _ := url.Parse("http://127.0.0.1:8080/")
	far, _ := url.Parse("http://idp.example/")
	if Permits(http.DefaultClient, loop) != nil || Permits(http.DefaultClient, far) == nil || Permits(nil, far) == nil {
		t.Error("a foreign client is held to the wrong rule")
	}
}

// closing tells whether a body was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// TestA60_Rebinding: a name server that first answers with a public address and then with an inside one gains nothing,
// for it is the address of the connection that is judged, each time.
func TestA60_Rebinding(t *testing.T) {
	var hits atomic.Int64
	s := serve(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	var queries atomic.Int64
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answerDNS(theirs, func() [4]byte {
			if queries.Add(1) == 1 {
				return [4]byte{127, 0, 0, 9} // a canary of its own: nobody listens there
			}
			return [4]byte{127, 0, 0, 1}
		})
		return ours, nil
	}}
	hc := mustNew(t, Policy{Allow: []string{"127.0.0.9"}}) // stands for the public address of the first answer
	hc.Transport.(*Transport).resolver = resolver
	for i := range 3 {
		res, err := hc.Get("https://rebind.example:" + port + "/")
		if err == nil {
			_ = res.Body.Close()
			t.Fatal("connected")
		}
		if i > 0 {
			wantRefused(t, err)
		}
	}
	if hits.Load() != 0 || queries.Load() == 0 {
		t.Errorf("%d requests arrived, %d names were resolved", hits.Load(), queries.Load())
	}
}

// answerDNS serves one connection of the stub resolver in TCP framing, which it uses on a stream.
func answerDNS(c net.Conn, next func() [4]byte) {
	defer c.Close()
	for {
		size := make([]byte, 2)
		if _, err := io.ReadFull(c, size); err != nil {
			return
		}
		query := make([]byte, int(size[0])<<8|int(size[1]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(query); err != nil {
			return
		}
		m.Response, m.Additionals = true, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0}, Body: &dnsmessage.AResource{A: next()}}}
		}
		answer, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := c.Write(append([]byte{byte(len(answer) >> 8), byte(len(answer))}, answer...)); err != nil {
			return
		}
	}
}

func TestA61_RedirectRules(t *testing.T) {
	var secrets atomic.Int64
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" || r.Method == http.MethodPost {
			secrets.Add(1)
		}
	})
	var hops atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/loop":
			hops.Add(1)
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/3", "/2", "/1":
			http.Redirect(w, r, fmt.Sprintf("/%d", r.URL.Path[1]-'1'), http.StatusFound)
		case "/scheme":
			http.Redirect(w, r, strings.Replace(elsewhere.URL, "http", "https", 1), http.StatusFound)
		case "/away":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "/inside":
			http.Redirect(w, r, "http://127.0.0.3:9/", http.StatusFound)
		}
	})
	own := strings.TrimPrefix(s.URL, "http://")
	hc := mustNew(t, Policy{Allow: []string{own, strings.TrimPrefix(elsewhere.URL, "http://")}})
	get := func(path string, header ...string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(header) > 0 {
			r.Header.Set(header[0], header[1])
		}
		res, err := hc.Do(r)
		if err == nil {
			_ = res.Body.Close()
		}
		return res, err
	}
	for _, path := range []string{"/0", "/1", "/2", "/3", "/away"} {
		if res, err := get(path); err != nil || res.StatusCode != 200 {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := get("/3", "Authorization", "Bearer x"); err != nil {
		t.Errorf("same host with credentials: %v", err)
	}
	for _, c := range [][]string{{"/loop"}, {"/scheme"}, {"/inside"}, {"/away", "Authorization", "Bearer x"}, {"/away", "Cookie", "a=b"}} {
		_, err := get(c[0], c[1:]...)
		wantRefused(t, err)
	}
	if hops.Load() != 4 {
		t.Errorf("the loop was followed %d times", hops.Load()-1)
	}
	for _, path := range []string{"/1", "/away", "/inside"} {
		res, err := hc.Post(s.URL+path, "text/plain", strings.NewReader("secret"))
		if err != nil || res.StatusCode/100 != 3 {
			t.Errorf("POST %s: %v", path, err)
			continue
		}
		_ = res.Body.Close()
	}
	if secrets.Load() != 0 {
		t.Errorf("%d requests carried a secret away", secrets.Load())
	}
}

func TestA63_Bodies(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.URL.Query().Get("n"), &n)
		var to io.Writer = w
		if r.URL.Query().Has("gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			to = z
		}
		_, _ = io.Copy(to, io.LimitReader(zeros{}, int64(n)))
	})
	hc := mustNew(t, Policy{Allow: []string{"127.0.0.1"}})
	for _, c := range []struct {
		query string
		limit int64
		ok    bool
	}{
		{"n=0", 10, true}, {"n=10", 10, true}, {"n=11", 10, false}, {"n=10&gzip", 10, true}, {"n=11&gzip", 10, false},
		{"n=1048576", MaxBody, true}, {"n=1048577", MaxBody, false}, {"n=1048577&gzip", MaxBody, false}, {"n=1048577", 1 << 30, false}, {"n=30000000&gzip", MaxDocument, false},
	} {
		res, err := hc.Get(s.URL + "/?" + c.query)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ReadAll(res, c.limit)
		var large *TooLarge
		if c.ok && err != nil || !c.ok && (!errors.As(err, &large) || b != nil) {
			t.Errorf("%s within %d: %d bytes, %v", c.query, c.limit, len(b), err)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestA63_Times(t *testing.T) {
	stop := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/drip" {
			for range 100 {
				_, _ = w.Write([]byte("x"))
				_ = http.NewResponseController(w).Flush()
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}
		<-stop
	})
	t.Cleanup(func() { close(stop) })
	hc := mustNew(t, Policy{Allow: []string{"127.0.0.1"}, HeaderTimeout: 50 * time.Millisecond, Timeout: 200 * time.Millisecond})
	start := time.Now()
	if _, err := hc.Get(s.URL + "/hang"); err == nil || time.Since(start) > 150*time.Millisecond*10 {
		t.Errorf("hang: %v after %s", err, time.Since(start))
	}
	res, err := hc.Get(s.URL + "/drip")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadAll(res, MaxBody); err == nil || time.Since(start) > 3*time.Second {
		t.Errorf("drip: %v after %s", err, time.Since(start))
	}
	zero := mustNew(t, Policy{})
	if base := zero.Transport.(*Transport).base; zero.Timeout != 10*time.Second || base.ResponseHeaderTimeout != 5*time.Second || base.Proxy != nil {
		t.Errorf("defaults are %s, %s", zero.Timeout, base.ResponseHeaderTimeout)
	}
}

func TestNoProxyFromEnvironment(t *testing.T) {
	var proxied atomic.Int64
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { proxied.Add(1) })
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	hc := mustNew(t, Policy{Allow: []string{"127.0.0.1", "named.invalid"}})
	res, err := hc.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if _, err := hc.Get("http://named.invalid/"); err == nil || proxied.Load() != 0 {
		t.Errorf("%d requests went by the proxy, %v", proxied.Load(), err)
	}
}

func TestA62_Certificates(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	res, err := mustNew(t, Policy{Allow: []string{"127.0.0.1"}, RootCAs: roots}).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := ReadAll(res, 100); err != nil || string(b) != "HTTP/2.0" {
		t.Errorf("protocol is %s, %v", b, err)
	}
	if _, err := mustNew(t, Policy{Allow: []string{"127.0.0.1"}}).Get(s.URL); err == nil {
		t.Error("an unknown authority was trusted")
	}
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	if _, err := mustNew(t, Policy{Allow: []string{"localhost"}, RootCAs: roots}).Get("https://localhost:" + port); err == nil {
		t.Error("a certificate of another name was accepted")
	}
}

// TestConnectionsAreKept: many people at once, few connections in the end.
func TestConnectionsAreKept(t *testing.T) {
	var opened atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	hc := mustNew(t, Policy{Allow: []string{"127.0.0.1"}})
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for range 20 {
				res, err := hc.Get(s.URL)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := ReadAll(res, 10); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := opened.Load(); n > 64 {
		t.Errorf("%d connections for 640 requests of 32 people", n)
	}
}
