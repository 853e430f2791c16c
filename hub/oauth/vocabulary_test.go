package oauth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

func TestParseScope(t *testing.T) {
	for text, want := range map[string]oauth.Scope{
		"":                              nil,
		"   ":                           nil,
		"openid":                        {"openid"},
		" email  openid email ":         {"email", "openid"},
		"transactions/post a:b":         {"transactions/post", "a:b"},
		"aws.cognito.signin.user.admin": {"aws.cognito.signin.user.admin"},
		"OPENID openid":                 {"OPENID", "openid"},
	} {
		got, err := oauth.ParseScope(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	var many []string
	for i := range oauth.MaxScopes + 1 {
		many = append(many, fmt.Sprint("s", i))
	}
	for _, text := range []string{`a"`, `a\b`, "a\tb", "ä", "a\x7f", "a\nb", strings.Join(many, " ")} {
		if s, err := oauth.ParseScope(text); codeOf(t, err) != oauth.InvalidScope {
			t.Errorf("%q is %v, %v; want invalid_scope", text, s, err)
		}
	}
	if _, err := oauth.ParseScope(strings.Join(many[1:], " ")); err != nil {
		t.Errorf("%d scopes: %v", oauth.MaxScopes, err)
	}
}

func TestScopeSets(t *testing.T) {
	s := oauth.Scope{"openid", "email"}
	for other, want := range map[string]bool{"": true, "openid": true, "email openid": true, "openid phone": false, "OPENID": false} {
		o, err := oauth.ParseScope(other)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Contains(o); got != want {
			t.Errorf("contains %q: %v, want %v", other, got, want)
		}
		if got := len(s.Missing(o)) == 0; got != want {
			t.Errorf("missing of %q: %v", other, s.Missing(o))
		}
	}
	if !s.Has("email") || s.Has("mail") || s.Has("") {
		t.Error("Has is wrong")
	}
}

// A scope prints and reads again as the same, without spaces to spare and without repetition.
func FuzzScope(f *testing.F) {
	f.Add("openid  email openid")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := oauth.ParseScope(text)
		if err != nil {
			if s != nil || codeOf(t, err) != oauth.InvalidScope {
				t.Errorf("%q gives %v and %v", text, s, err)
			}
			return
		}
		var again oauth.Scope
		if err := again.UnmarshalText([]byte(s.String())); err != nil || !cmp.Equal(again, s) {
			t.Errorf("%q reads as %q, and that as %q, %v", text, s, again, err)
		}
		seen := map[string]bool{}
		for _, token := range s {
			if seen[token] || !oauth.ValidScopeToken(token) {
				t.Errorf("%q holds %q twice or out of form", text, token)
			}
			seen[token] = true
		}
	})
}

func TestParsePrompt(t *testing.T) {
	for text, want := range map[string]oauth.Prompt{
		"": 0, " ": 0, "none": oauth.PromptNone, "login": oauth.PromptLogin, "none none": oauth.PromptNone,
		"consent  login": oauth.PromptLogin | oauth.PromptConsent, "select_account": oauth.PromptSelectAccount, "create": oauth.PromptCreate,
	} {
		got, err := oauth.ParsePrompt(text)
		if err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
		var again oauth.Prompt
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%q prints as %q, which reads as %v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"x", "Login", "none login", "login none", "none create", "login,consent", "login\tconsent"} {
		if p, err := oauth.ParsePrompt(text); codeOf(t, err) != oauth.InvalidRequest || p != 0 {
			t.Errorf("%q is %v, %v; want invalid_request", text, p, err)
		}
	}
}

func TestPromptHas(t *testing.T) {
	p := oauth.PromptLogin | oauth.PromptConsent
	if !p.Has(oauth.PromptLogin) || !p.Has(p) || p.Has(oauth.PromptNone) || oauth.Prompt(0).Has(oauth.PromptNone) {
		t.Error("Has is wrong")
	}
}
