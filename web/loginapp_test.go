package web_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
	"github.com/isthmus-hub/isthmus/web/page"
)

var update = flag.Bool("update", false, "write the golden documents of the interaction API anew")

const (
	loginApp    = "http://localhost:3000/sign-in"
	loginOrigin = "http://localhost:3000"
)

// fronted is a hub with a login application, a provider that sends no family
// name, and a user with a temporary password.
func fronted(t *testing.T) (*site, *idptest.Provider) {
	t.Helper()
	h := hubtest.New(t)
	h.Pool.LoginApp = loginApp
	up := idptest.New(t, idptest.Config{Algorithm: "ES256"})
	up.SetUser(alice)
	h.Link(h.Pool, "CorporateID", up, mapping.Rule{Attribute: "family_name", From: []string{"family_name"}, OnMissing: mapping.Ask})
	h.AddUser(h.Pool, "ben", directory.NewUser{Password: hubtest.Password, Temporary: true, Attributes: mapping.Attributes{"email": "ben@corp.example"}})
	return serve(t, h), up
}

// said is a document of the API with how it came.
type said struct {
	page.Document
	status int
	header http.Header
	raw    string
}

// call is what the login application's script does. Headers are name and value in
// turn; an empty value takes one away.
func (b *browser) call(method, path, body string, headers ...string) said {
	b.t.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = hubtest.Issuer + path
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Origin", loginOrigin)
	r.Header.Set("Sec-Fetch-Site", "same-site")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	s := said{status: res.StatusCode, header: res.Header, raw: string(data)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(data, &s.Document); err != nil {
			b.t.Fatalf("%v in %s", err, data)
		}
	}
	return s
}

// begin opens the authorization endpoint and returns the id with which the
// browser comes to the login application.
func (b *browser) begin(changes ...string) string {
	b.t.Helper()
	id, code := b.front(b.authorize(changes...))
	if id == "" || code != "" {
		b.t.Fatalf("interaction %q, error_id %q", id, code)
	}
	return id
}

// front is what the browser brought to the login application.
func (b *browser) front(r *response) (interaction, errorID string) {
	b.t.Helper()
	if !strings.HasPrefix(r.url.String(), loginApp+"?") {
		b.t.Fatalf("not at the login application but at %s: %d\n%s", r.url, r.StatusCode, r.body)
	}
	return r.url.Query().Get("interaction"), r.url.Query().Get("error_id")
}

// finish follows a document to the app and returns its code.
func (b *browser) finish(d said) string {
	b.t.Helper()
	if d.Step != "done" || !strings.HasPrefix(d.RedirectTo, hubtest.Issuer+"/interaction/") {
		b.t.Fatalf("not done: %d %s", d.status, d.raw)
	}
	params, ok := b.get(d.RedirectTo).app()
	if !ok || params.Get("code") == "" || params.Get("state") != "state-of-the-app" || params.Get("iss") != hubtest.Issuer {
		b.t.Fatalf("at the app with %v", params)
	}
	return params.Get("code")
}

const anasPassword = `{"username":"` + hubtest.Username + `","password":"` + hubtest.Password + `"}`

