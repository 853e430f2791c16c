package walk_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// oldestNode is the first major version that openid-client runs on.
const oldestNode = 20

var install = sync.OnceValues(installModules)

// modules is a folder with the packages of testdata/node/package-lock.json.
func modules(t *testing.T) string {
	t.Helper()
	program(t, "node", "nodejs")
	program(t, "npm", "npm")
	dir, err := install()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// installModules installs the packages under .cache, once for each lock file.
// They come over the network the first time, and never again.
func installModules() (string, error) {
	version, err := exec.Command("node", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("node --version: %w", err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(string(version), "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestNode {
		return "", fmt.Errorf("node is %s; the walkthroughs need version %d or later", bytes.TrimSpace(version), oldestNode)
	}
	lock, err := os.ReadFile(filepath.Join("testdata", "node", "package-lock.json"))
	if err != nil {
		return "", err
	}
	root, err := filepath.Abs(filepath.Join("..", "..", "..", ".cache"))
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, fmt.Sprintf("node-%x", sha256.Sum256(lock))[:24])
	done := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(done); err == nil {
		return done, nil
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	making, err := os.MkdirTemp(root, "node-making-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(making)
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", "node", name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(making, name), text, 0o644); err != nil {
			return "", err
		}
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--prefix", making)
	if said, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci, which the walkthroughs need once with a network: %w\n%s", err, said)
	}
	// Whole or not at all, also when two do it at once.
	if err := os.Rename(making, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return done, nil
}
