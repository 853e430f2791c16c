package mapping

import (
	"strings"
	"testing"
)

// verified compiles the two rules most pools have, with what a test changes.
func verified(t *testing.T, email, flag Rule) *Mapping {
	t.Helper()
	email.Attribute, flag.Attribute = "email", emailVerified
	if email.Expr == "" && email.Value == nil && email.From == nil {
		email.From = []string{"email"}
	}
	if flag.Expr == "" && flag.Value == nil && flag.From == nil {
		flag.From = []string{emailVerified}
	}
	return mustCompile(t, mustSchema(t, nil), email, flag)
}

func TestA81_OnlyJSONTrueVerifies(t *testing.T) {
	kinds := map[string]bool{ // JSON value: whether a trusting rule accepts it
		`true`: true, `"true"`: true, `false`: false, `"false"`: false, `"True"`: false, `"TRUE"`: false, `" true"`: false,
		`"yes"`: false, `"1"`: false, `1`: false, `1.0`: false, `0`: false, `null`: false, `""`: false, `[]`: false,
		`[true]`: false, `{}`: false, `{"value":true}`: false, `"t"`: false, ``: false,
	}
	for value, trusted := range kinds {
		for _, trust := range []bool{false, true} {
			claims := `{"email":"ana@corp.example"}`
			if value != "" {
				claims = `{"email":"ana@corp.example","email_verified":` + value + `}`
			}
			want := "false"
			if value == "true" || trust && trusted {
				want = "true"
			}
			m := verified(t, Rule{}, Rule{TrustVerification: trust})
			if got := apply(t, m, claims, nil).Set[emailVerified]; got != want {
				t.Errorf("email_verified %s, trust %t: got %q, want %q", value, trust, got, want)
			}
		}
	}
}

