package hub

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// MergeMemory is how long a merge can be undone.
const MergeMemory = 90 * 24 * time.Hour

// MergeState is how far a merge has come.
type MergeState string

// The states of a merge. One that is Applying or Undoing and at which nobody
// works was stopped, and goes on when it is asked for again.
const (
	MergeApplying MergeState = "applying"
	MergeApplied  MergeState = "applied"
	MergeUndoing  MergeState = "undoing"
	MergeUndone   MergeState = "undone"
)

// Merge is the record of another pool's people coming into this one. Package
// hub/merge makes it and its steps.
type Merge struct {
	ID     string          `json:"id"`
	From   string          `json:"from"`           // as in Alias.Pool
	Live   bool            `json:"live,omitempty"` // From is a pool of this hub, not a file
	State  MergeState      `json:"state"`
	By     string          `json:"by"`     // who applied it
	Header json.RawMessage `json:"header"` // of the plan

	Joined int `json:"joined"`
	Added  int `json:"added"`
	Undone int `json:"undone,omitempty"`

	Begun   time.Time `json:"begun"`
	Changed time.Time `json:"changed"`
	Expires time.Time `json:"expires"` // then its steps are gone, and it cannot be undone
}

// Merges are the merges into a pool. They stay, as aliases name them.
var Merges = store.Collection[Merge]{
	Name: "merge",
	ID:   func(m *Merge) string { return m.ID },
}

// MergeStep is what one entry of a plan has changed, and how it was before.
type MergeStep struct {
	Merge string `json:"merge"`
	Entry int    `json:"entry"` // its number in the plan, from 1
	Sub   string `json:"sub"`   // the user that it joined or added
	// Made is the digest of a user that was added; empty: the user was there, and
	// Change is what became different.
	Made     string      `json:"made,omitempty"`
	Change   *UserChange `json:"change,omitempty"`
	Absorbed []User      `json:"absorbed,omitempty"` // who had come in by the identity meanwhile
	Expires  time.Time   `json:"expires"`
}

// UserChange is what a merge changed of a user.
type UserChange struct {
	Attributes map[string]AttributeChange `json:"attributes,omitempty"`
	Links      []string                   `json:"links,omitempty"` // keys of those that came
	Groups     []string                   `json:"groups,omitempty"`
	Given      map[string][]string        `json:"given,omitempty"` // of Groups, as in User
	Aliases    []string                   `json:"aliases,omitempty"`
	// Password is the digest of the hash that came; empty: none did.
	Password string    `json:"password,omitempty"`
	Status   Status    `json:"status,omitempty"` // before, where a password came
	Before   time.Time `json:"before"`           // Modified, as it was
	After    time.Time `json:"after"`            // and as it became
}

// AttributeChange is a value that was and the one that is; nil: none.
type AttributeChange struct {
	Was *string `json:"was,omitempty"`
	Now *string `json:"now,omitempty"`
}

// MergeStepID sorts the steps of a merge from the last to the first, which is the
// order in which they are undone.
func MergeStepID(merge string, entry int) string {
	return fmt.Sprintf("%s/%010d", merge, 9_999_999_999-entry)
}

// MergeSteps are the steps of a pool's merges.
var MergeSteps = store.Collection[MergeStep]{
	Name:    "mergestep",
	ID:      func(s *MergeStep) string { return MergeStepID(s.Merge, s.Entry) },
	Expires: func(s *MergeStep) time.Time { return s.Expires },
}
