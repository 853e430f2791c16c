package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
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
	maxElements  = 1_000  // values in the claims one expression reads
)

// expression is a compiled Rule.Expr; evaluations may run at the same time.
type expression struct {
	program cel.Program
	reads   []string // top-level claims it names, sorted
	all     bool     // it reads claims whose names are known only at run time
}

// language is the CEL environment of the expressions of one Compile or CompileClaims. It is made when the first rule
// needs it, because it takes a millisecond or two and about as many megabytes, which most pools can do without.
type language struct {
	env      *cel.Env
	patterns patterns
	root     string // the map whose members an expression reads
	knows    string // for messages: what an expression can name
}

// ruleLanguage is that of Rule.Expr.
func ruleLanguage() (*language, error) {
	return newLanguage("claims", "the map claims", cel.Variable("claims", cel.MapType(cel.StringType, cel.DynType)))
}

func newLanguage(root, knows string, variables ...cel.EnvOption) (*language, error) {
	l := &language{patterns: patterns{}, root: root, knows: knows}
	options := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(standardSubset())),
		cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxExprBytes),
		cel.ParserRecursionLimit(maxExprDepth),
		cel.ParserErrorRecoveryLimit(4),
		cel.ExpressionNodeLimit(maxExprNodes),
	}
	env, err := cel.NewCustomEnv(slices.Concat(options, variables, l.functions())...)
	if err != nil {
		return nil, fmt.Errorf("expression environment: %w", err)
	}
	l.env = env
	return l, nil
}

// compile parses, checks and plans an expression; fits judges the type of its result. The error says what is wrong and
// where.
func (l *language) compile(source string, fits func(*cel.Type) error) (*expression, error) {
	if len(source) > maxExprBytes {
		return nil, fmt.Errorf("it has %d bytes; at most %d are allowed", len(source), maxExprBytes)
	}
	checked, issues := l.env.Compile(source)
	if err := l.firstIssue(issues); err != nil {
		return nil, err
	}
	if err := fits(checked.OutputType()); err != nil {
		return nil, err
	}
	e := &expression{}
	root := checked.NativeRep().Expr()
	if err := l.patterns.collect(root); err != nil {
		return nil, err
	}
	if err := literalProblem(root, asResult); err != nil {
		return nil, err
	}
	e.findReads(root, l.root)
	program, err := l.env.Program(checked,
		cel.CostTracking(toll{l.patterns}),
		cel.CostLimit(maxSteps),
		cel.MemoryTracking(types.MemoryTrackerSizeCalculator(sizes)),
		cel.MemoryLimit(maxUnits))
	if err != nil {
		return nil, fmt.Errorf("it cannot be planned: %w", err)
	}
	e.program = program
	return e, nil
}

// firstIssue gives the first complaint of the parser or checker with its column; the ones after it are mostly echoes.
func (l *language) firstIssue(issues *cel.Issues) error {
	if issues.Err() == nil {
		return nil
	}
	found := issues.Errors()
	if len(found) == 0 {
		return issues.Err()
	}
	message := strings.TrimSuffix(found[0].Message, " (in container '')")
	message, _, _ = strings.Cut(message, " expecting ")
	switch {
	case strings.Contains(message, "<EOF>"):
		message = "the expression ends too early"
	case strings.HasPrefix(message, "undeclared reference") && !strings.Contains(message, "did you mean"):
		message += "; an expression knows " + l.knows + ", CEL's own functions and " + functionNames
	}
	return fmt.Errorf("column %d: %s", found[0].Location.Column()+1, message)
}

// resultKind is the kind of a result, or of what is in it if it is an optional.
func resultKind(out *cel.Type) types.Kind {
	if out.Kind() == types.OpaqueKind && out.TypeName() == "optional_type" {
		return out.Parameters()[0].Kind()
	}
	return out.Kind()
}

// resultProblem refuses results that no value of the attribute can come from.
func (a Attribute) resultProblem(out *cel.Type) error {
	kind := resultKind(out)
	switch kind {
	case types.BytesKind, types.DurationKind, types.TypeKind:
		return fmt.Errorf("it gives the type %s; an attribute needs a string, a number, a boolean, a time, a list or a map", out)
	case types.DynKind, types.AnyKind, types.NullTypeKind:
		return nil
	}
	isFlag := a.Name == emailVerified || a.Name == phoneVerified
	if a.Type == Boolean && kind != types.BoolKind && (isFlag || kind != types.StringKind) {
		return fmt.Errorf("it gives the type %s, but %s is a Boolean; end it with a comparison, for example == \"yes\"", out, a.Name)
	}
	if a.Type != Boolean && a.Type != String && kind == types.BoolKind {
		return fmt.Errorf("it gives the type %s, but %s is a %s", out, a.Name, a.Type)
	}
	return nil
}

// errAbsent says that an expression asked for a key that the claims do not have, or gave an optional without a value.
var errAbsent = errors.New("absent")

// eval returns the result as encoding/json would have decoded it. Errors never hold values.
func (e *expression) eval(claims map[string]any) (any, error) {
	admitted, err := e.admit(claims)
	if err != nil {
		return nil, err
	}
	return e.run(activation{admitted})
}

// run evaluates the program over its variables.
func (e *expression) run(variables cel.Activation) (any, error) {
	out, _, err := e.program.Eval(variables)
	if err != nil {
		return nil, evalProblem(err)
	}
	left := maxElements
	return native(out, 0, &left)
}

// evalProblem turns CEL's error into the end of a sentence. Only messages made of names and types pass; others may
// quote a value, as that of int("…") does.
func evalProblem(err error) error {
	message := err.Error()
	switch {
	case strings.Contains(message, "no such key"), strings.Contains(message, "index out of bounds"), strings.Contains(message, "out of range in list"):
		return errAbsent
	case strings.Contains(message, "cost limit exceeded"):
		return fmt.Errorf("takes more than %d steps on what it reads", maxSteps)
	case strings.Contains(message, "memory limit exceeded"):
		return fmt.Errorf("makes a value of more than %d elements or %d bytes from what it reads", maxUnits, 10*maxUnits)
	case strings.HasPrefix(message, limitMessage):
		return errors.New(message)
	case strings.HasPrefix(message, "no such overload"):
		return errors.New("cannot be computed from what it reads: " + message)
	}
	return errors.New("cannot be computed from what it reads, which has other types than it expects")
}

// activation offers the one variable.
type activation struct{ claims ref.Val }

func (a activation) ResolveName(name string) (any, bool) { return a.claims, name == "claims" }
func (a activation) Parent() cel.Activation              { return nil }
