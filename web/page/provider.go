package page

import (
	"cmp"
	"slices"
)

// Kind says what a provider is to the person.
type Kind int

// The kinds of providers. A corporate one is the employer's sign-in and gets
// the accent; a social one stays a quiet outline; own is the hub's own form, where
// that is one way in among others.
const (
	Social Kind = iota
	Corporate
	Own
)

// Provider is one way in, shown as a link.
type Provider struct {
	// Name of the provider as people know it: "Google".
	Name string
	// Label is the whole text of the button. Empty: "Sign in with your corporate
	// ID", "Continue with Google", or "Use a password".
	Label string
	// Href is where the link goes, an address on the hub.
	Href string
	Kind Kind
	// Mark names the small drawing on the button, see Look. Any other is a building
	// on a corporate button, a person on one's own, and elsewhere the first letter
	// of Name.
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
	Filled, LastUsed, Unreachable bool
}

// arrange puts the ways in into the order people meet them: the one used last,
// then the order given, which is the client's. Only one is filled: the first
// corporate one that is shown at once and answers, if fill allows, for a page
// with two strongest buttons has none.
func (l *locale) arrange(list []Provider, fill bool) (shown, more []providerView) {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b Provider) int {
		switch {
		case a.LastUsed == b.LastUsed:
			return 0
		case a.LastUsed:
			return -1
		}
		return 1
	})
	views := make([]providerView, len(sorted))
	for i, p := range sorted {
		v := providerView{
			Name: p.Name, Label: l.label(p), Href: p.Href, Path: drawing(p.Mark, p.Kind),
			LastUsed: p.LastUsed, Unreachable: p.Unreachable,
		}
		v.Filled = fill && p.Kind == Corporate && !p.Unreachable && i < visibleProviders
		fill = fill && !v.Filled
		v.Initial = initial(cmp.Or(p.Name, v.Label))
		views[i] = v
	}
	n := min(len(views), visibleProviders)
	return views[:n], views[n:]
}

// label is the text of a button.
func (l *locale) label(p Provider) string {
	switch {
	case p.Label != "":
		return p.Label
	case p.Kind == Corporate:
		return l.plain("provider.corporate")
	case p.Kind == Own:
		return l.plain("provider.own")
	}
	return l.plain("provider.social", "provider", p.Name)
}

// drawing is the path of a mark; empty where the first letter stands in for it.
func drawing(name string, kind Kind) string {
	if path, ok := marks[name]; ok {
		return path
	}
	return marks[map[Kind]string{Corporate: "corporate", Own: "person"}[kind]]
}
