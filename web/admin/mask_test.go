package admin_test

import (
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// An explanation holds no code, token, secret or nonce, and of claims nothing
// that could be used.
func TestA171_ExplanationsAreMasked(t *testing.T) {
	r := newRig(t)
	up := idptest.New(t, idptest.Config{ClientSecret: "an-upstream-secret-of-length", Users: []idptest.User{{
		Subject: "subject-0815-4711", Claims: map[string]any{
			"email": "ana.berg@corp.example", "given_name": "Anastasia", "phone_number": "+4930123456", "groups": []string{"payroll"},
			"address": map[string]any{"locality": "Hauptstadt"},
		},
	}}})
	var secrets []string
	up.SetHooks(idptest.Hooks{
		Token: func(answer map[string]any) {
			for _, name := range []string{"access_token", "id_token"} {
				if s, ok := answer[name].(string); ok {
					secrets = append(secrets, s)
				}
			}
		},
	})
	r.Link(r.Pool, "Corporate", up, mapping.Rule{Attribute: "family_name", From: []string{"surname"}, OnMissing: mapping.Refuse})
	next, err := r.SignIn.Authorize(t.Context(), r.Pool, signin.Browser{}, hubtest.Authorization("identity_provider", "Corporate"), false)
	if err != nil {
		t.Fatal(err)
	}
	to, ok := next.(signin.ToProvider)
	if !ok {
		t.Fatalf("next is %T", next)
	}
	params, err := up.Approve(to.URL)
	if err != nil {
		t.Fatal(err)
	}
	if next, err = r.SignIn.Callback(t.Context(), r.Pool, signin.Browser{}, to.Interaction, params); err != nil {
		t.Fatal(err)
	}
	if answer, ok := next.(signin.ToApp); !ok || answer.Response.Target.URI() == "" {
		t.Fatalf("next is %T", next)
	}
	secrets = append(secrets, params.Get("code"), to.Interaction.Nonce, to.Interaction.Verifier, to.Interaction.ID, up.ClientSecret(),
		"state-of-the-app", "nonce-of-the-app", "ana.berg@", "Anastasia", "+4930123456", "payroll", "Hauptstadt", "subject-0815-4711")
	_, _, text := r.send(t, "GET", "/pools/master/traces", "")
	if !strings.Contains(text, "attributes_required") || !strings.Contains(text, "a***@corp.example") {
		t.Fatalf("the explanation is not there: %s", text)
	}
	if len(secrets) != 15 {
		t.Fatalf("the provider sent %d tokens", len(secrets)-13)
	}
	for _, s := range secrets {
		if s == "" || strings.Contains(text, s) {
			t.Errorf("the explanation holds %q: %s", s, text)
		}
	}
}