// golden compares a document with the one that is kept, but for what differs
// each time.
func golden(t *testing.T, name string, d said) {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(d.raw), "", "  "); err != nil {
		t.Fatalf("%v: %s", err, d.raw)
	}
	text := regexp.MustCompile(`[A-Za-z0-9_-]{43}`).ReplaceAllString(b.String(), "ID")
	text = regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}\b`).ReplaceAllString(text, "CODE")
	text = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(text, "provider.test")
	path := filepath.Join("testdata", "interaction", name+".json")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-kept +said):\n%s", name, diff)
	}
}

// TestLoginApp signs in by the API in every way, and keeps the document of each
// step.
func TestLoginApp(t *testing.T) {
	s, up := fronted(t)
	b := s.browser(t)

	id := b.begin()
	d := b.call("GET", "/interaction/"+id, "")
	golden(t, "choose", d)
	golden(t, "wrong_password", b.call("POST", "/interaction/"+id+"/password", `{"username":"ana","password":"no"}`))
	d = b.call("POST", "/interaction/"+id+"/password", anasPassword)
	golden(t, "done", d)
	s.token(t, redeem(b.finish(d)))

	// Who is signed in already is passed through, or asked.
	if params, ok := b.authorize().app(); !ok || params.Get("code") == "" {
		t.Errorf("with a session: %v", params)
	}
	id = b.begin("prompt", "select_account")
	golden(t, "account", b.call("GET", "/interaction/"+id, ""))
	s.token(t, redeem(b.finish(b.call("POST", "/interaction/"+id+"/continue", "{}"))))
	id = b.begin("prompt", "select_account")
	other := b.call("POST", "/interaction/"+id+"/other", "{}")
	if other.Step != "choose" || other.Interaction == id {
		t.Errorf("as another: %s", other.raw)
	}
	// A temporary password, and one of one's own.
	d = b.call("POST", "/interaction/"+other.Interaction+"/password", `{"username":"ben","password":"`+hubtest.Password+`"}`)
	golden(t, "new_password", d)
	if again := b.call("GET", "/interaction/"+d.Interaction, ""); again.Step != "new_password" {
		t.Errorf("asked again: %s", again.raw)
	}
	golden(t, "new_password_broken", b.call("POST", "/interaction/"+d.Interaction+"/new-password", `{"new_password":"short"}`))
	s.token(t, redeem(b.finish(b.call("POST", "/interaction/"+d.Interaction+"/new-password", `{"new_password":"Lantern-over-9"}`))))

	// Through a provider, which leaves something to be asked.
	b = s.browser(t)
	d = b.call("GET", "/interaction/"+b.begin(), "")
	id, _ = b.front(b.get(d.Providers[0].Start))
	golden(t, "profile", b.call("GET", "/interaction/"+id, ""))
	golden(t, "profile_missing", b.call("POST", "/interaction/"+id+"/profile", `{"fields":{"family_name":" "}}`))
	s.token(t, redeem(b.finish(b.call("POST", "/interaction/"+id+"/profile", `{"fields":{"family_name":"Liddell"}}`))))
	if u := s.User(s.Pool, "CorporateID_alice"); u == nil || u.Attributes["family_name"] != "Liddell" {
		t.Errorf("the user is %+v", u)
	}

	// The same, begun by a call, and nothing to ask: straight to the app.
	b = s.browser(t)
	d = b.call("POST", "/interaction/"+b.begin()+"/provider", `{"provider":"CorporateID"}`)
	golden(t, "redirect", d)
	if d.Step != "redirect" || !strings.HasPrefix(d.RedirectTo, up.Issuer()) {
		t.Fatalf("to the provider: %s", d.raw)
	}
	if params, ok := b.get(d.RedirectTo).app(); !ok || params.Get("code") == "" {
		t.Errorf("from the provider: %v", params)
	}

	// Turned back.
	b = s.browser(t)
	d = b.call("POST", "/interaction/"+b.begin()+"/cancel", "{}")
	if params, _ := b.get(d.RedirectTo).app(); params.Get("error") != "access_denied" {
		t.Errorf("turned back: %v", params)
	}
}

// TestLoginAppStopped: what stops a sign-in comes to the login application as a
// code, which it can ask about, and the sign-in can be taken up again.
func TestLoginAppStopped(t *testing.T) {
	s, up := fronted(t)
	b := s.browser(t)
	d := b.call("GET", "/interaction/"+b.begin(), "")
	if err := up.Break("callback=access_denied"); err != nil {
		t.Fatal(err)
	}
	r := b.get(d.Providers[0].Start)
	id, code := b.front(r)
	if _, ok := hub.ParseTraceID(code); !ok || id == "" || len(r.url.Query()) != 2 {
		t.Fatalf("at %s", r.url)
	}
	golden(t, "error", b.call("GET", "/interaction/error/"+code, ""))
	if unknown := b.call("GET", "/interaction/error/AAAA-AAAA", ""); unknown.status != http.StatusNotFound || unknown.Error == nil {
		t.Errorf("unknown code: %d %s", unknown.status, unknown.raw)
	}
	if again := b.call("GET", "/interaction/"+id, ""); again.Step != "choose" {
		t.Errorf("afterwards: %s", again.raw)
	}
	b.finish(b.call("POST", "/interaction/"+id+"/password", anasPassword))

	// A call that stops, with the way to begin anew.
	b = s.browser(t)
	id = b.begin()
	s.Advance(11 * time.Minute)
	d = b.call("POST", "/interaction/"+id+"/password", anasPassword)
	golden(t, "expired", d)
	fresh, _ := b.front(b.get(d.Error.Retry))
	b.finish(b.call("POST", "/interaction/"+fresh+"/password", anasPassword))

	// A request that cannot be accepted says no more than its code either.
	r = s.browser(t).authorize("redirect_uri", "https://evil.example/<script>")
	if id, code := b.front(r); id != "" || code == "" || strings.Contains(r.url.RawQuery, "evil") {
		t.Errorf("at %s", r.url)
	}
}

// TestA107_InteractionCallsOfOthers: the API takes no call but of the login
// application's own origin, and none that a form could send.
func TestA107_InteractionCallsOfOthers(t *testing.T) {
	s, _ := fronted(t)
	b := s.browser(t)
	id := b.begin()
	steps := map[string]string{
		"password": anasPassword, "new-password": `{"new_password":"x"}`, "profile": `{"fields":{}}`, "provider": `{"provider":"CorporateID"}`, "join": `{"choice":"claim"}`, "address": `{"address":"x"}`,
		"continue": "{}", "other": "{}", "cancel": "{}",
	}
	n := 0
	for step, body := range steps {
		n++
		b.address = fmt.Sprintf("192.0.2.%d:4711", 20+n) // each step is another's turn, or the pace would answer
		for _, headers := range [][]string{
			{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
			{"Origin", "http://localhost:3001"},
			{"Origin", "http://localhost"},
			{"Origin", "http://LOCALHOST:3000"},
			{"Origin", "https://localhost:3000"},
			{"Origin", "http://localhost:3000.evil.example"},
			{"Origin", "null"},
			{"Origin", ""},
			{"Origin", hubtest.Issuer, "Sec-Fetch-Site", "same-origin"},
			{"Sec-Fetch-Site", "cross-site"},
		} {
			d := b.call("POST", "/interaction/"+id+"/"+step, body, headers...)
			if d.status != http.StatusForbidden || len(d.header["Set-Cookie"]) > 0 {
				t.Errorf("%s with %q: %d", step, headers, d.status)
			}
			if headers[0] == "Origin" && d.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s with %q may be read", step, headers)
			}
		}
		for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/json, text/plain", "application/json; charset=utf-16", ""} {
			if d := b.call("POST", "/interaction/"+id+"/"+step, body, "Content-Type", kind); d.status != http.StatusUnsupportedMediaType {
				t.Errorf("%s as %q: %d", step, kind, d.status)
			}
		}
		for _, text := range []string{"", "null", "[]", "{", body + body, `{"surplus":1}`, "username=ana&password=x"} {
			if d := b.call("POST", "/interaction/"+id+"/"+step, text); d.status != http.StatusBadRequest {
				t.Errorf("%s with the body %q: %d %s", step, text, d.status, d.raw)
			}
		}
		if d := b.call("GET", "/interaction/"+id+"/"+step, ""); d.status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", step, d.status)
		}
		if d := b.call("POST", "/interaction/"+id+"/"+step, strings.Repeat(" ", 70_000)); d.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s with a large body: %d", step, d.status)
		}
	}
	if d := b.call("GET", "/interaction/"+id, ""); d.Step != "choose" {
		t.Errorf("after all that: %s", d.raw)
	}
}

// TestA113_InteractionOrigins: credentials are allowed to the login application's
// origin to the letter, and a client's own application is not the pool's.
func TestA113_InteractionOrigins(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.LoginApp = loginApp
	h.Pool.Clients[hubtest.PublicID].LoginApp = "http://localhost:3009/other"
	s := serve(t, h)
	b := s.browser(t)
	id := b.begin()
	for _, path := range []string{"/interaction/" + id, "/interaction/" + id + "/password"} {
		method := "GET"
		if strings.HasSuffix(path, "password") {
			method = "POST"
		}
		for origin, want := range map[string]bool{loginOrigin: true, "http://localhost:3009": true, "http://localhost:3001": false, "null": false, "https://evil.example": false, hubtest.Issuer: false} {
			d := b.call("OPTIONS", path, "", "Origin", origin, "Access-Control-Request-Method", method)
			got := d.status == http.StatusNoContent && d.header.Get("Access-Control-Allow-Origin") == origin &&
				d.header.Get("Access-Control-Allow-Credentials") == "true" && d.header.Get("Access-Control-Allow-Headers") == "Content-Type"
			if got != want || !want && (d.status != http.StatusForbidden || d.header.Get("Access-Control-Allow-Origin") != "") {
				t.Errorf("%s from %s: %d %v", path, origin, d.status, d.header)
			}
			if !slices.Contains(d.header["Vary"], "Origin") {
				t.Errorf("%s from %s: Vary %q", path, origin, d.header["Vary"])
			}
		}
	}
	if d := b.call("OPTIONS", "/interaction/"+id, "", "Access-Control-Request-Method", ""); d.status != http.StatusMethodNotAllowed {
		t.Errorf("OPTIONS that is no preflight: %d", d.status)
	}
	d := b.call("GET", "/interaction/"+id, "", "Origin", "http://localhost:3009")
	if d.status != http.StatusForbidden || d.header.Get("Access-Control-Allow-Origin") != "" || strings.Contains(d.raw, "Expenses") {
		t.Errorf("the application of another client: %d %s", d.status, d.raw)
	}
	// No other route lets it in with cookies, and a pool without one nobody.
	for _, path := range []string{"/login", "/oauth2/token", "/logout", "/oauth2/userInfo"} {
		b.header.Set("Origin", loginOrigin)
		if d := b.once("GET", hubtest.Issuer+path, nil); d.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s allows credentials", path)
		}
	}
	plain := serve(t, hubtest.New(t)).browser(t)
	if d := plain.call("GET", "/interaction/"+id, ""); d.status != http.StatusForbidden {
		t.Errorf("without a login application: %d", d.status)
	}
}

// TestA119_InteractionOfAnotherBrowser: an id is nothing without the cookie, in
// either direction.
func TestA119_InteractionOfAnotherBrowser(t *testing.T) {
	s, _ := fronted(t)
	victim, attacker := s.browser(t), s.browser(t)
	id := victim.begin()
	attacker.begin()
	for _, path := range []string{"", "/password", "/new-password", "/profile", "/join", "/address", "/provider", "/continue", "/other", "/cancel"} {
		method, body := "POST", "{}"
		if path == "" {
			method, body = "GET", ""
		}
		if path == "/password" {
			body = anasPassword
		}
		d := attacker.call(method, "/interaction/"+id+path, body)
		if d.status != http.StatusNotFound || d.Step != "stopped" || d.Error.Reason != "other-browser" || len(d.header["Set-Cookie"]) > 0 || d.Client != nil {
			t.Errorf("%s: %d %s", path, d.status, d.raw)
		}
		for _, odd := range []string{"x", strings.Repeat("A", 43), "a%2Fb", "..%2f..%2fetc"} {
			if d := attacker.call(method, "/interaction/"+odd+path, body); d.status != http.StatusNotFound {
				t.Errorf("%s of %q: %d", path, odd, d.status)
			}
		}
	}
	d := victim.call("POST", "/interaction/"+id+"/password", anasPassword)
	if r := attacker.get(d.RedirectTo); r.url.Query().Has("code") {
		t.Errorf("the attacker fetched the code: %s", r.url)
	}
	victim.finish(d)
}

// TestA118_InteractionSteps: each step wants its proof, and what is finished is
// finished.
func TestA118_InteractionSteps(t *testing.T) {
	s, _ := fronted(t)
	b := s.browser(t)
	id := b.begin()
	for path, body := range map[string]string{"new-password": `{"new_password":"Lantern-over-9"}`, "profile": `{"fields":{"family_name":"x"}}`, "continue": "{}", "join": `{"choice":"claim"}`} {
		if d := b.call("POST", "/interaction/"+id+"/"+path, body); d.Step != "stopped" || d.Error.Reason != "expired" || d.Error.ID == "" {
			t.Errorf("%s before its time: %s", path, d.raw)
		}
	}
	if d := b.call("POST", "/interaction/"+id+"/provider", `{"provider":"nobody"}`); d.Step == "redirect" {
		t.Errorf("to nobody: %s", d.raw)
	}
	// finish before its time leads back to where the sign-in stands.
	id = b.begin()
	if back, _ := b.front(b.get(hubtest.Issuer + "/interaction/" + id + "/finish")); back != id {
		t.Errorf("back with %q", back)
	}
	jar := b.cookies()
	d := b.call("POST", "/interaction/"+id+"/password", anasPassword)
	for path, body := range map[string]string{"password": anasPassword, "cancel": "{}", "provider": `{"provider":"CorporateID"}`} {
		if again := b.call("POST", "/interaction/"+id+"/"+path, body); again.status != http.StatusNotFound {
			t.Errorf("%s after the end: %d %s", path, again.status, again.raw)
		}
	}
	b.finish(d)
	r := b.get(d.RedirectTo)
	if id, code := b.front(r); id != "" || code == "" {
		t.Errorf("finish again: %s", r.url)
	}
	// Nor does the cookie of before bring another code.
	u, _ := url.Parse(hubtest.Issuer)
	b.client.Jar.SetCookies(u, jar)
	if again := b.call("POST", "/interaction/"+id+"/password", anasPassword); again.Step == "done" {
		t.Errorf("the step before the end, sent again: %s", again.raw)
	}
	// A profile that is completed twice.
	b = s.browser(t)
	id, _ = b.front(b.get(b.call("GET", "/interaction/"+b.begin(), "").Providers[0].Start))
	jar = b.cookies()
	b.finish(b.call("POST", "/interaction/"+id+"/profile", `{"fields":{"family_name":"Liddell"}}`))
	b.client.Jar.SetCookies(u, jar)
	if again := b.call("POST", "/interaction/"+id+"/profile", `{"fields":{"family_name":"Again"}}`); again.Step != "stopped" {
		t.Errorf("the profile again: %s", again.raw)
	}
}

// TestA111_InteractionMarkup: what people and providers send comes back as data
// of JSON, which no browser takes for a page.
func TestA111_InteractionMarkup(t *testing.T) {
	s, _ := fronted(t)
	b := s.browser(t)
	id := b.begin()
	body, err := json.Marshal(map[string]string{"username": "</script><img src=x onerror=alert(1)>\u2028", "password": "x"})
	if err != nil {
		t.Fatal(err)
	}
	d := b.call("POST", "/interaction/"+id+"/password", string(body))
	if d.Password == nil || !strings.Contains(d.Password.Username, "<img") || strings.ContainsAny(d.raw, "<>\u2028") {
		t.Errorf("%s", d.raw)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if got := d.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestA138_InteractionPasswords: a name that is there and one that is not are
// told apart by nothing; A122: the pace of forms holds.
func TestA138_InteractionPasswords(t *testing.T) {
	s, _ := fronted(t)
	b := s.browser(t)
	id := b.begin()
	say := func(name string) string {
		d := b.call("POST", "/interaction/"+id+"/password", `{"username":"`+name+`","password":"wrong"}`)
		if d.status != http.StatusOK || d.Step != "choose" || len(d.Problems) != 1 {
			t.Errorf("%s: %d %s", name, d.status, d.raw)
		}
		return strings.ReplaceAll(d.raw, name, "NAME")
	}
	if there, not := say("ana"), say("eva"); there != not {
		t.Errorf("%s\n%s", there, not)
	}
	last := said{}
	for range 80 {
		last = b.call("POST", "/interaction/"+id+"/cancel", "no")
	}
	if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" || last.header.Get("Access-Control-Allow-Origin") != loginOrigin {
		t.Errorf("after eighty: %d %v", last.status, last.header)
	}
}
