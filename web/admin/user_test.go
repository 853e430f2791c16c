package admin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/web/admin"
)

func TestUserLifeOverSocketAndInProcess(t *testing.T) {
	r := newRig(t)
	for name, client := range map[string]*admin.Client{"socket": r.client, "local": admin.Local(r.handler)} {
		t.Run(name, func(t *testing.T) {
			ctx, user := t.Context(), "bea-"+name
			made, err := client.CreateUser(ctx, "master", admin.NewUser{Username: user, Attributes: map[string]string{"email": "bea@corp.example"}})
			if err != nil {
				t.Fatal(err)
			}
			if made.Status != string(hub.ForceChangePassword) || !made.Enabled || made.TemporaryPassword == "" {
				t.Errorf("made %+v", made)
			}
			if d := made.PasswordExpires.Sub(r.Now()); d <= 0 || d > r.Pool.PasswordPolicy.TemporaryLife {
				t.Errorf("the temporary password lasts %s", d)
			}
			if _, err := r.Directory.Authenticate(ctx, r.Pool, user, made.TemporaryPassword); err != nil {
				t.Errorf("the temporary password: %v", err)
			}
			for _, by := range []string{user, strings.ToUpper(user), made.Sub} {
				if got, err := client.User(ctx, "master", by); err != nil || got.Sub != made.Sub {
					t.Errorf("user %q: %+v, %v", by, got, err)
				}
			}
			if _, err := client.CreateUser(ctx, "master", admin.NewUser{Username: strings.ToUpper(user)}); code(err) != "user_exists" {
				t.Errorf("a second one of that name: %v", err)
			}
			if u, err := client.SetEnabled(ctx, "master", user, false); err != nil || u.Enabled || !r.User(r.Pool, user).Disabled {
				t.Errorf("disable: %+v, %v", u, err)
			}
			if u, err := client.SetEnabled(ctx, "master", user, true); err != nil || !u.Enabled || r.User(r.Pool, user).Disabled {
				t.Errorf("enable: %+v, %v", u, err)
			}
			if u, err := client.DeleteUser(ctx, "master", user); err != nil || u.Sub != made.Sub || r.User(r.Pool, user) != nil {
				t.Errorf("delete: %+v, %v", u, err)
			}
			if _, err := client.DeleteUser(ctx, "master", user); code(err) != "no_such_user" {
				t.Errorf("delete again: %v", err)
			}
		})
	}
}

func TestUsersAreListedInPages(t *testing.T) {
	r := newRig(t)
	want := []string{hubtest.Username}
	for i := range 7 {
		name := fmt.Sprintf("user-%d", i)
		r.AddUser(r.Pool, name, directory.NewUser{Password: hubtest.Password})
		want = append(want, name)
	}
	var got []string
	for after, pages := "", 0; ; pages++ {
		page, err := r.client.Users(t.Context(), "master", after, 3)
		if err != nil || pages > 3 {
			t.Fatal(pages, err)
		}
		for _, u := range page.Users {
			got = append(got, u.Username)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
	if page, err := r.client.Users(t.Context(), "other", "", 0); err != nil || len(page.Users) != 0 || page.Users == nil {
		t.Errorf("the other pool: %+v, %v", page, err)
	}
}

func TestUserNamesOfEveryKind(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"a/b", "..", ".", "a%2Fb", "änne", "q?x=1", "a#b", "semi;colon", "plus+sign", "%"} {
		if _, err := r.client.CreateUser(t.Context(), "master", admin.NewUser{Username: name}); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if u, err := r.client.User(t.Context(), "master", name); err != nil || u.Username != name {
			t.Errorf("%q: got %q, %v", name, u.Username, err)
		}
		if _, err := r.client.DeleteUser(t.Context(), "master", name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "a b", "a\x00b", "a\u202eb", strings.Repeat("x", 129)} {
		if _, err := r.client.CreateUser(t.Context(), "master", admin.NewUser{Username: name}); code(err) != "invalid" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestPasswordRulesAreNamed(t *testing.T) {
	r := newRig(t)
	_, err := r.client.CreateUser(t.Context(), "master", admin.NewUser{Username: "bea", Password: "short", Permanent: true})
	if code(err) != "password_policy" || !strings.Contains(err.Error(), "at least 8 characters") || strings.Contains(err.Error(), "short") {
		t.Errorf("error %v", err)
	}
	status, e, _ := r.send(t, "POST", "/pools/master/users", `{"username":"bea","permanent":true}`)
	if status != http.StatusBadRequest || e.Field != "password" {
		t.Errorf("a permanent password that is not given: %d %+v", status, e)
	}
	u, err := r.client.CreateUser(t.Context(), "master", admin.NewUser{Username: "bea", Password: hubtest.Password, Permanent: true})
	if err != nil || u.Status != string(hub.Confirmed) || u.TemporaryPassword != "" {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestA149_TemporaryPasswords(t *testing.T) {
	for _, minimum := range []int{0, 8, 24, 99} {
		policy := hub.PasswordPolicy{MinimumLength: minimum, Upper: true, Lower: true, Number: true, Symbol: true}
		seen := map[string]bool{}
		for range 200 {
			p := admin.TemporaryPassword(policy)
			if !policy.Accepts(p) || seen[p] || len(p) > 120 {
				t.Fatalf("made %q for a least length of %d", p, minimum)
			}
			seen[p] = true
			// What is not fixed: base32 characters of five bits each.
			if random := len(strings.ReplaceAll(strings.TrimPrefix(p, "Tp7"), "-", "")); random*5 < 96 {
				t.Fatalf("%q holds %d random bits", p, random*5)
			}
		}
	}
	r := newRig(t)
	made, err := r.client.CreateUser(t.Context(), "master", admin.NewUser{Username: "bea"})
	if err != nil {
		t.Fatal(err)
	}
	r.Advance(r.Pool.PasswordPolicy.TemporaryLife + time.Second)
	if _, err := r.Directory.Authenticate(t.Context(), r.Pool, "bea", made.TemporaryPassword); err == nil {
		t.Error("the temporary password is good after seven days")
	}
}
