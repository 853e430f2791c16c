package proof_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// judge is one of the three verifiers with all that makes its good token pass, under rules that allow every algorithm.
type judge struct {
	header object
	claims object
	take   func(raw string) error
}

func judges(t testing.TB) map[string]judge {
	k := keys(t)
	return map[string]judge{
		"assertion": {object{}, assertionClaims(), func(raw string) error {
			_, err := proof.Assertion(raw, k, laxRules())
			return err
		}},
		"DPoP proof": {object{"typ": "dpop+jwt"}, dpopClaims(), func(raw string) error {
			r := dpopRequest()
			r.Algorithms = token.Algorithms()
			_, err := proof.DPoP([]string{raw}, r)
			return err
		}},
		"request object": {object{}, requestClaims(), func(raw string) error {
			r := requestRules()
			r.Algorithms = token.Algorithms()
			_, err := proof.RequestObject(raw, k, r)
			return err
		}},
	}
}

// headerOf is the header of a good token by s; a DPoP proof has its key in it.
func (j judge) headerOf(s *signer) object {
	h := object{"alg": s.algorithm, "kid": s.id}.with(j.header)
	if h["typ"] == "dpop+jwt" {
		h["jwk"] = s.jwk()
	}
	return h
}

func (j judge) good(s *signer) string {
	return s.sign(must(json.Marshal(j.headerOf(s))), must(json.Marshal(j.claims)))
}

func TestA53_HeadersThatLeadElsewhere(t *testing.T) {
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer canary.Close()
	called := make(chan struct{}, 1)
	go func() {
		if _, err := canary.Accept(); err == nil {
			called <- struct{}{}
		}
	}()
	address := "https://" + canary.Addr().String() + "/keys"
	evil := stranger(token.ES256)
	for kind, j := range judges(t) {
		if err := j.take(j.good(client(token.ES256))); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		for name, header := range map[string]object{
			"jku": {"jku": address}, "x5u": {"x5u": address}, "x5c": {"x5c": []string{"MIIB"}}, "jku null": {"jku": null},
			"crit": {"crit": []string{"exp"}, "exp": 1}, "crit empty": {"crit": []string{}}, "crit b64": {"crit": []string{"b64"}, "b64": false},
			"crit null": {"crit": null}, "b64": {"b64": true}, "zip": {"zip": "DEF"},
			"kid number": {"kid": 1}, "kid object": {"kid": object{}}, "typ list": {"typ": []string{"JWT"}}, "alg list": {"alg": []string{"ES256"}},
		} {
			// Signed by the right key, and by another that the header leads to.
			for _, s := range []*signer{client(token.ES256), evil} {
				h := j.headerOf(s).with(header)
				if err := j.take(s.sign(must(json.Marshal(h)), must(json.Marshal(j.claims)))); err == nil {
					t.Errorf("%s with %s: taken", kind, name)
				}
			}
		}
		for _, kid := range []string{"../../../dev/null", "' or 1=1 --", "file:///etc/passwd", strings.Repeat("k", 9000), "\x00", "%s%s%n"} {
			h := j.headerOf(evil).with(object{"kid": kid})
			if err := j.take(evil.sign(must(json.Marshal(h)), must(json.Marshal(j.claims)))); (err == nil) != (kind == "DPoP proof") {
				t.Errorf("%s with kid %.20q: %v", kind, kid, err)
			}
		}
		for _, name := range []string{"x5t", "x5t#S256", "cty", "iss", "unknown"} { // names of no consequence
			h := j.headerOf(client(token.ES256)).with(object{name: "AAAA"})
			if err := j.take(client(token.ES256).sign(must(json.Marshal(h)), must(json.Marshal(j.claims)))); err != nil {
				t.Errorf("%s with %s: %v", kind, name, err)
			}
		}
		if kind == "DPoP proof" {
			continue
		}
		h := j.headerOf(evil).with(object{"jwk": evil.jwk()})
		if err := j.take(evil.sign(must(json.Marshal(h)), must(json.Marshal(j.claims)))); err == nil {
			t.Errorf("%s by the jwk in its own header: taken", kind)
		}
	}
	select {
	case <-called:
		t.Error("something was fetched")
	default:
	}
}

