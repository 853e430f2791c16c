package rehearse_test

import (
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/rehearse"
	"github.com/isthmus-hub/isthmus/config"
)

// federated is a configuration with a mapping.
func federated(t *testing.T, lines string) *config.Config {
	t.Helper()
	text := `
pools:
  - name: master
    issuer: https://login.example
    attributes:
      required: [email]
      custom: [{name: level, type: Number}, {name: since, type: DateTime}, {name: staff, type: Boolean}, {name: code, max_length: 3}]
    providers:
      - name: CorporateID
        issuer: https://login.corp.example
        client_id: master-pool
        client_secret: a-secret-of-more-than-24-characters
        mapping:
          ` + strings.ReplaceAll(lines, "\n", "\n          ") + `
    clients:
      - id: expenses
        public: true
        callback_urls: [https://expenses.example/callback]
        backchannel_logout_uri: https://expenses.example/out
`
	cfg, err := config.Parse("isthmus.yaml", []byte(text), config.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestPerson: somebody is made up whom the mapping takes; where that does not go
// it is said, and claims mend it.
func TestPerson(t *testing.T) {
	for _, c := range []struct {
		name, mapping string
		claims        map[string]any
		problem       string // empty: none
	}{
		{name: "claims of every type", mapping: `email: email
"custom:level": {from: level, on_missing: refuse}
"custom:since": {from: since, on_missing: refuse}
"custom:staff": {from: staff, on_missing: refuse}
"custom:code": {from: code, on_missing: refuse}
phone_number: {from: phone, on_missing: refuse}
birthdate: {from: birthdate, on_missing: refuse}
picture: {from: picture, on_missing: refuse}`},
		{name: "pointers", mapping: `email: /contacts/1/mail
given_name: {from: "/name/a~1b", on_missing: refuse}
family_name: {from: /name/family, on_missing: refuse}`},
		{name: "expressions", mapping: `email: {expr: 'claims.upn.lowerAscii()'}
given_name: {expr: 'claims.roles[0]', on_missing: refuse}
family_name: {expr: 'claims.a + claims.b', on_missing: refuse}`},
		{name: "asked for", mapping: `email: {from: mail, on_missing: ask}
"custom:level": {from: level, on_missing: ask}`},
		{name: "a value nobody could guess", mapping: `email: email
given_name: {expr: 'claims.kind == "employee" ? "E" : claims.nothing.there', on_missing: refuse}`,
			problem: "nobody could be made up whom the mapping takes: given_name"},
		{name: "and the same with claims", mapping: `email: email
given_name: {expr: 'claims.kind == "employee" ? "E" : claims.nothing.there', on_missing: refuse}`,
			claims: map[string]any{"kind": "employee"}},
		{name: "claims that the hub refuses", mapping: `email: email`, claims: map[string]any{"email": "nobody"},
			problem: "nobody could be made up whom the mapping takes: email"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := rehearsed(t, federated(t, c.mapping), rehearse.Options{
				Kinds: []rehearse.Kind{rehearse.Deleted}, Claims: map[string]map[string]any{"CorporateID": c.claims},
			})
			e := r.Ends[0]
			if c.problem == "" && (!r.OK || e.Problem != "" || e.Parties[1].Telling != rehearse.Told) {
				t.Errorf("%+v", e)
			}
			if c.problem != "" && (r.OK || !strings.HasPrefix(e.Problem, c.problem)) {
				t.Errorf("%q, want %q", e.Problem, c.problem)
			}
			formats(t, r)
		})
	}
}

// TestRemarks: who is not rehearsed is named.
func TestRemarks(t *testing.T) {
	cfg := load(t, "testdata/two.yaml")
	cfg.Pools[0].Providers[0].Enabled = false
	r := rehearsed(t, cfg, rehearse.Options{Pools: []string{"master"}, Kinds: []rehearse.Kind{rehearse.Administrator}})
	var texts []string
	for _, k := range r.Remarks {
		texts = append(texts, k.Text)
	}
	got := strings.Join(texts, "\n")
	for _, want := range []string{
		"nobody can sign in to expenses: its providers are switched off",
		"telly signs people in on devices only, which is not rehearsed",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not said in:\n%s", want, got)
		}
	}
	if len(r.Ends) != 1 || r.Ends[0].Way != config.PasswordForm || r.Ends[0].Parties[0].Name != "bank" || !r.OK {
		t.Errorf("%+v", r.Ends)
	}
}

// TestSignInThatStops: the hub's own explanation says why.
func TestSignInThatStops(t *testing.T) {
	cfg := load(t, "testdata/two.yaml")
	cfg.Pools[1].Clients[0].CallbackURLs = []string{"http://localhost:3000/cb#fragment"}
	r := rehearsed(t, cfg, rehearse.Options{Pools: []string{"staff"}})
	for _, e := range r.Ends {
		if e.OK || !strings.HasPrefix(e.Problem, "nobody can sign in to intranet: ") {
			t.Errorf("%+v", e)
		}
	}
	formats(t, r)
}
