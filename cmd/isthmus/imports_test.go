package main_test

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/isthmus-hub/isthmus"

type floor struct {
	pkg string
	may []string
}

// floors says, for each package, which packages of ours it may import. A name
// that ends in "/..." stands for itself and everything below. The first row that matches
// a package holds; a package without a row has no floor yet and fails the test.
var floors = []floor{
	{"cmd/...", []string{"cmd/...", "config", "mapping", "idp/...", "hub/...", "web/..."}},

	// The public side. Its parts do not know each other; web mounts them.
	{"web/page/...", nil},
	{"web/middleware/...", nil},
	{"web/oidc", webParts},
	{"web/login", append([]string{"idp/strictjson"}, webParts...)},
	{"web/admin", append([]string{"idp/strictjson"}, webParts...)},
	{"web/cognito", webParts},
	{"web/bearer", []string{"idp/signature", "idp/strictjson"}}, // for other people's APIs
	{"web", append([]string{"web/..."}, webParts...)},

	// What is done, over what exists, over how it is said, signed and kept.
	{"hub/signin", append([]string{"hub", "hub/directory"}, hubParts...)},
	{"hub/grant", append([]string{"hub", "hub/directory"}, hubParts...)},
	{"hub/register", append([]string{"hub"}, hubParts...)},
	{"hub/logout", append([]string{"hub", "hub/directory"}, hubParts...)},
	{"hub/logout/logouttest", nil},
	{"hub/directory", append([]string{"hub"}, hubParts...)},
	{"hub/merge", append([]string{"hub", "hub/directory"}, hubParts...)},
	{"hub/hubtest", append([]string{"hub/...", "idp/..."}, hubParts...)},
	{"hub", hubParts},
	{"hub/oauth/oauthtest", []string{"hub/oauth"}},
	{"hub/oauth", nil},
	{"hub/token", []string{"hub/oauth", "idp/signature"}},
	{"hub/proof", []string{"hub/oauth", "hub/token", "hub/seal", "idp/signature", "idp/strictjson"}},
	{"hub/seal", nil},
	{"hub/store", nil},
	{"hub/store/...", []string{"hub/store"}},

	{"idp/idptest", []string{"idp/..."}},
	{"idp/migration/migrationtest", []string{"idp/migration"}},
	{"idp/migration", []string{"idp/outbound", "idp/strictjson"}},
	{"idp", []string{"idp/signature", "idp/strictjson", "idp/outbound"}},
	{"idp/preset/presettest", []string{"idp/idptest"}},
	{"idp/...", nil},
	{"config", []string{"mapping", "hub/oauth", "hub/proof", "idp/preset"}},
	{"mapping", nil},
}

var (
	hubParts = []string{"mapping", "idp", "idp/migration", "idp/strictjson", "hub/oauth", "hub/token", "hub/proof", "hub/seal", "hub/store"}
	webParts = []string{"web/page", "web/middleware", "hub", "hub/signin", "hub/directory", "hub/grant", "hub/register", "hub/logout", "hub/merge",
		"hub/oauth", "hub/token", "hub/seal", "mapping", "idp"}
)

// homes says which libraries stay in one place.
var homes = map[string][]string{
	"github.com/gorilla/sessions":      {"web/middleware"},
	"github.com/gorilla/securecookie":  {"web/middleware"},
	"github.com/coreos/go-oidc/v3/...": {"idp", "cmd/isthmus/demo/..."},
	"go.etcd.io/bbolt":                 {"hub/store/bolt"},
	"cel.dev/cel-go/...":               {"mapping"},
	"github.com/spf13/cobra":           {"cmd/..."},
}

// withoutHTTP are the packages that never see net/http: whoever decides who gets
// in does not depend on how he was asked.
var withoutHTTP = []string{"hub/...", "mapping", "config"}

// forTests are the packages made for tests. Nothing else imports them but the
// demo, the bench and the rehearsal, which have others in the box.
var forTests = []string{"hub/hubtest", "hub/store/storetest", "hub/oauth/oauthtest", "hub/logout/logouttest", "idp/idptest", "idp/preset/presettest", "idp/migration/migrationtest"}

// showcase matches the files of the demo, the bench and the rehearsal: by their
// own name or by their folder's.
var showcase = regexp.MustCompile(`/(demo|bench|rehearse)[^/]*(/[^/]*)?$`)

type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Module     *struct{ Main bool }
}

func TestImportsRunDown(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < 3 {
		t.Fatalf("only %d packages listed", len(packages))
	}
	for _, p := range packages {
		pkg := short(p.ImportPath)
		at := slices.IndexFunc(floors, func(f floor) bool { return match(f.pkg, pkg) })
		if at < 0 {
			t.Errorf("%s has no floor: add it to the table in this test", pkg)
			continue
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module+"/") {
				checkOurs(t, p, short(imported), floors[at].may)
			}
			if (imported == "net/http" || strings.HasPrefix(imported, "net/http/")) && matchAny(withoutHTTP, pkg) && !matchAny(forTests, pkg) {
				t.Errorf("%s imports %s", pkg, imported)
			}
			for library, home := range homes {
				if match(library, imported) && !matchAny(home, pkg) {
					t.Errorf("%s imports %s, which stays in %s", pkg, imported, strings.Join(home, ", "))
				}
			}
		}
	}
}

// checkOurs judges one import of a package of ours by another.
func checkOurs(t *testing.T, p listed, imported string, may []string) {
	t.Helper()
	pkg := short(p.ImportPath)
	if !matchAny(may, imported) {
		t.Errorf("%s imports %s: imports run down only", pkg, imported)
	}
	if !matchAny(forTests, imported) || matchAny(forTests, pkg) {
		return
	}
	for _, file := range p.GoFiles {
		shows := strings.HasPrefix(pkg, "cmd/") && showcase.MatchString(pkg+"/"+file)
		if !shows && fileImports(t, filepath.Join(p.Dir, file), module+"/"+imported) {
			t.Errorf("%s/%s imports %s, which is for tests", pkg, file, imported)
		}
	}
}

// listPackages returns our packages among all that the build needs.
func listPackages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,Imports,Module", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var ours []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			return ours
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && p.Module.Main {
			ours = append(ours, p)
		}
	}
}

func fileImports(t *testing.T, file, path string) bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.Imports {
		if got, _ := strconv.Unquote(spec.Path.Value); got == path {
			return true
		}
	}
	return false
}

func short(path string) string { return strings.TrimPrefix(path, module+"/") }

func matchAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, pkg) })
}

// match is exact, but for a pattern that ends in "/...": that takes the root and
// all below it, as for the go command.
func match(pattern, pkg string) bool {
	root, tree := strings.CutSuffix(pattern, "/...")
	if !tree {
		return pattern == pkg
	}
	return strings.HasPrefix(pkg, root+"/") || pkg == root
}
