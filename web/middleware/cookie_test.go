package middleware

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// gcm is the Sealer of these tests: seals under the first key, opens under any.
type gcm []cipher.AEAD

func newGCM(t testing.TB, keys ...byte) gcm {
	t.Helper()
	var g gcm
	for _, k := range keys {
		block, err := aes.NewCipher(bytes.Repeat([]byte{k}, 32))
		if err != nil {
			t.Fatal(err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		g = append(g, aead)
	}
	return g
}

func (g gcm) Seal(plain, aad []byte) []byte {
	nonce := make([]byte, g[0].NonceSize(), g[0].NonceSize()+len(plain)+g[0].Overhead())
	rand.Read(nonce)
	return g[0].Seal(nonce, nonce, plain, aad)
}

func (g gcm) Open(box, aad []byte) ([]byte, error) {
	for _, aead := range g {
		if len(box) < aead.NonceSize() {
			break
		}
		if plain, err := aead.Open(nil, box[:aead.NonceSize()], box[aead.NonceSize():], aad); err == nil {
			return plain, nil
		}
	}
	return nil, errors.New("box does not open")
}

// clock is a time that tests move by hand.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func newCookies(t testing.TB, s Sealer, pool string, secure bool, c *clock) *Cookies {
	t.Helper()
	cookies, err := NewCookies(s, pool, secure, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return cookies
}

// browser is a cookie jar without rules: it sends back what it was given.
type browser map[string]string

func (b browser) take(w *httptest.ResponseRecorder) {
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b, c.Name)
			continue
		}
		b[c.Name] = c.Value
	}
}

func (b browser) request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for name, value := range b {
		r.Header.Add("Cookie", name+"="+value)
	}
	return r
}

func TestA104_CookieAttributes(t *testing.T) {
	for _, secure := range []bool{true, false} {
		t.Run(fmt.Sprintf("secure=%v", secure), func(t *testing.T) {
			c := newCookies(t, newGCM(t, 1), "acme", secure, newClock())
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if err := errors.Join(
				c.SetSession(w, "handle", time.Hour),
				c.SetTransaction(w, r, "tx1", []byte("{}"), 10*time.Minute),
				c.SetLastUsed(w, "corp", 24*time.Hour),
			); err != nil {
				t.Fatal(err)
			}
			c.ClearSession(w)
			c.ClearTransaction(w, "tx1")
			set := w.Result().Cookies()
			if len(set) != 5 {
				t.Fatalf("%d cookies set, want 5", len(set))
			}
			for _, got := range set {
				if got.Path != "/" || got.Domain != "" || !got.HttpOnly || got.SameSite != http.SameSiteLaxMode || got.Partitioned {
					t.Errorf("%s", got)
				}
				if got.Secure != secure || strings.HasPrefix(got.Name, "__Host-") != secure {
					t.Errorf("secure %v, but %s", secure, got)
				}
				if !strings.Contains(got.Name, "acme") {
					t.Errorf("%s does not name its pool", got.Name)
				}
				if strings.Contains(got.String(), "handle") || strings.Contains(got.String(), "corp") {
					t.Errorf("%s shows its content", got)
				}
			}
			if set[0].MaxAge != 3600 || set[1].MaxAge != 600 || set[2].MaxAge != 86400 || set[3].MaxAge != -1 || set[4].MaxAge != -1 {
				t.Errorf("ages %v", set)
			}
		})
	}
}

func TestCookieRoundTrip(t *testing.T) {
	now := newClock()
	c := newCookies(t, newGCM(t, 1), "acme", true, now)
	b := browser{}
	if got := c.Session(b.request()); got != "" {
		t.Errorf("session %q before any was set", got)
	}
	w := httptest.NewRecorder()
	if err := errors.Join(
		c.SetSession(w, "handle", 0),
		c.SetTransaction(w, b.request(), "tx1", []byte("one"), time.Minute),
		c.SetTransaction(w, b.request(), "tx2", []byte("two"), time.Hour),
		c.SetLastUsed(w, "corp", time.Hour),
	); err != nil {
		t.Fatal(err)
	}
	b.take(w)
	r := b.request()
	if c.Session(r) != "handle" || c.LastUsed(r) != "corp" {
		t.Errorf("session %q, last used %q", c.Session(r), c.LastUsed(r))
	}
	for id, want := range map[string]string{"tx1": "one", "tx2": "two"} {
		if got, ok := c.Transaction(r, id); !ok || string(got) != want {
			t.Errorf("transaction %s: %q, %v", id, got, ok)
		}
	}

	w = httptest.NewRecorder()
	c.ClearTransaction(w, "tx2")
	b.take(w)
	if _, ok := c.Transaction(b.request(), "tx2"); ok {
		t.Error("tx2 is there after it was cleared")
	}
	now.t = now.t.Add(time.Minute)
	if _, ok := c.Transaction(b.request(), "tx1"); ok {
		t.Error("tx1 is there after its time")
	}
	if c.Session(b.request()) != "handle" {
		t.Error("a session without age ended")
	}
}

