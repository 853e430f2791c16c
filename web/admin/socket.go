package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// ErrNoServer says that no hub listens at a socket.
var ErrNoServer = errors.New("no hub is running")

// maxSocketPath is how many bytes a socket's path may have: 108 with the NUL on
// Linux, 104 elsewhere (unix(7), unix(4)).
const maxSocketPath = 103

// Listen listens at a Unix socket of mode 0600. A socket that nobody answers at
// was left by a hub that ended without warning, and goes; one that somebody
// answers at, and any other file, stays and is an error.
func Listen(path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("admin socket: the path %s has %d bytes, and a socket's may have %d: set admin.socket to a shorter one", path, len(path), maxSocketPath)
	}
	if err := makeRoom(path); err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		// Before bind, so that on Linux the socket never has wider permissions.
		return c.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
	}}
	l, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("admin socket: %w", err), l.Close())
	}
	return l, nil
}

func makeRoom(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there and is no socket: move it away, or set admin.socket to another path", path)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		return errors.Join(fmt.Errorf("another hub answers at %s: stop it, or set admin.socket to another path", path), c.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

// dial connects to the socket, and says in plain words what is in the way.
func dial(ctx context.Context, path string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w: nobody answers at the socket %s", ErrNoServer, path)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the socket %s is for the user that runs the hub, and for root: run this as one of them", path)
	}
	return nil, fmt.Errorf("admin socket: %w", err)
}
