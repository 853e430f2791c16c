package merge

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/mapping"
)

// The ways in which a rule compares two people.
const (
	ByIdentity      = "identity"       // the same subject at the same provider
	ByVerifiedEmail = "verified_email" // the same address, proven in both pools
	ByVerifiedPhone = "verified_phone"
	ByAttribute     = "attribute"  // the same value of an attribute, such as an employee number
	ByExpression    = "expression" // the same result of an expression
)

// Rule is one way to tell that two records are one person.
type Rule struct {
	By   string `yaml:"by" json:"by"`
	Name string `yaml:"name,omitempty" json:"name,omitempty"` // of the attribute
	Expr string `yaml:"expr,omitempty" json:"expr,omitempty"` // CEL over user; see mapping.CompileKey
	// Vouched is the operator's word that people could not have written the value
	// themselves in either pool. Without it what an attribute or an expression
	// matches is a conflict. It does not stand in for a verified flag.
	Vouched bool `yaml:"vouched,omitempty" json:"vouched,omitempty"`
}

// Rules say how people are matched and what comes of two records of one.
type Rules struct {
	// Match is tried in order. By default ByIdentity and ByVerifiedEmail.
	Match []Rule `yaml:"match" json:"match"`
	// Providers gives providers of the source the names they have here.
	Providers map[string]string `yaml:"providers,omitempty" json:"providers,omitempty"`
	// Groups gives groups of the source the names they have here; an empty name
	// leaves the group behind. A group of a name that is in use here comes along only if it
	// is listed.
	Groups map[string]string `yaml:"groups,omitempty" json:"groups,omitempty"`
	// Keep says of attributes whose value stays where both have one, "source" or
	// "target", which is the default.
	Keep map[string]string `yaml:"keep,omitempty" json:"keep,omitempty"`
	// Passwords is when somebody who is joined brings a password: "no_other_way"
	// (default: to a user who could not come in otherwise), "if_none" or "never".
	Passwords string `yaml:"passwords,omitempty" json:"passwords,omitempty"`
	// Orphans is what becomes of people who match nobody: "add" (default) or "skip".
	Orphans string `yaml:"orphans,omitempty" json:"orphans,omitempty"`
}

// ParseRules reads a file of rules; no text at all gives the defaults.
func ParseRules(text []byte) (*Rules, error) {
	r := &Rules{}
	if len(strings.TrimSpace(string(text))) > 0 {
		if len(text) > maxPlanEntry {
			return nil, fmt.Errorf("it is longer than %d KiB", maxPlanEntry>>10)
		}
		if err := parse(text, r); err != nil {
			return nil, err
		}
	}
	r.complete()
	_, err := r.compile()
	return r, err
}

func (r *Rules) complete() {
	if r.Match == nil {
		r.Match = []Rule{{By: ByIdentity}, {By: ByVerifiedEmail}}
	}
	if r.Passwords == "" {
		r.Passwords = "no_other_way"
	}
	if r.Orphans == "" {
		r.Orphans = "add"
	}
}

// matcher is a rule that is ready to run.
type matcher struct {
	Rule
	key *mapping.Key
}

// compile checks the rules and says all that is wrong.
func (r *Rules) compile() ([]matcher, error) {
	var problems []error
	complain := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	var list []matcher
	for i, rule := range r.Match {
		m := matcher{Rule: rule}
		at := fmt.Sprintf("match[%d]", i)
		if want := rule.By == ByAttribute; want == (rule.Name == "") {
			complain("%s: name is for  by: attribute, which needs one", at)
		}
		if want := rule.By == ByExpression; want == (rule.Expr == "") {
			complain("%s: expr is for  by: expression, which needs one", at)
		}
		switch rule.By {
		case ByIdentity, ByVerifiedEmail, ByVerifiedPhone:
			if rule.Vouched {
				complain("%s: what %s rests on is proven or it is not; vouched is for attributes and expressions", at, rule.By)
			}
		case ByAttribute:
		case ByExpression:
			var err error
			if m.key, err = mapping.CompileKey(rule.Expr); err != nil {
				complain("%s: the expression cannot be used: %w", at, err)
			}
		default:
			complain("%s: by is identity, verified_email, verified_phone, attribute or expression, and not %q", at, rule.By)
		}
		list = append(list, m)
	}
	if len(r.Match) > 20 {
		complain("match: %d rules; 20 at most", len(r.Match))
	}
	for name, keep := range r.Keep {
		if keep != keepSource && keep != keepTarget {
			complain("keep: %s is source or target, and not %q", name, keep)
		}
	}
	if !slices.Contains([]string{"no_other_way", "if_none", "never"}, r.Passwords) {
		complain("passwords: it is no_other_way, if_none or never, and not %q", r.Passwords)
	}
	if r.Orphans != "add" && r.Orphans != "skip" {
		complain("orphans: it is add or skip, and not %q", r.Orphans)
	}
	return list, errors.Join(problems...)
}

// evidence is one key by which a rule compares, and whether it is proven.
type evidence struct {
	key    string
	proven bool
}

// of is what the rule finds in a person whose links are resolved. An error is of
// the operator's expression.
func (m *matcher) of(p *Person) ([]evidence, error) {
	switch m.By {
	case ByIdentity:
		list := make([]evidence, len(p.Links))
		for i, l := range p.Links {
			list[i] = evidence{l.Key(), true}
		}
		return list, nil
	case ByVerifiedEmail:
		return one(hub.FoldName(p.Attributes["email"]), verified(p, "email")), nil
	case ByVerifiedPhone:
		return one(p.Attributes["phone_number"], verified(p, "phone_number")), nil
	case ByAttribute:
		return one(m.folded(p.Attributes[m.Name]), m.Vouched && m.backed(p, func(name string) bool { return name == m.Name })), nil
	}
	known := make(mapping.Attributes, len(p.Attributes)+2)
	for name, value := range p.Attributes {
		known[name] = value
	}
	known["sub"], known["username"] = p.Sub, p.Username
	key, err := m.key.Of(known)
	if err != nil {
		return nil, fmt.Errorf("the expression %s of %s", err, p.Username)
	}
	return one(key, m.Vouched && m.backed(p, m.key.Reads)), nil
}

func (m *matcher) folded(value string) string {
	if m.Name == "email" {
		return hub.FoldName(value)
	}
	return value
}

// backed tells whether the addresses that a rule reads are verified: no word of
// an operator makes them so (A100).
func (m *matcher) backed(p *Person, reads func(string) bool) bool {
	for _, address := range []string{"email", "phone_number"} {
		if reads(address) && p.Attributes[address] != "" && !verified(p, address) {
			return false
		}
	}
	return true
}

// verified is true for the one spelling that a pool keeps (A81), of an e-mail
// address only if who wrote it is to be believed.
func verified(p *Person, address string) bool {
	if address == "email" && !p.AddressProven {
		return false
	}
	return p.Attributes[address] != "" && p.Attributes[address+"_verified"] == "true"
}

func one(key string, proven bool) []evidence {
	if key == "" {
		return nil
	}
	return []evidence{{key, proven}}
}

// reads lists the attributes that a match may rest on; nil for all.
func (r *Rules) reads() []string {
	names := []string{"email", "email_verified", "phone_number", "phone_number_verified"}
	for _, m := range r.Match {
		switch m.By {
		case ByAttribute:
			names = append(names, m.Name)
		case ByExpression:
			return nil
		}
	}
	return names
}

// the words of Rules.Keep and of an entry's clashes
const (
	keepSource = "source"
	keepTarget = "target"
)
