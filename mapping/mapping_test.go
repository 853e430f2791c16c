package mapping

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustSchema(t testing.TB, required []string, custom ...Attribute) *Schema {
	t.Helper()
	s, err := NewSchema(required, custom)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustCompile(t testing.TB, s *Schema, rules ...Rule) *Mapping {
	t.Helper()
	m, err := Compile(s, rules)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// decode reads claims as idp does, with numbers as json.Number.
func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var claims map[string]any
	if err := decoder.Decode(&claims); err != nil {
		t.Fatalf("claims %s: %v", text, err)
	}
	return claims
}

func apply(t testing.TB, m *Mapping, claims string, current Attributes) *Result {
	t.Helper()
	r, err := m.Apply(decode(t, claims), current)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func from(attribute string, claims ...string) Rule { return Rule{Attribute: attribute, From: claims} }

func TestApplySources(t *testing.T) {
	constant := "emea"
	s := mustSchema(t, nil, Attribute{Name: "dept"}, Attribute{Name: "level", Type: Number},
		Attribute{Name: "staff", Type: Boolean}, Attribute{Name: "hired", Type: DateTime})
	tests := []struct {
		name   string
		rule   Rule
		claims string
		want   string // "" means not set
	}{
		{"claim", from("family_name", "family_name"), `{"family_name":"Muster"}`, "Muster"},
		{"claim named by a URL", from("nickname", "https://corp.example/nick"), `{"https://corp.example/nick":"Ana"}`, "Ana"},
		{"pointer", from("custom:dept", "/address/locality"), `{"address":{"locality":"Bern"}}`, "Bern"},
		{"pointer into a list", from("email", "/emails/1"), `{"emails":["x","ana@corp.example"]}`, "ana@corp.example"},
		{"pointer with escapes", from("nickname", "/a~1b/~01"), `{"a/b":{"~1":"deep"}}`, "deep"},
		{"pointer past the list", from("nickname", "/n/2"), `{"n":["a"]}`, ""},
		{"pointer with leading zero", from("nickname", "/n/00"), `{"n":["a"]}`, ""},
		{"pointer through a string", from("nickname", "/n/x"), `{"n":"a"}`, ""},
		{"first claim wins", from("name", "name", "display"), `{"name":"A","display":"B"}`, "A"},
		{"fallback when absent", from("name", "name", "display"), `{"display":"B"}`, "B"},
		{"fallback when null", from("name", "name", "display"), `{"name":null,"display":"B"}`, "B"},
		{"fallback when blank", from("name", "name", "display"), `{"name":" ","display":"B"}`, "B"},
		{"fallback when unusable", from("name", "name", "display"), `{"name":["x"],"display":"B"}`, "B"},
		{"constant", Rule{Attribute: "custom:dept", Value: &constant}, `{}`, "emea"},
		{"default", Rule{Attribute: "locale", From: []string{"locale"}, Default: "en"}, `{}`, "en"},
		{"default not used", Rule{Attribute: "locale", From: []string{"locale"}, Default: "en"}, `{"locale":"de-CH"}`, "de-CH"},
		{"boolean as text", from("custom:dept", "x"), `{"x":true}`, "true"},
		{"boolean", from("custom:staff", "x"), `{"x":false}`, "false"},
		{"boolean in a string", from("custom:staff", "x"), `{"x":"true"}`, "true"},
		{"boolean of a number", from("custom:staff", "x"), `{"x":1}`, ""},
		{"boolean of another string", from("custom:staff", "x"), `{"x":"yes"}`, ""},
		{"number", from("custom:level", "x"), `{"x":12}`, "12"},
		{"number keeps its digits", from("custom:level", "x"), `{"x":12345678901234567890}`, "12345678901234567890"},
		{"number with exponent", from("custom:level", "x"), `{"x":1.5e3}`, "1500"},
		{"number too large", from("custom:level", "x"), `{"x":1e300}`, ""},
		{"number out of range", from("custom:level", "x"), `{"x":1e999}`, ""},
		{"number in a string", from("custom:level", "x"), `{"x":"-0.50"}`, "-0.50"},
		{"number of a word", from("custom:level", "x"), `{"x":"twelve"}`, ""},
		{"number as text", from("custom:dept", "x"), `{"x":12}`, "12"},
		{"time", from("custom:hired", "x"), `{"x":"2026-11-20T09:14:03+01:00"}`, "2026-11-20T09:14:03+01:00"},
		{"time in seconds", from("custom:hired", "x"), `{"x":1767607200}`, "2026-01-05T10:00:00Z"},
		{"time of a word", from("custom:hired", "x"), `{"x":"yesterday"}`, ""},
		{"list as JSON", from("custom:dept", "x"), `{"x":["b","a",1,null,{"z":1,"y":"\""}]}`, `["b","a",1,null,{"y":"\"","z":1}]`},
		{"list in a single attribute", from("name", "x"), `{"x":["b"]}`, ""},
		{"address object", from("address", "address"), `{"address":{"locality":"Bern","country":"CH"}}`, `{"country":"CH","locality":"Bern"}`},
		{"address text", from("address", "address"), `{"address":"Amthausgasse 1\nBern"}`, "Amthausgasse 1\nBern"},
		{"phone with separators", from("phone_number", "p"), `{"p":"+41 (44) 555-01.00"}`, "+41445550100"},
		{"phone without plus", from("phone_number", "p"), `{"p":"044 555 01 00"}`, ""},
		{"phone too long", from("phone_number", "p"), `{"p":"+1234567890123456"}`, ""},
		{"birthdate", from("birthdate", "b"), `{"b":"1984-02-29"}`, "1984-02-29"},
		{"birthdate without year", from("birthdate", "b"), `{"b":"0000-02-29"}`, "0000-02-29"},
		{"birthdate that is no day", from("birthdate", "b"), `{"b":"1983-02-29"}`, ""},
		{"birthdate of a year", from("birthdate", "b"), `{"b":"1984"}`, ""},
		{"email of two domains", from("email", "e"), `{"e":"ana@corp.example@evil.example"}`, ""},
		{"updated_at", from("updated_at", "u"), `{"u":1767607200}`, "1767607200"},
		{"updated_at negative", from("updated_at", "u"), `{"u":-1}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := mustCompile(t, s, test.rule)
			for decoder, claims := range map[string]map[string]any{"json.Number": decode(t, test.claims), "float64": nil} {
				if claims == nil {
					if err := json.Unmarshal([]byte(test.claims), &claims); err != nil {
						if strings.Contains(err.Error(), "1e999") {
							continue
						}
						t.Fatal(err)
					}
					if strings.Contains(test.claims, "12345678901234567890") {
						continue // float64 cannot keep it
					}
				}
				r, err := m.Apply(claims, nil)
				if err != nil {
					t.Fatal(err)
				}
				if got := r.Set[test.rule.Attribute]; got != test.want {
					t.Errorf("%s: got %q, want %q; unusable %v", decoder, got, test.want, r.Unusable)
				}
			}
		})
	}
}

func TestApplyWriteModes(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "dept"}, Attribute{Name: "badge", Immutable: true})
	tests := []struct {
		name    string
		rule    Rule
		current Attributes
		want    Result
	}{
		{"always changes", Rule{Attribute: "custom:dept"}, Attributes{"custom:dept": "old"}, Result{Set: Attributes{"custom:dept": "new"}}},
		{"equal is no change", Rule{Attribute: "custom:dept"}, Attributes{"custom:dept": "new"}, Result{}},
		{"once writes first", Rule{Attribute: "custom:dept", Write: Once}, nil, Result{Set: Attributes{"custom:dept": "new"}}},
		{"once keeps", Rule{Attribute: "custom:dept", Write: Once}, Attributes{"custom:dept": "old"}, Result{}},
		{"once keeps a cleared value", Rule{Attribute: "custom:dept", Write: Once}, Attributes{"custom:dept": ""}, Result{}},
		{"if_empty keeps", Rule{Attribute: "custom:dept", Write: IfEmpty}, Attributes{"custom:dept": "old"}, Result{}},
		{"if_empty fills a cleared value", Rule{Attribute: "custom:dept", Write: IfEmpty}, Attributes{"custom:dept": ""}, Result{Set: Attributes{"custom:dept": "new"}}},
		{"immutable writes first", Rule{Attribute: "custom:badge"}, nil, Result{Set: Attributes{"custom:badge": "new"}}},
		{"immutable keeps and says so", Rule{Attribute: "custom:badge"}, Attributes{"custom:badge": "old"}, Result{Kept: []string{"custom:badge"}}},
		{"immutable equal is no news", Rule{Attribute: "custom:badge"}, Attributes{"custom:badge": "new"}, Result{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.rule.From = []string{"x"}
			got := apply(t, mustCompile(t, s, test.rule), `{"x":"new"}`, test.current)
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Error(diff)
			}
			if vanished := apply(t, mustCompile(t, s, test.rule), `{}`, test.current); len(vanished.Set)+len(vanished.Missing) > 0 {
				t.Errorf("a claim that vanishes changed something: %+v", vanished)
			}
		})
	}
}

func TestApplyMissing(t *testing.T) {
	s := mustSchema(t, []string{"email", "family_name", "given_name", "birthdate"})
	m := mustCompile(t, s,
		from("email", "email", "upn"),
		Rule{Attribute: "family_name", From: []string{"family_name"}, OnMissing: Ask},
		Rule{Attribute: "given_name", Expr: "claims.first.trim()", OnMissing: Ask},
		Rule{Attribute: "birthdate", From: []string{"birthdate"}, OnMissing: Refuse},
		Rule{Attribute: "nickname", From: []string{"nickname"}, OnMissing: Ask},
		from("picture", "picture"))
	got := apply(t, m, `{"birthdate":"1984","picture":{"url":"x"}}`, Attributes{"nickname": "Ani"})
	want := &Result{
		Missing: []Missing{
			{"given_name", "claims.first.trim()", "has no value: the expression found nothing", Ask},
			{"family_name", "family_name", "was not sent", Ask},
			{"email", "email, upn", "was not sent", Refuse},
			{"birthdate", "birthdate", "claim birthdate is not a date in the form YYYY-MM-DD; the year may be 0000", Refuse},
		},
		Unusable: []Missing{{"picture", "picture", "claim picture is an object, but picture is a single String; take one member with a JSON pointer", Skip}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
