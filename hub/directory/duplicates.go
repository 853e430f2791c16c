package directory

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Likeness is in what users look like one person.
type Likeness string

// The likenesses, from the strongest on.
const (
	SameIdentity      Likeness = "identity"       // one upstream issuer and subject, under two of the pool's providers
	SameProvenAddress Likeness = "proven_address" // one e-mail address, marked as verified by two of them at least
	SameAddress       Likeness = "address"        // one e-mail address, not proven by all
	SameName          Likeness = "name"           // one full name, and one more thing
)

// Duplicate are users who look like one person. Nothing is decided by it.
type Duplicate struct {
	Likeness Likeness
	Shared   string      // what they have in common
	Users    []*hub.User // the oldest first; two at least
	More     bool        // there are others, beyond most
}

const (
	mostAlike = 20      // users of one group that are shown
	pageAlike = 500     // users read at once
	passAlike = 100_000 // keys of names held at once
)

// Duplicates tells found of every group of users of a pool who look like one
// person, the strongest likeness first. It reads the pool page by page, beside
// sign-ins, and holds no more than passAlike keys; an error of found ends it.
func Duplicates(ctx context.Context, p *hub.Pool, found func(Duplicate) error) error {
	for _, search := range []func(context.Context, *hub.Pool, func(Duplicate) error) error{sameIdentity, sameAddress, sameName} {
		if err := search(ctx, p, found); err != nil {
			return err
		}
	}
	return nil
}

// each reads all users in the order of an index, a page in a transaction of its
// own, and does something with each afterwards.
func each(ctx context.Context, p *hub.Pool, index string, do func(*hub.User) error) error {
	for after := ""; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var users []*hub.User
		next := ""
		err := p.Space.View(ctx, func(tx *store.Tx) (err error) {
			users, next, err = hub.Users.List(tx, index, "", store.Page{After: after, Limit: pageAlike})
			return err
		})
		if err != nil {
			return err
		}
		for _, u := range users {
			if err := do(u); err != nil {
				return err
			}
		}
		if after = next; after == "" {
			return nil
		}
	}
}

// sameIdentity finds people of a provider that the pool knows by two names.
func sameIdentity(ctx context.Context, p *hub.Pool, found func(Duplicate) error) error {
	if len(p.Providers) < 2 {
		return nil
	}
	return each(ctx, p, "", func(u *hub.User) error {
		for _, l := range u.Links {
			users, err := holders(ctx, p, u, l)
			if err != nil {
				return err
			}
			// Each of them would find the others; the first by sub tells.
			if len(users) < 2 || slices.ContainsFunc(users, func(other *hub.User) bool { return other.Sub < u.Sub }) {
				continue
			}
			d := Duplicate{Likeness: SameIdentity, Shared: l.Subject + " at " + l.Issuer, Users: users}
			if err := found(d.sorted()); err != nil {
				return err
			}
		}
		return nil
	})
}

// holders are a user and the others who have one of her identities by the name of
// another provider.
func holders(ctx context.Context, p *hub.Pool, u *hub.User, l hub.Link) (users []*hub.User, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		users = []*hub.User{u}
		for _, pr := range p.Providers {
			if pr.Name == l.Provider {
				continue
			}
			other := l
			other.Provider = pr.Name
			holder, err := hub.Users.Find(tx, "link", other.Key())
			if errors.Is(err, store.ErrNotFound) || err == nil && holder.Sub == u.Sub {
				continue
			}
			if err != nil {
				return err
			}
			users = append(users, holder)
		}
		return nil
	})
	return users, err
}

// sameAddress finds people with one address: they stand side by side in the index.
func sameAddress(ctx context.Context, p *hub.Pool, found func(Duplicate) error) error {
	var group Duplicate
	proven := 0
	tell := func() error {
		if len(group.Users) < 2 {
			return nil
		}
		if group.Likeness = SameAddress; proven > 1 {
			group.Likeness = SameProvenAddress
		}
		return found(group.sorted())
	}
	err := each(ctx, p, "email", func(u *hub.User) error {
		address := hub.FoldName(u.Attributes["email"])
		if address != group.Shared {
			if err := tell(); err != nil {
				return err
			}
			group, proven = Duplicate{Shared: address}, 0
		}
		if u.Attributes["email_verified"] == "true" {
			proven++
		}
		if len(group.Users) == mostAlike {
			group.More = true
			return nil
		}
		group.Users = append(group.Users, u)
		return nil
	})
	if err != nil {
		return err
	}
	return tell()
}

