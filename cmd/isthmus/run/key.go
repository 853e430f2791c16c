package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub/seal"
)

// sealingKey loads the key that seals signing keys and cookies. Where the
// configuration names none it lies beside the store, and is made there with the
// store, never later: a store whose key was lost must not get another in silence.
func sealingKey(cfg *config.Config) (key *seal.Key, made string, err error) {
	ref := cfg.SealingKey
	if ref.Env != "" {
		key, err = seal.LoadEnv(ref.Env)
		if err != nil {
			return nil, "", fmt.Errorf("sealing key from the variable %s: %w", ref.Env, err)
		}
		return key, "", nil
	}
	path := ref.File
	key, err = seal.Load(path)
	if !errors.Is(err, seal.ErrNoKey) {
		if err != nil {
			return nil, "", fmt.Errorf("sealing key: %w", err)
		}
		return key, "", nil
	}
	if _, err := os.Stat(cfg.Store); !errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("sealing key: there is no key at %s, but there is a store at %s that was sealed with one: put the key back, or name it under sealing_key", path, cfg.Store)
	}
	if key, err = seal.Create(path); err != nil {
		return nil, "", fmt.Errorf("sealing key: %w", err)
	}
	return key, path, nil
}
