package mapping

import (
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Weights of the toll. A step is about 100 ns of a small server's processor and at most 500 ns, so that maxSteps stay
// below 10 ms (A96).
const (
	bytesPerStep        = 100 // of text that a call reads or makes
	instructionsPerStep = 20  // of a regular expression, times the bytes it looks at
)

// sizes counts the elements of a value. Its depth and traversal limits make a value that shares parts with itself,
// which can be exponentially larger than it looks, count as infinite.
var sizes = types.NewSizeCalculator(types.SizeCalculatorMaxDepth(2*maxPathSteps), types.SizeCalculatorMaxTraversal(2*maxElements))

// toll prices the calls of an evaluation by what they cost here. CEL's own prices hold for a machine that folds
// membership and equality of nested lists into one step; this one walks them.
type toll struct{ patterns patterns }

// CallCost implements CEL's cost estimator.
//
// It goes by the function's name, because a call on a dynamic value has no overload before it runs.
func (t toll) CallCost(function, _ string, args []ref.Val, result ref.Val) *uint64 {
	steps := uint64(1)
	switch function {
	case operators.Equals, operators.NotEquals, operators.In, operators.OldIn:
		for _, arg := range args {
			steps += elements(arg)
		}
	case overloads.Matches:
		if source, ok := args[1].(types.String); ok {
			steps += uint64(t.patterns[string(source)].instructions) * textLength(args[0]) / instructionsPerStep
		}
	default:
		length := textLength(result)
		for _, arg := range args {
			length += textLength(arg)
			if list, ok := arg.(traits.Lister); ok && function == joinFunction {
				steps += uint64(list.Size().(types.Int))
			}
		}
		steps += length / bytesPerStep
	}
	return &steps
}

func elements(value ref.Val) uint64 {
	switch value.(type) {
	case types.Bool, types.Int, types.Uint, types.Double:
		return 0
	}
	return uint64(sizes.AggregateSize(value))
}

func textLength(value ref.Val) uint64 {
	switch v := value.(type) {
	case types.String:
		return uint64(len(v))
	case types.Bytes:
		return uint64(len(v))
	}
	return 0
}
