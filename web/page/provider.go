package page

import (
	"cmp"
	"slices"
)

// Kind says what a provider is to the person.
type Kind int

// The kinds of providers. A corporate one is the employer's sign-in and gets
// the accent; a social one stays a quiet outline.
const (
	Social Kind = iota
	Corporate
)

// Provider is one way in, shown as a link.
type Provider struct {
	// Name of the provider as people know it: "Google".
	Name string
	// Label is the whole text of the button. Empty: "Sign in with your corporate
	// ID" or "Continue with Google".
	Label string
	// Href is where the link goes, an address on the hub.
	Href string
	Kind Kind
	// Mark is the small drawing on a social button: google, apple, microsoft,
	// facebook, amazon, github. Any other shows the first letter of Name.
	Mark string
	// LastUsed marks the way this browser came in the last time; it goes first.
	LastUsed bool
	// Unreachable marks a provider that did not answer lately. It can still be tried.
	Unreachable bool
}

// visibleProviders are shown at once, the others behind "More ways to sign in".
const visibleProviders = 6

type providerView struct {
	Name, Label, Href, Initial    string
	Path                          string // of the mark; empty: Initial stands in for it
	Line                          bool
	Filled, LastUsed, Unreachable bool
}

// arrange puts the ways in into the order people meet them: the one used last,
// then corporate ones, then the order given. Only one is filled: the first
// corporate one, if fill allows, for a page with two strongest buttons has none.
func (l *locale) arrange(list []Provider, fill bool) (shown, more []providerView) {
	sorted := slices.Clone(list)
	rank := func(p Provider) int {
		switch {
		case p.LastUsed:
			return 0
		case p.Kind == Corporate:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(sorted, func(a, b Provider) int { return cmp.Compare(rank(a), rank(b)) })
	views := make([]providerView, len(sorted))
	filled := !fill
	for i, p := range sorted {
		v := providerView{
			Name: p.Name, Label: p.Label, Href: p.Href,
			LastUsed: p.LastUsed, Unreachable: p.Unreachable,
		}
		if v.Label == "" && p.Kind == Corporate {
			v.Label = l.plain("provider.corporate")
		} else if v.Label == "" {
			v.Label = l.plain("provider.social", "provider", p.Name)
		}
		m := marks[p.Mark]
		if p.Kind == Corporate {
			m = marks["corporate"]
			v.Filled = !filled && !p.Unreachable
			filled = filled || v.Filled
		}
		v.Path, v.Line = m.path, m.line
		v.Initial = initial(cmp.Or(p.Name, v.Label))
		views[i] = v
	}
	n := min(len(views), visibleProviders)
	return views[:n], views[n:]
}
