package merge_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// TestA79_MergedIdentitiesMeetByProofAlone merges pools made at random, and wants
// every two identities that share a user afterwards to have been one before, or
// to be joined by an identity or an address that both sides had proven.
func TestA79_MergedIdentitiesMeetByProofAlone(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range 30 {
		r := newRig(t)
		some := func(base int, p *hub.Pool) (list []*hub.User) {
			used := map[string]bool{}
			for i := range 12 {
				mail := fmt.Sprintf("%c@x.example", "aAbBcdef"[rnd.IntN(8)])
				u := local(base+i, fmt.Sprintf("u%d", base+i), mail)
				if s := string("stuvSTUV"[rnd.IntN(8)]); rnd.IntN(2) == 0 && !used[s] {
					used[s] = true
					u = federated(base+i, s, mail)
				}
				if rnd.IntN(3) == 0 {
					delete(u.Attributes, "email_verified")
				}
				u.Disabled = rnd.IntN(8) == 0
				list = append(list, u)
			}
			r.put(p, list...)
			return list
		}
		old, our := some(100, r.old), some(200, r.Pool)
		path, _ := r.plan(r.live(), "")
		r.apply(path, nil)
		users := r.Users(r.Pool)
		seen := map[string]string{}
		for _, u := range users {
			for _, l := range u.Links {
				if other, twice := seen[l.Key()]; twice {
					t.Fatalf("%s belongs to %s and %s", l.Subject, other, u.Sub)
				}
				seen[l.Key()] = u.Sub
			}
			for _, a := range u.Aliases {
				there := find(old, a.Sub)
				here := find(our, u.Sub)
				if here == nil || !proven(there, here) {
					t.Fatalf("seed %d: joined without proof:\n%+v\n%+v", seed, there, here)
				}
				if len(u.Aliases) > 1 || here.Disabled || there.Disabled {
					t.Fatalf("seed %d: %+v took %+v", seed, here, u.Aliases)
				}
			}
			if len(u.Links) > 1 {
				t.Fatalf("seed %d: two identities at one provider: %+v", seed, u.Links)
			}
		}
	}
}

func find(list []*hub.User, id string) *hub.User {
	i := slices.IndexFunc(list, func(u *hub.User) bool { return u.Sub == id })
	if i < 0 {
		return nil
	}
	return list[i]
}

func proven(a, b *hub.User) bool {
	for _, l := range a.Links {
		if _, has := b.Link(l.Key()); has {
			return true
		}
	}
	return strings.EqualFold(a.Attributes["email"], b.Attributes["email"]) && a.Attributes["email_verified"] == "true" && b.Attributes["email_verified"] == "true"
}

