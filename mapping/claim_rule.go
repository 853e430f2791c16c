package mapping

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// The tokens that a ClaimRule can add its claim to, with Cognito's word for them (token_use).
const (
	IDToken     = "id"
	AccessToken = "access"
)

// ClaimRule says how one claim is made that tokens carry beside the hub's own: token customisation without a program of
// one's own. Exactly one of Attribute, Expr and Value is given.
type ClaimRule struct {
	// Claim is the name in the token. The hub's own claims are refused, and the name of an attribute is only for that
	// attribute (A34).
	Claim string

	// Attribute is an attribute of the person, or sub or username. Numbers and Booleans have the JSON type of their schema.
	Attribute string

	// Expr is an expression of the Common Expression Language over user (a map of the person's attributes, all of them
	// text, with sub and username), groups (a list), client_id (text) and scopes (a list). For example "admin" in user["custom:groups"].list().
	// A key that is not there leaves the claim out, as does an optional without a value. See expression.go for the
	// functions and limits.
	Expr string

	// Value is a constant.
	Value *string

	// In lists the tokens that get the claim, IDToken and AccessToken; none means the ID token alone: an access token
	// goes to every API that the app calls.
	In []string
}

// maxClaims bounds the claims that tokens carry beside the hub's own.
const maxClaims = 50

// CompileClaims checks claim rules against a schema and prepares them. The error, if any, is [Problems] with the claim in
// place of the attribute, and names everything that is wrong at once.
func CompileClaims(s *Schema, rules []ClaimRule) (*Claims, error) {
	if len(rules) > maxClaims {
		return nil, Problems{{Message: fmt.Sprintf("%d claims; at most %d can be added", len(rules), maxClaims)}}
	}
	c := claimCompiler{schema: s, claims: &Claims{}}
	seen := map[string]string{} // by lower case
	for _, rule := range rules {
		if message := s.nameProblem(rule); message != "" {
			c.problems.add(rule.Claim, message)
			continue
		}
		lower := strings.ToLower(rule.Claim)
		if first, twice := seen[lower]; twice {
			c.complain(rule, "has two rules, here and as %q; keep one", first)
			continue
		}
		seen[lower] = rule.Claim
		c.plan(rule)
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return c.claims, nil
}

type claimCompiler struct {
	schema   *Schema
	language *language
	claims   *Claims
	problems Problems
}

// complain adds a problem whose message begins with the claim's name.
func (c *claimCompiler) complain(rule ClaimRule, format string, args ...any) {
	c.problems.add(rule.Claim, fmt.Sprintf("claim %q ", cut(rule.Claim))+fmt.Sprintf(format, args...))
}

func (c *claimCompiler) plan(rule ClaimRule) {
	p := &claimPlan{name: rule.Claim, id: len(rule.In) == 0}
	for _, token := range rule.In {
		switch token {
		case IDToken:
			p.id = true
		case AccessToken:
			p.access = true
		default:
			c.complain(rule, "is for a token %q; the tokens are id and access", cut(token))
		}
	}
	given := 0
	for _, is := range []bool{rule.Attribute != "", rule.Expr != "", rule.Value != nil} {
		if is {
			given++
		}
	}
	switch {
	case given == 0:
		c.complain(rule, "has a rule without a source; give one of attribute, expr and value")
	case given > 1:
		c.complain(rule, "has a rule with %d sources; give only one of attribute, expr and value", given)
	case rule.Value != nil:
		c.constant(p, rule)
	case rule.Expr != "":
		c.expression(p, rule)
	default:
		a, ok := c.schema.known(rule.Attribute)
		if !ok {
			c.complain(rule, "is of the attribute %q, which is not in the schema%s", cut(rule.Attribute), c.meant(rule.Attribute))
		}
		p.attribute = &a
	}
	c.claims.plans = append(c.claims.plans, p)
}

func (c *claimCompiler) constant(p *claimPlan, rule ClaimRule) {
	if *rule.Value == "" {
		c.complain(rule, "has an empty constant; leave the rule out")
		return
	}
	text, err := appendJSON(nil, *rule.Value, 0)
	if err != nil {
		c.complain(rule, "has a constant that does not fit: it %v", err)
	}
	p.constant = text
}

func (c *claimCompiler) expression(p *claimPlan, rule ClaimRule) {
	if c.language == nil {
		l, err := claimLanguage()
		if err != nil {
			c.complain(rule, "has an expression, but %v", err)
			return
		}
		c.language = l
	}
	expr, err := c.language.compile(rule.Expr, claimResultProblem)
	if err != nil {
		c.complain(rule, "has an expression that cannot be used: %v", err)
		return
	}
	for _, name := range expr.reads {
		if _, ok := c.schema.known(name); !ok {
			c.complain(rule, "has an expression that reads user[%q], which is not in the schema%s", cut(name), c.meant(name))
		}
	}
	p.expr = expr
}

// meant is the end of a sentence about a name that is not in the schema.
func (c *claimCompiler) meant(name string) string {
	if meant := c.schema.meant(name); meant != "" {
		return fmt.Sprintf("; did you mean %q?", meant)
	}
	return "; declare it among the pool's custom attributes"
}

// builtIn are what a person has beside the attributes of the schema.
var builtIn = map[string]Attribute{"sub": {Name: "sub", Type: String}, "username": {Name: "username", Type: String}}

// known finds an attribute of the schema, or a built-in one.
func (s *Schema) known(name string) (Attribute, bool) {
	if a, ok := s.Attribute(name); ok {
		return a, true
	}
	a, ok := builtIn[name]
	return a, ok
}

// claimResultProblem refuses results that JSON has not.
func claimResultProblem(out *cel.Type) error {
	switch resultKind(out) {
	case types.BytesKind, types.DurationKind, types.TypeKind, types.NullTypeKind:
		return fmt.Errorf("it gives the type %s; a claim needs a string, a number, a boolean, a time, a list or a map", out)
	}
	return nil
}
