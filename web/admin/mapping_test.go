package admin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// arrive lets the person of an upstream sign in by the provider Corporate.
func (r *rig) arrive(t *testing.T, up *idptest.Provider) {
	t.Helper()
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
	if _, err = r.SignIn.Callback(t.Context(), r.Pool, signin.Browser{}, to.Interaction, params); err != nil {
		t.Fatal(err)
	}
}

// sampled is a rig with a provider by which Anastasia came in.
func sampled(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	up := idptest.New(t, idptest.Config{Algorithm: "ES256", Users: []idptest.User{{
		Subject: "subject-0815-4711", Claims: map[string]any{
			"email": "ana.berg@corp.example", "given_name": "Anastasia", "phone_number": "+4930123456", "groups": []string{"payroll-team"},
			"session_token": "opens-something", "address": map[string]any{"locality": "Hauptstadt"},
		},
	}}})
	r.Link(r.Pool, "Corporate", up, mapping.Rule{Attribute: mapping.Groups, From: []string{"groups"}})
	r.arrive(t, up)
	r.events()
	return r
}

// values are what nobody is shown who did not ask for it by name.
var values = []string{"ana.berg", "Anastasia", "+4930123456", "payroll-team", "Hauptstadt", "subject-0815-4711", "opens-something"}

const tryPath = "/pools/master/providers/Corporate/try"

// TestA170_TryingIsAnAct: a trial is asked for by POST and in the audit log before
// it runs; without the log nothing is told. It shows masks, and what stands behind
// them only by an act of another name.
func TestA170_TryingIsAnAct(t *testing.T) {
	r := sampled(t)
	rules := `[{"attribute":"email","from":["email"]},{"attribute":"family_name","from":["given_name"]},{"attribute":"address","expr":"claims.address"}]`
	for _, path := range []string{tryPath, tryPath + "?mapping=" + rules, "/pools/master/providers/Corporate/samples?reveal=true", "/pools/master/providers/Corporate/samples?mapping=x"} {
		if status, _, text := r.send(t, "GET", path, ""); status < 400 {
			t.Errorf("GET %s: %d %s", path, status, text)
		}
	}
	status, _, text := r.send(t, "POST", tryPath, `{"kept":true,"mapping":`+rules+`}`)
	if status != http.StatusOK || !strings.Contains(text, `"old":"","new":"A*** (9 characters)"`) || !strings.Contains(text, `"person":"a***@corp.example"`) {
		t.Fatalf("%d %s", status, text)
	}
	for _, v := range values {
		if strings.Contains(text, v) {
			t.Errorf("a trial shows %q: %s", v, text)
		}
	}
	names := func() (list []string) {
		for _, e := range r.events() {
			list = append(list, fmt.Sprint(e.Name, " ", e.Reason, " ", e.Provider, " ", e.Actor != ""))
		}
		return list
	}
	if diff := cmp.Diff([]string{"admin_act mapping_tried Corporate true", "mapping_tried  Corporate true"}, names()); diff != "" {
		t.Error(diff)
	}
	_, _, text = r.send(t, "POST", tryPath, `{"kept":true,"reveal":true,"mapping":`+rules+`}`)
	if !strings.Contains(text, `"new":"Anastasia"`) || !strings.Contains(text, "Hauptstadt") || strings.Contains(text, "opens-something") {
		t.Error(text)
	}
	if diff := cmp.Diff([]string{"admin_act claims_revealed Corporate true", "claims_revealed  Corporate true"}, names()); diff != "" {
		t.Error(diff)
	}
	r.auditErr = func(hub.Event) error { return errors.New("disk full") }
	for _, reveal := range []string{"true", "false"} {
		status, e, text := r.send(t, "POST", tryPath, `{"kept":true,"reveal":`+reveal+`}`)
		if status != http.StatusServiceUnavailable || e.Code != "audit_failed" || strings.Contains(text, "people") {
			t.Errorf("without an audit log: %d %s", status, text)
		}
	}
}

// TestA170_BoundsOfATrial: what a trial runs is held as what a sign-in runs, and
// refused before anything is run on anybody.
func TestA170_BoundsOfATrial(t *testing.T) {
	r := sampled(t)
	many := `{"sub":"x"}` + strings.Repeat(`,{"sub":"x"}`, 1000)
	loop := "[" + strings.Repeat("1,", 60) + "1]"
	for body, want := range map[string]string{
		`{"mapping":[{"attribute":"cognito:groups","from":["groups"]}]}`:                                          "protected",
		`{"mapping":[{"attribute":"sub","from":["email"]}]}`:                                                      "built in",
		`{"mapping":[{"attribute":"email","expr":"` + strings.Repeat("x", 2000) + `"}]}`:                          "at most 1024 are allowed",
		`{"mapping":[{"attribute":"email","expr":"env(claims.x)"}]}`:                                              "undeclared reference",
		`{"mapping":[{"attribute":"email","from":["email"],"run":"x"}]}`:                                          "run",
		`{"mapping":[` + strings.TrimSuffix(strings.Repeat(`{"attribute":"name","value":"x"},`, 101), ",") + `]}`: "at most 100",
		`{"schema":{"required":["shoe_size"]},"mapping":[]}`:                                                      "shoe_size",
		`{"claims":[` + many + `]}`:                                                                               "1000 people at most",
		`{"claims":[7]}`:                                                                                          "claims[0] is no JSON object",
		`{"claims":[null]}`:                                                                                       "claims[0] is no JSON object",
	} {
		if status, e, text := r.send(t, "POST", tryPath, body); status != http.StatusBadRequest || !strings.Contains(e.Message, want) {
			t.Errorf("%.60s: %d %s, want %q", body, status, text, want)
		}
	}
	if n := len(r.events()); n != 0 {
		t.Errorf("%d events of trials that were refused", n)
	}
	// An expression that goes on for ever stops at its steps, as at a sign-in.
	expr := fmt.Sprintf("%[1]s.all(a, %[1]s.all(b, %[1]s.all(c, a + b + c > 0))) ? 'x@corp.example' : ''", loop)
	text, err := json.Marshal(map[string]any{"kept": true, "mapping": []map[string]any{{"attribute": "email", "expr": expr}}})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, answer := r.send(t, "POST", tryPath, string(text)); status != http.StatusOK || !strings.Contains(answer, "takes more than 20000 steps") {
		t.Errorf("%d %s", status, answer)
	}
	if status, e, _ := r.send(t, "POST", "/pools/other/providers/Corporate/try", `{"kept":true}`); status != http.StatusNotFound || e.Code != "no_such_provider" {
		t.Errorf("another pool's provider: %d %+v", status, e)
	}
}