func TestFlagWithoutRuleFollowsAddress(t *testing.T) {
	m := mustCompile(t, mustSchema(t, []string{"email", emailVerified}), from("email", "email"), from("phone_number", "phone"))
	tests := []struct {
		name, claims string
		current      Attributes
		want         string
	}{
		{"new address", `{"email":"a@corp.example","email_verified":true}`, nil, "false"},
		{"changed address", `{"email":"b@corp.example"}`, Attributes{"email": "a@corp.example", emailVerified: "true"}, "false"},
		{"same address", `{"email":"a@corp.example"}`, Attributes{"email": "a@corp.example", emailVerified: "true"}, ""},
		{"no address sent", `{}`, Attributes{"email": "a@corp.example", emailVerified: "true"}, ""},
		{"required flag never set", `{}`, Attributes{"email": "a@corp.example"}, "false"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := apply(t, m, test.claims, test.current).Set[emailVerified]; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestA57_FlagSpeaksAboutOneAddress(t *testing.T) {
	yes, address := "true", "desk@corp.example"
	known := Attributes{"email": "a@corp.example", emailVerified: "true"}
	tests := []struct {
		name        string
		email, flag Rule
		claims      string
		current     Attributes
		want        string // "" if the flag is not touched
	}{
		{"the claim beside it", Rule{}, Rule{}, `{"email":"a@corp.example","email_verified":true}`, nil, "true"},
		{"a fallback is not vouched for", Rule{From: []string{"email", "upn"}}, Rule{}, `{"upn":"a@corp.example","email_verified":true}`, nil, "false"},
		{"the first of the fallbacks is", Rule{From: []string{"email", "upn"}}, Rule{}, `{"email":"a@corp.example","upn":"b@corp.example","email_verified":true}`, nil, "true"},
		{"nested pair", Rule{From: []string{"/contact/email"}}, Rule{From: []string{"/contact/email_verified"}}, `{"contact":{"email":"a@corp.example","email_verified":true}}`, nil, "true"},
		{"flag of another place", Rule{From: []string{"/contact/email"}}, Rule{}, `{"contact":{"email":"a@corp.example"},"email_verified":true}`, nil, "false"},
		{"own name of the flag", Rule{From: []string{"mail", "upn"}}, Rule{From: []string{"mail_ok"}}, `{"mail":"a@corp.example","mail_ok":true}`, nil, "true"},
		{"own name of the flag, fallback", Rule{From: []string{"mail", "upn"}}, Rule{From: []string{"mail_ok"}}, `{"upn":"a@corp.example","mail_ok":true}`, nil, "false"},
		{"constant address", Rule{Value: &address}, Rule{}, `{"email":"a@corp.example","email_verified":true}`, nil, "false"},
		{"default address", Rule{Default: address}, Rule{}, `{"email_verified":true}`, nil, "false"},
		{"expression over the claim beside it", Rule{Expr: "claims.email.lowerAscii()"}, Rule{}, `{"email":"A@corp.example","email_verified":true}`, nil, "true"},
		{"flag by expression", Rule{Expr: "has(claims.email) ? claims.email : claims.upn"}, Rule{Expr: "has(claims.email) && claims.email_verified == true"}, `{"email":"a@corp.example","email_verified":true}`, nil, "true"},
		{"flag by expression says no", Rule{Expr: "has(claims.email) ? claims.email : claims.upn"}, Rule{Expr: "has(claims.email) && claims.email_verified == true"}, `{"upn":"a@corp.example","email_verified":true}`, nil, "false"},
		{"expression without its claim", Rule{}, Rule{Expr: "claims.email_verified"}, `{"email":"a@corp.example"}`, nil, "false"},
		{"expression that fails", Rule{}, Rule{Expr: "claims.level > 3"}, `{"email":"a@corp.example","level":"x"}`, nil, "false"},
		{"trusted constant", Rule{}, Rule{Value: &yes, TrustVerification: true}, `{"email":"a@corp.example"}`, nil, "true"},
		{"trusted default", Rule{}, Rule{Default: "true", TrustVerification: true}, `{"email":"a@corp.example"}`, nil, "true"},
		{"trusted default does not overrule", Rule{}, Rule{Default: "true", TrustVerification: true}, `{"email":"a@corp.example","email_verified":false}`, nil, "false"},
		{"an unusable address has no flag", Rule{}, Rule{}, `{"email":"not an address","email_verified":true}`, nil, ""},
		{"no address, no flag", Rule{}, Rule{}, `{"email_verified":true}`, nil, ""},
		{"kept address keeps its flag", Rule{Write: Once}, Rule{}, `{"email":"evil@corp.example","email_verified":true}`, Attributes{"email": "a@corp.example", emailVerified: "false"}, ""},
		{"vanished address keeps its flag", Rule{}, Rule{}, `{"email_verified":true}`, Attributes{"email": "a@corp.example", emailVerified: "false"}, ""},
		{"changed address is proven anew", Rule{}, Rule{}, `{"email":"b@corp.example","email_verified":true}`, known, ""},
		{"changed address loses the flag", Rule{}, Rule{}, `{"email":"b@corp.example"}`, known, "false"},
		{"changed address loses it whatever the mode", Rule{}, Rule{Write: Once}, `{"email":"b@corp.example"}`, known, "false"},
		{"same address withdrawn", Rule{}, Rule{}, `{"email":"a@corp.example","email_verified":false}`, known, "false"},
		{"same address withdrawn, flag once", Rule{}, Rule{Write: IfEmpty}, `{"email":"a@corp.example","email_verified":false}`, known, ""},
		{"same address proven later", Rule{}, Rule{}, `{"email":"a@corp.example","email_verified":true}`, Attributes{"email": "a@corp.example", emailVerified: "false"}, "true"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := apply(t, verified(t, test.email, test.flag), test.claims, test.current)
			if got := r.Set[emailVerified]; got != test.want {
				t.Errorf("got %q, want %q; set %v", got, test.want, r.Set)
			}
		})
	}
}

func TestA57_FlagRulesThatCannotWork(t *testing.T) {
	yes := "true"
	tests := []struct {
		name, want  string
		email, flag Rule
	}{
		{"expression of two claims", "write email_verified as an expression too", Rule{Expr: "has(claims.email) ? claims.email : claims.upn"}, Rule{}},
		{"expression of any claim", "write email_verified as an expression too", Rule{Expr: "claims[claims.key]"}, Rule{}},
		{"expression of a nested claim", "write email_verified as an expression too", Rule{Expr: "claims.contact.email"}, Rule{From: []string{"/contact/email_verified"}}},
		{"constant without trust", "trust_verification: true", Rule{}, Rule{Value: &yes}},
		{"default without trust", "trust_verification: true", Rule{}, Rule{Default: "true"}},
		{"expression without claims", "trust_verification: true", Rule{}, Rule{Expr: "1 == 1"}},
		{"ask", "leave on_missing out", Rule{}, Rule{OnMissing: Ask}},
		{"refuse", "leave on_missing out", Rule{}, Rule{OnMissing: Refuse}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.email.Attribute, test.flag.Attribute = "email", emailVerified
			if test.email.Expr == "" {
				test.email.From = []string{"email"}
			}
			if test.flag.Expr == "" && test.flag.Value == nil && test.flag.From == nil {
				test.flag.From = []string{emailVerified}
			}
			if _, err := Compile(mustSchema(t, nil), []Rule{test.email, test.flag}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := Compile(mustSchema(t, nil), []Rule{from(emailVerified, emailVerified)}); err == nil || !strings.Contains(err.Error(), "map both") {
		t.Errorf("a flag without its address: %v", err)
	}
}
