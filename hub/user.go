package hub

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Status is a user's state, in Cognito's words.
type Status string

// The states this hub uses. Disabled is a flag beside them, as in Cognito.
const (
	Confirmed           Status = "CONFIRMED"
	ForceChangePassword Status = "FORCE_CHANGE_PASSWORD"
	ExternalProvider    Status = "EXTERNAL_PROVIDER"
	// ResetRequired is somebody imported: the account is there, its password is
	// still in the system that it came from.
	ResetRequired Status = "RESET_REQUIRED"
)

// User is a person in the pool.
type User struct {
	Sub        string             `json:"sub"` // UUID; never given to another person
	Username   string             `json:"username"`
	Status     Status             `json:"status"`
	Disabled   bool               `json:"disabled,omitempty"`
	Attributes mapping.Attributes `json:"attributes"`
	Links      []Link             `json:"links,omitempty"`
	Groups     []string           `json:"groups,omitempty"`  // sorted; Pool.Groups adds the providers' own
	Aliases    []Alias            `json:"aliases,omitempty"` // subs that were this person's elsewhere

	// Given are, by provider, those of Groups that its claims gave. What is in
	// Groups alone came from elsewhere, and no provider takes it away.
	Given map[string][]string `json:"given,omitempty"`

	Password       string    `json:"password,omitempty"`       // argon2id in PHC form; empty: no password
	PasswordExpiry time.Time `json:"password_expiry,omitzero"` // of a temporary password

	SignedOut time.Time `json:"signed_out,omitzero"` // everywhere: what began before is dead
	Created   time.Time `json:"created"`
	Modified  time.Time `json:"modified"`
}

// Link joins a user to one upstream identity. The three first fields, compared
// byte for byte, are the only thing that identifies an upstream person.
type Link struct {
	Provider string    `json:"provider"`
	Issuer   string    `json:"issuer"`
	Subject  string    `json:"subject"`
	Type     string    `json:"type"`
	Primary  bool      `json:"primary"`
	Created  time.Time `json:"created"`
	Evidence *Evidence `json:"evidence,omitempty"` // nil: the first sign-in made it
}

// Evidence is why an identity was joined to a user who was there before.
type Evidence struct {
	By     string            `json:"by"`               // administrator, person or rule; of an administrator with a name
	Why    string            `json:"why"`              // in a sentence
	Claims map[string]string `json:"claims,omitempty"` // of the provider, that it rests on; masked
}

// Alias is a sub by which a person was known in a pool that was merged into this
// one. It leads to the user, and is never given to anybody else.
type Alias struct {
	Sub   string    `json:"sub"`
	Pool  string    `json:"pool"`  // where it was from
	Merge string    `json:"merge"` // id of the merge that brought it
	Since time.Time `json:"since"`
}

// Key is the link as one index key. Each part is escaped, so two different
// identities can never run together into one key.
func (l Link) Key() string {
	return url.QueryEscape(l.Provider) + "/" + url.QueryEscape(l.Issuer) + "/" + url.QueryEscape(l.Subject)
}

// MaxLinks is how many identities may be joined to a user (Cognito's limit).
const MaxLinks = 5

// Joined is how many identities were joined to the user: the one that made it does
// not count.
func (u *User) Joined() (n int) {
	for _, l := range u.Links {
		if !l.Primary {
			n++
		}
	}
	return n
}

// Federated tells whether the user was made by a first sign-in through a provider
// and is named after that identity. What is joined later, or goes, changes nothing
// about it.
func (u *User) Federated() bool {
	return u.Password == "" && u.Status != ResetRequired && slices.ContainsFunc(u.Links, func(l Link) bool { return l.Primary })
}

// Proven tells whether the user's address was proven, as far as the pool can
// rely on it: it is marked so, and no provider could have written that but those
// trusted for its domain (A82, A88).
func (u *User) Proven(p *Pool) bool {
	domain, ok := AddressDomain(u.Attributes["email"])
	if !ok || u.Attributes["email_verified"] != "true" {
		return false
	}
	for _, l := range u.Links {
		if pr, ok := p.Provider(l.Provider); !ok || !pr.Trusts(domain) {
			return false
		}
	}
	return true
}