func TestA52_AlgorithmConfusion(t *testing.T) {
	public := client(token.RS256).private.Public().(*rsa.PublicKey)
	der := must(x509.MarshalPKIXPublicKey(public))
	secrets := map[string][]byte{
		"DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "modulus": public.N.Bytes(), "nothing": nil,
		"JWK": must(json.Marshal(client(token.RS256).jwk())), "JWKS": keySet(client(token.RS256)),
	}
	for kind, j := range judges(t) {
		for _, alg := range []any{"none", "None", "NONE", "nOnE", "", nil, null, "HS256", "HS384", "HS512", "RS384", "RS512", "PS384", "PS512", "ES384",
			"ES512", "ES256K", "EdDSA448", "Ed448", "RS1", "rs256", "RSA-OAEP", "dir", "PBES2-HS256+A128KW", 0, []string{"RS256"}} {
			for _, s := range []*signer{client(token.RS256), client(token.EdDSA)} {
				h := j.headerOf(s).with(object{"alg": alg})
				input := encode(must(json.Marshal(h))) + "." + encode(must(json.Marshal(j.claims)))
				for _, mark := range [][]byte{nil, s.signature(s.algorithm, []byte(input)), make([]byte, 64), make([]byte, 256)} {
					if err := j.take(input + "." + encode(mark)); err == nil {
						t.Errorf("%s with alg %v: taken", kind, alg)
					}
				}
			}
		}
		for name, secret := range secrets {
			for _, alg := range []string{"HS256", "RS256"} {
				h := j.headerOf(client(token.RS256)).with(object{"alg": alg})
				input := encode(must(json.Marshal(h))) + "." + encode(must(json.Marshal(j.claims)))
				mac := hmac.New(sha256.New, secret)
				mac.Write([]byte(input))
				if err := j.take(input + "." + encode(mac.Sum(nil))); err == nil {
					t.Errorf("%s: HMAC with the %s of the public key as %s is taken", kind, name, alg)
				}
			}
		}
		// The right signature under the name of another algorithm.
		for _, a := range token.Algorithms() {
			for _, other := range token.Algorithms() {
				if a == other {
					continue
				}
				s := client(a)
				if err := j.take(s.sign(must(json.Marshal(j.headerOf(s).with(object{"alg": other}))), must(json.Marshal(j.claims)))); err == nil {
					t.Errorf("%s: %s signature as %s: taken", kind, a, other)
				}
			}
		}
	}
}

// An ECDSA signature of zeros, or of integers out of range, and one in ASN.1 were taken by others. So were PSS salts of any length.
func TestA52_DegenerateSignatures(t *testing.T) {
	order := elliptic.P256().Params().N
	pad := func(x *big.Int) []byte { return x.FillBytes(make([]byte, 32)) }
	zero, one := new(big.Int), big.NewInt(1)
	for kind, j := range judges(t) {
		s := client(token.ES256)
		good := j.good(s)
		input := good[:strings.LastIndexByte(good, '.')]
		digest := sha256.Sum256([]byte(input))
		marks := [][]byte{must(ecdsa.SignASN1(rand.Reader, s.private.(*ecdsa.PrivateKey), digest[:]))}
		for _, pair := range [][2]*big.Int{{zero, zero}, {zero, one}, {one, zero}, {order, order}, {one, one}, {order, one}} {
			marks = append(marks, append(pad(pair[0]), pad(pair[1])...))
		}
		for _, mark := range marks {
			if err := j.take(input + "." + encode(mark)); err == nil {
				t.Errorf("%s: signature %x: taken", kind, mark)
			}
		}
		s = client(token.PS256)
		good = j.good(s)
		input = good[:strings.LastIndexByte(good, '.')]
		digest = sha256.Sum256([]byte(input))
		for _, salt := range []int{0, 20, 31, 33, rsa.PSSSaltLengthAuto} {
			mark := must(rsa.SignPSS(rand.Reader, s.private.(*rsa.PrivateKey), crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: salt}))
			if err := j.take(input + "." + encode(mark)); err == nil {
				t.Errorf("%s: PSS salt %d: taken", kind, salt)
			}
		}
	}
}

