package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var protectedNames = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "auth_time", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash",
	"token_use", "cognito:username", "cognito:groups", "cognito:roles", "cognito:preferred_role", "Cognito:Groups", "identities",
	"groups", "roles", "role", "permissions", "scope", "client_id", "origin_jti", "event_id", "version", "sid", "status", "cnf", "Groups",
}

func TestA34_ProtectedClaimsNeverLeaveAsAttributes(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "iss"})
	stored := Attributes{"email": "ana@corp.example", "custom:iss": "kept", "username": "root"}
	for _, name := range protectedNames {
		stored[name] = "forged"
	}
	names := append(slices.Clone(protectedNames), "username", "email", "custom:iss")
	for _, typed := range []bool{true, false} {
		want := map[string]any{"email": "ana@corp.example", "custom:iss": "kept"}
		if diff := cmp.Diff(want, Release(s, stored, names, typed)); diff != "" {
			t.Error(diff)
		}
	}
	for _, scopes := range [][]string{{"openid"}, {"openid", "profile", "email"}} {
		for _, name := range ScopeAttributes(s, scopes, nil) {
			if slices.Contains(protectedNames, name) {
				t.Errorf("scopes %v release %s", scopes, name)
			}
		}
	}
}

func TestA94_RulesForProtectedAttributesAreRefused(t *testing.T) {
	s := mustSchema(t, nil)
	for _, name := range append(slices.Clone(protectedNames), "username", "custom:groups", "custom:undeclared", "") {
		if name == Groups {
			continue // the operator names it; see TestA94_GroupsOnlyByARuleOfTheirOwn
		}
		_, err := Compile(s, []Rule{from(name, "x")})
		var problems Problems
		if !errors.As(err, &problems) || problems[0].Attribute != name {
			t.Errorf("a rule for %q was accepted: %v", name, err)
		}
	}
	for _, rule := range []Rule{
		{Attribute: "username", From: []string{"email"}}, {Attribute: "username", From: []string{"sub", "email"}},
		{Attribute: "username", Expr: "claims.sub"}, {Attribute: "username", From: []string{"sub"}, Default: "root"},
		{Attribute: "sub", From: []string{"sub"}},
	} {
		if _, err := Compile(s, []Rule{rule}); err == nil {
			t.Errorf("%+v was accepted", rule)
		}
	}
	m := mustCompile(t, s, from("username", "sub"))
	if r := apply(t, m, `{"sub":"2f1c"}`, nil); len(r.Set) != 0 {
		t.Errorf("username from sub wrote %v", r.Set)
	}
}

func TestA94_DeclaredGroupsAreJustText(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "groups"})
	m := mustCompile(t, s, from("custom:groups", "groups"))
	r := apply(t, m, `{"groups":["admin"],"cognito:groups":["admin"],"email_verified":true,"sub":"x"}`, nil)
	if diff := cmp.Diff(Attributes{"custom:groups": `["admin"]`}, r.Set); diff != "" {
		t.Error(diff)
	}
}

func TestA95_HostileValues(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "x"}, Attribute{Name: "short", MaxLength: 8})
	values := map[string]any{
		"too long":            strings.Repeat("x", 2049),
		"too long in bytes":   strings.Repeat("é", 1025),
		"NUL":                 "a\x00b",
		"escape":              "a\x1b[31mb",
		"delete":              "a\x7fb",
		"C1":                  "a\u0085b",
		"line break":          "a\nb",
		"tab":                 "a\tb",
		"line separator":      "a\u2028b",
		"bidi override":       "ana\u202egnp.exe",
		"bidi isolate":        "a\u2066b\u2069",
		"invalid UTF-8":       "a\xffb",
		"half a character":    "a\xc3",
		"surrogate":           "a\xed\xa0\x80",
		"overlong":            "a\xc0\x80",
		"NUL in a list":       []any{"a\x00b"},
		"bidi in a name":      map[string]any{"a\u202eb": 1.0},
		"long list":           slices.Repeat([]any{"group"}, 5000),
		"wide object":         wide(5000),
		"deep list":           nest(40),
		"very deep list":      nest(100_000),
		"deep object":         nestObject(10_000),
		"huge number":         json.Number("1e400"),
		"long number":         json.Number(strings.Repeat("9", 100)),
		"no number":           json.Number("0x1p-2"),
		"a type JSON has not": struct{}{},
		"bytes":               []byte("x"),
	}
	constant := func(name string) Rule { return Rule{Attribute: "custom:x", Expr: "claims[" + name + "]"} }
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			for _, rule := range []Rule{from("custom:x", "c"), from("family_name", "c"), constant(`"c"`), constant(`claims.k`)} {
				rule.OnMissing = Ask
				r, err := mustCompile(t, s, rule).Apply(map[string]any{"c": value, "k": "c"}, nil)
				if err != nil {
					t.Fatal(err)
				}
				if len(r.Set) != 0 || len(r.Missing) != 1 || r.Missing[0].Reason == "" {
					t.Errorf("%v %q: set %d, missing %v", rule.From, rule.Expr, len(r.Set), r.Missing)
				} else if reason := r.Missing[0].Reason; len(reason) > 250 || textProblem(reason, false) != "" {
					t.Errorf("reason %q", reason)
				}
			}
			if text, ok := value.(string); ok {
				if err := s.Check(Attributes{"custom:x": text}); err == nil {
					t.Error("Check accepts it")
				}
			}
		})
	}
	if r := apply(t, mustCompile(t, s, from("custom:short", "c")), `{"c":"123456789"}`, nil); len(r.Set) != 0 {
		t.Error("a value longer than the attribute's own limit was set")
	}
}

