package merge_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/merge"
)

// A pair of pools for each thing that a plan can say of one person.
func TestA100_ConflictsAreNeverAutomatic(t *testing.T) {
	unverified := with("email_verified", "")
	for name, test := range map[string]struct {
		rules    string
		old, our []*hub.User
		decision merge.Decision
		conflict string
		targets  int
	}{
		"both verified":        {"", []*hub.User{local(1, "a", "a@x.example")}, []*hub.User{local(2, "b", "A@x.example")}, merge.Join, "", 1},
		"unverified there":     {"", []*hub.User{local(1, "a", "a@x.example", unverified)}, []*hub.User{local(2, "b", "a@x.example")}, merge.Ask, merge.Unproven, 1},
		"unverified here":      {"", []*hub.User{local(1, "a", "a@x.example")}, []*hub.User{local(2, "b", "a@x.example", unverified)}, merge.Ask, merge.Unproven, 1},
		"unverified in both":   {"", []*hub.User{local(1, "a", "a@x.example", unverified)}, []*hub.User{local(2, "b", "a@x.example", unverified)}, merge.Ask, merge.Unproven, 1},
		"flag in another form": {"", []*hub.User{local(1, "a", "a@x.example", with("email_verified", "True"))}, []*hub.User{local(2, "b", "a@x.example")}, merge.Ask, merge.Unproven, 1},
		"flag of a provider that is not to be believed": {"", []*hub.User{federated(1, "s", "a@evil.example")}, []*hub.User{local(2, "b", "a@evil.example")}, merge.Ask, merge.Unproven, 1},
		"an identity too many": {"", []*hub.User{federated(1, "s", "a@x.example")}, []*hub.User{local(2, "b", "a@x.example", func(u *hub.User) {
			for i := range hub.MaxLinks {
				u.Links = append(u.Links, hub.Link{Provider: "CorporateID", Issuer: fmt.Sprint("https://corp", i, ".example"), Subject: "s"})
			}
		})}, merge.Ask, merge.Identity, 1},
		"flag of nothing":       {"", []*hub.User{local(1, "a", "", with("email", ""))}, []*hub.User{local(2, "b", "", with("email", ""))}, merge.Ask, merge.Invalid, 0},
		"identity":              {"", []*hub.User{federated(1, "s", "a@x.example", unverified)}, []*hub.User{federated(2, "s", "b@x.example")}, merge.Join, "", 1},
		"identity, other case":  {"", []*hub.User{federated(1, "s", "a@x.example")}, []*hub.User{federated(2, "S", "b@x.example")}, merge.Add, "", 0},
		"address of another":    {"", []*hub.User{federated(1, "s", "a@x.example")}, []*hub.User{federated(2, "t", "a@x.example")}, merge.Ask, merge.Identity, 1},
		"two here":              {"", []*hub.User{local(1, "a", "a@x.example")}, []*hub.User{local(2, "b", "a@x.example"), local(3, "c", "a@x.example")}, merge.Ask, merge.Ambiguous, 2},
		"two here, one unsure":  {"", []*hub.User{local(1, "a", "a@x.example")}, []*hub.User{local(2, "b", "a@x.example"), local(3, "c", "a@x.example", unverified)}, merge.Ask, merge.Ambiguous, 2},
		"two there":             {"", []*hub.User{local(1, "a", "a@x.example"), local(4, "d", "a@x.example")}, []*hub.User{local(2, "b", "a@x.example")}, merge.Ask, merge.Ambiguous, 1},
		"two rules, two people": {"", []*hub.User{federated(1, "s", "a@x.example")}, []*hub.User{federated(2, "s", "b@x.example"), local(3, "c", "a@x.example")}, merge.Ask, merge.Split, 2},
		"two by two rules":      {"", []*hub.User{federated(1, "s", "b@x.example"), local(4, "d", "a@x.example")}, []*hub.User{federated(2, "s", "a@x.example")}, merge.Ask, merge.Ambiguous, 1},
		"a squatter's address":  {"", []*hub.User{federated(1, "s", "a@x.example")}, []*hub.User{federated(2, "s", "a2@x.example"), local(3, "c", "a@x.example", unverified)}, merge.Join, "", 1},
		"disabled there":        {"", []*hub.User{local(1, "a", "a@x.example", disabled)}, []*hub.User{local(2, "b", "a@x.example")}, merge.Ask, merge.Disabled, 1},
		"disabled here":         {"", []*hub.User{local(1, "a", "a@x.example")}, []*hub.User{local(2, "b", "a@x.example", disabled)}, merge.Ask, merge.Disabled, 1},
		"compromised":           {"", []*hub.User{local(1, "a", "a@x.example", func(u *hub.User) { u.Status = "COMPROMISED" })}, []*hub.User{local(2, "b", "a@x.example")}, merge.Ask, merge.State, 1},
		"never confirmed":       {"", []*hub.User{local(1, "a", "a@x.example", func(u *hub.User) { u.Status = "UNCONFIRMED" })}, nil, merge.Ask, merge.State, 0},
		"nobody":                {"", []*hub.User{local(1, "a", "a@x.example")}, []*hub.User{local(2, "b", "b@x.example")}, merge.Add, "", 0},
		"orphans stay":          {"orphans: skip", []*hub.User{local(1, "a", "a@x.example")}, nil, merge.Skip, "", 0},
		"name taken":            {"", []*hub.User{local(1, "a", "a@x.example")}, []*hub.User{local(2, "a", "b@x.example")}, merge.Ask, merge.NameTaken, 0},
		"name in another case":  {"", []*hub.User{local(1, "Ada", "a@x.example")}, []*hub.User{local(2, "ada", "b@x.example")}, merge.Ask, merge.NameCase, 0},
		"name of a provider's":  {"", []*hub.User{local(1, "corporateid_x", "a@x.example")}, nil, merge.Ask, merge.Invalid, 0},
		"sub of another":        {"", []*hub.User{local(1, "a", "a@x.example")}, []*hub.User{local(1, "b", "b@x.example")}, merge.Ask, merge.SubTaken, 1},
		"no e-mail":             {"", []*hub.User{local(1, "a", "", with("email", ""))}, nil, merge.Ask, merge.Invalid, 0},
		"provider unknown":      {"", []*hub.User{federated(1, "s", "a@x.example", func(u *hub.User) { u.Links[0].Provider = "Elsewhere" })}, nil, merge.Ask, merge.Provider, 0},
		"issuer of another":     {"", []*hub.User{federated(1, "s", "a@x.example", func(u *hub.User) { u.Links[0].Issuer = "https://evil.example" })}, nil, merge.Ask, merge.Provider, 0},
		"provider renamed":      {"providers: {Elsewhere: CorporateID}", []*hub.User{federated(1, "s", "a@x.example", func(u *hub.User) { u.Links[0].Provider, u.Username = "Elsewhere", "Elsewhere_s" })}, []*hub.User{federated(2, "s", "b@x.example")}, merge.Join, "", 1},
		"number, vouched":       {"match: [{by: attribute, name: nickname, vouched: true}]", []*hub.User{local(1, "a", "a@x.example", with("nickname", "7"))}, []*hub.User{local(2, "b", "b@x.example", with("nickname", "7"))}, merge.Join, "", 1},
		"number":                {"match: [{by: attribute, name: nickname}]", []*hub.User{local(1, "a", "a@x.example", with("nickname", "7"))}, []*hub.User{local(2, "b", "b@x.example", with("nickname", "7"))}, merge.Ask, merge.Unproven, 1},
		"e-mail, vouched":       {"match: [{by: attribute, name: email, vouched: true}]", []*hub.User{local(1, "a", "a@x.example", unverified)}, []*hub.User{local(2, "b", "a@x.example")}, merge.Ask, merge.Unproven, 1},
		"expression":            {`match: [{by: expression, expr: 'user.nickname + "/" + user.locale', vouched: true}]`, []*hub.User{local(1, "a", "a@x.example", with("nickname", "7"), with("locale", "de"))}, []*hub.User{local(2, "b", "b@x.example", with("nickname", "7"), with("locale", "de"))}, merge.Join, "", 1},
		"expression on e-mail":  {`match: [{by: expression, expr: 'user.email', vouched: true}]`, []*hub.User{local(1, "a", "a@x.example")}, []*hub.User{local(2, "b", "a@x.example", unverified)}, merge.Ask, merge.Unproven, 1},
		"expression on all":     {`match: [{by: expression, expr: 'user[user.nickname]', vouched: true}]`, []*hub.User{local(1, "a", "a@x.example", with("nickname", "email"), unverified)}, []*hub.User{local(2, "b", "a@x.example", with("nickname", "email"))}, merge.Ask, merge.Unproven, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.put(r.old, test.old...)
			r.put(r.Pool, test.our...)
			before := r.dump(true)
			path, h := r.plan(r.live(), test.rules)
			if after := r.dump(true); after != before {
				t.Errorf("planning wrote:\n%s", differ(before, after))
			}
			list := entries(t, path)
			if len(list) != len(test.old) {
				t.Fatalf("%d entries of %d people", len(list), len(test.old))
			}
			e := list[0]
			if e.Decision != test.decision || e.Conflict != test.conflict || len(e.Target) != test.targets {
				t.Errorf("%s, conflict %q, %d targets: %s", e.Decision, e.Conflict, len(e.Target), e.Why)
			}
			if e.Why == "" {
				t.Error("it does not say why")
			}
			if got := h.Counts.Conflicts[test.conflict]; test.conflict != "" && got != len(test.old) {
				t.Errorf("counts %+v", h.Counts)
			}
			if test.decision != merge.Ask {
				return
			}
			// What is asked is not done.
			tally := r.apply(path, nil)
			if after := r.dump(false); after != before || tally.Left != len(test.old) {
				t.Errorf("%+v\n%s", tally, differ(before, after))
			}
		})
	}
}

