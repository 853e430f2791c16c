package merge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/mapping"
)

// terms are what a header says with what the pool is like: enough to tell what
// comes of a person.
type terms struct {
	*Header
	*Terms
	schema *mapping.Schema // nil: not known
}

// resolve gives a person's links the providers of the pool they come into. What
// has none there is left behind and told.
func (t *terms) resolve(p *Person) (*Person, []string) {
	out := *p
	out.Links, out.Given = nil, nil
	var stuck []string
	for _, l := range p.Links {
		name, said := t.Rules.Providers[l.Provider]
		if !said {
			name = l.Provider
		}
		pr, here := t.provider(name)
		switch {
		case t.File:
			pr = ProviderTerms{Name: name, Issuer: l.Issuer}
		case !here:
			stuck = append(stuck, fmt.Sprintf("there is no provider %s here; --provider %s=NAME says which it is", name, l.Provider))
			continue
		case l.Issuer == "" && !said:
			stuck = append(stuck, fmt.Sprintf("the file does not tell the issuer of %s; --provider %s=%s says that it is the one here", l.Provider, l.Provider, name))
			continue
		case l.Issuer != "" && l.Issuer != pr.Issuer:
			stuck = append(stuck, fmt.Sprintf("%s is %s there and %s here", l.Provider, l.Issuer, pr.Issuer))
			continue
		}
		if out.Username == l.Provider+"_"+l.Subject {
			out.Username = name + "_" + l.Subject
		}
		if given := p.Given[l.Provider]; len(given) > 0 {
			if out.Given == nil {
				out.Given = map[string][]string{}
			}
			out.Given[pr.Name] = given
		}
		l.Provider, l.Issuer = pr.Name, pr.Issuer
		l.Type = cmp.Or(l.Type, "OIDC")
		out.Links = append(out.Links, l)
	}
	return &out, stuck
}

// result is what comes of a person, and what of it is new.
type result struct {
	user     *hub.User
	links    []hub.Link
	fill     map[string]string
	clashes  map[string]Clash
	groups   []string
	aliases  []hub.Alias
	password bool
	left     []string
	changed  bool
}

// join is the user u after a resolved person has become one with it. u is not
// changed.
func (t *terms) join(p *Person, u *hub.User, e *Entry, now time.Time) *result {
	joined := *u
	joined.Links, joined.Aliases = slices.Clone(u.Links), slices.Clone(u.Aliases)
	joined.Attributes = maps.Clone(u.Attributes)
	r := &result{user: &joined, fill: map[string]string{}, clashes: map[string]Clash{}}
	for _, l := range p.Links {
		if _, has := u.Link(l.Key()); has {
			continue
		}
		l.Primary, l.Created, l.Evidence = false, now, t.evidence(e)
		r.links = append(r.links, l)
	}
	joined.Links = append(joined.Links, r.links...)
	t.attributes(r, p, u, e)
	for _, g := range t.groups(p, r) {
		if !slices.Contains(u.Groups, g) {
			r.groups = append(r.groups, g)
		}
	}
	if len(r.groups) > 0 {
		joined.Groups = slices.Sorted(slices.Values(slices.Concat(u.Groups, r.groups)))
		joined.Given = t.given(p, u.Given, r.groups)
	}
	if p.Sub != "" && !u.Is(p.Sub) {
		r.aliases = append(r.aliases, hub.Alias{Sub: p.Sub, Pool: t.From.Name, Merge: t.ID, Since: now})
	}
	for _, a := range p.Aliases {
		if !u.Is(a.Sub) {
			r.aliases = append(r.aliases, a)
		}
	}
	joined.Aliases = append(joined.Aliases, r.aliases...)
	r.password = p.Password != "" && u.Password == "" && (t.Rules.Passwords == "if_none" || t.Rules.Passwords == "no_other_way" && len(u.Links) == 0)
	if r.password {
		joined.Password, joined.PasswordExpiry, joined.Status = p.Password, p.PasswordExpiry, status(p)
	}
	r.changed = len(r.links)+len(r.fill)+len(r.groups)+len(r.aliases) > 0 || joined.Password != u.Password || !maps.Equal(joined.Attributes, u.Attributes)
	if r.changed {
		joined.Modified = now
	}
	return r
}