func TestA95_HarmlessValuesPass(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "x"})
	m := mustCompile(t, s, from("custom:x", "c"), from("address", "c"))
	for _, value := range []string{
		strings.Repeat("x", 2048), "محمد\u200fعلی", "نمی\u200cخواهم", "👩\u200d🚀", "e\u0301", "\u00a0x", "{\"a\":", "\ufffd", "<b>&amp;", "'; --",
	} {
		r, err := m.Apply(map[string]any{"c": value}, nil)
		if err != nil || r.Set["custom:x"] != value {
			t.Errorf("%.30q: set %.30q, %v", value, r.Set["custom:x"], r.Unusable)
		}
	}
	if r := apply(t, m, `{"c":"a\nb"}`, nil); r.Set["address"] != "a\nb" {
		t.Errorf("an address of two lines: %v", r)
	}
}

func TestA95_NumberOfAttributes(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "x"})
	many := Attributes{}
	for i := range 201 {
		many[fmt.Sprint("a", i)] = "x"
	}
	if err := s.Check(many); err == nil || !strings.Contains(err.Error(), "201 attributes; a user has at most 200") {
		t.Errorf("Check: %v", err)
	}
	delete(many, "a200")
	if _, err := mustCompile(t, s, from("custom:x", "c")).Apply(map[string]any{"c": "1"}, many); err == nil {
		t.Error("a user got 201 attributes")
	}
	many["custom:x"], many["a0"] = many["a0"], many["a1"]
	delete(many, "a1")
	if _, err := mustCompile(t, s, from("custom:x", "c")).Apply(map[string]any{"c": "1"}, many); err != nil {
		t.Errorf("200 attributes: %v", err)
	}
}

