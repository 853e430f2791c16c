package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// Environment is how Load sees the machine. A nil function is replaced by the one of package os that it is named after.
type Environment struct {
	// LookupEnv returns an environment variable and whether it is set.
	LookupEnv func(name string) (string, bool)
	// ReadFile returns a file's content.
	ReadFile func(path string) ([]byte, error)
	// Stat returns a file's size and permissions.
	Stat func(path string) (fs.FileInfo, error)
	// Now is the clock, for what has passed.
	Now func() time.Time
}

// Load reads and checks the file at path. The error, if any, is a Problems with everything that is wrong; there is
// then no Config. Relative paths in the file are resolved against its folder.
func Load(path string, env Environment) (*Config, error) {
	env = env.orOS()
	data, err := env.ReadFile(path)
	if err != nil {
		return nil, Problems{unreadable(path, err)}
	}
	r := newReader(path, data, env)
	if info, err := env.Stat(path); err == nil && info.Mode().IsRegular() {
		r.mode = info.Mode()
	}
	return r.read()
}

// Parse checks the text of a file as Load does, without reading one. The name stands in messages, and its folder is
// where relative paths start.
func Parse(name string, text []byte, env Environment) (*Config, error) {
	return newReader(name, text, env.orOS()).read()
}

func (env Environment) orOS() Environment {
	if env.LookupEnv == nil {
		env.LookupEnv = os.LookupEnv
	}
	if env.ReadFile == nil {
		env.ReadFile = readFile
	}
	if env.Stat == nil {
		env.Stat = os.Stat
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	return env
}

// readFile reads no more than is needed to see that a file is too large.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

func unreadable(path string, err error) Problem {
	p := Problem{File: path, Message: "cannot be read: " + reason(err)}
	if errors.Is(err, fs.ErrNotExist) {
		p.Message = "there is no such file"
		p.Hint = "isthmus config example > " + path + "  writes one to start from"
	}
	return p
}

// reason is what the system said, without the path that our messages have named already.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func (r *reader) read() (*Config, error) {
	c := &Config{Path: r.src.name}
	if root := r.parse(); root != nil {
		v := reflect.ValueOf(c).Elem()
		setDefaults(v)
		r.decode(v, root, "", field{})
		r.unread = maps.Clone(r.reported)
		r.permissions()
		c.complete(r)
		r.check(c)
	}
	if problems := r.finish(r.findings); len(problems) > 0 {
		return nil, problems
	}
	c.Warnings = r.finish(r.warned)
	return c, nil
}

// permissions judges the file itself: whoever can write it decides who signs in, and secrets in it are for its readers.
func (r *reader) permissions() {
	if r.mode.Perm()&0o002 != 0 {
		r.add(finding{Problem{Message: fmt.Sprintf("everybody on this machine may change this file (mode %04o)", r.mode.Perm()), Hint: "chmod o-w " + r.src.name}, false})
	}
	if r.mode.Perm()&0o004 == 0 || len(r.byValue) == 0 {
		return
	}
	what := "a secret is"
	if n := len(r.byValue); n > 1 {
		what = fmt.Sprintf("%d secrets are", n)
	}
	f := r.lack(r.byValue[0], fmt.Sprintf("%s written here by value, and everybody on this machine may read this file (mode %04o)", what, r.mode.Perm()),
		"chmod 600 "+r.src.name+", or refer to it:  {env: NAME}  or  {file: path}")
	f.File = r.src.name
	r.warned = append(r.warned, f)
}

// resolve makes a path of the file absolute, or relative to where the file's own name is relative to.
func (r *reader) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(r.src.name), path)
}

// normal is the text with Unix line ends and without a byte order mark.
func normal(data []byte) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
}
