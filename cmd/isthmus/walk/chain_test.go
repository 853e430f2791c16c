package walk_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// chain is three pools, each the provider of the next, and an app at the end.
type chain struct {
	t     *testing.T
	hub   string
	app   string
	heard chan string // sids of logout tokens
}

// TestChain empties a chain of three hubs from either end: by a sign-out at the
// app, which the browser carries up, and by one at the top, which goes down from
// hub to hub.
func TestChain(t *testing.T) {
	c := newChain(t)
	ana, err := newPerson(username, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []struct {
		name string
		out  string
		ends string // where the browser is then
	}{
		{"from the app", "/bottom/logout?" + url.Values{"client_id": {"app"}, "logout_uri": {c.app + "/bye"}}.Encode(), c.app + "/bye"},
		{"from the top", "/top/logout", c.hub + "/top/logout/answer"},
	} {
		t.Run(end.name, func(t *testing.T) {
			c.t = t
			c.signIn(ana)
			for _, pool := range []string{"top", "middle", "bottom"} {
				if !c.in(ana, pool) {
					t.Fatalf("not signed in at %s", pool)
				}
			}
			got, err := ana.visit(c.hub + end.out)
			if err != nil || got.End != end.ends {
				t.Fatalf("the browser ends at %+v, %v", got, err)
			}
			select {
			case sid := <-c.heard:
				if sid == "" {
					t.Error("no sid")
				}
			case <-time.After(5 * time.Second):
				t.Fatal("the app does not know")
			}
			for _, pool := range []string{"top", "middle", "bottom"} {
				if c.in(ana, pool) {
					t.Errorf("still signed in at %s", pool)
				}
			}
			select {
			case <-c.heard:
				t.Error("the app was told twice")
			case <-time.After(100 * time.Millisecond):
			}
		})
	}
}

func newChain(t *testing.T) *chain {
	t.Helper()
	c := &chain{t: t, hub: "http://" + free(), heard: make(chan string, 10)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /signed-out", func(w http.ResponseWriter, r *http.Request) {
		issuer := c.hub + "/bottom"
		keys := oidc.NewRemoteKeySet(r.Context(), issuer+"/.well-known/jwks.json")
		token, err := oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: "app"}).Verify(r.Context(), r.PostFormValue("logout_token"))
		var claims struct {
			SID string `json:"sid"`
		}
		if err == nil {
			err = token.Claims(&claims)
		}
		if err != nil {
			t.Errorf("logout token: %v", err)
		}
		c.heard <- claims.SID
	})
	app := httptest.NewServer(mux)
	t.Cleanup(app.Close)
	c.app = app.URL
	text, err := os.ReadFile("testdata/chain/isthmus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "isthmus.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	values := strings.NewReplacer("HUB", strings.TrimPrefix(c.hub, "http://"), "APP", strings.TrimPrefix(c.app, "http://"))
	stop, err := startHub(file, values.Replace)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// signIn goes from the app up to the top, and back.
func (c *chain) signIn(p *person) {
	c.t.Helper()
	got, err := p.visit(c.request("bottom", "app", c.app+"/callback", ""))
	if err != nil || !strings.HasPrefix(got.End, c.app+"/callback?code=") {
		c.t.Fatalf("the browser ends at %+v, %v", got, err)
	}
}

// in tells whether a pool gives the person's browser a code unasked.
func (c *chain) in(p *person, pool string) bool {
	c.t.Helper()
	at := map[string][2]string{
		"top": {"middle", c.hub + "/middle/oauth2/idpresponse"}, "middle": {"bottom", c.hub + "/bottom/oauth2/idpresponse"}, "bottom": {"app", c.app + "/callback"},
	}[pool]
	u, err := url.Parse(c.request(pool, at[0], at[1], "none"))
	if err != nil {
		c.t.Fatal(err)
	}
	res, _, err := p.send(u, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || to.Query().Get("code") == "" && to.Query().Get("error") != "login_required" {
		c.t.Fatalf("%s answers %s to %q", pool, res.Status, res.Header.Get("Location"))
	}
	return to.Query().Get("code") != ""
}

func (c *chain) request(pool, client, callback, prompt string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {callback}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"},
	}
	if prompt != "" {
		q.Set("prompt", prompt)
	}
	return c.hub + "/" + pool + "/oauth2/authorize?" + q.Encode()
}
