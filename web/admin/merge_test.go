package admin_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/merge"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// plan makes a plan of other into the pool, by what the socket tells, and returns its file.
func (r *rig) plan(t *testing.T) string {
	t.Helper()
	ctx := t.Context()
	terms, err := r.client.MergeTerms(ctx, r.Pool.Name)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := merge.ParseRules(nil)
	if err != nil {
		t.Fatal(err)
	}
	live := func(p *hub.Pool) *merge.Source {
		return r.client.PeopleOf(ctx, merge.Origin{Kind: merge.FromPool, Name: p.Name, Issuer: p.Issuer, Passwords: true}, false, false)
	}
	var out bytes.Buffer
	_, err = merge.New(ctx, merge.Make{
		From: live(r.other), Into: live(r.Pool), Terms: terms, Rules: rules, Now: r.Now(),
		Seal: func(ctx context.Context, texts []string) ([]string, error) {
			return r.client.SealPlan(ctx, r.Pool.Name, texts)
		},
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (r *rig) apply(t *testing.T, path string) (merge.Tally, error) {
	t.Helper()
	plan, err := merge.OpenPlan(path)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	return merge.Apply(t.Context(), plan, nil, r.client.MergeDesk(r.Pool.Name), nil)
}

// A merge goes through the socket: planned without a hash being told, applied in
// steps that the audit log has before they are tried, undone.
func TestMergeOverTheSocket(t *testing.T) {
	r := newRig(t)
	for i := range 120 {
		r.AddUser(r.other, fmt.Sprint("p", i), directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": fmt.Sprint("p", i, "@x.example")}})
	}
	path := r.plan(t)
	for _, e := range r.events() {
		t.Errorf("planning was an act: %+v", e)
	}
	tally, err := r.apply(t, path)
	if err != nil || tally.Added != 120 {
		t.Fatalf("%+v, %v", tally, err)
	}
	if got := r.User(r.Pool, "p7"); got == nil || got.Password != r.User(r.other, "p7").Password {
		t.Errorf("p7 is %+v", got)
	}
	acts := map[hub.EventName]int{}
	for _, e := range r.events() {
		acts[e.Name]++
		if e.Actor == "" || !e.OK {
			t.Errorf("%+v", e)
		}
	}
	if acts[hub.UsersMerging] != 4 || acts[hub.UsersMerged] != 1 || acts[hub.AdminAct] != 5 { // begin, three steps, the end
		t.Errorf("acts %v", acts)
	}
	list, err := r.client.Merges(t.Context(), r.Pool.Name)
	if err != nil || len(list) != 1 || list[0].State != "applied" || list[0].Added != 120 || list[0].From != "other" {
		t.Fatalf("%+v, %v", list, err)
	}
	for after, n := "", 0; ; n++ {
		u, err := r.client.UndoMerge(t.Context(), r.Pool.Name, list[0].ID, after, false)
		if err != nil || n > 5 {
			t.Fatal(n, err)
		}
		if after = u.After; after == "" {
			break
		}
	}
	if n := len(r.Users(r.Pool)); n != 1 {
		t.Errorf("%d users are left", n)
	}

	// What the audit log does not take is not done.
	r.auditErr = func(hub.Event) error { return fmt.Errorf("full") }
	if _, err := r.apply(t, r.plan(t)); code(err) != "audit_failed" {
		t.Errorf("without an audit log: %v", err)
	}
	if n := len(r.Users(r.Pool)); n != 1 {
		t.Errorf("%d users came all the same", n)
	}
}

// TestA166_PeopleWithoutPasswords: hashes leave by an export that asks for them, which the audit log tells, and in no other way.
func TestA166_PeopleWithoutPasswords(t *testing.T) {
	r := newRig(t)
	for query, want := range map[string]struct {
		hash  bool
		acted string
	}{
		"":                           {false, ""},
		"?passwords=false":           {false, ""},
		"?passwords=1":               {false, ""},
		"?why=export":                {false, "without passwords"},
		"?passwords=true":            {true, "with passwords"},
		"?why=export&passwords=true": {true, "with passwords"},
	} {
		_, _, body := r.send(t, "GET", "/pools/master/people"+query, "")
		if got := strings.Contains(body, "$argon2id$"); got != want.hash || !strings.Contains(body, `"has_password":true`) {
			t.Errorf("%q: %s", query, body)
		}
		acted := ""
		for _, e := range r.events() {
			if e.Name == hub.UsersExported {
				acted = e.Reason
			}
		}
		if acted != want.acted {
			t.Errorf("%q: audited as %q", query, acted)
		}
	}
	// The cursor of a list without them opens no list with them.
	for i := range 600 {
		u := &hub.User{Sub: fmt.Sprintf("sub-%03d", i), Username: fmt.Sprint("u", i), Password: "$argon2id$x"}
		if err := r.put(u); err != nil {
			t.Fatal(err)
		}
	}
	page, err := r.client.People(t.Context(), r.Pool.Name, "", false, false)
	if err != nil || page.Next == "" {
		t.Fatal(err)
	}
	if _, err := r.client.People(t.Context(), r.Pool.Name, page.Next, true, false); code(err) != "invalid" {
		t.Errorf("the other list's cursor: %v", err)
	}
	if next, err := r.client.People(t.Context(), r.Pool.Name, page.Next, false, false); err != nil || len(page.People)+len(next.People) != 601 {
		t.Errorf("%d and %d people, %v", len(page.People), len(next.People), err)
	}
}

func (r *rig) put(u *hub.User) error {
	return r.Pool.Space.Update(context.Background(), func(tx *store.Tx) error { return hub.Users.Put(tx, u) })
}

func TestA100_MergeRefusals(t *testing.T) {
	r := newRig(t)
	r.AddUser(r.other, "bea", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bea@x.example"}})
	path := r.plan(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte("orphans: add"), []byte("orphans: skip"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.apply(t, path); code(err) != "merge_plan_altered" {
		t.Errorf("an altered header: %v", err)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "/pools/master/merges/none", "", http.StatusNotFound, "no_such_merge"},
		{"POST", "/pools/master/merges/none/steps", `{"work":[]}`, http.StatusNotFound, "no_such_merge"},
		{"POST", "/pools/master/merges/none/finish", "", http.StatusNotFound, "no_such_merge"},
		{"POST", "/pools/master/merges/none/undo", "", http.StatusNotFound, "no_such_merge"},
		{"POST", "/pools/master/merges", `{"header":{},"seal":""}`, http.StatusUnprocessableEntity, "merge_plan_altered"},
		{"POST", "/pools/master/merges", `{"header":{"x":1}}`, http.StatusBadRequest, "invalid"},
		{"POST", "/pools/master/merge-seals", `{"texts":["anything"]}`, http.StatusBadRequest, "invalid"},
		{"POST", "/pools/master/merge-seals", `{"texts":["cookie/` + strings.Repeat("0", 64) + `"]}`, http.StatusBadRequest, "invalid"},
		{"POST", "/pools/master/merges/none/undo", `{"after":"x"}`, http.StatusBadRequest, "invalid"},
	} {
		if status, e, body := r.send(t, c.method, c.path, c.body); status != c.status || e.Code != c.code {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, body)
		}
	}
	// The seal of another pool is none.
	seals, err := r.client.SealPlan(t.Context(), "other", []string{"header/" + strings.Repeat("0", 64)})
	if err != nil || len(seals) != 1 {
		t.Fatal(err)
	}
	mine, err := r.client.SealPlan(t.Context(), "master", []string{"header/" + strings.Repeat("0", 64)})
	if err != nil || mine[0] == seals[0] {
		t.Error("two pools seal alike", err)
	}
	if n := len(r.Users(r.Pool)); n != 1 {
		t.Errorf("%d users", n)
	}
	if _, err := r.client.Merge(t.Context(), r.Pool.Name, "none"); code(err) != "no_such_merge" {
		t.Errorf("%v", err)
	}
	if list, err := r.client.Merges(t.Context(), r.Pool.Name); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}
