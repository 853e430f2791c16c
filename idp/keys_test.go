package idp_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// TestA64_UnknownKids: a thousand tokens with kids that no key has provoke one fetch, and good sign-ins go on meanwhile.
func TestA64_UnknownKids(t *testing.T) {
	r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256"}})
	r.mustSignIn()
	r.op.Forget()
	var serial atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for i := range 50 {
				q := r.request()
				params, err := r.begin(q)
				if err != nil {
					t.Error(err)
					return
				}
				bad := i%10 != 0
				if bad {
					r.op.SetHooks(idptest.Hooks{IDToken: func(token *idptest.Token) {
						if token.Claims["nonce"] == q.Nonce {
							token.Header["kid"] = fmt.Sprint("k", serial.Add(1))
						}
					}})
				}
				_, err = r.p.Exchange(t.Context(), q, params.Get("code"), nil)
				if err != nil && !strings.Contains(err.Error(), "kid") || err != nil && !bad {
					t.Errorf("bad %t: %v", bad, err)
				}
			}
		})
	}
	all.Wait()
	if d, k := r.op.Count(idptest.DiscoveryEndpoint), r.op.Count(idptest.JWKSEndpoint); d > 1 || k != 1 {
		t.Errorf("metadata were fetched %d times, keys %d times", d, k)
	}
	if serial.Load() == 0 {
		t.Error("no bad token was tried")
	}
	// The next interval allows one more.
	r.op.SetHooks(idptest.Hooks{IDToken: func(token *idptest.Token) { token.Header["kid"] = "other" }})
	for _, step := range []time.Duration{29 * time.Second, 2 * time.Second} {
		r.clock.Add(step)
		r.opTime.Add(step)
		_, err := r.signIn()
		refused(t, err, idp.StepIDToken, "kid")
	}
	if k := r.op.Count(idptest.JWKSEndpoint); k != 2 {
		t.Errorf("keys were fetched %d times", k)
	}
}

// TestA64_Rotation: a change of keys succeeds at the first try, whatever it looks like.
func TestA64_Rotation(t *testing.T) {
	for _, c := range []struct {
		name   string
		rotate func(r *rig) error
	}{
		{"old key kept", func(r *rig) error { return r.op.Rotate(true) }},
		{"old key gone", func(r *rig) error { return r.op.Rotate(false) }},
		{"just before signing", func(r *rig) error {
			var once sync.Once
			r.op.SetHooks(idptest.Hooks{Signing: func() { once.Do(func() { _ = r.op.Rotate(false) }) }})
			return nil
		}},
		{"under the same kid", func(r *rig) error {
			key, err := idptest.NewKey("RS256", 2)
			key.ID = r.op.SigningKey().ID
			r.op.SetKeys(key)
			return err
		}},
		{"without kid", func(r *rig) error {
			key, err := idptest.NewKey("RS256", 2)
			r.op.SetKeys(key)
			r.op.SetHooks(idptest.Hooks{IDToken: func(token *idptest.Token) { delete(token.Header, "kid") }})
			return err
		}},
		{"at another address", func(r *rig) error {
			other, err := idptest.Start(idptest.Config{})
			if err != nil {
				return err
			}
			r.t.Cleanup(func() { _ = other.Close() })
			key, err := idptest.NewKey("RS256", 2)
			other.SetKeys(key)
			r.op.SetKeys(key)
			r.op.Fail(idptest.JWKSEndpoint, idptest.Fault{Status: 404})
			r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) { doc["jwks_uri"] = other.URL(idptest.JWKSEndpoint) }})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{})
			r.mustSignIn()
			if err := c.rotate(r); err != nil {
				t.Fatal(err)
			}
			r.mustSignIn()
			r.mustSignIn()
		})
	}
}

// TestA64_RotationWhileKeysAreDown: the sign-in at that moment fails for the right reason, and the next after the pause
// succeeds; sign-ins by the old key are not disturbed.
func TestA64_RotationWhileKeysAreDown(t *testing.T) {
	r := newRig(t, setup{})
	r.mustSignIn()
	old := r.op.SigningKey()
	if err := r.op.Rotate(true); err != nil {
		t.Fatal(err)
	}
	fresh := r.op.SigningKey()
	r.op.Fail(idptest.JWKSEndpoint, idptest.Fault{Status: 503})
	_, err := r.signIn()
	if e := refused(t, err, idp.StepKeys, "status"); e.Kind != idp.KindUnreachable {
		t.Errorf("kind is %s", e.Kind)
	}
	r.op.SetKeys(fresh, old)
	r.mustSignIn()
	r.op.SetKeys(old, fresh)
	r.op.Heal()
	r.clock.Add(31 * time.Second)
	r.opTime.Add(31 * time.Second)
	r.mustSignIn()
}

