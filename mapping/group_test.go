package mapping

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGroups(t *testing.T) {
	s := mustSchema(t, nil)
	for _, test := range []struct {
		name, claims string
		rule         Rule
		want         *Claimed
		missing      bool
		unusable     int
	}{
		{"a list", `{"groups":["staff","admins","staff"]}`, Rule{From: []string{"groups"}}, &Claimed{[]string{"admins", "staff"}, Reconcile}, false, 0},
		{"an empty list", `{"groups":[]}`, Rule{From: []string{"groups"}}, &Claimed{nil, Reconcile}, false, 0},
		{"a text is one name", `{"groups":"a,b"}`, Rule{From: []string{"groups"}}, &Claimed{[]string{"a,b"}, Reconcile}, false, 0},
		{"a text is split", `{"roles":" b, a,,"}`, Rule{From: []string{"roles"}, Split: ","}, &Claimed{[]string{"a", "b"}, Reconcile}, false, 0},
		{"a list within", `{"realm_access":{"roles":["r"]}}`, Rule{From: []string{"/realm_access/roles"}}, &Claimed{[]string{"r"}, Reconcile}, false, 0},
		{"an expression", `{"g":["app-x","other","app-y"]}`, Rule{Expr: `claims.g.filter(n, n.startsWith("app-")).map(n, n.substring(4))`}, &Claimed{[]string{"x", "y"}, Reconcile}, false, 0},
		{"an expression splits", `{"g":"x;y"}`, Rule{Expr: `claims.g.split(";")`, Write: Once}, &Claimed{[]string{"x", "y"}, Once}, false, 0},
		{"a constant", `{}`, Rule{Value: new("staff")}, &Claimed{[]string{"staff"}, Reconcile}, false, 0},
		{"the second source", `{"a":7,"b":["x"]}`, Rule{From: []string{"a", "b"}}, &Claimed{[]string{"x"}, Reconcile}, false, 1},
		{"absent means none", `{}`, Rule{From: []string{"groups"}}, &Claimed{nil, Reconcile}, false, 0},
		{"blank means none", `{"groups":" "}`, Rule{From: []string{"groups"}}, &Claimed{nil, Reconcile}, false, 0},
		{"of no use means none", `{"groups":{"a":1}}`, Rule{From: []string{"groups"}}, &Claimed{nil, Reconcile}, false, 1},
		{"absent, added only", `{}`, Rule{From: []string{"groups"}, Write: Always}, nil, false, 0},
		{"absent, left alone", `{}`, Rule{From: []string{"groups"}, OnMissing: Skip}, nil, false, 0},
		{"absent, refused", `{}`, Rule{From: []string{"groups"}, OnMissing: Refuse}, nil, true, 0},
		{"absent, by default", `{}`, Rule{From: []string{"groups"}, Default: "x,y", Split: ","}, &Claimed{[]string{"x", "y"}, Reconcile}, false, 0},
		{"names that cannot be", `{"groups":["ok","two words","",5,null,"` + strings.Repeat("x", 129) + `","a\u202eb"]}`, Rule{From: []string{"groups"}}, &Claimed{[]string{"ok"}, Reconcile}, false, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.rule.Attribute = Groups
			r := apply(t, mustCompile(t, s, test.rule), test.claims, nil)
			if diff := cmp.Diff(test.want, r.Groups); diff != "" {
				t.Error(diff)
			}
			if len(r.Missing) > 0 != test.missing || len(r.Unusable) != test.unusable || len(r.Set) > 0 {
				t.Errorf("missing %v, unusable %v, set %v", r.Missing, r.Unusable, r.Set)
			}
		})
	}
}

func TestGroupRuleProblems(t *testing.T) {
	s := mustSchema(t, nil)
	for _, test := range []struct {
		rule Rule
		want string
	}{
		{Rule{}, "without a source"},
		{Rule{From: []string{"g"}, OnMissing: Ask}, "nobody is asked which groups to be in"},
		{Rule{From: []string{"g"}, OnMissing: UseDefault}, "gives no default"},
		{Rule{From: []string{"g"}, OnMissing: Skip, Default: "x"}, "a default that is never used"},
		{Rule{From: []string{"g"}, Default: "two words"}, "holds a space"},
		{Rule{Value: new(strings.Repeat("g", 129))}, "more than 128 characters"},
		{Rule{From: []string{"g"}, Write: "sync"}, "the choices are reconcile, always, once and if_empty"},
		{Rule{Expr: `claims.g == "x"`}, "it gives the type bool; groups need a list of names or a text"},
		{Rule{From: []string{"g"}, TrustVerification: true}, "says trust_verification"},
	} {
		test.rule.Attribute = Groups
		if _, err := Compile(s, []Rule{test.rule}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v gives %v, want %q", test.rule, err, test.want)
		}
	}
	for _, rule := range []Rule{{Attribute: "email", From: []string{"email"}, Split: ","}, {Attribute: "email", From: []string{"email"}, Write: Reconcile}} {
		if _, err := Compile(s, []Rule{rule}); err == nil || !strings.Contains(err.Error(), "belongs to groups") {
			t.Errorf("%+v gives %v", rule, err)
		}
	}
}

