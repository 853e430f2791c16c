package config

import (
	"slices"

	"github.com/isthmus-hub/isthmus/mapping"
)

// ClaimRule says what one claim of tokens is made of, beside the hub's own. The short form `department: custom:dept` is
// Attribute. Exactly one of Attribute, Expr and Value is set.
type ClaimRule struct {
	// Claim is the name in the token.
	Claim string `yaml:"-"`
	// Attribute is an attribute of the person, or sub or username.
	Attribute string `yaml:"attribute"`
	// Expr is a CEL expression over `user`, `client_id` and `scopes`.
	Expr string `yaml:"expr"`
	// Value is a constant; nil when there is none.
	Value *string `yaml:"value"`
	// In lists the tokens that get it, "id" and "access"; only the ID token by default.
	In []string `yaml:"in,words" oneof:"id access"`
}

// claimRules reads a mapping of claims. The short form is an attribute.
func (r *reader) claimRules(n *node, path string) []ClaimRule {
	var list []ClaimRule
	r.named(n, path, "claims", "for example  department: custom:dept", func(p pair, key string) {
		rule := ClaimRule{Claim: p.key}
		switch p.value.kind {
		case nullKind:
			r.missing(key, "says nothing", "name an attribute, for example  "+p.key+": custom:dept")
		case mappingKind:
			r.mapping(valueOf(&rule), p.value, key)
		default:
			r.decode(valueOf(&rule.Attribute), p.value, key, field{})
		}
		list = append(list, rule)
	})
	return list
}

// claimsFit compiles claim rules and places what mapping finds.
func (r *reader) claimsFit(s *mapping.Schema, rules []ClaimRule, path string) *mapping.Claims {
	if s == nil || len(rules) == 0 || r.reported[path] {
		return nil
	}
	list := make([]mapping.ClaimRule, len(rules))
	for i, rule := range rules {
		list[i] = mapping.ClaimRule{Claim: rule.Claim, Attribute: rule.Attribute, Expr: rule.Expr, Value: rule.Value, In: rule.In}
	}
	claims, err := mapping.CompileClaims(s, list)
	if err == nil {
		return claims
	}
	r.placeAtKeys(mappingProblems(err), path)
	return nil
}

// clientClaims are the pool's with the client's own over them, which may be made only of what the client may read.
func (r *reader) clientClaims(p *Pool, c *Client, path string) *mapping.Claims {
	own := r.claimsFit(p.Schema, c.Claims, path)
	for _, rule := range c.Claims {
		if own == nil || c.ReadAttributes == nil {
			break
		}
		for _, name := range own.Reads(rule.Claim) {
			if name != "sub" && name != "username" && !slices.Contains(c.ReadAttributes, name) {
				r.atKey(join(path, rule.Claim), "is made of "+quote(name)+", which the client may not read", "add it to read_attributes, or remove the claim")
			}
		}
	}
	return p.Added.With(own)
}
