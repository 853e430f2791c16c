package hub_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/mapping"
)

var groupPool = &hub.Pool{Name: "main", Providers: []*hub.Provider{{Name: "Corp", Group: true}, {Name: "Quiet"}}}

func take(t *testing.T, u *hub.User, provider string, write mapping.Write, names ...string) bool {
	t.Helper()
	changed, err := u.TakeGroups(groupPool, provider, &mapping.Claimed{Names: names, Write: write})
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func TestTakeGroups(t *testing.T) {
	type step struct {
		provider string
		write    mapping.Write
		names    string
		want     string
		changed  bool
	}
	r, a, o, i := mapping.Reconcile, mapping.Always, mapping.Once, mapping.IfEmpty
	for name, steps := range map[string][]step{
		"reconcile": {
			{"Corp", r, "b a", "a b", true}, {"Corp", r, "a b", "a b", false}, {"Corp", r, "a c", "a c", true}, {"Corp", r, "", "", true}, {"Corp", r, "", "", false},
		},
		"two providers": {
			{"Corp", r, "a b", "a b", true}, {"Quiet", r, "c", "a b c", true}, {"Corp", r, "", "c", true}, {"Corp", r, "c", "c", true}, {"Quiet", r, "", "c", true},
		},
		"always":        {{"Corp", a, "a", "a", true}, {"Corp", a, "b", "a b", true}, {"Corp", a, "", "a b", false}, {"Corp", r, "b", "b", true}},
		"once":          {{"Corp", o, "", "", false}, {"Corp", o, "a", "a", true}, {"Corp", o, "b", "a", false}, {"Quiet", o, "b", "a b", true}},
		"if empty":      {{"Corp", i, "a", "a", true}, {"Corp", i, "b", "a", false}, {"Quiet", i, "b", "a", false}},
		"the hub's own": {{"Corp", r, "main_Corp main_Quiet main_ mainstream", "mainstream", true}},
	} {
		t.Run(name, func(t *testing.T) {
			u := &hub.User{}
			for n, s := range steps {
				changed := take(t, u, s.provider, s.write, strings.Fields(s.names)...)
				if diff := cmp.Diff(strings.Fields(s.want), append([]string{}, u.Groups...)); diff != "" || changed != s.changed {
					t.Fatalf("step %d: changed %t\n%s", n, changed, diff)
				}
			}
		})
	}
	if changed, err := (&hub.User{}).TakeGroups(groupPool, "Corp", nil); changed || err != nil {
		t.Error("no rule, and something changed")
	}
}

// TestGroupsFromElsewhere: what an administrator gave stays whatever a provider
// says, and what a provider gives comes back.
func TestGroupsFromElsewhere(t *testing.T) {
	u := &hub.User{Groups: []string{"merged"}}
	if err := u.JoinGroup(groupPool, "ops"); err != nil {
		t.Fatal(err)
	}
	take(t, u, "Corp", mapping.Reconcile, "ops", "staff")
	take(t, u, "Corp", mapping.Reconcile)
	if diff := cmp.Diff([]string{"merged", "ops"}, u.Groups); diff != "" {
		t.Error(diff)
	}
	take(t, u, "Corp", mapping.Reconcile, "staff")
	if err := u.JoinGroup(groupPool, "staff"); err != nil { // from now on for good
		t.Fatal(err)
	}
	take(t, u, "Corp", mapping.Reconcile)
	if diff := cmp.Diff([]string{"merged", "ops", "staff"}, u.Groups); diff != "" {
		t.Error(diff)
	}
	take(t, u, "Corp", mapping.Reconcile, "night")
	if !u.LeaveGroup("night") || u.LeaveGroup("night") || slices.Contains(u.Groups, "night") {
		t.Error("the user is still there")
	}
	if take(t, u, "Corp", mapping.Reconcile, "night"); !slices.Contains(u.Groups, "night") {
		t.Error("the provider's word is not taken again")
	}
	for _, name := range []string{"", "two words", "main_Corp", "main_x", "a\u200bb", strings.Repeat("x", 129)} {
		if u.JoinGroup(groupPool, name) == nil {
			t.Errorf("group %q was joined", name)
		}
	}
}

func TestProviderGroup(t *testing.T) {
	for _, test := range []struct {
		links []hub.Link
		want  []string
	}{
		{nil, []string{"staff", "zoo"}},
		{[]hub.Link{{Provider: "Corp", Primary: true}}, []string{"main_Corp", "staff", "zoo"}},
		{[]hub.Link{{Provider: "Corp"}}, []string{"staff", "zoo"}},
		{[]hub.Link{{Provider: "Quiet", Primary: true}}, []string{"staff", "zoo"}},
		{[]hub.Link{{Provider: "Gone", Primary: true}}, []string{"staff", "zoo"}},
	} {
		u := &hub.User{Groups: []string{"staff", "zoo"}, Links: test.links}
		if diff := cmp.Diff(test.want, groupPool.Groups(u)); diff != "" {
			t.Error(diff)
		}
		if len(u.Groups) != 2 {
			t.Error("the user's own list was changed")
		}
	}
}

// TestA95_TooManyGroups: nobody is in more than a hundred, by whatever way.
func TestA95_TooManyGroups(t *testing.T) {
	u := &hub.User{}
	var names []string
	for i := range mapping.MaxGroups {
		names = append(names, fmt.Sprintf("g%03d", i))
	}
	take(t, u, "Corp", mapping.Reconcile, names...)
	before := u.Groups
	if _, err := u.TakeGroups(groupPool, "Quiet", &mapping.Claimed{Names: []string{"more"}, Write: mapping.Reconcile}); err == nil || !slices.Equal(before, u.Groups) {
		t.Errorf("%d groups, %v", len(u.Groups), err)
	}
	if u.JoinGroup(groupPool, "more") == nil || u.JoinGroup(groupPool, "g001") != nil {
		t.Error("an administrator is held otherwise")
	}
}

// TestGroupsProperty: after any sequence, a reconciling provider's groups and
// those of the others are as each said last, and administrators' stay.
func TestGroupsProperty(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	pick := func() (names []string) {
		for _, name := range []string{"a", "b", "c", "d"} {
			if random.IntN(2) == 0 {
				names = append(names, name)
			}
		}
		return names
	}
	for range 500 {
		u, said, hand := &hub.User{}, map[string][]string{}, []string{}
		for range 12 {
			switch random.IntN(4) {
			case 0:
				name := string(rune('a' + random.IntN(4)))
				if err := u.JoinGroup(groupPool, name); err != nil {
					t.Fatal(err)
				}
				hand = append(hand, name)
			default:
				provider := []string{"Corp", "Quiet"}[random.IntN(2)]
				said[provider] = pick()
				take(t, u, provider, mapping.Reconcile, said[provider]...)
			}
			want := slices.Concat(hand, said["Corp"], said["Quiet"])
			slices.Sort(want)
			if diff := cmp.Diff(slices.Compact(want), u.Groups, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("given %v\n%s", u.Given, diff)
			}
		}
	}
}