// TestA94_GroupsOnlyByARuleOfTheirOwn: whatever a provider sends, groups change by
// no other rule, and by no other spelling of the name.
func TestA94_GroupsOnlyByARuleOfTheirOwn(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "groups"})
	m := mustCompile(t, s, from("custom:groups", "groups"), from("email", "email"))
	if r := apply(t, m, `{"groups":["admin"],"cognito:groups":["admin"],"roles":["admin"],"email":"a@b.example"}`, nil); r.Groups != nil {
		t.Errorf("groups %+v without a rule", r.Groups)
	}
	for _, name := range []string{"Groups", "GROUPS", "cognito:groups", "groups ", "roles"} {
		if _, err := Compile(s, []Rule{from(name, "groups")}); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
}

// TestA95_ThousandsOfGroups: nobody comes in with a part of the groups that cannot
// all be kept; a filter lets those through who have few that matter.
func TestA95_ThousandsOfGroups(t *testing.T) {
	s := mustSchema(t, nil)
	var many []any
	for i := range 900 {
		many = append(many, fmt.Sprintf("g%03d", i))
	}
	claims := map[string]any{"groups": many}
	if r, err := mustCompile(t, s, from(Groups, "groups")).Apply(claims, nil); err == nil || r != nil {
		t.Errorf("900 groups: %v, %v", r, err)
	}
	filtered := Rule{Attribute: Groups, Expr: `claims.groups.filter(g, g.startsWith("g00"))`}
	if r, err := mustCompile(t, s, filtered).Apply(claims, nil); err != nil || len(r.Groups.Names) != 10 {
		t.Errorf("filtered: %+v, %v", r, err)
	}
	if r, err := mustCompile(t, s, from(Groups, "groups")).Apply(map[string]any{"groups": many[:MaxGroups]}, nil); err != nil || len(r.Groups.Names) != MaxGroups {
		t.Errorf("%d groups: %+v, %v", MaxGroups, r, err)
	}
}

func TestContract(t *testing.T) {
	s := mustSchema(t, []string{"email", "family_name"}, Attribute{Name: "level", Type: Number, Immutable: true})
	m := mustCompile(t, s, from(Groups, "groups", "roles"), Rule{Attribute: "email_verified", From: []string{"email_verified"}, TrustVerification: true},
		from("email", "email"), Rule{Attribute: "family_name", From: []string{"sn"}, OnMissing: Ask, Write: IfEmpty},
		Rule{Attribute: "custom:level", Expr: "claims.l", Default: "1"}, Rule{Attribute: "locale", Value: new("en")})
	want := []Row{
		{Attribute: "family_name", From: "sn", Required: true, OnMissing: Ask, Write: IfEmpty},
		{Attribute: "email", From: "email", Required: true, OnMissing: Refuse, Write: Always},
		{Attribute: "email_verified", From: "email_verified", OnMissing: Skip, Write: Always, Trust: true},
		{Attribute: "locale", From: "the constant en", OnMissing: Skip, Write: Always},
		{Attribute: "custom:level", From: "claims.l", OnMissing: UseDefault, Default: "1", Write: Once},
		{Attribute: Groups, From: "groups, roles", OnMissing: "none", Write: Reconcile},
	}
	if diff := cmp.Diff(want, m.Contract()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"email", "email_verified", "groups", "l", "roles", "sn"}, m.Needs()); diff != "" {
		t.Error(diff)
	}
}

// TestGroupsInClaims: an expression knows the person's groups.
func TestGroupsInClaims(t *testing.T) {
	s := mustSchema(t, nil)
	for expr, want := range map[string]string{
		`groups`: `["admins","staff"]`, `"admins" in groups`: `true`, `groups.filter(g, g != "staff")`: `["admins"]`, `size(groups)`: `2`,
	} {
		c := mustClaims(t, s, ClaimRule{Claim: "claim", Expr: expr})
		claims, left := c.Apply(ana(), []string{"admins", "staff"}, "app", nil, IDToken)
		if got := fmt.Sprintf("%s", claims["claim"]); got != want || len(left) > 0 {
			t.Errorf("%s gives %v, %v, want %s", expr, claims, left, want)
		}
	}
	if _, err := CompileClaims(s, []ClaimRule{{Claim: "groups", Expr: "groups"}}); err != nil {
		t.Error(err)
	}
	var problems Problems
	if _, err := CompileClaims(s, []ClaimRule{{Claim: "cognito:groups", Expr: "groups"}}); !errors.As(err, &problems) {
		t.Error("a rule speaks for cognito:groups")
	}
}
