package mapping

import (
	"errors"
	"fmt"
	"strings"
)

// Result is what one sign-in does to a user's attributes.
type Result struct {
	// Set holds the attributes to write: only values that differ from the current ones and that pass Schema.Check.
	Set Attributes

	// Groups are the groups that the claims name; nil when the rules leave the user's groups alone.
	Groups *Claimed

	// Missing lists, in the schema's order, every attribute that has no value although its rule asks for one. With an
	// entry whose OnMissing is Refuse the sign-in cannot go on and nothing must be written; entries to Ask can be
	// filled in by the person.
	Missing []Missing

	// Kept names the immutable attributes for which the claims held another value. The old one stays and the sign-in
	// goes on, where Cognito fails it (A97).
	Kept []string

	// Unusable lists claims that came but could not be used, where the sign-in goes on with the old value, a default,
	// a fallback or none. It is for the trace.
	Unusable []Missing
}

// Missing is an attribute without a usable value.
type Missing struct {
	Attribute string
	From      string // where the rule looked: claims, or the expression
	Reason    string // the rest of a sentence about the attribute; holds no values
	OnMissing OnMissing
}

// Apply maps verified claims to attributes. claims is what encoding/json decodes into any, all from one provider about
// one subject; current are the attributes the user has, nil for a new user. Neither is changed.
//
// A claim that is absent, null or blank leaves the old value, as in Cognito; so does one that cannot be used. An
// attribute is missing only if the user has no value either.
//
// The error says that the user would exceed a limit as a whole; the Result is then nil.
func (m *Mapping) Apply(claims map[string]any, current Attributes) (*Result, error) {
	r := &Result{}
	var offers [2]offer // of the addresses, in the order of m.flags
	for _, p := range m.plans {
		offered, reason := p.offer(claims)
		for i := range m.flags {
			if m.flags[i].address == p.attribute.Name {
				offers[i] = offered
			}
		}
		p.apply(r, offered.value, reason, current)
	}
	for i := range m.flags {
		m.flags[i].settle(r, claims, current, offers[i])
	}
	if m.groups != nil {
		if err := m.groups.apply(r, claims); err != nil {
			return nil, err
		}
	}
	if len(current)+len(r.Set) > maxAttributes {
		if n := union(current, r.Set); n > maxAttributes {
			return nil, fmt.Errorf("the user would have %d attributes; at most %d are allowed", n, maxAttributes)
		}
	}
	return r, nil
}

// offer looks for a usable value. Without one, the reason says why; with one, it says what was wrong with the claims
// that were tried before, if anything.
func (p *plan) offer(claims map[string]any) (offer, string) {
	switch {
	case p.constant != nil:
		return offer{value: *p.constant, fixed: true}, ""
	case p.expr != nil:
		value, err := p.expr.eval(claims)
		if err != nil {
			if errors.Is(err, errAbsent) {
				return offer{}, ""
			}
			return offer{}, err.Error()
		}
		text, err := p.attribute.text(value)
		if err != nil {
			return offer{}, err.Error()
		}
		return offer{value: text}, ""
	}
	reason := ""
	for i := range p.paths {
		value, ok := p.paths[i].find(claims)
		if !ok {
			continue
		}
		text, err := p.attribute.text(value)
		if err != nil {
			if reason == "" {
				reason = fmt.Sprintf("claim %s %v", p.paths[i], err)
			}
			continue
		}
		if text != "" {
			return offer{value: text, path: &p.paths[i]}, reason
		}
	}
	return offer{}, reason
}

// apply writes the offered value, keeps the old one, or says what is missing. A reason means that a claim came which
// could not be used.
func (p *plan) apply(r *Result, value, reason string, current Attributes) {
	name := p.attribute.Name
	old := current[name]
	if value != "" {
		if reason != "" {
			r.unusable(p, reason)
		}
		if p.writes(current) {
			r.set(name, value, old)
		} else if p.attribute.Immutable && value != old {
			r.Kept = append(r.Kept, name)
		}
		return
	}
	if reason != "" && (old != "" || p.onMissing == UseDefault || p.onMissing == Skip) {
		r.unusable(p, reason)
	}
	switch {
	case old != "":
	case p.onMissing == UseDefault:
		if p.writes(current) {
			r.set(name, p.fallback, old)
		}
	case p.onMissing != Skip:
		if reason == "" {
			reason = "was not sent"
			if p.expr != nil {
				reason = "has no value: the expression found nothing"
			}
		}
		r.Missing = append(r.Missing, Missing{Attribute: name, From: p.from, Reason: reason, OnMissing: p.onMissing})
	}
}

// writes reports whether the write mode lets a value through.
func (p *plan) writes(current Attributes) bool {
	if p == nil {
		return false
	}
	old, present := current[p.attribute.Name]
	switch p.write {
	case Once:
		return !present || p.attribute.Required && old == ""
	case IfEmpty:
		return old == ""
	}
	return true
}

func (r *Result) set(name, value, old string) {
	if value == old {
		return
	}
	if r.Set == nil {
		r.Set = make(Attributes, 8)
	}
	r.Set[name] = value
}

func (r *Result) unusable(p *plan, reason string) {
	r.Unusable = append(r.Unusable, Missing{Attribute: p.attribute.Name, From: p.from, Reason: reason, OnMissing: p.onMissing})
}

// String is the sentence for the trace, for example: family_name was not sent (from family_name).
func (m Missing) String() string {
	var b strings.Builder
	b.WriteString(m.Attribute)
	b.WriteString(": ")
	b.WriteString(m.Reason)
	if m.From != "" {
		b.WriteString(" (from ")
		b.WriteString(m.From)
		b.WriteString(")")
	}
	return b.String()
}

func union(a, b Attributes) int {
	n := len(a)
	for name := range b {
		if _, both := a[name]; !both {
			n++
		}
	}
	return n
}
