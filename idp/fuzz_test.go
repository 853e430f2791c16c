package idp

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// FuzzJWS: what the precheck lets through, go-jose reads with the same algorithm and kid, if it reads it at all.
func FuzzJWS(f *testing.F) {
	b64 := base64.RawURLEncoding.EncodeToString
	for _, header := range []string{`{"alg":"RS256","kid":"1"}`, `{"alg":"ES256"}`, `{"alg":"none"}`, `{"alg":"RS256","crit":["x"]}`, `{"alg":"RS256","alg":"none"}`, `{"alg":"EdDSA","kid":"\ud83d\ude00","typ":"JWT"}`} {
		f.Add(b64([]byte(header)) + "." + b64([]byte(`{"sub":"a"}`)) + "." + b64([]byte("signature")))
	}
	f.Add("..")
	f.Add(strings.Repeat(".", 100))
	f.Add(`{"payload":"","signatures":[]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		start := time.Now()
		h, bad := parseJWS(raw, DefaultAlgorithms, untyped)
		if took := time.Since(start); took > time.Second {
			t.Fatalf("took %s", took)
		}
		if bad != nil {
			if bad.check == "" || bad.cause == nil {
				t.Fatalf("nameless refusal %+v", bad)
			}
			return
		}
		if !slices.Contains(DefaultAlgorithms, h.alg) {
			t.Fatalf("algorithm is %q", h.alg)
		}
		jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.alg)})
		if err != nil {
			return
		}
		if got := jws.Signatures[0].Header; got.Algorithm != h.alg || got.KeyID != h.kid {
			t.Fatalf("go-jose reads %q %q, we read %+v", got.Algorithm, got.KeyID, h)
		}
		if !bytes.Equal(jws.UnsafePayloadWithoutVerification(), h.payload) || !bytes.Equal(jws.Signatures[0].Signature, h.signature) {
			t.Fatal("go-jose reads another payload or signature")
		}
	})
}

// FuzzKeys: no key set panics; what is kept is usable, bounded and of known kinds.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"k","alg":"EdDSA"}]}`))
	f.Add([]byte(`{"keys":[null,1,{"kty":"oct","k":"AA"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := parseKeys(data)
		if err != nil {
			return
		}
		if len(set.keys) > maxKeys || len(set.dropped) > maxDropped {
			t.Fatalf("%d keys, %d reasons", len(set.keys), len(set.dropped))
		}
		for _, k := range set.keys {
			if !slices.ContainsFunc(knownAlgorithms, func(alg string) bool { return k.suits(alg) && (k.alg == "" || k.alg == alg) }) {
				t.Fatalf("key %+v suits no algorithm", k)
			}
		}
	})
}

// FuzzClaims: no payload panics, and an accepted one means the same to the standard decoder.
func FuzzClaims(f *testing.F) {
	now := time.Unix(1_700_000_000, 0)
	f.Add([]byte(`{"iss":"https://i.example","sub":"a","aud":"c","exp":1700000100,"iat":1700000000,"nonce":"n","amr":["pwd"]}`))
	f.Add([]byte(`{"iss":"https://i.example","sub":"a","aud":["c","d"],"azp":"c","exp":17e8,"iat":1699999999.5,"nonce":"n","auth_time":1,"sid":"s"}`))
	f.Add([]byte(`{"iss":"https://i.example","sub":"a","Sub":"b"}`))
	p := &Provider{cfg: Config{Issuer: "https://i.example", ClientID: "c"}}
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, bad := p.checkClaims(payload, now, "RS256", "token", Request{Nonce: "n"})
		if bad != nil {
			return
		}
		var std struct {
			Iss, Sub, Nonce, Azp string
			Exp, Iat             float64
		}
		if err := json.Unmarshal(payload, &std); err != nil {
			t.Fatalf("accepted what the standard decoder refuses: %v", err)
		}
		if std.Iss != got.issuer || std.Sub != got.subject || std.Nonce != "n" || std.Azp != "" && std.Azp != "c" ||
			std.Exp < float64(now.Add(-leeway).Unix()) || std.Iat > float64(now.Add(leeway).Unix()) {
			t.Fatalf("the standard decoder reads %+v, we read %+v", std, got)
		}
	})
}

// FuzzLogout: an accepted token was signed by the provider's key, not altered since, and to the standard decoder is a
// logout token too. own says whether the provider's key signs, flip which bit of the finished token is changed, if any.
func FuzzLogout(f *testing.F) {
	const head = `{"iss":"https://i.example","aud":"c","iat":1700000000,"jti":"j",`
	const event = `"events":{"http://schemas.openid.net/event/backchannel-logout":{}}`
	for _, claims := range []string{head + event + `,"sub":"a"}`, head + event + `,"sid":"s","exp":1700000120}`, head + event + `}`, head + `"sub":"a"}`,
		head + event + `,"sub":"a","nonce":null}`, head + event + `,"sub":"a","Nonce":"n"}`, head + `"events":{},` + event + `,"sub":"a"}`} {
		f.Add([]byte(claims), `{"alg":"EdDSA","typ":"logout+jwt"}`, true, uint16(0))
		f.Add([]byte(claims), `{"alg":"EdDSA","kid":"k"}`, false, uint16(0))
		f.Add([]byte(claims), `{"alg":"EdDSA"}`, true, uint16(700))
	}
	now := func() time.Time { return time.Unix(1_700_000_060, 0) }
	var private [2]ed25519.PrivateKey
	for i := range private {
		private[i] = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i)}, ed25519.SeedSize))
	}
	public := private[1].Public().(ed25519.PublicKey)
	b64 := base64.RawURLEncoding.EncodeToString
	set, err := parseKeys([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"` + b64(public) + `"}]}`))
	if err != nil {
		f.Fatal(err)
	}
	p := &Provider{cfg: Config{Issuer: "https://i.example", ClientID: "c", Algorithms: DefaultAlgorithms, Timeout: time.Minute,
		Endpoints: Endpoints{Authorization: "a", Token: "t", JWKS: "k"}}, now: now}
	p.keys = cached[*keySet]{step: StepKeys, now: now, timeout: time.Minute, fetch: func(context.Context, *trace) (*keySet, *Error) { return set, nil }}
	f.Fuzz(func(t *testing.T, claims []byte, header string, own bool, flip uint16) {
		by := private[0]
		if own {
			by = private[1]
		}
		input := b64([]byte(header)) + "." + b64(claims)
		raw := []byte(input + "." + b64(ed25519.Sign(by, []byte(input))))
		altered := int(flip) > 0 && int(flip) < 8*len(raw)
		if altered {
			raw[flip/8] ^= 1 << (flip % 8)
		}
		got, err := p.VerifyLogout(t.Context(), string(raw))
		if err != nil {
			return
		}
		if !own || altered {
			t.Fatalf("accepted what the provider did not sign: %s", raw)
		}
		var std struct {
			Iss, Sub, Sid, Jti string
			Events             map[string]json.RawMessage
			Nonce              json.RawMessage
			Iat                float64
		}
		if err := json.Unmarshal(claims, &std); err != nil {
			t.Fatalf("accepted what the standard decoder refuses: %v", err)
		}
		if std.Iss != "https://i.example" || std.Sub != got.Subject || std.Sid != got.SessionID || std.Jti != got.ID || std.Jti == "" ||
			std.Sub+std.Sid == "" || std.Nonce != nil || math.Abs(std.Iat-1_700_000_060) > 240 || !got.Expires.After(now()) ||
			!bytes.HasPrefix(std.Events["http://schemas.openid.net/event/backchannel-logout"], []byte("{")) {
			t.Fatalf("the standard decoder reads %+v, we read %+v", std, got)
		}
	})
}

// BenchmarkParse is the cost of a token before its signature.
func BenchmarkParse(b *testing.B) {
	raw := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"RS256-1","typ":"JWT"}`)) + "." + strings.Repeat("a", 800) + "." + strings.Repeat("A", 342)
	for b.Loop() {
		if _, bad := parseJWS(raw, DefaultAlgorithms, untyped); bad != nil {
			b.Fatal(bad)
		}
	}
}