// attributes fills what the user has not, and settles what both have.
func (t *terms) attributes(r *result, p *Person, u *hub.User, e *Entry) {
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		theirs, ours := p.Attributes[name], u.Attributes[name]
		if theirs == "" || flagOf(name) != "" || same(name, theirs, ours) {
			continue
		}
		if why := t.unfit(name, theirs); why != "" {
			r.left = append(r.left, why)
			continue
		}
		if ours == "" {
			r.set(p, name)
			r.fill[name] = theirs
			continue
		}
		c := Clash{Source: theirs, Target: ours, Keep: cmp.Or(t.Rules.Keep[name], keepTarget)}
		if e != nil && e.Clashes[name].Keep == keepSource {
			c.Keep = keepSource
		} else if e != nil && e.Clashes[name].Keep == keepTarget {
			c.Keep = keepTarget
		}
		if a, known := t.attribute(name); known && a.Immutable {
			c.Keep = keepTarget
		}
		r.clashes[name] = c
		if c.Keep == keepSource {
			r.set(p, name)
		}
	}
}

// set writes an attribute, and with an address its flag: that of another address
// must not stay beside it.
func (r *result) set(p *Person, name string) {
	if r.user.Attributes == nil {
		r.user.Attributes = mapping.Attributes{}
	}
	r.user.Attributes[name] = p.Attributes[name]
	if name != "email" && name != "phone_number" {
		return
	}
	delete(r.user.Attributes, name+"_verified")
	if verified(p, name) {
		r.user.Attributes[name+"_verified"] = "true"
	}
}

// add is the user that a resolved person becomes. sub is used if the person
// brings none.
func (t *terms) add(p *Person, e *Entry, sub string, now time.Time) *result {
	u := &hub.User{
		Sub: cmp.Or(p.Sub, sub), Username: p.Username, Status: status(p), Disabled: p.Disabled, Attributes: mapping.Attributes{},
		Aliases: slices.Clone(p.Aliases), Password: p.Password, PasswordExpiry: p.PasswordExpiry, Created: p.Created, Modified: now,
	}
	if u.Created.IsZero() {
		u.Created = now
	}
	if e != nil && e.Username != "" {
		u.Username = e.Username
	}
	r := &result{user: u, fill: map[string]string{}, password: p.Password != "", changed: true, aliases: u.Aliases}
	for _, l := range p.Links {
		l.Primary = u.Username == l.Provider+"_"+l.Subject
		if l.Evidence == nil {
			l.Evidence = t.evidence(e)
		}
		if l.Created.IsZero() {
			l.Created = now
		}
		u.Links = append(u.Links, l)
	}
	r.links = u.Links
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		switch value := p.Attributes[name]; {
		case value == "" || flagOf(name) != "":
		case t.unfit(name, value) != "":
			r.left = append(r.left, t.unfit(name, value))
		default:
			r.set(p, name)
			r.fill[name] = value
		}
	}
	if u.Groups = t.groups(p, r); len(u.Groups) > 0 {
		r.groups, u.Given = u.Groups, t.given(p, nil, u.Groups)
	}
	return r
}

