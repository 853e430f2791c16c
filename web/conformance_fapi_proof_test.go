package web_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/proof"
)

// fapiCodes are the modules about what a code and a refresh token are bound to.
var fapiCodes = map[string]func(*testing.T, *fapi){
	"ensure-client-id-in-token-endpoint": func(t *testing.T, f *fapi) {
		form := redeem(f.signIn(t).Get("code"), "client_id", f.second.id)
		if got := f.send(t, "/oauth2/token", form, nil); got.Access != "" || got.Error != "invalid_client" {
			t.Errorf("%+v", got)
		}
	},
	"ensure-authorization-code-is-bound-to-client": func(t *testing.T, f *fapi) {
		if got := f.sendAs(t, f.second, "/oauth2/token", redeem(f.signIn(t).Get("code")), nil); got.Error != "invalid_grant" {
			t.Errorf("%+v", got)
		}
	},
	"attempt-reuse-authorization-code-after-one-second": func(t *testing.T, f *fapi) {
		form := redeem(f.signIn(t).Get("code"))
		first := f.send(t, "/oauth2/token", form, nil)
		f.Advance(time.Second)
		if got := f.send(t, "/oauth2/token", form, nil); first.Access == "" || got.Error != "invalid_grant" {
			t.Errorf("%+v", got)
		}
		if status := f.opens(t, "DPoP", first.Access, f.proof("GET", infoURL, first.Access)); status != http.StatusUnauthorized {
			t.Errorf("the first token: %d", status)
		}
	},
	"ensure-token-endpoint-fails-with-expired-auth-code": func(t *testing.T, f *fapi) {
		code := f.signIn(t).Get("code")
		f.Advance(61 * time.Second)
		if got := f.send(t, "/oauth2/token", redeem(code), nil); got.Error != "invalid_grant" {
			t.Errorf("%+v", got)
		}
	},
	"ensure-pkce-code-verifier-required":               redeemFails("invalid_grant", "code_verifier", ""),
	"incorrect-pkce-code-verifier-rejected":            redeemFails("invalid_grant", "code_verifier", strings.Repeat("w", 43)),
	"ensure-dpop-auth-code-binding-success":            func(t *testing.T, f *fapi) { f.tokens(t, "dpop_jkt", f.client.jkt()) },
	"ensure-dpopproof-at-par-endpoint-binding-success": func(t *testing.T, f *fapi) { f.tokens(t) }, // every push of these tests has a proof
	"ensure-mismatched-dpop-jkt-fails":                 pushFails("invalid_request", "dpop_jkt", strings.Repeat("A", 43)),
	"ensure-token-endpoint-fails-with-mismatched-dpop-jkt": func(t *testing.T, f *fapi) {
		f.Pool.Clients[f.client.id].DPoP = hub.Allowed // no proof when it is pushed
		got := f.send(t, "/oauth2/par", f.request("dpop_jkt", f.second.jkt()), http.Header{})
		b := f.browser(t)
		code := f.finish(b, f.open(b, got.Reference)).Get("code")
		if got := f.send(t, "/oauth2/token", redeem(code), nil); got.Error != "invalid_grant" {
			t.Errorf("%+v", got)
		}
	},
	"ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt": func(t *testing.T, f *fapi) {
		header := http.Header{"Dpop": {f.second.dpop("POST", tokenURL, "", "nonce", f.nonce())}}
		if got := f.send(t, "/oauth2/token", redeem(f.signIn(t).Get("code")), header); got.Error != "invalid_grant" {
			t.Errorf("%+v", got)
		}
	},
	"refresh-token": func(t *testing.T, f *fapi) {
		first := f.tokens(t)
		for name, got := range map[string]*tokens{
			"another client": f.sendAs(t, f.second, "/oauth2/token", refresh(first.Fresh), nil),
			"no proof":       f.send(t, "/oauth2/token", refresh(first.Fresh), http.Header{}),
			"no assertion":   f.post(t, "/oauth2/token", refresh(first.Fresh), http.Header{"Dpop": {f.proof("POST", tokenURL, "")}}),
		} {
			if got.Access != "" || got.status < 400 {
				t.Errorf("%s: %+v", name, got)
			}
		}
		got := f.send(t, "/oauth2/token", refresh(first.Fresh), nil)
		if got.Type != "DPoP" || f.opens(t, "DPoP", got.Access, f.proof("GET", infoURL, got.Access)) != http.StatusOK {
			t.Errorf("%+v", got)
		}
		if got.Fresh != "" && got.Fresh != first.Fresh {
			t.Error("the refresh token was rotated, which the profile forbids")
		}
	},
}

