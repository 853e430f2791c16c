package mapping

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// findReads records the members of a map that an expression names: for claims they are claims.x, claims["x"], claims.?x,
// claims[?"x"] and "x" in claims. Any other use of the map may read every member.
func (e *expression) findReads(root ast.Expr, variable string) {
	names := map[string]bool{}
	known := map[int64]bool{} // identifiers that stand in one of the forms above
	isMap := func(x ast.Expr) bool {
		return x.Kind() == ast.IdentKind && strings.TrimPrefix(x.AsIdent(), ".") == variable
	}
	literal := func(x ast.Expr) (string, bool) {
		if x.Kind() != ast.LiteralKind {
			return "", false
		}
		s, ok := x.AsLiteral().(types.String)
		return string(s), ok
	}
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(x ast.Expr) {
		switch {
		case x.Kind() == ast.SelectKind && isMap(x.AsSelect().Operand()):
			names[x.AsSelect().FieldName()] = true
			known[x.AsSelect().Operand().ID()] = true
		case x.Kind() == ast.CallKind && len(x.AsCall().Args()) == 2:
			container, key := x.AsCall().Args()[0], x.AsCall().Args()[1]
			switch x.AsCall().FunctionName() {
			case operators.In:
				container, key = key, container
			case operators.Index, operators.OptIndex, operators.OptSelect:
			default:
				return
			}
			if name, ok := literal(key); ok && isMap(container) {
				names[name] = true
				known[container.ID()] = true
			}
		case isMap(x) && !known[x.ID()]:
			e.all = true
		}
	}))
	e.reads = slices.Sorted(maps.Keys(names))
}

// place is where in an expression something stands.
type place int

const (
	elsewhere place = iota
	asLookup        // looked up where it stands, as in {…}[key]
	asResult        // a part of the result
)

// literalProblem refuses map literals that could be walked: CEL walks them in an order that changes from one run to the
// next, and the same claims must give the same result (A96). Claims are walked in order, see object.
func literalProblem(x ast.Expr, at place) error {
	visit := func(at place, children ...ast.Expr) error {
		for _, child := range children {
			if err := literalProblem(child, at); err != nil {
				return err
			}
		}
		return nil
	}
	within := elsewhere // of a literal's elements
	if at == asResult {
		within = asResult
	}
	switch x.Kind() {
	case ast.MapKind:
		if at == elsewhere {
			return errors.New(`it has a map literal that is neither the result nor looked up at once, as in {"CH": "Switzerland"}[claims.country]; use a list`)
		}
		for _, entry := range x.AsMap().Entries() {
			if err := visit(within, entry.AsMapEntry().Key(), entry.AsMapEntry().Value()); err != nil {
				return err
			}
		}
	case ast.ListKind:
		return visit(within, x.AsList().Elements()...)
	case ast.SelectKind:
		return visit(asLookup, x.AsSelect().Operand())
	case ast.ComprehensionKind:
		loop := x.AsComprehension()
		return visit(elsewhere, loop.IterRange(), loop.AccuInit(), loop.LoopCondition(), loop.LoopStep(), loop.Result())
	case ast.CallKind:
		return callProblem(x.AsCall(), at, visit)
	}
	return nil
}

func callProblem(call ast.CallExpr, at place, visit func(at place, children ...ast.Expr) error) error {
	args := call.Args()
	switch call.FunctionName() {
	case operators.Conditional:
		return cmp.Or(visit(elsewhere, args[0]), visit(at, args[1:]...))
	case operators.Index, operators.OptIndex, operators.OptSelect:
		return cmp.Or(visit(asLookup, args[0]), visit(elsewhere, args[1:]...))
	case operators.In:
		return cmp.Or(visit(elsewhere, args[0]), visit(asLookup, args[1:]...))
	}
	if call.IsMemberFunction() {
		if err := visit(elsewhere, call.Target()); err != nil {
			return err
		}
	}
	return visit(elsewhere, args...)
}
