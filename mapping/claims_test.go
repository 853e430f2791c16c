package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// claimSchema has an attribute of each type.
func claimSchema(t testing.TB) *Schema {
	return mustSchema(t, []string{"email"}, Attribute{Name: "dept"}, Attribute{Name: "groups"}, Attribute{Name: "level", Type: Number},
		Attribute{Name: "staff", Type: Boolean}, Attribute{Name: "hired", Type: DateTime})
}

// ana is a person as hub/grant shows one.
func ana() Attributes {
	return Attributes{
		"sub": "6f1d", "username": "ana", "email": "ana@corp.example", emailVerified: "true", "updated_at": "1767607200", "nickname": "",
		"address": `{"locality":"Bern"}`, "custom:dept": "Sales", "custom:groups": `["admin","app-a","app-b"]`, "custom:level": "007",
		"custom:staff": "true", "custom:hired": "2026-11-20T09:14:03Z",
	}
}

func mustClaims(t testing.TB, s *Schema, rules ...ClaimRule) *Claims {
	t.Helper()
	c, err := CompileClaims(s, rules)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// written is what Apply gives, as JSON text by claim.
func written(claims map[string]any) map[string]string {
	texts := map[string]string{}
	for name, value := range claims {
		text, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		texts[name] = string(text)
	}
	return texts
}

func TestClaims(t *testing.T) {
	s := claimSchema(t)
	tests := []struct {
		rule         ClaimRule
		want, reason string
	}{
		{rule: ClaimRule{Attribute: "custom:dept"}, want: `"Sales"`},
		{rule: ClaimRule{Attribute: "sub"}, want: `"6f1d"`},
		{rule: ClaimRule{Attribute: "username"}, want: `"ana"`},
		{rule: ClaimRule{Attribute: "custom:level"}, want: `7`},
		{rule: ClaimRule{Attribute: "custom:staff"}, want: `true`},
		{rule: ClaimRule{Attribute: emailVerified}, want: `true`},
		{rule: ClaimRule{Attribute: "custom:hired"}, want: `"2026-11-20T09:14:03Z"`},
		{rule: ClaimRule{Attribute: "updated_at"}, want: `1767607200`},
		{rule: ClaimRule{Attribute: "address"}, want: `{"locality":"Bern"}`},
		{rule: ClaimRule{Attribute: "custom:groups"}, want: `"[\"admin\",\"app-a\",\"app-b\"]"`},
		{rule: ClaimRule{Attribute: "nickname"}},
		{rule: ClaimRule{Attribute: "family_name"}},
		{rule: ClaimRule{Value: new("emea")}, want: `"emea"`},
		{rule: ClaimRule{Expr: `user["custom:groups"].list()`}, want: `["admin","app-a","app-b"]`},
		{rule: ClaimRule{Expr: `user["custom:groups"].list().filter(g, g.startsWith("app-")).map(g, g.substring(4))`}, want: `["a","b"]`},
		{rule: ClaimRule{Expr: `"admin" in user["custom:groups"].list()`}, want: `true`},
		{rule: ClaimRule{Expr: `int(user["custom:level"]) + 1`}, want: `8`},
		{rule: ClaimRule{Expr: `user.email.split("@")[1]`}, want: `"corp.example"`},
		{rule: ClaimRule{Expr: `{"x-user": user.sub, "x-roles": ["user"], "x-staff": user["custom:staff"] == "true"}`},
			want: `{"x-roles":["user"],"x-staff":true,"x-user":"6f1d"}`},
		{rule: ClaimRule{Expr: `client_id == "app" && "orders/read" in scopes`}, want: `true`},
		{rule: ClaimRule{Expr: `scopes.filter(s, s.contains("/"))`}, want: `["orders/read"]`},
		{rule: ClaimRule{Expr: `user.map(k, k).filter(k, !k.startsWith("custom:")).join(",")`}, want: `"address,email,email_verified,sub,updated_at,username"`},
		{rule: ClaimRule{Expr: `user.?nickname.orValue("none")`}, want: `"none"`},
		{rule: ClaimRule{Expr: `user.?nickname`}},
		{rule: ClaimRule{Expr: `user.nickname`}},
		{rule: ClaimRule{Expr: `user.family_name.lowerAscii()`}},
		{rule: ClaimRule{Expr: `has(user.family_name)`}, want: `false`},
		{rule: ClaimRule{Expr: `""`}},
		{rule: ClaimRule{Expr: `[]`}, want: `[]`},
		{rule: ClaimRule{Expr: `int(user.email)`}, reason: "has other types than it expects"},
		{rule: ClaimRule{Expr: `user.email.list()`}, reason: "the JSON text of a list"},
		{rule: ClaimRule{Expr: `"[1]".list()`}, reason: "holds more than strings"},
		{rule: ClaimRule{Expr: `"null".list()`}, reason: "the JSON text of a list"},
	}
	for _, test := range tests {
		t.Run(test.rule.Attribute+test.rule.Expr, func(t *testing.T) {
			test.rule.Claim = "x"
			claims, left := mustClaims(t, s, test.rule).Apply(ana(), nil, "app", []string{"openid", "orders/read"}, IDToken)
			if got := written(claims)["x"]; got != test.want {
				t.Errorf("got %s, want %s; left out %v", got, test.want, left)
			}
			if (len(left) > 0) != (test.reason != "") || len(left) > 0 && !strings.Contains(left[0].Reason, test.reason) {
				t.Errorf("left out %v, want %q", left, test.reason)
			}
			if len(left) > 0 && strings.Contains(left[0].Reason, "corp.example") {
				t.Errorf("the reason quotes an attribute: %s", left[0].Reason)
			}
		})
	}
}

// TestClaimsByToken: each token gets its own, a client's rule stands over the pool's, and a client that acts for itself
// gets what speaks of nobody.
func TestClaimsByToken(t *testing.T) {
	s := claimSchema(t)
	pool := mustClaims(t, s, ClaimRule{Claim: "dept", Attribute: "custom:dept"}, ClaimRule{Claim: "tier", Value: new("pool"), In: []string{"access"}},
		ClaimRule{Claim: "client", Expr: "client_id", In: []string{"id", "access"}})
	own := mustClaims(t, s, ClaimRule{Claim: "tier", Value: new("own"), In: []string{"id"}})
	both := pool.With(own)
	for _, test := range []struct {
		claims *Claims
		person Attributes
		use    string
		want   map[string]string
	}{
		{pool, ana(), IDToken, map[string]string{"dept": `"Sales"`, "client": `"app"`}},
		{pool, ana(), AccessToken, map[string]string{"tier": `"pool"`, "client": `"app"`}},
		{both, ana(), IDToken, map[string]string{"dept": `"Sales"`, "client": `"app"`, "tier": `"own"`}},
		{both, ana(), AccessToken, map[string]string{"client": `"app"`}},
		{both, nil, AccessToken, map[string]string{"client": `"app"`}},
		{pool.With(nil), nil, AccessToken, map[string]string{"tier": `"pool"`, "client": `"app"`}},
		{(*Claims)(nil).With(own), nil, IDToken, map[string]string{"tier": `"own"`}},
		{nil, ana(), IDToken, map[string]string{}},
	} {
		claims, left := test.claims.Apply(test.person, nil, "app", nil, test.use)
		if diff := cmp.Diff(test.want, written(claims)); diff != "" || len(left) > 0 {
			t.Errorf("%s: %s %v", test.use, diff, left)
		}
	}
	if got := pool.Reads("dept"); !slices.Equal(got, []string{"custom:dept"}) || pool.Reads("tier") != nil || pool.Reads("none") != nil {
		t.Errorf("reads %v", got)
	}
	if got := mustClaims(t, s, ClaimRule{Claim: "x", Expr: "user.email + user.sub"}).Reads("x"); !slices.Equal(got, []string{"email", "sub"}) {
		t.Errorf("reads %v", got)
	}
}

// TestClaimProblems holds the sentences operators read against testdata/claims.golden.
func TestClaimProblems(t *testing.T) {
	s := claimSchema(t)
	tests := []struct {
		name  string
		rules []ClaimRule
	}{
		{"sources", []ClaimRule{{Claim: "a"}, {Claim: "b", Attribute: "email", Value: new("x")}, {Claim: "c", Value: new("")}, {Claim: "d", Value: new("a\x00b")}}},
		{"attributes", []ClaimRule{{Claim: "a", Attribute: "dept"}, {Claim: "b", Attribute: "emial"}, {Claim: "c", Attribute: "shoe_size"}}},
		{"tokens", []ClaimRule{{Claim: "a", Attribute: "email", In: []string{"id", "refresh"}}}},
		{"twice", []ClaimRule{{Claim: "dept", Value: new("x")}, {Claim: "Dept", Value: new("x")}}},
		{"names", []ClaimRule{{Claim: "", Value: new("x")}, {Claim: "a b", Value: new("x")}, {Claim: "größe", Value: new("x")}, {Claim: strings.Repeat("x", 129), Value: new("x")}}},
		{"the hub's own", []ClaimRule{{Claim: "sub", Attribute: "email"}, {Claim: "Cognito:groups", Value: new("x")}}},
		{"attributes' names", []ClaimRule{{Claim: "email", Value: new("x")}, {Claim: "Email_Verified", Attribute: emailVerified},
			{Claim: "custom:dept", Expr: "user.email"}, {Claim: "custom:none", Value: new("x")}}},
		{"expressions", []ClaimRule{{Claim: "a", Expr: "user.email +"}, {Claim: "b", Expr: "claims.email"}, {Claim: "c", Expr: "user.emial"},
			{Claim: "d", Expr: `user.email == 1`}, {Claim: "e", Expr: `b"x"`}, {Claim: "f", Expr: `user["custom:dep"]`}}},
	}
	var text strings.Builder
	for _, test := range tests {
		_, err := CompileClaims(s, test.rules)
		var problems Problems
		if !errors.As(err, &problems) {
			t.Fatalf("%s: got %v, want problems", test.name, err)
		}
		fmt.Fprintf(&text, "== %s\n%v\n\n", test.name, err)
	}
	const golden = "testdata/claims.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if text.String() != string(want) {
		t.Errorf("the sentences changed; read them, then run the test with -update:\n%s", text.String())
	}
	if _, err := CompileClaims(s, make([]ClaimRule, maxClaims+1)); err == nil {
		t.Error("51 claims were accepted")
	}
}