func TestA96_ExpressionsAreBounded(t *testing.T) {
	unique := make([]any, 900)
	for i := range unique {
		unique[i] = fmt.Sprint("g", i)
	}
	text, texts := strings.Repeat("ab", 8000), slices.Repeat([]any{strings.Repeat("a", 2040)}, 28)
	claims := map[string]any{
		"l": unique, "s": text, "texts": texts, "table": slices.Repeat([]any{slices.Repeat([]any{"abc"}, 30)}, 30),
		"mix": append(slices.Repeat([]any{[]any{}}, 20), unique...), "huge": strings.Repeat("x", 70_000), "many": wide(3000), "deep": nest(40),
	}
	double := func(start, step string, times int) string { return start + strings.Repeat(step, times) }
	expressions := []string{
		`claims.l.map(a, a)`,
		`claims.l.filter(a, a != "").map(a, [a]).map(a, a[0] + "x").filter(a, a != "x")`,
		`dyn(claims.l.map(a, {"k": a}["k"]) in [[]])`,
		`claims.l.map(a, claims.l.map(b, a + b))`,
		`claims.l.map(a, claims.l.filter(b, a == b)).map(x, x[0]).join(",")`,
		`claims.l.exists(a, !(a in claims.l))`,
		`claims.l.filter(a, size(claims.l) > 0).join("")`,
		`claims.l.all(a, claims.l == claims.l) ? "x" : "y"`,
		`claims.l.exists(a, "zz" in (claims.l + claims.l + claims.l))`,
		`claims.l.exists(a, (claims.l + claims.l + claims.l)[2000] == "x")`,
		`claims.l.exists(a, claims.l.join() == "x")`,
		`claims.table.map(a, a.map(b, a.map(c, b + c)))`,
		double(`[claims.l]`, `.map(a, a+a)`, 24),
		double(`["x"]`, `.map(a,[a,a])`, 24) + `.map(a, a == a)`,
		double(`[claims.s]`, `.map(a, a+a)`, 24) + `[0]`,
		double(`claims.mix.map(q, [q]`, `.map(a,[a,a])`, 20) + `).map(x, x == x)`,
		double(`claims.mix.map(q, [q]`, `.map(a,a+a)`, 20) + `[0]).exists(x, x == x + [1])`,
		`claims.s.replace("a", claims.s)`,
		`claims.s.replace("", "b").replace("", "b")`,
		`claims.s.split("").join("")`,
		`claims.l.map(a, claims.s).join("")`,
		`claims.l.exists(a, claims.s.lowerAscii() == "x")`,
		`claims.l.exists(a, claims.s.replace("x", "y") == "")`,
		`claims.l.exists(a, claims.s.split("x") == [""])`,
		`claims.l.exists(a, claims.s.substring(1) == "")`,
		`claims.l.exists(a, claims.s.lastIndexOf("x") > 3)`,
		`claims.l.exists(a, claims.s.contains(claims.s + "x"))`,
		`claims.l.exists(a, claims.s < claims.s + "a")`,
		`claims.l.exists(a, size(claims.s) == 1)`,
		`claims.l.exists(a, bytes(claims.s) == b"")`,
		`claims.texts.exists(r, r.matches("(a|a|a|aa|a?a?a?a?a?a?a?)*b"))`,
		`claims.texts.exists(r, claims.texts.exists(q, r.matches("(.|a)*(a|.)*(.|a)*(a|.)*[0-9]{20}x")))`,
		`claims.s.matches("a*")`,
		`claims.huge`,
		`claims.many`,
		`claims.deep`,
		`claims.map(k, k)`,
	}
	s := mustSchema(t, nil, Attribute{Name: "x"})
	for _, source := range expressions {
		t.Run(fmt.Sprintf("%.50s", source), func(t *testing.T) {
			m := mustCompile(t, s, Rule{Attribute: "custom:x", Expr: source})
			first, err := m.Apply(claims, nil)
			if err != nil {
				t.Fatal(err)
			}
			second, err := m.Apply(claims, nil)
			if diff := cmp.Diff(first, second); err != nil || diff != "" {
				t.Errorf("another result: %s %v", diff, err)
			}
			limit := 10 * time.Millisecond * slowdown
			if took := fastest(limit, func() { _, _ = m.Apply(claims, nil) }); took > limit {
				t.Errorf("took %v", took)
			}
			if used := leastAllocated(3, func() { _, _ = m.Apply(claims, nil) }); used > 1<<20*slowdown {
				t.Errorf("allocated %d bytes", used)
			}
		})
	}
}

// fastest runs f until it is quick enough, so that a busy machine does not fail the test.
func fastest(limit time.Duration, f func()) time.Duration {
	best := time.Hour
	for range 20 {
		start := time.Now()
		f()
		if best = min(best, time.Since(start)); best <= limit {
			break
		}
	}
	return best
}