// TestA64_ConcurrentRotation: many sign-ins at the moment of a rotation all succeed with one fetch.
func TestA64_ConcurrentRotation(t *testing.T) {
	r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256"}})
	r.mustSignIn()
	r.op.Forget()
	if err := r.op.Rotate(false); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if _, err := r.signIn(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if k := r.op.Count(idptest.JWKSEndpoint); k != 1 {
		t.Errorf("keys were fetched %d times", k)
	}
}

// TestA65_KeySets: a set with rubbish in it serves by its one good key.
func TestA65_KeySets(t *testing.T) {
	r := newRig(t, setup{})
	good := r.op.SigningKey().JWK()
	with := func(name string, v any) map[string]any {
		m := maps.Clone(good)
		m["kid"] = "bad-" + name
		m[name] = v
		return m
	}
	even := new(big.Int).Lsh(big.NewInt(3), 2047)
	bad := []any{
		nil, 1, "key", []any{}, map[string]any{},
		with("kty", "oct"), with("kty", "XYZ"), with("kty", nil), with("kty", 1), with("use", "enc"), with("use", 1),
		with("key_ops", []string{"sign"}), with("key_ops", "verify"), with("alg", "HS256"), with("alg", "none"), with("alg", "ES256"),
		with("d", "AQAB"), with("k", "AQAB"), with("p", "AQAB"),
		with("n", ""), with("n", "!!"), with("n", "AQAB"), with("n", enc(new(big.Int).Lsh(big.NewInt(1), 1023))), with("n", enc(even)),
		with("n", enc(new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), 16383), 0, 1))), with("n", strings.Repeat("A", 100_000)),
		with("e", ""), with("e", "AQ"), with("e", "Ag"), with("e", "AAAA"), with("e", "__________8"), with("e", strings.Repeat("_", 1000)),
		map[string]any{"kty": "EC", "crv": "P-256", "x": enc(big.NewInt(1)), "y": enc(big.NewInt(1))},
		map[string]any{"kty": "EC", "crv": "P-256", "x": strings.Repeat("A", 43), "y": strings.Repeat("A", 43)},
		map[string]any{"kty": "EC", "crv": "P-256", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE", "y": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"},
		map[string]any{"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
		map[string]any{"kty": "OKP", "crv": "X25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
		map[string]any{"kty": "OKP", "crv": "Ed448", "x": "AA"}, map[string]any{"kty": "OKP", "crv": "Ed25519", "x": "AA"},
	}
	for _, c := range []struct {
		name  string
		keys  []any
		ok    bool
		step  idp.Step
		check string
	}{
		{"good key last", append(append([]any{}, bad...), good), true, "", ""},
		{"good key first", append([]any{good}, bad...), true, "", ""},
		{"good key twice", []any{good, good}, true, "", ""},
		{"bad ones only", bad, false, idp.StepKeys, "keys"},
		{"none", []any{}, false, idp.StepKeys, "keys"},
		{"thousands of bad ones before", append(repeat(with("use", "enc"), 1000), good), true, "", ""},
		{"more than a hundred usable ones before", append(many(t, good, 100), good), false, idp.StepIDToken, "kid"},
		{"99 usable ones before", append(many(t, good, 99), good), true, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.p = r.provider(setup{})
			r.op.SetHooks(idptest.Hooks{JWKS: func(doc map[string]any) { doc["keys"] = c.keys }})
			_, err := r.signIn()
			switch {
			case c.ok && err != nil:
				t.Errorf("refused: %v", err)
			case c.step != "":
				refused(t, err, c.step, c.check)
			}
		})
	}
	for name, doc := range map[string]any{"no keys": nil, "keys an object": map[string]any{}, "keys a string": "k"} {
		t.Run(name, func(t *testing.T) {
			r.p = r.provider(setup{})
			r.op.SetHooks(idptest.Hooks{JWKS: func(set map[string]any) { set["keys"] = doc }})
			_, err := r.signIn()
			refused(t, err, idp.StepKeys, "json")
		})
	}
}

// TestA65_DuplicateKids: of two keys of one type and kid the first counts; keys of two types may share a kid.
func TestA65_DuplicateKids(t *testing.T) {
	r := newRig(t, setup{})
	signing := r.op.SigningKey()
	other, err := idptest.NewKey("RS256", 1000)
	if err != nil {
		t.Fatal(err)
	}
	elliptic, err := idptest.NewKey("ES256", 9)
	if err != nil {
		t.Fatal(err)
	}
	other.ID, elliptic.ID = signing.ID, signing.ID
	for _, c := range []struct {
		keys []idptest.Key
		ok   bool
	}{
		{[]idptest.Key{signing, other}, true}, {[]idptest.Key{other, signing}, false},
		{[]idptest.Key{signing, elliptic}, true}, {[]idptest.Key{elliptic, signing}, true},
	} {
		r.p = r.provider(setup{})
		r.op.SetHooks(idptest.Hooks{
			JWKS: func(doc map[string]any) {
				list := []any{}
				for _, k := range c.keys {
					list = append(list, k.JWK())
				}
				doc["keys"] = list
			},
		})
		if _, err := r.signIn(); c.ok != (err == nil) {
			t.Errorf("sign-in gave %v", err)
		}
	}
}

func enc(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }

func repeat(v any, n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = v
	}
	return list
}

// many is n usable keys that did not sign.
func many(t *testing.T, good map[string]any, n int) []any {
	t.Helper()
	list := make([]any, n)
	for i := range list {
		m := maps.Clone(good)
		m["kid"] = fmt.Sprint("spare-", i)
		list[i] = m
	}
	return list
}