// The sealed plan is the same for the same pools but for its id, and says who sees what.
func TestPlanTells(t *testing.T) {
	r := newRig(t)
	r.put(r.old,
		local(1, "ada", "ada@x.example", with("nickname", "Ada"), with("family_name", "King"), inGroups("admins", "poets")),
		federated(3, "g", "grace@x.example"))
	r.put(r.Pool, federated(2, "a", "ada@x.example", with("family_name", "Lovelace"), inGroups("admins")))
	path, h := r.plan(r.live(), "")
	if !slices.Equal(h.GroupClashes, []string{"admins"}) {
		t.Errorf("group clashes %v", h.GroupClashes)
	}
	list := entries(t, path)
	join, add := list[0], list[1]
	if join.Decision != merge.Join || !maps.Equal(join.Attributes, map[string]string{"nickname": "Ada"}) ||
		!maps.Equal(join.Clashes, map[string]merge.Clash{"family_name": {Source: "King", Target: "Lovelace", Keep: "target"}}) ||
		!slices.Equal(join.Groups, []string{"poets"}) || join.Password != "" {
		t.Errorf("%+v", join)
	}
	if !slices.Equal(join.Left, []string{"the group admins, as one of that name is here"}) {
		t.Errorf("left %q", join.Left)
	}
	if want := "signs in as CorporateID_a by CorporateID; the password of old opens nothing here"; join.Sees != want {
		t.Errorf("sees %q", join.Sees)
	}
	if want := "signs in as CorporateID_g by CorporateID; keeps the sub"; add.Decision != merge.Add || add.Sees != want {
		t.Errorf("%+v", add)
	}
	if c := h.Counts; c.Join != 1 || c.Add != 1 || c.By["verified_email"] != 1 || c.Clashes != 1 || c.Untouched != 1 || c.Ask != 0 {
		t.Errorf("counts %+v", c)
	}
}

