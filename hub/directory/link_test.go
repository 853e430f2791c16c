package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// came makes the user that an identity's first sign-in makes.
func came(t *testing.T, p *hub.Pool, l hub.Link, attributes mapping.Attributes) *hub.User {
	t.Helper()
	l.Primary, l.Created = true, p.Now()
	u := &hub.User{Sub: directory.NewSub(), Username: directory.FederatedName(l), Status: hub.ExternalProvider, Links: []hub.Link{l}, Attributes: attributes}
	err := p.Space.Update(t.Context(), func(tx *store.Tx) error {
		u.Created = tx.Now
		return hub.Users.Create(tx, u)
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// An administrator links what has not signed in yet, and nothing else; in Cognito's
// words, to its limit, and of this pool.
func TestA102_AdministratorLinks(t *testing.T) {
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{})
	h.Link(h.Pool, "Corp", up)
	other := h.AddPool("other", "http://other.test")
	link := func(p *hub.Pool, name string, l hub.Link) error {
		_, err := directory.Link(t.Context(), p, name, l, "ops")
		return err
	}
	if err := link(h.Pool, hubtest.Username, hub.Link{Provider: "Corp", Subject: "a-1"}); err != nil {
		t.Fatal(err)
	}
	l := h.User(h.Pool, hubtest.Username).Links[0]
	if l.Issuer != up.Issuer() || l.Primary || l.Type != "OIDC" || l.Evidence == nil || l.Evidence.By != "administrator ops" {
		t.Errorf("%+v", l)
	}
	h.AddUser(h.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bob@corp.example"}})
	came(t, h.Pool, hub.Link{Provider: "Corp", Issuer: up.Issuer(), Subject: "own"}, mapping.Attributes{"email": "own@corp.example"})
	came(t, h.Pool, hub.Link{Provider: "Corp", Issuer: "https://before.example", Subject: "moved"}, mapping.Attributes{"email": "moved@corp.example"})
	var invalid *directory.InvalidError
	for name, c := range map[string]struct {
		user string
		link hub.Link
		want error
	}{
		"linked to another":      {"bob", hub.Link{Provider: "Corp", Subject: "a-1"}, directory.ErrLinked},
		"linked to this one":     {hubtest.Username, hub.Link{Provider: "Corp", Subject: "a-1"}, directory.ErrLinked},
		"has a user of its own":  {"bob", hub.Link{Provider: "Corp", Subject: "own"}, directory.ErrSignedUp},
		"has one of old issuer":  {"bob", hub.Link{Provider: "Corp", Subject: "moved"}, directory.ErrSignedUp},
		"of a user who is not":   {"nobody", hub.Link{Provider: "Corp", Subject: "x"}, directory.ErrNoUser},
		"of a provider that not": {"bob", hub.Link{Provider: "corp", Subject: "x"}, nil},
		"without a subject":      {"bob", hub.Link{Provider: "Corp"}, nil},
		"of a long subject":      {"bob", hub.Link{Provider: "Corp", Subject: strings.Repeat("x", 256)}, nil},
	} {
		err := link(h.Pool, c.user, c.link)
		if c.want == nil && !errors.As(err, &invalid) || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.HasPrefix(directory.ErrSignedUp.Error(), "Merging is not currently supported") {
		t.Error("not in Cognito's words")
	}
	if err := link(other, hubtest.Username, hub.Link{Provider: "Corp", Subject: "b-1"}); !errors.Is(err, directory.ErrNoUser) && !errors.As(err, &invalid) {
		t.Errorf("a user of another pool: %v", err)
	}
	for i := range hub.MaxLinks {
		if err := link(h.Pool, "bob", hub.Link{Provider: "Corp", Subject: fmt.Sprint("b-", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := link(h.Pool, "bob", hub.Link{Provider: "Corp", Subject: "one-more"}); !errors.Is(err, directory.ErrLimit) {
		t.Errorf("beyond the limit: %v", err)
	}
	// Of one subject the case counts, and the issuer.
	if err := link(h.Pool, hubtest.Username, hub.Link{Provider: "Corp", Subject: "A-1"}); err != nil {
		t.Error(err)
	}
	if err := link(h.Pool, hubtest.Username, hub.Link{Provider: "Corp", Subject: "a-1", Issuer: "https://tenant.example"}); err != nil {
		t.Error(err)
	}
}

// Many who link one identity to different people at once: one does.
func TestA102_ParallelLinks(t *testing.T) {
	h := hubtest.New(t)
	h.Link(h.Pool, "Corp", idptest.New(t, idptest.Config{}))
	for i := range 8 {
		h.AddUser(h.Pool, fmt.Sprint("u", i), directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "u@corp.example"}})
	}
	for round := range 5 {
		var all sync.WaitGroup
		errs := make([]error, 32)
		for i := range errs {
			all.Go(func() {
				_, errs[i] = directory.Link(t.Context(), h.Pool, fmt.Sprint("u", i%8), hub.Link{Provider: "Corp", Subject: fmt.Sprint("s", round)}, "ops")
			})
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if !errors.Is(err, directory.ErrLinked) && !errors.Is(err, directory.ErrLimit) {
				t.Error(err)
			}
		}
		if done != 1 {
			t.Errorf("round %d: linked %d times", round, done)
		}
	}
}

// Unlinking ends the sessions that began with the identity, however many there are,
// and no others; their apps are on record.
func TestA89_UnlinkEndsSessions(t *testing.T) {
	h := hubtest.New(t)
	h.Link(h.Pool, "Corp", idptest.New(t, idptest.Config{}))
	u, err := directory.Link(t.Context(), h.Pool, hubtest.Username, hub.Link{Provider: "Corp", Subject: "a-1"}, "ops")
	if err != nil {
		t.Fatal(err)
	}
	key := u.Links[0].Key()
	open := func(link string) {
		id, _, secret := hub.NewSessionID(h.Now())
		s := &hub.Session{ID: id, Secret: secret, Expires: h.Now().Add(h.Pool.SessionLife), Entry: hub.Entry{Sub: u.Sub, Link: link, Began: h.Now()}}
		if link != "" {
			s.Provider = "Corp"
		}
		if err := h.Pool.Space.Update(t.Context(), func(tx *store.Tx) error { return hub.Sessions.Put(tx, s) }); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 140 {
		if open(key); i%2 == 0 {
			open("")
		}
	}
	if _, err := directory.Unlink(t.Context(), h.Pool, u.Sub, key, hub.End{By: "ops"}); err != nil {
		t.Fatal(err)
	}
	left, records := 0, 0
	err = h.Pool.Space.View(t.Context(), func(tx *store.Tx) error {
		sessions, _, err := hub.Sessions.FindAll(tx, "sub", u.Sub, store.Page{Limit: 1000})
		for _, s := range sessions {
			if s.Link == key {
				t.Error("a session of the identity is left")
			}
		}
		left, records = len(sessions), 0
		logouts, _, logoutErr := hub.Logouts.List(tx, "", "", store.Page{Limit: 1000})
		for _, l := range logouts {
			if l.Cause == hub.ByUnlinking && l.By == "ops" {
				records++
			}
		}
		return errors.Join(err, logoutErr)
	})
	if err != nil || left != 70 || records != 140 {
		t.Errorf("%d sessions left, %d records, %v", left, records, err)
	}
}

// Join is the one place where an identity comes to a user who was there, and it
// takes none without a reason.
func TestJoinWantsEvidence(t *testing.T) {
	h := hubtest.New(t)
	u := h.User(h.Pool, hubtest.Username)
	for _, e := range []hub.Evidence{{}, {By: "person"}, {Why: "because"}} {
		err := h.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
			return directory.Join(tx, u, hub.Link{Provider: "Corp", Issuer: "https://corp.example", Subject: "x"}, e)
		})
		if err == nil || len(u.Links) > 0 {
			t.Errorf("%+v: %v", e, err)
		}
	}
}

func groups(t *testing.T, p *hub.Pool) (list []string) {
	t.Helper()
	err := directory.Duplicates(context.Background(), p, func(d directory.Duplicate) error {
		names := make([]string, len(d.Users))
		for i, u := range d.Users {
			names[i] = u.Username
		}
		line := string(d.Likeness) + " " + strings.Join(names, "+")
		if d.More {
			line += "+…"
		}
		list = append(list, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Who looks like one person is found once, by the strongest likeness, and nobody
// else is.
func TestDuplicates(t *testing.T) {
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{})
	for _, name := range []string{"Corp", "Old", "Social"} {
		h.Link(h.Pool, name, up)
	}
	if got := groups(t, h.Pool); len(got) != 0 {
		t.Fatalf("of one user: %v", got)
	}
	add := func(name string, attributes mapping.Attributes) {
		h.Advance(1e9)
		h.AddUser(h.Pool, name, directory.NewUser{Password: hubtest.Password, Attributes: attributes})
	}
	federated := func(provider, subject string, attributes mapping.Attributes) {
		h.Advance(1e9)
		came(t, h.Pool, hub.Link{Provider: provider, Issuer: up.Issuer(), Subject: subject}, attributes)
	}
	federated("Corp", "ana-1", mapping.Attributes{"email": "ANA@corp.example", "email_verified": "true"})
	add("bob", mapping.Attributes{"email": "bob@corp.example"})
	federated("Social", "bob-1", mapping.Attributes{"email": "bob@corp.example", "email_verified": "true"})
	federated("Corp", "carol-1", mapping.Attributes{"email": "c1@corp.example"})
	federated("Old", "carol-1", mapping.Attributes{"email": "c2@corp.example"})
	federated("Social", "carol-1", mapping.Attributes{"email": "c3@corp.example"})
	add("dora", mapping.Attributes{"email": "dora.maar@corp.example", "given_name": "Dora", "family_name": "Maar"})
	federated("Corp", "dora-1", mapping.Attributes{"email": "dora.maar@home.example", "name": "dora  MAAR"})
	add("eve", mapping.Attributes{"email": "eve@corp.example", "name": "Eve Adam"})
	add("eve2", mapping.Attributes{"email": "adam@corp.example", "name": "Eve Adam"}) // a name alone is none
	for i := range 25 {
		add(fmt.Sprint("desk", i), mapping.Attributes{"email": "desk@corp.example"})
	}
	got := groups(t, h.Pool)
	want := []string{
		"identity Corp_carol-1+Old_carol-1+Social_carol-1",
		"proven_address ana+Corp_ana-1",
		"address bob+Social_bob-1",
		"name dora+Corp_dora-1",
	}
	var rest []string
	for _, line := range got {
		if strings.HasPrefix(line, "address desk") {
			if n := strings.Count(line, "+"); n != 20 || !strings.HasSuffix(line, "+…") {
				t.Errorf("a large group: %s", line)
			}
			continue
		}
		rest = append(rest, line)
	}
	if strings.Join(rest, "\n") != strings.Join(want, "\n") || len(got) != len(want)+1 {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	stop := errors.New("stop")
	n := 0
	err := directory.Duplicates(t.Context(), h.Pool, func(directory.Duplicate) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("not stopped: %v after %d", err, n)
	}
}

// A group is found across the pages that the pool is read in.
func TestDuplicatesAcrossPages(t *testing.T) {
	h := hubtest.New(t)
	err := h.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		for i := range 1203 {
			address := fmt.Sprintf("p%04d@corp.example", i/2)
			if i >= 1200 {
				address = "zz@corp.example"
			}
			u := &hub.User{Sub: directory.NewSub(), Username: fmt.Sprint("p", i), Status: hub.Confirmed, Attributes: mapping.Attributes{"email": address}, Created: tx.Now}
			if err := hub.Users.Create(tx, u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := groups(t, h.Pool); len(got) != 601 {
		t.Errorf("%d groups", len(got))
	}
}
