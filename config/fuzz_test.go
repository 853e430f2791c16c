package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// FuzzParse: whatever the file holds, there is either a configuration or a list of problems that can be printed, each
// with a place in the file; and a configuration that loads is one that the rest may rely on.
func FuzzParse(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.txt")
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil && len(data) < 20_000 {
			input, _, _ := strings.Cut(string(data), rule)
			f.Add([]byte(input))
		}
	}
	f.Add([]byte(Example))
	f.Add([]byte("00: \n\t"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f.yaml", data, exampleMachine())
		if (c == nil) == (err == nil) {
			t.Fatalf("config %v and error %v", c != nil, err)
		}
		lines := strings.Count(normal(data), "\n") + 1
		if err != nil {
			var list Problems
			if !errors.As(err, &list) || len(list) == 0 {
				t.Fatalf("the error %T is not a list of problems", err)
			}
			checkPlaces(t, list, lines)
			return
		}
		checkPlaces(t, c.Warnings, lines)
		ids := map[string]bool{}
		for _, p := range c.Pools {
			if p.Name == "" || p.Issuer == "" || p.Schema == nil || strings.HasSuffix(p.Issuer, "/") {
				t.Fatalf("pool %+v", p)
			}
			for _, pr := range p.Providers {
				if pr.Compiled == nil || pr.Issuer == "" || pr.ClientID == "" || (pr.ClientAuth == "none") != pr.ClientSecret.Empty() {
					t.Fatalf("provider %+v", pr)
				}
			}
			for _, cl := range p.Clients {
				if ids[cl.ID] || cl.ID == "" || !cl.Introspects && len(cl.Flows) == 0 || len(cl.Flows) > 0 && len(cl.Scopes) == 0 {
					t.Fatalf("client %+v", cl)
				}
				ids[cl.ID] = true
				checkClient(t, &p, &cl)
			}
			for _, u := range p.Users {
				if u.Username == "" || u.Password.Empty() == u.TemporaryPassword.Empty() {
					t.Fatalf("user %+v", u)
				}
			}
		}
	})
}

// checkClient: a client has just what its one way to prove itself needs, and what the hub will look up is there.
func checkClient(t *testing.T, p *Pool, cl *Client) {
	t.Helper()
	keys := cl.Keys.Parsed != nil || cl.JWKSURI != ""
	ways := map[string]bool{"": cl.Public, "secret": len(cl.Secrets) > 0, "private_key_jwt": keys, "tls": len(cl.MTLS.Thumbprints) > 0}
	if !ways[cl.Auth] || cl.Public != (cl.Auth == "") || cl.Auth != "secret" && len(cl.Secrets) > 0 || cl.Auth != "tls" && len(cl.MTLS.Thumbprints) > 0 ||
		cl.Keys.Parsed != nil && cl.JWKSURI != "" {
		t.Fatalf("client %+v", cl)
	}
	if cl.DPoP == "" || cl.RequestObject == "" || cl.Algorithm == "" || cl.RequestObject != "off" && !keys {
		t.Fatalf("client %+v", cl)
	}
	if cl.Profile == "fapi2" && (cl.Auth == "" || cl.Auth == "secret" || cl.Algorithm == "RS256" || cl.DPoP != "required" && cl.Auth != "tls" ||
		slices.Contains(cl.Flows, "code") && !cl.RequirePAR) {
		t.Fatalf("a client against its profile: %+v", cl)
	}
	for _, s := range cl.Scopes {
		if customScope(s) && !p.declared()[s] {
			t.Fatalf("the scope %s is not declared", s)
		}
	}
	people := slices.Contains(cl.Flows, "code")
	if cl.FrontchannelLogoutURI != "" && (!people || oauth.CheckFrontchannelLogoutURI(cl.FrontchannelLogoutURI, cl.CallbackURLs) != nil) ||
		cl.BackchannelLogoutURI != "" && !people && !slices.Contains(cl.Flows, "device_code") {
		t.Fatalf("a client hears of a logout where it should not: %+v", cl)
	}
	if (len(p.Claims) > 0 || len(cl.Claims) > 0) != (cl.Added != nil) {
		t.Fatalf("claims %v and %v, compiled %v", p.Claims, cl.Claims, cl.Added)
	}
}

func checkPlaces(t *testing.T, list Problems, lines int) {
	t.Helper()
	for i, p := range list {
		if p.File != "f.yaml" || p.Message == "" || p.Line < 0 || p.Line > lines || (p.Line == 0) != (p.Column == 0) {
			t.Fatalf("problem %+v in a file of %d lines", p, lines)
		}
		if i > 0 && p.Line < list[i-1].Line {
			t.Fatalf("line %d after line %d", p.Line, list[i-1].Line)
		}
		if strings.Contains(p.String(), "a1a1a1a1") {
			t.Fatalf("a secret from the environment is shown: %s", p)
		}
		if strings.Count(p.String(), "\n") > 2 || strings.ContainsAny(p.String(), "\t\r\x00") {
			t.Fatalf("prints as %q", p.String())
		}
	}
}
