package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzCompile holds that no rule panics, that a refusal names its problems, and that a rule which compiles gives
// attributes the schema accepts.
func FuzzCompile(f *testing.F) {
	f.Add("email", "email", "", "", "", "refuse", "always", false)
	f.Add("custom:n", "/a/0/~1", "", "", "12", "default", "once", false)
	f.Add("email_verified", "email_verified", "", "", "", "", "", true)
	f.Add("name", "", `claims.a.split(" ").map(x, x.lowerAscii()).join("-")`, "", "", "ask", "if_empty", false)
	f.Add("custom:x", "", `{"a": claims.?b.orValue([1, 2.5, true, null]), "c": claims.l[0]}`, "", "", "", "", false)
	f.Add("address", "", "", "Bern", "", "skip", "", false)
	f.Add("cognito:groups", "groups", "", "", "", "", "", false)
	f.Add("custom:x", "", `claims.a.matches("^(a|b){2,3}$")`, "", "", "", "", false)
	f.Add("groups", "l", "", "", "staff", "default", "reconcile", false)
	f.Add("groups", "", `claims.a.split(" ")`, "", "", "skip", "always", false)
	s := mustSchema(f, nil, Attribute{Name: "x"}, Attribute{Name: "n", Type: Number}, Attribute{Name: "b", Type: Boolean}, Attribute{Name: "t", Type: DateTime})
	claims := decode(f, `{"a":"Ana Muster","email":"ana@corp.example","email_verified":true,"l":[1,"b",{"c":null}],"n":12.5,"m":{"z":1,"y":[]},"i":1767607200}`)
	f.Fuzz(func(t *testing.T, attribute, claim, expr, value, fallback, onMissing, write string, trust bool) {
		rule := Rule{Attribute: attribute, Expr: expr, Default: fallback, OnMissing: OnMissing(onMissing), Write: Write(write), TrustVerification: trust}
		if claim != "" {
			rule.From = strings.Split(claim, ",")
		}
		if value != "" {
			rule.Value = &value
		}
		m, err := Compile(s, []Rule{from("email", "email"), rule})
		if err != nil {
			var problems Problems
			if m != nil || !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("mapping %v, error %v", m, err)
			}
			return
		}
		first, err := m.Apply(claims, nil)
		if err != nil {
			if attribute == Groups && strings.Contains(err.Error(), "groups; a user has at most") {
				return
			}
			t.Fatal(err)
		}
		if err := s.Check(first.Set); err != nil {
			t.Fatalf("set %v: %v", first.Set, err)
		}
		second, err := m.Apply(claims, nil)
		if diff := cmp.Diff(first, second); err != nil || diff != "" {
			t.Fatalf("another result: %s %v", diff, err)
		}
	})
}

// FuzzApply holds, for any claims: what is set passes the schema; a required attribute is set, known or missing with a
// reason; a verified flag is true only for an address and a JSON true that came side by side (A57, A81); immutable
// values stay; groups have names that groups can have; the same claims give the same result.
func FuzzApply(f *testing.F) {
	f.Add([]byte(`{"email":"ana@corp.example","email_verified":true,"sn":"Muster","staff":7,"groups":["a"],"address":{"locality":"Bern"}}`), "", "")
	f.Add([]byte(`{"email":"ana@corp.example","email_verified":"true","phone":"+41 44 555 01 00","phone_verified":true}`), "old@corp.example", "7")
	f.Add([]byte(`{"upn":"a@b.example","email_verified":true,"when":1e9,"level":1e400}`), "a@b.example", "")
	f.Add([]byte("{\"sn\":\"a\\u0000b\",\"given_name\":\"\u202e\",\"groups\":[[[[{}]]]],\"address\":\"\\u2028\"}"), "", "x")
	f.Add([]byte(`{"given_name":["x"],"staff":{"a":1},"level":-0.0,"when":"2026-11-20T09:14:03Z","birthdate":"0000-02-29"}`), "x", "x")
	s := mustSchema(f, []string{"email", "family_name", "custom:staff"}, Attribute{Name: "staff", Immutable: true, MaxLength: 20},
		Attribute{Name: "groups"}, Attribute{Name: "level", Type: Number}, Attribute{Name: "when", Type: DateTime}, Attribute{Name: "yes", Type: Boolean})
	m := mustCompile(f, s,
		from("email", "email", "upn"), from(emailVerified, emailVerified), from("phone_number", "phone"), from(phoneVerified, "phone_verified"),
		Rule{Attribute: "family_name", From: []string{"family_name", "sn", "/name/family"}, OnMissing: Ask},
		Rule{Attribute: "given_name", Expr: "claims.given_name.trim()"}, from("birthdate", "birthdate"), from("address", "address"),
		from("custom:staff", "staff"), from("custom:groups", "groups"), from("custom:level", "level"), from("custom:when", "when"),
		Rule{Attribute: "custom:yes", Expr: `claims.exists(k, claims[k] == true)`}, Rule{Attribute: "nickname", Expr: `claims.map(k, k).join(",")`},
		Rule{Attribute: "locale", From: []string{"locale"}, Default: "en"}, from(Groups, "groups", "/m/groups"))
	f.Fuzz(func(t *testing.T, data []byte, email, staff string) {
		decoder := json.NewDecoder(bytes.NewReader(data))
		if len(data)%2 == 0 {
			decoder.UseNumber()
		}
		var claims map[string]any
		if decoder.Decode(&claims) != nil {
			return
		}
		current := Attributes{}
		if email != "" {
			current["email"], current[emailVerified] = email, "false"
		}
		if staff != "" {
			current["custom:staff"] = staff
		}
		r, err := m.Apply(claims, current)
		if err != nil {
			if r == nil && strings.Contains(err.Error(), "groups; a user has at most") {
				return
			}
			t.Fatal(err)
		}
		if r.Groups == nil || len(r.Groups.Names) > MaxGroups || !slices.IsSorted(r.Groups.Names) {
			t.Fatalf("groups %+v", r.Groups)
		}
		for _, name := range r.Groups.Names {
			if reason := GroupProblem(name); reason != "" {
				t.Fatalf("the group %q %s", name, reason)
			}
		}
		if err := s.Check(r.Set); err != nil {
			t.Fatalf("set %q: %v", r.Set, err)
		}
		missing := map[string]bool{}
		for _, entry := range r.Missing {
			if missing[entry.Attribute] = true; entry.Reason == "" || entry.OnMissing != Ask && entry.OnMissing != Refuse {
				t.Fatalf("missing %+v", entry)
			}
		}
		for _, name := range s.Required() {
			if _, set := r.Set[name]; !set && current[name] == "" && !missing[name] {
				t.Fatalf("%s is neither set nor known nor missing", name)
			}
		}
		if r.Set[emailVerified] == "true" {
			address := r.Set["email"]
			if address == "" {
				address = current["email"]
			}
			if claims["email"] != address || claims[emailVerified] != true {
				t.Fatalf("%q became verified by %s", address, data)
			}
		} else if _, changed := r.Set["email"]; changed && r.Set[emailVerified] == "" && current[emailVerified] != "false" {
			t.Fatal("a new address came without a flag")
		}
		if _, set := r.Set["custom:staff"]; set && staff != "" {
			t.Fatal("an immutable attribute changed")
		}
		again, err := m.Apply(claims, current)
		if diff := cmp.Diff(r, again); err != nil || diff != "" {
			t.Fatalf("another result: %s %v", diff, err)
		}
	})
}

