package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The text functions have the names and meaning of CEL's usual strings extension, but each one bounds its result
// before it makes it: CEL counts the cost of a call only afterwards, when a replace of one long text in another has
// already taken the memory (A96).
const (
	maxText      = 16_384 // bytes of a text that a function makes
	maxSplit     = 1_000  // elements of a list that split or list makes
	maxSearched  = 2_048  // bytes of a text that matches looks at
	maxPattern   = 256    // bytes of a regular expression
	maxProgram   = 200    // instructions of a regular expression, after repetitions are unrolled
	limitMessage = "stops at a limit:"
)

// functionNames is for messages.
const functionNames = "lowerAscii, upperAscii, trim, replace, split, join, list, substring, indexOf, lastIndexOf and matches"

// joinFunction is known to the toll.
const joinFunction = "join"

// standardSubset is CEL's standard library without regular expressions, which come back bounded, and without the parts
// of a time, whose time zones are read from files.
func standardSubset() *env.LibrarySubset {
	var excluded []*env.Function
	for _, name := range []string{
		overloads.Matches, overloads.TimeGetFullYear, overloads.TimeGetMonth, overloads.TimeGetDayOfYear,
		overloads.TimeGetDate, overloads.TimeGetDayOfMonth, overloads.TimeGetDayOfWeek, overloads.TimeGetHours,
		overloads.TimeGetMinutes, overloads.TimeGetSeconds, overloads.TimeGetMilliseconds,
	} {
		excluded = append(excluded, &env.Function{Name: name})
	}
	return &env.LibrarySubset{ExcludeFunctions: excluded}
}

func (l *language) functions() []cel.EnvOption {
	text, list := cel.StringType, cel.ListType(cel.StringType)
	member := func(name, id string, result *cel.Type, f func(args ...ref.Val) ref.Val, args ...*cel.Type) cel.EnvOption {
		return cel.Function(name, cel.MemberOverload(id, args, result, cel.FunctionBinding(f)))
	}
	return []cel.EnvOption{
		member("lowerAscii", "text_lower", text, onText(lowerASCII), text),
		member("upperAscii", "text_upper", text, onText(upperASCII), text),
		member("trim", "text_trim", text, onText(strings.TrimSpace), text),
		member("replace", "text_replace", text, replace, text, text, text),
		member("split", "text_split", list, split, text, text),
		member("list", "text_list", list, parseList, text),
		member(joinFunction, "list_join", text, join, list),
		member(joinFunction, "list_join_with", text, join, list, text),
		member("substring", "text_from", text, substring, text, cel.IntType),
		member("substring", "text_from_to", text, substring, text, cel.IntType, cel.IntType),
		member("indexOf", "text_index", cel.IntType, indexOf(strings.Index), text, text),
		member("lastIndexOf", "text_last_index", cel.IntType, indexOf(strings.LastIndex), text, text),
		member("matches", overloads.MatchesString, cel.BoolType, l.patterns.matches, text, text),
	}
}

func onText(f func(string) string) func(args ...ref.Val) ref.Val {
	return func(args ...ref.Val) ref.Val {
		s := string(args[0].(types.String))
		if len(s) > maxText {
			return tooLong()
		}
		return types.String(f(s))
	}
}

func tooLong() ref.Val {
	return types.NewErr("%s a function would make a text of more than %d bytes", limitMessage, maxText)
}

// lowerASCII leaves other letters alone: folding them depends on the language, and two of them may become one (A78).
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

func upperASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}, s)
}

func replace(args ...ref.Val) ref.Val {
	s, from, to := string(args[0].(types.String)), string(args[1].(types.String)), string(args[2].(types.String))
	if len(s) > maxText || len(s)+strings.Count(s, from)*(len(to)-len(from)) > maxText {
		return tooLong()
	}
	return types.String(strings.ReplaceAll(s, from, to))
}

func split(args ...ref.Val) ref.Val {
	s, separator := string(args[0].(types.String)), string(args[1].(types.String))
	if len(s) > maxText || strings.Count(s, separator) >= maxSplit {
		return types.NewErr("%s split would make a list of more than %d elements", limitMessage, maxSplit)
	}
	return types.NewStringList(types.DefaultTypeAdapter, strings.Split(s, separator))
}

