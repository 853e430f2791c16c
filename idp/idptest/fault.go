package idptest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault is a way for an endpoint to fail. The first of Delay's successors that is set decides; fields after ContentType
// change the right answer.
type Fault struct {
	Times int // how often, then the endpoint is well again; 0: until Heal

	Delay       time.Duration // before anything else
	Hang        bool          // no answer until the caller or the provider ends
	Reset       bool          // the connection is reset
	Redirect    string        // 307 to this URL
	Error       string        // an OAuth error by this code: 401 for invalid_client and invalid_token, else 400
	Description string        // goes with Error
	Body        string        // this body, with Status (0: 200) and ContentType
	Endless     bool          // white space without end, then nothing

	Status      int           // the right answer under this status
	ContentType string        // the right answer under this type
	Pad         int64         // the right answer, then white space up to so many bytes
	Gzip        bool          // the answer compressed
	Drip        time.Duration // one byte, then this pause, and so on
	Cut         bool          // the connection ends in the middle of the body
	Duplicate   bool          // the first member of the JSON object twice
}

// NamedFault is a Fault of the catalogue.
type NamedFault struct {
	Name string
	Fault
}

// Faults is the catalogue of ready-made faults, by name: what providers do on bad days.
func Faults() []NamedFault {
	return []NamedFault{
		{"refuse-500", Fault{Status: 500, Body: "internal error", ContentType: "text/plain"}},
		{"unavailable-503", Fault{Status: 503, Body: "<html><h1>Service Unavailable</h1></html>", ContentType: "text/html"}},
		{"not-found-404", Fault{Status: 404, Body: "not found", ContentType: "text/plain"}},
		{"hang", Fault{Hang: true}},
		{"drip", Fault{Drip: 50 * time.Millisecond}},
		{"reset", Fault{Reset: true}},
		{"cut", Fault{Cut: true}},
		{"huge", Fault{Pad: 8 << 20}},
		{"endless", Fault{Endless: true}},
		{"bomb", Fault{Pad: 64 << 20, Gzip: true}},
		{"html", Fault{Body: "<!doctype html><title>Sign in</title>", ContentType: "text/html"}},
		{"wrong-type", Fault{ContentType: "text/html; charset=utf-8"}},
		{"malformed", Fault{Body: `{"issuer": `, ContentType: "application/json"}},
		{"duplicate", Fault{Duplicate: true}},
		{"empty", Fault{Body: " ", ContentType: "application/json"}},
		{"redirect-loop", Fault{Redirect: "?again=1"}},
		{"invalid_client", Fault{Error: "invalid_client", Description: "client authentication failed"}},
		{"invalid_grant", Fault{Error: "invalid_grant", Description: "code expired"}},
	}
}

// FaultNamed finds a fault of the catalogue; the error lists the names.
func FaultNamed(name string) (Fault, error) {
	var names []string
	for _, f := range Faults() {
		if f.Name == name {
			return f.Fault, nil
		}
		names = append(names, f.Name)
	}
	return Fault{}, fmt.Errorf("idptest: no fault %q; there are %s", name, strings.Join(names, ", "))
}

// Fail makes an endpoint fail from now on. Faults do not add up: the newest is in force.
func (p *Provider) Fail(e Endpoint, f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[e] = &f
}

// Heal ends the faults of the endpoints, or of all if none is named.
func (p *Provider) Heal(endpoints ...Endpoint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(endpoints) == 0 {
		endpoints = Endpoints()
	}
	for _, e := range endpoints {
		delete(p.faults, e)
	}
}

