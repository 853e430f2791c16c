package config

import (
	"errors"
	"io/fs"
	"testing"
)

func TestSocket(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"default", "pools: []", "etc/isthmus.db.sock"},
		{"beside the store", "store: /var/lib/hub.db", "/var/lib/hub.db.sock"},
		{"set", "admin: {socket: /run/hub.sock}\nstore: x.db", "/run/hub.sock"},
		{"an absent variable", "pools:\n  - name: a\n    clients: [{id: x, secret: {env: NOT_SET_ANYWHERE}}]", "etc/isthmus.db.sock"},
		{"unknown keys and wrong types", "stor: y\npools: 7\nadmin: {socket: run/hub.sock}", "etc/run/hub.sock"},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := Environment{
				ReadFile:  func(string) ([]byte, error) { return []byte(test.text), nil },
				LookupEnv: func(string) (string, bool) { return "", false },
				Stat:      func(string) (fs.FileInfo, error) { return nil, fs.ErrNotExist },
			}
			got, err := Socket("etc/isthmus.yaml", env)
			if err != nil || got != test.want {
				t.Errorf("socket %q, error %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestSocketOfNoFile(t *testing.T) {
	for _, read := range []func(string) ([]byte, error){
		func(string) ([]byte, error) { return nil, fs.ErrNotExist },
		func(string) ([]byte, error) { return []byte("pools: [unclosed"), nil },
	} {
		got, err := Socket("isthmus.yaml", Environment{ReadFile: read})
		var problems Problems
		if got != "" || !errors.As(err, &problems) || len(problems) == 0 {
			t.Errorf("socket %q, error %v", got, err)
		}
	}
}