// TestA171_KeptClaimsAreMasked: the list of what is kept names claims and masks
// values; tokens and what looks like a secret are not there at all.
func TestA171_KeptClaimsAreMasked(t *testing.T) {
	r := sampled(t)
	status, _, text := r.send(t, "GET", "/pools/master/providers/Corporate/samples", "")
	if status != http.StatusOK || !strings.Contains(text, `"name":"given_name","value":"A*** (9 characters)"`) || !strings.Contains(text, `"left_out":["session_token"]`) {
		t.Fatalf("%d %s", status, text)
	}
	for _, v := range values {
		if strings.Contains(text, v) {
			t.Errorf("the list shows %q: %s", v, text)
		}
	}
	sets, err := r.client.ClaimSets(t.Context(), "master", "Corporate")
	if err != nil || len(sets) != 1 || sets[0].Sub != r.User(r.Pool, "Corporate_subject-0815-4711").Sub {
		t.Errorf("%+v, %v", sets, err)
	}
}

// TestTryMapping: the verdicts, and claims that come with the request.
func TestTryMapping(t *testing.T) {
	r := sampled(t)
	email := admin.Rule{Attribute: "email", From: []string{"email"}}
	tries, err := r.client.TryMapping(t.Context(), "master", "Corporate", admin.Trial{Kept: true})
	if err != nil || tries.Lost != 0 || tries.Verdicts[admin.Unchanged] != 1 {
		t.Errorf("by the mapping in force: %+v, %v", tries, err)
	}
	tries, err = r.client.TryMapping(t.Context(), "master", "Corporate", admin.Trial{
		Kept: true, Reveal: true,
		Schema: &admin.Schema{Required: []string{"email", "nickname"}, Custom: []admin.Attribute{{Name: "level", Type: "Number", Immutable: true}}},
		Mapping: []admin.Rule{
			email, {Attribute: "nickname", From: []string{"nick"}}, {Attribute: "custom:level", Expr: "claims.level", Default: "1"},
		},
		Claims: []json.RawMessage{
			json.RawMessage(`{"sub":"new-1","email":"new@corp.example","nick":"N","level":9007199254740993}`),
			json.RawMessage(`{"sub":"subject-0815-4711","email":"other@corp.example","nick":"Ana"}`),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range tries.People {
		line := p.Person + " " + p.Verdict
		for _, c := range p.Changes {
			line += fmt.Sprintf("; %s %q to %q", c.Attribute, c.Old, c.New)
		}
		got = append(got, line+strings.Join(p.Stops, "; "))
	}
	want := []string{
		"ana.berg@corp.example cannot sign in any morenickname: was not sent (from nick)",
		`other@corp.example changes; custom:level "" to "1"; email "ana.berg@corp.example" to "other@corp.example"; nickname "" to "Ana"`,
		`new@corp.example is new; custom:level "" to "9007199254740993"; email "" to "new@corp.example"; email_verified "" to "false"; nickname "" to "N"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if tries.Lost != 1 || tries.Changes["email"] != 1 || tries.Changes["email_verified"] != 0 {
		t.Errorf("%+v", tries)
	}
}

// TestUserGroups: by hand, with where each group came from.
func TestUserGroups(t *testing.T) {
	r := sampled(t)
	const name = "Corporate_subject-0815-4711"
	u, err := r.client.SetGroup(t.Context(), "master", name, "ops/night", true)
	if err != nil {
		t.Fatal(err)
	}
	want := []admin.Group{{Name: "master_Corporate", From: []string{"Corporate"}}, {Name: "ops/night"}, {Name: "payroll-team", From: []string{"Corporate"}}}
	if diff := cmp.Diff(want, u.Groups); diff != "" {
		t.Error(diff)
	}
	if u, err = r.client.SetGroup(t.Context(), "master", name, "ops/night", false); err != nil || len(u.Groups) != 2 {
		t.Errorf("%+v, %v", u.Groups, err)
	}
	for _, e := range r.events() {
		if e.Name != hub.AdminAct && (e.Name != hub.UserChanged || !strings.HasSuffix(e.Reason, " group ops/night") || e.Sub != u.Sub) {
			t.Errorf("event %+v", e)
		}
	}
	for _, group := range []string{"", "two words", "master_Other"} {
		if _, err := r.client.SetGroup(t.Context(), "master", name, group, true); code(err) != "invalid" {
			t.Errorf("%q: %v", group, err)
		}
	}
}
