package signin_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// rig is a hub with one provider.
type rig struct {
	*hubtest.Hub
	t  *testing.T
	up *idptest.Provider
	pr *hub.Provider
}

func newRig(t *testing.T, rules ...mapping.Rule) *rig {
	t.Helper()
	r := &rig{Hub: hubtest.New(t), t: t}
	r.up = idptest.New(t, idptest.Config{Algorithm: "ES256", Now: r.Now})
	r.pr = r.Link(r.Pool, "Corp", r.up, rules...)
	return r
}

// come lets somebody sign in and returns the user, nil if there is none.
func (r *rig) come(subject string, claims map[string]any) *hub.User {
	r.t.Helper()
	r.up.SetUser(idptest.User{Subject: subject, Claims: claims})
	return r.arrive(subject)
}

func (r *rig) arrive(subject string) *hub.User {
	r.t.Helper()
	next, err := r.SignIn.Authorize(r.t.Context(), r.Pool, signin.Browser{}, hubtest.Authorization("identity_provider", "Corp", "login_hint", subject), false)
	if err != nil {
		r.t.Error(err)
		return nil
	}
	to := next.(signin.ToProvider)
	params, err := r.up.Approve(to.URL)
	if err != nil {
		r.t.Error(err)
		return nil
	}
	if _, err = r.SignIn.Callback(r.t.Context(), r.Pool, signin.Browser{}, to.Interaction, params); err != nil {
		r.t.Log(err)
	}
	return r.User(r.Pool, "Corp_"+subject)
}

func (r *rig) compile(rules ...mapping.Rule) *mapping.Mapping {
	r.t.Helper()
	m, err := mapping.Compile(r.Pool.Schema, rules)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func (r *rig) try(m *mapping.Mapping, sets ...hub.ClaimSet) []signin.Trial {
	r.t.Helper()
	if sets == nil {
		var err error
		if sets, err = r.Pool.ClaimSets(r.t.Context(), "Corp"); err != nil {
			r.t.Fatal(err)
		}
	}
	trials, err := r.SignIn.Try(r.t.Context(), r.Pool, r.pr, m, sets)
	if err != nil {
		r.t.Fatal(err)
	}
	return trials
}

func from(attribute string, claims ...string) mapping.Rule {
	return mapping.Rule{Attribute: attribute, From: claims}
}

// TestTry: each kind of end, against the users as they are.
func TestTry(t *testing.T) {
	r := newRig(t, from(mapping.Groups, "groups"))
	r.come("ada", map[string]any{"email": "ada@corp.example", "family_name": "Lovelace", "groups": []string{"a", "b"}})
	r.come("bob", map[string]any{"email": "bob@corp.example", "given_name": "Bob"})
	r.come("eve", map[string]any{"given_name": "Eve"}) // is refused: no email
	if u := r.User(r.Pool, "Corp_eve"); u != nil {
		t.Fatal("eve came in")
	}
	email, given := from("email", "email"), from("given_name", "given_name")
	for _, test := range []struct {
		name    string
		m       *mapping.Mapping
		subject string
		want    signin.Trial
	}{
		{"no change", r.pr.Mapping, "ada", signin.Trial{}},
		{"an attribute", r.compile(email, from("family_name", "family_name")), "ada", signin.Trial{
			Changes: []signin.Change{{"family_name", nil, []string{"Lovelace"}}}}},
		{"groups", r.compile(email, mapping.Rule{Attribute: mapping.Groups, Expr: `claims.groups.filter(g, g != "b")`}), "ada", signin.Trial{
			Changes: []signin.Change{{"groups", []string{"a", "b"}, []string{"a"}}}}},
		{"groups, from a claim that is absent", r.compile(email, from(mapping.Groups, "roles")), "ada", signin.Trial{
			Changes: []signin.Change{{"groups", []string{"a", "b"}, nil}}}},
		{"the old value serves, but whoever is new has none", r.compile(from("email", "mail")), "ada", signin.Trial{
			Notes: []string{"email: was not sent (from mail); with such claims nobody new could sign in"}}},
		{"nobody is here yet", r.compile(from("email", "mail")), "eve", signin.Trial{Stops: []string{"email: was not sent (from mail)"}}},
		{"shut out", r.compile(email, mapping.Rule{Attribute: "family_name", From: []string{"family_name"}, OnMissing: mapping.Refuse}), "bob", signin.Trial{
			Stops: []string{"family_name: was not sent (from family_name)"}, Lost: true}},
		{"asked", r.compile(email, mapping.Rule{Attribute: "family_name", From: []string{"family_name"}, OnMissing: mapping.Ask}), "bob", signin.Trial{
			Asked: []string{"family_name"}}},
		{"unusable", r.compile(email, from("updated_at", "given_name")), "bob", signin.Trial{
			Notes: []string{"updated_at: claim given_name is not a decimal number, for example 12 or -0.5 (from given_name)"}}},
		{"stopped before, and so again", r.pr.Mapping, "eve", signin.Trial{Stops: []string{"email: was not sent (from email)"}}},
		{"let in", r.compile(mapping.Rule{Attribute: "email", From: []string{"email"}, Default: "nobody@corp.example"}, given), "eve", signin.Trial{
			Changes: []signin.Change{
				{"email", nil, []string{"nobody@corp.example"}}, {"email_verified", nil, []string{"false"}}, {"given_name", nil, []string{"Eve"}},
			}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, got := range r.try(test.m) {
				if got.Set.Subject != test.subject {
					continue
				}
				if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(signin.Trial{}, "Set", "User"), cmpopts.EquateEmpty()); diff != "" {
					t.Error(diff)
				}
				return
			}
			t.Error("nobody of that name")
		})
	}
	// A user who is disabled, a newcomer who may not come, and a client that may
	// not write.
	err := r.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		u, err := hub.Users.Find(tx, "name", hub.FederatedNameKey("Corp_bob"))
		if err != nil {
			return err
		}
		u.Disabled = true
		return hub.Users.Put(tx, u)
	})
	if err != nil {
		t.Fatal(err)
	}
	r.pr.Creates = false
	r.Pool.Clients[hubtest.ClientID].WriteAttributes = []string{"email"}
	for _, got := range r.try(r.compile(email, from("family_name", "family_name", "given_name"))) {
		barred := map[string]string{"bob": "is disabled", "eve": "is not known here, and the provider may not create users"}[got.Set.Subject]
		if got.Barred != barred || got.Lost || got.Set.Subject == "ada" && len(got.Changes) > 0 {
			t.Errorf("%+v", got)
		}
	}
}

