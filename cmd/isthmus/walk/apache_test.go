package walk_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestApache puts Apache with mod_auth_openidc between people and an app. The hub
// lets them in; and when one of them signs out at the hub, the session at Apache
// that came of hers ends, and no other, by a call that no browser has a part in
// (OpenID Connect Back-Channel Logout 1.0).
func TestApache(t *testing.T) {
	a := newApache(t)
	laptop, phone, ben := a.person(username), a.person(username), a.person("ben")
	all := []*person{laptop, phone, ben}
	for _, p := range all {
		if _, in := a.open(p); in {
			t.Fatalf("%s is in, and has not signed in", p.username)
		}
		a.signIn(p)
	}
	for range 2 {
		for _, p := range all {
			if text, in := a.open(p); !in || text != p.username+" "+p.username+"@corp.example" {
				t.Fatalf("signed in, %s is shown %q (let in: %t)", p.username, text, in)
			}
		}
	}

	bye := "http://" + a.address + "/bye"
	end, err := laptop.visit(a.issuer + "/logout?" + url.Values{"client_id": {"apache"}, "logout_uri": {bye}}.Encode())
	if err != nil || end.End != bye {
		t.Fatalf("signing out ends at %+v, %v", end, err)
	}
	began := time.Now()
	for _, in := a.open(laptop); in || len(a.told()) == 0; _, in = a.open(laptop) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("10s after signing out at the hub: still in at Apache: %t; it was told: %q", in, a.told())
		}
		time.Sleep(20 * time.Millisecond)
	}
	if want := []string{"POST /protected/callback?logout=backchannel 200"}; !slices.Equal(a.told(), want) {
		t.Errorf("Apache was told by %q, want %q", a.told(), want)
	}
	for _, p := range []*person{phone, ben} {
		if _, in := a.open(p); !in {
			t.Errorf("%s, who did not sign out on this browser, is no longer in", p.username)
		}
	}
	// Nor does the hub let her in again without a password.
	if end, err := laptop.visit(a.toHub(laptop).String() + "&prompt=none"); err != nil || !strings.Contains(end.End, "error=login_required") {
		t.Errorf("back at the hub: %+v, %v, want login_required", end, err)
	}
	a.signIn(laptop)
}

// apache is Apache in front of an app, with a hub of its own.
type apache struct {
	t                    *testing.T
	issuer, address, dir string
}

// newApache starts all three by the files in testdata/apache.
func newApache(t *testing.T) *apache {
	t.Helper()
	program, module := "/usr/sbin/apache2", "/usr/lib/apache2/modules/mod_auth_openidc.so"
	for _, file := range []string{program, module} {
		if _, err := os.Stat(file); err != nil {
			t.Fatalf("%v; this test needs Debian's packages apache2-bin and libapache2-mod-auth-openidc (.ci/needs installs them)", err)
		}
	}
	hub := free()
	// Under another name than the hub, so that neither gets the other's cookies.
	a := &apache{t, "http://" + hub, strings.Replace(free(), "localhost", "127.0.0.1", 1), t.TempDir()}
	variables := map[string]string{"HUB": hub, "APACHE": a.address}

	text, err := os.ReadFile(filepath.Join("testdata", "apache", "isthmus.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "isthmus.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	stop, err := startHub(file, func(name string) string { return variables[name] })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s", r.Header.Get("X-Remote-User"), r.Header.Get("OIDC_CLAIM_email"))
	}))
	t.Cleanup(app.Close)
	a.start(program, "APACHE="+a.address, "ISSUER="+a.issuer, "APP="+app.URL)
	return a
}

// start runs the program until the test ends. It has the variables of its
// configuration for an environment, and no more: a proxy that is meant for
// others would be asked for the hub.
func (a *apache) start(program string, variables ...string) {
	a.t.Helper()
	conf, err := filepath.Abs(filepath.Join("testdata", "apache", "apache.conf"))
	if err != nil {
		a.t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(a.t.Context(), program, "-d", a.dir, "-f", conf, "-DFOREGROUND")
	cmd.Env, cmd.Stdout, cmd.Stderr = variables, &said, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // so that its children end too
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	a.t.Cleanup(func() {
		<-ended
		if a.t.Failed() {
			a.t.Logf("Apache says:\n%s%s", said.String(), a.log("error.log"))
		}
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", a.address); err == nil {
			_ = c.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			a.t.Fatalf("Apache ended: %v", err)
		default:
		}
		if time.Now().After(end) {
			a.t.Fatal("Apache does not answer")
		}
	}
}

func (a *apache) person(username string) *person {
	a.t.Helper()
	p, err := newPerson(username, "")
	if err != nil {
		a.t.Fatal(err)
	}
	return p
}

// get opens an address of Apache's, and says where it sends a browser on to, or
// what it shows.
func (a *apache) get(p *person, address string) (to *url.URL, text string) {
	a.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		a.t.Fatal(err)
	}
	res, page, err := p.send(u, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	switch {
	case res.StatusCode == http.StatusOK:
		return nil, page.Text()
	case res.StatusCode != http.StatusFound:
		a.t.Fatalf("%s: status %d: %s", address, res.StatusCode, page.Text())
	}
	if to, err = res.Location(); err != nil {
		a.t.Fatalf("%s: %v", address, err)
	}
	return to, ""
}

// open opens the app's page, and says whether Apache lets the person in.
func (a *apache) open(p *person) (text string, in bool) {
	a.t.Helper()
	to, text := a.get(p, "http://"+a.address+"/protected/")
	return text, to == nil
}

// toHub is where Apache sends a person who has to sign in.
func (a *apache) toHub(p *person) *url.URL {
	a.t.Helper()
	to, _ := a.get(p, "http://"+a.address+"/protected/")
	if to == nil || !strings.HasPrefix(to.String(), a.issuer+"/oauth2/authorize?") || to.Query().Get("code_challenge_method") != "S256" {
		a.t.Fatalf("Apache sends %s to %v, not to sign in", p.username, to)
	}
	return to
}

// signIn takes a person to the hub, and back to where she wanted to go.
func (a *apache) signIn(p *person) {
	a.t.Helper()
	end, err := p.visit(a.toHub(p).String())
	if err != nil || end.Text != "" {
		a.t.Fatalf("%s does not get back from the hub: %+v, %v", p.username, end, err)
	}
	to, _ := a.get(p, end.End)
	if to == nil || to.String() != "http://"+a.address+"/protected/" {
		a.t.Fatalf("signed in, Apache sends %s to %v", p.username, to)
	}
	if _, in := a.open(p); !in {
		a.t.Fatalf("signed in, %s is not let in", p.username)
	}
}

// told are the requests for a logout that reached Apache, each with its status.
func (a *apache) told() (calls []string) {
	a.t.Helper()
	for line := range strings.Lines(a.log("access.log")) {
		if strings.Contains(line, "logout") {
			calls = append(calls, strings.TrimSpace(line))
		}
	}
	return calls
}

func (a *apache) log(name string) string {
	a.t.Helper()
	text, err := os.ReadFile(filepath.Join(a.dir, name))
	if err != nil {
		a.t.Error(err)
	}
	return string(text)
}
