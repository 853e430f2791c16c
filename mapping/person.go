package mapping

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// claimLanguage is that of ClaimRule.Expr.
func claimLanguage() (*language, error) {
	return newLanguage("user", "the map user, the text client_id, the lists groups and scopes",
		cel.Variable("user", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("groups", cel.ListType(cel.StringType)),
		cel.Variable("client_id", cel.StringType),
		cel.Variable("scopes", cel.ListType(cel.StringType)))
}

// evalClaim runs the expression over what is known of the person, of whom it gets no more than it reads.
func (e *expression) evalClaim(attributes Attributes, groups []string, client string, scopes []string) (any, error) {
	b := budget{bytes: maxInput, values: maxElements}
	read := make(map[string]any, len(e.reads))
	add := func(name string) {
		if value := attributes[name]; value != "" {
			read[name] = value
		}
	}
	for _, name := range e.reads {
		add(name)
	}
	if e.all {
		for name := range attributes {
			add(name)
		}
	}
	user := b.object(read, 0)
	b.bytes -= len(client)
	for _, name := range slices.Concat(groups, scopes) {
		b.bytes -= len(name)
		b.values--
	}
	if b.spent() {
		return nil, fmt.Errorf("reads more than %d bytes or %d values", maxInput, maxElements)
	}
	return e.run(&person{
		user: user, client: types.String(client),
		groups: types.NewStringList(types.DefaultTypeAdapter, groups), scopes: types.NewStringList(types.DefaultTypeAdapter, scopes),
	})
}

// person offers the variables of a claim's expression.
type person struct{ user, groups, client, scopes ref.Val }

func (p *person) ResolveName(name string) (any, bool) {
	switch name {
	case "user":
		return p.user, true
	case "groups":
		return p.groups, true
	case "client_id":
		return p.client, true
	case "scopes":
		return p.scopes, true
	}
	return nil, false
}

func (p *person) Parent() cel.Activation { return nil }
