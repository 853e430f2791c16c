package run_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/token"
)

const signsWithEdDSA = `
      - id: second
        public: true
        algorithm: EdDSA
        callback_urls: [http://localhost:3000/callback]
`

const secondPool = `
  - name: other
    issuer: http://%s/other
    branding: {logo: logo.png}
    clients: []
`

// A reload keeps the key ring, so that requests which began before it see what
// is rotated and withdrawn after it; and it brings the keys that clients want.
func TestA37_KeysOutliveAReload(t *testing.T) {
	s := newSetup(t, "http://127.0.0.1:1")
	h := s.start(t)
	old := h.Pools()[0]
	first := old.Keys.Ring().Keys()[0].ID
	reload := func(text string) {
		t.Helper()
		if err := h.Reload(t.Context(), s.config(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	published := func(path string) string {
		t.Helper()
		status, body := get(t, http.DefaultClient, "http://"+s.listen+path)
		if status != http.StatusOK {
			t.Fatalf("%s: %d", path, status)
		}
		return body
	}
	reload(s.text + signsWithEdDSA[1:])
	now := h.Pools()[0]
	if now == old || now.Keys != old.Keys {
		t.Fatal("the pool is not another, or its keys are")
	}
	if body := published("/.well-known/jwks.json"); !strings.Contains(body, first) || !strings.Contains(body, "EdDSA") {
		t.Errorf("keys after a client that wants EdDSA came: %s", body)
	}
	if body := published("/.well-known/openid-configuration"); !strings.Contains(body, `"id_token_signing_alg_values_supported":["ES256","EdDSA"]`) {
		t.Errorf("metadata: %s", body)
	}
	if err := now.Keys.Withdraw(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(old.Keys.Ring().Keys(), func(k *token.Key) bool { return k.ID == first }) {
		t.Error("a request of before the reload accepts a withdrawn key")
	}

	reload(s.text)
	if body := published("/.well-known/openid-configuration"); !strings.Contains(body, `"id_token_signing_alg_values_supported":["ES256"]`) {
		t.Errorf("metadata after the client went: %s", body)
	}
	if _, err := old.Keys.Ring().SignWith(token.EdDSA, []byte("{}"), token.TypeNone); err != nil {
		t.Errorf("a request under way: %v", err)
	}

	// Half a reload leaves the keys to the old file.
	logo := filepath.Join(s.dir, "logo.png")
	if err := os.WriteFile(logo, []byte("\x89PNG\r\n\x1a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := s.config(t, strings.Replace(s.text, "algorithm: ES256", "algorithm: PS256", 1)+strings.Replace(secondPool[1:], "%s", s.listen, 1))
	if err := os.Remove(logo); err != nil {
		t.Fatal(err)
	}
	before := old.Keys.Rotation()
	if err := h.Reload(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "logo.png") {
		t.Fatalf("a logo that is not there: %v", err)
	}
	if after := old.Keys.Rotation(); !slices.Equal(after.Algorithms, before.Algorithms) {
		t.Errorf("algorithms %v, want %v", after.Algorithms, before.Algorithms)
	}
	if got := old.Keys.Ring().Algorithms()[0]; got != token.ES256 {
		t.Errorf("the pool signs with %s", got)
	}
}

// What another hub on the same store withdraws is refused here within five
// seconds, without a restart; and a pool without clients keeps a key that was
// retired a moment ago.
func TestA37_OtherHubsFollow(t *testing.T) {
	s := newSetup(t, "http://127.0.0.1:1")
	h := s.start(t)
	p := h.Pools()[0]
	id := p.Keys.Ring().Keys()[0].ID
	other, err := hub.OpenKeys(t.Context(), p.Space, p.Secrets.Signing, p.Keys.Rotation())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Withdraw(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); p.Keys.Ring().Keys()[0].ID == id; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the hub did not follow")
		}
	}

	text := s.text[:strings.Index(s.text, "    clients:")] + "    clients: []\n"
	if err := h.Reload(t.Context(), s.config(t, text)); err != nil {
		t.Fatal(err)
	}
	if keep := h.Pools()[0].Keys.Rotation().Keep; keep < time.Hour {
		t.Errorf("without clients a retired key is published for %v", keep)
	}
}
