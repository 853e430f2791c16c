package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/idp/migration/migrationtest"
	"github.com/isthmus-hub/isthmus/web/admin"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"isthmus": func() { os.Exit(Main()) }})
}

// TestScripts runs the scripts in testdata, each with a provider of its own at
// $UPSTREAM ($UPSTREAM_HOST), apps that take logout tokens at $PARTY ($PARTY_HOST;
// /told, /refuse, /fault, and /later, which has a fault at first), an old system at
// $OLD ($OLD_HOST) that knows cid with Old-passw0rd, and free addresses in $HUB, $OTHER and $NOBODY. Beside the commands of testscript there are:
//
//	expand FILE…            variables in the files are replaced
//	status N PROGRAM ARG…   exec that must end with exit status N
//	mode MODE FILE          the file has these permissions
//	up SOCKET               waits until a hub answers at the socket
//	poll URL PATTERN        waits until a page, after the line "status N", matches
//	logged FILE PATTERN     waits until a file matches
//	hangup                  sends SIGHUP to what runs in the background
//	signin POOL-URL [NAME=VALUE…]
//	                        a person signs in by the app "web": ok, or the code of the
//	                        page goes to $ID
//	password POOL-URL USER PASSWORD [NAME=VALUE…]
//	                        a person signs in by the app "web" and the pool's own form
//	register URL            an app registers itself there, by the token in the JSON on stdout;
//	                        its id goes to $CLIENT
//	replace OLD NEW FILE    in the file
//	crowd FILE N            the file has N people, as Cognito's import takes them
//	until PATTERN PROGRAM ARG…
//	                        runs the program until its output matches
//	recall NAME FILE PATTERN
//	                        the pattern's group in a file goes to $NAME
//	signout POOL-URL CLIENT…
//	                        a person signs in by each of these apps, and out by the first
//	latest [FLAG…]          the end of the latest listed logout's id goes to $LOGOUT
//	shows FILE              stdout is what the file has, but for times, ids, free addresses
//	                        and the number of spaces
//	fault ENDPOINT NAME     breaks an endpoint of the provider; "fault heal" mends all
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"expand": expand, "status": status, "mode": mode, "up": up, "poll": poll, "logged": logged, "hangup": hangupAll, "signin": signIn, "password": passwordSignIn, "fault": fault, "kid": kid, "register": register,
			"signout": signOut, "shows": shows, "latest": latest, "person": person, "replace": replace, "recall": recall, "crowd": crowd, "until": until,
		},
	})
}

type upstreamKey struct{}

func setup(env *testscript.Env) error {
	upstream, err := idptest.Start(idptest.Config{Users: []idptest.User{
		{Subject: "ada-1", Claims: map[string]any{"email": "ada@corp.example", "email_verified": true, "family_name": "Lovelace"}},
	}})
	if err != nil {
		return err
	}
	env.Defer(func() { _ = upstream.Close() })
	env.Values[upstreamKey{}] = upstream
	env.Setenv("GORACE", "atexit_sleep_ms=0") // or the race detector waits a second at the end of each program
	env.Setenv("UPSTREAM", upstream.Issuer())
	env.Setenv("UPSTREAM_HOST", strings.TrimPrefix(upstream.Issuer(), "http://"))
	env.Setenv("UPSTREAM_CLIENT", upstream.ClientID())
	env.Setenv("UPSTREAM_SECRET", upstream.ClientSecret())
	old := migrationtest.Start(migrationtest.User{Username: "cid", Password: "Old-passw0rd", Attributes: map[string]string{"email": "cid@old.example", "email_verified": "true"}})
	env.Defer(old.Stop)
	env.Setenv("OLD", old.URL)
	env.Setenv("OLD_HOST", strings.TrimPrefix(old.URL, "http://"))
	env.Setenv("HOOK_SECRET", migrationtest.HookSecret)
	env.Setenv("OLD_CLIENT", migrationtest.ClientID)
	env.Setenv("OLD_SECRET", migrationtest.ClientSecret)
	parties := httptest.NewServer(party())
	env.Defer(parties.Close)
	env.Setenv("PARTY", parties.URL)
	env.Setenv("PARTY_HOST", strings.TrimPrefix(parties.URL, "http://"))
	for _, name := range []string{"HUB", "OTHER", "NOBODY"} {
		env.Setenv(name, free())
	}
	return nil
}

// party is what apps answer to logout tokens.
func party() http.Handler {
	var again atomic.Bool
	take := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.PostFormValue("logout_token") == "":
			http.Error(w, "no token", http.StatusTeapot)
		case r.URL.Path == "/refuse":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_request","error_description":"no such session"}`)
		case r.URL.Path == "/fault", r.URL.Path == "/later" && !again.Swap(true):
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	return http.HandlerFunc(take)
}

// free finds an address that nobody listens on. It is below the range from which
// systems take ports for outgoing connections, or one of these could have it
// before the hub does.
func free() string {
	for {
		address := fmt.Sprintf("localhost:%d", 26_000+rand.IntN(6_000))
		if l, err := net.Listen("tcp", address); err == nil && l.Close() == nil {
			return address
		}
	}
}

