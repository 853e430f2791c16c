package merge

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/mapping"
)

// Decision is what becomes of a person of the source.
type Decision string

// The decisions. Ask is left alone, as Skip is, until an operator writes another.
const (
	Join Decision = "join" // becomes one with a user who is here
	Add  Decision = "add"  // becomes a user of its own
	Skip Decision = "skip"
	Ask  Decision = "ask"
)

// The conflicts, each of which an operator decides.
const (
	Unproven   = "unproven"   // the same data, but not proven on both sides
	Ambiguous  = "ambiguous"  // one here matches several there, or the reverse
	Split      = "split"      // two rules lead to two people
	Identity   = "identity"   // an identity belongs to somebody else, or both have another one at the same provider
	Disabled   = "disabled"   // one of the two is kept out
	State      = "state"      // never confirmed, or compromised
	Provider   = "provider"   // an identity's provider is not here
	NameTaken  = "name"       // the user name is somebody else's
	NameCase   = "case"       // and it is written in another way
	SubTaken   = "sub"        // the sub is somebody else's
	Invalid    = "invalid"    // the pool's schema refuses it
	Duplicated = "duplicated" // the source has it twice
)

// Header is what a plan is about.
type Header struct {
	Isthmus string    `yaml:"isthmus" json:"isthmus"` // "merge plan"
	Version int       `yaml:"version" json:"version"`
	ID      string    `yaml:"id" json:"id"`
	Made    time.Time `yaml:"made" json:"made"`
	From    Origin    `yaml:"from" json:"from"`
	Into    Target    `yaml:"into" json:"into"`
	Rules   Rules     `yaml:"rules" json:"rules"`
	Counts  Counts    `yaml:"counts" json:"-"`
	// GroupClashes are groups of the source whose name is in use here.
	GroupClashes []string `yaml:"group_clashes,omitempty" json:"group_clashes,omitempty"`
	Notes        []string `yaml:"notes,omitempty" json:"-"`
	Seal         string   `yaml:"seal,omitempty" json:"-"`
}

// PlanVersion is the form of plan that this program writes and reads.
const PlanVersion = 1

// Target is the pool that people come into.
type Target struct {
	Pool   string `yaml:"pool" json:"pool"`
	Issuer string `yaml:"issuer,omitempty" json:"issuer,omitempty"`
	People int    `yaml:"people" json:"people"`
	// Terms is Terms.Digest of the pool; empty for a file, into which nobody can be
	// merged.
	Terms string `yaml:"terms,omitempty" json:"terms,omitempty"`
}

// Counts sum a plan up.
type Counts struct {
	Join      int            `yaml:"join" json:"join"`
	Add       int            `yaml:"add" json:"add"`
	Skip      int            `yaml:"skip" json:"skip"`
	Ask       int            `yaml:"ask" json:"ask"`
	Done      int            `yaml:"done" json:"done"` // here already, by an earlier merge
	Clashes   int            `yaml:"clashes" json:"clashes"`
	Untouched int            `yaml:"untouched" json:"untouched"` // people here whom nobody matches
	By        map[string]int `yaml:"by" json:"by"`               // joins by rule
	Conflicts map[string]int `yaml:"conflicts" json:"conflicts"` // by kind
}

// Ref names a user, as it was when the plan was made.
type Ref struct {
	Sub      string `yaml:"sub" json:"sub"`
	Username string `yaml:"username" json:"username"`
	Print    string `yaml:"print" json:"print"`
}

// Clash is an attribute of which both have another value.
type Clash struct {
	Source string `yaml:"source" json:"source"`
	Target string `yaml:"target" json:"target"`
	Keep   string `yaml:"keep" json:"keep"`
}

