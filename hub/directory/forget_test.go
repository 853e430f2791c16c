package directory_test

import (
	"slices"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// A mark that an untrusted provider may have set does not become a proof when its
// identity is taken off; one that no such provider could have set stays.
func TestA88_MarkOutlivesNoLink(t *testing.T) {
	for name, c := range map[string]struct {
		trusted []string
		want    string
	}{
		"untrusted": {nil, "false"}, "trusted": {[]string{"corp.example"}, "true"}, "trusted elsewhere": {[]string{"home.example"}, "false"},
	} {
		h := hubtest.New(t)
		h.Link(h.Pool, "Social", idptest.New(t, idptest.Config{})).TrustedDomains = c.trusted
		u := h.AddUser(h.Pool, "eve", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "victim@corp.example", "email_verified": "true"}})
		u, err := directory.Link(t.Context(), h.Pool, u.Sub, hub.Link{Provider: "Social", Subject: "e"}, "ops")
		if err != nil {
			t.Fatal(err)
		}
		if u, err = directory.Unlink(t.Context(), h.Pool, u.Sub, u.Links[0].Key(), hub.End{}); err != nil {
			t.Fatal(err)
		}
		if got := u.Attributes["email_verified"]; got != c.want || u.Proven(h.Pool) != (c.want == "true") {
			t.Errorf("%s: email_verified %q, proven %v", name, got, u.Proven(h.Pool))
		}
	}
}

// What a stranger's provider gave goes when the owner of the address has the account.
func TestA86_GroupsOfStrangersProviderFall(t *testing.T) {
	h := hubtest.New(t)
	h.Link(h.Pool, "Social", idptest.New(t, idptest.Config{}))
	eve := h.AddUser(h.Pool, "eve", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "owner@corp.example"}})
	if _, err := directory.Link(t.Context(), h.Pool, eve.Sub, hub.Link{Provider: "Social", Subject: "e"}, "ops"); err != nil {
		t.Fatal(err)
	}
	if _, err := directory.SetGroup(t.Context(), h.Pool, eve.Sub, "kept", true); err != nil {
		t.Fatal(err)
	}
	err := h.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		u, err := hub.Users.Get(tx, eve.Sub)
		if err != nil {
			return err
		}
		if _, err := u.TakeGroups(h.Pool, "Social", &mapping.Claimed{Names: []string{"staff"}, Write: mapping.Reconcile}); err != nil {
			return err
		}
		if err := directory.Claim(tx, h.Pool, u, hub.Link{Provider: "Corp", Issuer: "i", Subject: "o"}, hub.Evidence{By: "person", Why: "test"}); err != nil {
			return err
		}
		return hub.Users.Put(tx, u)
	})
	if err != nil {
		t.Fatal(err)
	}
	if u := h.User(h.Pool, eve.Sub); !slices.Equal(u.Groups, []string{"kept"}) || len(u.Given) != 0 || u.Attributes["email_verified"] != "true" {
		t.Errorf("groups %v, given %v", u.Groups, u.Given)
	}
}

// Whoever has a provider that does not verify write the address of another does not
// take from her the sign-in by it; two who have proven it are told apart by name alone.
func TestA88_ShadowedAddress(t *testing.T) {
	h := hubtest.New(t)
	h.Link(h.Pool, "Social", idptest.New(t, idptest.Config{}))
	eve := h.AddUser(h.Pool, "eve", directory.NewUser{Password: "Eve-passw0rd!", Attributes: mapping.Attributes{"email": "ana@corp.example", "email_verified": "true"}})
	if _, err := h.Directory.Authenticate(t.Context(), h.Pool, "ana@corp.example", hubtest.Password); err == nil {
		t.Error("one of two was meant")
	}
	if _, err := directory.Link(t.Context(), h.Pool, eve.Sub, hub.Link{Provider: "Social", Subject: "e"}, "ops"); err != nil {
		t.Fatal(err)
	}
	if u, err := h.Directory.Authenticate(t.Context(), h.Pool, "ana@corp.example", hubtest.Password); err != nil || u.Username != hubtest.Username {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := h.Directory.Authenticate(t.Context(), h.Pool, "ana@corp.example", "Eve-passw0rd!"); err == nil {
		t.Error("eve came in by the address")
	}
}
