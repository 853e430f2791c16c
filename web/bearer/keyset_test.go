package bearer_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/web/bearer"
)

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// keysOf are the members of an issuer's keys.
func keysOf(t testing.TB, is *issuer) []map[string]any {
	t.Helper()
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(is.ring.Load().JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	return set.Keys
}

func setOf(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Keys that must not verify anything, by what is wrong with them.
func TestKeysThatAreLeftOut(t *testing.T) {
	is, now := newIssuer(t, token.RS256, token.ES256, token.EdDSA), newClock()
	keys := keysOf(t, is)
	rsa, ec, okp := keys[0], keys[1], keys[2]
	off := b64(strings.Repeat("\x01", 32))
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := (&jose.JSONWebKey{Key: p384.Public(), KeyID: "p384"}).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var other map[string]any
	if err := json.Unmarshal(text, &other); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		of      map[string]any
		changes map[string]any
		says    string
	}{
		{"a private part", ec, map[string]any{"d": "AA"}, "private part"},
		{"a symmetric key", map[string]any{"kty": "oct", "kid": "k", "k": b64("secret"), "alg": "HS256"}, nil, "private part"},
		{"no kid", ec, map[string]any{"kid": ""}, "no kid"},
		{"a kid that is a number", ec, map[string]any{"kid": 1}, "no kid"},
		{"for encryption", rsa, map[string]any{"use": "enc"}, "not for signatures"},
		{"for signing", rsa, map[string]any{"key_ops": []string{"sign"}}, "not for signatures"},
		{"of an unknown type", ec, map[string]any{"kty": "EX", "alg": nil}, "unknown type"},
		{"of another type's algorithm", ec, map[string]any{"alg": "RS256"}, "algorithm"},
		{"for HS256", rsa, map[string]any{"alg": "HS256"}, "algorithm"},
		{"on another curve", other, nil, "not on P-256"},
		{"off the curve", ec, map[string]any{"x": off, "y": off}, "point"},
		{"a short coordinate", ec, map[string]any{"x": b64("short")}, "out of form"},
		{"padding", ec, map[string]any{"x": ec["x"].(string) + "="}, "out of form"},
		{"RSA of 1024 bits", rsa, map[string]any{"n": b64("\xff" + strings.Repeat("\xff", 127))}, "weak"},
		{"RSA of a megabit", rsa, map[string]any{"n": b64(strings.Repeat("\xff", 1<<17))}, "out of form"},
		{"an even modulus", rsa, map[string]any{"n": b64(strings.Repeat("\xfe", 256))}, "weak"},
		{"exponent 1", rsa, map[string]any{"e": b64("\x01")}, "weak"},
		{"exponent 4", rsa, map[string]any{"e": b64("\x04")}, "weak"},
		{"a great exponent", rsa, map[string]any{"e": b64("\xff\xff\xff\xff\xff")}, "out of form"},
		{"X25519", okp, map[string]any{"crv": "X25519"}, "not on Ed25519"},
		{"a short Ed25519 key", okp, map[string]any{"x": b64("short")}, "out of form"},
		{"x a number", okp, map[string]any{"x": 1}, "out of form"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := maps.Clone(c.of)
			maps.Copy(key, c.changes)
			if c.changes["alg"] == nil && c.of["kty"] == "EC" && key["kty"] == "EX" {
				delete(key, "alg")
			}
			if set, err := bearer.ParseKeySet(setOf(t, key)); err == nil || set != nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v, want one that says %q", err, c.says)
			}
			// A bad key among good ones does them no harm.
			set, err := bearer.ParseKeySet(setOf(t, key, okp, rsa, ec))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := set.Verify(t.Context(), is.mint(t, now, nil)); err != nil {
				t.Error(err)
			}
		})
	}
	for name, text := range map[string]string{"empty": "", "no object": "[]", "no keys": "{}", "no list": `{"keys":{}}`, "an empty list": `{"keys":[]}`,
		"no key": `{"keys":[1,null,"x",[]]}`, "twice": `{"keys":[],"keys":[]}`, "trailing": `{"keys":[]}x`} {
		if _, err := bearer.ParseKeySet([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The first key of a kid and type counts; others may share the kid.
func TestKeysOfOneKid(t *testing.T) {
	is, other, now := newIssuer(t, token.ES256, token.EdDSA), newIssuer(t), newClock()
	mine, theirs := keysOf(t, is), keysOf(t, other)
	theirs[0]["kid"], mine[1]["kid"] = mine[0]["kid"], mine[0]["kid"]
	set, err := bearer.ParseKeySet(setOf(t, mine[0], theirs[0], mine[1]))
	if err != nil {
		t.Fatal(err)
	}
	if _, h, err := set.Verify(t.Context(), is.mint(t, now, nil)); err != nil || h.Algorithm != "ES256" || h.KeyID != mine[0]["kid"] {
		t.Errorf("%+v %v", h, err)
	}
	if set, err = bearer.ParseKeySet(setOf(t, theirs[0], mine[0])); err != nil {
		t.Fatal(err)
	}
	if _, _, err := set.Verify(t.Context(), is.mint(t, now, nil)); err == nil {
		t.Error("the second key of a kid counts")
	}
}

// RFC 8725 §3.1 to §3.11: headers that change the rules.
func TestHeadersOfRFC8725(t *testing.T) {
	is, now := newIssuer(t, token.RS256), newClock()
	kid := keysOf(t, is)[0]["kid"].(string)
	keys, err := bearer.ParseKeySet(is.ring.Load().JWKS())
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(is.mint(t, now, nil), ".")
	payload, _, _ := strings.Cut(rest, ".")
	for name, c := range map[string]struct{ header, says string }{
		"none":               {`{"alg":"none","kid":"` + kid + `"}`, "algorithm is"},
		"None":               {`{"alg":"None","kid":"` + kid + `"}`, "algorithm is"},
		"HS256":              {`{"alg":"HS256","kid":"` + kid + `"}`, "algorithm is"},
		"ES256 with RSA":     {`{"alg":"ES256","kid":"` + kid + `"}`, "no key"},
		"PS256 with RS256's": {`{"alg":"PS256","kid":"` + kid + `"}`, "no key"},
		"no alg":             {`{"kid":"` + kid + `"}`, "algorithm is"},
		"no kid":             {`{"alg":"RS256"}`, "no kid"},
		"kid a number":       {`{"alg":"RS256","kid":1}`, "wrong type"},
		"crit":               {`{"alg":"RS256","kid":"` + kid + `","crit":["exp"],"exp":1}`, "crit"},
		"b64":                {`{"alg":"RS256","kid":"` + kid + `","b64":false}`, "b64"},
		"zip":                {`{"alg":"RS256","kid":"` + kid + `","zip":"DEF"}`, "zip"},
		"alg twice":          {`{"alg":"none","alg":"RS256","kid":"` + kid + `"}`, "header"},
		"Alg":                {`{"alg":"RS256","ALG":"none","kid":"` + kid + `"}`, "signature is wrong"},
		"a key of its own":   {`{"alg":"RS256","kid":"x","jwk":` + string(setOf(t)) + `}`, "no key"},
		"no object":          {`"RS256"`, "header"},
		"two objects":        {`{"alg":"RS256","kid":"` + kid + `"}{}`, "header"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, signature := range []string{"", strings.Repeat("A", 342)} {
				_, _, err := keys.Verify(t.Context(), b64(c.header)+"."+payload+"."+signature)
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v, want one that says %q", err, c.says)
				}
			}
		})
	}
}

// hostile are tokens that cost much to whoever takes them apart at length.
func hostile() map[string]string {
	return map[string]string{
		"a megabyte":     strings.Repeat("A", 1<<20),
		"dots":           strings.Repeat(".", 1<<20),
		"16 KiB of dots": strings.Repeat(".", 16<<10),
		"a long header":  strings.Repeat("A", 16<<10-2) + "..",
		"a deep header":  b64(strings.Repeat("[", 9000)) + ".e30.AAAA",
		"deep objects":   b64(strings.Repeat(`{"a":`, 2000)) + ".e30.AAAA",
		"many members":   b64("{"+strings.Repeat(`"a":1,`, 1500)+`"alg":"RS256"}`) + ".e30.AAAA",
		"encrypted":      b64(`{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF"}`) + ".e30.e30.e30.e30",
		"slow password":  b64(`{"alg":"PBES2-HS512+A256KW","p2c":2000000000}`) + ".e30.AAAA",
	}
}

func TestA200_HostileTokens(t *testing.T) {
	is, now := newIssuer(t), newClock()
	g := newGuard(t, is.URL, bearer.Config{Clients: []string{"app"}, Now: now.now, RawToken: true})
	if _, err := g.Verify(t.Context(), is.mint(t, now, nil)); err != nil {
		t.Fatal(err)
	}
	for name, raw := range hostile() {
		const runs = 20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		for range runs {
			if _, err := g.Verify(t.Context(), raw); err == nil {
				t.Errorf("%s is good", name)
			}
		}
		per := time.Since(began) / runs
		runtime.ReadMemStats(&after)
		if bytes := (after.TotalAlloc - before.TotalAlloc) / runs; per > 5*time.Millisecond || bytes > 1<<20 {
			t.Errorf("%s: %s, %d bytes", name, per, bytes)
		}
	}
	if n := is.fetches.Load(); n > 2 {
		t.Errorf("%d fetches", n)
	}
	// A signed one is bounded too.
	if _, err := g.Verify(t.Context(), is.mint(t, now, map[string]any{"x": strings.Repeat("x", 12<<10)})); err == nil {
		t.Error("a token over 16 KiB is good")
	}
	if _, err := g.Verify(t.Context(), is.mint(t, now, map[string]any{"x": strings.Repeat("x", 11<<10)})); err != nil {
		t.Error(err)
	}
}
