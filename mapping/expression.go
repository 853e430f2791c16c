package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Limits of an expression (A96). An evaluation is bounded by counted steps and sizes, never by time, so that the same
// claims give the same result on every machine.
const (
	maxExprBytes = 1024   // of the source
	maxExprNodes = 512    // after macros are expanded
	maxExprDepth = 32     // of nesting in the source
	maxSteps     = 20_000 // CEL cost units of one evaluation
	maxUnits     = 20_000 // of the largest value that appears: an element, or ten bytes of text, is one unit
	maxInput     = 64_000 // bytes of the claims one expression reads
	maxElements  = 2_000  // values in the claims one expression reads
	sampling     = 16     // inside a loop, every sixteenth value is sized
)

// expression is a compiled Rule.Expr; evaluations may run at the same time.
type expression struct {
	program cel.Program
	reads   []string // top-level claims it names, sorted
	all     bool     // it reads claims whose names are known only at run time
}

// language is the CEL environment of the expressions of one Compile. It is made when the first rule needs it, because
// it takes a few milliseconds and a few hundred kilobytes that most pools can do without.
type language struct {
	env      *cel.Env
	patterns patterns
}

func newLanguage() (*language, error) {
	l := &language{patterns: patterns{}}
	options := []cel.EnvOption{
		cel.CustomTypeAdapter(adapter{}),
		cel.StdLib(cel.StdLibSubset(standardSubset())),
		cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxExprBytes),
		cel.ParserRecursionLimit(maxExprDepth),
		cel.ParserErrorRecoveryLimit(4),
		cel.ExpressionNodeLimit(maxExprNodes),
		cel.Variable("claims", cel.MapType(cel.StringType, cel.DynType)),
	}
	env, err := cel.NewCustomEnv(append(options, l.functions()...)...)
	if err != nil {
		return nil, fmt.Errorf("expression environment: %w", err)
	}
	l.env = env
	return l, nil
}

// compile parses, checks and plans an expression for attribute a. The error says what is wrong and where.
func (l *language) compile(a Attribute, source string) (*expression, error) {
	if len(source) > maxExprBytes {
		return nil, fmt.Errorf("has %d bytes; at most %d are allowed", len(source), maxExprBytes)
	}
	checked, issues := l.env.Compile(source)
	if err := firstIssue(issues); err != nil {
		return nil, err
	}
	if err := resultProblem(a, checked.OutputType()); err != nil {
		return nil, err
	}
	e := &expression{}
	root := checked.NativeRep().Expr()
	if err := l.patterns.collect(root); err != nil {
		return nil, err
	}
	e.findReads(root)
	program, err := l.env.Program(checked,
		cel.CostLimit(maxSteps),
		cel.MemoryTracking(
			types.MemoryTrackerSampleInterval(sampling),
			types.MemoryTrackerSizeCalculator(types.NewSizeCalculator(
				types.SizeCalculatorMaxDepth(2*maxPathSteps), types.SizeCalculatorMaxTraversal(2*maxElements)))),
		cel.MemoryLimit(maxUnits))
	if err != nil {
		return nil, fmt.Errorf("cannot be planned: %w", err)
	}
	e.program = program
	return e, nil
}

// firstIssue gives the first complaint of the parser or checker with its column; the ones after it are mostly echoes.
func firstIssue(issues *cel.Issues) error {
	if issues.Err() == nil {
		return nil
	}
	found := issues.Errors()
	if len(found) == 0 {
		return issues.Err()
	}
	message := strings.TrimSuffix(found[0].Message, " (in container '')")
	if strings.HasPrefix(message, "undeclared reference") {
		message += "; an expression knows the map claims, for example claims.department"
	}
	return fmt.Errorf("column %d: %s", found[0].Location.Column()+1, message)
}

// resultProblem refuses results that no value of the attribute can come from.
func resultProblem(a Attribute, out *cel.Type) error {
	kind := out.Kind()
	if out.Kind() == types.OpaqueKind && out.TypeName() == "optional_type" {
		kind = out.Parameters()[0].Kind()
	}
	switch kind {
	case types.BytesKind, types.DurationKind, types.TypeKind:
		return fmt.Errorf("gives a %s; an attribute needs a string, a number, a boolean, a time, a list or a map", out)
	case types.DynKind, types.StringKind, types.AnyKind, types.NullTypeKind:
		return nil
	}
	if a.Type == Boolean && kind != types.BoolKind {
		return fmt.Errorf("gives a %s, but %s is a Boolean; end it with a comparison, for example == \"yes\"", out, a.Name)
	}
	if a.Type != Boolean && a.Type != String && kind == types.BoolKind {
		return fmt.Errorf("gives a %s, but %s is a %s", out, a.Name, a.Type)
	}
	return nil
}

// findReads records the top-level claims an expression names: claims.x, claims["x"], claims.?x, claims[?"x"] and
// "x" in claims. Any other use of claims may read every claim.
func (e *expression) findReads(root ast.Expr) {
	names := map[string]bool{}
	known := map[int64]bool{} // identifiers that stand in one of the forms above
	isClaims := func(x ast.Expr) bool {
		return x.Kind() == ast.IdentKind && strings.TrimPrefix(x.AsIdent(), ".") == "claims"
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
		case x.Kind() == ast.SelectKind && isClaims(x.AsSelect().Operand()):
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
			if name, ok := literal(key); ok && isClaims(container) {
				names[name] = true
				known[container.ID()] = true
			}
		case isClaims(x) && !known[x.ID()]:
			e.all = true
		}
	}))
	e.reads = slices.Sorted(maps.Keys(names))
}

