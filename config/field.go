package config

import (
	"reflect"
	"strings"
	"sync"
)

// field is one key of a mapping, as its struct field declares it:
//
//	yaml:"secrets|secret,required"   names (the first is the one we print) and whether it must be there
//	yaml:"scopes,words"              a list that may be written as one text with spaces
//	oneof:"basic post none"          the values it takes
//	min:"5m" max:"24h"               bounds, inclusive, of a number or a duration
//	say:"…"                          what would be right, when it is missing
type field struct {
	names    []string
	index    int
	required bool
	words    bool
	oneof    []string
	min, max string
	say      string
}

var fieldCache sync.Map // reflect.Type to []field

// fieldsOf lists the keys of a struct type in the order of declaration.
func fieldsOf(t reflect.Type) []field {
	if cached, ok := fieldCache.Load(t); ok {
		return cached.([]field)
	}
	var list []field
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		names, options, _ := strings.Cut(tag.Get("yaml"), ",")
		if names == "" || names == "-" {
			continue
		}
		list = append(list, field{
			names:    strings.Split(names, "|"),
			index:    i,
			required: options == "required",
			words:    options == "words",
			oneof:    strings.Fields(tag.Get("oneof")),
			min:      tag.Get("min"),
			max:      tag.Get("max"),
			say:      tag.Get("say"),
		})
	}
	fieldCache.Store(t, list)
	return list
}

// knownKeys lists every key of the file as a pattern, such as pools[].clients[].id. The keys of a mapping are
// attributes or claims, not ours, and appear as *.
var knownKeys = sync.OnceValue(func() []string {
	var list []string
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		switch {
		case t == reflect.TypeFor[[]Rule](), t == reflect.TypeFor[[]ClaimRule]():
			walk(t.Elem(), path+".*")
		case t == reflect.TypeFor[Secret](), t.Kind() == reflect.Struct && t.PkgPath() != reflect.TypeFor[Config]().PkgPath():
		case t.Kind() == reflect.Slice:
			walk(t.Elem(), path+"[]")
		case t.Kind() == reflect.Pointer:
			walk(t.Elem(), path)
		case t.Kind() == reflect.Struct:
			for _, f := range fieldsOf(t) {
				for _, name := range f.names {
					key := join(path, name)
					list = append(list, key)
					walk(t.Field(f.index).Type, key)
				}
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
	return list
})
