package directory

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// MaxImport is how many people one Import takes in at most: all of them are
// written by one transaction.
const MaxImport = 500

// Row is a person of a file to be imported.
type Row struct {
	Username   string
	Attributes mapping.Attributes
}

// ImportOptions say how rows are taken.
type ImportOptions struct {
	DryRun bool // judge, and write nothing
	// TrustVerified takes email_verified and phone_number_verified from the rows;
	// otherwise both are false.
	TrustVerified bool
	// Temporary makes a temporary password for each; nil: nobody gets one, and
	// everybody is RESET_REQUIRED.
	Temporary func() string
}

// Outcome is what became of a row.
type Outcome string

// The outcomes of a row.
const (
	RowCreated Outcome = "created"
	RowSkipped Outcome = "skipped" // the user was there
	RowGiven   Outcome = "given"   // the user was there without a password, and has a temporary one now
	RowRefused Outcome = "refused"
)

// Imported is what became of one row and why. A reason quotes no value.
type Imported struct {
	Outcome  Outcome
	Sub      string
	Reason   string
	Password string    // a temporary one, this once
	Expires  time.Time // of Password
}

// ImportColumns are the columns of a file for a pool with that schema: Cognito's
// header (GetCSVHeader), the custom attributes before the two that are none.
func ImportColumns(s *mapping.Schema) []string {
	columns := []string{
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "email",
		"email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified", "address", "updated_at",
	}
	for _, a := range s.Attributes() {
		if strings.HasPrefix(a.Name, "custom:") {
			columns = append(columns, a.Name)
		}
	}
	return append(columns, ColumnMFA, ColumnUsername)
}

// The columns that are no attributes.
const (
	ColumnMFA      = "cognito:mfa_enabled"
	ColumnUsername = "cognito:username"
)

// candidate is a row on its way into the store.
type candidate struct {
	at   int // in the result
	user *hub.User
	life time.Duration // of the temporary password
}

// Import takes up to MaxImport rows into the pool and tells of each, in their
// order, what became of it. It may be called with the same rows again: who is
// there is skipped, and never changed.
func (d *Directory) Import(ctx context.Context, p *hub.Pool, rows []Row, o ImportOptions) ([]Imported, error) {
	if len(rows) > MaxImport {
		return nil, fmt.Errorf("%d rows; at most %d", len(rows), MaxImport)
	}
	list := make([]Imported, len(rows))
	var fresh []candidate
	err := p.Space.View(ctx, func(tx *store.Tx) error {
		fresh = nil
		for i, row := range rows {
			list[i] = Imported{Outcome: RowCreated}
			u, err := rowUser(p, row, o)
			if err != nil {
				list[i] = Imported{Outcome: RowRefused, Reason: strings.ReplaceAll(err.Error(), "\n", "; ")}
				continue
			}
			if list[i], _, err = there(tx, u, o); err != nil {
				return err
			}
			if list[i].Outcome == RowCreated || list[i].Outcome == RowGiven {
				fresh = append(fresh, candidate{at: i, user: u})
			}
		}
		return nil
	})
	if err != nil || len(fresh) == 0 || o.DryRun {
		return list, err
	}
	if o.Temporary != nil {
		if err := d.temporaries(ctx, p, list, fresh, o.Temporary); err != nil {
			return nil, err
		}
	}
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		for _, c := range fresh {
			made, err := c.write(tx, o)
			if err != nil {
				return err
			}
			if made.Password = list[c.at].Password; made.Outcome == RowSkipped || made.Outcome == RowRefused {
				made.Password = "" // made at the same time by somebody else
			}
			list[c.at] = made
		}
		return nil
	})
	return list, err
}

// rowUser makes the user of a row, or says what is wrong with the row.
func rowUser(p *hub.Pool, row Row, o ImportOptions) (*hub.User, error) {
	if err := checkName(p, row.Username); err != nil {
		return nil, err
	}
	attributes := mapping.Attributes{}
	for name, value := range row.Attributes {
		if value != "" {
			attributes[name] = value
		}
	}
	for _, address := range []string{"email", "phone_number"} {
		flag := address + "_verified"
		switch {
		case attributes[address] == "":
			delete(attributes, flag)
		case !o.TrustVerified || attributes[flag] == "":
			attributes[flag] = "false"
		}
	}
	if err := p.Schema.Check(attributes); err != nil {
		return nil, err
	}
	if lacks := lacking(p.Schema, attributes); len(lacks) > 0 {
		return nil, fmt.Errorf("lacks what every user of the pool has: %s", strings.Join(lacks, ", "))
	}
	u := &hub.User{Sub: NewSub(), Username: strings.TrimSpace(row.Username), Status: hub.ResetRequired, Attributes: attributes}
	if o.Temporary != nil {
		u.Status = hub.ForceChangePassword
	}
	return u, nil
}

// lacking lists the required attributes that have no value.
func lacking(s *mapping.Schema, attributes mapping.Attributes) []string {
	var list []string
	for _, name := range s.Required() {
		if attributes[name] == "" && !strings.HasSuffix(name, "_verified") {
			list = append(list, name)
		}
	}
	return list
}

// there tells what becomes of a row whose name the pool may have. Two ways to
// write one name are two people of the old system, and only one can have it here.
func there(tx *store.Tx, u *hub.User, o ImportOptions) (Imported, *hub.User, error) {
	old, err := hub.Users.Find(tx, "name", hub.LocalNameKey(u.Username))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Imported{Outcome: RowCreated, Sub: u.Sub}, nil, nil
	case err != nil:
		return Imported{}, nil, err
	case old.Username != u.Username:
		return Imported{Outcome: RowRefused, Sub: old.Sub, Reason: "another user has this name, written otherwise"}, old, nil
	case o.Temporary != nil && old.Awaited():
		return Imported{Outcome: RowGiven, Sub: old.Sub}, old, nil
	}
	return Imported{Outcome: RowSkipped, Sub: old.Sub}, old, nil
}

func (c *candidate) write(tx *store.Tx, o ImportOptions) (Imported, error) {
	made, old, err := there(tx, c.user, o)
	if err != nil {
		return made, err
	}
	if o.Temporary != nil {
		made.Expires = tx.Now.Add(c.life)
	}
	switch made.Outcome {
	case RowCreated:
		u := *c.user
		u.Created, u.Modified, u.PasswordExpiry = tx.Now, tx.Now, made.Expires
		return made, hub.Users.Create(tx, &u)
	case RowGiven:
		old.Status, old.Password, old.PasswordExpiry, old.Modified = hub.ForceChangePassword, c.user.Password, made.Expires, tx.Now
		return made, hub.Users.Put(tx, old)
	}
	made.Expires = time.Time{}
	return made, nil
}

// temporaries makes a temporary password for each candidate, on as many
// processors as the machine has; people who sign in meanwhile share the lane.
func (d *Directory) temporaries(ctx context.Context, p *hub.Pool, list []Imported, fresh []candidate, temporary func() string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range fresh {
		c := &fresh[i]
		c.life = p.PasswordPolicy.TemporaryLife
		password := temporary()
		list[c.at].Password = password
		group.Go(func() (err error) {
			c.user.Password, err = d.hasher.Hash(ctx, password)
			return err
		})
	}
	return group.Wait()
}
