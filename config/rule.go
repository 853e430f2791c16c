package config

import (
	"reflect"
	"strings"
)

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
		rule, before := Rule{Attribute: p.key}, len(r.findings)
		switch p.value.kind {
		case nullKind:
			r.places[key] = place{keyLine: p.line, keyColumn: p.column}
			r.missing(key, "says nothing", "name a claim, for example  "+p.key+": "+strings.TrimPrefix(p.key, "custom:"))
		case mappingKind:
			r.mapping(valueOf(&rule), p.value, key)
		default:
			r.decode(valueOf(&rule.From), p.value, key, field{})
		}
		r.broken[key] = len(r.findings) > before
		list = append(list, rule)
	}
	return list
}
