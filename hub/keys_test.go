package hub_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/hub/store/storetest"
	"github.com/isthmus-hub/isthmus/hub/token"
)

var (
	oneKey  = token.Rotation{Algorithms: []token.Algorithm{token.ES256}, Every: 90 * 24 * time.Hour, Ahead: 15 * time.Minute, Keep: time.Hour}
	twoKeys = token.Rotation{Algorithms: []token.Algorithm{token.ES256, token.EdDSA}, Every: 90 * 24 * time.Hour, Ahead: 15 * time.Minute, Keep: time.Hour}
)

// vault is a store on which any number of hubs keep the keys of one pool.
type vault struct {
	path   string
	engine *bolt.Engine
	faults *storetest.Fault
	space  *store.Space
	key    *seal.Key
	clock  atomic.Int64 // seconds
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{path: filepath.Join(t.TempDir(), "hub.db"), key: seal.Generate()}
	v.clock.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	var err error
	if v.engine, err = bolt.Open(v.path, bolt.Options{NoSync: true}); err != nil {
		t.Fatal(err)
	}
	v.faults = &storetest.Fault{Engine: v.engine}
	s, err := store.Open(t.Context(), storetest.Twice(v.faults), func() time.Time { return time.Unix(v.clock.Load(), 0) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	v.space = s.Space("main")
	return v
}

func (v *vault) advance(d time.Duration) { v.clock.Add(int64(d / time.Second)) }

func (v *vault) open(t *testing.T, r token.Rotation) *hub.Keys {
	t.Helper()
	k, err := hub.OpenKeys(t.Context(), v.space, v.key.Derive("signing/main"), r)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func turn(t *testing.T, hubs ...*hub.Keys) time.Time {
	t.Helper()
	var again time.Time
	for _, k := range hubs {
		var err error
		if again, err = k.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return again
}

// states is what a ring holds, as "active ES256, retired EdDSA", in its order.
func states(k *hub.Keys) string {
	var list []string
	for _, key := range k.Ring().Keys() {
		list = append(list, string(key.State)+" "+string(key.Algorithm))
	}
	return strings.Join(list, ", ")
}

func expect(t *testing.T, when string, k *hub.Keys, want string) {
	t.Helper()
	if got := states(k); got != want {
		t.Fatalf("%s: %s, want %s", when, got, want)
	}
}

func mustSign(t *testing.T, k *hub.Keys, a token.Algorithm) string {
	t.Helper()
	raw, err := k.Ring().SignWith(a, []byte("{}"), token.TypeNone)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func accepts(k *hub.Keys, raw string) bool {
	_, _, err := k.Ring().Verify(raw)
	return err == nil
}

// Hubs that open or turn one pool's keys at the same moment make one key.
func TestKeysOfSeveralHubs(t *testing.T) {
	v := newVault(t)
	hubs := make([]*hub.Keys, 8)
	together := func(do func(i int) error) {
		t.Helper()
		var wg sync.WaitGroup
		for i := range hubs {
			wg.Go(func() {
				if err := do(i); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i, k := range hubs {
			if k == nil || !bytes.Equal(k.Ring().JWKS(), hubs[0].Ring().JWKS()) {
				t.Fatalf("hub %d has another ring", i)
			}
		}
	}
	turnAll := func(i int) error { _, err := hubs[i].Turn(t.Context()); return err }
	together(func(i int) (err error) {
		hubs[i], err = hub.OpenKeys(t.Context(), v.space, v.key.Derive("signing/main"), oneKey)
		return err
	})
	expect(t, "opened together", hubs[0], "active ES256")
	v.advance(90*24*time.Hour - 10*time.Minute)
	together(turnAll)
	expect(t, "a successor is due", hubs[0], "active ES256, next ES256")
	v.advance(15 * time.Minute)
	together(turnAll)
	expect(t, "it signs", hubs[0], "active ES256, retired ES256")
	v.advance(time.Hour)
	together(turnAll)
	expect(t, "the first has gone", hubs[0], "active ES256")

	before := v.engine.Commits()
	together(turnAll)
	if n := v.engine.Commits() - before; n != 0 {
		t.Errorf("a turn with nothing to do makes %d commits", n)
	}
}

// A withdrawn key is neither published nor accepted, a successor signs at once,
// and other hubs of the store follow at their next turn.
func TestA37_WithdrawnKeyIsDeadAtOnce(t *testing.T) {
	v := newVault(t)
	k, other := v.open(t, twoKeys), v.open(t, twoKeys)
	raw, kept := mustSign(t, k, token.ES256), mustSign(t, k, token.EdDSA)
	id := k.Ring().Keys()[0].ID
	for _, nothing := range []string{"", "nothing", id[:42], strings.ToUpper(id)} {
		if err := k.Withdraw(t.Context(), nothing); !errors.Is(err, hub.ErrNoKey) {
			t.Errorf("withdrawing %q: %v", nothing, err)
		}
	}
	expect(t, "nothing was withdrawn", k, "active ES256, active EdDSA")
	if err := k.Withdraw(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	expect(t, "withdrawn", k, "active ES256, active EdDSA")
	if accepts(k, raw) || !accepts(k, kept) || strings.Contains(string(k.Ring().JWKS()), id) {
		t.Error("the withdrawn key is still there, or the wrong one has gone")
	}
	if !accepts(k, mustSign(t, k, token.ES256)) {
		t.Error("the successor does not sign")
	}
	if err := k.Withdraw(t.Context(), id); !errors.Is(err, hub.ErrNoKey) {
		t.Errorf("twice: %v", err)
	}
	if !accepts(other, raw) {
		t.Error("the other hub heard of it by magic")
	}
	turn(t, other)
	if accepts(other, raw) || !bytes.Equal(k.Ring().JWKS(), other.Ring().JWKS()) {
		t.Error("the other hub does not follow")
	}

	// One that waits is published already: it is the successor.
	if err := k.Rotate(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	keys := k.Ring().Keys()
	waiting := keys[slices.IndexFunc(keys, func(k *token.Key) bool { return k.State == token.Next && k.Algorithm == token.ES256 })]
	if err := k.Withdraw(t.Context(), keys[0].ID); err != nil {
		t.Fatal(err)
	}
	if got := k.Ring().Keys()[0]; got.ID != waiting.ID || got.State != token.Active {
		t.Errorf("%v signs, want %v", got, waiting)
	}
	// And retired and waiting ones go like any other, without a successor.
	for _, key := range k.Ring().Keys() {
		if key.State == token.Active {
			continue
		}
		if err := k.Withdraw(t.Context(), key.ID); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, "all but those that sign", k, "active ES256, active EdDSA")
}

func TestRotateByCommand(t *testing.T) {
	v := newVault(t)
	k := v.open(t, oneKey)
	raw := mustSign(t, k, "")
	for range 2 {
		if err := k.Rotate(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		expect(t, "a new key is published once", k, "active ES256, next ES256")
	}
	v.advance(15*time.Minute - time.Second)
	turn(t, k)
	expect(t, "too early", k, "active ES256, next ES256")
	v.advance(time.Second)
	turn(t, k)
	expect(t, "in time", k, "active ES256, retired ES256")
	if err := k.Rotate(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	expect(t, "at once", k, "active ES256, retired ES256, retired ES256")
	v.advance(time.Hour - time.Second)
	turn(t, k)
	if !accepts(k, raw) {
		t.Error("a key left before its tokens ended")
	}
	v.advance(time.Second)
	turn(t, k)
	expect(t, "their time is over", k, "active ES256")

	var err error
	for n := 0; err == nil; n++ {
		if err = k.Rotate(t.Context(), true); n > 100 {
			t.Fatal("keys without end")
		}
	}
	if !errors.Is(err, hub.ErrManyKeys) {
		t.Error(err)
	}
	v.advance(time.Hour)
	turn(t, k)
	expect(t, "after too many", k, "active ES256")
}

// A changed configuration: the key of a new algorithm is there when Change
// returns; one that nobody wants any more signs for requests under way, then
// retires, and is published as long as what it signed.
func TestKeysChangeAlgorithms(t *testing.T) {
	v := newVault(t)
	k := v.open(t, oneKey)
	first := mustSign(t, k, token.ES256)
	if err := k.Change(t.Context(), twoKeys); err != nil {
		t.Fatal(err)
	}
	expect(t, "one more", k, "active ES256, active EdDSA")
	v.advance(time.Hour)
	turn(t, k)
	only := token.Rotation{Algorithms: []token.Algorithm{token.EdDSA}, Ahead: 15 * time.Minute, Keep: time.Minute}
	if err := k.Change(t.Context(), only); err != nil {
		t.Fatal(err)
	}
	expect(t, "one less", k, "active EdDSA, active ES256")
	if got := k.Rotation().Algorithms; !slices.Equal(got, only.Algorithms) {
		t.Errorf("algorithms %v", got)
	}
	late := mustSign(t, k, token.ES256)
	v.advance(59 * time.Second)
	if again := turn(t, k); again.Unix() != v.clock.Load()+1 {
		t.Errorf("the next turn is at %v", again)
	}
	expect(t, "for requests under way", k, "active EdDSA, active ES256")
	v.advance(time.Second)
	turn(t, k)
	expect(t, "nobody asks any more", k, "active EdDSA, retired ES256")
	v.advance(time.Hour - time.Second)
	turn(t, k)
	if !accepts(k, first) || !accepts(k, late) {
		t.Error("tokens got a shorter life than they were given")
	}
	v.advance(time.Second)
	turn(t, k)
	expect(t, "its tokens have ended", k, "active EdDSA")

	if err := k.Change(t.Context(), oneKey); err != nil {
		t.Fatal(err)
	}
	if err := k.Change(t.Context(), only); err != nil {
		t.Fatal(err)
	}
	v.advance(time.Minute)
	turn(t, k)
	expect(t, "there and back", k, "active EdDSA, retired ES256")
	if again := v.open(t, oneKey); states(again) != "active ES256, retired ES256, retired EdDSA" {
		t.Errorf("after a restart with another algorithm: %s", states(again))
	}
}

// Two hubs whose files differ, as while a new one is rolled out, do not take
// turns in making keys and retiring them.
func TestKeysOfHubsThatDiffer(t *testing.T) {
	v := newVault(t)
	old := v.open(t, twoKeys)
	fresh := v.open(t, oneKey)
	for range 20 {
		v.advance(10 * time.Second)
		turn(t, old, fresh)
		if _, err := old.Ring().SignWith(token.EdDSA, []byte("{}"), token.TypeNone); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, "both", fresh, "active ES256, active EdDSA, retired EdDSA")
	v.advance(time.Hour)
	turn(t, fresh)
	if restarted := v.open(t, oneKey); states(restarted) != "active ES256, retired EdDSA" {
		t.Errorf("when all have the new file: %s", states(restarted))
	}
}

// At every storage call that may fail, a command is done or not done: the ring
// signs, and what it holds is what the store holds after the next turn.
func TestKeysSurviveFaults(t *testing.T) {
	commands := map[string]func(k *hub.Keys) error{
		"rotate":   func(k *hub.Keys) error { return k.Rotate(t.Context(), true) },
		"withdraw": func(k *hub.Keys) error { return k.Withdraw(t.Context(), k.Ring().Keys()[0].ID) },
		"change": func(k *hub.Keys) error {
			if len(k.Rotation().Algorithms) == 2 {
				return k.Change(t.Context(), oneKey)
			}
			return k.Change(t.Context(), twoKeys)
		},
	}
	for name, command := range commands {
		for _, kept := range []bool{false, true} {
			v := newVault(t)
			v.faults.Kept = kept
			k := v.open(t, oneKey)
			for at := 1; ; at++ {
				v.advance(2 * time.Hour) // retired keys go
				turn(t, k)
				before := mustSign(t, k, "")
				v.faults.At(at)
				err := command(k)
				hit := v.faults.Hit()
				v.faults.At(0)
				if !hit {
					if err != nil || at < 3 {
						t.Fatalf("%s, fault %d: %v", name, at, err)
					}
					break
				}
				if err == nil && !kept {
					continue // it hit the attempt that is dropped anyway
				}
				if err != nil && !accepts(k, before) {
					t.Fatalf("%s, fault %d: tells of a failure, but the key has gone", name, at)
				}
				reopened := v.open(t, k.Rotation())
				turn(t, k)
				if !bytes.Equal(reopened.Ring().JWKS(), k.Ring().JWKS()) {
					t.Fatalf("%s, fault %d: ring %s, store %s", name, at, states(k), states(reopened))
				}
				if n := strings.Count(states(k), "active ES256"); n != 1 {
					t.Fatalf("%s, fault %d: %d keys sign", name, at, n)
				}
			}
		}
	}
}

// The key that seals is not the one that sealed: refused in plain words, and
// nothing is made in its place.
func TestA196_AnotherSealingKey(t *testing.T) {
	v := newVault(t)
	raw := mustSign(t, v.open(t, oneKey), "")
	_, err := hub.OpenKeys(t.Context(), v.space, seal.Generate().Derive("signing/main"), oneKey)
	if !errors.Is(err, seal.ErrWrongKey) || !strings.Contains(err.Error(), "give that one again") {
		t.Errorf("another sealing key: %v", err)
	}
	if _, err := hub.OpenKeys(t.Context(), v.space, v.key.Derive("signing/other"), oneKey); err == nil {
		t.Error("a key sealed for another pool opens")
	}
	k := v.open(t, oneKey)
	expect(t, "with the right one", k, "active ES256")
	if !accepts(k, raw) {
		t.Error("another key is there")
	}
}

// Whoever reads the file reads no private key.
func TestA197_PrivateKeysAreSealed(t *testing.T) {
	v := newVault(t)
	k := v.open(t, twoKeys)
	data, err := os.ReadFile(v.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range k.Ring().Keys() {
		if !bytes.Contains(data, []byte(key.ID)) {
			t.Errorf("key %s is not in the file at all", key.ID)
		}
		der, err := key.MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		// 32 bytes of private scalar or seed, after the ASN.1 around them.
		at := map[token.Algorithm]int{token.ES256: 36, token.EdDSA: 16}[key.Algorithm]
		for _, secret := range [][]byte{der[at : at+16], der[at+16 : at+32]} {
			for shift := range 3 {
				text := base64.StdEncoding.EncodeToString(secret[shift:])
				if bytes.Contains(data, secret) || bytes.Contains(data, []byte(text[:16])) {
					t.Errorf("the file holds the private half of %s", key.ID)
				}
			}
		}
	}
}

// What every other second costs for each pool.
func BenchmarkTurn(b *testing.B) {
	engine, err := bolt.Open(filepath.Join(b.TempDir(), "hub.db"), bolt.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(b.Context(), engine, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	rotation := token.Rotation{Algorithms: token.Algorithms(), Ahead: time.Minute, Keep: time.Hour}
	k, err := hub.OpenKeys(b.Context(), s.Space("main"), seal.Generate().Derive("signing/main"), rotation)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Turn(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
