package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// forge signs with the key of k, but under a header of the attacker's choice.
func forge(t testing.TB, k *Key, header, payload string) string {
	t.Helper()
	input := encode(header) + "." + encode(payload)
	signature, err := k.sign([]byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + encode(string(signature))
}

func TestVerifyRefusesForeignHeaders(t *testing.T) {
	k := testKey(t, RS256, Active)
	ring := mustRing(t, k, testKey(t, ES256, Active))
	own := `"alg":"RS256","kid":"` + k.ID + `"`
	for name, header := range map[string]string{
		"alg none":              `{"kid":"` + k.ID + `","alg":"none"}`,
		"alg None":              `{"kid":"` + k.ID + `","alg":"None"}`,
		"no alg":                `{"kid":"` + k.ID + `"}`,
		"alg HS256":             `{"kid":"` + k.ID + `","alg":"HS256"}`,
		"alg PS256 for RS256":   `{"kid":"` + k.ID + `","alg":"PS256"}`,
		"alg RS384":             `{"kid":"` + k.ID + `","alg":"RS384"}`,
		"alg ES256 of RSA kid":  `{"kid":"` + k.ID + `","alg":"ES256"}`,
		"alg twice":             `{` + own + `,"alg":"none"}`,
		"kid twice":             `{` + own + `,"kid":"x"}`,
		"no kid":                `{"alg":"RS256"}`,
		"empty kid":             `{"kid":"","alg":"RS256"}`,
		"kid of another":        `{"kid":"` + testKey(t, ES256, Active).ID + `","alg":"RS256"}`,
		"kid as a path":         `{"kid":"../../dev/null","alg":"RS256"}`,
		"kid cut":               `{"kid":"` + k.ID[:42] + `","alg":"RS256"}`,
		"crit":                  `{` + own + `,"crit":["exp"],"exp":1}`,
		"crit empty":            `{` + own + `,"crit":[]}`,
		"crit b64":              `{` + own + `,"crit":["b64"],"b64":false}`,
		"b64":                   `{` + own + `,"b64":false}`,
		"jwk":                   `{` + own + `,"jwk":{"kty":"oct","k":"AA"}}`,
		"jku":                   `{` + own + `,"jku":"https://evil.example/jwks.json"}`,
		"x5u":                   `{` + own + `,"x5u":"https://evil.example/cert.pem"}`,
		"zip":                   `{` + own + `,"zip":"DEF"}`,
		"unknown typ":           `{` + own + `,"typ":"evil+jwt"}`,
		"typ in another case":   `{` + own + `,"typ":"LOGOUT+JWT"}`,
		"white space":           `{ ` + own + `}`,
		"members in upper case": `{"KID":"` + k.ID + `","ALG":"RS256"}`,
		"not JSON":              `RS256`,
		"array":                 `[` + own + `]`,
		"empty":                 ``,
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := ring.Verify(forge(t, k, header, `{"sub":"ana"}`)); !errors.Is(err, ErrForeign) {
				t.Errorf("got %v, want %v", err, ErrForeign)
			}
		})
	}
}

func TestVerifyRefusesAlgorithmConfusion(t *testing.T) {
	k := testKey(t, RS256, Active)
	ring := mustRing(t, k)
	good, err := ring.Sign([]byte(`{"sub":"ana"}`), TypeNone)
	if err != nil {
		t.Fatal(err)
	}
	ownHeader, _, _ := strings.Cut(good, ".")
	for name, secret := range hmacSecrets(t, k) {
		for _, header := range []string{encode(`{"kid":"` + k.ID + `","alg":"HS256"}`), ownHeader} {
			input := header + "." + encode(`{"sub":"eve"}`)
			h := hmac.New(sha256.New, secret)
			h.Write([]byte(input))
			if _, _, err := ring.Verify(input + "." + encode(string(h.Sum(nil)))); err == nil {
				t.Errorf("HMAC with the %s of the public key is taken", name)
			}
		}
	}
	stranger := testKey(t, RS256, Next)
	other, err := stranger.sign([]byte(ownHeader + "." + encode(`{"sub":"eve"}`)))
	if err != nil {
		t.Fatal(err)
	}
	for name, signature := range map[string]string{
		"none": "", "zero": "AA", "zeros": strings.Repeat("A", 342), "another key's": encode(string(other)),
	} {
		if _, _, err := ring.Verify(ownHeader + "." + encode(`{"sub":"eve"}`) + "." + signature); !errors.Is(err, ErrSignature) {
			t.Errorf("signature %s: %v, want %v", name, err, ErrSignature)
		}
	}
}

