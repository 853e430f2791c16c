package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// Groups is what a rule names to speak of the person's groups instead of an attribute. Powers hang on groups, so no
// other rule leads to them, and no provider has such a rule that its operator did not write (A94).
const Groups = "groups"

// Limits of groups (Cognito's quotas and its pattern of GroupName).
const (
	MaxGroups    = 100 // of one user
	maxGroupName = 128 // characters
)

// Claimed are the groups that the claims of one sign-in name.
type Claimed struct {
	Names []string // sorted, each once; none means that the person is in no group there
	Write Write
}

// groupPlan is the rule for groups, ready to run.
type groupPlan struct {
	plan
	split string
}

// GroupProblem says what is wrong with the name of a group, as the end of a sentence, or returns "".
func GroupProblem(name string) string {
	switch {
	case name == "":
		return "is empty"
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	case utf8.RuneCountInString(name) > maxGroupName:
		return fmt.Sprintf("has more than %d characters", maxGroupName)
	case strings.ContainsFunc(name, notInGroup):
		return "holds a space, a control character or an invisible one"
	}
	return ""
}

func notInGroup(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P)
}

// groups checks the rule for groups and prepares it.
func (c *compiler) groups(rule Rule) *groupPlan {
	p := &groupPlan{split: rule.Split, plan: plan{attribute: Attribute{Name: Groups}, fallback: rule.Default, onMissing: rule.OnMissing, write: rule.Write}}
	c.source(&p.plan, rule, groupsFit)
	if rule.Value != nil {
		c.groupNames(p, rule, "constant", *rule.Value)
	}
	switch rule.OnMissing {
	case "":
		if rule.Default != "" {
			p.onMissing = UseDefault
		}
	case Refuse, Skip:
	case UseDefault:
		if rule.Default == "" {
			c.complain(rule, "says on_missing: default, but gives no default")
		}
	case Ask:
		c.complain(rule, "says on_missing: ask, but nobody is asked which groups to be in; use refuse, default or skip")
	default:
		c.complain(rule, "says on_missing: %q; the choices are refuse, default and skip", cut(string(rule.OnMissing)))
	}
	if rule.Default != "" {
		if p.onMissing != UseDefault {
			c.complain(rule, "gives a default that is never used, because it says on_missing: %s; leave one of them out", cut(string(rule.OnMissing)))
		}
		c.groupNames(p, rule, "default", rule.Default)
	}
	switch rule.Write {
	case "":
		p.write = Reconcile
	case Reconcile, Always, Once, IfEmpty:
	default:
		c.complain(rule, "says write: %q; the choices are reconcile, always, once and if_empty", cut(string(rule.Write)))
	}
	if rule.TrustVerification {
		c.complain(rule, "says trust_verification, which belongs to %s and %s", emailVerified, phoneVerified)
	}
	return p
}

// groupNames checks the names that an operator wrote.
func (c *compiler) groupNames(p *groupPlan, rule Rule, what, text string) {
	names := p.texts(text)
	for _, name := range names {
		if reason := GroupProblem(name); reason != "" {
			c.complain(rule, "has a %s that does not fit: the group %q %s; several are told apart by split, for example split: \",\"", what, cut(name), reason)
			return
		}
	}
	if len(names) > MaxGroups {
		c.complain(rule, "has a %s of %d groups; a user has at most %d", what, len(names), MaxGroups)
	}
}

// groupsFit refuses results that no names can come from.
func groupsFit(out *cel.Type) error {
	switch resultKind(out) {
	case types.ListKind, types.StringKind, types.DynKind, types.AnyKind, types.NullTypeKind:
		return nil
	}
	return fmt.Errorf("it gives the type %s; groups need a list of names or a text", out)
}

// apply puts the claimed groups into r. A claim that is absent or of no use names none, as a provider often leaves the
// claim out for whoever is in no group: rights end when they are not confirmed, unless the rule says otherwise.
func (p *groupPlan) apply(r *Result, claims map[string]any) error {
	names, found, reason := p.names(claims)
	if reason != "" {
		r.unusable(&p.plan, reason)
	}
	if !found {
		switch p.onMissing {
		case Skip:
			return nil
		case Refuse:
			if reason == "" {
				reason = "was not sent"
			}
			r.Missing = append(r.Missing, Missing{Attribute: Groups, From: p.from, Reason: reason, OnMissing: Refuse})
			return nil
		case UseDefault:
			names = p.texts(p.fallback)
		default:
			if p.write != Reconcile {
				return nil
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > MaxGroups {
		return fmt.Errorf("the claims name %d groups; a user has at most %d: choose among them with an expression", len(names), MaxGroups)
	}
	r.Groups = &Claimed{Names: names, Write: p.write}
	return nil
}

// names are the usable names of the first source that has any form of groups; the reason says what could not be used.
func (p *groupPlan) names(claims map[string]any) (names []string, found bool, reason string) {
	switch {
	case p.constant != nil:
		return p.texts(*p.constant), true, ""
	case p.expr != nil:
		value, err := p.expr.eval(claims)
		if err != nil {
			if errors.Is(err, errAbsent) {
				return nil, false, ""
			}
			return nil, false, err.Error()
		}
		return p.read(value)
	}
	for i := range p.paths {
		value, ok := p.paths[i].find(claims)
		if !ok {
			continue
		}
		tried, usable, why := p.read(value)
		if why != "" && reason == "" {
			reason = fmt.Sprintf("claim %s %s", p.paths[i], why)
		}
		if usable {
			return tried, true, reason
		}
	}
	return nil, false, reason
}

// read takes the names out of a claim: a list of them, or a text.
func (p *groupPlan) read(value any) (names []string, found bool, reason string) {
	var texts []string
	odd := 0
	switch v := value.(type) {
	case nil:
		return nil, false, ""
	case string:
		if strings.TrimSpace(v) == "" {
			return nil, false, ""
		}
		texts = p.texts(v)
	case []any:
		for _, element := range v {
			if name, ok := element.(string); ok {
				texts = append(texts, name)
			} else {
				odd++
			}
		}
	default:
		return nil, false, "is no list of names"
	}
	for _, name := range texts {
		if GroupProblem(name) != "" {
			odd++
			continue
		}
		names = append(names, name)
	}
	if odd > 0 {
		reason = fmt.Sprintf("holds names that no group can have, %d of %d: a name has 1 to %d characters and no space", odd, len(names)+odd, maxGroupName)
	}
	return names, true, reason
}

// texts splits a text as the rule says.
func (p *groupPlan) texts(text string) []string {
	if p.split == "" {
		return []string{text}
	}
	var names []string
	for name := range strings.SplitSeq(text, p.split) {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
