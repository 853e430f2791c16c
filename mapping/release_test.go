package mapping

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRelease(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "level", Type: Number}, Attribute{Name: "staff", Type: Boolean}, Attribute{Name: "groups"})
	attributes := Attributes{
		"email": "ana@corp.example", emailVerified: "true", "phone_number": "+41445550100", phoneVerified: "false",
		"updated_at": "0001767607200", "address": `{"country":"CH","locality":"Bern"}`, "nickname": "",
		"custom:level": "3", "custom:staff": "true", "custom:groups": `["a","b"]`,
	}
	names := append(s.names(), "sub", "unknown")
	tests := []struct {
		name  string
		typed bool
		want  string
	}{
		{"typed", true, `{"email":"ana@corp.example","email_verified":true,"phone_number":"+41445550100","phone_number_verified":false,
			"updated_at":1767607200,"address":{"country":"CH","locality":"Bern"},"custom:level":"3","custom:staff":"true","custom:groups":"[\"a\",\"b\"]"}`},
		{"strings", false, `{"email":"ana@corp.example","email_verified":"true","phone_number":"+41445550100","phone_number_verified":"false",
			"updated_at":"0001767607200","address":"{\"country\":\"CH\",\"locality\":\"Bern\"}","custom:level":"3","custom:staff":"true","custom:groups":"[\"a\",\"b\"]"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, err := json.Marshal(Release(s, attributes, names, test.typed))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, test.want), decode(t, string(text))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReleaseAddress(t *testing.T) {
	s := mustSchema(t, nil)
	for value, want := range map[string]map[string]any{
		"Amthausgasse 1\nBern": {"formatted": "Amthausgasse 1\nBern"},
		`{"locality":"Bern"}`:  {"locality": "Bern"},
		`{"locality":"Bern"`:   {"formatted": `{"locality":"Bern"`},
		`{"a":1}{"b":2}`:       {"formatted": `{"a":1}{"b":2}`},
		`{}`:                   {},
		`["Bern"]`:             {"formatted": `["Bern"]`},
	} {
		got := Release(s, Attributes{"address": value}, []string{"address"}, true)
		if diff := cmp.Diff(map[string]any{"address": want}, got); diff != "" {
			t.Errorf("%s: %s", value, diff)
		}
	}
}

func TestReleaseBrokenValues(t *testing.T) {
	s := mustSchema(t, nil)
	got := Release(s, Attributes{emailVerified: "yes", "updated_at": "soon"}, s.names(), true)
	if diff := cmp.Diff(map[string]any{emailVerified: false}, got); diff != "" {
		t.Error(diff)
	}
	for number, want := range map[string]string{"0": "0", "-0": "-0", "00": "0", "007": "7", "-00.50": "-0.50", "0.0": "0.0", "10": "10"} {
		if got := canonical(number); got != want || !json.Valid([]byte(got)) {
			t.Errorf("canonical(%q) = %q, want %q", number, got, want)
		}
	}
}

func TestScopeAttributes(t *testing.T) {
	s := mustSchema(t, nil, Attribute{Name: "dept"})
	profile := "preferred_username name given_name middle_name family_name nickname birthdate gender locale zoneinfo picture profile website updated_at custom:dept"
	tests := []struct {
		scopes   string
		readable []string
		want     string
	}{
		{"", nil, ""},
		{"email profile", nil, ""}, // without openid there is nothing to release
		{"openid", nil, strings.Join(s.names(), " ")},
		{"openid", []string{"custom:dept", "email"}, "email custom:dept"},
		{"openid", []string{}, ""},
		{"openid aws.cognito.signin.user.admin", nil, strings.Join(s.names(), " ")},
		{"openid orders/read", nil, strings.Join(s.names(), " ")},
		{"openid email", nil, "email email_verified"},
		{"email openid", nil, "email email_verified"},
		{"openid email", []string{"email"}, "email"},
		{"openid phone", nil, "phone_number phone_number_verified"},
		{"openid address", nil, "address"},
		{"openid profile", nil, profile},
		{"openid profile", []string{"name", "email", "custom:dept"}, "name custom:dept"},
		{"openid phone email aws.cognito.signin.user.admin", nil, "email email_verified phone_number phone_number_verified"},
	}
	for _, test := range tests {
		t.Run(test.scopes, func(t *testing.T) {
			got := ScopeAttributes(s, strings.Fields(test.scopes), test.readable)
			if want := strings.Fields(test.want); !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
	all := ScopeAttributes(s, []string{"openid", "profile", "email", "phone", "address"}, nil)
	if !slices.Equal(all, s.names()) {
		t.Errorf("the four scopes together leave something out: %v", all)
	}
}