// TestA34_ReservedClaimsAreRefused: no rule of whatever kind makes a claim that apps take for the hub's word, nor gives an
// attribute's name to something else.
func TestA34_ReservedClaimsAreRefused(t *testing.T) {
	s := claimSchema(t)
	names := strings.Fields(`iss sub aud exp nbf iat jti nonce at_hash c_hash s_hash auth_time acr amr azp sid token_use client_id scope
		username version origin_jti event_id device_key cnf act may_act events identities cognito:username cognito:groups cognito:roles
		cognito:preferred_role cognito:anything Sub ISS Token_Use Cognito:Groups COGNITO:x _claim_names _claim_sources sub_jwk`)
	for _, a := range s.Attributes() {
		names = append(names, a.Name, strings.ToUpper(a.Name))
	}
	names = append(names, "custom:undeclared", "Custom:x", "ſub", "\u212aey", "su\u200bb", "sub ", " sub", "sub\x00")
	for _, name := range names {
		for _, rule := range []ClaimRule{
			{Claim: name, Value: new("x")}, {Claim: name, Expr: `"x"`}, {Claim: name, Attribute: "username"}, {Claim: name, Attribute: "custom:dept"},
		} {
			if rule.Attribute == name {
				continue
			}
			var problems Problems
			if _, err := CompileClaims(s, []ClaimRule{rule}); !errors.As(err, &problems) || problems[0].Attribute != name {
				t.Errorf("%+v: %v", rule, err)
			}
		}
	}
	for _, name := range []string{"sub", "username"} {
		if _, err := CompileClaims(s, []ClaimRule{{Claim: name, Attribute: name}}); err == nil {
			t.Errorf("%s as itself was accepted", name)
		}
	}
	for _, a := range s.Attributes() {
		if _, err := CompileClaims(s, []ClaimRule{{Claim: a.Name, Attribute: a.Name, In: []string{"access"}}}); err != nil {
			t.Errorf("%s as itself: %v", a.Name, err)
		}
	}
	for _, name := range []string{"groups", "roles", "department", "https://app.example/roles", "urn:x:y", "user_id"} {
		mustClaims(t, s, ClaimRule{Claim: name, Attribute: "sub"})
	}
}

