package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/seal"
)

// secret returns 32 different bytes that begin with first.
func secret(first byte) []byte {
	b := make([]byte, seal.Size)
	for i := range b {
		b[i] = first + byte(i)*7
	}
	return b
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func mustParse(t testing.TB, text string) *seal.Key {
	t.Helper()
	k, err := seal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestParseSpellings(t *testing.T) {
	one, two := secret(1), secret(2)
	id := mustParse(t, b64(one)).ID()
	for name, text := range map[string]string{
		"base64":             b64(one),
		"base64 unpadded":    base64.RawStdEncoding.EncodeToString(one),
		"base64url":          base64.URLEncoding.EncodeToString(one),
		"base64url unpadded": base64.RawURLEncoding.EncodeToString(one),
		"hex":                hex.EncodeToString(one),
		"hex in upper case":  strings.ToUpper(hex.EncodeToString(one)),
		"line end":           b64(one) + "\r\n",
		"spaces":             "  \t" + b64(one) + "  ",
		"comments":           "# made in January\n\n" + b64(one) + " # this one\n",
		"two lines":          b64(one) + "\n" + b64(two) + "\n",
		"commas":             b64(one) + ", " + hex.EncodeToString(two),
	} {
		if got := mustParse(t, text).ID(); got != id {
			t.Errorf("%s: id %s, want %s", name, got, id)
		}
	}
	if diff := cmp.Diff([]string{id, mustParse(t, b64(two)).ID()}, mustParse(t, b64(one)+" "+b64(two)).IDs()); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefusesAndTellsNothing(t *testing.T) {
	many := make([]string, 17)
	for i := range many {
		many[i] = b64(secret(byte(i)))
	}
	for name, text := range map[string]string{
		"31 bytes":        b64(secret(1)[:31]),
		"33 bytes":        b64(append(secret(1), 1)),
		"63 hex digits":   hex.EncodeToString(secret(1))[:63],
		"a password":      "correct-horse-battery-staple",
		"zeros":           b64(make([]byte, 32)),
		"one byte":        strings.Repeat("41", 32),
		"few bytes":       b64([]byte(strings.Repeat("changeme", 4))),
		"unused bits":     b64(secret(1))[:42] + "z=",
		"inner white":     b64(secret(1))[:20] + " " + b64(secret(1))[20:],
		"twice":           b64(secret(1)) + " " + hex.EncodeToString(secret(1)),
		"second is wrong": b64(secret(1)) + " hunter2",
		"too many":        strings.Join(many, "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			k, err := seal.Parse(text)
			if err == nil {
				t.Fatalf("taken as %v", k)
			}
			for word := range strings.FieldsSeq(text) {
				if strings.Contains(err.Error(), word) {
					t.Errorf("the error quotes the text: %v", err)
				}
			}
		})
	}
	for _, text := range []string{"", " \n", "# only a comment\n", ","} {
		if _, err := seal.Parse(text); !errors.Is(err, seal.ErrNoKey) {
			t.Errorf("%q: %v, want %v", text, err, seal.ErrNoKey)
		}
	}
}

func TestA196_NoKeyIsMadeSilently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	if _, err := seal.Load(path); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("missing file: %v, want %v", err, seal.ErrNoKey)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load left a file: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Load(path); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("empty file: %v, want %v", err, seal.ErrNoKey)
	}
	t.Setenv("SEAL_TEST", "")
	if _, err := seal.LoadEnv("SEAL_TEST"); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("empty variable: %v, want %v", err, seal.ErrNoKey)
	}
	t.Setenv("SEAL_TEST", b64(secret(1)))
	if k, err := seal.LoadEnv("SEAL_TEST"); err != nil || k.ID() != mustParse(t, b64(secret(1))).ID() {
		t.Errorf("variable: %v, %v", k, err)
	}
}

func TestA196_CreateNeverReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "seal.key")
	made, err := seal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	loaded, err := seal.Load(path)
	if err != nil || loaded.Text() != made.Text() {
		t.Errorf("loaded %v, %v; want %v", loaded, err, made)
	}
	empty := filepath.Join(dir, "empty")
	dangling := filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(empty, nil, 0o600), os.Symlink(filepath.Join(dir, "nowhere"), dangling)); err != nil {
		t.Fatal(err)
	}
	for _, there := range []string{path, empty, dangling, dir} {
		if _, err := seal.Create(there); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v, want %v", there, err, fs.ErrExist)
		}
	}
	if again, err := seal.Load(path); err != nil || again.Text() != made.Text() {
		t.Errorf("after the attempts: %v, %v", again, err)
	}
	if _, err := seal.Create(filepath.Join(dir, "missing", "seal.key")); err == nil {
		t.Error("a key is made in a directory that is not there")
	}
}