func (f *Fault) serve(p *Provider, w http.ResponseWriter, r *http.Request, right http.HandlerFunc) {
	if f.Delay > 0 && !p.pause(r, f.Delay) {
		return
	}
	switch {
	case f.Hang:
		select {
		case <-r.Context().Done():
		case <-p.done:
		}
		panic(http.ErrAbortHandler)
	case f.Reset:
		reset(w)
	case f.Redirect != "":
		w.Header().Set("Location", f.Redirect) // http.Redirect would resolve it, and lose the path before a query
		w.WriteHeader(http.StatusTemporaryRedirect)
	case f.Error != "":
		status := http.StatusBadRequest
		if slices.Contains([]string{"invalid_client", "invalid_token"}, f.Error) {
			status = http.StatusUnauthorized
		}
		writeJSON(w, status, map[string]any{"error": f.Error, "error_description": f.Description})
	case f.Endless:
		f.endless(p, w, r)
	default:
		f.spoil(p, w, r, right)
	}
}

// pause waits, or returns false if the caller or the provider went away.
func (p *Provider) pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-p.done:
	}
	return false
}

// reset ends the connection so that the caller sees a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (f *Fault) endless(p *Provider, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for r.Context().Err() == nil {
		select {
		case <-p.done:
			return
		default:
		}
		if _, err := w.Write(blank); err != nil {
			return
		}
	}
}

// spoil sends the right answer, or Body, with something wrong about it.
func (f *Fault) spoil(p *Provider, w http.ResponseWriter, r *http.Request, right http.HandlerFunc) {
	good := &capture{header: http.Header{}, status: http.StatusOK}
	if f.Body == "" {
		right(good, r)
	} else {
		good.body.WriteString(f.Body)
	}
	body := io.Reader(&good.body)
	size := int64(good.body.Len())
	if f.Duplicate {
		// {"a":1,…} becomes {"a":1,…,"a":1}: the name again, with the value it has.
		text := strings.TrimSpace(good.body.String())
		if member, ok := firstMember(text); ok {
			text = text[:len(text)-1] + "," + member + "}"
		}
		body, size = strings.NewReader(text), int64(len(text))
	}
	padding := max(f.Pad-size, 0)
	size += padding
	if !f.Gzip {
		body = io.MultiReader(body, &spaces{left: padding})
	}
	header := w.Header()
	for name, values := range good.header {
		header[name] = values
	}
	if f.ContentType != "" {
		header.Set("Content-Type", f.ContentType)
	}
	if f.Status != 0 {
		good.status = f.Status
	}
	if f.Cut {
		header.Set("Content-Length", strconv.FormatInt(size, 10))
		w.WriteHeader(good.status)
		_, _ = io.CopyN(w, body, size/2)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	if f.Gzip {
		header.Set("Content-Encoding", "gzip")
		w.WriteHeader(good.status)
		z := gzip.NewWriter(w)
		_, _ = io.Copy(z, body)
		_, _ = io.CopyN(z, &spaces{left: padding}, padding%(1<<20))
		_ = z.Close()
		for range padding >> 20 {
			if _, err := w.Write(megabyte()); err != nil {
				return
			}
		}
		return
	}
	w.WriteHeader(good.status)
	if f.Drip > 0 {
		f.drip(p, w, r, body)
		return
	}
	_, _ = io.Copy(w, body)
}

func (f *Fault) drip(p *Provider, w http.ResponseWriter, r *http.Request, body io.Reader) {
	one := make([]byte, 1)
	for {
		if _, err := body.Read(one); err != nil {
			return
		}
		if _, err := w.Write(one); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		if !p.pause(r, f.Drip) {
			return
		}
	}
}

// capture holds an answer back.
type capture struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (c *capture) Header() http.Header         { return c.header }
func (c *capture) WriteHeader(status int)      { c.status = status }
func (c *capture) Write(b []byte) (int, error) { return c.body.Write(b) }

var blank = bytes.Repeat([]byte(" "), 32<<10)

// megabyte is a gzip member of a mebibyte of blanks. Members may follow one another (RFC 1952 §2.2), so a bomb is made
// without compressing it.
var megabyte = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.CopyN(z, &spaces{left: 1 << 20}, 1<<20)
	_ = z.Close()
	return b.Bytes()
})

// spaces reads as so many blanks.
type spaces struct{ left int64 }

func (s *spaces) Read(b []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(int64(len(b)), s.left)], blank)
	s.left -= int64(n)
	return n, nil
}
