package admin

import (
	"slices"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/signin"
)

// The verdicts on a person.
const (
	Unchanged = "unchanged"
	Changed   = "changes"
	Newcomer  = "is new"
	Asked     = "is asked"
	Lost      = "cannot sign in any more"
	Out       = "cannot sign in, as now"
)

// Tried is what would become of one person.
type Tried struct {
	Person  string    `json:"person"`
	Sub     string    `json:"sub,omitempty"`
	Time    time.Time `json:"time,omitzero"` // of the claims; none: they came with the request
	Verdict string    `json:"verdict"`
	Changes []Change  `json:"changes,omitempty"`
	Asked   []string  `json:"asked,omitempty"`
	Stops   []string  `json:"stops,omitempty"`
	Notes   []string  `json:"notes,omitempty"`
}

// Change is an attribute, or groups, before and after.
type Change struct {
	Attribute string `json:"attribute"`
	Old       string `json:"old"`
	New       string `json:"new"`
}

// Tries is the answer to a Trial.
type Tries struct {
	Pool     string         `json:"pool"`
	Provider string         `json:"provider"`
	People   []Tried        `json:"people"`
	Verdicts map[string]int `json:"verdicts"` // how many people have each
	Changes  map[string]int `json:"changes"`  // of how many of those with Changed an attribute changes
	Lost     int            `json:"lost"`     // people who can sign in now and could not any more
}

func tries(p *hub.Pool, pr *hub.Provider, trials []signin.Trial, show func(string) string) *Tries {
	answer := &Tries{Pool: p.Name, Provider: pr.Name, People: []Tried{}, Verdicts: map[string]int{}, Changes: map[string]int{}}
	for i := range trials {
		t := &trials[i]
		tried := Tried{Person: person(t, show), Sub: sub(t), Time: t.Set.Time, Verdict: verdict(t), Asked: t.Asked, Stops: t.Stops, Notes: t.Notes}
		if t.Barred != "" {
			tried.Notes = append(tried.Notes, t.Barred)
		}
		for _, c := range t.Changes {
			tried.Changes = append(tried.Changes, Change{Attribute: c.Attribute, Old: shownValues(c.Old, show), New: shownValues(c.New, show)})
			if tried.Verdict == Changed {
				answer.Changes[c.Attribute]++
			}
		}
		answer.Verdicts[tried.Verdict]++
		answer.People = append(answer.People, tried)
	}
	answer.Lost = answer.Verdicts[Lost]
	slices.SortStableFunc(answer.People, func(a, b Tried) int { return slices.Index(order, a.Verdict) - slices.Index(order, b.Verdict) })
	return answer
}

// order is that of the verdicts in an answer: what matters comes first.
var order = []string{Lost, Out, Asked, Changed, Newcomer, Unchanged}

func verdict(t *signin.Trial) string {
	switch {
	case t.Lost:
		return Lost
	case len(t.Stops) > 0 || t.Barred != "":
		return Out
	case len(t.Asked) > 0:
		return Asked
	case t.User == nil:
		return Newcomer
	case len(t.Changes) > 0:
		return Changed
	}
	return Unchanged
}

func shownValues(values []string, show func(string) string) string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = show(value)
	}
	return strings.Join(list, ", ")
}

// person is how the operator tells people apart: by an address, else by a name or
// the subject at the provider.
func person(t *signin.Trial, show func(string) string) string {
	for _, name := range []string{"email", "preferred_username", "name"} {
		if text, ok := t.Set.Claims[name].(string); ok && text != "" {
			return show(text)
		}
	}
	return show(t.Set.Subject)
}

func sub(t *signin.Trial) string {
	if t.User == nil {
		return ""
	}
	return t.User.Sub
}