// An ES256 signature of zeros, and one whose integers are out of range, were taken by other implementations.
func TestVerifyRefusesDegenerateECDSA(t *testing.T) {
	k := testKey(t, ES256, Active)
	ring := mustRing(t, k)
	good, err := ring.Sign([]byte(`{}`), TypeNone)
	if err != nil {
		t.Fatal(err)
	}
	input := good[:strings.LastIndexByte(good, '.')]
	order := elliptic.P256().Params().N
	pad := func(x *big.Int) []byte { return x.FillBytes(make([]byte, 32)) }
	zero, one := new(big.Int), big.NewInt(1)
	for _, pair := range [][2]*big.Int{{zero, zero}, {zero, one}, {one, zero}, {order, order}, {one, one}, {order, one}} {
		signature := encode(string(append(pad(pair[0]), pad(pair[1])...)))
		if _, _, err := ring.Verify(input + "." + signature); !errors.Is(err, ErrSignature) {
			t.Errorf("r=%v s=%v: %v", pair[0], pair[1], err)
		}
	}
	digest := sha256.Sum256([]byte(input))
	der, err := k.private().(*ecdsa.PrivateKey).Sign(nil, digest[:], nil)
	if err == nil {
		if _, _, err := ring.Verify(input + "." + encode(string(der))); !errors.Is(err, ErrSignature) {
			t.Errorf("an ASN.1 signature: %v", err)
		}
	}
}

// Every token has one spelling: no change of one character, no insertion, no cut may verify.
func TestVerifyRefusesEveryAlteration(t *testing.T) {
	for _, a := range []Algorithm{ES256, EdDSA} {
		ring := mustRing(t, testKey(t, a, Active))
		raw, err := ring.Sign([]byte(`{"sub":"ana"}`), TypeNone)
		if err != nil {
			t.Fatal(err)
		}
		check := func(changed string) {
			t.Helper()
			if _, _, err := ring.Verify(changed); err == nil && changed != raw {
				t.Errorf("%s: %q is taken for %q", a, changed, raw)
			}
		}
		for i := range raw {
			for _, c := range []byte("Aa_-+/=.\n\r \x00") {
				check(raw[:i] + string(c) + raw[i+1:])
				check(raw[:i] + string(c) + raw[i:])
			}
			check(raw[:i] + raw[i+1:])
			check(raw[:i])
			check(raw[:i] + string(raw[i]+1) + raw[i+1:])
		}
		for _, end := range []string{"=", "==", ".", "..", "A", "\n", "\r\n", " ", "\x00", "." + raw} {
			check(raw + end)
			check(end + raw)
		}
	}
}

// A signature that go-jose made with the same key is right, but its header is not ours.
func TestVerifyTakesOnlyItsOwnWriting(t *testing.T) {
	k := testKey(t, ES256, Active)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: k.private(), KeyID: k.ID}},
		(&jose.SignerOptions{}).WithHeader("extra", "x"))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := mustRing(t, k).Verify(raw); !errors.Is(err, ErrForeign) {
		t.Errorf("got %v, want %v", err, ErrForeign)
	}
}

