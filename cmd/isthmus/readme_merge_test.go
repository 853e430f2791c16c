package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// TestReadmeMerge merges the two pools of the README's chapter by its commands, and
// wants what they print, but for ids and digests.
func TestReadmeMerge(t *testing.T) {
	_, chapter, _ := strings.Cut(readme(t), "\n## Merging two pools\n")
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	parts := strings.Split(chapter, "\n```")
	t.Chdir(t.TempDir())
	twoPools(t)
	commands := 0
	for i := 1; i < len(parts); i += 2 {
		shown, is := strings.CutPrefix(parts[i], "console\n")
		if !is {
			continue
		}
		for _, act := range strings.Split("\n"+shown+"\n", "\n$ ./isthmus ")[1:] {
			command, want, _ := strings.Cut(act, "\n")
			command, _, _ = strings.Cut(command, " #")
			var out bytes.Buffer
			c := root()
			c.SetArgs(strings.Fields(command))
			c.SetOut(&out)
			if err := c.ExecuteContext(t.Context()); err != nil {
				t.Fatalf("%s: %v", command, err)
			}
			if diff := cmp.Diff(masked(want), masked(out.String())); diff != "" {
				t.Errorf("%s (-README +printed):\n%s", command, diff)
			}
			commands++
		}
	}
	if commands < 3 {
		t.Errorf("%d commands", commands)
	}
	plan, err := os.ReadFile("plan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(chapter, "\n```\n- n: ")
	shown, _, _ = strings.Cut(shown, "\n```")
	for line := range strings.Lines("- n: " + shown) {
		if !strings.Contains(masked(string(plan)), strings.TrimSpace(masked(line))) {
			t.Errorf("the plan has no %q", line)
		}
	}
}

var varying = regexp.MustCompile(`20\d{6}-[a-z2-7]{10}|20\d\d-\d\d-\d\dT[\d:]+Z|[0-9a-f-]{36}|print: "[^"]+"`)

func masked(text string) string { return strings.TrimSpace(varying.ReplaceAllString(text, "*")) }

// twoPools makes the pools main and acquired, which isthmus.yaml here declares.
func twoPools(t *testing.T) {
	t.Helper()
	const text = `
pools:
  - name: main
    issuer: https://login.example
    providers: [{name: CorporateID, issuer: https://login.corp.example, client_id: main, client_secret: a-secret-of-the-readme-7, mapping: {email: email, email_verified: email_verified, family_name: family_name}, link: {trusted_domains: [corp.example]}}]
  - name: acquired
    issuer: https://login.acquired.example
    providers: [{name: CorporateID, issuer: https://login.corp.example, client_id: main, client_secret: a-secret-of-the-readme-7, mapping: {email: email, email_verified: email_verified, family_name: family_name}, link: {trusted_domains: [corp.example]}}]
listen: [{address: localhost:0}]
trusted_proxies: [10.0.0.0/8]
`
	if err := os.WriteFile("isthmus.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load("isthmus.yaml", config.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := run.Start(t.Context(), cfg, run.Options{Local: true, Cost: directory.Cost{Memory: 64, Time: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(context.Background())
	person := func(name, address, flag, family string, subject string) *hub.User {
		u := &hub.User{Sub: directory.NewSub(), Username: name, Status: hub.Confirmed, Password: "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vt"}
		u.Attributes = mapping.Attributes{"email": address, "email_verified": flag, "family_name": family}
		if subject != "" {
			u.Username, u.Status, u.Password = "CorporateID_"+subject, hub.ExternalProvider, ""
			u.Links = []hub.Link{{Provider: "CorporateID", Issuer: "https://login.corp.example", Subject: subject, Type: "OIDC", Primary: true}}
		}
		return u
	}
	pools := h.Pools()
	for i, users := range [][]*hub.User{
		{person("", "ada@corp.example", "true", "Lovelace", "7f3a"), person("", "grace@corp.example", "true", "Hopper", "9c21"), person("eve", "eve@mail.example", "false", "Eves", "")},
		{person("ada", "Ada@corp.example", "true", "King", ""), person("", "grace@acquired.example", "false", "Hopper", "9c21"),
			person("alan", "alan@acquired.example", "true", "Turing", ""), person("eva", "eve@mail.example", "true", "Eves", "")},
	} {
		err := pools[i].Space.Update(t.Context(), func(tx *store.Tx) error {
			for _, u := range users {
				u.Created, u.Modified = tx.Now, tx.Now
				if err := hub.Users.Create(tx, u); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
