package directory_test

import (
	"errors"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/migration/migrationtest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Somebody who is switched off does not come back by the old system, whatever name
// of theirs it knows: neither as who they were nor as somebody new.
func TestA90_DisabledStayAwayFromMigration(t *testing.T) {
	const id = "0f8fad5b-d9cb-469f-a165-70867728950e"
	for way, system := range ways {
		for name, c := range map[string]struct{ imported, there, email string }{
			"by name":             {"ada", "ada", "ada@corp.example"},
			"named by its id":     {id, id, "ada@corp.example"},
			"id, another address": {id, id, "ada@before.example"},
			"called otherwise":    {"lovelace", id, "ada@corp.example"},
		} {
			for _, migrated := range []bool{false, true} {
				h := hubtest.New(t)
				person := oldAda
				person.Username = c.there
				old := migrationtest.New(t, person)
				sub := importOne(t, h, directory.Row{Username: c.imported, Attributes: mapping.Attributes{"email": c.email}}).Sub
				ana := h.User(h.Pool, hubtest.Username)
				if migrated { // with an address that nobody is found by
					err := h.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
						u, err := hub.Users.Get(tx, sub)
						if err != nil {
							return err
						}
						u.Status, u.Password = hub.Confirmed, ana.Password
						return hub.Users.Put(tx, u)
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				h.Pool.Migration = system(old, h.Outbound, time.Second)
				if _, err := directory.SetDisabled(t.Context(), h.Pool, sub, true, hub.End{}); err != nil {
					t.Fatal(err)
				}
				for _, typed := range []string{"ada@corp.example", c.there, c.imported} {
					if u, err := h.Directory.Authenticate(t.Context(), h.Pool, typed, oldPassword); !errors.Is(err, directory.ErrRefused) {
						t.Errorf("%s, %s, migrated %v: %s came in: %+v, %v", way, name, migrated, typed, u, err)
					}
				}
				if n := len(h.Users(h.Pool)); n != 2 {
					t.Errorf("%s, %s, migrated %v: %d users", way, name, migrated, n)
				}
			}
		}
	}
}
