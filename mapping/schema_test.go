package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestNewSchema(t *testing.T) {
	s := mustSchema(t, []string{"sub", "email", "custom:dept"},
		Attribute{Name: "dept", MaxLength: 10}, Attribute{Name: "custom:level", Type: Number},
		Attribute{Name: "custom:email"}, Attribute{Name: "locale", Immutable: true, MinLength: 2, MaxLength: 35})
	if got := s.Required(); !slices.Equal(got, []string{"email", "custom:dept"}) {
		t.Errorf("required: %v", got)
	}
	for _, want := range []Attribute{
		{Name: "email", Type: String, Required: true, MaxLength: 2048},
		{Name: "custom:dept", Type: String, Required: true, MaxLength: 10},
		{Name: "custom:level", Type: Number},
		{Name: "custom:email", Type: String, MaxLength: 2048},
		{Name: "locale", Type: String, Immutable: true, MinLength: 2, MaxLength: 35},
		{Name: "email_verified", Type: Boolean},
		{Name: "updated_at", Type: Number},
		{Name: "birthdate", Type: String, MinLength: 10, MaxLength: 10},
	} {
		if got, ok := s.Attribute(want.Name); !ok || got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	for _, name := range []string{"sub", "dept", "username", "identities", "cognito:groups", ""} {
		if _, ok := s.Attribute(name); ok {
			t.Errorf("%q is in the schema", name)
		}
	}
	if rows := s.Attributes(); len(rows) != len(standard)+3 || rows[0].Name != "preferred_username" || rows[len(rows)-1].Name != "custom:email" {
		t.Errorf("order: %v", rows)
	}
	if locale, _ := mustSchema(t, nil).Attribute("locale"); locale.Immutable {
		t.Error("one pool's declaration changed another's")
	}
}

func TestNewSchemaProblems(t *testing.T) {
	tests := []struct {
		name     string
		required []string
		custom   []Attribute
		want     string
	}{
		{"unknown required", []string{"e-mail"}, nil, `required attribute "e-mail" is not in the schema; did you mean "email"?`},
		{"required custom without prefix", []string{"dept"}, []Attribute{{Name: "dept"}}, `required attribute "dept" is not in the schema; did you mean "custom:dept"?`},
		{"protected required", []string{"groups"}, nil, `required attribute "groups" is protected: only the hub gives it a meaning; to keep what a provider sends, declare a custom attribute such as "custom:groups"`},
		{"built in", nil, []Attribute{{Name: "sub"}}, `attribute "sub" is built in and cannot be declared`},
		{"twice", nil, []Attribute{{Name: "dept"}, {Name: "custom:dept"}}, `attribute "custom:dept" is declared twice; keep one declaration`},
		{"bad name", nil, []Attribute{{Name: "cognito:x"}}, `custom attribute "cognito:x": a name is 1 to 20 letters, digits, or the characters . _ -`},
		{"long name", nil, []Attribute{{Name: strings.Repeat("x", 21)}}, `a name is 1 to 20 letters`},
		{"no name", nil, []Attribute{{}}, `custom attribute "": a name is`},
		{"type", nil, []Attribute{{Name: "a", Type: "Text"}}, `custom attribute "a" has the type "Text"; the types are String, Number, Boolean and DateTime`},
		{"length of a number", nil, []Attribute{{Name: "a", Type: Number, MaxLength: 3}}, `lengths are for the type String, not Number; leave them out`},
		{"long value", nil, []Attribute{{Name: "a", MaxLength: 2049}}, `lengths 0 to 2049 are not a range within 0 to 2048`},
		{"crossed lengths", nil, []Attribute{{Name: "a", MinLength: 3, MaxLength: 2}}, `lengths 3 to 2 are not a range`},
		{"standard of another type", nil, []Attribute{{Name: "email", Type: Number}}, `standard attribute "email" has the type String, not "Number"; leave the type out`},
		{"immutable flag", nil, []Attribute{{Name: "email_verified", Immutable: true}}, `attribute "email_verified" cannot be immutable: it follows the address it stands beside`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewSchema(test.required, test.custom)
			var problems Problems
			if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(problems[0].Message, test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
	many := make([]Attribute, 51)
	for i := range many {
		many[i].Name = fmt.Sprint("a", i)
	}
	if _, err := NewSchema(nil, many); err == nil || !strings.Contains(err.Error(), "51 custom attributes are declared; a pool has at most 50") {
		t.Errorf("51 custom attributes: %v", err)
	}
}

func TestCheck(t *testing.T) {
	s := mustSchema(t, []string{"email"}, Attribute{Name: "dept", MinLength: 2, MaxLength: 5}, Attribute{Name: "n", Type: Number},
		Attribute{Name: "b", Type: Boolean}, Attribute{Name: "t", Type: DateTime})
	tests := []struct{ name, value, want string }{
		{"email", "ana@corp.example", ""},
		{"email", "ana+x.y_z'q@corp.example", ""},
		{"email", "añа@bücher.example", ""},
		{"email", "", "is required and cannot be empty"},
		{"email", "ana", "is not one e-mail address"},
		{"email", "@corp.example", "is not one e-mail address"},
		{"email", "ana@", "is not one e-mail address"},
		{"email", "ana@corp.example,eve@corp.example", "is not one e-mail address"},
		{"email", "Ana <ana@corp.example>", "is not one e-mail address"},
		{"email", "ana@corp.example@evil.example", "is not one e-mail address"},
		{"email", `"ana@corp.example"@evil.example`, "is not one e-mail address"},
		{"email", "ana\u200b@corp.example", "is not one e-mail address"},
		{"email", "ana\u00a0@corp.example", "is not one e-mail address"},
		{"email", "ana@corp\u200f.example", "is not one e-mail address"},
		{"email", "ana@.example", "is not one e-mail address"},
		{"email", "ana@corp.example.", "is not one e-mail address"},
		{"family_name", "", ""},
		{"family_name", "O’Brien-Łukasiewicz 陈", ""},
		{"custom:dept", "äöüßé", ""},
		{"custom:dept", "äöüßéx", "has 6 characters; at most 5 are allowed"},
		{"custom:dept", "é", "has 1 characters; at least 2 are needed"},
		{"custom:n", "007.50", ""},
		{"custom:n", "-0.5", ""},
		{"custom:n", "+1", "is not a decimal number"},
		{"custom:n", ".5", "is not a decimal number"},
		{"custom:n", "1e3", "is not a decimal number"},
		{"custom:n", "0x10", "is not a decimal number"},
		{"custom:n", "١٢", "is not a decimal number"},
		{"custom:n", strings.Repeat("9", 65), "is not a decimal number"},
		{"custom:b", "true", ""},
		{"custom:b", "TRUE", "is not true or false"},
		{"custom:t", "2026-11-20T09:14:03.25Z", ""},
		{"custom:t", "2026-11-20", "is not an RFC 3339 time"},
		{"phone_number", "+41445550100", ""},
		{"phone_number", "+", "is not a plus sign"},
		{"phone_number", "+41 44", "is not a plus sign"},
		{"birthdate", "1984-13-01", "is not a date"},
		{"birthdate", "84-01-01", "is not a date"},
		{"updated_at", "-1", "is negative"},
		{"sub", "x", "is built in"},
		{"username", "x", "preferred_username"},
		{"dept", "x", `did you mean "custom:dept"?`},
		{"famly_name", "x", `did you mean "family_name"?`},
		{"custom:dpt", "x", `did you mean "custom:dept"?`},
		{"custom:other", "x", "is not declared; declare it among the pool's custom attributes"},
		{"shoe_size", "x", `declared as "custom:shoe_size"`},
	}
	for _, test := range tests {
		t.Run(test.name+" "+test.value, func(t *testing.T) {
			err := s.Check(Attributes{test.name: test.value})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if err := s.Check(Attributes{strings.Repeat("x", 9000): "x"}); err == nil || len(err.Error()) > 300 {
		t.Errorf("an endless name: %v", err)
	}
	var problems Problems
	if err := s.Check(Attributes{"email": "x", "custom:b": "x", "nope": "x", "name": "ok"}); !errors.As(err, &problems) || len(problems) != 3 {
		t.Errorf("all problems at once: %v", err)
	}
}

func TestNearest(t *testing.T) {
	names := mustSchema(t, nil).names()
	for name, want := range map[string]string{
		"familyname": "family_name", "emial": "email", "mail": "email", "phone": "", "zone_info": "zoneinfo",
		"x": "", "": "", "surname": "", "given-name": "given_name", strings.Repeat("x", 5000): "",
	} {
		if got := nearest(name, names); got != want {
			t.Errorf("%.20q: got %q, want %q", name, got, want)
		}
	}
}
