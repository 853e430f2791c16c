package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// fillUp writes until the disk is full, frees it, and holds the engine to what A181 asks for in between.
func fillUp(e *Engine, free func() error) error {
	ctx := context.Background()
	value := make([]byte, 4000)
	n := 0
	write := func() error {
		err := e.Update(ctx, func(w store.Writer) error { return w.Put(fmt.Sprint("key ", n), value) })
		if err == nil {
			n++
		}
		return err
	}
	readAll := func() error {
		return e.View(ctx, func(r store.Reader) error {
			entries, err := r.Range("key ", "key!", 10_000)
			if err == nil && len(entries) != n {
				err = fmt.Errorf("%d of %d acknowledged records are there", len(entries), n)
			}
			return err
		})
	}
	var err error
	for err == nil && n < 10_000 {
		err = write()
	}
	if !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("after %d writes: %v, want ErrFull", n, err)
	}
	if err := readAll(); err != nil {
		return fmt.Errorf("while full: %w", err)
	}
	if err := e.Health(); !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("health is %v, want ErrFull", err)
	}
	if err := write(); !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("write while full: %v, want ErrFull", err)
	}
	time.Sleep(fullPause) // and full once more, after another try
	if err := e.Health(); !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("health is %v as long as no write has succeeded, want ErrFull", err)
	}
	if err := write(); !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("second try while full: %v, want ErrFull", err)
	}

	if err := free(); err != nil {
		return err
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = write(); err == nil {
			break
		}
		if !errors.Is(err, store.ErrFull) || time.Now().After(deadline) {
			return fmt.Errorf("after space was freed: %w", err)
		}
	}
	for range 50 {
		if err := write(); err != nil {
			return fmt.Errorf("after recovery: %w", err)
		}
	}
	return errors.Join(readAll(), e.Check(ctx), e.Health())
}

func TestA181_FileSizeLimit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	c := startChild(t, "limit", path)
	c.wait(t)
	e := openAt(t, path, Options{})
	if err := e.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// A file system of 1 MiB, filled up by another file. Who may not mount gets the same error from a device
// that is always full.
func TestA181_DiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Logf("mount: %v", err)
		e := openAt(t, filepath.Join(dir, "hub.db"), Options{})
		put(t, e, "first")
		restore := replaceFile(t, e, "/dev/full")
		if err := fillUp(e, restore); err != nil {
			t.Error(err)
		}
		return
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, make([]byte, 500_000), 0o600); err != nil {
		t.Fatal(err)
	}
	e := openAt(t, filepath.Join(dir, "hub.db"), Options{})
	if err := fillUp(e, func() error { return os.Remove(other) }); err != nil {
		t.Error(err)
	}
}

func TestA181_DiskFullAtFirstStart(t *testing.T) {
	err := explain("hub.db", &os.PathError{Op: "write", Path: "hub.db", Err: syscall.ENOSPC})
	if got := err.Error(); got != "open hub.db: write hub.db: no space left on device: free some space on this disk" {
		t.Error(got)
	}
}

// After a failed write or sync nobody knows what the disk holds: no write is acknowledged, none is taken
// any more, reads go on, and after a restart all is there that was acknowledged.
func TestA182_FailedWriteOrSync(t *testing.T) {
	for _, c := range []struct {
		name    string
		inflict func(*testing.T, *Engine) (undo func() error)
	}{
		{"sync", func(t *testing.T, e *Engine) func() error { return replaceFile(t, e, "/dev/null") }}, // takes writes, cannot sync
		{"write", replaceByPipe}, // has no offsets to write at
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hub.db")
			e := openAt(t, path, Options{})
			put(t, e, "acknowledged")
			before := e.Commits()
			undo := c.inflict(t, e)
			write := func() error {
				return e.Update(t.Context(), func(w store.Writer) error { return w.Put("new", nil) })
			}
			if err := write(); !errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrFull) {
				t.Errorf("the failed commit gives %v, want ErrUnknown", err)
			}
			for range 3 {
				if err := write(); !errors.Is(err, store.ErrStopped) || errors.Is(err, store.ErrUnknown) {
					t.Errorf("a later write gives %v, want ErrStopped", err)
				}
			}
			if err := e.Health(); !errors.Is(err, store.ErrStopped) {
				t.Errorf("health is %v, want ErrStopped", err)
			}
			if e.Commits() != before {
				t.Error("a failed commit was counted")
			}
			if got := get(t, e, "acknowledged"); got != "acknowledged" {
				t.Errorf("reads give %q after the fault", got)
			}
			if err := errors.Join(undo(), e.Close()); err != nil {
				t.Error(err)
			}
			e = openAt(t, path, Options{})
			if got := get(t, e, "acknowledged"); got != "acknowledged" {
				t.Errorf("%q after a restart", got)
			}
			put(t, e, "new")
		})
	}
}

// The same codes mean another thing from a sync, or when readers see the transaction already.
func TestA182_OnlyUnwrittenPagesAreHarmless(t *testing.T) {
	write := &os.PathError{Op: "write", Path: "hub.db", Err: syscall.ENOSPC}
	for _, c := range []struct {
		name    string
		err     error
		visible bool
		want    error
	}{
		{"page not written", write, false, store.ErrFull},
		{"quota", &os.PathError{Op: "write", Err: syscall.EDQUOT}, false, store.ErrFull},
		{"file not grown", errors.New("file resize error: truncate hub.db: no space left on device"), false, store.ErrFull},
		{"header written", write, true, store.ErrUnknown},
		{"sync without space", syscall.ENOSPC, false, store.ErrUnknown},
		{"sync without space while growing", errors.New("file sync error: sync hub.db: no space left on device"), false, store.ErrUnknown},
		{"broken disk", &os.PathError{Op: "write", Err: syscall.EIO}, false, store.ErrUnknown},
		{"no memory for the mapping", errors.New("mmap allocate error: cannot allocate memory"), false, store.ErrUnknown},
	} {
		var f fault
		if err := f.judge(c.err, c.visible); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		stopped := errors.Is(f.refuses(), store.ErrStopped)
		if stopped != (c.want == store.ErrUnknown) {
			t.Errorf("%s: stopped is %v", c.name, stopped)
		}
	}
}

// replaceFile puts a device in the place of the engine's file; the pages mapped for reading stay. The
// returned function undoes it.
func replaceFile(t *testing.T, e *Engine, device string) (undo func() error) {
	t.Helper()
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return replaceDescriptor(t, e, int(f.Fd()))
}

func replaceByPipe(t *testing.T, e *Engine) (undo func() error) {
	t.Helper()
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(ends[0])
	defer syscall.Close(ends[1])
	return replaceDescriptor(t, e, ends[1])
}

func replaceDescriptor(t *testing.T, e *Engine, by int) (undo func() error) {
	t.Helper()
	fd := int(e.file.Fd())
	kept, err := syscall.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Dup3(by, fd, syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	return func() error { return errors.Join(syscall.Dup3(kept, fd, syscall.O_CLOEXEC), syscall.Close(kept)) }
}