// TestTryProperty: by the mapping in force nothing changes for anybody who came
// in, nobody is lost who is not lost by it already, and nothing is ever written.
func TestTryProperty(t *testing.T) {
	r := newRig(t, from(mapping.Groups, "groups"), mapping.Rule{Attribute: "family_name", From: []string{"sn", "family_name"}, OnMissing: mapping.Refuse},
		mapping.Rule{Attribute: "nickname", Expr: `claims.email.split("@")[0]`, Write: mapping.Once}, mapping.Rule{Attribute: "locale", From: []string{"locale"}, Default: "en", Write: mapping.IfEmpty})
	random := rand.New(rand.NewPCG(3, 5))
	values := []any{nil, "", "x", "Ypsilon", true, 7, []string{"a"}, []string{"a", "b", "two words"}, map[string]any{"k": 1}, "a\u202eb"}
	came := map[string]bool{}
	for i := range 40 {
		claims := map[string]any{"email": fmt.Sprintf("p%d@corp.example", i)}
		for _, name := range []string{"sn", "family_name", "groups", "locale", "given_name"} {
			if v := values[random.IntN(len(values))]; v != nil {
				claims[name] = v
			}
		}
		subject := fmt.Sprintf("p%d", i)
		came[subject] = r.come(subject, claims) != nil
		r.Advance(20 * time.Second)
	}
	before, err := json.Marshal(r.Users(r.Pool))
	if err != nil {
		t.Fatal(err)
	}
	trials := r.try(r.pr.Mapping)
	if len(trials) != 40 {
		t.Fatalf("%d claim sets are kept", len(trials))
	}
	in := 0
	for _, got := range trials {
		if came[got.Set.Subject] != (len(got.Stops) == 0) || got.Lost || got.Barred != "" {
			t.Errorf("%s came in: %t, and then %+v", got.Set.Subject, came[got.Set.Subject], got)
		}
		if came[got.Set.Subject] {
			if in++; len(got.Changes) > 0 || len(got.Asked) > 0 {
				t.Errorf("%s would change: %+v", got.Set.Subject, got.Changes)
			}
		}
	}
	if in == 0 || in == len(trials) {
		t.Errorf("%d of %d came in: the claims test little", in, len(trials))
	}
	if after, err := json.Marshal(r.Users(r.Pool)); err != nil || string(after) != string(before) {
		t.Error("the trial has written")
	}
}

