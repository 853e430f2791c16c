package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// admit gives an evaluation the claims its expression reads and no others, as CEL values. They are converted once and
// not at each mention, so that CEL remembers their sizes; and they are bounded, because a single step of an evaluation
// may walk all of them.
func (e *expression) admit(claims map[string]any) (ref.Val, error) {
	b := budget{bytes: maxInput, values: maxElements}
	read := claims
	if !e.all {
		read = make(map[string]any, len(e.reads))
		for _, name := range e.reads {
			if value, ok := claims[name]; ok {
				read[name] = value
			}
		}
	}
	admitted := b.object(read, 0)
	if b.spent() {
		return nil, fmt.Errorf("reads more than %d bytes, %d values or %d levels", maxInput, maxElements, maxPathSteps)
	}
	return admitted, nil
}

// budget is what the claims of one evaluation may still take.
type budget struct{ bytes, values int }

func (b *budget) spent() bool { return b.bytes < 0 || b.values < 0 }

// value converts a claim and pays for it. JSON has one kind of number; a whole one becomes an int, so that
// claims.level + 1 works whichever way the decoder kept it. Once the budget is spent the result has no meaning.
func (b *budget) value(value any, depth int) ref.Val {
	if b.values--; depth > maxPathSteps {
		b.values = -1
	}
	if b.spent() {
		return types.NullValue
	}
	switch v := value.(type) {
	case nil:
		return types.NullValue
	case bool:
		return types.Bool(v)
	case string:
		b.bytes -= len(v)
		return types.String(v)
	case float64:
		return number(v)
	case json.Number:
		b.bytes -= len(v)
		if i, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return types.Int(i)
		}
		f, ok := float(string(v))
		if !ok {
			return types.NewErr("number out of range")
		}
		return number(f)
	case []any:
		elements := make([]ref.Val, 0, min(len(v), maxElements))
		for _, element := range v {
			if elements = append(elements, b.value(element, depth+1)); b.spent() {
				break
			}
		}
		return types.NewRefValList(types.DefaultTypeAdapter, elements)
	case map[string]any:
		return b.object(v, depth)
	}
	return types.NewErr("no JSON value")
}

// object is a map that is walked in the order of its names, so that an expression which lists them gives the same
// result each time.
type object struct {
	traits.Mapper
	names traits.Lister
}

func (b *budget) object(members map[string]any, depth int) ref.Val {
	converted := make(map[string]any, min(len(members), maxElements))
	names := make([]string, 0, min(len(members), maxElements))
	for name, member := range members {
		b.bytes -= len(name)
		if converted[name] = b.value(member, depth+1); b.spent() {
			break
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return object{
		Mapper: types.NewStringInterfaceMap(types.DefaultTypeAdapter, converted),
		names:  types.NewStringList(types.DefaultTypeAdapter, names),
	}
}

// Iterator walks the names in order.
func (o object) Iterator() traits.Iterator { return o.names.Iterator() }

// AggregateSize lets CEL remember the size of the map.
func (o object) AggregateSize(sizer types.AggregateSizer) uint32 {
	return sizer.AggregateSize(o.Mapper)
}

func number(f float64) ref.Val {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return types.Int(f)
	}
	return types.Double(f)
}

// native turns a result into what encoding/json decodes into any.
func native(value ref.Val, depth int, left *int) (any, error) {
	*left--
	if *left < 0 || depth > maxPathSteps {
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
		return native(v.GetValue(), depth+1, left)
	case traits.Mapper:
		return nativeMap(v, depth, left)
	case traits.Lister:
		elements := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			element, err := native(it.Next(), depth+1, left)
			if err != nil {
				return nil, err
			}
			elements = append(elements, element)
		}
		return elements, nil
	}
	return nil, fmt.Errorf("gives a %s, which is no JSON value", value.Type().TypeName())
}

// nativeMap visits the members in the order of their names, so that the same one is complained about each time.
func nativeMap(value traits.Mapper, depth int, left *int) (any, error) {
	var names []string
	for it := value.Iterator(); it.HasNext() == types.True; {
		name, ok := it.Next().(types.String)
		if !ok {
			return nil, errors.New("gives a map whose keys are not all strings")
		}
		names = append(names, string(name))
	}
	slices.Sort(names)
	members := make(map[string]any, len(names))
	for _, name := range names {
		member, err := native(value.Get(types.String(name)), depth+1, left)
		if err != nil {
			return nil, err
		}
		members[name] = member
	}
	return members, nil
}
