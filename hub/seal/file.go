package seal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// ErrNoKey means that there is no sealing key where one was looked for: an unset variable, a missing or empty file.
var ErrNoKey = errors.New("no sealing key")

// ErrLoose means that others than its owner may read or write the key file.
var ErrLoose = errors.New("the sealing key's file is open to others; run chmod 600 on it")

// maxFile bounds a key file in bytes.
const maxFile = 1 << 16

// LoadEnv reads the key from an environment variable, in the form of Parse. An unset or empty variable is ErrNoKey.
func LoadEnv(name string) (*Key, error) {
	k, err := Parse(os.Getenv(name))
	if err != nil {
		return nil, fmt.Errorf("environment variable %s: %w", name, err)
	}
	return k, nil
}

// Load reads the key from a file, in the form of Parse. A missing file is ErrNoKey, one that group or others have any right to is
// ErrLoose; anything but a regular file is refused.
func Load(path string) (*Key, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a named pipe must not hold up the start
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("sealing key file %s: %w", path, ErrNoKey)
	}
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat() // of the open file: the path could be exchanged between a check and the reading
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("sealing key file %s: not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("sealing key file %s has mode %04o: %w", path, mode, ErrLoose)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("sealing key file %s: larger than %d bytes", path, maxFile)
	}
	k, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("sealing key file %s: %w", path, err)
	}
	return k, nil
}

// Create makes a new key and writes it to a file of mode 0600 that must not exist yet: nothing that is there, not even an empty file, is
// ever replaced, and then the error is fs.ErrExist. The file is on the disk when Create returns.
func Create(path string) (*Key, error) {
	k := Generate()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create sealing key: %w", err)
	}
	if err := writeSynced(f, k.Text()); err != nil {
		os.Remove(path)
		return nil, fmt.Errorf("create sealing key: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("create sealing key: %w", err)
	}
	return k, nil
}

func writeSynced(f *os.File, text string) error {
	_, err := f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
