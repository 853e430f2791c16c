package token

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func TestSignIsReadByGoJose(t *testing.T) {
	payload := []byte(`{"sub":"ana","n":1}`)
	for _, a := range Algorithms() {
		for _, typ := range types {
			t.Run(string(a)+" "+string(typ), func(t *testing.T) {
				k := testKey(t, a, Active)
				ring := mustRing(t, k)
				raw, err := ring.Sign(payload, typ)
				if err != nil {
					t.Fatal(err)
				}
				jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(a)})
				if err != nil {
					t.Fatal(err)
				}
				var set jose.JSONWebKeySet
				if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
					t.Fatal(err)
				}
				got, err := jws.Verify(set.Key(k.ID)[0])
				if err != nil || string(got) != string(payload) {
					t.Errorf("go-jose read %q, %v", got, err)
				}
				header := jws.Signatures[0].Header
				if header.KeyID != k.ID {
					t.Errorf("kid %q, want %q", header.KeyID, k.ID)
				}
				if gotTyp, _ := header.ExtraHeaders[jose.HeaderType].(string); gotTyp != string(typ) {
					t.Errorf("typ %q, want %q", gotTyp, typ)
				}
			})
		}
	}
}

// localKeys gives go-oidc the published set without a server.
type localKeys struct{ ring *Ring }

func (l localKeys) VerifySignature(_ context.Context, raw string) ([]byte, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(l.ring.JWKS(), &set); err != nil {
		return nil, err
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA})
	if err != nil {
		return nil, err
	}
	found := set.Key(jws.Signatures[0].Header.KeyID)
	if len(found) != 1 || found[0].Algorithm != jws.Signatures[0].Header.Algorithm {
		return nil, errors.New("no key for this token")
	}
	return jws.Verify(found[0])
}

