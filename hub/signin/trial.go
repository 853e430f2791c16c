package signin

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Trial is what a mapping would make of one person's claims. Nothing of it is
// written anywhere.
type Trial struct {
	Set  hub.ClaimSet
	User *hub.User // nil: nobody has the identity yet

	Changes []Change
	Asked   []string // attributes that the person would be asked for
	Stops   []string // why the sign-in would stop, in sentences without values; none: the mapping lets the person in
	Barred  string   // why the person stays out whatever the mapping says
	Notes   []string // what else the operator should know, as well without values
	Lost    bool     // the person can come in now, and could not any more
}

// Change is an attribute, or groups, that a sign-in would write. Values of groups
// are their names, of an attribute one or none.
type Change struct {
	Attribute string
	Old, New  []string
}

// Try runs a mapping over claim sets of a provider, within the bounds that hold
// for sign-ins, against the users as they are now. Who came in with the claims,
// or would do so by the mapping in force, counts as able to come in now.
func (s *Service) Try(ctx context.Context, p *hub.Pool, pr *hub.Provider, m *mapping.Mapping, sets []hub.ClaimSet) ([]Trial, error) {
	trials := make([]Trial, len(sets))
	err := p.Space.View(ctx, func(tx *store.Tx) error {
		for i := range sets {
			trials[i] = Trial{Set: sets[i]}
			u, err := hub.Users.Find(tx, "link", sets[i].Link(pr).Key())
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			trials[i].User = u
		}
		return nil
	})
	for i := range trials {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		t := &trials[i]
		now := *t
		t.run(p, pr, m)
		if len(t.Stops) == 0 {
			t.noteNewcomers(p, pr, m)
			continue
		}
		if t.Barred != "" {
			continue
		}
		if t.Lost = t.Set.Reason == ""; !t.Lost {
			now.run(p, pr, pr.Mapping)
			t.Lost = len(now.Stops) == 0
		}
	}
	return trials, err
}

// run does what arrival.user does, on a copy.
func (t *Trial) run(p *hub.Pool, pr *hub.Provider, m *mapping.Mapping) {
	u := hub.User{}
	switch {
	case t.User == nil && !pr.Creates:
		t.Barred = "is not known here, and the provider may not create users"
	case t.User != nil:
		u = *t.User
		if u.Disabled {
			t.Barred = "is disabled"
		}
	}
	result, err := m.Apply(t.Set.Claims, u.Attributes)
	if err != nil {
		t.Stops = append(t.Stops, err.Error())
		return
	}
	t.notes(m, result)
	for _, missing := range result.Missing {
		if missing.OnMissing == mapping.Ask {
			t.Asked = append(t.Asked, missing.Attribute)
		} else {
			t.Stops = append(t.Stops, missing.String())
		}
	}
	client, known := p.Client(t.Set.Client)
	for _, name := range slices.Sorted(maps.Keys(result.Set)) {
		if known && !client.Writes(name) {
			continue
		}
		t.Changes = append(t.Changes, Change{Attribute: name, Old: one(u.Attributes[name]), New: one(result.Set[name])})
	}
	old := u.Groups
	changed, err := u.TakeGroups(p, pr.Name, result.Groups)
	if err != nil {
		t.Stops = append(t.Stops, err.Error())
	} else if changed && !slices.Equal(old, u.Groups) {
		t.Changes = append(t.Changes, Change{Attribute: mapping.Groups, Old: old, New: u.Groups})
	}
	if len(t.Stops) > 0 {
		t.Changes, t.Asked = nil, nil
	}
}

// noteNewcomers tells of claims with which a person who is here goes on, since what
// they lack is known already, while somebody new would be stopped: a mapping must
// not look right because only those tried it who came in by the one before.
func (t *Trial) noteNewcomers(p *hub.Pool, pr *hub.Provider, m *mapping.Mapping) {
	if t.User == nil || !pr.Creates {
		return
	}
	newcomer := Trial{Set: t.Set}
	newcomer.run(p, pr, m)
	for _, why := range newcomer.Stops {
		t.Notes = append(t.Notes, why+"; with such claims nobody new could sign in")
	}
}

// notes are about claims that came and could not be used, or that were not kept.
func (t *Trial) notes(m *mapping.Mapping, result *mapping.Result) {
	for _, u := range result.Unusable {
		t.Notes = append(t.Notes, u.String())
	}
	for _, name := range result.Kept {
		t.Notes = append(t.Notes, name+": is immutable, so the old value stays")
	}
	needs := m.Needs()
	for _, name := range t.Set.LeftOut {
		if m.NeedsAll() || slices.Contains(needs, name) {
			t.Notes = append(t.Notes, name+": the claim was not kept as it came, so this may go another way")
		}
	}
}

func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// MaskClaims lists claims of a person by name, each value masked, without those
// that tell of the token.
func MaskClaims(claims map[string]any) []hub.Claim { return masked(claims) }
