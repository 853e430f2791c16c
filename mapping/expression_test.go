package mapping

import (
	"slices"
	"strings"
	"testing"
)

func TestExpressions(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "x"})
	const claims = `{"email":"Ana.Muster@Corp.Example","name":"Ana  Muster","upn":"ana@corp.example","level":3,"half":1.5,
		"big":12345678901234567890,"staff":true,"groups":["app-a","app-b","all"],"address":{"locality":"Bern","country":"CH"},
		"null":null,"empty":"","mixed":["a",1],"iat":1767607200}`
	tests := []struct{ expr, want, reason string }{
		{expr: `claims.email.lowerAscii()`, want: "ana.muster@corp.example"},
		{expr: `claims.email.upperAscii()`, want: "ANA.MUSTER@CORP.EXAMPLE"},
		{expr: `claims.email.split("@")[0]`, want: "Ana.Muster"},
		{expr: `claims.email.replace(".", "_")`, want: "Ana_Muster@Corp_Example"},
		{expr: `claims.email.substring(0, claims.email.indexOf("@"))`, want: "Ana.Muster"},
		{expr: `claims.email.substring(claims.email.lastIndexOf(".") + 1)`, want: "Example"},
		{expr: `"äöü".substring(1, 2) + string("äöü".indexOf("ü"))`, want: "ö2"},
		{expr: `"abc".substring(-1, 99)`, want: "abc"},
		{expr: `"abc".substring(2, 1)`, want: ""},
		{expr: `claims.name.split(" ").filter(w, w != "").join(" ")`, want: "Ana Muster"},
		{expr: `claims.groups.filter(g, g.startsWith("app-")).map(g, g.substring(4)).join(",")`, want: "a,b"},
		{expr: `claims.groups.filter(g, g.startsWith("app-"))`, want: `["app-a","app-b"]`},
		{expr: `claims.groups.join()`, want: "app-aapp-ball"},
		{expr: `claims.level + 1`, want: "4"},
		{expr: `claims.level > 2.5 ? "senior" : "junior"`, want: "senior"},
		{expr: `claims.half * 2.0`, want: "3"},
		{expr: `claims.staff`, want: "true"},
		{expr: `claims.staff && claims.level >= 3`, want: "true"},
		{expr: `timestamp(claims.iat)`, want: "2026-01-05T10:00:00Z"},
		{expr: `claims.address`, want: `{"country":"CH","locality":"Bern"}`},
		{expr: `claims.address.map(k, k).join("/")`, want: "country/locality"},
		{expr: `{"CH": "Switzerland"}[claims.address.country]`, want: "Switzerland"},
		{expr: `{"b": [1, {"c": null}], "a": claims.staff}`, want: `{"a":true,"b":[1,{"c":null}]}`},
		{expr: `claims.email.matches("^[^@]+@corp\\.")`, want: "false"},
		{expr: `claims.email.matches("(?i)@corp\\.example$")`, want: "true"},
		{expr: `" a ".trim()`, want: "a"},
		{expr: `has(claims.department) ? claims.department : "none"`, want: "none"},
		{expr: `claims.?department.orValue("none")`, want: "none"},
		{expr: `"upn" in claims ? claims.upn : claims.email`, want: "ana@corp.example"},
		{expr: `claims["upn"]`, want: "ana@corp.example"},
		{expr: `claims.exists(k, k == "upn") ? "yes" : "no"`, want: "yes"},

		// Absent: the attribute is missing, the sign-in is not broken.
		{expr: `claims.department`, reason: "nothing"},
		{expr: `claims.department.lowerAscii()`, reason: "nothing"},
		{expr: `claims.address.street`, reason: "nothing"},
		{expr: `claims["department"]`, reason: "nothing"},
		{expr: `claims.groups[7]`, reason: "nothing"},
		{expr: `claims.name.split("-")[1]`, reason: "nothing"},
		{expr: `claims.?department`, reason: "nothing"},
		{expr: `claims["null"]`, reason: "nothing"},
		{expr: `claims.empty`, reason: "nothing"},

		// Other types than expected: the reason names kinds, never values.
		{expr: `claims.level.lowerAscii()`, reason: "no such overload"},
		{expr: `claims.email + 1`, reason: "no such overload"},
		{expr: `int(claims.email)`, reason: "has other types than it expects"},
		{expr: `claims.big + 1`, reason: "no such overload"},
		{expr: `claims.mixed.join(",")`, reason: "holds more than strings"},
		{expr: `claims.level / 0`, reason: "has other types than it expects"},
		{expr: `{1: "a"}`, reason: "keys are not all strings"},
		{expr: `claims.email.split("").map(c, claims.groups.map(g, c + g + claims.email))`, reason: "JSON of more than 2048 bytes"},
	}
	for _, test := range tests {
		t.Run(test.expr, func(t *testing.T) {
			r := apply(t, mustCompile(t, s, Rule{Attribute: "custom:x", Expr: test.expr, OnMissing: Ask}), claims, nil)
			if got := r.Set["custom:x"]; got != test.want {
				t.Errorf("got %q, want %q; missing %v", got, test.want, r.Missing)
			}
			if test.want != "" || test.reason == "" {
				return
			}
			if len(r.Missing) != 1 || !strings.Contains(r.Missing[0].Reason, test.reason) {
				t.Errorf("missing %v, want the reason %q", r.Missing, test.reason)
			}
			if strings.Contains(r.Missing[0].Reason, "Muster") {
				t.Errorf("the reason quotes a claim: %s", r.Missing[0].Reason)
			}
		})
	}
}

func TestNeeds(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "x"})
	tests := []struct {
		expr string
		want []string
		all  bool
	}{
		{`claims.a`, []string{"a"}, false},
		{`claims.a.b["c"]`, []string{"a"}, false},
		{`claims["a"] + claims['b']`, []string{"a", "b"}, false},
		{`claims.?a.orValue(claims[?"b"].orValue(""))`, []string{"a", "b"}, false},
		{`has(claims.a) ? claims.b : ""`, []string{"a", "b"}, false},
		{`"a" in claims`, []string{"a"}, false},
		{`claims.a in ["claims"]`, []string{"a"}, false},
		{`claims.l.filter(x, x == claims.y)`, []string{"l", "y"}, false},
		{`claims[claims.a]`, []string{"a"}, true},
		{`claims["a" + "b"]`, nil, true},
		{`claims.map(k, k)`, nil, true},
		{`[claims][0].a`, nil, true},
		{`size(claims)`, nil, true},
		{`claims == {} ? "" : ""`, nil, true},
		{`claims in [claims.a]`, []string{"a"}, true},
		{`"constant"`, nil, false},
	}
	for _, test := range tests {
		t.Run(test.expr, func(t *testing.T) {
			m, err := Compile(s, []Rule{{Attribute: "custom:x", Expr: test.expr}})
			if strings.Contains(test.expr, "{}") {
				if err == nil {
					t.Fatal("a compared map literal was accepted")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Needs(); !slices.Equal(got, test.want) || m.NeedsAll() != test.all {
				t.Errorf("got %v %t, want %v %t", got, m.NeedsAll(), test.want, test.all)
			}
		})
	}
	m := mustCompile(t, s, from("email", "mail", "/upn/0"), from("custom:x", "b"), Rule{Attribute: "name", Expr: "claims.a"})
	if got := m.Needs(); !slices.Equal(got, []string{"a", "b", "mail", "upn"}) || m.NeedsAll() {
		t.Errorf("all kinds of rules: %v", got)
	}
}