// redeemFails redeems a code in a way that must be refused.
func redeemFails(want string, changes ...string) func(*testing.T, *fapi) {
	return func(t *testing.T, f *fapi) {
		if got := f.send(t, "/oauth2/token", redeem(f.signIn(t).Get("code"), changes...), nil); got.status != http.StatusBadRequest || got.Error != want {
			t.Errorf("%+v", got)
		}
	}
}

// fapiProofs are the modules about DPoP.
var fapiProofs = map[string]func(*testing.T, *fapi){
	"access-token-type-header-case-sensitivity": func(t *testing.T, f *fapi) {
		got := f.tokens(t)
		for _, scheme := range []string{"DPoP", "dpop", "DPOP", "dPoP"} {
			if status := f.opens(t, scheme, got.Access, f.proof("GET", infoURL, got.Access)); status != http.StatusOK {
				t.Errorf("%s: %d", scheme, status)
			}
		}
	},
	"check-dpop-proof-nbf-exp":                            accepts("nbf", -5, "exp", 60),
	"ensure-dpopproof-with-iat-10seconds-before-succeeds": accepts("iat", -10),
	"ensure-dpopproof-with-iat-10seconds-after-succeeds":  accepts("iat", 10),
	"ensure-holder-of-key-required": func(t *testing.T, f *fapi) {
		if got := f.send(t, "/oauth2/token", redeem(f.signIn(t).Get("code")), http.Header{}); got.Error != "invalid_dpop_proof" {
			t.Errorf("%+v", got)
		}
	},
	"dpop-negative-tests": func(t *testing.T, f *fapi) {
		got := f.tokens(t)
		c, raw := f.client, got.Access
		good := func(changes ...any) string { return f.proof("GET", infoURL, raw, changes...) }
		claims := func() map[string]any {
			var m map[string]any
			payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(good(), ".")[1])
			_ = json.Unmarshal(payload, &m)
			return m
		}
		spent := good()
		if status := f.opens(t, "DPoP", raw, spent); status != http.StatusOK {
			t.Fatalf("a good proof: %d", status)
		}
		signed := good()
		for name, proofs := range map[string][]string{
			"none at all": {}, "two": {good(), good()}, "used": {spent},
			"no typ": {c.sign("", true, claims())}, "another typ": {c.sign("JWT", true, claims())},
			"no jwk": {c.sign("dpop+jwt", false, claims())}, "private jwk": {c.withPrivateKey(claims())},
			"RS256": {rs256(t, claims())}, "none": {unsigned("dpop+jwt", claims())}, "bad signature": {signed[:len(signed)-8] + "AAAAAAAA"},
			"no jti": {good("jti", "")}, "no htm": {good("htm", "")}, "no htu": {good("htu", "")}, "no iat": {good("iat", nil)},
			"no ath": {f.proof("GET", infoURL, "")}, "no nonce": {c.dpop("GET", infoURL, raw)}, "another nonce": {good("nonce", "guessed")},
			"another htm": {good("htm", "POST")}, "htm in small letters": {good("htm", "get")}, "another path": {good("htu", infoURL+"/x")},
			"another host": {good("htu", "http://elsewhere.test/oauth2/userInfo")}, "another port": {good("htu", "http://hub.test:81/oauth2/userInfo")},
			"another path in case": {good("htu", hubtest.Issuer+"/oauth2/userinfo")}, "another ath": {f.proof("GET", infoURL, raw+"x")},
			"an hour ago": {good("iat", f.Now().Add(-time.Hour).Unix())}, "an hour ahead": {good("iat", f.Now().Add(time.Hour).Unix())},
			"another's key": {f.second.dpop("GET", infoURL, raw, "nonce", f.nonce())},
		} {
			if status := f.opens(t, "DPoP", raw, proofs...); status != http.StatusUnauthorized {
				t.Errorf("%s: %d", name, status)
			}
		}
		if status := f.opens(t, "Bearer", raw, good()); status != http.StatusUnauthorized {
			t.Errorf("as Bearer: %d", status)
		}
		for _, htu := range []string{infoURL + "?x=1", infoURL + "#x", "HTTP://HUB.TEST/oauth2/userInfo", "http://hub.test:80/oauth2/userInfo", "http://hub.test/oauth2/./%75serInfo"} {
			if status := f.opens(t, "DPoP", raw, good("htu", htu)); status != http.StatusOK {
				t.Errorf("htu %s: %d", htu, status)
			}
		}
	},
	"dpop-nonce": func(t *testing.T, f *fapi) { // no module; how every client of the plan begins
		form := redeem(f.signIn(t).Get("code"))
		refused := f.send(t, "/oauth2/token", form, http.Header{"Dpop": {f.client.dpop("POST", tokenURL, "")}})
		nonce := refused.header.Get("DPoP-Nonce")
		if refused.status != http.StatusBadRequest || refused.Error != "use_dpop_nonce" || nonce == "" {
			t.Fatalf("%+v", refused)
		}
		if got := f.send(t, "/oauth2/token", form, http.Header{"Dpop": {f.client.dpop("POST", tokenURL, "", "nonce", nonce)}}); got.Access == "" {
			t.Errorf("with the nonce: %+v", got)
		}
	},
}