// lacks are the attributes that the pool wants of everybody and u has not.
func (t *terms) lacks(u *hub.User) []string {
	var names []string
	if t.schema != nil {
		for _, name := range t.schema.Required() {
			if u.Attributes[name] == "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// named says why somebody who is added may not be called so.
func (t *terms) named(u *hub.User) error {
	if u.Federated() {
		for _, l := range u.Links {
			if u.Username == l.Provider+"_"+l.Subject {
				return nil
			}
		}
	}
	return directory.CheckName(u.Username, t.providerNames())
}

// unfit says why the pool does not take a value; empty: it does.
func (t *terms) unfit(name, value string) string {
	if t.schema == nil {
		return ""
	}
	if err := t.schema.Check(mapping.Attributes{name: value}); err != nil {
		return err.Error()
	}
	return ""
}

func (t *terms) attribute(name string) (mapping.Attribute, bool) {
	if t.schema == nil {
		return mapping.Attribute{}, false
	}
	return t.schema.Attribute(name)
}

// groups are those that come along, under the names they have here. r is told of
// those that stay behind.
func (t *terms) groups(p *Person, r *result) []string {
	var list []string
	for _, g := range p.Groups {
		to, said := t.Rules.Groups[g]
		switch {
		case strings.HasPrefix(cmp.Or(to, g), t.Pool+"_"): // hub.Pool.OwnGroup
			r.left = append(r.left, "the group "+g+", as this pool gives groups of such names itself")
		case said && to != "":
			list = append(list, to)
		case said:
			r.left = append(r.left, "the group "+g+", as the rules say")
		case slices.Contains(t.GroupClashes, g):
			r.left = append(r.left, "the group "+g+", as one of that name is here")
		default:
			list = append(list, g)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// given is what providers gave a user, with those of the groups that came along
// and that they gave the person: what a provider gave it may take away.
func (t *terms) given(p *Person, had map[string][]string, came []string) map[string][]string {
	given := maps.Clone(had)
	for provider, list := range p.Given {
		for _, g := range list {
			if to, said := t.Rules.Groups[g]; said {
				g = to
			}
			if !slices.Contains(came, g) || slices.Contains(given[provider], g) {
				continue
			}
			if given == nil {
				given = map[string][]string{}
			}
			given[provider] = slices.Sorted(slices.Values(append(slices.Clone(given[provider]), g)))
		}
	}
	return given
}

// evidence is why an identity came to a user.
func (t *terms) evidence(e *Entry) *hub.Evidence {
	if e == nil {
		return nil
	}
	by, why := "rule", e.Why
	if e.Conflict != "" {
		by, why = "administrator", "decided in the plan, where it said: "+e.Why
	}
	return &hub.Evidence{By: by, Why: fmt.Sprintf("merge %s from %s: %s", t.ID, t.From.Name, why)}
}

// status is the state of somebody who is added, or who brings a password.
func status(p *Person) hub.Status {
	switch {
	case len(p.Links) > 0 && p.Password == "":
		return hub.ExternalProvider
	case p.Status == hub.ResetRequired && p.Password == "":
		return hub.ResetRequired
	case p.Status == hub.ForceChangePassword || p.Status == hub.ResetRequired:
		return hub.ForceChangePassword
	}
	return hub.Confirmed
}

// troubled are Cognito's states of whom nothing is proven.
func troubled(s hub.Status) bool {
	return slices.Contains([]hub.Status{"UNCONFIRMED", "ARCHIVED", "COMPROMISED", "UNKNOWN"}, s)
}

// flagOf is the address that a verified flag speaks about; empty for anything else.
func flagOf(name string) string {
	if address, ok := strings.CutSuffix(name, "_verified"); ok && (address == "email" || address == "phone_number") {
		return address
	}
	return ""
}

func same(name, a, b string) bool {
	return a == b || name == "email" && hub.FoldName(a) == hub.FoldName(b)
}

// rivals are the providers at which both have an identity, and not the same one:
// an address that went to somebody else looks so (A83).
func rivals(p *Person, u *hub.User) []string {
	var names []string
	for _, l := range p.Links {
		if _, has := u.Link(l.Key()); has {
			continue
		}
		if slices.ContainsFunc(u.Links, func(o hub.Link) bool { return o.Issuer == l.Issuer }) {
			names = append(names, l.Provider)
		}
	}
	return names
}
