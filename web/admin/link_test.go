package admin_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// Links by API: made once, of this pool, on record before and after, shown with
// their evidence, and taken off.
func TestA102_LinksByAPI(t *testing.T) {
	r := newRig(t)
	up := idptest.New(t, idptest.Config{})
	r.Link(r.Pool, "Corp", up)
	ctx := t.Context()
	l := admin.NewLink{Provider: "Corp", Subject: "a b/c?d"}
	u, err := r.client.LinkUser(ctx, "master", hubtest.Username, l)
	if err != nil {
		t.Fatal(err)
	}
	if len(u.Links) != 1 || u.Links[0].Issuer != up.Issuer() || u.Links[0].Evidence == nil || !strings.HasPrefix(u.Links[0].Evidence.By, "administrator local uid ") {
		t.Errorf("%+v", u.Links)
	}
	events := r.events()
	if len(events) != 2 || events[0].Name != hub.AdminAct || events[1].Name != hub.UserLinked || !events[1].OK || events[1].Provider != "Corp" || events[1].Actor == "" {
		t.Errorf("events %+v", events)
	}
	r.AddUser(r.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bob@corp.example"}})
	for name, c := range map[string]struct {
		pool, user string
		link       admin.NewLink
		want       string
	}{
		"another has it":    {"master", "bob", l, "link_exists"},
		"she has it":        {"master", hubtest.Username, l, "link_exists"},
		"of another pool":   {"other", "bob", l, "no_such_user"},
		"no such provider":  {"master", "bob", admin.NewLink{Provider: "Nobody", Subject: "x"}, "invalid"},
		"without a subject": {"master", "bob", admin.NewLink{Provider: "Corp"}, "invalid"},
	} {
		if _, err := r.client.LinkUser(ctx, c.pool, c.user, c.link); code(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.client.UnlinkUser(ctx, "master", "bob", l); code(err) != "no_such_link" {
		t.Errorf("off a user who has it not: %v", err)
	}
	second := l
	second.Issuer = "https://tenant.example"
	if _, err := r.client.LinkUser(ctx, "master", hubtest.Username, second); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.UnlinkUser(ctx, "master", hubtest.Username, l); code(err) != "invalid" {
		t.Errorf("one of two: %v", err)
	}
	if u, err = r.client.UnlinkUser(ctx, "master", hubtest.Username, second); err != nil || len(u.Links) != 1 {
		t.Errorf("%+v, %v", u, err)
	}
	if u, err = r.client.UnlinkUser(ctx, "master", hubtest.Username, l); err != nil || len(u.Links) != 0 {
		t.Errorf("%+v, %v", u, err)
	}
	if status, e, _ := r.send(t, "DELETE", "/pools/master/users/ana/links?provider=Corp&subject=x&sub=1", ""); status != http.StatusBadRequest || e.Field != "sub" {
		t.Errorf("an unknown parameter: %d %+v", status, e)
	}
}

// Duplicates come with commands that a shell takes as they are meant, whatever a
// provider put into a subject.
func TestDuplicatesByAPI(t *testing.T) {
	r := newRig(t)
	up := idptest.New(t, idptest.Config{})
	r.Link(r.Pool, "Corp", up)
	r.Advance(time.Minute)
	r.AddUser(r.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "ana@corp.example", "email_verified": "true"}})
	if _, err := r.client.LinkUser(t.Context(), "master", "bob", admin.NewLink{Provider: "Corp", Subject: "x'; rm -rf ~ #$(id)`id`\n"}); err != nil {
		t.Fatal(err)
	}
	d, err := r.client.Duplicates(t.Context(), "master", 0)
	if err != nil || len(d.Duplicates) != 1 {
		t.Fatalf("%+v, %v", d, err)
	}
	g := d.Duplicates[0]
	if g.Likeness != "proven_address" || g.Shared != "ana@corp.example" || len(g.Users) != 2 || g.Why == "" || g.Proven == "" || !strings.Contains(g.Advice, "ask the person") {
		t.Errorf("%+v", g)
	}
	ana, bob := r.User(r.Pool, hubtest.Username), r.User(r.Pool, "bob")
	if g.Users[0].Sub != ana.Sub || g.Users[1].Sub != bob.Sub {
		t.Errorf("users %+v", g.Users)
	}
	want := []string{
		"isthmus user delete " + bob.Sub + " --pool master",
		"isthmus user link " + ana.Sub + ` --provider Corp --subject 'x'\''; rm -rf ~ #$(id)` + "`id`\n' --issuer " + up.Issuer() + " --pool master",
	}
	if !slices.Equal(g.Commands, want) {
		t.Errorf("commands %q", g.Commands)
	}
	// What somebody disabled could come back by is not handed to an enabled user (A90).
	if _, err := directory.SetDisabled(t.Context(), r.Pool, bob.Sub, true, hub.End{}); err != nil {
		t.Fatal(err)
	}
	if d, err := r.client.Duplicates(t.Context(), "master", 0); err != nil || len(d.Duplicates) != 1 || len(d.Duplicates[0].Commands) != 0 || !strings.Contains(d.Duplicates[0].Advice, "disabled") {
		t.Errorf("of a disabled user: %+v, %v", d, err)
	}
	if d, err := r.client.Duplicates(t.Context(), "other", 0); err != nil || len(d.Duplicates) != 0 {
		t.Errorf("another pool: %+v, %v", d, err)
	}
}