// errAbsent says that an expression asked for a key that the claims do not have, or gave an optional without a value.
var errAbsent = errors.New("absent")

// eval returns the result as encoding/json would have decoded it. Errors never hold values.
func (e *expression) eval(claims map[string]any) (any, error) {
	if err := e.measure(claims); err != nil {
		return nil, err
	}
	out, _, err := e.program.Eval(activation(claims))
	if err != nil {
		return nil, evalProblem(err)
	}
	budget := maxElements
	return native(out, 0, &budget)
}

// evalProblem turns CEL's error into the end of a sentence. Only messages made of names and types pass; others may
// quote a value, as that of int("…") does.
func evalProblem(err error) error {
	message := err.Error()
	switch {
	case strings.Contains(message, "no such key"), strings.Contains(message, "index out of bounds"):
		return errAbsent
	case strings.Contains(message, "cost limit exceeded"):
		return fmt.Errorf("takes more than %d steps on these claims", maxSteps)
	case strings.Contains(message, "memory limit exceeded"):
		return fmt.Errorf("makes a value of more than %d elements or %d bytes from these claims", maxUnits, 10*maxUnits)
	case strings.HasPrefix(message, "no such overload"), strings.HasPrefix(message, limitMessage):
		return errors.New("cannot be computed from these claims: " + message)
	}
	return errors.New("cannot be computed from these claims, which have other types than it expects")
}

// measure refuses claims that make single steps of an evaluation expensive.
func (e *expression) measure(claims map[string]any) error {
	size := extent{bytes: maxInput, values: maxElements}
	if e.all {
		size.take(claims, 0)
	}
	for _, name := range e.reads {
		size.take(claims[name], 1)
	}
	if size.bytes < 0 || size.values < 0 {
		return fmt.Errorf("reads claims of more than %d bytes, %d values or %d levels", maxInput, maxElements, maxPathSteps)
	}
	return nil
}

// extent is what remains of a budget.
type extent struct{ bytes, values int }

func (b *extent) take(value any, depth int) {
	b.values--
	if b.values < 0 || b.bytes < 0 {
		return
	}
	if depth > maxPathSteps {
		b.values = -1
		return
	}
	switch v := value.(type) {
	case string:
		b.bytes -= len(v)
	case json.Number:
		b.bytes -= len(v)
	case []any:
		for _, element := range v {
			if b.take(element, depth+1); b.values < 0 {
				return
			}
		}
	case map[string]any:
		for name, member := range v {
			b.bytes -= len(name)
			if b.take(member, depth+1); b.values < 0 {
				return
			}
		}
	}
}

// activation offers the one variable.
type activation map[string]any

func (a activation) ResolveName(name string) (any, bool) { return map[string]any(a), name == "claims" }
func (a activation) Parent() cel.Activation              { return nil }

// adapter shows claims to CEL. JSON has one kind of number; a whole one is an int, so that claims.level + 1 works
// whichever way the decoder kept it.
type adapter struct{}

func (adapter) NativeToValue(value any) ref.Val {
	switch v := value.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return types.Int(i)
		}
		f, err := v.Float64()
		if err != nil {
			return types.NewErr("number out of range")
		}
		return number(f)
	case float64:
		return number(v)
	case []any:
		return types.NewDynamicList(adapter{}, v)
	case map[string]any:
		return types.NewStringInterfaceMap(adapter{}, v)
	}
	return types.DefaultTypeAdapter.NativeToValue(value)
}

func number(f float64) ref.Val {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return types.Int(f)
	}
	return types.Double(f)
}

// native turns a result into what encoding/json decodes into any.
func native(value ref.Val, depth int, budget *int) (any, error) {
	*budget--
	if *budget < 0 || depth > maxPathSteps {
		return nil, fmt.Errorf("gives a result of more than %d values or %d levels", maxElements, maxPathSteps)
	}
	switch v := value.(type) {
	case types.Null:
		return nil, nil
	case types.String:
		return string(v), nil
	case types.Bool:
		return bool(v), nil
	case types.Int:
		return json.Number(strconv.FormatInt(int64(v), 10)), nil
	case types.Uint:
		return json.Number(strconv.FormatUint(uint64(v), 10)), nil
	case types.Double:
		return float64(v), nil
	case types.Timestamp:
		return v.UTC().Format(time.RFC3339Nano), nil
	case *types.Optional:
		if !v.HasValue() {
			return nil, errAbsent
		}
		return native(v.GetValue(), depth+1, budget)
	case traits.Mapper:
		members := map[string]any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			name, ok := key.(types.String)
			if !ok {
				return nil, fmt.Errorf("gives a map with a key of type %s; keys are strings", key.Type().TypeName())
			}
			member, err := native(v.Get(key), depth+1, budget)
			if err != nil {
				return nil, err
			}
			members[string(name)] = member
		}
		return members, nil
	case traits.Lister:
		elements := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			element, err := native(it.Next(), depth+1, budget)
			if err != nil {
				return nil, err
			}
			elements = append(elements, element)
		}
		return elements, nil
	}
	return nil, fmt.Errorf("gives a %s, which no attribute can hold", value.Type().TypeName())
}
