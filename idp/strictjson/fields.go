package strictjson

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// fields is what an object's members are decoded into: the fields of a struct by name, or one type for all.
type fields struct {
	byName map[string]reflect.Type // nil unless a struct
	each   reflect.Type            // a map's element
}

var structs sync.Map // reflect.Type -> *fields

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// plain follows pointers, and gives nil for a type that reads its own JSON or takes anything.
func plain(t reflect.Type) reflect.Type {
	for t != nil {
		if t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler) {
			return nil
		}
		if t.Kind() != reflect.Pointer {
			return t
		}
		t = t.Elem()
	}
	return nil
}

// fieldsOf returns nil where member names are free and their types unknown.
func fieldsOf(t reflect.Type) *fields {
	t = plain(t)
	if t == nil {
		return nil
	}
	if t.Kind() == reflect.Map {
		return &fields{each: t.Elem()}
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	if f, ok := structs.Load(t); ok {
		return f.(*fields)
	}
	f := &fields{byName: map[string]reflect.Type{}}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || field.Tag.Get("json") == "-" || field.Anonymous && name == "" {
			continue
		}
		if name == "" {
			name = field.Name
		}
		f.byName[name] = field.Type
	}
	structs.Store(t, f)
	return f
}

// elementOf is the type of an array's elements.
func elementOf(t reflect.Type) reflect.Type {
	t = plain(t)
	if t == nil || t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
		return nil
	}
	return t.Elem()
}

// element is the type the named member is decoded into. lookalike is set for a name that encoding/json would match to
// a field although it is another name.
func (f *fields) element(name string) (t reflect.Type, lookalike bool) {
	if f == nil {
		return nil, false
	}
	if f.byName == nil {
		return f.each, false
	}
	if t, ok := f.byName[name]; ok {
		return t, false
	}
	for field := range f.byName {
		if strings.EqualFold(field, name) {
			return nil, true
		}
	}
	return nil, false
}
