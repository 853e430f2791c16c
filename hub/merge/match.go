package merge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/isthmus-hub/isthmus/hub"
)

// side is one of the two pools by its keys.
type side struct {
	*spool
	subs   *index // and aliases
	links  *index
	names  *index // by hub.LocalNameKey and hub.FederatedNameKey
	found  []*index
	groups map[string]bool
}

// maxGroupNames bounds the groups of a pool that are kept in memory.
const maxGroupNames = 10_000

func newSide(rules int) (*side, error) {
	s, err := newSpool()
	if err != nil {
		return nil, err
	}
	found := make([]*index, rules)
	for i := range found {
		found[i] = newIndex()
	}
	return &side{s, newIndex(), newIndex(), newIndex(), found, map[string]bool{}}, nil
}

// take files a person under the keys of the resolved one.
func (s *side) take(p, resolved *Person, match []matcher) error {
	kept := *p
	kept.Password = ""
	row, err := s.add(&kept)
	if err != nil {
		return err
	}
	if p.Sub != "" {
		s.subs.add(p.Sub, row)
	}
	for _, a := range p.Aliases {
		s.subs.add(a.Sub, row)
	}
	for _, l := range resolved.Links {
		s.links.add(l.Key(), row)
	}
	s.names.add(nameKey(resolved), row)
	for i := range match {
		list, err := match[i].of(resolved)
		if err != nil {
			return err
		}
		for _, e := range list {
			s.found[i].add(e.key, row<<1|bit(e.proven))
		}
	}
	for _, g := range p.Groups {
		s.groups[g] = true
	}
	if len(s.groups) > maxGroupNames {
		return fmt.Errorf("there are more than %d groups", maxGroupNames)
	}
	return nil
}

func bit(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// nameKey is the key of the store's index "name".
func nameKey(p *Person) string {
	if p.as().Federated() {
		return hub.FederatedNameKey(p.Username)
	}
	return hub.LocalNameKey(p.Username)
}

// read streams a source into a side.
func (pl *planner) read(ctx context.Context, from *Source, resolve bool) (*side, error) {
	s, err := newSide(len(pl.match))
	if err != nil {
		return nil, err
	}
	for p, err := range from.People {
		if err = errors.Join(err, ctx.Err()); err != nil {
			s.close()
			return nil, err
		}
		resolved := p
		if resolve {
			resolved, _ = pl.resolve(p)
		}
		if err := s.take(p, resolved, pl.match); err != nil {
			s.close()
			return nil, err
		}
		if n := len(s.rows); n%1000 == 0 {
			pl.progress("reading "+from.Name, n)
		}
	}
	return s, nil
}

// finding is what the rules say of one person.
type finding struct {
	rule     int   // that matches; -1: none
	row      int32 // whom
	conflict string
	why      string
	rows     []int32 // who else may be meant
}

// find runs the rules over a resolved person.
func (pl *planner) find(p *Person) (f finding, err error) {
	f.rule = -1
	doubt := func(conflict, why string, rows ...int32) {
		if f.conflict == "" {
			f.conflict, f.why = conflict, why
		}
		for _, row := range rows {
			if !slices.Contains(f.rows, row) && len(f.rows) < maxCandidates {
				f.rows = append(f.rows, row)
			}
		}
	}
	for i := range pl.match {
		list, err := pl.match[i].of(p)
		if err != nil {
			return f, err
		}
		for _, e := range list {
			there, n := pl.into.found[i].get(e.key)
			if n == 0 {
				continue
			}
			rows := make([]int32, len(there))
			proven := e.proven
			for j, mark := range there {
				rows[j] = mark >> 1
				proven = proven && mark&1 == 1
			}
			what := pl.match[i].subject()
			switch {
			case f.rule >= 0 && slices.Contains(rows, f.row):
			case f.rule >= 0 && (!proven || n > 1):
			case n > 1:
				doubt(Ambiguous, fmt.Sprintf("%d people here have %s", n, what), rows...)
			case pl.from.found[i].count(e.key) > 1:
				doubt(Ambiguous, fmt.Sprintf("%d people there have %s", pl.from.found[i].count(e.key), what), rows...)
			case !proven:
				doubt(Unproven, pl.match[i].unproven(p, e.proven, there[0]&1 == 1), rows...)
			case f.rule < 0:
				f.rule, f.row = i, rows[0]
			default:
				doubt(Split, fmt.Sprintf("%s leads to somebody else here than %s", what, pl.match[f.rule].subject()), f.row, rows[0])
			}
		}
	}
	// Once somebody is found for certain, others who only seem alike do not matter;
	// that two are certain, or alike for a rule before it, does.
	if f.rule >= 0 && f.conflict == Unproven {
		f.conflict, f.why, f.rows = "", "", nil
	}
	if f.rule >= 0 && f.conflict != "" && !slices.Contains(f.rows, f.row) {
		f.rows = append([]int32{f.row}, f.rows...)
	}
	return f, nil
}

// maxCandidates is how many people are named for one conflict.
const maxCandidates = 10

// subject names what a rule compares.
func (m *matcher) subject() string {
	switch m.By {
	case ByIdentity:
		return "the same upstream identity"
	case ByVerifiedEmail:
		return "this e-mail address"
	case ByVerifiedPhone:
		return "this telephone number"
	case ByAttribute:
		return "the same " + m.Name
	}
	return "the same result of the expression"
}

// unproven says why a match does not count.
func (m *matcher) unproven(p *Person, there, here bool) string {
	where := "verified neither there nor here"
	switch {
	case there:
		where = "verified there and not here"
	case here:
		where = "verified here and not there"
	}
	switch {
	case m.By == ByVerifiedEmail:
		return "both have " + p.Attributes["email"] + ", " + where
	case m.By == ByVerifiedPhone:
		return "both have " + p.Attributes["phone_number"] + ", " + where
	case !m.Vouched:
		return "both have " + m.subject() + ", and nobody vouches that people could not write it themselves"
	}
	return "both have " + m.subject() + ", with an address that is not verified in both pools"
}

// proof says why a match counts.
func (m *matcher) proof(p *Person) string {
	switch m.By {
	case ByIdentity:
		return "the same person at the provider"
	case ByVerifiedEmail:
		return "both pools have verified " + p.Attributes["email"]
	case ByVerifiedPhone:
		return "both pools have verified " + p.Attributes["phone_number"]
	}
	return "both have " + m.subject() + ", which the operator vouches for"
}
