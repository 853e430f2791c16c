package admin_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// fill puts names of things that exist into a route's path.
func fill(path, pool, user, trace, logout string) string {
	return strings.NewReplacer("{pool}", pool, "{user}", user, "{trace}", trace, "{logout}", logout).Replace(path)
}

// stop makes a sign-in stop and returns its id.
func (r *rig) stop(t *testing.T, p *hub.Pool, changes ...string) string {
	t.Helper()
	_, err := r.SignIn.Authorize(t.Context(), p, signin.Browser{}, hubtest.Authorization(changes...), false)
	var stopped *signin.Error
	if !errors.As(err, &stopped) {
		t.Fatalf("the sign-in did not stop: %v", err)
	}
	return stopped.Trace
}

// An object of one pool is not found through another, by any operation.
func TestA162_OtherPoolsObjects(t *testing.T) {
	r := newRig(t)
	u := r.User(r.Pool, hubtest.Username)
	trace := r.stop(t, r.Pool, "redirect_uri", "https://evil.example/")
	logout := r.signedOut(t, r.Pool, hubtest.Username, hub.End{Cause: hub.ByPerson}, hubtest.ClientID)
	for _, route := range admin.Routes() {
		if !strings.Contains(route[1], "{user}") && !strings.Contains(route[1], "{trace}") && !strings.Contains(route[1], "{logout}") {
			continue
		}
		for _, name := range []string{u.Sub, u.Username} {
			status, e, _ := r.send(t, route[0], fill(route[1], "other", name, trace, logout), "")
			if status != http.StatusNotFound || e.Code != "no_such_user" && e.Code != "no_such_trace" && e.Code != "no_such_logout" {
				t.Errorf("%s %s for another pool's %s: %d %+v", route[0], route[1], name, status, e)
			}
			status, e, _ = r.send(t, route[0], fill(route[1], "nowhere", name, trace, logout), "")
			if status != http.StatusNotFound || e.Code != "no_such_pool" {
				t.Errorf("%s %s in no pool: %d %+v", route[0], route[1], status, e)
			}
		}
	}
	if u := r.User(r.Pool, hubtest.Username); u == nil || u.Disabled {
		t.Error("the user was changed through another pool")
	}
	if list, err := r.client.Traces(t.Context(), "other", signin.TraceFilter{}, "", 0); err != nil || len(list.Traces) != 0 {
		t.Errorf("traces of the other pool: %+v, %v", list, err)
	}
	if list, err := r.client.Logouts(t.Context(), "other", admin.LogoutFilter{}, "", 0); err != nil || len(list.Logouts) != 0 {
		t.Errorf("logouts of the other pool: %+v, %v", list, err)
	}
	for _, user := range []string{u.Sub, u.Username} {
		if _, err := r.client.Logouts(t.Context(), "other", admin.LogoutFilter{User: user}, "", 0); code(err) != "no_such_user" {
			t.Errorf("logouts in the other pool of %s: %v", user, err)
		}
	}
	for _, part := range []string{logout[len(logout)-6:], logout[:21], logout[2:12]} {
		if _, err := r.client.Logout(t.Context(), "other", part); code(err) != "no_such_logout" {
			t.Errorf("%s, of another pool's logout: %v", part, err)
		}
	}
}

