package merge

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Person is one user as a source tells of it. In a file of ours it is one line.
type Person struct {
	hub.User
	// HasPassword is set where Password has been left out.
	HasPassword bool `json:"has_password,omitempty"`
	// AddressProven is the pool's word that the e-mail address is the person's: not
	// every provider that writes the flag is to be believed (hub.User.Proven).
	AddressProven bool `json:"address_proven,omitempty"`
}

// Shown is a user of a pool as a person without the password, or with it.
func Shown(pool *hub.Pool, u *hub.User, password bool) Person {
	p := Person{User: *u, HasPassword: u.Password != "", AddressProven: u.Proven(pool)}
	if !password {
		p.Password = ""
	}
	return p
}

// Origin says where a plan's people come from.
type Origin struct {
	// Kind is pool, export, cognito-json or cognito-csv.
	Kind string `yaml:"kind" json:"kind"`
	// Name is the pool, or what the pool of a file is called: aliases bear it.
	Name   string `yaml:"name" json:"name"`
	Issuer string `yaml:"issuer,omitempty" json:"issuer,omitempty"`
	File   string `yaml:"file,omitempty" json:"file,omitempty"`
	// SHA256 is the file's, in hexadecimal.
	SHA256 string `yaml:"sha256,omitempty" json:"sha256,omitempty"`
	// Passwords says that people bring theirs.
	Passwords bool `yaml:"passwords" json:"passwords"`
	People    int  `yaml:"people" json:"people"`
}

// Source is a stream of people that can be read again from the start.
type Source struct {
	Origin
	People iter.Seq2[*Person, error]
}

// Bounds of what a source may hold (security row A95).
const (
	maxRecord     = 512 << 10 // bytes of one person
	maxSub        = 255       // OpenID Connect Core §2
	maxUsername   = 512       // bytes: a provider's name and a subject of 255 characters
	maxLinks      = 50
	maxGroups     = 200
	maxGroup      = 128
	maxAttributes = 200
	maxValue      = 2048
)

// check refuses a person that could not be told from another, or that no pool
// could hold. What a pool's schema says is looked at later.
func (p *Person) check() error {
	switch {
	case p.Username == "" || len(p.Username) > maxUsername || bad(p.Username):
		return errors.New("the user name is empty, too long, or holds control characters")
	case len(p.Sub) > maxSub || strings.ContainsFunc(p.Sub, notInSub):
		return errors.New("the sub is not a subject identifier: at most 255 letters, digits and the characters . _ - : | @")
	case len(p.Links) > maxLinks || len(p.Groups) > maxGroups || len(p.Attributes) > maxAttributes || len(p.Aliases) > maxLinks:
		return errors.New("there are too many identities, groups, aliases or attributes")
	}
	for _, l := range p.Links {
		if l.Provider == "" || l.Subject == "" || len(l.Key()) > 1500 || bad(l.Provider) || bad(l.Issuer) || bad(l.Subject) {
			return errors.New("an identity lacks its provider or subject, or holds control characters")
		}
	}
	for _, g := range p.Groups {
		if g == "" || len(g) > maxGroup || bad(g) {
			return errors.New("a group's name is empty, too long, or holds control characters")
		}
	}
	for _, a := range p.Aliases {
		if a.Sub == "" || len(a.Sub) > maxSub || strings.ContainsFunc(a.Sub, notInSub) || bad(a.Pool) {
			return errors.New("an alias is not a subject identifier")
		}
	}
	for name, value := range p.Attributes {
		if len(name) > 64 || bad(name) || len(value) > maxValue || !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0 {
			return fmt.Errorf("the attribute %.40q is too long, or holds a NUL byte or what is not UTF-8", name)
		}
	}
	return nil
}

func bad(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 })
}

func notInSub(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-:|@", r)
}

// RecordError is a person of a file that cannot be read.
type RecordError struct {
	File   string
	Record int // from 1; in a file of ours and in CSV the line
	Err    error
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("%s: record %d: %v", e.File, e.Record, e.Err)
}
func (e *RecordError) Unwrap() error { return e.Err }

// peoplePage is how many people a page has at most.
const peoplePage = 500

// People is a page of a pool's users in the order of their subs, and where the
// next one begins, empty after the last.
func People(ctx context.Context, p *hub.Pool, after string, passwords bool) (list []Person, next string, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		users, n, err := hub.Users.List(tx, "", "", store.Page{After: after, Limit: peoplePage})
		list, next = make([]Person, len(users)), n
		for i, u := range users {
			list[i] = Shown(p, u, passwords)
		}
		return err
	})
	return list, next, err
}