func TestA33_NoKindOfTokenPassesForAnother(t *testing.T) {
	ring := mustRing(t, testKey(t, ES256, Active))
	shown := map[string]struct {
		typ      Type
		tokenUse string
		is       Use
	}{
		"ID token":                    {TypeNone, "id", UseID},
		"ID token with typ":           {TypeJWT, "id", UseID},
		"access token":                {TypeNone, "access", UseAccess},
		"access token of RFC 9068":    {TypeAccess, "access", UseAccess},
		"logout token":                {TypeLogout, "", UseLogout},
		"introspection answer":        {TypeIntrospection, "", ""},
		"token without marks":         {TypeNone, "", ""},
		"signed userinfo":             {TypeJWT, "", ""},
		"access type, ID use":         {TypeAccess, "id", ""},
		"logout type, ID use":         {TypeLogout, "id", ""},
		"logout type, access use":     {TypeLogout, "access", ""},
		"logout use without the type": {TypeNone, "logout", ""},
		"use in another case":         {TypeNone, "ID", ""},
		"assertion":                   {TypeJWT, "assertion", ""},
	}
	for name, token := range shown {
		claims, err := json.Marshal(map[string]string{"token_use": token.tokenUse})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := ring.Sign(claims, token.typ)
		if err != nil {
			t.Fatal(err)
		}
		payload, h, err := ring.Verify(raw)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			TokenUse string `json:"token_use"`
		}
		if err := json.Unmarshal(payload, &got); err != nil {
			t.Fatal(err)
		}
		for _, wanted := range []Use{UseID, UseAccess, UseLogout, "", "refresh"} {
			err := wanted.Check(h, got.TokenUse)
			if ok := err == nil; ok != (wanted == token.is && wanted != "") {
				t.Errorf("%s where %q is wanted: %v", name, wanted, err)
			}
		}
	}
}

func TestA33_TokensOfAnotherPoolAreForeign(t *testing.T) {
	ours, theirs := mustRing(t, testKey(t, RS256, Active)), mustRing(t, testKey(t, RS256, Retired), func() *Key {
		k := testKey(t, RS256, Next)
		k.State = Active
		return k
	}())
	raw, err := theirs.Sign([]byte(`{"token_use":"access"}`), TypeNone)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ours.Verify(raw); !errors.Is(err, ErrForeign) {
		t.Errorf("got %v, want %v", err, ErrForeign)
	}
}

func TestA200_HostileTokensCostNothing(t *testing.T) {
	ring := mustRing(t, testKey(t, RS256, Active), testKey(t, ES256, Active))
	good, err := ring.Sign([]byte("{}"), TypeNone)
	if err != nil {
		t.Fatal(err)
	}
	tokens := hostileTokens()
	header, _, _ := strings.Cut(good, ".")
	tokens["16 KiB of payload"] = header + "." + strings.Repeat("A", MaxSize-len(header)-4) + ".AA"
	tokens["16 KiB of signature"] = header + ".e30." + strings.Repeat("A", MaxSize-len(header)-5)
	tokens["one byte too long"] = good + strings.Repeat("A", MaxSize+1-len(good))
	for name, raw := range tokens {
		t.Run(name, func(t *testing.T) {
			fastest, least := time.Hour, uint64(1<<40)
			for range 5 { // other work on the machine may disturb one of them
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				started := time.Now()
				if _, _, err := ring.Verify(raw); err == nil {
					t.Error("taken")
				}
				fastest = min(fastest, time.Since(started))
				runtime.ReadMemStats(&after)
				least = min(least, after.TotalAlloc-before.TotalAlloc)
			}
			if fastest > 5*time.Millisecond || least > 64<<10 {
				t.Errorf("refused after %v and %d bytes, want under 5 ms and 64 KiB", fastest, least)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	ring := mustRing(f, testKey(f, EdDSA, Active))
	good, err := ring.Sign([]byte(`{"sub":"ana"}`), TypeNone)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good + "=")
	for _, raw := range hostileTokens() {
		f.Add(raw[:min(len(raw), MaxSize+1)])
	}
	f.Fuzz(func(t *testing.T, raw string) {
		payload, h, err := ring.Verify(raw)
		if err == nil && raw != good {
			t.Errorf("%q is taken", raw)
		}
		if err != nil && (payload != nil || h != Header{}) {
			t.Errorf("%q gives both a value and %v", raw, err)
		}
		if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrSignature) {
			t.Errorf("%q: unnamed error %v", raw, err)
		}
	})
}
