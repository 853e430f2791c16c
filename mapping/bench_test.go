package mapping

import (
	"encoding/json"
	"testing"
)

// benchClaims are those of an ordinary ID token.
var benchClaims = map[string]any{
	"iss": "https://login.corp.example", "sub": "2f1c9d", "aud": "7q1example", "exp": json.Number("1767610800"), "iat": json.Number("1767607200"),
	"nonce": "n1", "email": "ana.muster@corp.example", "email_verified": true, "given_name": "Ana", "family_name": "Muster",
	"name": "Ana Muster", "locale": "de-CH", "department": "12", "groups": []any{"app-a", "app-b", "all"},
}

func benchMapping(b *testing.B, extra ...Rule) *Mapping {
	s := mustSchema(b, []string{"email", "family_name", "given_name"}, Attribute{Name: "dept"}, Attribute{Name: "groups"})
	return mustCompile(b, s, append([]Rule{from("username", "sub"), from("email", "email", "upn"), from(emailVerified, emailVerified),
		from("given_name", "given_name"), from("family_name", "family_name"), from("name", "name"),
		Rule{Attribute: "locale", From: []string{"locale"}, Default: "en"}, from("custom:dept", "department")}, extra...)...)
}

func benchApply(b *testing.B, m *Mapping, current Attributes) {
	b.ReportAllocs()
	for b.Loop() {
		if r, err := m.Apply(benchClaims, current); err != nil || len(r.Missing) > 0 {
			b.Fatal(r, err)
		}
	}
}

func BenchmarkApplyNewUser(b *testing.B) { benchApply(b, benchMapping(b), nil) }

func BenchmarkApplyKnownUser(b *testing.B) {
	m := benchMapping(b)
	first, err := m.Apply(benchClaims, nil)
	if err != nil {
		b.Fatal(err)
	}
	benchApply(b, m, first.Set)
}

func BenchmarkApplyWithExpressions(b *testing.B) {
	benchApply(b, benchMapping(b,
		Rule{Attribute: "nickname", Expr: "claims.email.lowerAscii()"},
		Rule{Attribute: "custom:groups", Expr: `claims.groups.filter(g, g.startsWith("app-")).join(",")`}), nil)
}

func BenchmarkRelease(b *testing.B) {
	s := mustSchema(b, nil, Attribute{Name: "dept"})
	attributes := Attributes{"email": "ana.muster@corp.example", emailVerified: "true", "given_name": "Ana", "family_name": "Muster", "custom:dept": "12"}
	scopes := []string{"openid", "profile", "email"}
	b.ReportAllocs()
	for b.Loop() {
		Release(s, attributes, ScopeAttributes(s, scopes, nil), true)
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		benchMapping(b)
	}
}

func BenchmarkCompileWithExpression(b *testing.B) {
	for b.Loop() {
		benchMapping(b, Rule{Attribute: "nickname", Expr: "claims.email.lowerAscii()"})
	}
}
