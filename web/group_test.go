package web_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// groupsOf are the groups that a token of the hub holds, or an answer does; nil
// if it has no such claim.
func groupsOf(t *testing.T, s *site, token, claim string) []string {
	t.Helper()
	payload, _, err := s.Pool.Keys.Ring().Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]json.RawMessage{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	text, ok := claims[claim]
	if !ok {
		return nil
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("%s is %s", claim, text)
	}
	return list
}

// alicesTokens signs Alice in with claims of the moment.
func alicesTokens(t *testing.T, s *site, up *idptest.Provider, claims map[string]any) *tokens {
	t.Helper()
	all := map[string]any{"email": "alice@corp.example"}
	for name, value := range claims {
		all[name] = value
	}
	up.SetUser(idptest.User{Subject: "alice", Claims: all})
	params, ok := s.browser(t).authorize("identity_provider", "CorporateID", "scope", "openid email profile").app()
	if !ok || params.Get("code") == "" {
		t.Fatalf("%v", params)
	}
	return s.token(t, redeem(params.Get("code")))
}

// TestGroupsInTokens: groups come from the provider, stay in step with it, and are
// in ID and access tokens in Cognito's form, in userInfo not.
func TestGroupsInTokens(t *testing.T) {
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{Algorithm: "ES256"})
	h.Link(h.Pool, "CorporateID", up, mapping.Rule{Attribute: mapping.Groups, From: []string{"groups"}})
	own, err := mapping.CompileClaims(h.Pool.Schema, []mapping.ClaimRule{
		{Claim: "groups", Expr: `groups.filter(g, !g.startsWith("master_"))`, In: []string{"id", "access"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Pool.Clients[hubtest.ClientID].Claims = own
	s := serve(t, h)

	first := alicesTokens(t, s, up, map[string]any{"groups": []string{"staff", "admins"}})
	for _, token := range []string{first.ID, first.Access} {
		if diff := cmp.Diff([]string{"admins", "master_CorporateID", "staff"}, groupsOf(t, s, token, "cognito:groups")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"admins", "staff"}, groupsOf(t, s, token, "groups")); diff != "" {
			t.Error(diff)
		}
	}
	r, _ := http.NewRequest("GET", hubtest.Issuer+"/oauth2/userInfo", nil)
	r.Header.Set("Authorization", "Bearer "+first.Access)
	res, err := transport{hub: s.server}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK || strings.Contains(string(body), "groups") {
		t.Errorf("userInfo %d %s", res.StatusCode, body)
	}

	// She leaves a group there; the tokens of before learn of it at their refresh.
	alicesTokens(t, s, up, map[string]any{"groups": []string{"staff"}})
	again := s.token(t, refresh(first.Fresh))
	if diff := cmp.Diff([]string{"master_CorporateID", "staff"}, groupsOf(t, s, again.Access, "cognito:groups")); diff != "" {
		t.Error(diff)
	}
	// Switched off, and in no group: no claim at all.
	h.Pool.Providers[0].Group = false
	last := alicesTokens(t, s, up, nil)
	if groups := groupsOf(t, s, last.ID, "cognito:groups"); groups != nil {
		t.Errorf("groups %v", groups)
	}
}

// TestA94_ClaimedGroupsWithoutARule: what a provider says of groups is nothing
// without a rule of the operator, and with one it cannot name the hub's own.
func TestA94_ClaimedGroupsWithoutARule(t *testing.T) {
	claims := map[string]any{
		"groups": []string{"admins", "master_Other", "master_CorporateID"}, "cognito:groups": []string{"admins"}, "roles": []string{"admins"},
	}
	s, up := federated(t, idptest.Config{})
	got := alicesTokens(t, s, up, claims)
	if diff := cmp.Diff([]string{"master_CorporateID"}, groupsOf(t, s, got.ID, "cognito:groups")); diff != "" {
		t.Error(diff)
	}

	h := hubtest.New(t)
	up = idptest.New(t, idptest.Config{Algorithm: "ES256"})
	h.Link(h.Pool, "CorporateID", up, mapping.Rule{Attribute: mapping.Groups, From: []string{"groups"}})
	h.Pool.Providers[0].Group = false
	s = serve(t, h)
	got = alicesTokens(t, s, up, claims)
	if diff := cmp.Diff([]string{"admins"}, groupsOf(t, s, got.Access, "cognito:groups")); diff != "" {
		t.Error(diff)
	}
}

// TestA95_GroupsBeyondTheLimit: a person in too many groups is not let in with some
// of them; the explanation says what to do.
func TestA95_GroupsBeyondTheLimit(t *testing.T) {
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{Algorithm: "ES256"})
	h.Link(h.Pool, "CorporateID", up, mapping.Rule{Attribute: mapping.Groups, From: []string{"groups"}})
	s := serve(t, h)
	many := make([]string, 101)
	for i := range many {
		many[i] = strings.Repeat("g", i+1)
	}
	up.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@corp.example", "groups": many}})
	r := s.browser(t).authorize("identity_provider", "CorporateID")
	if _, ok := r.app(); ok {
		t.Fatal("she came in")
	}
	trace := s.trace(t, r.help(t))
	last := trace.Steps[len(trace.Steps)-1]
	if s.User(s.Pool, "CorporateID_alice") != nil || last.Name != "mapping" || !strings.Contains(last.Detail, "101 groups") || !strings.Contains(trace.Mend, "isthmus mapping try") {
		t.Errorf("%+v", trace)
	}
}