// TestA95_ClaimsAreBounded: whatever an attribute holds or an expression makes of it, a claim is clean JSON of bounded
// size, or is left out with a reason that quotes nothing.
func TestA95_ClaimsAreBounded(t *testing.T) {
	s := claimSchema(t)
	for name, value := range map[string]string{
		"too long": strings.Repeat("x", 2049), "NUL": "a\x00b", "bidi": "a\u202eb", "invalid UTF-8": "a\xffb", "escape": "a\x1b[31m", "line separator": "a\u2028",
	} {
		for _, rule := range []ClaimRule{{Attribute: "custom:dept"}, {Expr: `user["custom:dept"]`}, {Expr: `[user["custom:dept"]]`}, {Expr: `{user["custom:dept"]: 1}`}} {
			rule.Claim = "x"
			claims, left := mustClaims(t, s, rule).Apply(Attributes{"custom:dept": value}, nil, "app", nil, IDToken)
			if len(claims) != 0 || len(left) != 1 || textProblem(left[0].Reason, false) != "" || len(left[0].Reason) > 250 {
				t.Errorf("%s by %+v: %d claims, left out %q", name, rule, len(claims), left)
			}
		}
	}
	many := Attributes{}
	for i := range 200 {
		many[fmt.Sprint("custom:a", i)] = strings.Repeat("x", 2000)
	}
	many["custom:groups"] = "[" + strings.TrimSuffix(strings.Repeat(`"g",`, 500), ",") + "]"
	for _, source := range []string{
		`user.map(k, user[k])`, `user`, `user["custom:groups"].list().map(a, user["custom:groups"].list().map(b, a + b))`,
		`user["custom:groups"].list().map(a, user["custom:groups"])`, `user["custom:groups"].replace("g", user["custom:groups"])`,
		`user["custom:groups"].list().map(a, user["custom:groups"].list()).map(x, x + x)`,
	} {
		c := mustClaims(t, s, ClaimRule{Claim: "x", Expr: source})
		claims, left := c.Apply(many, nil, "app", nil, IDToken)
		if len(claims) != 0 || len(left) != 1 {
			t.Errorf("%s: %d claims, left out %v", source, len(claims), left)
		}
		limit := 10 * time.Millisecond * slowdown
		if took := fastest(limit, func() { c.Apply(many, nil, "app", nil, IDToken) }); took > limit {
			t.Errorf("%s took %v", source, took)
		}
	}
	c := mustClaims(t, s, ClaimRule{Claim: "x", Attribute: "custom:dept"})
	if claims, left := c.Apply(Attributes{"custom:dept": strings.Repeat("x", 2048)}, nil, "app", nil, IDToken); len(claims) != 1 {
		t.Errorf("2048 bytes: left out %v", left)
	}
}

