package admin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/migration"
	"github.com/isthmus-hub/isthmus/web/admin"
)

func TestImportForm(t *testing.T) {
	r := newRig(t)
	form, err := r.client.ImportForm(t.Context(), "master")
	if err != nil {
		t.Fatal(err)
	}
	// The header of Cognito's GetCSVHeader, in its order.
	want := "name given_name family_name middle_name nickname preferred_username profile picture website email email_verified gender birthdate " +
		"zoneinfo locale phone_number phone_number_verified address updated_at cognito:mfa_enabled cognito:username"
	if diff := cmp.Diff(want, strings.Join(form.Columns, " ")); diff != "" || form.Migration {
		t.Errorf("%v %s", form.Migration, diff)
	}
	r.Pool.Migration = migration.NewHook(migration.HookConfig{URL: "https://old.example/"}, r.Outbound)
	if form, err = r.client.ImportForm(t.Context(), "master"); err != nil || !form.Migration {
		t.Errorf("%+v, %v", form, err)
	}
}

// One event counts a batch, and a dry run has none; passwords are answered once.
func TestImport(t *testing.T) {
	r := newRig(t)
	users := []admin.ImportRow{
		{Username: "bea", Attributes: map[string]string{"email": "bea@corp.example", "email_verified": "true"}}, {Username: "cid"}, {Username: hubtest.Username, Attributes: map[string]string{"email": "x@corp.example"}},
	}
	outcomes := func(n admin.Import) string {
		t.Helper()
		answer, err := r.client.Import(t.Context(), "master", n)
		if err != nil {
			t.Fatal(err)
		}
		s := ""
		for _, u := range answer.Users {
			s += fmt.Sprintf("%s %v, ", u.Outcome, u.TemporaryPassword != "")
		}
		return s
	}
	if got := outcomes(admin.Import{Users: users, DryRun: true}); got != "created false, refused false, skipped false, " || len(r.events()) != 0 || r.User(r.Pool, "bea") != nil {
		t.Errorf("dry: %s", got)
	}
	if got := outcomes(admin.Import{Users: users, TrustVerified: true}); got != "created false, refused false, skipped false, " {
		t.Error(got)
	}
	events := r.events()
	if len(events) != 2 || events[1].Name != hub.UsersImported || events[1].Reason != "1 created, 1 skipped, 1 refused, verified flags taken" || events[1].Pool != "master" {
		t.Errorf("events %+v", events)
	}
	if u := r.User(r.Pool, "bea"); u.Attributes["email_verified"] != "true" || u.Status != hub.ResetRequired {
		t.Errorf("%+v", u)
	}
	if got := outcomes(admin.Import{Users: users, TemporaryPasswords: true}); got != "given true, refused false, skipped false, " {
		t.Error(got)
	}
	if got := outcomes(admin.Import{Users: users, TemporaryPasswords: true}); got != "skipped false, refused false, skipped false, " {
		t.Error(got)
	}
	for _, n := range []admin.Import{{}, {Users: make([]admin.ImportRow, directory.MaxImport+1)}} {
		if _, err := r.client.Import(t.Context(), "master", n); code(err) != "invalid" {
			t.Errorf("%d rows: %v", len(n.Users), err)
		}
	}
}
