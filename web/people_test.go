package web_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Different identities never meet in one user: not by spelling, not by how parts
// of a key run together, not across providers.
func TestA79_IdentitiesNeverMeet(t *testing.T) {
	h := hubtest.New(t)
	ups := map[string]*idptest.Provider{}
	for _, name := range []string{"Corp", "corp", "Corp_a"} {
		ups[name] = idptest.New(t, idptest.Config{})
		h.Link(h.Pool, name, ups[name])
	}
	s := serve(t, h)
	seen := map[string]string{}
	for _, provider := range []string{"Corp", "corp"} {
		for _, subject := range []string{"alice", "Alice", "ALICE", "alice/b", "alice%2Fb", "a|b", "b", "álice", "a\u0301lice", "1", "01", strings.Repeat("x", 200)} {
			ups[provider].SetUser(idptest.User{Subject: subject, Claims: map[string]any{"email": "same@corp.example", "email_verified": true}})
			params, ok := s.browser(t).authorize("identity_provider", provider).app()
			if !ok || params.Get("code") == "" {
				t.Fatalf("%s %q: %v", provider, subject, params)
			}
			got := s.token(t, redeem(params.Get("code")))
			sub := subOf(t, s, got.Access)
			if other, met := seen[sub]; met {
				t.Errorf("%s %q is the user of %s", provider, subject, other)
			}
			seen[sub] = provider + " " + subject
		}
	}
	// "Corp_a"+"b" and "Corp"+"a_b" would have one user name: refused, not joined.
	ups["Corp_a"].SetUser(idptest.User{Subject: "b", Claims: map[string]any{"email": "x@corp.example"}})
	s.browser(t).authorize("identity_provider", "Corp_a")
	ups["Corp"].SetUser(idptest.User{Subject: "a_b", Claims: map[string]any{"email": "y@corp.example"}})
	r := s.browser(t).authorize("identity_provider", "Corp")
	if _, ok := r.app(); ok || s.trace(t, r.help(t)).Reason != "name_taken" {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
}

func subOf(t *testing.T, s *site, access string) string {
	t.Helper()
	payload, _, err := s.Pool.Keys.Ring().Verify(access)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(payload), `"sub":"`)
	sub, _, _ := strings.Cut(rest, `"`)
	return sub
}

// A local name never takes a federated one, nor the reverse.
func TestA80_NamesKeptApart(t *testing.T) {
	s, _ := federated(t, idptest.Config{})
	for _, name := range []string{"CorporateID_alice", "corporateid_ALICE", "CorporateID_", " CorporateID_alice "} {
		_, err := s.Directory.Create(t.Context(), s.Pool, directory.NewUser{Username: name, Password: hubtest.Password})
		if err == nil {
			t.Errorf("%q was made", name)
		}
	}
	// A local user from before the provider: the newcomer is refused, and neither
	// gains the other's account.
	h := hubtest.New(t)
	h.AddUser(h.Pool, "CorporateID_alice", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "local@corp.example"}})
	up := idptest.New(t, idptest.Config{})
	up.SetUser(alice)
	h.Link(h.Pool, "CorporateID", up)
	s = serve(t, h)
	r := s.browser(t).authorize("identity_provider", "CorporateID")
	if _, ok := r.app(); ok || r.StatusCode != http.StatusForbidden {
		t.Errorf("the newcomer: %d", r.StatusCode)
	}
	if u := h.User(h.Pool, "CorporateID_alice"); len(u.Links) > 0 || u.Attributes["email"] != "local@corp.example" {
		t.Errorf("the local user was changed: %+v", u)
	}
	b := s.browser(t)
	if params, ok := b.submit(b.authorize(), "username", "CorporateID_alice", "password", hubtest.Password).app(); !ok || params.Get("code") == "" {
		t.Error("the local user lost the account")
	}
}

// An address, proven or not, never joins two people: that needs a link.
func TestA81_NoLinkByAddress(t *testing.T) {
	for _, verified := range []any{true, false, "true", "TRUE", 1, nil, []any{true}, map[string]any{"a": true}} {
		s, up := federated(t, idptest.Config{})
		claims := map[string]any{"email": "ana@corp.example"}
		if verified != nil {
			claims["email_verified"] = verified
		}
		up.SetUser(idptest.User{Subject: "stranger", Claims: claims})
		params, ok := s.browser(t).authorize("identity_provider", "CorporateID").app()
		if !ok || params.Get("code") == "" {
			t.Fatalf("%v: %v", verified, params)
		}
		if ana := s.User(s.Pool, hubtest.Username); len(ana.Links) > 0 {
			t.Errorf("%v: the stranger was linked to ana", verified)
		}
		want := "false"
		if verified == true {
			want = "true"
		}
		if got := s.User(s.Pool, "CorporateID_stranger").Attributes["email_verified"]; got != want {
			t.Errorf("%v: email_verified %q", verified, got)
		}
	}
}

