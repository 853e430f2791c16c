package bolt

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// Some faults need another process: the test program starts itself again as one of these.
const (
	childRole = "BOLT_TEST_ROLE"
	childPath = "BOLT_TEST_PATH"
)

var roles = map[string]func(path string) error{
	"hold":  hold,
	"write": writeForEver,
	"limit": writeUnderLimit,
}

func TestMain(m *testing.M) {
	role := roles[os.Getenv(childRole)]
	if role == nil {
		os.Exit(m.Run())
	}
	if err := role(os.Getenv(childPath)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child is a running role. It reads lines from its standard output.
type child struct {
	*exec.Cmd
	lines *bufio.Scanner
	stdin io.Closer
}

// startChild starts a role; a role ends when its standard input does, or is killed with the test.
func startChild(t *testing.T, role, path string) *child {
	t.Helper()
	c := &child{Cmd: exec.CommandContext(t.Context(), os.Args[0])}
	c.Env = append(os.Environ(), childRole+"="+role, childPath+"="+path)
	c.Stderr = os.Stderr
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(stdout)
	if c.stdin, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// hold keeps the file open until its standard input ends.
func hold(path string) error {
	e, err := Open(path, Options{})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return e.Close()
}

// writeForEver writes from several goroutines and prints each key once it is acknowledged.
func writeForEver(path string) error {
	e, err := Open(path, Options{})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	failed := make(chan error)
	for i := range 8 {
		go func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%d/%d/%d", os.Getpid(), i, n)
				if err := e.Update(context.Background(), writePair(key)); err != nil {
					failed <- err
					return
				}
				fmt.Println(key) // one write to a pipe, so it is whole or not there
			}
		}()
	}
	return <-failed
}

// writePair writes two records that must be there both or not at all.
func writePair(key string) func(store.Writer) error {
	return func(w store.Writer) error {
		if err := w.Put("first/"+key, []byte(strings.Repeat(key, 40))); err != nil {
			return err
		}
		return w.Put("second/"+key, []byte(key))
	}
}

// writeUnderLimit is the disk that fills up and gets room again, by the limit of a process on file sizes.
func writeUnderLimit(path string) error {
	e, err := Open(path, Options{})
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	free := limit
	limit.Cur = 100_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	err = fillUp(e, func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &free) })
	if err != nil {
		return err
	}
	return e.Close()
}

// wait fails the test if the child does not end well and soon.
func (c *child) wait(t *testing.T) {
	t.Helper()
	late := time.AfterFunc(20*time.Second, func() { _ = c.Process.Kill() })
	defer late.Stop()
	if err := c.Wait(); err != nil {
		t.Errorf("%s: %v", c.Args[0], err)
	}
}

// ready waits for the first line.
func (c *child) ready(t *testing.T) {
	t.Helper()
	if !c.lines.Scan() || c.lines.Text() != "ready" {
		t.Fatalf("child says %q, %v", c.lines.Text(), c.lines.Err())
	}
}