// TestReconcileRace: however sign-ins of one person and an administrator's acts
// fall together, nothing that was given by hand is lost, and the provider's last
// word holds.
func TestReconcileRace(t *testing.T) {
	r := newRig(t, from(mapping.Groups, "groups"))
	claims := func(groups ...string) map[string]any {
		return map[string]any{"email": "ada@corp.example", "groups": groups}
	}
	r.come("ada", claims("start"))
	r.up.SetUsers(idptest.User{Subject: "ada", Claims: claims("a", "b")})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 5 {
				r.arrive("ada")
			}
		})
		all.Go(func() {
			for j := range 5 {
				err := r.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
					u, err := hub.Users.Find(tx, "name", hub.FederatedNameKey("Corp_ada"))
					if err != nil {
						return err
					}
					if err := u.JoinGroup(r.Pool, fmt.Sprintf("hand%d%d", i, j)); err != nil {
						return err
					}
					return hub.Users.Put(tx, u)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if u := r.User(r.Pool, "Corp_ada"); len(u.Groups) != 22 || u.Groups[0] != "a" || u.Groups[1] != "b" {
		t.Errorf("groups %v", u.Groups)
	}
	if u := r.come("ada", claims()); len(u.Groups) != 20 {
		t.Errorf("groups %v", u.Groups)
	}
}

// TestSampleCostsNothingAgain: of a person who returns within the hour nothing is
// written about claims, and a first sign-in writes one key more.
func TestSampleCostsNothingAgain(t *testing.T) {
	r := newRig(t)
	r.come("ada", map[string]any{"email": "ada@corp.example"})
	sets, err := r.Pool.ClaimSets(t.Context(), "Corp")
	if err != nil || len(sets) != 1 {
		t.Fatalf("%d sets, %v", len(sets), err)
	}
	r.Advance(59 * time.Minute)
	r.come("ada", map[string]any{"email": "new@corp.example"})
	again, err := r.Pool.ClaimSets(t.Context(), "Corp")
	if err != nil || len(again) != 1 || !again[0].Time.Equal(sets[0].Time) {
		t.Errorf("%+v, %v", again, err)
	}
	r.Advance(time.Minute)
	r.come("ada", map[string]any{"email": "new@corp.example"})
	if again, err = r.Pool.ClaimSets(t.Context(), "Corp"); err != nil || len(again) != 1 || again[0].Claims["email"] != "new@corp.example" {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestA97_GroupsAndDetailsTogether: a person who is asked for a detail gets the
// groups that were claimed when the sign-in ends, and none if it does not.
func TestA97_GroupsAndDetailsTogether(t *testing.T) {
	r := newRig(t, from(mapping.Groups, "groups"), mapping.Rule{Attribute: "family_name", From: []string{"sn"}, OnMissing: mapping.Ask})
	r.up.SetUser(idptest.User{Subject: "ada", Claims: map[string]any{"email": "ada@corp.example", "groups": []string{"staff"}}})
	next, err := r.SignIn.Authorize(t.Context(), r.Pool, signin.Browser{}, hubtest.Authorization("identity_provider", "Corp"), false)
	if err != nil {
		t.Fatal(err)
	}
	to := next.(signin.ToProvider)
	params, err := r.up.Approve(to.URL)
	if err != nil {
		t.Fatal(err)
	}
	if next, err = r.SignIn.Callback(t.Context(), r.Pool, signin.Browser{}, to.Interaction, params); err != nil {
		t.Fatal(err)
	}
	ask, ok := next.(signin.AskProfile)
	if !ok || r.User(r.Pool, "Corp_ada") != nil {
		t.Fatalf("next is %T", next)
	}
	if _, err = r.SignIn.Complete(t.Context(), r.Pool, signin.Browser{}, ask.Interaction, map[string]string{"family_name": "Lovelace", "groups": "admins"}); err != nil {
		t.Fatal(err)
	}
	u := r.User(r.Pool, "Corp_ada")
	if diff := cmp.Diff([]string{"staff"}, u.Groups); diff != "" || u.Attributes["family_name"] != "Lovelace" {
		t.Errorf("%+v %s", u, diff)
	}
	sets, err := r.Pool.ClaimSets(t.Context(), "Corp")
	if err != nil || len(sets) != 1 || sets[0].Reason != string(signin.AttributesRequired) {
		t.Errorf("%+v, %v", sets, err)
	}
}
