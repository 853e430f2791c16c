package walk_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// TestRelyingParty lets openid-client and aws-jwt-verify judge a hub that speaks
// TLS, for pools of each algorithm. A script ends with an exception at the first
// answer that is not as the specifications want it.
func TestRelyingParty(t *testing.T) {
	modules := modules(t)
	whole := []string{"code", "credentials", "exchange", "par", "device", "key", "dpop", "fapi", "verifier", "logout"}
	for algorithm, scripts := range map[string][]string{
		"RS256": whole, "ES256": whole,
		"PS256": {"code"}, // which aws-jwt-verify does not know
		"EdDSA": {"code", "verifier"},
	} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "node"))); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
				t.Fatal(err)
			}
			if err := clientKeys(dir); err != nil {
				t.Fatal(err)
			}
			certificate, _, err := pair(dir)
			if err != nil {
				t.Fatal(err)
			}
			address := free()
			text, err := os.ReadFile(filepath.Join("testdata", "relyingparty.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "isthmus.yaml")
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			variables := map[string]string{"HUB": address, "ALGORITHM": algorithm}
			stop, err := startHub(file, func(name string) string { return variables[name] })
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
			for _, script := range scripts {
				t.Run(script, func(t *testing.T) {
					t.Parallel()
					ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
					defer cancel()
					node := exec.CommandContext(ctx, "node", script+".mjs")
					node.Dir = dir
					node.Env = append(slices.Clone(os.Environ()), "NODE_EXTRA_CA_CERTS="+certificate,
						"ISSUER=https://"+address+"/main", "ALGORITHM="+algorithm, "PERSON="+somebody(t, certificate))
					if said, err := node.CombinedOutput(); err != nil {
						t.Errorf("%v\n%s", err, said)
					}
				})
			}
		})
	}
}

// somebody serves a person with a browser of her own to a script: the body of a
// request is what she visits, the answer where she ends. With ?fresh the browser
// is one that was never used.
func somebody(t *testing.T, certificate string) (address string) {
	t.Helper()
	known, err := newPerson(username, certificate)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visited, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		ana := known
		if r.URL.Query().Has("fresh") {
			ana = &person{username, &http.Client{Transport: known.client.Transport, CheckRedirect: known.client.CheckRedirect}}
		}
		end, err := ana.visit(string(visited))
		if err != nil {
			t.Errorf("%s: %v", visited, err)
		}
		_ = json.NewEncoder(w).Encode(end)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// clientKeys writes a client's key: what it keeps, and what it registers.
func clientKeys(dir string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	key := jose.JSONWebKey{Key: private, KeyID: "client-key", Algorithm: "ES256", Use: "sig"}
	for name, v := range map[string]any{
		"private.json": key, "public.json": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