// FuzzClaims holds that no claim rule panics, and that what compiles gives clean JSON of bounded size under no name of the
// hub's, and the same each time.
func FuzzClaims(f *testing.F) {
	f.Add("dept", "custom:dept", "", "", "ana")
	f.Add("roles", "", `user["custom:groups"].list().filter(g, g != "x")`, "", `["a","x"]`)
	f.Add("https://app.example/c", "", `{"s": scopes, "c": client_id, "n": int(user["custom:level"])}`, "", "7")
	f.Add("sub", "", "", "root", "")
	f.Add("x", "", "user.map(k, [k, user[k]])", "", "a\u202eb")
	s := claimSchema(f)
	f.Fuzz(func(t *testing.T, name, attribute, expr, value, held string) {
		rule := ClaimRule{Claim: name, Attribute: attribute, Expr: expr, In: []string{"id"}}
		if value != "" {
			rule.Value = &value
		}
		c, err := CompileClaims(s, []ClaimRule{rule})
		if err != nil {
			var problems Problems
			if c != nil || !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("claims %v, error %v", c, err)
			}
			return
		}
		if isReserved(name) && !slices.Contains([]string{"entitlements", "groups", "is_admin", "permissions", "role", "roles", "scp", "status"}, strings.ToLower(name)) {
			t.Fatalf("the reserved name %q was accepted", name)
		}
		person := Attributes{"custom:dept": held, "custom:groups": held, "custom:level": held, "email": held, "sub": "s"}
		claims, left := c.Apply(person, nil, "app", []string{"openid"}, IDToken)
		if len(claims) > 1 || len(claims)+len(left) > 1 {
			t.Fatalf("%d claims and %d left out by one rule", len(claims), len(left))
		}
		text, err := json.Marshal(claims)
		if err != nil || len(text) > 2*maxValueBytes+maxClaimName+20 || textProblem(string(text), false) != "" {
			t.Fatalf("claims of %d bytes: %v", len(text), err)
		}
		again, _ := c.Apply(person, nil, "app", []string{"openid"}, IDToken)
		if diff := cmp.Diff(written(claims), written(again)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkClaims(b *testing.B) {
	s := claimSchema(b)
	person := ana()
	for name, rule := range map[string]ClaimRule{
		"attribute": {Attribute: "custom:dept"}, "value": {Value: new("emea")}, "expr": {Expr: `user["custom:groups"].list().filter(g, g.startsWith("app-"))`},
	} {
		rule.Claim = "x"
		c := mustClaims(b, s, rule)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if claims, _ := c.Apply(person, nil, "app", nil, IDToken); len(claims) != 1 {
					b.Fatal(claims)
				}
			}
		})
	}
}
