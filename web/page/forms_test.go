package page

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

func TestNewPassword(t *testing.T) {
	d := document(t, testRenderer(t), &NewPassword{
		Client: "Expenses", Username: "ben@acme.example", Action: "/password", Tx: "t1",
		Rules: []Rule{{Rule: RuleLength, Min: 12}, {Rule: RuleUpper, Broken: true}}, Problem: PasswordRules,
	})
	if got := d.Find("main > p:not(.brand):not(.lead)").Text(); !strings.Contains(got, "set by an administrator") {
		t.Errorf("why: %q", got)
	}
	if d.Find("#new_password[name=new_password][type=password][autocomplete=new-password]").Length() != 1 {
		t.Error("no field for the new password")
	}
	if got := d.Find("#new_password").AttrOr("aria-describedby", ""); got != "problem rules caps" {
		t.Errorf("described by %q", got)
	}
	if got := d.Find("#username[readonly][autocomplete=username]").AttrOr("value", ""); got != "ben@acme.example" {
		t.Errorf("a password manager learns the name %q", got)
	}
	if got := texts(d.Find("#rules li")); !slices.Equal(got, []string{"at least 12 characters", "an upper-case letter (not kept)"}) {
		t.Errorf("rules %q", got)
	}
	if got := d.Find("#rules li").First(); got.AttrOr("data-rule", "") != "length" || got.AttrOr("data-min", "") != "12" {
		t.Error("the script cannot tell the rule")
	}
	if got := d.Find("#problem a").AttrOr("href", ""); got != "#new_password" {
		t.Errorf("the summary leads to %q", got)
	}
}

func TestNewPasswordWithMissingAttributes(t *testing.T) {
	d := document(t, testRenderer(t), &NewPassword{
		Problem: PasswordCommon, Fields: []Field{{Name: "given_name", Problem: FieldMissing}},
	})
	links := d.Find("#problem a").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("href", "") })
	if !slices.Equal(links, []string{"#new_password", "#attribute-given_name"}) {
		t.Errorf("the summary leads to %q", links)
	}
}

func TestProfileSentence(t *testing.T) {
	for _, test := range []struct {
		name, provider string
		fields         []Field
		want           string
	}{
		{"one, company", "", []Field{{Name: "family_name"}}, "Your company did not send your family name. Add it to finish."},
		{"one, provider", "Google", []Field{{Name: "birthdate"}}, "Google did not send your date of birth. Add it to finish."},
		{"custom", "", []Field{{Name: "custom:cost_centre", Label: "Cost centre"}}, "Your company did not send Cost centre. Add it to finish."},
		{"custom without label", "", []Field{{Name: "custom:cost_centre"}}, "Your company did not send cost centre. Add it to finish."},
		{"several", "", []Field{{Name: "family_name"}, {Name: "email"}}, "Your company did not send everything that is needed here. Add the rest to finish."},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := document(t, testRenderer(t), &Profile{Provider: test.provider, Fields: test.fields})
			if got := d.Find("main > p").Text(); got != test.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestProfileFields(t *testing.T) {
	for _, test := range []struct {
		field                 Field
		selector, label, text string
	}{
		{Field{Name: "family_name", Value: "Berg"}, `input#attribute-family_name[name=family_name][type=text][autocomplete=family-name][required][value=Berg]`, "Family name", ""},
		{Field{Name: "email"}, `input[type=email][autocomplete=email]`, "E-mail address", ""},
		{Field{Name: "phone_number", Optional: true}, `input[type=tel][autocomplete=tel]:not([required])`, "Telephone number", ""},
		{Field{Name: "birthdate"}, `input[type=date][autocomplete=bday]`, "Date of birth", ""},
		{Field{Name: "address", Value: "1 Main St\nTown"}, `textarea[name=address][autocomplete=street-address]`, "Postal address", ""},
		{Field{Name: "custom:n", Label: "Floor", Type: Number}, `input#attribute-custom-n[name="custom:n"][inputmode=numeric][autocomplete=off]`, "Floor", ""},
		{Field{Name: "custom:b", Label: "Leads", Type: Boolean, Value: "true"}, `input[type=checkbox][value=true][checked]`, "Leads", ""},
		{Field{Name: "custom:d", Type: DateTime}, `input[type=datetime-local]`, "d", ""},
		{Field{Name: "custom:s", Label: "Code", MinLength: 3, MaxLength: 9}, `input[minlength="3"][maxlength="9"]`, "Code", ""},
		{Field{Name: "given_name", Problem: FieldMissing}, `input[aria-invalid=true][aria-describedby=attribute-given_name-error]`, "First name", "First name is still empty."},
		{Field{Name: "given_name", Problem: FieldShort, MinLength: 2}, `input`, "First name", "First name needs at least 2 characters."},
		{Field{Name: "given_name", Problem: "odd"}, `input`, "First name", "First name cannot be read like this. Check how it is written."},
		{Field{Name: "given_name", Problem: FieldLong, MaxLength: 9}, `input`, "First name", "First name may have at most 9 characters."},
	} {
		t.Run(test.field.Name+string(test.field.Problem), func(t *testing.T) {
			d := document(t, testRenderer(t), &Profile{Fields: []Field{test.field}})
			field := d.Find(".field")
			if field.Find(test.selector).Length() != 1 {
				html, _ := field.Html()
				t.Errorf("not found in %s", html)
			}
			if got := field.Find("label").Text(); got != test.label {
				t.Errorf("label %q", got)
			}
			if got := d.Find(".wrong").Text(); got != test.text {
				t.Errorf("problem %q", got)
			}
			if got := d.Find("#problem a").Text(); got != test.text {
				t.Errorf("summary %q", got)
			}
		})
	}
}

func TestCode(t *testing.T) {
	d := document(t, testRenderer(t), &Code{To: "a***@acme.example", Resend: 30 * time.Second})
	if d.Find("#code[name=code][autocomplete=one-time-code][inputmode=numeric][autofocus]").Length() != 1 {
		t.Error("no field for the code")
	}
	again := d.Find("button[name=choice][value=resend][formnovalidate]")
	if again.AttrOr("data-wait", "") != "30" || again.AttrOr("data-text", "") != "Send a new code in 30 s" {
		t.Error("the wait is not visible")
	}
	d = document(t, testRenderer(t), &Code{Problem: WrongCode})
	if d.Find(`#problem a[href="#code"]`).Length() != 1 || d.Find("#code[autofocus]").Length() != 0 {
		t.Error("the summary takes the focus and leads to the field")
	}
}
