package mapping

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestProblems holds the sentences operators read against testdata/problems.golden.
func TestProblems(t *testing.T) {
	empty, long, word := "", strings.Repeat("x", 3000), "soon"
	s := mustSchema(t, []string{"email", "family_name", "custom:dept"},
		Attribute{Name: "dept"}, Attribute{Name: "level", Type: Number}, Attribute{Name: "staff", Type: Boolean})
	tests := []struct {
		name  string
		rules []Rule
	}{
		{"nothing is mapped", nil},
		{"unknown and misspelt attributes", []Rule{from("famly_name", "family_name"), from("dept", "department"), from("shoe_size", "x"), from("custom:depd", "x")}},
		{"protected attributes", []Rule{from("sub", "sub"), from("username", "email"), from("cognito:groups", "groups"), from("roles", "roles"), from("iss", "iss")}},
		{"two rules for one attribute", []Rule{from("email", "mail"), from("email", "upn")}},
		{"sources", []Rule{
			{Attribute: "name"},
			{Attribute: "nickname", From: []string{"a"}, Expr: "claims.b"},
			{Attribute: "locale", Value: &empty},
			{Attribute: "zoneinfo", Value: &long},
			{Attribute: "custom:level", Value: &word},
		}},
		{"claims", []Rule{from("name", "a", ""), from("nickname", "/a~2"), from("locale", "/"), from("gender", "//a"),
			from("website", strings.Repeat("x", 300)), from("picture", "a\u202eb"), from("profile", strings.Split(strings.Repeat("a ", 16), " ")...),
			from("zoneinfo", strings.Repeat("/a", 34))}},
		{"choices", []Rule{
			{Attribute: "name", From: []string{"name"}, OnMissing: "prompt", Write: "sometimes"},
			{Attribute: "nickname", From: []string{"nickname"}, OnMissing: UseDefault},
			{Attribute: "locale", From: []string{"locale"}, OnMissing: Ask, Default: "en"},
			{Attribute: "birthdate", From: []string{"birthdate"}, Default: "1984"},
			{Attribute: "family_name", From: []string{"family_name"}, OnMissing: Skip},
			{Attribute: "email", From: []string{"email"}, TrustVerification: true},
		}},
		{"verified flags", []Rule{
			{Attribute: "email", Expr: "has(claims.mail) ? claims.mail : claims.upn"},
			{Attribute: "email_verified", From: []string{"email_verified"}, OnMissing: Ask},
			{Attribute: "phone_number_verified", From: []string{"phone_number_verified"}},
		}},
		{"expressions", []Rule{
			{Attribute: "name", Expr: "claims.name +"},
			{Attribute: "nickname", Expr: "claim.nickname"},
			{Attribute: "locale", Expr: "claims.locale.toLower()"},
			{Attribute: "gender", Expr: "claims.gender.matches(claims.pattern)"},
			{Attribute: "custom:staff", Expr: "size(claims.groups)"},
			{Attribute: "zoneinfo", Expr: "duration('1h')"},
		}},
	}
	var text strings.Builder
	for _, test := range tests {
		_, err := Compile(s, test.rules)
		var problems Problems
		if !errors.As(err, &problems) {
			t.Fatalf("%s: got %v, want problems", test.name, err)
		}
		fmt.Fprintf(&text, "== %s\n%v\n\n", test.name, err)
	}
	const golden = "testdata/problems.golden"
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
}

func TestCompileManyRules(t *testing.T) {
	if _, err := Compile(mustSchema(t, nil), make([]Rule, 101)); err == nil {
		t.Error("101 rules were accepted")
	}
}

// TestLanguageIsLazy holds the start-up time: a pool without expressions must not pay for CEL.
func TestLanguageIsLazy(t *testing.T) {
	s := mustSchema(t, nil)
	plain := []Rule{from("email", "email"), from(emailVerified, emailVerified), from("name", "name")}
	if n := testing.AllocsPerRun(10, func() { _, _ = Compile(s, plain) }); n > 100 {
		t.Errorf("compiling plain rules takes %.0f allocations", n)
	}
}

func TestMissingString(t *testing.T) {
	for want, m := range map[string]Missing{
		"family_name: was not sent (from family_name, sn)": {"family_name", "family_name, sn", "was not sent", Ask},
		"locale: has no value":                             {"locale", "", "has no value", Refuse},
	} {
		if got := m.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