func TestA35_GoOIDCTakesTheIDTokenAndItsHash(t *testing.T) {
	for _, a := range Algorithms() {
		t.Run(string(a), func(t *testing.T) {
			ring := mustRing(t, testKey(t, a, Active))
			access, err := ring.Sign([]byte(`{"token_use":"access"}`), TypeNone)
			if err != nil {
				t.Fatal(err)
			}
			claims := map[string]any{
				"iss": "https://hub.example", "aud": "app", "sub": "ana", "iat": epoch.Unix(), "exp": epoch.Add(time.Hour).Unix(),
				"token_use": "id", "at_hash": a.HalfHash(access), "nonce": "n1",
			}
			payload, err := json.Marshal(claims)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := ring.Sign(payload, TypeNone)
			if err != nil {
				t.Fatal(err)
			}
			judge := oidc.NewVerifier("https://hub.example", localKeys{ring}, &oidc.Config{
				ClientID: "app", SupportedSigningAlgs: []string{string(a)}, Now: func() time.Time { return epoch },
			})
			id, err := judge.Verify(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			if err := id.VerifyAccessToken(access); err != nil {
				t.Errorf("at_hash: %v", err)
			}
			if err := id.VerifyAccessToken(access + "x"); err == nil {
				t.Error("at_hash fits another token as well")
			}
			if id.Nonce != "n1" || id.Subject != "ana" {
				t.Errorf("nonce %q, subject %q", id.Nonce, id.Subject)
			}
		})
	}
}

func TestVerifyReturnsWhatWasSigned(t *testing.T) {
	for _, a := range Algorithms() {
		for _, size := range []int{0, 1, 2, 3, 600, 8000} {
			k := testKey(t, a, Active)
			ring := mustRing(t, k)
			payload := []byte(strings.Repeat("x", size))
			raw, err := ring.Sign(payload, TypeAccess)
			if err != nil {
				t.Fatal(err)
			}
			got, h, err := ring.Verify(raw)
			if err != nil || string(got) != string(payload) {
				t.Errorf("%s, %d bytes: %d bytes back, %v", a, size, len(got), err)
			}
			if want := (Header{KeyID: k.ID, Algorithm: a, Type: TypeAccess}); h != want {
				t.Errorf("%s: header %v, want %v", a, h, want)
			}
		}
	}
}

func TestKeysOfEveryStateVerifyAndOnlyActiveOnesSign(t *testing.T) {
	signer := func(s State) *Ring {
		k := testKey(t, ES256, s)
		k.State = Active
		return mustRing(t, k)
	}
	ring := mustRing(t, testKey(t, ES256, Retired), testKey(t, ES256, Next), testKey(t, ES256, Active), testKey(t, EdDSA, Active))
	for _, s := range []State{Next, Active, Retired} {
		raw, err := signer(s).Sign([]byte("{}"), TypeNone)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := ring.Verify(raw); err != nil {
			t.Errorf("signed by the %s key: %v", s, err)
		}
	}
	if diff := cmp.Diff([]Algorithm{ES256, EdDSA}, ring.Algorithms()); diff != "" {
		t.Error(diff)
	}
	if got := ring.Keys()[0].State; got != Active {
		t.Errorf("the first key is %s, want the active one", got)
	}
	for a, want := range map[Algorithm]Algorithm{"": ES256, ES256: ES256, EdDSA: EdDSA} {
		raw, err := ring.SignWith(a, []byte("{}"), TypeNone)
		if err != nil {
			t.Fatal(err)
		}
		if _, h, err := ring.Verify(raw); err != nil || h.Algorithm != want || h.KeyID != testKey(t, want, Active).ID {
			t.Errorf("SignWith(%q): %v, %v", a, h, err)
		}
	}
	if _, err := ring.SignWith(RS256, nil, TypeNone); !errors.Is(err, ErrNoActiveKey) {
		t.Errorf("RS256 without a key: %v", err)
	}
	if _, err := ring.Sign(nil, "made-up"); err == nil {
		t.Error("a type that is not in the list is signed")
	}
}

func TestA37_AWithdrawnKeyIsNotAccepted(t *testing.T) {
	kept, gone := testKey(t, ES256, Active), testKey(t, ES256, Retired)
	gone.State = Active
	raw, err := mustRing(t, gone).Sign([]byte("{}"), TypeNone)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := mustRing(t, kept).Verify(raw); !errors.Is(err, ErrForeign) {
		t.Errorf("got %v, want %v", err, ErrForeign)
	}
	if _, _, err := new(Ring).Verify(raw); !errors.Is(err, ErrForeign) {
		t.Errorf("an empty ring: %v, want %v", err, ErrForeign)
	}
	if _, err := new(Ring).Sign(nil, TypeNone); !errors.Is(err, ErrNoActiveKey) {
		t.Errorf("an empty ring signs: %v", err)
	}
	if got := string(new(Ring).JWKS()); got != `{"keys":[]}` {
		t.Errorf("an empty ring publishes %s", got)
	}
}

func TestNewRingRefuses(t *testing.T) {
	other := testKey(t, ES256, Next)
	other.State = Active
	odd := testKey(t, ES256, Active)
	odd.State = "revoked"
	shared := testKey(t, RS256, Active)
	both, err := New(PS256, shared.private())
	if err != nil {
		t.Fatal(err)
	}
	both.State = Active
	for name, keys := range map[string][]*Key{
		"a key twice":                   {testKey(t, ES256, Active), testKey(t, ES256, Active)},
		"two active keys":               {testKey(t, ES256, Active), other},
		"one RSA key for two":           {shared, both},
		"unknown state":                 {odd},
		"a stored key without its half": {{ID: "x", Algorithm: RS256, State: Active}},
	} {
		if _, err := NewRing(keys...); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestRingIsNotChangedThroughItsKeys(t *testing.T) {
	k := testKey(t, ES256, Active)
	ring := mustRing(t, k)
	k.State, k.ID = Retired, "changed"
	ring.Keys()[0].ID = "changed too"
	raw, err := ring.Sign([]byte("{}"), TypeNone)
	if err != nil {
		t.Fatal(err)
	}
	if _, h, err := ring.Verify(raw); err != nil || h.KeyID != testKey(t, ES256, Active).ID {
		t.Errorf("header %v, %v", h, err)
	}
}

func TestRingIsSafeForConcurrentUse(t *testing.T) {
	ring := mustRing(t, testKey(t, ES256, Active), testKey(t, EdDSA, Active))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 8 {
				payload := fmt.Sprintf(`{"jti":"%d.%d"}`, i, j)
				raw, err := ring.SignWith(ring.Algorithms()[j%2], []byte(payload), TypeNone)
				if err != nil {
					t.Error(err)
				}
				if got, _, err := ring.Verify(raw); err != nil || string(got) != payload {
					t.Errorf("%s came back as %s, %v", payload, got, err)
				}
			}
		})
	}
	wg.Wait()
}

// hmacSecrets are the spellings of a public key that algorithm confusion signs with.
func hmacSecrets(t *testing.T, k *Key) map[string][]byte {
	public := k.private().(*rsa.PrivateKey).PublicKey
	pkix, err := x509.MarshalPKIXPublicKey(&public)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"PKIX": pkix, "PKCS #1": x509.MarshalPKCS1PublicKey(&public), "modulus": public.N.Bytes(), "kid": []byte(k.ID)}
}
