package config

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "write what the golden tests got as what they want")

// machine is a small world for the tests: a few variables and files.
func machine() Environment {
	vars := map[string]string{
		"CORP_SECRET": "upstream-secret-0123456789",
		"APP_SECRET":  "app-secret-0123456789abcdef",
		"EMPTY":       "",
		"SEAL":        "c2VhbA==",
	}
	files := fstest.MapFS{
		"secrets/corp":   {Data: []byte("from-a-file-0123456789\n"), Mode: 0o600},
		"secrets/loose":  {Data: []byte("from-a-file-0123456789\n"), Mode: 0o644},
		"secrets/open":   {Data: []byte("from-a-file-0123456789\n"), Mode: 0o666},
		"secrets/blank":  {Data: []byte("\n"), Mode: 0o600},
		"secrets/huge":   {Data: bytes.Repeat([]byte("x"), maxSecret+1), Mode: 0o600},
		"logo.svg":       {Data: []byte("<svg/>"), Mode: 0o644},
		"logo-large.png": {Data: bytes.Repeat([]byte("x"), maxLogo+1), Mode: 0o644},
	}
	return Environment{
		LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
		ReadFile:  func(path string) ([]byte, error) { return fs.ReadFile(files, path) },
		Stat:      func(path string) (fs.FileInfo, error) { return fs.Stat(files, path) },
	}
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
