package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A verified flag is a statement about one address, so it is never mapped on its own (A57, A81). After the address has
// been settled:
//
//   - the claims offered this very address, from the claim the flag speaks about, and the flag is true: "true";
//   - the address changes and the flag is not proven for it: "false", whatever the flag's write mode says;
//   - the claims offered the address the user already has, unproven: "false" when the flag has a rule that writes
//     always, else the old flag stays;
//   - the claims offered no address, or one that is not written: the old flag stays, because it speaks about the
//     address that stays.

// flagPlan is the plan of one verified flag beside its address.
type flagPlan struct {
	address  string
	flag     string
	required bool
	rule     *plan  // nil if the flag has no rule
	vouched  []path // for each of rule.paths, the claim the flag speaks about
}

// checkFlag refuses what would make a flag speak about an address it knows nothing of.
func (c *compiler) checkFlag(address, flag string) {
	p, ok := c.plans[flag]
	if !ok {
		return
	}
	rule := Rule{Attribute: flag}
	a, mapped := c.plans[address]
	if !mapped {
		c.complain(rule, "has a rule, but %q has none; map both from the same provider, or neither", address)
		return
	}
	if p.onMissing == Ask || p.onMissing == Refuse && !p.attribute.Required {
		c.complain(rule, "says on_missing: %s, but a missing flag means false; leave on_missing out", p.onMissing)
	}
	constant := p.constant != nil && *p.constant == "true" || p.fallback == "true" || p.expr != nil && !p.expr.all && len(p.expr.reads) == 0
	if constant && !p.trusted {
		c.complain(rule, "is set without looking at a claim; if every %s of this provider is verified, say so with trust_verification: true", address)
	}
	if len(p.paths) == 0 || a.expr == nil {
		return
	}
	for _, flagPath := range p.paths {
		vouched := flagPath.vouched(a)
		if a.expr.all || len(vouched.steps) > 0 || !slices.Equal(a.expr.reads, []string{vouched.name}) {
			c.complain(rule, "comes from the claim %s, which speaks about %s, but the expression of %s does not read just that; write %s as an expression too, for example: %s: {expr: \"claims.%s == true\"}",
				flagPath, vouched, address, flag, flag, flag)
		}
	}
}

// vouched returns the claim a flag at p speaks about: its name without _verified, else the address's first claim.
func (p path) vouched(address *plan) path {
	const suffix = "_verified"
	if name, ok := strings.CutSuffix(p.last(), suffix); ok && name != "" {
		return p.sibling(name)
	}
	if len(address.paths) > 0 {
		return address.paths[0]
	}
	if address.expr != nil && len(address.expr.reads) == 1 {
		return path{name: address.expr.reads[0]}
	}
	return path{}
}

func (c *compiler) flag(address string) flagPlan {
	a, _ := c.schema.Attribute(flagOf[address])
	f := flagPlan{address: address, flag: a.Name, required: a.Required, rule: c.plans[a.Name]}
	if f.rule != nil {
		for _, flagPath := range f.rule.paths {
			f.vouched = append(f.vouched, flagPath.vouched(c.plans[address]))
		}
	}
	return f
}

// offer is what the claims held for an address in this sign-in.
type offer struct {
	value string // "" if nothing usable
	path  *path  // where it was found; nil if an expression or a constant gave it
	fixed bool   // a constant gave it, so no claim can speak about it
}

// settle sets the flag for the address as it stands after the mapping.
func (f *flagPlan) settle(r *Result, claims map[string]any, current Attributes, offered offer) {
	address, changed := r.Set[f.address]
	if !changed {
		address = current[f.address]
	}
	old := current[f.flag]
	confirmed := address != "" && offered.value == address && (changed || f.rule.writes(current))
	switch {
	case confirmed && f.proven(r, claims, offered):
		r.set(f.flag, "true", old)
	case changed, confirmed, f.required && old == "":
		r.set(f.flag, "false", old)
	}
}

// proven reports whether the claims say that the offered address was verified.
func (f *flagPlan) proven(r *Result, claims map[string]any, offered offer) bool {
	p := f.rule
	switch {
	case p == nil:
		return false
	case p.constant != nil:
		return *p.constant == "true"
	case p.expr != nil:
		value, err := p.expr.eval(claims)
		if err != nil && !errors.Is(err, errAbsent) {
			r.unusable(p, err.Error())
			return false
		}
		return p.isTrue(value)
	}
	for i, flagPath := range p.paths {
		value, ok := flagPath.find(claims)
		if !ok || value == nil {
			continue
		}
		vouched := f.vouched[i]
		if offered.fixed || offered.path != nil && !offered.path.equal(vouched) {
			r.unusable(p, fmt.Sprintf("speaks about the claim %s, which the %s was not taken from", vouched, f.address))
			return false
		}
		return p.isTrue(value)
	}
	return p.isTrue(nil)
}

// isTrue accepts JSON true. A trusted rule accepts the string "true", and may say true by default where there is no
// flag. Everything else is no (A81).
func (p *plan) isTrue(value any) bool {
	switch value {
	case true:
		return true
	case "true":
		return p.trusted
	case nil:
		return p.trusted && p.fallback == "true"
	}
	return false
}