// leastAllocated counts what a run allocates in all, which is more than it ever holds.
func leastAllocated(tries int, f func()) uint64 {
	least := uint64(1) << 62
	var before, after runtime.MemStats
	for range tries {
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

func TestA96_ExpressionsRefusedWhenSaved(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "x"}, Attribute{Name: "n", Type: Number})
	tests := []struct{ name, expr, want string }{
		{"too long", `"` + strings.Repeat("x", 1024) + `"`, "at most 1024 are allowed"},
		{"too deep", strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200), "column"},
		{"too many nodes", "[" + strings.Repeat("1,", 511) + "1]", "at most 1024 are allowed"},
		{"no program", `claims.`, "column"},
		{"unknown variable", `claim.email`, "did you mean 'claims'?"},
		{"unknown function", `http.get("https://corp.example")`, "column"},
		{"clock", `now()`, "undeclared reference"},
		{"time zone from a file", `timestamp(0).getHours("Europe/Zurich")`, "undeclared reference"},
		{"environment", `env("HOME")`, "undeclared reference"},
		{"pattern of a claim", `claims.a.matches(claims.b)`, "must be a literal"},
		{"pattern made at run time", `claims.a.matches("(a" + "+)+")`, "must be a literal"},
		{"pattern hidden in a loop", `["(a+)+"].exists(p, claims.a.matches(p))`, "must be a literal"},
		{"large pattern", `claims.a.matches("[a-z]{1000}")`, "repeat less"},
		{"nested repetition", `claims.a.matches("((a{30}){30}){2}")`, "pattern of matches"},
		{"long pattern", `claims.a.matches("` + strings.Repeat("a", 257) + `")`, "at most 256 are allowed"},
		{"broken pattern", `claims.a.matches("(")`, "pattern of matches"},
		{"walked map literal", `{"a": 1, "b": 2}.map(k, k)`, "map literal"},
		{"walked map literal in a list", `[{"a": 1, "b": 2}].map(m, m.map(k, k))`, "map literal"},
		{"walked map literal from a map", `{"x": {"a": 1, "b": 2}}["x"].map(k, k)`, "map literal"},
		{"walked map literal by choice", `(claims.a == "" ? {"a": 1} : {"b": 2}).map(k, k)`, "map literal"},
		{"walked map literal, optional", `{?"a": claims.?b}.map(k, k)`, "map literal"},
		{"bytes", `b"abc"`, "it gives the type bytes"},
		{"duration", `duration("1h")`, "it gives the type"},
		{"type", `type(1)`, "it gives the type"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Compile(s, []Rule{{Attribute: "custom:x", Expr: test.expr}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := Compile(s, []Rule{{Attribute: "custom:n", Expr: "claims.a == 1"}}); err == nil || !strings.Contains(err.Error(), "it gives the type bool, but custom:n is a Number") {
		t.Errorf("a boolean for a number: %v", err)
	}
	for source, accepted := range map[string]bool{"claims.proven": true, "claims.level > 1": true, "claims.level + 1": false, "string(claims.level)": false} {
		_, err := Compile(s, []Rule{from("email", "email"), {Attribute: emailVerified, Expr: source}})
		if accepted && err != nil || !accepted && (err == nil || !strings.Contains(err.Error(), "is a Boolean; end it with a comparison")) {
			t.Errorf("%s for a flag: %v", source, err)
		}
	}
}

func TestA97_RequiredAbsentAndImmutableChanged(t *testing.T) {
	s := mustSchema(t, []string{"email", "family_name", "custom:staff"}, Attribute{Name: "staff", Immutable: true}, Attribute{Name: "dept"})
	m := mustCompile(t, s, from("email", "email"), Rule{Attribute: "family_name", From: []string{"family_name"}, OnMissing: Ask}, from("custom:staff", "staff"), from("custom:dept", "dept"))

	t.Run("absent: everything that is missing is named", func(t *testing.T) {
		r := apply(t, m, `{"dept":"12"}`, nil)
		want := []Missing{
			{"family_name", "family_name", "was not sent", Ask},
			{"email", "email", "was not sent", Refuse},
			{"custom:staff", "staff", "was not sent", Refuse},
		}
		if diff := cmp.Diff(want, r.Missing); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("absent but known: kept, not missing", func(t *testing.T) {
		r := apply(t, m, `{}`, Attributes{"email": "a@corp.example", "family_name": "M", "custom:staff": "7"})
		if len(r.Missing)+len(r.Set)+len(r.Kept) != 0 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("immutable changed: kept and reported, the rest goes on", func(t *testing.T) {
		r := apply(t, m, `{"email":"b@corp.example","staff":"8","dept":"12"}`, Attributes{"email": "a@corp.example", "family_name": "M", "custom:staff": "7"})
		want := &Result{Set: Attributes{"email": "b@corp.example", emailVerified: "false", "custom:dept": "12"}, Kept: []string{"custom:staff"}}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("required without a rule: refused when configured", func(t *testing.T) {
		_, err := Compile(s, []Rule{from("email", "email"), from("custom:staff", "staff")})
		want := `required attribute "family_name" has no rule; say where it comes from, for example: family_name: {from: family_name, on_missing: ask}`
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
	t.Run("required but skipped: refused when configured", func(t *testing.T) {
		if _, err := Compile(mustSchema(t, []string{"email"}), []Rule{{Attribute: "email", From: []string{"email"}, OnMissing: Skip}}); err == nil {
			t.Error("accepted")
		}
	})
}

func wide(n int) map[string]any {
	members := make(map[string]any, n)
	for i := range n {
		members[fmt.Sprint("m", i)] = "x"
	}
	return members
}

func nest(n int) any {
	var value any = "x"
	for range n {
		value = []any{value}
	}
	return value
}

func nestObject(n int) any {
	var value any = "x"
	for range n {
		value = map[string]any{"a": value}
	}
	return value
}