// No operation answers on the public listener, nor on any listener but the
// socket, nor to a web page.
func TestA164_OperationsWithoutTheSocket(t *testing.T) {
	r := newRig(t)
	public, err := web.New(web.Options{SignIn: r.SignIn, Logout: r.Logout, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	if err := public.Mount([]*hub.Pool{r.Pool, r.other}); err != nil {
		t.Fatal(err)
	}
	mistake := httptest.NewUnstartedServer(r.handler)
	mistake.Config.ConnContext = admin.ConnContext
	mistake.Start()
	defer mistake.Close()
	if len(admin.Routes()) < 10 {
		t.Fatal("the operations are not listed")
	}
	for _, route := range admin.Routes() {
		path := fill(route[1], "master", hubtest.Username, "K7QF-2M9X", "AZqgEVR7uWzXJDnLb1ctCA")
		for _, prefix := range []string{"", "/admin", "/.well-known/.."} {
			q := httptest.NewRequest(route[0], hubtest.Issuer+prefix+path, nil)
			w := httptest.NewRecorder()
			public.ServeHTTP(w, q)
			if w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed || strings.Contains(w.Header().Get("Content-Type"), "json") {
				t.Errorf("the public listener answers %s %s%s with %d", route[0], prefix, path, w.Code)
			}
		}
		if status, e, _ := send(t, mistake.Client(), route[0], mistake.URL+path, ""); status != http.StatusForbidden || e.Code != "forbidden" {
			t.Errorf("over TCP %s %s: %d %+v", route[0], path, status, e)
		}
		if status, e, _ := r.send(t, route[0], path, "", "Origin", "http://localhost:3000"); status != http.StatusForbidden || e.Code != "forbidden" {
			t.Errorf("with an Origin %s %s: %d %+v", route[0], path, status, e)
		}
	}
	if r.User(r.Pool, hubtest.Username) == nil || len(r.events()) != 0 {
		t.Error("something was done")
	}
}

// Every operation refuses fields it does not know, by name, and changes nothing.
func TestA165_UnknownAndServerOwnedFields(t *testing.T) {
	r := newRig(t)
	owned := []string{"sub", "status", "created", "modified", "links", "password_expires", "enabled", "cognito:user_status", "Username", "x"}
	for _, route := range admin.Routes() {
		if route[0] != "POST" && route[0] != "DELETE" {
			continue
		}
		path := fill(route[1], "master", hubtest.Username, "", "")
		for _, field := range owned {
			body := `{"` + field + `":"value"}`
			if route[1] == "/pools/{pool}/users" {
				body = `{"username":"bea","` + field + `":"value"}`
			}
			status, e, text := r.send(t, route[0], path, body)
			if status != http.StatusBadRequest || !strings.Contains(e.Message, field) {
				t.Errorf("%s %s with %q: %d %s", route[0], path, field, status, text)
			}
		}
		for _, body := range []string{"[]", "null", `"x"`, `{`, `{}{}`, `{"x":1,"x":1}`, "\xff", strings.Repeat(`{"a":`, 100)} {
			if status, _, text := r.send(t, route[0], path, body); status != http.StatusBadRequest {
				t.Errorf("%s %s with %q: %d %s", route[0], path, body, status, text)
			}
		}
		if status, _, _ := r.send(t, route[0], path, `{"x":"`+strings.Repeat("y", 1<<20)+`"}`); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s %s with more than a MiB: %d", route[0], path, status)
		}
	}
	for attribute, body := range map[string]string{
		"sub":                 `{"username":"bea","attributes":{"sub":"1"}}`,
		"identities":          `{"username":"bea","attributes":{"identities":"[]"}}`,
		"cognito:user_status": `{"username":"bea","attributes":{"cognito:user_status":"CONFIRMED"}}`,
		"shoe_size":           `{"username":"bea","attributes":{"shoe_size":"41"}}`,
		"username":            `{"username":"bea","username":"eve"}`,
		"attributes":          `{"username":"bea","attributes":["email"]}`,
		"permanent":           `{"username":"bea","permanent":"yes"}`,
	} {
		if status, e, text := r.send(t, "POST", "/pools/master/users", body); status != http.StatusBadRequest || !strings.Contains(e.Message, attribute) {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if status, e, _ := r.send(t, "GET", "/pools/master/users?sort=email", ""); status != http.StatusBadRequest || e.Field != "sort" {
		t.Errorf("an unknown parameter: %d %+v", status, e)
	}
	if status, _, _ := r.send(t, "GET", "/pools/master/users?limit=1&limit=2", ""); status != http.StatusBadRequest {
		t.Errorf("a parameter twice: %d", status)
	}
	if u := r.User(r.Pool, hubtest.Username); u == nil || u.Disabled || r.User(r.Pool, "bea") != nil {
		t.Error("something was done")
	}
	for _, e := range r.events() {
		if e.OK && e.Name != hub.AdminAct {
			t.Errorf("something was done: %+v", e)
		}
	}
}

// Nothing that is answered holds a password, a hash, a secret or a private key.
func TestA166_NoSecretsInAnswers(t *testing.T) {
	r := newRig(t)
	trace := r.stop(t, r.Pool, "redirect_uri", "https://evil.example/")
	// Open, so that the record still holds what goes back to the provider.
	logout := r.signedOut(t, r.Pool, hubtest.Username, hub.End{Cause: hub.ByPerson, Browser: true}, hubtest.ClientID)
	made, err := r.client.CreateUser(t.Context(), "master", admin.NewUser{Username: "bea"})
	if err != nil {
		t.Fatal(err)
	}
	hash := r.User(r.Pool, hubtest.Username).Password
	_, sum, _ := strings.Cut(hash, "p=1$")
	secrets := []string{hubtest.Password, hubtest.ClientSecret, hash, sum, made.TemporaryPassword, "argon2"}
	hint := r.kept(t, r.Pool, logout).Hint
	if r.Pool.OpenHint(upstreamName, hint) != upstreamToken {
		t.Fatal("the record holds no hint")
	}
	secrets = append(secrets, upstreamToken, base64.StdEncoding.EncodeToString(hint), base64.RawURLEncoding.EncodeToString(hint))
	for _, s := range r.Pool.Clients[hubtest.ClientID].Secrets {
		secrets = append(secrets, base64.StdEncoding.EncodeToString(s[:]), base64.RawURLEncoding.EncodeToString(s[:]))
	}
	for _, k := range r.Pool.Keys.Ring().Keys() {
		der, err := k.MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, base64.StdEncoding.EncodeToString(der[len(der)-60:])[:40])
	}
	named := regexp.MustCompile(`"(password|secret|sealed|hint|private|hash|d|p|q)":`)
	for _, route := range admin.Routes() {
		for _, user := range []string{hubtest.Username, "bea"} {
			if route[0] == "DELETE" && user == hubtest.Username {
				continue // it is looked at by the operations to come
			}
			status, _, text := r.send(t, route[0], fill(route[1], "master", user, trace, logout), "")
			if status >= 500 {
				t.Errorf("%s %s: %d %s", route[0], route[1], status, text)
			}
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Errorf("%s %s answers with a secret: %s", route[0], route[1], text)
				}
			}
			if m := named.FindString(text); m != "" {
				t.Errorf("%s %s answers with a member %s", route[0], route[1], m)
			}
		}
	}
}