// parseList reads a JSON list of strings, which is how an attribute keeps one.
func parseList(args ...ref.Val) ref.Val {
	s := string(args[0].(types.String))
	var elements []any
	if len(s) > maxText || json.Unmarshal([]byte(s), &elements) != nil || elements == nil || len(elements) > maxSplit {
		return types.NewErr("%s list reads the JSON text of a list of at most %d elements", limitMessage, maxSplit)
	}
	texts := make([]string, len(elements))
	for i, element := range elements {
		text, ok := element.(string)
		if !ok {
			return types.NewErr("no such overload: list of a text that holds more than strings")
		}
		texts[i] = text
	}
	return types.NewStringList(types.DefaultTypeAdapter, texts)
}

func join(args ...ref.Val) ref.Val {
	separator := ""
	if len(args) == 2 {
		separator = string(args[1].(types.String))
	}
	var text strings.Builder
	for it := args[0].(traits.Lister).Iterator(); it.HasNext() == types.True; {
		element, ok := it.Next().(types.String)
		if !ok {
			return types.NewErr("no such overload: join of a list that holds more than strings")
		}
		if text.Len()+len(element)+len(separator) > maxText {
			return tooLong()
		}
		if text.Len() > 0 {
			text.WriteString(separator)
		}
		text.WriteString(string(element))
	}
	return types.String(text.String())
}

// substring counts in characters and is forgiving: an index outside the text means its end.
func substring(args ...ref.Val) ref.Val {
	s := string(args[0].(types.String))
	if len(s) > maxText {
		return tooLong()
	}
	runes := []rune(s)
	clamp := func(v ref.Val) int { return int(max(0, min(v.(types.Int), types.Int(len(runes))))) }
	start, end := clamp(args[1]), len(runes)
	if len(args) == 3 {
		end = max(start, clamp(args[2]))
	}
	return types.String(runes[start:end])
}

func indexOf(index func(s, substring string) int) func(args ...ref.Val) ref.Val {
	return func(args ...ref.Val) ref.Val {
		s, wanted := string(args[0].(types.String)), string(args[1].(types.String))
		i := index(s, wanted)
		if i < 0 {
			return types.Int(-1)
		}
		return types.Int(utf8.RuneCountInString(s[:i]))
	}
}

// patterns are the regular expressions of a language by their source. They are literals, so all are known, compiled
// and bounded before the first evaluation; afterwards the map is only read.
type patterns map[string]pattern

type pattern struct {
	*regexp.Regexp
	instructions int
}

// collect compiles the pattern of every call of matches below root.
func (p patterns) collect(root ast.Expr) error {
	var problem error
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(x ast.Expr) {
		if problem != nil || x.Kind() != ast.CallKind || x.AsCall().FunctionName() != overloads.Matches {
			return
		}
		args := x.AsCall().Args()
		last := args[len(args)-1]
		source, ok := types.String(""), last.Kind() == ast.LiteralKind
		if ok {
			source, ok = last.AsLiteral().(types.String)
		}
		if !ok {
			problem = errors.New("the pattern of matches must be a literal, so that it can be checked before it is used")
			return
		}
		problem = p.add(string(source))
	}))
	return problem
}

func (p patterns) add(source string) error {
	if len(source) > maxPattern {
		return fmt.Errorf("the pattern of matches has %d bytes; at most %d are allowed", len(source), maxPattern)
	}
	parsed, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return fmt.Errorf("the pattern of matches: %w", err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return fmt.Errorf("the pattern of matches: %w", err)
	}
	n := len(program.Inst)
	if n > maxProgram {
		return fmt.Errorf("the pattern of matches takes %d instructions; at most %d are allowed: repeat less, for example + instead of {1,100}", n, maxProgram)
	}
	compiled, err := regexp.Compile(source)
	if err != nil {
		return fmt.Errorf("the pattern of matches: %w", err)
	}
	p[source] = pattern{compiled, n}
	return nil
}

func (p patterns) matches(args ...ref.Val) ref.Val {
	s, source := string(args[0].(types.String)), string(args[1].(types.String))
	if len(s) > maxSearched {
		return types.NewErr("%s matches looks at texts of at most %d bytes", limitMessage, maxSearched)
	}
	return types.Bool(p[source].MatchString(s))
}
