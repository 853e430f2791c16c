package config

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// kind is what a node of the file is.
type kind int

const (
	nullKind kind = iota
	scalarKind
	listKind
	mappingKind
)

func (k kind) String() string {
	return [...]string{"nothing", "a single value", "a list", "a mapping"}[k]
}

// node is one value of the file with its place. A scalar keeps the text as written, so that a client id of digits stays
// the digits it is; quoted tells "true" from true.
type node struct {
	kind         kind
	text         string
	quoted       bool
	line, column int
	last         int // last line of a scalar
	pairs        []pair
	items        []*node
}

// pair is one key of a mapping with its value.
type pair struct {
	key          string
	line, column int
	value        *node
}

// maxAliased bounds the nodes that aliases add to the file; a file that needs more is a bomb.
const maxAliased = 10_000

// builder turns the parser's tree into nodes, in which aliases are replaced by what they stand for.
type builder struct {
	anchors map[string]*node
	aliased int
	report  func(line, column int, message, hint string)
}

// build returns nil for a node that has been reported.
func (b *builder) build(n ast.Node) *node {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return b.null(n)
	case *ast.MappingNode:
		return b.mapping(n, n.Values)
	case *ast.MappingValueNode:
		return b.mapping(n, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		return b.list(n)
	case *ast.AnchorNode:
		v := b.build(n.Value)
		if v != nil {
			b.anchors[n.Name.GetToken().Value] = v
		}
		return v
	case *ast.AliasNode:
		return b.alias(n)
	case *ast.LiteralNode:
		v := b.scalar(n.Value.GetToken(), n.Value.Value)
		start := n.Start.Position
		v.line, v.column, v.quoted = start.Line, start.Column, true
		v.last = start.Line + strings.Count(n.Value.GetToken().Origin, "\n")
		return v
	case *ast.StringNode:
		v := b.scalar(n.GetToken(), n.Value)
		v.quoted = n.GetToken().Type != token.StringType
		return v
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return b.scalar(n.GetToken(), n.GetToken().Value)
	}
	p := n.GetToken().Position
	b.report(p.Line, p.Column, fmt.Sprintf("%s is not used in this file", strings.ToLower(n.Type().YAMLName())), "")
	return nil
}

func (b *builder) null(n ast.Node) *node {
	if n == nil {
		return &node{kind: nullKind}
	}
	p := n.GetToken().Position
	return &node{kind: nullKind, line: p.Line, column: p.Column, last: p.Line}
}

func (b *builder) scalar(t *token.Token, text string) *node {
	p := t.Position
	return &node{kind: scalarKind, text: text, line: p.Line, column: p.Column,
		last: p.Line + strings.Count(strings.TrimSpace(t.Origin), "\n")}
}

func (b *builder) mapping(n ast.Node, values []*ast.MappingValueNode) *node {
	m := &node{kind: mappingKind}
	seen := make(map[string]pair, len(values))
	for _, v := range values {
		t := v.Key.GetToken()
		switch v.Key.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.BoolNode, *ast.FloatNode, *ast.NullNode:
		default:
			b.report(t.Position.Line, t.Position.Column, "a key must be plain text", "")
			continue
		}
		p := pair{key: t.Value, line: t.Position.Line, column: t.Position.Column}
		if first, twice := seen[p.key]; twice {
			b.report(p.line, p.column, fmt.Sprintf("key %s stands here for the second time", quote(p.key)),
				fmt.Sprintf("it was given on line %d already; keep one of the two", first.line))
			continue
		}
		seen[p.key] = p
		if p.value = b.build(v.Value); p.value != nil {
			m.pairs = append(m.pairs, p)
		}
	}
	if mn, ok := n.(*ast.MappingNode); len(values) == 0 || ok && mn.IsFlowStyle {
		m.place(n)
	} else {
		m.place(values[0].Key)
	}
	return m
}

func (b *builder) list(n *ast.SequenceNode) *node {
	l := &node{kind: listKind}
	l.place(n)
	for _, v := range n.Values {
		if item := b.build(v); item != nil {
			l.items = append(l.items, item)
		}
	}
	return l
}

func (b *builder) alias(n *ast.AliasNode) *node {
	name, t := n.Value.GetToken().Value, n.Start
	v, ok := b.anchors[name]
	if !ok {
		b.report(t.Position.Line, t.Position.Column, fmt.Sprintf("alias *%s stands for nothing yet", name),
			"the anchor &"+name+" must come before it, and not around it")
		return nil
	}
	before := b.aliased
	if b.aliased += v.size(maxAliased + 1); b.aliased > maxAliased {
		if before <= maxAliased {
			b.report(t.Position.Line, t.Position.Column, fmt.Sprintf("the aliases up to here make more than %d values", maxAliased),
				"write the values out where they are needed")
		}
		return nil
	}
	return v
}

// place takes the position of the parser's node.
func (n *node) place(from ast.Node) {
	if t := from.GetToken(); t != nil {
		n.line, n.column = t.Position.Line, t.Position.Column
	}
}

// size counts the node and all under it, up to most.
func (n *node) size(most int) int {
	total := 1
	for _, p := range n.pairs {
		if total < most {
			total += p.value.size(most - total)
		}
	}
	for _, i := range n.items {
		if total < most {
			total += i.size(most - total)
		}
	}
	return total
}
