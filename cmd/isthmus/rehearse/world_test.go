package rehearse

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/config"
)

// signedIn opens a world for an act of testdata/two.yaml with everybody signed in.
func signedIn(t *testing.T, pool int, k Kind, by string) (*judge, map[string]*tokens) {
	t.Helper()
	cfg, err := config.Load("testdata/two.yaml", config.Environment{LookupEnv: func(name string) (string, bool) { return name + "-of-more-than-24-characters", true }})
	if err != nil {
		t.Fatal(err)
	}
	acts, _ := plan(&cfg.Pools[pool], []Kind{k})
	i := slices.IndexFunc(acts, func(a act) bool { return a.by == by })
	w, err := open(t.Context(), acts[i], Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(w.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left, %v", w.dir, err)
		}
	})
	held := map[string]*tokens{}
	for n, c := range w.clients {
		if held[c.ID], err = w.signIn(t.Context(), c, n == 0); err != nil {
			t.Fatal(err)
		}
	}
	session, err := w.session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &judge{world: w, session: session, held: held, began: time.Now(), within: 100 * time.Millisecond}, held
}

// TestSessionThatGoesOn: while nobody ended the session, everything that the
// judge looks at is found wrong.
func TestSessionThatGoesOn(t *testing.T) {
	j, held := signedIn(t, 0, App, "expenses")
	if len(held) != 4 || !held["expenses"].userInfo || !held["expenses"].introspected || !held["wiki"].userInfo || held["wiki"].introspected {
		t.Errorf("%+v", held)
	}
	list, err := j.watch(t.Context())
	if err != nil || len(list) != 5 {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := j.tokens(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	alive := []string{"userInfo still takes its access token", "introspection still calls its access token active", "its refresh token still gives tokens"}
	want := map[string]Party{
		"CorporateID": {Telling: Missed, Channel: "browser"},
		"expenses":    {Telling: Missed, Channel: "back-channel", Wrong: alive},
		"wiki":        {Telling: Missed, Channel: "front-channel", Wrong: alive[:1]}, // it keeps its refresh token, and cannot ask
		"chat":        {Telling: Missed, Channel: "back-channel", Wrong: alive},
		"reports":     {Telling: Mute, Note: "it has no logout URI", Wrong: alive},
	}
	for _, p := range list {
		w := want[p.Name]
		w.Name, w.Provider, w.Access, w.Refresh = p.Name, p.Name == "CorporateID", Alive, Alive
		if w.Provider {
			w.Access, w.Refresh = "", ""
		}
		if diff := cmp.Diff(w, p); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p.Name, diff)
		}
		if p.OK() {
			t.Errorf("%s is called well", p.Name)
		}
	}
	if c := j.silent(t.Context()); c.OK || !strings.Contains(c.Detail, "signs the person in again") {
		t.Errorf("%+v", c)
	}
}

// TestRefreshTokenThatIsGone: one that the file wants kept is missed.
func TestRefreshTokenThatIsGone(t *testing.T) {
	j, held := signedIn(t, 0, Provider, "CorporateID")
	i := slices.IndexFunc(j.clients, func(c *config.Client) bool { return c.ID == "wiki" })
	wiki := j.clients[i]
	if status, err := j.call(t.Context(), wiki, "/oauth2/revoke", url.Values{"token": {held["wiki"].Refresh}}, nil); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	p := Party{Name: "wiki", Telling: Told}
	j.try(t.Context(), &p, wiki, held["wiki"])
	if p.OK() || p.Refresh != Dead || !slices.Equal(p.Wrong, []string{"its refresh token is dead, though the file says at_logout: keep"}) {
		t.Errorf("%+v", p)
	}
}

// TestReturned: what counts as having come back.
func TestReturned(t *testing.T) {
	j, _ := signedIn(t, 1, App, "intranet")
	for address, want := range map[string]bool{
		"http://localhost:3000/?state=rehearsal": true,
		"http://localhost:3000/":                 false, // the state is lost
		"http://localhost:3000/?state=other":     false,
		"http://localhost:3000/cb":               false,
	} {
		at, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if c := j.returned(&stop{at: at, app: true}); c.OK != want || !strings.Contains(c.Detail, "the browser ends at http://localhost:3000/") {
			t.Errorf("%s: %+v", address, c)
		}
	}
}

// TestRoads: nothing leaves the rehearsal.
func TestRoads(t *testing.T) {
	j, _ := signedIn(t, 1, Administrator, "")
	for _, address := range []string{"https://login.example/", "http://localhost:8082/", "http://127.0.0.1:9/", "https://intranet.example/out"} {
		if _, err := j.browser.open(t.Context(), address, nil); !errors.Is(err, errElsewhere) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if at, err := j.browser.open(t.Context(), j.pool.URL("/.well-known/openid-configuration"), nil); err != nil || at.status != http.StatusOK {
		t.Errorf("%+v, %v", at, err)
	}
}

func TestLeadsTo(t *testing.T) {
	for _, c := range []struct {
		at, registered string
		want           bool
	}{
		{"https://app.example/out", "https://app.example/out", true},
		{"https://app.example/out?state=s", "https://app.example/out", true},
		{"https://app.example/out?a=1&state=s", "https://app.example/out?a=1", true},
		{"https://app.example/out?state=s", "https://app.example/out?a=1", false},
		{"https://app.example/out/", "https://app.example/out", false},
		{"http://app.example/out", "https://app.example/out", false},
		{"https://app.example:444/out", "https://app.example/out", false},
		{"com.example.app:/out?code=1", "com.example.app:/out", true},
	} {
		at, err := url.Parse(c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := leadsTo(at, c.registered); got != c.want {
			t.Errorf("%s to %s: %t", c.at, c.registered, got)
		}
	}
}

func TestPut(t *testing.T) {
	claims := map[string]any{"given": "kept"}
	for _, from := range []string{"given", "email", "/org/units/1/name", "/org/units/0/code", "/a~1b/c~0d", "/list/0"} {
		if err := put(claims, from, "v"); err != nil {
			t.Error(err)
		}
	}
	want := map[string]any{
		"given": "kept", "email": "v", "list": []any{"v"}, "a/b": map[string]any{"c~d": "v"},
		"org": map[string]any{"units": []any{map[string]any{"code": "v"}, map[string]any{"name": "v"}}},
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := put(claims, "/list/100000", "v"); err == nil {
		t.Error("a list of very many was made")
	}
}

// TestCover: as few ways in as reach everybody, the widest first.
func TestCover(t *testing.T) {
	p := &config.Pool{Providers: []config.Provider{{Name: "A", Enabled: true}, {Name: "B", Enabled: true}, {Name: "Off"}}}
	for _, ways := range [][]string{{"A"}, {"A", "B"}, {"B", config.PasswordForm}, {"B"}, {config.PasswordForm, "B"}, {"Off"}} {
		p.Clients = append(p.Clients, config.Client{Flows: []string{"code"}, CallbackURLs: []string{"https://app.example/"}, Providers: ways})
	}
	if got := cover(p, signingIn(p)); !slices.Equal(got, []string{"B", "A"}) {
		t.Errorf("%q", got)
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Microsecond: "1 ms", 1500 * time.Microsecond: "1 ms", 999 * time.Millisecond: "999 ms", time.Second: "1 s", 1540 * time.Millisecond: "1.5 s",
		5 * time.Second: "5 s", 12300 * time.Millisecond: "12 s", time.Minute: "1 min", 90 * time.Second: "90 s", time.Hour: "60 min",
	} {
		if got := short(d); got != want {
			t.Errorf("%s is %s, want %s", d, got, want)
		}
	}
}