// FuzzA96_Expression grows expressions from bytes, so that most of them run, and holds their bounds.
func FuzzA96_Expression(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Add([]byte("grow, loop and double"))
	f.Add(bytes.Repeat([]byte{9, 0, 9, 1}, 40))
	s := mustSchema(f, nil, Attribute{Name: "x"})
	list := make([]any, 600)
	for i := range list {
		list[i] = strings.Repeat("ab", i%40)
	}
	claims := map[string]any{"l": list, "s": strings.Repeat("ab", 7000), "m": map[string]any{"a": list[:300], "b": "x"}, "n": 7.0}
	f.Fuzz(func(t *testing.T, data []byte) {
		g := grower{data: data}
		m, err := Compile(s, []Rule{{Attribute: "custom:x", Expr: g.expression(0)}})
		if err != nil {
			return
		}
		first, err := m.Apply(claims, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := m.Apply(claims, nil)
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Fatalf("another result: %s %v", diff, err)
		}
		if used := leastAllocated(3, func() { _, _ = m.Apply(claims, nil) }); used > 2<<20*slowdown {
			t.Fatalf("allocated %d bytes", used)
		}
	})
}

// grower turns bytes into an expression.
type grower struct {
	data  []byte
	size  int
	loops int // around the place that grows
}

func (g *grower) next(n int) int {
	if len(g.data) == 0 {
		return 0
	}
	b := int(g.data[0])
	g.data = g.data[1:]
	return b % n
}

func (g *grower) expression(depth int) string {
	leaves := []string{"claims.l", "claims.s", "claims.m", "claims.n", `dyn("ab")`, "claims"}
	if g.loops > 0 {
		leaves = append(leaves, "a", "a", "a")
	}
	if g.size++; depth > 7 || g.size > 60 || len(g.data) == 0 {
		return leaves[g.next(len(leaves))]
	}
	one := func() string { return g.expression(depth + 1) }
	body := func() string {
		g.loops++
		defer func() { g.loops-- }()
		return one()
	}
	switch g.next(20) {
	case 0, 1:
		return one() + ".map(a, " + body() + ")"
	case 2:
		return one() + ".filter(a, " + body() + " != " + body() + ")"
	case 3:
		return one() + ".exists(a, " + body() + " == " + body() + ")"
	case 4:
		return "dyn([" + one() + ", " + one() + "])"
	case 5, 6:
		return "(" + one() + " + " + one() + ")"
	case 7:
		return "dyn(dyn(" + one() + ").join(" + one() + "))"
	case 8:
		return "dyn(" + one() + ".replace(" + one() + ", " + one() + "))"
	case 9:
		return "dyn(" + one() + ".split(" + one() + "))"
	case 10:
		return one() + "[" + one() + "]"
	case 11:
		return "dyn(" + one() + " in dyn(" + one() + "))"
	case 12:
		return "dyn(string(size(dyn(" + one() + "))))"
	case 13:
		return "dyn(" + one() + ")"
	case 14:
		return "dyn(" + one() + ".lowerAscii())"
	case 15:
		return "dyn(" + one() + ".substring(1))"
	case 16:
		return "(dyn(" + one() + `).matches("(a|b|ab)*c") ? ` + one() + " : " + one() + ")"
	case 17:
		return one() + ".all(a, " + body() + " < " + body() + ")"
	case 18:
		return "dyn(string(" + one() + ".indexOf(" + one() + ")))"
	}
	return leaves[g.next(len(leaves))]
}
