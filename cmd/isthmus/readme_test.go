package main

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
)

const top = "../.." // of the repository

// readme is the text of README.md.
func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks are the README's code blocks of a language.
func blocks(t *testing.T, language string) (list []string) {
	t.Helper()
	for i, part := range strings.Split("\n"+readme(t), "\n```") {
		if body, ok := strings.CutPrefix(part, language+"\n"); ok && i%2 == 1 {
			list = append(list, body+"\n")
		}
	}
	if len(list) == 0 {
		t.Fatalf("no block of %q", language)
	}
	return list
}

// fixed gives every variable a value that fits.
var fixed = config.Environment{Now: func() time.Time { return time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC) }, LookupEnv: func(name string) (string, bool) { return name + "-Of-The-Readme-7", true }}

// TestReadmeFiles wants the README's configurations to be right as they stand,
// without a warning. What is no whole file gets the least that makes it one.
func TestReadmeFiles(t *testing.T) {
	const least = `
pools:
  - name: main
    issuer: https://login.example
    clients:
      - {id: web, public: true, callback_urls: [https://app.example/callback]}
`
	for _, text := range blocks(t, "yaml") {
		if !strings.Contains(text, "\npools:\n") {
			text += least
		}
		cfg, err := config.Parse("README.md", []byte(text), fixed)
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			continue
		}
		for _, w := range cfg.Warnings {
			t.Errorf("%s\n%v", text, w)
		}
	}
}

// TestReadmeLink starts the README's two files and is its reader: signs in with
// the temporary password, chooses another, ends at the app with a code, and is a
// user of the master pool.
func TestReadmeLink(t *testing.T) {
	moved := strings.NewReplacer("localhost:8080", free(), "localhost:8081", free(), "localhost:9090", free())
	dir, hubs := t.TempDir(), map[string]*run.Hub{}
	for _, text := range blocks(t, "yaml") {
		name := regexp.MustCompile(`^# (\w+)\.yaml`).FindStringSubmatch(text)
		if name == nil {
			continue
		}
		cfg, err := config.Parse(filepath.Join(dir, name[1]+".yaml"), []byte(moved.Replace(text)), fixed)
		if err != nil {
			t.Fatal(err)
		}
		h, err := run.Start(t.Context(), cfg, run.Options{Cost: directory.Cost{Memory: 64, Time: 1}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = h.Close(context.Background()) })
		hubs[name[1]] = h
	}
	var address string
	for _, text := range blocks(t, "") {
		if strings.HasPrefix(text, "http://localhost:8080/login?") {
			address = moved.Replace(strings.TrimSpace(text))
		}
	}

	r := newReader(t)
	r.open(address)
	way := r.page.Find("a:contains('Sign in with your corporate ID')")
	r.open(r.at.ResolveReference(parsed(t, way.AttrOr("href", ""))).String())
	password, _ := fixed.LookupEnv("ADA_PASSWORD")
	r.send(url.Values{"username": {"ada"}, "password": {password}})
	r.send(url.Values{"new_password": {"Lantern-over-9-bridges"}})
	if got := r.at.String(); !strings.HasPrefix(got, "http://localhost:3000/callback?code=") || r.at.Query().Get("iss") == "" {
		t.Fatalf("the browser ends at %s", got)
	}

	status := map[string]hub.Status{}
	for name, h := range hubs {
		users, _, err := directory.List(t.Context(), h.Pools()[0], "", 10)
		if err != nil || len(users) != 1 {
			t.Fatalf("%s has the users %+v, %v", name, users, err)
		}
		status[name] = users[0].Status
	}
	if status["master"] != hub.ExternalProvider || status["corporate"] != hub.Confirmed {
		t.Errorf("afterwards users are %v", status)
	}
	r.endpoints(hubs["master"].Pools()[0].Issuer)
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// reader is somebody who does what the README says, with a browser that runs no
// script and stops where the app would be.
type reader struct {
	t       *testing.T
	browser *http.Client
	at      *url.URL
	page    *goquery.Document
}

func newReader(t *testing.T) *reader {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t}
	r.browser = &http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if next.URL.Host == "localhost:3000" {
			r.at = next.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return r
}

func (r *reader) open(address string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.do(req)
}

// send fills in the page's form and sends it.
func (r *reader) send(fields url.Values) {
	r.t.Helper()
	form := r.page.Find("form")
	form.Find("input[type=hidden]").Each(func(_ int, in *goquery.Selection) {
		fields.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
	})
	for name := range fields {
		if form.Find("input[name="+name+"]").Length() == 0 {
			r.t.Fatalf("there is no %s on the page %s:\n%s", name, r.at, r.page.Text())
		}
	}
	to := r.at.ResolveReference(parsed(r.t, form.AttrOr("action", ""))).String()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, to, strings.NewReader(fields.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", r.at.Scheme+"://"+r.at.Host)
	r.do(req)
}

func (r *reader) do(req *http.Request) {
	r.t.Helper()
	r.at = nil
	res, err := r.browser.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if r.page, err = goquery.NewDocumentFromReader(res.Body); err != nil {
		r.t.Fatal(err)
	}
	if r.at == nil { // no redirect to the app
		r.at = res.Request.URL
	}
}