// TestA101_LatecomersAreTakenUp: between the plan and their entry's turn two people sign
// in at the target for the first time, by identities that are to come. They end as
// the users that were planned, under every sub that any app has seen.
func TestA101_LatecomersAreTakenUp(t *testing.T) {
	r := newRig(t)
	r.put(r.old, federated(1, "a", "ada@x.example"), federated(2, "b", "bob@x.example"))
	r.put(r.Pool, local(11, "ada", "ada@x.example"))
	before := r.dump(false)
	path, h := r.plan(r.live(), "")
	r.Advance(time.Minute)
	late := []*hub.User{federated(21, "a", "ada@x.example"), federated(22, "b", "bob@x.example")}
	r.put(r.Pool, late...)
	session := &hub.Session{ID: "s", Secret: []byte("x"), Expires: r.Now().Add(time.Hour), Entry: hub.Entry{Sub: sub(21), Provider: "CorporateID", Link: late[0].Links[0].Key(), Began: r.Now()}}
	err := r.Pool.Space.Update(t.Context(), func(tx *store.Tx) error { return hub.Sessions.Put(tx, session) })
	if err != nil {
		t.Fatal(err)
	}
	arrived := r.dump(false)
	tally := r.apply(path, nil)
	if tally.Joined != 1 || tally.Added != 1 || tally.Refused != 0 {
		t.Fatalf("%+v", tally)
	}
	for id, want := range map[string]string{sub(1): sub(11), sub(21): sub(11), sub(2): sub(2), sub(22): sub(2)} {
		if u := r.User(r.Pool, id); u == nil || u.Sub != want {
			t.Errorf("%s leads to %+v", id, u)
		}
	}
	if n := len(r.Users(r.Pool)); n != 3 { // with ana
		t.Errorf("%d users", n)
	}
	err = r.Pool.Space.View(t.Context(), func(tx *store.Tx) error {
		s, err := hub.Sessions.Get(tx, "s")
		if err != nil {
			return err
		}
		u, err := hub.FindUser(tx, s.Sub)
		if err != nil {
			return err
		}
		if _, has := u.Link(s.Link); s.Sub != sub(11) || !has || s.Over(u) != "" {
			t.Errorf("the session is of %s: %s", s.Sub, s.Over(u))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	r.undo(h.ID, false)
	noSessions := func(dump string) string {
		var lines []string
		for _, l := range strings.Split(dump, "\n") {
			if !strings.Contains(l, `"session\x00`) && !strings.Contains(l, `"logout\x00`) && !strings.Contains(l, `"ended\x00`) {
				lines = append(lines, l)
			}
		}
		return strings.Join(lines, "\n")
	}
	if after := noSessions(r.dump(false)); after != noSessions(arrived) {
		t.Errorf("undo left\n%s", differ(noSessions(arrived), after))
	}
	if before == arrived {
		t.Error("nobody arrived")
	}
}

// A latecomer's sessions go along, however many there are.
func TestA101_LatecomersOfManySessions(t *testing.T) {
	const many = 120
	r := newRig(t)
	r.put(r.old, federated(1, "a", "ada@x.example"))
	r.put(r.Pool, local(11, "ada", "ada@x.example"))
	path, _ := r.plan(r.live(), "")
	r.Advance(time.Minute)
	late := federated(21, "a", "ada@x.example")
	r.put(r.Pool, late)
	err := r.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		for i := range many {
			end := r.Now().Add(time.Hour)
			s := &hub.Session{ID: fmt.Sprintf("s%03d", i), Secret: []byte("x"), Expires: end, Kept: end, Entry: hub.Entry{Sub: late.Sub, Began: r.Now()}}
			if err := hub.Sessions.Put(tx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if tally := r.apply(path, nil); tally.Joined != 1 {
		t.Fatalf("%+v", tally)
	}
	err = r.Pool.Space.View(t.Context(), func(tx *store.Tx) error {
		left, _, err := hub.Sessions.FindAll(tx, "sub", late.Sub, store.Page{Limit: 1000})
		moved, _, err2 := hub.Sessions.FindAll(tx, "sub", sub(11), store.Page{Limit: 1000})
		if len(left) != 0 || len(moved) != many {
			t.Errorf("%d moved, %d left", len(moved), len(left))
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Error(err)
	}
}

// Somebody who was there before the plan, or is more than the identity, is nobody's latecomer.
func TestA101_OthersAreNotTakenUp(t *testing.T) {
	for name, change := range map[string]func(*hub.User){
		"a password":       func(u *hub.User) { u.Password, u.Username = "x", "z" },
		"another identity": func(u *hub.User) { u.Links = append(u.Links, hub.Link{Provider: "P", Issuer: "i", Subject: "s"}) },
		"disabled":         disabled,
		"an alias":         func(u *hub.User) { u.Aliases = []hub.Alias{{Sub: "x"}} },
		"a group":          inGroups("g"),
		"imported":         func(u *hub.User) { u.Status, u.Username, u.Links[0].Primary = hub.ResetRequired, "z", false },
		"claimed":          func(u *hub.User) { u.Username, u.Links[0].Primary = "z", false },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.put(r.old, federated(1, "a", "ada@x.example"))
			r.put(r.Pool, local(11, "ada", "ada@x.example"))
			path, _ := r.plan(r.live(), "")
			r.Advance(time.Minute)
			r.put(r.Pool, federated(21, "a", "ada@x.example", change))
			if tally := r.apply(path, nil); tally.Refused != 1 || !strings.Contains(tally.Why[0].Why, "belongs to somebody else") {
				t.Errorf("%+v", tally)
			}
		})
	}
}

// Between a merge and its undo things happen to somebody in whom a latecomer was
// taken up: nobody comes back by the undo who was switched off or signed out
// meanwhile, an identity that has gone to another stays there, and one that is gone
// leaves nothing behind.
func TestA90_UndoBringsNobodyBack(t *testing.T) {
	setup := func(t *testing.T) (*rig, string) {
		r := newRig(t)
		r.put(r.old, federated(1, "a", "ada@x.example"))
		r.put(r.Pool, local(11, "ada", "ada@x.example"), local(12, "bob", "bob@x.example"))
		path, h := r.plan(r.live(), "")
		r.Advance(time.Minute)
		r.put(r.Pool, federated(21, "a", "ada@x.example"))
		if tally := r.apply(path, nil); tally.Joined != 1 {
			t.Fatalf("%+v", tally)
		}
		r.Advance(time.Minute)
		return r, h.ID
	}
	t.Run("disabled", func(t *testing.T) {
		r, id := setup(t)
		if _, err := directory.SetDisabled(t.Context(), r.Pool, sub(11), true, hub.End{}); err != nil {
			t.Fatal(err)
		}
		r.undo(id, false)
		for _, id := range []string{sub(11), sub(21)} {
			if u := r.User(r.Pool, id); u == nil || !u.Disabled || u.Sub != id {
				t.Errorf("%s is %+v", id, u)
			}
		}
	})
	t.Run("signed out", func(t *testing.T) {
		r, id := setup(t)
		at := r.Now()
		if _, err := directory.SignOut(t.Context(), r.Pool, sub(11), hub.End{}); err != nil {
			t.Fatal(err)
		}
		r.undo(id, false)
		if u := r.User(r.Pool, sub(21)); u == nil || u.SignedOut.Before(at) {
			t.Errorf("%+v", u)
		}
	})
	t.Run("linked to another", func(t *testing.T) {
		r, id := setup(t)
		l := r.User(r.Pool, sub(11)).Links[0]
		if _, err := directory.Unlink(t.Context(), r.Pool, sub(11), l.Key(), hub.End{}); err != nil {
			t.Fatal(err)
		}
		if _, err := directory.Link(t.Context(), r.Pool, sub(12), l, "ops"); err != nil {
			t.Fatal(err)
		}
		for _, dry := range []bool{true, false} {
			if lost := r.undo(id, dry); len(lost) != 1 || lost[0].Sub != sub(11) {
				t.Errorf("dry %v: lost %+v", dry, lost)
			}
		}
		if bob := r.User(r.Pool, sub(12)); len(bob.Links) != 1 || r.User(r.Pool, sub(21)).Sub != sub(11) {
			t.Errorf("%+v", bob)
		}
	})
	t.Run("what the identity wrote", func(t *testing.T) {
		r, id := setup(t)
		r.Pool.Providers[0].TrustedDomains = nil
		r.change(sub(11), func(u *hub.User) {
			if _, err := u.TakeGroups(r.Pool, "CorporateID", &mapping.Claimed{Names: []string{"staff"}, Write: mapping.Reconcile}); err != nil {
				t.Fatal(err)
			}
			u.Attributes["email"], u.Modified = "victim@corp.example", r.Now()
		})
		r.undo(id, false)
		if u := r.User(r.Pool, sub(11)); len(u.Links) != 0 || u.Groups != nil || u.Proven(r.Pool) {
			t.Errorf("%+v", u)
		}
	})
}

// A latecomer who was signed out everywhere would be signed in again as another user.
func TestA101_SignedOutLatecomer(t *testing.T) {
	r := newRig(t)
	r.put(r.old, federated(1, "a", "ada@x.example"))
	r.put(r.Pool, local(11, "ada", "ada@x.example"))
	path, _ := r.plan(r.live(), "")
	r.Advance(time.Minute)
	r.put(r.Pool, federated(21, "a", "ada@x.example"))
	began := r.Now()
	r.Advance(time.Minute)
	if _, err := directory.SignOut(t.Context(), r.Pool, sub(21), hub.End{}); err != nil {
		t.Fatal(err)
	}
	if tally := r.apply(path, nil); tally.Joined != 1 {
		t.Fatalf("%+v", tally)
	}
	u := r.User(r.Pool, sub(21))
	e := hub.Entry{Sub: sub(21), Provider: "CorporateID", Link: u.Links[0].Key(), Began: began}
	if u.Sub != sub(11) || e.Over(u) == "" {
		t.Errorf("what began before it is live again, as of %s", u.Sub)
	}
}

// Whoever has as many identities as the hub gives keeps them in a merge; one more is
// a doubt in the plan, and not a refusal after it.
func TestMergeKeepsToTheLimitOfLinks(t *testing.T) {
	for _, joined := range []int{hub.MaxLinks, hub.MaxLinks + 1} {
		r := newRig(t)
		many := federated(1, "a", "ada@x.example")
		for i := range joined {
			many.Links = append(many.Links, hub.Link{Provider: "CorporateID", Issuer: corp, Subject: fmt.Sprint("a-", i), Type: "OIDC"})
		}
		r.put(r.old, many)
		path, h := r.plan(r.live(), "")
		tally := r.apply(path, nil)
		if fits := joined <= hub.MaxLinks; tally.Refused != 0 || (tally.Added == 1) != fits || (h.Counts.Ask == 0) != fits {
			t.Errorf("%d joined: %+v, %+v", joined, tally, h.Counts)
		}
	}
}

// An address that an undo gives back does not take the mark of another with it.
func TestA82_UndoKeepsAddressAndMarkTogether(t *testing.T) {
	for name, c := range map[string]struct {
		since         func(*hub.User)
		email, marked string
	}{
		"nothing since":   {nil, "a@x.example", "false"},
		"proven since":    {with("email_verified", "true"), "b@x.example", "true"},
		"another address": {func(u *hub.User) { u.Attributes["email"], u.Attributes["email_verified"] = "c@x.example", "true" }, "c@x.example", "true"},
	} {
		r := newRig(t)
		r.put(r.old, federated(1, "a", "b@x.example", with("email_verified", "false")))
		r.put(r.Pool, federated(11, "a", "a@x.example", with("email_verified", "false")))
		path, h := r.plan(r.live(), "keep: {email: source}")
		r.apply(path, nil)
		if u := r.User(r.Pool, sub(11)); u.Attributes["email"] != "b@x.example" {
			t.Fatalf("%+v", u)
		}
		r.Advance(time.Minute)
		if c.since != nil {
			r.change(sub(11), func(u *hub.User) { c.since(u); u.Modified = r.Now() })
		}
		r.undo(h.ID, false)
		if a := r.User(r.Pool, sub(11)).Attributes; a["email"] != c.email || a["email_verified"] != c.marked {
			t.Errorf("%s: %v", name, a)
		}
	}
}
