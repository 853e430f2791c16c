package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
)

// maxRules bounds one mapping; no schema has more attributes.
const maxRules = 100

// Mapping is a compiled list of rules. It does not change and may be used by many goroutines.
type Mapping struct {
	plans    []*plan // in the schema's order, without verified flags
	flags    []flagPlan
	groups   *groupPlan // nil: the operator wrote no rule for groups
	needs    []string
	needsAll bool
}

// plan is one rule, ready to run.
type plan struct {
	attribute Attribute
	paths     []path
	expr      *expression
	constant  *string
	fallback  string // Rule.Default
	onMissing OnMissing
	write     Write
	trusted   bool   // Rule.TrustVerification
	from      string // for Missing.From
}

// Compile checks rules against a schema and prepares them. The error, if any, is [Problems] and names everything that
// is wrong at once: attributes outside the schema or protected, two rules for one attribute, required attributes
// without a rule, claims' names, pointers, constants, defaults and expressions that cannot work.
func Compile(s *Schema, rules []Rule) (*Mapping, error) {
	if len(rules) > maxRules {
		return nil, Problems{{Message: fmt.Sprintf("%d rules; a mapping has at most %d", len(rules), maxRules)}}
	}
	c := compiler{schema: s, plans: make(map[string]*plan, len(rules))}
	seen := make(map[string]bool, len(rules))
	for _, rule := range rules {
		if seen[rule.Attribute] {
			c.complain(rule, "has two rules; merge them, from: takes a list of claims")
			continue
		}
		seen[rule.Attribute] = true
		if rule.Attribute == "username" && rule.isIdentity() {
			continue
		}
		if rule.Attribute == Groups {
			c.groupPlan = c.groups(rule)
			continue
		}
		a, ok := s.Attribute(rule.Attribute)
		if !ok {
			c.problems.add(rule.Attribute, s.unknown(fmt.Sprintf("attribute %q", cut(rule.Attribute)), rule.Attribute))
			seen[s.meant(rule.Attribute)] = true // one complaint about one mistake
			continue
		}
		c.plans[a.Name] = c.plan(a, rule)
	}
	c.checkRequired(seen)
	for _, address := range addresses {
		c.checkFlag(address, flagOf[address])
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return c.mapping(), nil
}

// isIdentity recognises Cognito's built-in rule username from sub.
func (r Rule) isIdentity() bool {
	return slices.Equal(r.From, []string{subjectAttribute}) && r.Expr == "" && r.Value == nil && r.Default == ""
}

type compiler struct {
	schema   *Schema
	language *language
	plans    map[string]*plan

	groupPlan *groupPlan
	problems  Problems
}

// complain adds a problem whose message begins with the attribute's name.
func (c *compiler) complain(rule Rule, format string, args ...any) {
	c.problems.add(rule.Attribute, fmt.Sprintf("attribute %q ", cut(rule.Attribute))+fmt.Sprintf(format, args...))
}

func (c *compiler) plan(a Attribute, rule Rule) *plan {
	p := &plan{attribute: a, fallback: rule.Default, onMissing: rule.OnMissing, write: rule.Write, trusted: rule.TrustVerification}
	c.source(p, rule, a.resultProblem)
	if rule.Split != "" {
		c.complain(rule, "says split, which belongs to %s; an expression splits any text, for example claims.names.split(\",\")", Groups)
	}
	c.choices(p, rule)
	return p
}

// source fills in where the value comes from; fits judges what an expression gives.
func (c *compiler) source(p *plan, rule Rule, fits func(*cel.Type) error) {
	given := 0
	for _, is := range []bool{len(rule.From) > 0, rule.Expr != "", rule.Value != nil} {
		if is {
			given++
		}
	}
	name := p.attribute.Name
	switch {
	case given == 0:
		c.complain(rule, "has a rule without a source; give one of from, expr and value, for example: %s: {from: %s}", name, name)
	case given > 1:
		c.complain(rule, "has a rule with %d sources; give only one of from, expr and value", given)
	case rule.Value != nil:
		p.constant = rule.Value
		if *rule.Value == "" {
			c.complain(rule, "has an empty constant; leave the rule out")
		} else if reason := p.attribute.check(*rule.Value); reason != "" && name != Groups {
			c.complain(rule, "has a constant that does not fit: it %s", reason)
		}
	case rule.Expr != "":
		p.from = rule.Expr
		c.expression(p, rule, fits)
	default:
		p.from = strings.Join(rule.From, ", ")
		c.paths(p, rule)
	}
}

func (c *compiler) paths(p *plan, rule Rule) {
	if len(rule.From) > maxFrom {
		c.complain(rule, "names %d claims; at most %d are allowed", len(rule.From), maxFrom)
		return
	}
	for _, entry := range rule.From {
		parsed, err := parsePath(entry)
		if err != nil {
			c.complain(rule, "has a from that cannot be read: %q %v", cut(entry), err)
			continue
		}
		p.paths = append(p.paths, parsed)
	}
}

func (c *compiler) expression(p *plan, rule Rule, fits func(*cel.Type) error) {
	if c.language == nil {
		l, err := ruleLanguage()
		if err != nil {
			c.complain(rule, "has an expression, but %v", err)
			return
		}
		c.language = l
	}
	expr, err := c.language.compile(rule.Expr, fits)
	if err != nil {
		c.complain(rule, "has an expression that cannot be used: %v", err)
		return
	}
	p.expr = expr
}

// choices fills in on_missing and write.
func (c *compiler) choices(p *plan, rule Rule) {
	a := p.attribute
	switch rule.OnMissing {
	case "":
		switch {
		case rule.Default != "":
			p.onMissing = UseDefault
		case a.Required:
			p.onMissing = Refuse
		default:
			p.onMissing = Skip
		}
	case Refuse, Ask:
	case UseDefault:
		if rule.Default == "" {
			c.complain(rule, "says on_missing: default, but gives no default")
		}
	case Skip:
		if a.Required {
			c.complain(rule, "is required, so its rule cannot say on_missing: skip; use refuse, ask or default")
		}
	default:
		c.complain(rule, "says on_missing: %q; the choices are refuse, ask, default and skip", cut(string(rule.OnMissing)))
	}
	if rule.Default != "" {
		if p.onMissing != UseDefault {
			c.complain(rule, "gives a default that is never used, because it says on_missing: %s; leave one of them out", cut(string(rule.OnMissing)))
		}
		if reason := a.check(rule.Default); reason != "" {
			c.complain(rule, "has a default that does not fit: it %s", reason)
		}
	}
	switch rule.Write {
	case "":
		p.write = Always
	case Always, Once, IfEmpty:
	case Reconcile:
		c.complain(rule, "says write: reconcile, which belongs to %s; the choices are always, once and if_empty", Groups)
	default:
		c.complain(rule, "says write: %q; the choices are always, once and if_empty", cut(string(rule.Write)))
	}
	if a.Immutable && p.write == Always {
		p.write = Once
	}
	if rule.TrustVerification && a.Name != emailVerified && a.Name != phoneVerified {
		c.complain(rule, "says trust_verification, which belongs to %s and %s; for example: %s: {from: %s, trust_verification: true}",
			emailVerified, phoneVerified, emailVerified, emailVerified)
	}
}

// checkRequired names every required attribute that no rule fills. A verified flag needs none: it is set with its
// address.
func (c *compiler) checkRequired(seen map[string]bool) {
	for _, name := range c.schema.required {
		if seen[name] || name == emailVerified && seen["email"] || name == phoneVerified && seen["phone_number"] {
			continue
		}
		example := strings.TrimPrefix(name, customPrefix)
		c.problems.add(name, fmt.Sprintf("required attribute %q has no rule; say where it comes from, for example: %s: {from: %s, on_missing: ask}",
			name, name, example))
	}
}

// mapping puts the plans into the schema's order and gathers what they read.
func (c *compiler) mapping() *Mapping {
	m := &Mapping{groups: c.groupPlan}
	names := map[string]bool{}
	reads := func(p *plan) {
		for _, path := range p.paths {
			names[path.name] = true
		}
		if p.expr != nil {
			m.needsAll = m.needsAll || p.expr.all
			for _, name := range p.expr.reads {
				names[name] = true
			}
		}
	}
	if m.groups != nil {
		reads(&m.groups.plan)
	}
	for _, a := range c.schema.attributes {
		p, ok := c.plans[a.Name]
		if !ok {
			continue
		}
		reads(p)
		if a.Name != emailVerified && a.Name != phoneVerified {
			m.plans = append(m.plans, p)
		}
	}
	for _, address := range addresses {
		m.flags = append(m.flags, c.flag(address))
	}
	m.needs = slices.Sorted(maps.Keys(names))
	return m
}

// Needs returns the names of the top-level claims the rules read, sorted; idp asks userInfo when one of them is not in
// the ID token. See also [Mapping.NeedsAll].
func (m *Mapping) Needs() []string { return slices.Clone(m.needs) }

// NeedsAll reports whether an expression reads claims whose names are not known beforehand, so that no claim may be
// left out.
func (m *Mapping) NeedsAll() bool { return m.needsAll }

// cut shortens what is quoted from a configuration.
func cut(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
