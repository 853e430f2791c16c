package bolt

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// refused opens path and expects an *OpenError with that cause, within 5 s, which says where and what to do.
func refused(t *testing.T, path string, cause error, mend string) {
	t.Helper()
	started := time.Now()
	e, err := Open(path, Options{})
	if err == nil {
		_ = e.Close()
		t.Fatal("opened")
	}
	if d := time.Since(started); d > 5*time.Second {
		t.Errorf("refused after %v", d)
	}
	var refusal *OpenError
	if !errors.As(err, &refusal) || (cause != nil && !errors.Is(err, cause)) {
		t.Fatalf("error %v, want an OpenError by %v", err, cause)
	}
	if !strings.HasPrefix(err.Error(), "open "+path+": ") || !strings.Contains(refusal.Mend, mend) {
		t.Errorf("error %q names no path, or does not say %q", err, mend)
	}
}

func TestNewFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hub.db")
	e := openAt(t, path, Options{})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	put(t, e, "a")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if got := get(t, openAt(t, path, Options{}), "a"); got != "a" {
		t.Errorf("%q after opening again", got)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("directory holds %v, %v", names, err)
	}
}

// Two processes that start at once on no file share one database; neither empties the other's.
func TestNewFileRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	done := make(chan error)
	for range 4 {
		go func() {
			e, err := Open(path, Options{NoSync: true})
			if err == nil {
				err = errors.Join(e.Update(t.Context(), func(w store.Writer) error {
					old, err := w.Range("", "", 10)
					return errors.Join(err, w.Put(strings.Repeat("n", len(old)+1), nil))
				}), e.Close())
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := get(t, openAt(t, path, Options{}), "nnnn"); got != "" {
		t.Errorf("value %q", got)
	}
	err := openedTwice(path)
	if !errors.Is(err, ErrHeld) {
		t.Errorf("a second engine gets %v", err)
	}
}

func openedTwice(path string) error {
	_, err := Open(path, Options{Timeout: time.Millisecond})
	return err
}

func TestA183_HeldByAnotherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	c := startChild(t, "hold", path)
	c.ready(t)
	refused(t, path, ErrHeld, "stop the other process")
	if err := c.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	// The other one lets go within the time that Open waits.
	put(t, openAt(t, path, Options{}), "a")
	c.wait(t)
}

func TestA183_NotADatabase(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	foreign := filepath.Join(dir, "foreign.db")
	db, err := bbolt.Open(foreign, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(btx *bbolt.Tx) error {
		_, err := btx.CreateBucket([]byte("clients"))
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(dir, "bare.db")
	if db, err = bbolt.Open(bare, 0o600, nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		name, path string
		cause      error
		mend       string
	}{
		{"empty", file("empty", ""), ErrDamaged, "restore a backup"},
		{"short", file("short", "x"), ErrForeign, "set the path"},
		{"text", file("text", strings.Repeat("pools:\n", 5000)), ErrForeign, "set the path"},
		{"sqlite", file("sqlite", "SQLite format 3\x00"+strings.Repeat("\x00", 8000)), ErrForeign, "set the path"},
		{"zeros", file("zeros", strings.Repeat("\x00", 65536)), ErrForeign, "set the path"},
		{"another program's", foreign, ErrForeign, "set the path"},
		{"nobody's", bare, ErrForeign, "set the path"},
		{"directory", dir, nil, "file in it"},
		{"named pipe", pipe, ErrForeign, "set the path"},
		{"no directory", filepath.Join(dir, "none", "hub.db"), os.ErrNotExist, "mkdir -p -m 700 " + filepath.Join(dir, "none")},
		{"file as directory", filepath.Join(file("file", "x"), "hub.db"), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := content(c.path)
			refused(t, c.path, c.cause, c.mend)
			if content(c.path) != before {
				t.Error("the file was changed")
			}
		})
	}
}

// content returns what is in a regular file, "" for anything else.
func content(path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	raw, _ := os.ReadFile(path) // a file that cannot be read has no content to compare
	return string(raw)
}

func TestA183_WrongRights(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hub.db")
	if err := openAt(t, path, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o604, 0o602, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		refused(t, path, nil, "chmod 600")
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		refused(t, path, os.ErrPermission, "belong to the user")
		refused(t, filepath.Join(dir, "new.db"), os.ErrPermission, "belong to the user")
	})
}

func TestA183_ReadOnlyFileSystem(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		err := explain("hub.db", &os.PathError{Op: "open", Path: "hub.db", Err: syscall.EROFS})
		if !strings.Contains(err.Error(), "mount the file system for writing") {
			t.Error(err)
		}
		return
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	path := filepath.Join(dir, "hub.db")
	if err := openAt(t, path, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	refused(t, path, syscall.EROFS, "mount the file system for writing")
	refused(t, filepath.Join(dir, "new.db"), syscall.EROFS, "mount the file system for writing")
}

// asNobody runs fn where file rights count; they do not for root.
func asNobody(t *testing.T, fn func()) {
	if os.Geteuid() != 0 {
		fn()
		return
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine of the test
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
	fn()
	syscall.RawSyscall(syscall.SYS_SETFSUID, 0, 0, 0)
}

// A file of a newer program is refused by name, and not a byte of it changes.
func TestA183_NewerFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	e := openAt(t, path, Options{})
	if _, err := store.Open(t.Context(), e, time.Now); err != nil {
		t.Fatal(err)
	}
	err := e.Update(t.Context(), func(w store.Writer) error {
		mark, err := w.Range("", "", 2)
		if err != nil || len(mark) != 1 {
			t.Fatalf("format is %v, %v", mark, err)
		}
		return w.Put(mark[0].Key, []byte("2000"))
	})
	if err := errors.Join(err, e.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e = openAt(t, path, Options{})
	_, err = store.Open(t.Context(), e, time.Now)
	var newer *store.FormatError
	if !errors.As(err, &newer) || newer.Found != 2000 || !strings.Contains(err.Error(), "start the newer program") {
		t.Errorf("error %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed (%v)", err)
	}
}