// sameName finds people with one full name and one more thing. Names have no
// index, so the pool is read as often as it takes to hold only a part of them.
func sameName(ctx context.Context, p *hub.Pool, found func(Duplicate) error) error {
	keys := 0
	err := each(ctx, p, "", func(u *hub.User) error {
		keys += len(nameKeys(u))
		return nil
	})
	if err != nil {
		return err
	}
	seed, passes := maphash.MakeSeed(), uint64(keys/passAlike+1)
	for pass := range passes {
		first, alike := map[uint64]string{}, map[string][]string{} // hash to sub; key to subs
		err := each(ctx, p, "", func(u *hub.User) error {
			for _, key := range nameKeys(u) {
				sum := maphash.String(seed, key)
				if sum%passes != pass {
					continue
				}
				sub, seen := first[sum]
				if !seen {
					first[sum] = u.Sub
					continue
				}
				if len(alike[key]) == 0 {
					alike[key] = []string{sub}
				}
				if len(alike[key]) <= mostAlike {
					alike[key] = append(alike[key], u.Sub)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := tellNames(ctx, p, alike, found); err != nil {
			return err
		}
	}
	return nil
}

// tellNames reads the groups of one pass and drops those that are none: of equal
// hashes by chance, of users who have changed, and of one address, which were told.
func tellNames(ctx context.Context, p *hub.Pool, alike map[string][]string, found func(Duplicate) error) error {
	told := map[string]bool{}
	for key, subs := range alike {
		d := Duplicate{Likeness: SameName, More: len(subs) > mostAlike}
		addresses := map[string]bool{}
		err := p.Space.View(ctx, func(tx *store.Tx) error {
			d.Users = nil
			for _, sub := range subs[:min(len(subs), mostAlike)] {
				u, err := hub.Users.Get(tx, sub)
				if errors.Is(err, store.ErrNotFound) || err == nil && !slices.Contains(nameKeys(u), key) {
					continue
				}
				if err != nil {
					return err
				}
				addresses[hub.FoldName(u.Attributes["email"])] = true
				d.Users = append(d.Users, u)
			}
			return nil
		})
		if err != nil {
			return err
		}
		d = d.sorted()
		var members strings.Builder
		for _, u := range d.Users {
			members.WriteString(u.Sub)
		}
		if len(d.Users) < 2 || len(addresses) == 1 && !addresses[""] || told[members.String()] {
			continue
		}
		told[members.String()] = true
		d.Shared = strings.ReplaceAll(key, "\n", ", ")
		if err := found(d); err != nil {
			return err
		}
	}
	return nil
}

// nameKeys are a user's full name with each further thing that makes it likely
// that another of that name is the same person.
func nameKeys(u *hub.User) []string {
	a := u.Attributes
	name := a["name"]
	if name == "" && a["given_name"] != "" && a["family_name"] != "" {
		name = a["given_name"] + " " + a["family_name"]
	}
	if name = strings.Join(strings.Fields(hub.FoldName(name)), " "); name == "" {
		return nil
	}
	var keys []string
	if box, _, ok := strings.Cut(hub.FoldName(a["email"]), "@"); ok && box != "" {
		keys = append(keys, name+"\n"+box+"@…")
	}
	for _, further := range []string{"phone_number", "birthdate"} {
		if a[further] != "" {
			keys = append(keys, name+"\n"+a[further])
		}
	}
	return keys
}

func (d Duplicate) sorted() Duplicate {
	slices.SortFunc(d.Users, func(a, b *hub.User) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.Sub, b.Sub)
	})
	return d
}
