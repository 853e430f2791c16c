package idptest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"hash"
	"strings"
)

func signatureMutations() []Mutation {
	return []Mutation{
		{"signature bit flipped", "signature", edit(func(parts []string) {
			b, _ := base64.RawURLEncoding.DecodeString(parts[2])
			b[len(b)/2] ^= 1
			parts[2] = encode(b)
		})},
		{"signature empty", "signature", edit(func(parts []string) { parts[2] = "" })},
		{"signature cut", "signature", edit(func(parts []string) {
			b, _ := base64.RawURLEncoding.DecodeString(parts[2])
			parts[2] = encode(b[:len(b)-3])
		})},
		{"signature extended", "signature", edit(func(parts []string) {
			b, _ := base64.RawURLEncoding.DecodeString(parts[2])
			parts[2] = encode(append(b, 0))
		})},
		{"signature of zeros", "signature", edit(func(parts []string) {
			parts[2] = encode(make([]byte, base64.RawURLEncoding.DecodedLen(len(parts[2]))))
		})},
		{"signature by another key", "signature", foreign},
		{"payload exchanged", "signature", edit(func(parts []string) {
			b, _ := base64.RawURLEncoding.DecodeString(parts[1])
			var claims map[string]any
			_ = json.Unmarshal(b, &claims)
			claims["sub"] = "mallory"
			b, _ = json.Marshal(claims)
			parts[1] = encode(b)
		})},
		{"header exchanged", "signature", edit(func(parts []string) {
			b, _ := base64.RawURLEncoding.DecodeString(parts[0])
			parts[0] = encode([]byte(strings.Replace(string(b), "{", `{"x":1,`, 1)))
		})},
	}
}

// mac makes the signature of a MAC algorithm under a key that is no secret.
func mac(algorithm string, h func() hash.Hash, key func(t *Token) []byte) func(*Token) {
	return func(t *Token) {
		t.Header["alg"] = algorithm
		secret := key(t)
		t.Sign = func(input []byte) []byte {
			m := hmac.New(h, secret)
			m.Write(input)
			return m.Sum(nil)
		}
	}
}

