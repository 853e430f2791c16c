package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/demo"
	"github.com/isthmus-hub/isthmus/hub/directory"
)

// endpoints wants every endpoint of the README's table to answer, and every one
// that discovery names to be in the table.
func (r *reader) endpoints(issuer string) {
	r.t.Helper()
	_, table, _ := strings.Cut(readme(r.t), "\n## Endpoints\n")
	table, _, _ = strings.Cut(table, "\n## ")
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(/[^`]+)` \\|").FindAllStringSubmatch(table, -1) {
		listed[row[1]] = true
		if res := r.ask(issuer + strings.ReplaceAll(row[1], "{provider}", "CorporateID")); res.StatusCode == http.StatusNotFound && row[1] != "/error" {
			r.t.Errorf("%s: %s", row[1], res.Status)
		}
	}
	metadata := answer(r.t, r.browser, issuer+"/.well-known/openid-configuration")
	for _, m := range regexp.MustCompile(`"(?:[a-z_]+_endpoint|jwks_uri)":"`+regexp.QuoteMeta(issuer)+`([^"]+)"`).FindAllSubmatch(metadata, -1) {
		if path := string(m[1]); !listed[path] {
			r.t.Errorf("the README's endpoints lack %s", path)
		}
	}
}

func (r *reader) ask(address string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := r.browser.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res
}

// TestReadmeCommands wants every command that the README shows to be one, with
// the flags it has, and every target of make.
func TestReadmeCommands(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(top, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(append(blocks(t, "sh"), blocks(t, "console")...), "")
	for _, m := range regexp.MustCompile("`((?:isthmus|make) [^`]+)`").FindAllStringSubmatch(readme(t), -1) {
		text += m[1] + "\n"
	}
	commands := 0
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimPrefix(line, "$ "), " #")
		words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), "&"))
		switch {
		case len(words) < 2:
			continue
		case words[0] == "make":
			if !regexp.MustCompile(`(?m)^` + words[1] + `:`).Match(makefile) {
				t.Errorf("%s: the Makefile has no such target", line)
			}
		case words[0] == "isthmus" || words[0] == "./isthmus":
			if err := understood(words[1:]); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		default:
			continue
		}
		commands++
	}
	if commands < 20 {
		t.Errorf("only %d commands were found", commands)
	}
}

// understood tells whether isthmus knows what these words ask of it.
func understood(words []string) error {
	help := words[0] == "help"
	if help {
		words = words[1:]
	}
	c, rest, err := root().Find(slices.DeleteFunc(words, func(w string) bool { return w == "--help" }))
	if err != nil {
		return err
	}
	if !c.HasParent() || c.HasSubCommands() && !help {
		return errors.New("it is no verb and no topic")
	}
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	return c.ValidateArgs(c.Flags().Args())
}