// A cursor of another list, pool or filter is refused.
func TestA167_ForeignCursors(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"bea", "cid"} {
		r.AddUser(r.Pool, name, directory.NewUser{Password: hubtest.Password})
		r.stop(t, r.Pool, "redirect_uri", "https://evil.example/")
	}
	users, err := r.client.Users(t.Context(), "master", "", 1)
	if err != nil || users.Next == "" {
		t.Fatal(users, err)
	}
	traces, err := r.client.Traces(t.Context(), "master", signin.TraceFilter{}, "", 1)
	if err != nil || traces.Next == "" {
		t.Fatal(traces, err)
	}
	for range 2 {
		r.signedOut(t, r.Pool, "bea", hub.End{Cause: hub.ByPerson}, hubtest.ClientID)
	}
	logouts, err := r.client.Logouts(t.Context(), "master", admin.LogoutFilter{}, "", 1)
	if err != nil || logouts.Next == "" {
		t.Fatal(logouts, err)
	}
	beas, err := r.client.Logouts(t.Context(), "master", admin.LogoutFilter{User: "bea"}, "", 1)
	if err != nil || beas.Next == "" {
		t.Fatal(beas, err)
	}
	flipped := []byte(users.Next)
	flipped[len(flipped)/2] ^= 1
	for _, path := range []string{
		"/pools/other/users?after=" + users.Next,
		"/pools/master/users?after=" + traces.Next,
		"/pools/master/traces?after=" + users.Next,
		"/pools/master/traces?client=app&after=" + traces.Next,
		"/pools/other/logouts?after=" + logouts.Next,
		"/pools/master/logouts?after=" + traces.Next,
		"/pools/master/logouts?client=app&after=" + logouts.Next,
		"/pools/master/logouts?open=true&after=" + logouts.Next,
		"/pools/master/logouts?user=bea&after=" + logouts.Next,
		"/pools/master/logouts?user=ana&after=" + beas.Next,
		"/pools/master/logouts?client=app&user=bea&after=" + beas.Next,
		"/pools/master/logouts?after=" + beas.Next,
		"/pools/master/logouts?open=yes",
		"/pools/master/logouts?watch=1",
		"/pools/master/logouts?open=true&open=true",
		"/pools/master/logouts?sort=sub",
		"/pools/master/logouts?limit=0",
		"/pools/master/logouts/short",
		"/pools/master/users?after=" + string(flipped),
		"/pools/master/users?after=bG9jYWwv",
		"/pools/master/users?after=%00",
		"/pools/master/users?limit=0",
		"/pools/master/users?limit=1001",
		"/pools/master/users?limit=-1",
		"/pools/master/users?limit=ten",
	} {
		if status, e, text := r.send(t, "GET", path, ""); status != http.StatusBadRequest || e.Code != "invalid" {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

// An act is in the audit log before it is tried; if it cannot be, it is not done.
func TestA172_AuditBeforeActs(t *testing.T) {
	r := newRig(t)
	planted := r.plant(t, r.Pool).ID
	acts := []struct {
		name hub.EventName
		do   func() error
	}{
		{hub.UserCreated, func() error {
			_, err := r.client.CreateUser(t.Context(), "master", admin.NewUser{Username: "bea"})
			return err
		}},
		{hub.UserDisabled, func() error { _, err := r.client.SetEnabled(t.Context(), "master", "ana", false); return err }},
		{hub.UserChanged, func() error { _, err := r.client.SetEnabled(t.Context(), "master", "ana", true); return err }},
		{hub.KeyRotated, func() error { _, err := r.client.RotateKeys(t.Context(), "master", false); return err }},
		{hub.KeyWithdrawn, func() error {
			_, err := r.client.WithdrawKey(t.Context(), "master", r.Pool.Keys.Ring().Keys()[0].ID)
			return err
		}},
		{hub.RegistrationOpened, func() error { _, err := r.client.OpenRegistration(t.Context(), "master"); return err }},
		{hub.ClientDeleted, func() error { _, err := r.client.DeleteClient(t.Context(), "master", planted); return err }},
		{hub.ConfigReloaded, func() error { _, err := r.client.Reload(t.Context()); return err }},
		{hub.UserDeleted, func() error { _, err := r.client.DeleteUser(t.Context(), "master", "ana"); return err }},
	}
	keys := len(r.Pool.Keys.Ring().Keys())
	r.auditErr = func(hub.Event) error { return io.ErrShortWrite }
	r.reload = func() ([]string, error) { t.Error("reloaded without an event"); return nil, nil }
	for _, act := range acts {
		if err := act.do(); code(err) != "audit_failed" {
			t.Errorf("%s without an audit log: %v", act.name, err)
		}
	}
	if u := r.User(r.Pool, "ana"); u == nil || u.Disabled || r.User(r.Pool, "bea") != nil || len(r.Pool.Keys.Ring().Keys()) != keys {
		t.Error("something was done without an event")
	}
	r.auditErr, r.reload = nil, nil
	for _, act := range acts {
		if err := act.do(); err != nil {
			t.Errorf("%s: %v", act.name, err)
		}
		events := r.events()
		if len(events) != 2 || events[0].Name != hub.AdminAct || events[0].Reason != string(act.name) || events[1].Name != act.name || !events[1].OK {
			t.Errorf("%s: events %+v", act.name, events)
			continue
		}
		for _, e := range events {
			if !strings.HasPrefix(e.Actor, "local uid ") && e.Actor != "admin socket" || e.RequestID == "" {
				t.Errorf("%s: by %q, request %q", act.name, e.Actor, e.RequestID)
			}
		}
	}
	if _, err := r.client.DeleteUser(t.Context(), "master", "nobody"); code(err) != "no_such_user" || len(r.events()) != 0 {
		t.Errorf("nobody is deleted: %v", err)
	}
	for _, id := range []string{"nothing", " ", r.other.Keys.Ring().Keys()[0].ID} {
		if _, err := r.client.WithdrawKey(t.Context(), "master", id); code(err) != "no_such_key" || len(r.events()) != 0 {
			t.Errorf("the key %q is withdrawn: %v", id, err)
		}
	}
	if _, err := r.client.WithdrawKey(t.Context(), "master", ""); err == nil {
		t.Error("no key at all is withdrawn")
	}
	r.reload = func() ([]string, error) { return nil, errors.New("the file is wrong") }
	_, err := r.client.Reload(t.Context())
	events := r.events()
	if code(err) != "configuration_refused" || err.Error() != "the file is wrong" || len(events) != 2 || events[1].OK || events[1].Reason != "configuration_refused" {
		t.Errorf("a refused reload: %v, events %+v", err, events)
	}
}

// A fault is told by an id; what happened stands in the log alone.
func TestA177_FaultsTellNothing(t *testing.T) {
	h := hubtest.NewFaulty(t)
	var log bytes.Buffer
	client := admin.Local(admin.New(admin.Options{
		Pools: func() []*hub.Pool { return []*hub.Pool{h.Pool} }, Directory: h.Directory, SignIn: h.SignIn,
		Audit: func(hub.Event) error { return nil }, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}))
	for at := 1; ; at++ {
		h.Faults.At(at)
		_, err := client.SetEnabled(t.Context(), "master", "ana", false)
		hit := h.Faults.Hit()
		h.Faults.At(0)
		if !hit {
			if err != nil || at < 3 {
				t.Errorf("without a fault, at %d: %v", at, err)
			}
			break
		}
		if code(err) != "unavailable" || strings.Contains(err.Error(), "injected") || !strings.Contains(err.Error(), "request id") {
			t.Errorf("fault %d: %v", at, err)
		}
		if !strings.Contains(log.String(), "injected") {
			t.Errorf("fault %d is not in the log: %s", at, log.String())
		}
		log.Reset()
	}
}

// The socket is its owner's alone, from the moment it is there.
func TestA161_Socket(t *testing.T) {
	path := socketPath(t)
	l, err := admin.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("socket of mode %v, %v", info.Mode(), err)
	}
	if _, err := admin.Listen(path); err == nil || !strings.Contains(err.Error(), "another hub answers") {
		t.Errorf("a second hub: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Dial(t.Context(), path); !errors.Is(err, admin.ErrNoServer) {
		t.Errorf("nobody listens: %v", err)
	}
}
