package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Claims is a compiled list of claim rules. It does not change and may be used by many goroutines. A nil *Claims adds
// nothing.
type Claims struct{ plans []*claimPlan }

// claimPlan is one claim rule, ready to run.
type claimPlan struct {
	name       string
	id, access bool
	attribute  *Attribute
	expr       *expression
	constant   json.RawMessage
}

// LeftOut is a claim that a token goes without because its rule could not make it.
type LeftOut struct {
	Claim  string
	Reason string // the rest of a sentence about the claim; holds no values
}

// Apply makes the claims that a token carries beside the hub's own. attributes are what of the person the client may
// know, with sub and username, and groups the person's; nil when the client acts for itself. use is IDToken or
// AccessToken.
//
// Each value is a json.RawMessage: text or other JSON of at most 2048 bytes (A95). A claim whose attribute has no value, or whose expression finds
// nothing, is not there; one that cannot be made is not there either and is named, so that it can be told to the
// operator. Nothing else depends on it: an app has to expect that a claim is absent. The same input gives the same
// claims.
func (c *Claims) Apply(attributes Attributes, groups []string, client string, scopes []string, use string) (map[string]any, []LeftOut) {
	if c == nil {
		return nil, nil
	}
	var claims map[string]any
	var left []LeftOut
	for _, p := range c.plans {
		if use == IDToken && !p.id || use == AccessToken && !p.access {
			continue
		}
		value, err := p.value(attributes, groups, client, scopes)
		if err != nil {
			left = append(left, LeftOut{Claim: p.name, Reason: err.Error()})
		}
		if err != nil || value == nil {
			continue
		}
		if claims == nil {
			claims = make(map[string]any, len(c.plans))
		}
		claims[p.name] = value
	}
	return claims, left
}

// value is the claim as JSON; nil without an error when there is nothing to say.
func (p *claimPlan) value(attributes Attributes, groups []string, client string, scopes []string) (json.RawMessage, error) {
	var value any
	switch {
	case p.constant != nil:
		return p.constant, nil
	case p.expr != nil:
		var err error
		value, err = p.expr.evalClaim(attributes, groups, client, scopes)
		if errors.Is(err, errAbsent) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	default:
		value = p.attribute.claim(attributes[p.attribute.Name])
	}
	if value == nil || value == "" {
		return nil, nil
	}
	text, err := appendJSON(make([]byte, 0, 64), value, 0)
	if _, isText := value.(string); err == nil && !isText && len(text) > maxValueBytes {
		err = fmt.Errorf("is JSON of %d bytes; at most %d are allowed", len(text), maxValueBytes)
	}
	return text, err
}

// claim is the value of an attribute in the JSON type of its schema; nil when it has none.
func (a *Attribute) claim(value string) any {
	switch {
	case value == "":
		return nil
	case a.Type == Boolean:
		return value == "true"
	case a.Type == Number:
		if !isDecimal(value) {
			return nil
		}
		return json.Number(canonical(value))
	case a.Name == "address":
		return addressClaim(value)
	}
	return value
}

// With returns the claims of c and of own together; where both make a claim, own does. Either may be nil.
func (c *Claims) With(own *Claims) *Claims {
	if c == nil || own == nil || len(c.plans) == 0 {
		if own != nil {
			return own
		}
		return c
	}
	both := &Claims{plans: slices.Clone(own.plans)}
	for _, p := range c.plans {
		if !slices.ContainsFunc(own.plans, func(o *claimPlan) bool { return strings.EqualFold(o.name, p.name) }) {
			both.plans = append(both.plans, p)
		}
	}
	return both
}

// Reads lists the attributes that the rule of a claim names, sorted; nil if there is no such claim.
func (c *Claims) Reads(claim string) []string {
	i := slices.IndexFunc(c.plans, func(p *claimPlan) bool { return p.name == claim })
	switch {
	case i < 0:
		return nil
	case c.plans[i].attribute != nil:
		return []string{c.plans[i].attribute.Name}
	case c.plans[i].expr != nil:
		return slices.Clone(c.plans[i].expr.reads)
	}
	return nil
}