// TestReadmeMapping wants the README's trial of a mapping to be what the script
// gets, which lets people sign in for it.
func TestReadmeMapping(t *testing.T) {
	script, err := os.ReadFile(filepath.Join("testdata", "mapping.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(string(script), "\n-- readme.txt --\n")
	want, _, _ = strings.Cut(want, "-- contract.txt --")
	for _, text := range blocks(t, "console") {
		if command, got, _ := strings.Cut(text, "\n"); strings.HasPrefix(command, "$ ./isthmus mapping try ") {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			return
		}
	}
	t.Error("there is no trial")
}

// TestReadmeLinks follows what the README points at in this repository.
func TestReadmeLinks(t *testing.T) {
	text := readme(t)
	anchors := map[string]bool{}
	for _, h := range regexp.MustCompile(`(?m)^##+ (.+)$`).FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(h[1]), "")
		anchors["#"+strings.ReplaceAll(name, " ", "-")] = true
	}
	for _, m := range regexp.MustCompile(`\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		target := m[1] + m[2]
		if strings.HasPrefix(target, "#") {
			if !anchors[target] {
				t.Errorf("there is no heading for %s", target)
			}
			continue
		}
		info, err := os.Stat(filepath.Join(top, target))
		if err != nil {
			t.Errorf("%s leads nowhere", target)
		} else if filepath.Ext(target) == ".png" && info.Size() > 60_000 {
			t.Errorf("%s has %d bytes, at most 60000", target, info.Size())
		}
	}
	_, tree, _ := strings.Cut(text, "\n## The code\n")
	for _, m := range regexp.MustCompile(`(?m)^((?:cmd|config|hub|idp|mapping|web)[a-z/]*) {2,}`).FindAllStringSubmatch(tree, -1) {
		if _, err := os.Stat(filepath.Join(top, m[1])); err != nil {
			t.Errorf("there is no package %s", m[1])
		}
	}
}

// TestReadmeDemo wants the demo to greet as the README shows it, but for ports,
// passwords and the folder.
func TestReadmeDemo(t *testing.T) {
	d, err := demo.Start(t.Context(), demo.Options{Auto: true, Cost: directory.Cost{Memory: 64, Time: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(context.Background())
	var greeting bytes.Buffer
	if err := d.Print(t.Context(), &greeting); err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(strings.Join(blocks(t, "console"), ""), "$ make demo\n")
	alike := func(text string) []string {
		text = regexp.MustCompile(`localhost:\d+|[A-Z][a-z]+-[A-Z][a-z]+-\d\d|\S+/master\.yaml`).ReplaceAllString(text, "*")
		return strings.SplitAfter(text, "\n")[:5]
	}
	if diff := cmp.Diff(alike(greeting.String()), alike(shown)); diff != "" {
		t.Errorf("the README shows another greeting (-demo +README):\n%s", diff)
	}
}

// TestReadmeRehearsal wants the rehearsal of the README's file to go as shown,
// but for times.
func TestReadmeRehearsal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isthmus.yaml")
	for _, text := range blocks(t, "yaml") {
		if strings.HasPrefix(text, "# how a sign-out goes on") {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, text := range blocks(t, "console") {
		rest, ok := strings.CutPrefix(text, "$ isthmus logout test ")
		if !ok {
			continue
		}
		words, shown, _ := strings.Cut(rest, "\n")
		var out bytes.Buffer
		c := root()
		c.SetOut(&out)
		c.SetArgs(append([]string{"logout", "test", "-c", path, "--within", "20s"}, strings.Fields(words)...))
		if err := c.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		alike := func(text string) string {
			return regexp.MustCompile(`[\d.]+ m?s\b`).ReplaceAllString(regexp.MustCompile(`(\S) {2,}`).ReplaceAllString(text, "$1  "), "TIME")
		}
		if diff := cmp.Diff(alike(out.String()), alike(shown)); diff != "" {
			t.Errorf("the README shows another rehearsal (-isthmus +README):\n%s", diff)
		}
		return
	}
	t.Error("the README shows no rehearsal")
}

// TestReadmePresets wants the known provider that the README shows to be told so.
func TestReadmePresets(t *testing.T) {
	files, consoles := blocks(t, "yaml"), blocks(t, "console")
	t.Chdir(t.TempDir())
	for _, text := range files {
		if strings.HasPrefix(text, "# master.yaml") {
			if err := os.WriteFile("master.yaml", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range []string{"LINK_SECRET", "EXPENSES_SECRET"} {
		t.Setenv(name, "a-secret-of-more-than-24-characters")
	}
	const command = "$ ./isthmus provider presets github -c master.yaml\n"
	_, shown, ok := strings.Cut(strings.Join(consoles, ""), command)
	if !ok {
		t.Fatal("it is not shown")
	}
	var told bytes.Buffer
	c := root()
	c.SetArgs(strings.Fields(command)[2:])
	c.SetOut(&told)
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(shown, told.String()) {
		t.Errorf("the README shows something else than\n%s", &told)
	}
}
