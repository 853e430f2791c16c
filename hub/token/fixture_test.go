package token

import (
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

var clockStart = time.Now()

func nanotime() int64 { return int64(time.Since(clockStart)) }

var (
	keysMu sync.Mutex
	keys   = map[string]*Key{}
)

// testKey returns one key per algorithm and state, made once: RSA keys are slow to make under -race.
func testKey(t testing.TB, a Algorithm, s State) *Key {
	t.Helper()
	keysMu.Lock()
	defer keysMu.Unlock()
	name := string(a) + string(s)
	if keys[name] == nil {
		k, err := Generate(a)
		if err != nil {
			t.Fatal(err)
		}
		k.State, k.Created = s, epoch
		keys[name] = k
	}
	return new(*keys[name])
}

func mustRing(t testing.TB, keys ...*Key) *Ring {
	t.Helper()
	r, err := NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// hostileTokens are what A200 speaks of, by name.
func hostileTokens() map[string]string {
	return map[string]string{
		"megabyte":           strings.Repeat("A", 1<<20),
		"megabyte of dots":   strings.Repeat(".", 1<<20),
		"16 KiB of dots":     strings.Repeat(".", MaxSize),
		"16 KiB of header":   strings.Repeat("A", MaxSize-2) + "..",
		"deep header":        encode(strings.Repeat("[", 9000)) + ".e30.AAAA",
		"deep object header": encode(strings.Repeat(`{"a":`, 2000)) + ".e30.AAAA",
		"five segments":      "e30.e30.e30.e30.e30",
		"empty":              "",
		"two dots":           "..",
		"many header fields": encode("{"+strings.Repeat(`"a":1,`, 1000)+`"alg":"RS256"}`) + ".e30.AAAA",
		"compressed":         encode(`{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF"}`) + ".e30.AAAA",
	}
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
