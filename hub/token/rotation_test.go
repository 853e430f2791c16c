package token

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

const day = 24 * time.Hour

var quarterly = Rotation{Algorithms: []Algorithm{ES256}, Every: 90 * day, Ahead: 2 * day, Keep: day}

// settle plans until nothing is asked for any more, making keys as a caller would.
func settle(t *testing.T, r Rotation, keys []*Key, now time.Time) Plan {
	t.Helper()
	for range 5 {
		p := r.Plan(keys, now)
		keys = p.Keys
		if len(p.Generate) == 0 {
			if again := r.Plan(p.Keys, now); again.Changed || len(again.Generate) > 0 {
				t.Fatalf("at %v a second look wants %+v", now, again)
			}
			return p
		}
		for _, a := range p.Generate {
			k, err := Generate(a)
			if err != nil {
				t.Fatal(err)
			}
			k.Created = now
			keys = append(keys, k)
		}
	}
	t.Fatal("the plan does not settle")
	return Plan{}
}

func inState(keys []*Key, a Algorithm, s State) []string {
	var ids []string
	for _, k := range keys {
		if k.Algorithm == a && k.State == s {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

// A year of rotation, looked at every time it asks to be: each key is published before it signs, and as long as a token of it lives.
func TestA37_RotationPublishesBeforeUseAndKeepsAfter(t *testing.T) {
	type life struct{ published, signed, retired, gone time.Time }
	lives := map[string]*life{}
	var keys []*Key
	now := epoch
	for now.Before(epoch.Add(365 * day)) {
		p := settle(t, quarterly, keys, now)
		if n := len(inState(p.Keys, ES256, Active)); n != 1 {
			t.Fatalf("at %v %d keys are active", now, n)
		}
		ring := mustRing(t, p.Keys...)
		if _, err := ring.Sign([]byte("{}"), TypeNone); err != nil {
			t.Fatal(err)
		}
		for _, k := range p.Keys {
			l := lives[k.ID]
			if l == nil {
				l = &life{published: now}
				lives[k.ID] = l
			}
			if k.State == Active && l.signed.IsZero() {
				l.signed = now
			}
			if k.State == Retired && l.retired.IsZero() {
				l.retired = now
			}
		}
		for id, l := range lives {
			if l.gone.IsZero() && !slices.ContainsFunc(p.Keys, func(k *Key) bool { return k.ID == id }) {
				l.gone = now
			}
		}
		if !p.Again.After(now) {
			t.Fatalf("at %v the next look is at %v", now, p.Again)
		}
		keys, now = p.Keys, p.Again
	}
	if len(lives) != 5 {
		t.Errorf("%d keys in a year, want the first and four more", len(lives))
	}
	for id, l := range lives {
		if l.published != epoch && l.signed.Sub(l.published) < quarterly.Ahead && !l.signed.IsZero() {
			t.Errorf("key %s signed %v after it was published", id, l.signed.Sub(l.published))
		}
		if !l.retired.IsZero() && l.retired.Sub(l.signed) != quarterly.Every {
			t.Errorf("key %s signed for %v", id, l.retired.Sub(l.signed))
		}
		if !l.gone.IsZero() && l.gone.Sub(l.retired) < quarterly.Keep {
			t.Errorf("key %s was gone %v after it retired", id, l.gone.Sub(l.retired))
		}
	}
}

// Tokens signed at any moment of a rotation verify on the ring of any later moment while they live.
func TestA37_NoTokenInFlightIsLost(t *testing.T) {
	r := Rotation{Algorithms: []Algorithm{EdDSA}, Every: 10 * time.Hour, Ahead: 2 * time.Hour, Keep: 3 * time.Hour}
	type flight struct {
		raw  string
		dies time.Time
	}
	var keys []*Key
	var flights []flight
	for now := epoch; now.Before(epoch.Add(50 * time.Hour)); now = now.Add(20 * time.Minute) {
		keys = settle(t, r, keys, now).Keys
		ring := mustRing(t, keys...)
		raw, err := ring.Sign([]byte("{}"), TypeNone)
		if err != nil {
			t.Fatal(err)
		}
		flights = append(flights, flight{raw, now.Add(r.Keep)})
		for _, f := range flights {
			if _, _, err := ring.Verify(f.raw); err != nil && now.Before(f.dies) {
				t.Fatalf("at %v a token that lives to %v: %v", now, f.dies, err)
			}
		}
	}
}

func TestRotationByHand(t *testing.T) {
	r := Rotation{Algorithms: []Algorithm{ES256}, Ahead: 2 * day, Keep: day}
	first := settle(t, r, nil, epoch)
	if !first.Again.IsZero() {
		t.Errorf("without Every the next look is at %v, want never", first.Again)
	}
	next := testKey(t, ES256, Next)
	next.Created = epoch.Add(day)
	keys := append(first.Keys, next)
	early := settle(t, r, keys, epoch.Add(2*day))
	if early.Changed || early.Again != epoch.Add(3*day) {
		t.Errorf("a key published for a day: %+v", early)
	}
	late := settle(t, r, keys, epoch.Add(3*day))
	if got := inState(late.Keys, ES256, Active); !late.Changed || got[0] != next.ID {
		t.Errorf("active after Ahead: %v, want %s", got, next.ID)
	}
	if next.State != Next {
		t.Error("Plan changed the keys it was given")
	}
}

func TestRotationAfterWithdrawal(t *testing.T) {
	next := testKey(t, ES256, Next)
	next.Created = epoch
	p := settle(t, quarterly, []*Key{next, testKey(t, ES256, Retired)}, epoch.Add(time.Minute))
	if got := inState(p.Keys, ES256, Active); len(got) != 1 || got[0] != next.ID {
		t.Errorf("active: %v, want the next key at once", got)
	}
	p = settle(t, quarterly, nil, epoch)
	if got := inState(p.Keys, ES256, Active); len(got) != 1 {
		t.Errorf("active with no key left: %v, want a new one", got)
	}
}

func TestRotationChangesAlgorithm(t *testing.T) {
	old := testKey(t, RS256, Active)
	old.Activated = epoch
	both := Rotation{Algorithms: []Algorithm{EdDSA, RS256}, Ahead: day, Keep: day}
	p := settle(t, both, []*Key{old}, epoch.Add(day))
	if got := mustRing(t, p.Keys...).Algorithms(); fmt.Sprint(got) != "[EdDSA RS256]" {
		t.Errorf("algorithms %v, want the rotation's order", got)
	}
	only := Rotation{Algorithms: []Algorithm{EdDSA}, Ahead: day, Keep: day}
	p = settle(t, only, p.Keys, epoch.Add(2*day))
	if got := inState(p.Keys, RS256, Retired); len(got) != 1 {
		t.Errorf("retired RS256 keys: %v, want the old one", got)
	}
	waiting := testKey(t, RS256, Next)
	waiting.Created = epoch
	if p := settle(t, only, append(slices.Clone(p.Keys), waiting), epoch.Add(2*day)); len(inState(p.Keys, RS256, Retired)) != 2 {
		t.Error("a waiting key of an algorithm that is not wanted goes on waiting")
	}
	shorter := Rotation{Algorithms: only.Algorithms, Ahead: day, Keep: time.Hour}
	if p := settle(t, shorter, p.Keys, epoch.Add(2*day+2*time.Hour)); len(inState(p.Keys, RS256, Retired)) != 1 {
		t.Error("a key leaves before the tokens that it signed when they lived longer")
	}
	p = settle(t, only, p.Keys, epoch.Add(3*day))
	if len(p.Keys) != 1 {
		t.Errorf("%d keys are left, want one", len(p.Keys))
	}
}

func TestRotationMendsTwoActiveKeys(t *testing.T) {
	older, newer := testKey(t, ES256, Active), testKey(t, ES256, Next)
	newer.State = Active
	older.Activated, newer.Activated = epoch, epoch.Add(time.Hour)
	for _, keys := range [][]*Key{{older, newer}, {newer, older}} {
		p := settle(t, quarterly, keys, epoch.Add(2*time.Hour))
		if got := inState(p.Keys, ES256, Active); len(got) != 1 || got[0] != newer.ID {
			t.Errorf("active: %v, want %s", got, newer.ID)
		}
	}
}