// Entry is one person of the source. What an operator may change in the file are
// Decision, Target (to one of several), Username and Clashes' Keep; the rest tells
// what will happen and is found out anew when it does.
type Entry struct {
	N        int      `yaml:"n" json:"n"`
	Decision Decision `yaml:"decision" json:"decision"`
	Conflict string   `yaml:"conflict,omitempty" json:"conflict,omitempty"`
	Rule     string   `yaml:"rule,omitempty" json:"rule,omitempty"`
	Why      string   `yaml:"why" json:"why"`
	Source   Ref      `yaml:"source" json:"source"`
	Target   []Ref    `yaml:"target,omitempty" json:"target,omitempty"`
	// Username is what somebody who is added is called here.
	Username   string            `yaml:"username,omitempty" json:"username,omitempty"`
	Links      []string          `yaml:"links,omitempty" json:"links,omitempty"`
	Attributes map[string]string `yaml:"attributes,omitempty" json:"attributes,omitempty"`
	Clashes    map[string]Clash  `yaml:"clashes,omitempty" json:"clashes,omitempty"`
	Groups     []string          `yaml:"groups,omitempty" json:"groups,omitempty"`
	Password   string            `yaml:"password,omitempty" json:"password,omitempty"`
	Left       []string          `yaml:"left,omitempty" json:"left,omitempty"` // what stays behind, and why
	Sees       string            `yaml:"sees,omitempty" json:"sees,omitempty"`
	// Candidates is the digest of Target as it was planned, and Seal the pool's
	// word that nobody has changed what an operator may not.
	Candidates []string `yaml:"candidates,omitempty" json:"candidates,omitempty"`
	Seal       string   `yaml:"seal,omitempty" json:"seal,omitempty"`
}

// Sealed is what a header's seal is about.
func (h *Header) Sealed() string {
	text, err := json.Marshal(h)
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	sum := sha256.Sum256(text)
	return "header/" + hex.EncodeToString(sum[:])
}

// Sealed is what an entry's seal is about: all that an operator may not change.
func (e *Entry) Sealed(plan string) string {
	text, err := json.Marshal([]any{plan, e.N, e.Conflict, e.Rule, e.Source, e.Candidates})
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(text)
	return "entry/" + hex.EncodeToString(sum[:])
}

// candidate names a target for Entry.Candidates.
func candidate(r Ref) string { return r.Sub + " " + r.Print }

// Terms are what a pool is like for people who come in.
type Terms struct {
	Pool       string              `json:"pool"`
	Issuer     string              `json:"issuer"`
	Providers  []ProviderTerms     `json:"providers"`
	Attributes []mapping.Attribute `json:"attributes"`
	// File says that the pool is a file's: what it is like is not known.
	File bool `json:"-"`
	// Merges are those that were applied in any pool of the hub.
	Merges []Edge `json:"merges,omitempty"`
}

// ProviderTerms are those of a provider.
type ProviderTerms struct {
	Name     string `json:"name"`
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
}

// Edge is a merge from one pool into another.
type Edge struct{ ID, From, Into string }

// Digest changes when people would come in differently.
func (t *Terms) Digest() string {
	text, err := json.Marshal(struct {
		Pool, Issuer string
		Providers    []ProviderTerms
		Attributes   []mapping.Attribute
	}{t.Pool, t.Issuer, t.Providers, t.Attributes})
	if err != nil {
		panic(err)
	}
	return short(text)
}

// Ring finds the merges that have brought people of into to from, directly or by
// other pools: these would come round. It is nil if there are none.
func (t *Terms) Ring(from, into string) []Edge {
	came := map[string][]Edge{into: {}}
	for found := true; found; {
		found = false
		for _, e := range t.Merges {
			way, ok := came[e.From]
			if _, known := came[e.Into]; !ok || known {
				continue
			}
			came[e.Into] = append(slices.Clone(way), e)
			found = true
		}
	}
	if from == into {
		return []Edge{{From: from, Into: into}}
	}
	return came[from]
}

func (t *Terms) provider(name string) (ProviderTerms, bool) {
	i := slices.IndexFunc(t.Providers, func(p ProviderTerms) bool { return p.Name == name })
	if i < 0 {
		return ProviderTerms{}, false
	}
	return t.Providers[i], true
}

func (t *Terms) providerNames() []string {
	names := make([]string, len(t.Providers))
	for i, p := range t.Providers {
		names[i] = p.Name
	}
	return names
}

// printOf is the fingerprint of what a match, and the way in, rest on. links are
// those of a person who comes; those of one who is here are looked at anew.
func printOf(p *Person, r *Rules, links bool) string {
	names := r.reads()
	if names == nil {
		names = slices.Collect(maps.Keys(p.Attributes))
	}
	slices.Sort(names)
	seen := []any{p.Sub, p.Username, troubled(p.Status), p.Disabled, p.AddressProven}
	for _, name := range slices.Compact(names) {
		seen = append(seen, name, p.Attributes[name])
	}
	if links {
		for _, l := range p.Links {
			seen = append(seen, l.Key())
		}
		seen = append(seen, p.Groups)
	}
	text, err := json.Marshal(seen)
	if err != nil {
		panic(err)
	}
	return short(text)
}

// short is a digest of 128 bits.
func short(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
