package hub

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/mapping"
)

// ProviderGroup is the group of the people whom a provider brought: Cognito makes
// one of this name beside each provider, and its apps look there for the way that
// somebody came.
func (p *Pool) ProviderGroup(provider string) string { return p.Name + "_" + provider }

// OwnGroup tells whether a name is kept for groups that the hub itself gives:
// nobody is put there by an administrator or a claim.
func (p *Pool) OwnGroup(name string) bool { return strings.HasPrefix(name, p.Name+"_") }

// Groups are the groups that a person is in, sorted: those that were given, and
// the group of the provider whose sign-in made the user. A link that came later
// makes no member, as in Cognito.
func (p *Pool) Groups(u *User) []string {
	groups := u.Groups
	for _, l := range u.Links {
		if pr, ok := p.Provider(l.Provider); !ok || !pr.Group || !l.Primary {
			continue
		}
		name := p.ProviderGroup(l.Provider)
		if at, there := slices.BinarySearch(groups, name); !there {
			groups = slices.Insert(slices.Clone(groups), at, name)
		}
	}
	return groups
}

// GroupFrom are the providers that put a person into a group, sorted; none where
// an administrator or a merge did.
func (p *Pool) GroupFrom(u *User, name string) (providers []string) {
	for provider, list := range u.Given {
		if slices.Contains(list, name) {
			providers = append(providers, provider)
		}
	}
	for _, l := range u.Links {
		if l.Primary && name == p.ProviderGroup(l.Provider) {
			providers = append(providers, l.Provider)
		}
	}
	slices.Sort(providers)
	return slices.Compact(providers)
}

// TakeGroups makes of the user what a provider's claims say of groups, and reports
// whether that changed anything. Groups from elsewhere stay: a group counts as a
// provider's only if no other hand had put the person there before.
func (u *User) TakeGroups(p *Pool, provider string, c *mapping.Claimed) (changed bool, err error) {
	if c == nil {
		return false, nil
	}
	old, gave := u.Given[provider]
	names := slices.DeleteFunc(slices.Clone(c.Names), p.OwnGroup)
	switch c.Write {
	case mapping.Once:
		if gave || len(names) == 0 {
			return false, nil
		}
	case mapping.IfEmpty:
		if len(u.Groups) > 0 {
			return false, nil
		}
	case mapping.Always:
		names = append(names, old...)
	}
	elsewhere := u.elsewhere()
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(elsewhere, name) })
	slices.Sort(names)
	names = slices.Compact(names)
	keep := len(names) > 0 || c.Write == mapping.Once // that it was done once, if for nothing
	if slices.Equal(names, old) && gave == keep {
		return false, nil
	}
	given := maps.Clone(u.Given)
	if given == nil {
		given = map[string][]string{}
	}
	if given[provider] = names; !keep {
		delete(given, provider)
	}
	groups := elsewhere
	for _, list := range given {
		groups = append(groups, list...)
	}
	slices.Sort(groups)
	if groups = slices.Compact(groups); len(groups) > mapping.MaxGroups {
		return false, fmt.Errorf("the user would be in %d groups; at most %d are allowed", len(groups), mapping.MaxGroups)
	}
	u.Groups, u.Given = groups, given
	return true, nil
}

// elsewhere are the groups that no provider gave.
func (u *User) elsewhere() []string {
	return slices.DeleteFunc(slices.Clone(u.Groups), func(name string) bool {
		for _, list := range u.Given {
			if slices.Contains(list, name) {
				return true
			}
		}
		return false
	})
}

// JoinGroup puts the user into a group for good: whatever a provider says, it
// stays. An error says why the user cannot be there.
func (u *User) JoinGroup(p *Pool, name string) error {
	if reason := mapping.GroupProblem(name); reason != "" {
		return fmt.Errorf("the group's name %s", reason)
	}
	if p.OwnGroup(name) {
		return fmt.Errorf("groups whose names begin with %q are given by the hub itself", p.Name+"_")
	}
	at, there := slices.BinarySearch(u.Groups, name)
	if !there && len(u.Groups) >= mapping.MaxGroups {
		return fmt.Errorf("the user is in %d groups; more are not allowed", len(u.Groups))
	}
	u.ungive(name)
	if !there {
		u.Groups = slices.Insert(slices.Clone(u.Groups), at, name)
	}
	return nil
}

// LeaveGroup takes the user out of a group, and reports whether the user was
// there. A provider that names the group again puts the user back.
func (u *User) LeaveGroup(name string) bool {
	at, there := slices.BinarySearch(u.Groups, name)
	if there {
		u.ungive(name)
		u.Groups = slices.Delete(slices.Clone(u.Groups), at, at+1)
	}
	return there
}

func (u *User) ungive(name string) {
	given := make(map[string][]string, len(u.Given))
	for provider, list := range u.Given {
		given[provider] = slices.DeleteFunc(slices.Clone(list), func(n string) bool { return n == name })
	}
	u.Given = given
}
