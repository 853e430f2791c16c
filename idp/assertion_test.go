package idp_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

func signers(t *testing.T) map[jose.SignatureAlgorithm]crypto.Signer {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[jose.SignatureAlgorithm]crypto.Signer{jose.ES256: ec, jose.RS256: r, jose.EdDSA: ed}
}

// TestA75_AssertionForOneIssuer: what proves us names the issuer as its only audience, lives for a minute and is made
// anew for each request, so that the provider that gets it can use it nowhere else.
func TestA75_AssertionForOneIssuer(t *testing.T) {
	for alg, key := range signers(t) {
		var forms []url.Values
		r := newRig(t, setup{op: idptest.Config{Authenticate: func(form url.Values) bool { forms = append(forms, form); return true }},
			rp: func(c *idp.Config) {
				c.ClientSecret, c.AuthMethod, c.Assertion = "", idp.AuthPrivateKey, &idp.Assertion{Key: key, KeyID: "k1"}
			}})
		r.mustSignIn()
		r.mustSignIn()
		seen := map[string]bool{}
		for _, form := range forms {
			if form.Has("client_secret") || form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
				t.Errorf("%s: form %v", alg, form)
			}
			token, err := jwt.ParseSigned(form.Get("client_assertion"), []jose.SignatureAlgorithm{alg})
			if err != nil {
				t.Fatal(err)
			}
			var c jwt.Claims
			if err := token.Claims(key.Public(), &c); err != nil {
				t.Fatal(err)
			}
			if len(c.Audience) != 1 || c.Audience[0] != r.op.Issuer() || c.Issuer != r.op.ClientID() || c.Subject != r.op.ClientID() ||
				c.Expiry.Time().Sub(c.IssuedAt.Time()) != time.Minute || c.ID == "" || seen[c.ID] || token.Headers[0].KeyID != "k1" {
				t.Errorf("%s: claims %+v", alg, c)
			}
			seen[c.ID] = true
		}
		if len(forms) != 2 {
			t.Errorf("%s: %d requests", alg, len(forms))
		}
	}
}

// TestMadeSecret: a secret that is a JWT is made when it is needed, used again, and renewed well before its end; a
// clock that was set back gets a new one too.
func TestMadeSecret(t *testing.T) {
	key := signers(t)[jose.ES256]
	var last string
	r := newRig(t, setup{op: idptest.Config{Authenticate: func(form url.Values) bool { last = form.Get("client_secret"); return !form.Has("client_assertion") }},
		rp: func(c *idp.Config) {
			c.ClientSecret, c.AuthMethod = "", idp.AuthPost
			c.Assertion = &idp.Assertion{Key: key, KeyID: "k1", Issuer: "A1B2C3D4E5", AsSecret: true}
		}})
	use := func(moved time.Duration) string {
		r.clock.Add(moved)
		r.opTime.Add(moved)
		r.mustSignIn()
		token, err := jwt.ParseSigned(last, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		var c jwt.Claims
		if err := token.Claims(key.Public(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Issuer != "A1B2C3D4E5" || c.Subject != r.op.ClientID() || c.Audience[0] != r.op.Issuer() {
			t.Errorf("claims %+v", c)
		}
		if left := c.Expiry.Time().Sub(r.clock.Now()); left < 30*time.Minute || left > time.Hour {
			t.Errorf("it has %s left", left)
		}
		return last
	}
	first := use(0)
	if again := use(29 * time.Minute); again != first {
		t.Error("it is made anew each time")
	}
	second := use(2 * time.Minute)
	if second == first {
		t.Error("it was not renewed")
	}
	if use(-2*time.Minute) == second {
		t.Error("the clock was set back, and what comes from the future is used")
	}
}

// TestAssertionIsNotPrinted: neither the Config nor the Assertion shows the key, and a refusal of it says so.
func TestAssertionIsNotPrinted(t *testing.T) {
	key := signers(t)[jose.ES256].(*ecdsa.PrivateKey)
	a := &idp.Assertion{Key: key, KeyID: "k1"}
	text := fmt.Sprintf("%v %+v %#v %v %+v", a, a, a, idp.Config{Assertion: a}, []any{a})
	raw, err := json.Marshal(idp.Config{Assertion: a})
	if err != nil {
		t.Fatal(err)
	}
	number, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{new(big.Int).SetBytes(number).String(), hex.EncodeToString(number), base64.StdEncoding.EncodeToString(number)} {
		if strings.Contains(text+string(raw), form) {
			t.Errorf("the key is in %s", text)
		}
	}
	r := newRig(t, setup{op: idptest.Config{Authenticate: func(url.Values) bool { return false }},
		rp: func(c *idp.Config) { c.ClientSecret, c.AuthMethod, c.Assertion = "", idp.AuthPrivateKey, a }})
	_, err = r.signIn()
	if e := refused(t, err, idp.StepToken, "error"); !strings.Contains(e.Mend, "signature") {
		t.Error(e.Mend)
	}
}