// accepts uses proofs, at the token endpoint and at userInfo, whose times differ
// from now by these seconds.
func accepts(times ...any) func(*testing.T, *fapi) {
	return func(t *testing.T, f *fapi) {
		code := f.signIn(t).Get("code")
		changes := make([]any, len(times))
		for i := 0; i < len(times); i += 2 {
			changes[i], changes[i+1] = times[i], f.Now().Unix()+int64(times[i+1].(int))
		}
		got := f.send(t, "/oauth2/token", redeem(code), http.Header{"Dpop": {f.proof("POST", tokenURL, "", changes...)}})
		if status := f.opens(t, "DPoP", got.Access, f.proof("GET", infoURL, got.Access, changes...)); status != http.StatusOK {
			t.Errorf("token %+v, userInfo %d", got, status)
		}
	}
}

// withPrivateKey is a proof whose header gives the private key away.
func (h *holder) withPrivateKey(claims map[string]any) string {
	o := (&jose.SignerOptions{}).WithType("dpop+jwt").WithHeader("jwk", jose.JSONWebKey{Key: h.key})
	return signWith(h.t, jose.SigningKey{Algorithm: jose.ES256, Key: h.key}, o, claims)
}

// rs256 is a proof by an RSA key.
func rs256(t *testing.T, claims map[string]any) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return signWith(t, jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"), claims)
}

func signWith(t *testing.T, key jose.SigningKey, o *jose.SignerOptions, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(key, o)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(claims)
	jws, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// unsigned is a JWT with the algorithm none.
func unsigned(typ string, claims map[string]any) string {
	text, _ := json.Marshal(claims)
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"`+typ+`"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
}

// register makes another key the client's own.
func (f *fapi) register(t *testing.T, jwks []byte) {
	t.Helper()
	keys, err := proof.ParseKeys(jwks)
	if err != nil {
		t.Fatal(err)
	}
	f.Pool.Clients[f.client.id].Keys = keys
}
