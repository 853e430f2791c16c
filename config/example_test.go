package config

import (
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func exampleMachine() Environment {
	env := machine()
	vars := map[string]string{
		"CORP_LINK_SECRET": strings.Repeat("a1", 24), "REPORTS_SECRET": strings.Repeat("b2", 24),
		"ADA_PASSWORD": "Correct-horse-7", "BOB_PASSWORD": "Correct-horse-8",
	}
	files := fstest.MapFS{
		"secrets/upstream":    {Data: []byte(strings.Repeat("e5", 24)), Mode: 0o600},
		"keys/apple.p8":       {Data: []byte(signingKey), Mode: 0o600},
		"secrets/payroll":     {Data: []byte(strings.Repeat("c3", 24)), Mode: 0o600},
		"secrets/payroll.old": {Data: []byte(strings.Repeat("d4", 24)), Mode: 0o600},
		"keys/bank.jwks.json": {Data: []byte(oneKey)},
		"logo.svg":            {Data: []byte("<svg/>")},
		"logo-dark.svg":       {Data: []byte("<svg/>")},
	}
	env.LookupEnv = func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	env.ReadFile = func(path string) ([]byte, error) { return fs.ReadFile(files, path) }
	env.Stat = func(path string) (fs.FileInfo, error) { return fs.Stat(files, path) }
	return env
}

func TestExampleLoads(t *testing.T) {
	c, err := Parse("isthmus.yaml", []byte(Example), exampleMachine())
	if err != nil {
		t.Fatal(err)
	}
	// A218: no insecure switch, nor anything else to warn of, in the sample.
	if len(c.Warnings) > 0 {
		t.Errorf("warnings:\n%s", c.Warnings.List())
	}
	main, corp := c.Pools[0], c.Pools[1]
	link := main.Providers[0]
	if link.Issuer != corp.Issuer || link.ClientID != corp.Clients[0].ID || link.ClientSecret.Reveal() != corp.Clients[0].Secrets[0].Reveal() {
		t.Error("the example does not link its two pools")
	}
	if want := []string{main.Issuer + "/oauth2/idpresponse"}; !reflect.DeepEqual(corp.Clients[0].CallbackURLs, want) {
		t.Errorf("callback URL of the link is %q, want %q", corp.Clients[0].CallbackURLs, want)
	}
	if main.Session.Lifetime != 8*time.Hour || main.Clients[0].Tokens.Refresh != 30*day {
		t.Errorf("lifetimes: session %v, refresh %v", main.Session.Lifetime, main.Clients[0].Tokens.Refresh)
	}
}

// TestExampleIsComplete takes the # from all settings: the whole then loads too, and holds every key there is.
func TestExampleIsComplete(t *testing.T) {
	setting := regexp.MustCompile(`(?m)^( *)#([a-z"-])`)
	r := newReader("isthmus.yaml", []byte(setting.ReplaceAllString(Example, "$1$2")), exampleMachine())
	c, err := r.read()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range c.Warnings {
		if w.Path != "insecure_upstreams[0]" && w.Path != "pools[0].clients[0].branding.accent" && w.Path != "pools[0].clients[0].insecure_without_pkce" {
			t.Errorf("warning: %s", w)
		}
	}
	index := regexp.MustCompile(`\[\d+\]`)
	own := regexp.MustCompile(`\.(mapping|claims)\.(?:https:[a-z./]+|(?:custom:)?[a-z_]+)`)
	var have []string
	for path := range r.places {
		have = append(have, own.ReplaceAllString(index.ReplaceAllString(path, "[]"), ".$1.*"))
	}
	for _, key := range knownKeys() {
		key = strings.Replace(key, ".clients[].claims.*", ".claims.*", 1) // the same as in a pool
		if !slices.Contains(have, key) && key != "sealing_key.env" {
			t.Errorf("%s is not in the example", key)
		}
	}
}
