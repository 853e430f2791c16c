package directory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/migration"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Questions to the systems that people come from have a lane of their own: a slow
// one is not to hold up those whose password is here.
const (
	askingWidth = 64
	askingWait  = 5 * time.Second // for a place in the lane
)

// migrate asks the pool's Migration and lets in whom it knows: known is the user
// who was imported and waits for a password, nil when there is none of that name.
// One user comes of it, however many try at once, and its password is never
// written over.
func (d *Directory) migrate(ctx context.Context, p *hub.Pool, known *hub.User, q migration.Question) (*hub.User, error) {
	typed := strings.TrimSpace(q.Username)
	if q.Username = typed; known != nil {
		q.Username = known.Username
	}
	if known == nil && checkName(p, typed) != nil || !utf8.ValidString(q.Password) {
		d.pace.linger(ctx, p.Name) // no such user can be made, or no JSON can say it
		return nil, ErrRefused
	}
	person, err := d.ask(ctx, p, q)
	if errors.Is(err, migration.ErrWrong) {
		if err != migration.ErrWrong { // it says more
			p.Log.Info("a migration was refused", "pool", p.Name, "why", err)
		}
		return nil, ErrRefused
	}
	if err != nil {
		return nil, err
	}
	name := typed
	switch {
	case known != nil:
		name = known.Username
	case person.Username != "" && person.Username != person.Subject: // typed was another name of the same person
		name = person.Username
		if checkName(p, name) != nil {
			return nil, &migration.Error{System: p.Migration.String(), Kind: migration.Misread, Detail: "the user name there cannot be one here"}
		}
	}
	hash, err := d.hasher.Hash(ctx, q.Password)
	if err != nil {
		return nil, err
	}
	var u, barred *hub.User
	var left []string
	sub, fresh := NewSub(), false
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		barred = nil
		u, err = hub.Users.Find(tx, "name", hub.LocalNameKey(name))
		if errors.Is(err, store.ErrNotFound) && person.Username != "" { // imported by the id that the old system knows them by
			u, err = hub.Users.Find(tx, "name", hub.LocalNameKey(person.Username))
		}
		switch {
		case errors.Is(err, store.ErrNotFound):
			if barred, err = disabled(tx, p, person); err != nil || barred != nil {
				return err
			}
			u = &hub.User{Sub: sub, Username: name, Attributes: mapping.Attributes{}, Created: tx.Now}
		case err != nil:
			return err
		case !u.Awaited():
			fresh = false
			return nil
		}
		if left, err = adopt(p, u, person); err != nil {
			return err
		}
		fresh, u.Status, u.Password, u.Modified = true, hub.Confirmed, hash, tx.Now
		return hub.Users.Put(tx, u)
	})
	if err != nil {
		return nil, err
	}
	if barred != nil {
		p.Log.Info("a migration was refused", "pool", p.Name, "why", "a user with the person's address is disabled", "sub", barred.Sub)
		return nil, ErrRefused
	}
	if fresh {
		if len(left) > 0 {
			p.Log.Info("attributes left out of a migration", "pool", p.Name, "sub", u.Sub, "attributes", left)
		}
		return u, nil
	}
	// Somebody was faster: the same person in another tab, or the name belongs to
	// one who has a password here and was not named by it.
	if u.Disabled || hub.FoldName(u.Username) != hub.FoldName(typed) {
		return nil, ErrRefused
	}
	ok, _, err := d.hasher.Verify(ctx, u.Password, q.Password)
	if err == nil && !ok {
		err = ErrRefused
	}
	return u, err
}

// disabled finds a user who is switched off and has the address of a person who
// would be made: under another name nobody comes back (A90). An address that a
// provider wrote counts only if that provider is believed.
func disabled(tx *store.Tx, p *hub.Pool, person *migration.Person) (*hub.User, error) {
	address := hub.FoldName(person.Attributes["email"])
	if address == "" {
		return nil, nil
	}
	for after := ""; ; {
		owners, next, err := hub.Users.FindAll(tx, "email", address, store.Page{After: after})
		if err != nil {
			return nil, err
		}
		for _, o := range owners {
			if o.Disabled && (len(o.Links) == 0 || o.Proven(p)) {
				return o, nil
			}
		}
		if after = next; next == "" {
			return nil, nil
		}
	}
}

// ask asks in the lane, and remembers how long a no takes.
func (d *Directory) ask(ctx context.Context, p *hub.Pool, q migration.Question) (*migration.Person, error) {
	waiting, cancel := context.WithTimeout(ctx, askingWait)
	defer cancel()
	if err := d.asking.enter(waiting); err != nil {
		if ctx.Err() == nil {
			err = ErrOverloaded
		}
		return nil, err
	}
	defer d.asking.leave()
	begun := time.Now()
	person, err := p.Migration.Ask(ctx, q)
	if errors.Is(err, migration.ErrWrong) {
		d.pace.took(p.Name, time.Since(begun))
	}
	return person, err
}

// adopt writes what the other system says of a person into the user, as far as it
// fits the schema: the names of what does not are returned. An *migration.Error
// says that the user would lack what the pool requires.
func adopt(p *hub.Pool, u *hub.User, person *migration.Person) (left []string, err error) {
	set := maps.Clone(u.Attributes)
	if set == nil {
		set = mapping.Attributes{}
	}
	for _, name := range slices.Sorted(maps.Keys(person.Attributes)) {
		value := person.Attributes[name]
		a, ok := p.Schema.Attribute(name)
		switch {
		case name == "sub" || name == "identities" || strings.HasPrefix(name, "cognito:") || value == "" || strings.HasSuffix(name, "_verified"):
		case !ok || p.Schema.Check(mapping.Attributes{name: value}) != nil:
			left = append(left, strings.ToValidUTF8(name[:min(len(name), 64)], ""))
		case a.Immutable && set[name] != "":
		default:
			set[name] = value
		}
	}
	// A flag belongs to the address that came with it.
	for _, address := range []string{"email", "phone_number"} {
		if came := person.Attributes[address]; came != "" && came == set[address] {
			set[address+"_verified"] = map[bool]string{true: "true", false: "false"}[person.Attributes[address+"_verified"] == "true"]
		}
	}
	if lacks := lacking(p.Schema, set); len(lacks) > 0 {
		return nil, &migration.Error{System: p.Migration.String(), Kind: migration.Incomplete, Detail: fmt.Sprintf("it sent nothing that fits for %s", strings.Join(lacks, ", "))}
	}
	u.Attributes = set
	return left, nil
}