func publicPEM(t *Token) []byte {
	der, _ := x509.MarshalPKIXPublicKey(t.Key.Private.Public())
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func publicDER(t *Token) []byte {
	der, _ := x509.MarshalPKIXPublicKey(t.Key.Private.Public())
	return der
}

func publicJWK(t *Token) []byte {
	b, _ := json.Marshal(t.Key.JWK())
	return b
}

func unsigned(algorithm any) func(*Token) {
	return func(t *Token) {
		t.Header["alg"] = algorithm
		t.Sign = func([]byte) []byte { return nil }
	}
}

func algorithmMutations() []Mutation {
	clientID := func(t *Token) []byte { s, _ := t.Claims["aud"].(string); return []byte(s) }
	return []Mutation{
		{"alg none", "alg", unsigned("none")},
		{"alg None", "alg", unsigned("None")},
		{"alg NONE", "alg", unsigned("NONE")},
		{"alg nOnE", "alg", unsigned("nOnE")},
		{"alg none with signature", "alg", head("alg", "none")},
		{"alg empty", "alg", unsigned("")},
		{"alg null", "alg", unsigned(nil)},
		{"alg a number", "alg", unsigned(256)},
		{"alg a list", "alg", func(t *Token) { t.Header["alg"] = []any{t.Key.Algorithm} }},
		{"alg absent", "alg", func(t *Token) { delete(t.Header, "alg") }},
		{"alg in lower case", "alg", func(t *Token) { t.Header["alg"] = strings.ToLower(t.Key.Algorithm) }},
		{"alg with a blank", "alg", func(t *Token) { t.Header["alg"] = t.Key.Algorithm + " " }},
		{"alg unknown", "alg", head("alg", "XS256")},
		{"HS256 with the public key as PEM", "alg", mac("HS256", sha256.New, publicPEM)},
		{"HS256 with the public key as DER", "alg", mac("HS256", sha256.New, publicDER)},
		{"HS256 with the public key as JWK", "alg", mac("HS256", sha256.New, publicJWK)},
		{"HS256 with the client id", "alg", mac("HS256", sha256.New, clientID)},
		{"HS256 with the empty key", "alg", mac("HS256", sha256.New, func(*Token) []byte { return nil })},
		{"HS512 with the public key as PEM", "alg", mac("HS512", sha512.New, publicPEM)},
		{"an algorithm not allowed", "alg", func(t *Token) {
			if key, err := NewKey("ES512", 1); err == nil {
				t.Key = key
			}
			t.Header["alg"] = "ES512"
		}},
		{"another family than the key's", "kid", func(t *Token) {
			other := "ES256"
			if t.Key.Algorithm == other {
				other = "RS256"
			}
			t.Header["alg"] = other
		}},
		{"PKCS#1 signature called PSS, or the reverse", "kid", func(t *Token) {
			t.Header["alg"] = map[string]string{"RS256": "PS256", "PS256": "RS256", "ES256": "EdDSA", "EdDSA": "ES256"}[t.Key.Algorithm]
		}},
	}
}

func headerMutations() []Mutation {
	self := func(t *Token) {
		foreign(t)
		jwk := t.Key.JWK()
		jwk["kid"] = t.Header["kid"]
		t.Header["jwk"] = jwk
	}
	return []Mutation{
		{"kid unknown", "kid", head("kid", "no-such-key")},
		{"kid empty", "kid", head("kid", "")},
		{"kid a number", "kid", head("kid", 1)},
		{"kid null", "kid", head("kid", nil)},
		{"kid a path", "kid", head("kid", "../../../../dev/null")},
		{"kid a query", "kid", head("kid", "x' OR '1'='1")},
		{"kid a URL", "kid", head("kid", "http://127.0.0.1:9/key")},
		{"kid in another case", "kid", func(t *Token) { t.Header["kid"] = strings.ToLower(t.Key.ID) + "x" }},
		{"own key in jwk", "signature", self},
		{"own key in jwk, unknown kid", "kid", func(t *Token) { self(t); t.Header["kid"] = "mine" }},
		{"jku elsewhere", "signature", func(t *Token) { foreign(t); t.Header["jku"] = "http://127.0.0.1:9/jwks" }},
		{"x5u elsewhere", "signature", func(t *Token) { foreign(t); t.Header["x5u"] = "http://127.0.0.1:9/cert" }},
		{"x5c broken", "format", func(t *Token) { foreign(t); t.Header["x5c"] = []string{"AAAA"} }},
		{"crit unknown", "crit", func(t *Token) { t.Header["crit"], t.Header["urn:x"] = []string{"urn:x"}, 1 }},
		{"crit empty", "crit", head("crit", []string{})},
		{"b64 false", "crit", func(t *Token) { t.Header["crit"], t.Header["b64"] = []string{"b64"}, false }},
		{"b64 without crit", "crit", head("b64", false)},
		{"compressed", "crit", head("zip", "DEF")},
		{"typ of an access token", "typ", head("typ", "at+jwt")},
		{"typ of a logout token", "typ", head("typ", "logout+jwt")},
		{"typ of a logout token in capitals", "typ", head("typ", "LOGOUT+JWT")},
		{"typ of a security event", "typ", head("typ", "secevent+jwt")},
		{"typ a number", "typ", head("typ", 1)},
	}
}

func formatMutations() []Mutation {
	header := func(text string) func(*Token) {
		return edit(func(parts []string) { parts[0] = encode([]byte(text)) })
	}
	return []Mutation{
		{"no dots", "format", whole(func(string) string { return "abc" })},
		{"only dots", "format", whole(func(string) string { return ".." })},
		{"very many dots", "format", whole(func(string) string { return strings.Repeat(".", 4000) })},
		{"two parts", "format", edit(func(parts []string) { parts[1], parts[2] = parts[1]+parts[2], "" })},
		{"four parts", "format", whole(func(s string) string { return s + ".AAAA" })},
		{"five parts", "encryption", whole(func(s string) string { return s + ".AAAA.AAAA" })},
		{"encrypted with costly key derivation", "encryption", whole(func(string) string {
			return encode([]byte(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"AAAAAAAAAAAAAAAA"}`)) + ".AAAA.AAAA.AAAA.AAAA"
		})},
		{"encrypted and compressed", "encryption", whole(func(string) string {
			return encode([]byte(`{"alg":"dir","enc":"A128GCM","zip":"DEF"}`)) + "..AAAA.AAAA.AAAA"
		})},
		{"JSON serialization", "format", whole(func(s string) string {
			parts := strings.Split(s, ".")
			return `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`
		})},
		{"padded", "format", edit(func(parts []string) { parts[1] += "=" })},
		{"standard alphabet", "format", edit(func(parts []string) { parts[2] = "+/" + parts[2][2:] })},
		{"line end within", "format", edit(func(parts []string) { parts[1] = parts[1][:8] + "\n" + parts[1][8:] })},
		{"blank before", "format", whole(func(s string) string { return " " + s })},
		{"line end after", "format", whole(func(s string) string { return s + "\n" })},
		{"stray bits after the signature", "format", edit(func(parts []string) { parts[2] = parts[2][:len(parts[2])-len(parts[2])%4] + "AB" })},
		{"one character too many", "format", edit(func(parts []string) { parts[2] = parts[2][:len(parts[2])-len(parts[2])%4] + "A" })},
		{"header no JSON", "format", header("hello")},
		{"header a list", "format", header(`["alg"]`)},
		{"header null", "format", header(`null`)},
		{"header with alg twice", "format", header(`{"alg":"none","alg":"RS256"}`)},
		{"header with data after it", "format", header(`{"alg":"RS256"} {}`)},
		{"header nested too deeply", "format", header(`{"alg":"RS256","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`)},
		{"a hundred kilobytes", "size", set("padding", strings.Repeat("x", 100<<10))},
	}
}
