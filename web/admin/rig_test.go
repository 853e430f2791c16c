package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// rig is the API over a hub with two pools.
type rig struct {
	*hubtest.Hub
	other   *hub.Pool
	handler http.Handler
	client  *admin.Client
	raw     *http.Client

	mu       sync.Mutex
	audit    []hub.Event
	auditErr func(hub.Event) error
	reload   func() ([]string, error)
}

// newRig serves the API at a socket.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Hub: hubtest.New(t)}
	r.other = r.AddPool("other", "http://other.test")
	r.handler = admin.New(admin.Options{
		Pools: func() []*hub.Pool { return []*hub.Pool{r.Pool, r.other} }, Directory: r.Directory, SignIn: r.SignIn,
		Audit: r.record, Reload: r.takeUp,
	})
	socket := socketPath(t)
	l, err := admin.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: r.handler, ConnContext: admin.ConnContext}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	if r.client, err = admin.Dial(t.Context(), socket); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.Close)
	r.raw = &http.Client{Transport: admin.SocketTransport(socket)}
	t.Cleanup(r.raw.CloseIdleConnections)
	return r
}

// socketPath is short, as sockets want it.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "isthmus")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "hub.sock")
}

func (r *rig) record(e hub.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.auditErr != nil {
		if err := r.auditErr(e); err != nil {
			return err
		}
	}
	r.audit = append(r.audit, e)
	return nil
}

func (r *rig) takeUp(context.Context) ([]string, error) {
	if r.reload == nil {
		return nil, nil
	}
	return r.reload()
}

// events are the audit events so far, which are then forgotten.
func (r *rig) events() []hub.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.audit
	r.audit = nil
	return list
}

// send sends a request as it is and returns status, answer and its text.
func (r *rig) send(t *testing.T, method, path, body string, headers ...string) (int, admin.Error, string) {
	t.Helper()
	return send(t, r.raw, method, "http://isthmus"+path, body, headers...)
}

func send(t *testing.T, client *http.Client, method, url, body string, headers ...string) (int, admin.Error, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e admin.Error
	if res.StatusCode >= 300 && json.NewDecoder(bytes.NewReader(text)).Decode(&e) != nil {
		e = admin.Error{}
	}
	return res.StatusCode, e, string(text)
}

// code is the code of a refusal, "" for any other error or none.
func code(err error) string {
	var e *admin.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