func TestA106_ForeignCookiesReadAsAbsent(t *testing.T) {
	now := newClock()
	acme := newCookies(t, newGCM(t, 1), "acme", true, now)
	w := httptest.NewRecorder()
	if err := acme.SetSession(w, "handle", time.Hour); err != nil {
		t.Fatal(err)
	}
	set := w.Result().Cookies()[0]
	name, value := set.Name, set.Value

	other := newCookies(t, newGCM(t, 1), "other", true, now)
	plain := newCookies(t, newGCM(t, 1), "acme", false, now)
	flipped := []byte(value)
	flipped[len(flipped)/2] ^= 1
	cases := []struct {
		what   string
		c      *Cookies
		header string
		want   string
	}{
		{"its own", acme, name + "=" + value, "handle"},
		{"old key accepted", newCookies(t, newGCM(t, 2, 1), "acme", true, now), name + "=" + value, "handle"},
		{"old key gone", newCookies(t, newGCM(t, 2), "acme", true, now), name + "=" + value, ""},
		{"cut", acme, name + "=" + value[:len(value)-1], ""},
		{"cut to nothing", acme, name + "=", ""},
		{"longer", acme, name + "=" + value + "A", ""},
		{"one bit", acme, name + "=" + string(flipped), ""},
		{"not base64", acme, name + "=%%%", ""},
		{"giant", acme, name + "=" + strings.Repeat("A", 30<<10), ""},
		{"under another pool's name", other, other.name(sessionKind) + "=" + value, ""},
		{"under another kind's name", acme, acme.transaction("tx") + "=" + value, ""},
		{"without the prefix", acme, strings.TrimPrefix(name, "__Host-") + "=" + value, ""},
		{"prefix cookie on plain http", plain, strings.TrimPrefix(name, "__Host-") + "=" + value, ""},
		{"beside one without prefix", acme, strings.TrimPrefix(name, "__Host-") + "=evil; " + name + "=" + value, "handle"},
		{"six hundred", acme, strings.Repeat(name+"=x; ", 600) + name + "=" + value, ""},
	}
	for _, tc := range cases {
		t.Run(tc.what, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Cookie", tc.header)
			if got := tc.c.Session(r); got != tc.want {
				t.Errorf("session %q, want %q", got, tc.want)
			}
			if got, ok := tc.c.Transaction(r, "tx"); ok {
				t.Errorf("transaction %q", got)
			}
			if got := tc.c.LastUsed(r); got != "" {
				t.Errorf("last used %q", got)
			}
		})
	}
}

