package config

import "reflect"

func valueOf(pointer any) reflect.Value { return reflect.ValueOf(pointer).Elem() }

// rules reads a mapping of attributes. The short forms are a claim and a list of claims.
func (r *reader) rules(n *node, path string) []Rule {
	if n.kind != mappingKind {
		r.problem(path, "must be a mapping of attributes, found "+n.kind.String(), "for example  email: email")
		return nil
	}
	list := make([]Rule, 0, len(n.pairs))
	for _, p := range n.pairs {
		key := join(path, p.key)
		r.places[key] = place{p.line, p.column, p.value.line, p.value.column}
		rule := Rule{Attribute: p.key}
		switch p.value.kind {
		case nullKind:
			r.places[key] = place{keyLine: p.line, keyColumn: p.column}
			r.missing(key, "says nothing", "name a claim, for example  "+p.key+": "+p.key)
			continue
		case mappingKind:
			r.mapping(valueOf(&rule), p.value, key)
		default:
			r.decode(valueOf(&rule.From), p.value, key, field{})
		}
		list = append(list, rule)
	}
	return list
}
