package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

const (
	MaxDepth  = 32      // the deepest nesting of arrays and objects that is accepted
	MaxValues = 1 << 16 // the most values of all kinds in one text: small texts can unfold to large trees
)

// Error says why a text was refused and where. It quotes no value of the text, at most a member's name.
type Error struct {
	Offset int    // bytes from the start of the text
	Reason string // a phrase without the offset
}

func (e *Error) Error() string {
	return fmt.Sprintf("strict JSON: %s at byte %d", e.Reason, e.Offset)
}

// Decode reads the one JSON value in data into v, a non-nil pointer, under the rules of the package.
//
// A *map[string]any is replaced, not merged into, and demands an object; a *any takes any value; in both, numbers are
// json.Number. Other targets are filled as encoding/json would, which may return its own type errors; a bare null is
// refused for them. v is not to be used after an error.
func Decode(data []byte, v any) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return errors.New("strict JSON: the target is not a pointer")
	}
	s := scanner{data: data}
	tree, err := s.document(target.Type().Elem())
	if err != nil {
		return err
	}
	switch p := v.(type) {
	case *any:
		*p = tree
		return nil
	case *map[string]any:
		m, ok := tree.(map[string]any)
		if !ok {
			return &Error{Reason: "an object is wanted"}
		}
		*p = m
		return nil
	}
	if tree == nil {
		return &Error{Reason: "null is not wanted"}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v)
}