func TestTransactionsAreCounted(t *testing.T) {
	now := newClock()
	pools := []*Cookies{newCookies(t, newGCM(t, 1), "acme", true, now), newCookies(t, newGCM(t, 2), "other", true, now)}
	b := browser{"__Host-isthmus.tx.acme.junk": "9999999999999999", "__Host-isthmus.tx.acme.short": "x", "theme": "dark"}
	for i := range 20 {
		now.t = now.t.Add(time.Second)
		w := httptest.NewRecorder()
		if err := pools[i%2].SetTransaction(w, b.request(), fmt.Sprintf("tx%d", i), []byte("x"), time.Hour); err != nil {
			t.Fatal(err)
		}
		b.take(w)
		if len(b) > maxTransactions+1 {
			t.Fatalf("browser holds %d cookies after %d sign-ins", len(b), i+1)
		}
	}
	for i := range 20 {
		_, ok := pools[i%2].Transaction(b.request(), fmt.Sprintf("tx%d", i))
		if want := i >= 20-maxTransactions; ok != want {
			t.Errorf("tx%d held: %v, want %v", i, ok, want)
		}
	}

	// Setting one of the held again pushes none out.
	w := httptest.NewRecorder()
	if err := pools[1].SetTransaction(w, b.request(), "tx19", []byte("y"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := len(w.Result().Cookies()); n != 1 {
		t.Errorf("replacing a transaction set %d cookies", n)
	}
}

func TestTransactionFlood(t *testing.T) {
	c := newCookies(t, newGCM(t, 1), "acme", true, newClock())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := range 1500 {
		r.Header.Add("Cookie", fmt.Sprintf("__Host-isthmus.tx.%d=x", i))
	}
	w := httptest.NewRecorder()
	if err := c.SetTransaction(w, r, "tx", []byte("x"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := len(w.Result().Cookies()); n != 1+maxCleared {
		t.Errorf("%d cookies in the answer, want %d", n, 1+maxCleared)
	}
}

func TestCookieSize(t *testing.T) {
	c := newCookies(t, newGCM(t, 1), strings.Repeat("p", 64), true, newClock())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	id := strings.Repeat("t", 64)
	fits := 0
	for size := 2500; size < 3200; size++ {
		w := httptest.NewRecorder()
		err := c.SetTransaction(w, r, id, make([]byte, size), time.Hour)
		if err == nil {
			fits = size
			got := w.Result().Cookies()[0]
			if len(got.Name)+len(got.Value) > MaxCookie {
				t.Fatalf("%d bytes made a cookie of %d", size, len(got.Name)+len(got.Value))
			}
			continue
		}
		if !errors.Is(err, ErrCookieSize) {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if len(w.Header()) != 0 {
			t.Fatal("an oversized cookie was set all the same")
		}
		break
	}
	if fits < 2800 {
		t.Errorf("only %d bytes fit beside the longest names", fits)
	}
}

func TestCookieNamesRefused(t *testing.T) {
	for _, pool := range []string{"", "a.b", "a b", "a;b", "ä", strings.Repeat("p", 65)} {
		if _, err := NewCookies(newGCM(t, 1), pool, true, time.Now); err == nil {
			t.Errorf("pool %q accepted", pool)
		}
	}
	c := newCookies(t, newGCM(t, 1), "acme", true, newClock())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, id := range []string{"", "a.b", "a=b", "a;b", strings.Repeat("t", 65)} {
		w := httptest.NewRecorder()
		if err := c.SetTransaction(w, r, id, nil, time.Hour); err == nil {
			t.Errorf("transaction id %q accepted", id)
		}
		c.ClearTransaction(w, id)
		if _, ok := c.Transaction(r, id); ok || len(w.Header()) != 0 {
			t.Errorf("transaction id %q reached a cookie", id)
		}
	}
	if err := c.SetTransaction(httptest.NewRecorder(), r, "tx", nil, 0); err == nil {
		t.Error("a transaction without end was accepted")
	}
}

// fixedNonce seals alike in every process of a fuzz run.
type fixedNonce struct{ gcm }

func (f fixedNonce) Seal(plain, aad []byte) []byte {
	nonce := make([]byte, f.gcm[0].NonceSize())
	return f.gcm[0].Seal(nonce, nonce, plain, aad)
}

// FuzzCookieDecode holds that no value but one we sealed opens, and that
// reading never panics.
func FuzzCookieDecode(f *testing.F) {
	now := newClock()
	c := newCookies(f, fixedNonce{newGCM(f, 1)}, "acme", true, now)
	w := httptest.NewRecorder()
	if err := c.SetSession(w, "handle", time.Hour); err != nil {
		f.Fatal(err)
	}
	name, value := w.Result().Cookies()[0].Name, w.Result().Cookies()[0].Value
	f.Add(name + "=" + value)
	f.Add(name + "=" + value + "; " + name + "=")
	f.Add(name + "=\"" + value + "\"")
	f.Add("__Host-isthmus.tx.acme.x=AAAA; =; ;;")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		if got := c.Session(r); got != "" && (got != "handle" || !strings.Contains(header, value)) {
			t.Errorf("%q reads as session %q", header, got)
		}
		if got, ok := c.Transaction(r, "x"); ok {
			t.Errorf("%q reads as transaction %q", header, got)
		}
	})
}

func BenchmarkTransactionSeal(b *testing.B) {
	c := newCookies(b, newGCM(b, 1), "acme", true, newClock())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	plain := make([]byte, 1500)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		clear(w.Header())
		if err := c.SetTransaction(w, r, "tx", plain, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTransactionOpen(b *testing.B) {
	c := newCookies(b, newGCM(b, 1), "acme", true, newClock())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w := httptest.NewRecorder()
	if err := c.SetTransaction(w, r, "tx", make([]byte, 1500), time.Hour); err != nil {
		b.Fatal(err)
	}
	set := w.Result().Cookies()[0]
	r.Header.Set("Cookie", set.Name+"="+set.Value)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := c.Transaction(r, "tx"); !ok {
			b.Fatal("absent")
		}
	}
}