// An account made early with the victim's unproven address is not joined by the
// owner's first sign-in through a provider, nor the reverse.
func TestA82_UnprovenLocalAddress(t *testing.T) {
	s, up := federated(t, idptest.Config{})
	early := s.AddUser(s.Pool, "early", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "owner@corp.example"}})
	up.SetUser(idptest.User{Subject: "owner", Claims: map[string]any{"email": "owner@corp.example", "email_verified": true}})
	params, ok := s.browser(t).authorize("identity_provider", "CorporateID").app()
	if !ok || subOf(t, s, s.token(t, redeem(params.Get("code"))).Access) == early.Sub {
		t.Error("the owner came in as the early account")
	}
	if again := s.User(s.Pool, "early"); len(again.Links) > 0 || again.Attributes["email_verified"] == "true" {
		t.Errorf("the early account gained by it: %+v", again)
	}
	if r := s.tryPassword(t, "owner@corp.example", hubtest.Password); r.StatusCode != http.StatusBadRequest {
		t.Errorf("an unproven address is a user name: %d", r.StatusCode)
	}
}

// A person's address changing upstream changes an attribute and nothing else.
func TestA83_AddressChangesUpstream(t *testing.T) {
	s, up := federated(t, idptest.Config{})
	s.browser(t).authorize("identity_provider", "CorporateID")
	first := s.User(s.Pool, "CorporateID_alice")
	up.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "ana@corp.example", "email_verified": true}})
	s.browser(t).authorize("identity_provider", "CorporateID")
	up.SetUser(idptest.User{Subject: "newcomer", Claims: map[string]any{"email": "alice@corp.example", "email_verified": true}})
	s.browser(t).authorize("identity_provider", "CorporateID")
	if again := s.User(s.Pool, "CorporateID_alice"); again.Sub != first.Sub || again.Attributes["email"] != "ana@corp.example" {
		t.Errorf("alice %+v", again)
	}
	if newcomer := s.User(s.Pool, "CorporateID_newcomer"); newcomer == nil || newcomer.Sub == first.Sub {
		t.Error("the newcomer took over alice's account by her old address")
	}
	if len(s.Users(s.Pool)) != 3 {
		t.Errorf("%d users", len(s.Users(s.Pool)))
	}
}

// A disabled or deleted person does not come back through a provider.
func TestA90_DisabledPerson(t *testing.T) {
	s, _ := federated(t, idptest.Config{})
	b := s.browser(t)
	params, _ := b.authorize("identity_provider", "CorporateID").app()
	code := params.Get("code")
	if _, err := directory.SetDisabled(t.Context(), s.Pool, "CorporateID_alice", true, hub.End{}); err != nil {
		t.Fatal(err)
	}
	if got := s.token(t, redeem(code)); got.Error != "invalid_grant" {
		t.Errorf("code of before: %+v", got)
	}
	r := s.browser(t).authorize("identity_provider", "CorporateID")
	if _, ok := r.app(); ok || r.StatusCode != http.StatusForbidden || s.trace(t, r.help(t)).Reason != "user_disabled" {
		t.Errorf("federated: %d", r.StatusCode)
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Errorf("session of before: %v", params)
	}
	if u := s.User(s.Pool, "CorporateID_alice"); !u.Disabled {
		t.Error("re-enabled silently")
	}
	for _, disabled := range []bool{true, false} {
		if _, err := directory.SetDisabled(t.Context(), s.Pool, hubtest.Username, disabled, hub.End{}); err != nil {
			t.Fatal(err)
		}
		b := s.browser(t)
		_, in := b.submit(b.authorize(), "username", hubtest.Username, "password", hubtest.Password).app()
		if in == disabled {
			t.Errorf("password sign-in with disabled=%v: %v", disabled, in)
		}
	}
}

func TestA91_CreationOff(t *testing.T) {
	s, _ := federated(t, idptest.Config{})
	pr, _ := s.Pool.Provider("CorporateID")
	pr.Creates = false
	r := s.browser(t).authorize("identity_provider", "CorporateID")
	if _, ok := r.app(); ok || r.StatusCode != http.StatusForbidden || len(s.Users(s.Pool)) != 1 {
		t.Errorf("%d, %d users", r.StatusCode, len(s.Users(s.Pool)))
	}
}

// Many first sign-ins of one person at once make one user, and all succeed.
func TestA92_ParallelFirstSignIns(t *testing.T) {
	s, up := federated(t, idptest.Config{})
	for round := range 3 {
		subject := "person-" + string(rune('a'+round))
		up.SetUser(idptest.User{Subject: subject, Claims: map[string]any{"email": "p@corp.example"}})
		subs := make([]string, 25)
		var all sync.WaitGroup
		for i := range subs {
			all.Go(func() {
				params, _ := s.browser(t).authorize("identity_provider", "CorporateID").app()
				if got := s.token(t, redeem(params.Get("code"))); got.Access != "" {
					subs[i] = subOf(t, s, got.Access)
				}
			})
		}
		all.Wait()
		slices.Sort(subs)
		if got := slices.Compact(subs); len(got) != 1 || got[0] == "" {
			t.Fatalf("round %d: %v", round, got)
		}
	}
}

// A sign-in changes of a user what the client may write, and nothing else.
func TestWriteAttributes(t *testing.T) {
	s, up := federated(t, idptest.Config{})
	s.browser(t).authorize("identity_provider", "CorporateID")
	s.Pool.Clients[hubtest.ClientID].WriteAttributes = []string{"email"}
	up.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "new@corp.example", "given_name": "Changed"}})
	s.browser(t).authorize("identity_provider", "CorporateID")
	if u := s.User(s.Pool, "CorporateID_alice"); u.Attributes["email"] != "new@corp.example" || u.Attributes["given_name"] != "" {
		t.Errorf("attributes %v", u.Attributes)
	}
}