func TestCreateHasOneWinner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	var wg sync.WaitGroup
	won := make(chan *seal.Key, 16)
	for range 16 {
		wg.Go(func() {
			if k, err := seal.Create(path); err == nil {
				won <- k
			}
		})
	}
	wg.Wait()
	loaded, err := seal.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(won) != 1 || (<-won).ID() != loaded.ID() {
		t.Error("more or other than one key was made")
	}
}

func TestA169_LoosePermissionsAreRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "seal.key")
	if _, err := seal.Create(path); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o604, 0o602, 0o601, 0o640, 0o620, 0o644, 0o660, 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.Load(path); !errors.Is(err, seal.ErrLoose) {
			t.Errorf("mode %04o: %v, want %v", mode, err, seal.ErrLoose)
		}
	}
	for _, mode := range []fs.FileMode{0o400, 0o600} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.Load(path); err != nil {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.Chmod(path, 0o644), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Load(link); !errors.Is(err, seal.ErrLoose) {
		t.Errorf("through a link: %v, want %v", err, seal.ErrLoose)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, bytes.Repeat([]byte("#"), 1<<17), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, odd := range []string{pipe, dir, big} {
		if k, err := seal.Load(odd); err == nil {
			t.Errorf("%s is taken as %v", filepath.Base(odd), k)
		}
	}
}

func TestRotateKeepsOldKeys(t *testing.T) {
	old := mustParse(t, b64(secret(1)))
	rotated := old.Rotate()
	if ids := rotated.IDs(); len(ids) != 2 || ids[1] != old.ID() || ids[0] == old.ID() {
		t.Errorf("ids %v, want a new one and %s", ids, old.ID())
	}
	if again := mustParse(t, rotated.Text()); again.Text() != rotated.Text() {
		t.Error("Text does not parse to the same keys")
	}
	if len(old.IDs()) != 1 {
		t.Error("Rotate changed the key it was called on")
	}
}

func TestSubkeysDifferByPurposeAndKey(t *testing.T) {
	k := mustParse(t, b64(secret(1))+" "+b64(secret(2)))
	a, b := k.Subkeys("cookie", 64), k.Subkeys("other", 64)
	if len(a) != 2 || len(a[0]) != 64 {
		t.Fatalf("%d keys of %d bytes, want 2 of 64", len(a), len(a[0]))
	}
	if bytes.Equal(a[0], a[1]) || bytes.Equal(a[0], b[0]) {
		t.Error("two purposes or two keys give the same bytes")
	}
	if !bytes.Equal(a[0], k.Subkeys("cookie", 64)[0]) || !bytes.Equal(a[0][:32], k.Subkeys("cookie", 32)[0]) {
		t.Error("the same purpose gives other bytes")
	}
}

func TestA197_KeysPrintNoSecret(t *testing.T) {
	raw := secret(1)
	k := mustParse(t, b64(raw))
	s := k.Derive("cookie")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("started", "key", k, "sealer", s)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("started", "key", k, "sealer", s)
	type holder struct {
		Key    *seal.Key
		hidden *seal.Key
		value  seal.Key
		sealer *seal.Sealer
		s      seal.Sealer
	}
	h := holder{k, k, *k, s, *s}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b"} {
		fmt.Fprintf(&log, strings.Repeat(verb+"\n", 5), k, *k, s, *s, h)
	}
	if _, err := json.Marshal(k); err == nil {
		t.Error("a key is marshalled")
	}
	if run := regexp.MustCompile(`(\d+,? ){16}`).FindString(log.String()); run != "" {
		t.Errorf("bytes are printed, of a derived key perhaps: %s", run)
	}
	for _, form := range []string{hex.EncodeToString(raw), b64(raw), fmt.Sprintf("%d", raw), fmt.Sprintf("%#v", raw), string(raw)} {
		if form = strings.Trim(form, "[]{}"); strings.Contains(strings.ToLower(log.String()), strings.ToLower(form[:20])) {
			t.Errorf("printed %q", form)
		}
	}
	if want := "seal.Key(" + k.ID() + ")"; fmt.Sprint(k) != want || k.LogValue().String() != want {
		t.Errorf("printed as %v, want %s", k, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(b64(secret(1)))
	f.Add(hex.EncodeToString(secret(1)) + ", " + b64(secret(2)) + " # two")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := seal.Parse(text)
		if (k == nil) == (err == nil) {
			t.Fatalf("%q gives %v and %v", text, k, err)
		}
		if err == nil && mustParse(t, k.Text()).Text() != k.Text() {
			t.Errorf("%q does not print and parse to itself", text)
		}
	})
}