func expand(ts *testscript.TestScript, _ bool, files []string) {
	for _, name := range files {
		path := ts.MkAbs(name)
		ts.Check(os.WriteFile(path, []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
	}
}

func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Check(err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d\n%s\n%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// wait tries until the time is over.
func wait(ts *testscript.TestScript, what string, try func() error) {
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	ts.Fatalf("%s: %v", what, err)
}

func up(ts *testscript.TestScript, _ bool, args []string) {
	// Relative, as a socket's path may not be long.
	here, err := os.Getwd()
	ts.Check(err)
	path, err := filepath.Rel(here, ts.MkAbs(args[0]))
	ts.Check(err)
	wait(ts, args[0], func() error {
		client, err := admin.Dial(context.Background(), path)
		if err == nil {
			client.Close()
		}
		return err
	})
}

func poll(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[1])
	wait(ts, args[0], func() error {
		res, err := http.Get(args[0])
		if err != nil {
			return err
		}
		defer res.Body.Close()
		page, err := io.ReadAll(res.Body)
		if said := fmt.Sprintf("status %d\n%s", res.StatusCode, page); err == nil && !pattern.MatchString(said) {
			err = errors.New(said)
		}
		return err
	})
}

func logged(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[1])
	wait(ts, args[0], func() error {
		if text := ts.ReadFile(args[0]); !pattern.MatchString(text) {
			return errors.New(text)
		}
		return nil
	})
}

// kid finds the first key in that state, for $KID and as if typed in kid.txt.
func kid(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("isthmus", "key", "list"))
	found := regexp.MustCompile(`(?m)^(\S+) .* ` + args[0] + ` `).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("no key is %s", args[0])
	}
	ts.Setenv("KID", found[1])
	ts.Check(os.WriteFile(ts.MkAbs("kid.txt"), []byte(found[1]+"\n"), 0o600))
}

// person is who the upstream signs in from now on: a subject, and claims as JSON.
func person(ts *testscript.TestScript, _ bool, args []string) {
	u := idptest.User{Subject: args[0]}
	ts.Check(json.Unmarshal([]byte(args[1]), &u.Claims))
	ts.Value(upstreamKey{}).(*idptest.Provider).SetUser(u)
}

// passwordSignIn is the person's browser with the form filled in.
func passwordSignIn(ts *testscript.TestScript, neg bool, args []string) {
	browser := newBrowser(ts)
	res, err := browser.Get(authorization(args[0], args[3:]...))
	ts.Check(err)
	defer res.Body.Close()
	page, err := goquery.NewDocumentFromReader(res.Body)
	ts.Check(err)
	form, fields := page.Find("form"), url.Values{"username": {args[1]}, "password": {args[2]}}
	form.Find("input[type=hidden]").Each(func(_ int, in *goquery.Selection) {
		fields.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
	})
	to, err := res.Request.URL.Parse(form.AttrOr("action", ""))
	ts.Check(err)
	r, err := http.NewRequest("POST", to.String(), strings.NewReader(fields.Encode()))
	ts.Check(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", to.Scheme+"://"+to.Host)
	res, err = browser.Do(r)
	ts.Check(err)
	defer res.Body.Close()
	at, err := res.Location()
	if in := err == nil && at.Query().Get("code") != ""; in == neg {
		ts.Fatalf("signed in: %v, %s", in, res.Status)
	}
}

// register is an app named Notes.
func register(ts *testscript.TestScript, _ bool, args []string) {
	var made struct{ Token string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &made))
	r, err := http.NewRequest("POST", args[0], strings.NewReader(`{"client_name":"Notes","redirect_uris":["https://notes.example/cb"]}`))
	ts.Check(err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+made.Token)
	res, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer res.Body.Close()
	var client struct {
		ID string `json:"client_id"`
	}
	ts.Check(json.NewDecoder(res.Body).Decode(&client))
	if res.StatusCode != http.StatusCreated {
		ts.Fatalf("registration: %s", res.Status)
	}
	ts.Setenv("CLIENT", client.ID)
}

func replace(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[2])
	if !strings.Contains(text, args[0]) {
		ts.Fatalf("%s has no %q", args[2], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.ReplaceAll(text, args[0], args[1])), 0o600))
}

func crowd(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var text strings.Builder
	text.WriteString("cognito:username,email,email_verified,sub\n")
	for i := range n {
		fmt.Fprintf(&text, "person%d,person%d@x.example,true,00000000-0000-4000-8000-%012d\n", i, i, i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text.String()), 0o600))
}

func until(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[0])
	wait(ts, args[1], func() error {
		err := ts.Exec(args[1], args[2:]...)
		if said := ts.ReadFile("stdout"); err == nil && !pattern.MatchString(said) {
			err = errors.New(said)
		}
		return err
	})
}

