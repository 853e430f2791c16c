package config

import (
	"reflect"
	"strings"

	"github.com/isthmus-hub/isthmus/mapping"
)

func valueOf(pointer any) reflect.Value { return reflect.ValueOf(pointer).Elem() }

// named reads a mapping whose keys are the operator's: each is noted with its place and given to one.
func (r *reader) named(n *node, path, of, example string, one func(p pair, key string)) {
	if n.kind != mappingKind {
		r.problem(path, "must be a mapping of "+of+", found "+n.kind.String(), example)
		return
	}
	for _, p := range n.pairs {
		key := join(path, p.key)
		r.places[key] = place{p.line, p.column, p.value.line, p.value.column}
		if p.value.kind == nullKind {
			r.places[key] = place{keyLine: p.line, keyColumn: p.column}
		}
		before := len(r.findings)
		one(p, key)
		r.broken[key] = len(r.findings) > before
	}
}

// placeAtKeys places what mapping finds at the keys that the operator named, but for those in which something cannot even
// be read.
func (r *reader) placeAtKeys(problems mapping.Problems, path string) {
	for _, problem := range problems {
		key := path
		if problem.Attribute != "" {
			key = join(path, problem.Attribute)
		}
		if !r.broken[key] {
			what, remedy, _ := strings.Cut(problem.Message, "; ")
			r.atKey(key, what, remedy)
		}
	}
}

// rules reads a mapping of attributes. The short forms are a claim and a list of claims.
func (r *reader) rules(n *node, path string) []Rule {
	list := []Rule{}
	r.named(n, path, "attributes", "for example  email: email", func(p pair, key string) {
		rule := Rule{Attribute: p.key}
		switch p.value.kind {
		case nullKind:
			r.missing(key, "says nothing", "name a claim, for example  "+p.key+": "+strings.TrimPrefix(p.key, "custom:"))
		case mappingKind:
			r.mapping(valueOf(&rule), p.value, key)
		default:
			r.decode(valueOf(&rule.From), p.value, key, field{})
		}
		list = append(list, rule)
	})
	if n.kind != mappingKind {
		return nil
	}
	return list
}