func TestA54_JSONThatTwoParsersReadDifferently(t *testing.T) {
	s := client(token.EdDSA)
	for kind, j := range judges(t) {
		header, claims := string(must(json.Marshal(j.headerOf(s)))), string(must(json.Marshal(j.claims)))
		within := func(text, member string) []byte { return []byte(text[:len(text)-1] + "," + member + "}") }
		for name, raw := range map[string]string{
			"alg twice":              s.sign(within(header, `"alg":"none"`), []byte(claims)),
			"alg twice, escaped":     s.sign(within(header, `"\u0061lg":"EdDSA"`), []byte(claims)),
			"jti twice":              s.sign([]byte(header), within(claims, `"jti":"other"`)),
			"deep repeat":            s.sign([]byte(header), within(claims, `"x":{"a":1,"a":2}`)),
			"broken UTF-8":           s.sign([]byte(header), within(claims, "\"x\":\"\xff\"")),
			"lone surrogate":         s.sign([]byte(header), within(claims, `"x":"\ud800"`)),
			"number too large":       s.sign([]byte(header), within(claims, `"x":1e999`)),
			"after the claims":       s.sign([]byte(header), []byte(claims+"{}")),
			"after the header":       s.sign([]byte(header+" x"), []byte(claims)),
			"byte order mark":        s.sign([]byte("\ufeff"+header), []byte(claims)),
			"comment":                s.sign([]byte(header), []byte(claims+"//")),
			"claims a list":          s.sign([]byte(header), []byte("["+claims+"]")),
			"claims null":            s.sign([]byte(header), []byte("null")),
			"claims empty":           s.sign([]byte(header), nil),
			"header a list":          s.sign([]byte("["+header+"]"), []byte(claims)),
			"depth of 33":            s.sign([]byte(header), within(claims, `"x":`+strings.Repeat("[", 33)+strings.Repeat("]", 33))),
			"names in another case":  s.sign([]byte(strings.Replace(header, `"alg"`, `"ALG"`, 1)), []byte(claims)),
			"claims in another case": s.sign([]byte(header), []byte(strings.Replace(claims, `"jti"`, `"JTI"`, 1))),
		} {
			if err := j.take(raw); err == nil && !(kind == "request object" && name == "claims in another case") { // jti is nothing there
				t.Errorf("%s, %s: taken", kind, name)
			}
		}
	}
}