// TestA100_RulesThatCannotBe are refused before anybody is read.
func TestA100_RulesThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		"match: [{by: email}]":                                "by is identity, verified_email",
		"match: [{by: verified_email, vouched: true}]":        "is proven or it is not",
		"match: [{by: attribute}]":                            "name is for",
		"match: [{by: identity, name: x}]":                    "name is for",
		"match: [{by: expression, expr: 'user.x +'}]":         "cannot be used",
		"match: [{by: expression, expr: 'claims.x'}]":         "undeclared reference",
		"keep: {email: both}":                                 "source or target",
		"passwords: always":                                   "no_other_way, if_none or never",
		"orphans: drop":                                       "add or skip",
		"mtch: []":                                            "mtch",
		"match: [{by: attribute, name: a, vouched: 'maybe'}]": "bool",
	} {
		if _, err := merge.ParseRules([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestA101_RingsAreRefused(t *testing.T) {
	r := newRig(t)
	third := r.AddPool("third", "http://third.test")
	r.all = append(r.all, third)
	r.put(r.old, local(1, "a", "a@x.example"))
	back := func(from, into *hub.Pool) error {
		terms, err := merge.TermsOf(t.Context(), into, r.all)
		if err != nil {
			t.Fatal(err)
		}
		_, err = merge.New(t.Context(), merge.Make{
			From: merge.PoolSource(t.Context(), from), Into: merge.PoolSource(t.Context(), into), Terms: terms, Rules: rules(t, ""), Now: r.Now(),
		}, &strings.Builder{})
		return err
	}
	path, h := r.plan(r.live(), "")
	stale, _ := r.plan(r.live(), "")
	r.apply(path, nil)
	if err := back(r.Pool, r.old); !errors.Is(err, merge.ErrRing) || !strings.Contains(err.Error(), "old went into master by "+h.ID) {
		t.Errorf("back into where they came from: %v", err)
	}
	if err := back(r.Pool, r.Pool); !errors.Is(err, merge.ErrRing) {
		t.Errorf("into itself: %v", err)
	}
	if err := back(r.Pool, third); err != nil {
		t.Errorf("into a third pool: %v", err)
	}
	r.undo(h.ID, false)
	if err := back(r.Pool, r.old); err != nil {
		t.Errorf("after the undo: %v", err)
	}
	// A plan made before is refused when it is applied, too: now the other way has been gone.
	hub := *r
	hub.Hub.Pool, hub.old = r.old, r.Hub.Pool
	other, _ := hub.plan(hub.live(), "")
	hub.apply(other, nil)
	hub.Hub.Pool, hub.old = hub.old, hub.Hub.Pool
	if _, err := r.tryApply(stale, nil, nil); !errors.Is(err, merge.ErrRing) {
		t.Errorf("a plan from before: %v", err)
	}
}

// A rule that matches everybody with everybody, and one that cannot be computed, end.
func TestRulesThatMatchEverybody(t *testing.T) {
	r := newRig(t)
	var old, our []*hub.User
	for i := range 2000 {
		old, our = append(old, local(i, fmt.Sprint("o", i), fmt.Sprint(i, "@o.example"), with("locale", "de"))), append(our, local(5000+i, fmt.Sprint("p", i), fmt.Sprint(i, "@p.example"), with("locale", "de")))
	}
	r.put(r.old, old...)
	r.put(r.Pool, our...)
	path, h := r.plan(r.live(), "match: [{by: attribute, name: locale, vouched: true}]")
	if h.Counts.Ask != 2000 || h.Counts.Conflicts[merge.Ambiguous] != 2000 {
		t.Errorf("%+v", h.Counts)
	}
	if n := len(entries(t, path)[0].Target); n < 2 || n > 10 {
		t.Errorf("%d candidates", n)
	}
	if _, err := merge.New(t.Context(), r.make(r.live(), "match: [{by: expression, expr: 'int(user.email)', vouched: true}]"), io.Discard); err == nil || !strings.Contains(err.Error(), "cannot be computed") {
		t.Errorf("%v", err)
	}
}

// Two registrations at one provider may get other subjects each; the plan says so.
func TestPlanWarnsOfPairwiseSubjects(t *testing.T) {
	r := newRig(t)
	m := r.make(r.live(), "")
	theirs, err := merge.TermsOf(t.Context(), r.old, r.all)
	if err != nil {
		t.Fatal(err)
	}
	for client, want := range map[string]bool{"hub": false, "another": true} {
		theirs.Providers[0].ClientID = client
		m.FromTerms = theirs
		h, err := merge.New(t.Context(), m, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(h.Notes, "\n"), "pairwise"); got != want {
			t.Errorf("%s: %q", client, h.Notes)
		}
	}
}