// Forget takes from the user what rests on identities that are no longer among its
// links: the groups that a provider gave, once none of its identities is left, and
// the mark of an address that a provider not trusted for it could have set. Else
// Proven would believe the mark from then on (A82, A88).
func (u *User) Forget(p *Pool, gone []Link) error {
	domain, _ := AddressDomain(u.Attributes["email"])
	for _, l := range gone {
		if pr, ok := p.Provider(l.Provider); u.Attributes["email_verified"] == "true" && (!ok || !pr.Trusts(domain)) {
			u.Attributes["email_verified"] = "false"
		}
		if slices.ContainsFunc(u.Links, func(left Link) bool { return left.Provider == l.Provider }) {
			continue
		}
		if _, err := u.TakeGroups(p, l.Provider, &mapping.Claimed{Write: mapping.Reconcile}); err != nil {
			return err
		}
	}
	return nil
}

// Awaited tells whether the user was imported and has no password here yet.
func (u *User) Awaited() bool { return u.Status == ResetRequired && u.Password == "" && !u.Disabled }

// Link finds the user's link to a provider's identity.
func (u *User) Link(key string) (Link, bool) {
	for _, l := range u.Links {
		if l.Key() == key {
			return l, true
		}
	}
	return Link{}, false
}

// Is tells whether sub is the user's, today or in a pool that was merged into
// this one.
func (u *User) Is(sub string) bool {
	return u.Sub == sub || slices.ContainsFunc(u.Aliases, func(a Alias) bool { return a.Sub == sub })
}

// SubFor is the sub by which a client knows the user now: the user's own, or for
// as long as the client keeps to an earlier pool's the one it was there.
func (u *User) SubFor(c *Client, now time.Time) string {
	if c.LegacySub == nil || !now.Before(c.LegacySub.Until) {
		return u.Sub
	}
	for _, a := range u.Aliases {
		if a.Pool == c.LegacySub.Pool {
			return a.Sub
		}
	}
	return u.Sub
}

// FindUser finds a user by sub, or by one that a merge made an alias; it gives
// store.ErrNotFound as Users.Get does. Only who is not found at once costs more.
func FindUser(tx *store.Tx, sub string) (*User, error) {
	u, err := Users.Get(tx, sub)
	if errors.Is(err, store.ErrNotFound) {
		return Users.Find(tx, "alias", sub)
	}
	return u, err
}

// Users are the people of a pool.
var Users = store.Collection[User]{
	Name: "user",
	ID:   func(u *User) string { return u.Sub },
	Indexes: []store.Index[User]{
		{Name: "name", Unique: true, Keys: func(u *User) []string { return []string{nameKey(u)} }},
		{Name: "link", Unique: true, Keys: func(u *User) []string {
			keys := make([]string, len(u.Links))
			for i, l := range u.Links {
				keys[i] = l.Key()
			}
			return keys
		}},
		{Name: "alias", Unique: true, Keys: func(u *User) []string {
			keys := make([]string, len(u.Aliases))
			for i, a := range u.Aliases {
				keys[i] = a.Sub
			}
			return keys
		}},
		{Name: "email", Keys: func(u *User) []string {
			if e := u.Attributes["email"]; e != "" {
				return []string{FoldName(e)}
			}
			return nil
		}},
	},
}

// nameKey keeps local and federated names apart: local ones are folded, the
// others hold a case-sensitive subject and stay as they are.
func nameKey(u *User) string {
	if u.Federated() {
		return FederatedNameKey(u.Username)
	}
	return LocalNameKey(u.Username)
}

// LocalNameKey and FederatedNameKey are the keys of the unique index "name".
func LocalNameKey(name string) string { return "local/" + FoldName(name) }

// FederatedNameKey is the key of a name that came from a provider.
func FederatedNameKey(name string) string { return "federated/" + name }

var fold = cases.Fold()

// FoldName is the one canonical form of user names and e-mail addresses:
// trimmed, NFKC, case folded. Every look-up, limit and index uses it.
func FoldName(name string) string {
	name = strings.TrimSpace(name)
	if ascii(name) {
		return strings.ToLower(name)
	}
	return norm.NFKC.String(fold.String(norm.NFKC.String(name)))
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