func TestA55_EncryptedIsRefused(t *testing.T) {
	header := encode([]byte(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"AAAA","zip":"DEF"}`))
	for kind, j := range judges(t) {
		started := time.Now()
		if err := j.take(header + ".AAAA.AAAA.AAAA.AAAA"); err == nil || !strings.Contains(err.Error(), "encrypted") {
			t.Errorf("%s: %v", kind, err)
		}
		if took := time.Since(started); took > 5*time.Millisecond {
			t.Errorf("%s: %s", kind, took)
		}
	}
}

// hostile are what A200 speaks of, by name.
func hostile() map[string]string {
	s := client(token.EdDSA)
	claims := func(text string) string { return s.sign([]byte(`{"alg":"EdDSA","typ":"dpop+jwt"}`), []byte(text)) }
	ones := strings.Repeat("_", 682) + "8" // 4096 bits
	return map[string]string{
		"empty":              "",
		"two dots":           "..",
		"five parts":         "e30.e30.e30.e30.e30",
		"megabyte":           strings.Repeat("A", 1<<20),
		"megabyte of dots":   strings.Repeat(".", 1<<20),
		"16 KiB of dots":     strings.Repeat(".", token.MaxSize),
		"16 KiB of header":   strings.Repeat("A", token.MaxSize-2) + "..",
		"deep header":        encode([]byte(strings.Repeat("[", 9000))) + ".e30.AAAA",
		"deep object header": encode([]byte(strings.Repeat(`{"a":`, 2000))) + ".e30.AAAA",
		"many header fields": encode([]byte("{"+strings.Repeat(`"a":1,`, 1000)+`"alg":"RS256"}`)) + ".e30.AAAA",
		"deep claims":        claims(strings.Repeat(`{"a":`, 2000)),
		"many claims":        claims("[" + strings.Repeat("0,", 5500) + "0]"),
		"many objects":       claims(`{"a":[` + strings.Repeat("{},", 3800) + "{}]}"),
		"long audience":      claims(`{"aud":[` + strings.Repeat(`"",`, 3800) + `""]}`),
		"huge number":        claims(`{"exp":` + strings.Repeat("9", 11_000) + "}"),
		"huge exponent":      claims(`{"exp":1e999999999,"iat":1e999999999}`),
		"compressed":         encode([]byte(`{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF"}`)) + ".e30.AAAA",
		"RSA of 96000 bits":  encode([]byte(`{"alg":"PS256","typ":"dpop+jwt","jwk":{"kty":"RSA","e":"AQAB","n":"`+strings.Repeat("_", 11_000)+`"}}`)) + ".e30.AAAA",
		"costliest RSA key":  encode([]byte(`{"alg":"PS256","typ":"dpop+jwt","jwk":{"kty":"RSA","e":"f____w","n":"`+ones+`"}}`)) + ".e30.f" + ones[1:],
	}
}

func TestA200_HostileTokensCostNothing(t *testing.T) {
	all := judges(t)
	all["client id"] = judge{take: func(raw string) error {
		_, err := proof.ClientID(raw)
		return err
	}}
	for name, raw := range hostile() {
		t.Run(name, func(t *testing.T) {
			for kind, j := range all {
				fastest, least := time.Hour, uint64(1<<40)
				for range 5 { // other work on the machine may disturb one of them
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					started := time.Now()
					if err := j.take(raw); err == nil {
						t.Errorf("%s: taken", kind)
					}
					fastest = min(fastest, time.Since(started))
					runtime.ReadMemStats(&after)
					least = min(least, after.TotalAlloc-before.TotalAlloc)
				}
				if fastest > 5*time.Millisecond || least > 1<<20 {
					t.Errorf("%s: refused after %v and %d bytes, want under 5 ms and 1 MiB", kind, fastest, least)
				}
			}
		})
	}
}

// Every proof has one spelling: no change of one character, no insertion, no cut passes.
func TestEveryAlterationIsRefused(t *testing.T) {
	for kind, j := range judges(t) {
		raw := j.good(client(token.EdDSA))
		check := func(changed string) {
			t.Helper()
			if changed != raw && j.take(changed) == nil {
				t.Errorf("%s: %q is taken for %q", kind, changed, raw)
			}
		}
		for i := range raw {
			for _, c := range []byte("A_=.\n") {
				check(raw[:i] + string(c) + raw[i+1:])
				check(raw[:i] + string(c) + raw[i:])
			}
			check(raw[:i] + raw[i+1:])
			check(raw[:i])
			check(raw[:i] + string(raw[i]^1) + raw[i+1:])
			check(raw[:i] + string(raw[i]+1) + raw[i+1:])
		}
		for _, end := range []string{"=", "==", ".", "..", "A", "\n", "\r\n", " ", "\x00", "." + raw} {
			check(raw + end)
			check(end + raw)
		}
	}
}

// Rules that name what is no signature allow nothing by it, and rules that name nothing are those of FAPI.
func TestA52_RulesCanNotAllowIt(t *testing.T) {
	rules := fapiRules()
	for _, a := range []token.Algorithm{"none", "HS256", ""} {
		rules.Algorithms = []token.Algorithm{a}
		s := client(token.ES256)
		for _, raw := range []string{s.jwt(object{"alg": a}, assertionClaims()), s.jwt(nil, assertionClaims())} {
			if _, err := proof.Assertion(raw, keys(t), rules); err == nil {
				t.Errorf("rules allow %q: taken", a)
			}
		}
	}
	for _, list := range [][]token.Algorithm{nil, proof.FAPI()} {
		rules.Algorithms = list
		for _, a := range token.Algorithms() {
			if _, err := proof.Assertion(client(a).jwt(nil, assertionClaims()), keys(t), rules); (err == nil) != (a != token.RS256) {
				t.Errorf("rules %v, %s: %v", list, a, err)
			}
		}
	}
}
