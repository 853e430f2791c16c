package config

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var update = flag.Bool("update", false, "write what the golden tests got as what they want")

// oneKey is a JWK set whose private half nobody has.
const oneKey = `{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","use":"sig",` +
	`"x":"aS46HG7O7tnSGEL4KPC9jjz3afJuedfQZ6Fs4ikqGyU","y":"JHmpry59DnKyr2NDKpsELd8WN2RCqdi607HBpQAIeME"}]}`

// machine is a small world for the tests: a few variables and files.
func machine() Environment {
	now := func() time.Time { return time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC) }
	vars := map[string]string{
		"CORP_SECRET": "upstream-secret-0123456789",
		"APP_SECRET":  "app-secret-0123456789abcdef",
		"EMPTY":       "",
		"SEAL":        "c2VhbA==",
	}
	files := fstest.MapFS{
		"secrets/app":    {Data: []byte("from-a-file-0123456789-0123\r\n"), Mode: 0o600},
		"secrets/corp":   {Data: []byte("from-a-file-0123456789\n"), Mode: 0o600},
		"secrets/loose":  {Data: []byte("from-a-file-0123456789\n"), Mode: 0o644},
		"secrets/open":   {Data: []byte("from-a-file-0123456789\n"), Mode: 0o666},
		"secrets/blank":  {Data: []byte("\n"), Mode: 0o600},
		"secrets/huge":   {Data: bytes.Repeat([]byte("x"), maxSecret+1), Mode: 0o600},
		"keys/apple.p8":  {Data: []byte(signingKey), Mode: 0o600},
		"keys/other.p8":  {Data: []byte(otherKey), Mode: 0o600},
		"keys/weak.p8":   {Data: []byte(weakKey), Mode: 0o600},
		"keys/app.json":  {Data: []byte(oneKey), Mode: 0o644},
		"keys/open.json": {Data: []byte(oneKey), Mode: 0o666},
		"logo.svg":       {Data: []byte("<svg/>"), Mode: 0o644},
		"logo-large.png": {Data: bytes.Repeat([]byte("x"), maxLogo+1), Mode: 0o644},
	}
	return Environment{
		LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
		ReadFile:  func(path string) ([]byte, error) { return fs.ReadFile(files, path) },
		Stat:      func(path string) (fs.FileInfo, error) { return fs.Stat(files, path) },
		Now:       now,
	}
}

// absolute moves the files of a machine under a folder.
func absolute(env Environment, folder string) Environment {
	read, stat := env.ReadFile, env.Stat
	env.ReadFile = func(path string) ([]byte, error) { return read(strings.TrimPrefix(path, folder+"/")) }
	env.Stat = func(path string) (fs.FileInfo, error) { return stat(strings.TrimPrefix(path, folder+"/")) }
	return env
}

// rule parts a golden file: the configuration above, what is said about it below.
const rule = "----------\n"

func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			input, want, ok := strings.Cut(string(data), rule)
			if !ok && !*update {
				t.Fatalf("%s has no line %q", name, rule)
			}
			got := verdict("isthmus.yaml", []byte(input))
			if *update {
				if err := os.WriteFile(name, []byte(input+rule+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// verdict is all that a person would read about a file.
func verdict(name string, text []byte) string {
	c, err := Parse(name, text, machine())
	switch {
	case err != nil:
		return err.Error() + "\n"
	case len(c.Warnings) > 0:
		return c.Warnings.List() + "\n"
	}
	return "nothing to say\n"
}

// TestA169_Permissions: whoever can write the file decides who signs in, and whoever can read it has what is in it.
func TestA169_Permissions(t *testing.T) {
	byReference := strings.ReplaceAll(strings.ReplaceAll(smallest, "client_secret: upstream-secret", "client_secret: {file: upstream}"),
		"secret: machine-secret-0123456789", "secret: {env: MACHINE}")
	for _, c := range []struct {
		name           string
		text           string
		mode, upstream fs.FileMode
		problem, warn  string
	}{
		{"secrets by value, for the owner", smallest, 0o600, 0o600, "", ""},
		{"secrets by value, for the group", smallest, 0o640, 0o600, "", ""},
		{"secrets by value, for all", smallest, 0o644, 0o600, "", "pools[0].providers[0].client_secret: 2 secrets are written here by value, and everybody on this machine may read this file (mode 0644)"},
		{"secrets by reference, for all", byReference, 0o644, 0o600, "", ""},
		{"writable by all", byReference, 0o666, 0o600, "everybody on this machine may change this file (mode 0666)", ""},
		{"secret readable by all", byReference, 0o644, 0o644, "", "client_secret.file: everybody on this machine may read"},
		{"secret writable by all", byReference, 0o644, 0o622, "client_secret.file: everybody on this machine may change", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "isthmus.yaml")
			for name, file := range map[string]struct {
				text string
				mode fs.FileMode
			}{path: {c.text, c.mode}, filepath.Join(dir, "upstream"): {"upstream-secret\n", c.upstream}} {
				if err := errors.Join(os.WriteFile(name, []byte(file.text), 0o600), os.Chmod(name, file.mode)); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("MACHINE", "machine-secret-0123456789")
			got, err := Load(path, Environment{})
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) || got != nil {
					t.Fatalf("got %v, want %q", err, c.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if s := got.Warnings.List(); (s == "") != (c.warn == "") || !strings.Contains(s, c.warn) {
				t.Errorf("warnings %q, want %q", s, c.warn)
			}
			if secret := got.Pools[0].Providers[0].ClientSecret.Reveal(); secret != "upstream-secret" {
				t.Errorf("secret %q", secret)
			}
			if want := filepath.Join(dir, "isthmus.db"); got.Store != want {
				t.Errorf("store %q, want %q", got.Store, want)
			}
		})
	}
}

// TestUnreadable: files that are not text, or not there.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	path := func(name string, data []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "none.yaml"), "none.yaml: there is no such file\n      | isthmus config example > "},
		{dir, ": cannot be read: is a directory\n1 problem, nothing was started."},
		{path("empty.yaml", nil), "empty.yaml: the file is empty\n"},
		{path("latin.yaml", []byte("pools:\n- name: gr\xfc\xdfe\n")), "latin.yaml:2:11: byte 0xfc is not UTF-8\n      | save the file as UTF-8"},
		{path("utf16.yaml", []byte("\xff\xfep\x00o\x00")), "utf16.yaml:1:1: byte 0xff is not UTF-8"},
		{path("nul.yaml", []byte("pools: \x00")), "nul.yaml:1:8: control character U+0000"},
		{path("mac.yaml", []byte("pools:\r- a\r")), "mac.yaml:1:7: control character U+000D"},
		{path("bom.yaml", []byte("\ufeffpols: []\n")), `bom.yaml:1:1: unknown key "pols"; did you mean "pools"?` + "\n1 problem, nothing was started."},
		{path("large.yaml", bytes.Repeat([]byte("# x\n"), maxFile/4+1)), "large.yaml: the file is larger than 1 MiB\n"},
	} {
		got, err := Load(c.path, Environment{})
		if err == nil || got != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Load(%s):\n%v\nwant\n%s", filepath.Base(c.path), err, c.want)
		}
	}
}