func recall(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if found == nil {
		ts.Fatalf("%s has nothing like %s", args[1], args[2])
	}
	ts.Setenv(args[0], found[1])
}

func hangupAll(ts *testscript.TestScript, _ bool, _ []string) {
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(syscall.SIGHUP))
	}
}

func fault(ts *testscript.TestScript, _ bool, args []string) {
	upstream := ts.Value(upstreamKey{}).(*idptest.Provider)
	if args[0] == "heal" {
		upstream.Heal()
		return
	}
	f, err := idptest.FaultNamed(args[1])
	ts.Check(err)
	upstream.Fail(idptest.Endpoint(args[0]), f)
}

var helpCode = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b`)

// signOut is the same person with an app in each of many tabs.
func signOut(ts *testscript.TestScript, _ bool, args []string) {
	browser := newBrowser(ts)
	for _, client := range args[1:] {
		res, err := browser.Get(authorization(args[0], "client_id="+client))
		ts.Check(err)
		_ = res.Body.Close()
		if to, err := res.Location(); err != nil || to.Query().Get("code") == "" {
			ts.Fatalf("no code for %s: %s", client, res.Status)
		}
	}
	const home = "http://localhost:3000/callback"
	res, err := browser.Get(args[0] + "/logout?" + url.Values{"client_id": {args[1]}, "logout_uri": {home}}.Encode())
	ts.Check(err)
	_ = res.Body.Close()
	if to := res.Header.Get("Location"); to != home {
		ts.Fatalf("the sign-out ends at %q, %s", to, res.Status)
	}
}

// latest finds a logout as the list shows it.
func latest(ts *testscript.TestScript, _ bool, flags []string) {
	ts.Check(ts.Exec("isthmus", append([]string{"logout", "list", "--limit", "1"}, flags...)...))
	found := regexp.MustCompile(`(?m)^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d  (\S{6,})`).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("no logout is listed")
	}
	ts.Setenv("LOGOUT", found[1])
}

// What differs from run to run, and what stands for it in a golden file.
var differing = []struct {
	pattern *regexp.Regexp
	sign    string
}{
	{regexp.MustCompile(`\b20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+Z)?`), "DATE"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d(\.\d+)?`), "TIME"},
	{regexp.MustCompile(`\+?\b\d+(\.\d+)? (ms|s)\b`), "SPAN"},
	{regexp.MustCompile(`\b\d+ rows a second`), "N rows a second"},
	{regexp.MustCompile(`\bsee=[\w-]+`), "see=PASS"},
	{regexp.MustCompile(`request [\w-]+`), "request ID"},
	{regexp.MustCompile(`(?m)(Logout|DATE|TIME)  ?[\w-]{6,22}\b`), "$1 ID"},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f-]{27}\b`), "SUB"},
	{regexp.MustCompile(`\buid \d+`), "uid N"},
	{regexp.MustCompile(` +`), " "},
}

func shows(ts *testscript.TestScript, _ bool, args []string) {
	got, want := ts.ReadFile("stdout"), ts.ReadFile(args[0])
	for _, name := range []string{"HUB", "NOBODY", "PARTY_HOST", "UPSTREAM_HOST"} {
		got = strings.ReplaceAll(got, ts.Getenv(name), name)
	}
	for _, d := range differing {
		got = d.pattern.ReplaceAllString(got, d.sign)
	}
	want = regexp.MustCompile(` +`).ReplaceAllString(want, " ")
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		ts.Fatalf("%s (-want +got):\n%s\n%s", args[0], diff, ts.ReadFile("stdout"))
	}
}

// newBrowser is a person's, which stops where the app would be.
func newBrowser(ts *testscript.TestScript) *http.Client {
	jar, err := cookiejar.New(nil)
	ts.Check(err)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), "http://localhost:3000/callback") {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// authorization is an app's request, with changes as NAME=VALUE.
func authorization(pool string, changes ...string) string {
	values := url.Values{
		"response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {"http://localhost:3000/callback"}, "scope": {"openid email profile"},
		"state": {"s"}, "nonce": {"n"}, "code_challenge": {oauth.Challenge(strings.Repeat("v", 43))}, "code_challenge_method": {"S256"},
	}
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		values.Set(name, value)
	}
	return pool + "/oauth2/authorize?" + values.Encode()
}

// signIn is the person's browser, from the app to the app.
func signIn(ts *testscript.TestScript, neg bool, args []string) {
	res, err := newBrowser(ts).Get(authorization(args[0], args[1:]...))
	ts.Check(err)
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	ts.Check(err)
	said := string(page)
	if to, err := res.Location(); err == nil {
		said = to.Query().Get("error_uri")
		if to.Query().Get("code") != "" {
			if neg {
				ts.Fatalf("the sign-in did not stop")
			}
			return
		}
	}
	if !neg {
		ts.Fatalf("the sign-in stopped with status %d: %s", res.StatusCode, said)
	}
	id := helpCode.FindString(said)
	if id == "" {
		ts.Fatalf("no code for the help desk in %q", said)
	}
	ts.Setenv("ID", id)
}
