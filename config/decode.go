package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// defaulter is a struct whose absent keys do not mean its zero value.
type defaulter interface{ setDefaults() }

// setDefaults fills the defaults of v and of every struct inside it.
func setDefaults(v reflect.Value) {
	if v.Kind() != reflect.Struct || !v.CanAddr() {
		return
	}
	if d, ok := v.Addr().Interface().(defaulter); ok {
		d.setDefaults()
	}
	for _, f := range fieldsOf(v.Type()) {
		if v.Type().Field(f.index).Type != reflect.TypeFor[Secret]() {
			setDefaults(v.Field(f.index))
		}
	}
}

// decode reads a node into v. What does not fit is reported, and v keeps what it held.
func (r *reader) decode(v reflect.Value, n *node, path string, f field) {
	switch target := v.Addr().Interface().(type) {
	case *Secret:
		*target = r.secret(n, path)
		return
	case *[]Rule:
		*target = r.rules(n, path)
		return
	case *[]ClaimRule:
		*target = r.claimRules(n, path)
		return
	case *JWKS:
		*target = r.jwks(n, path)
		return
	case *Listener:
		if n.kind == scalarKind {
			target.Address = n.text
			return
		}
	case *time.Duration:
		r.duration(target, n, path, f)
		return
	case *time.Time:
		r.date(target, n, path)
		return
	case *slog.Level:
		r.level(target, n, path)
		return
	case *netip.Prefix:
		r.prefix(target, n, path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		r.mapping(v, n, path)
	case reflect.Slice:
		r.list(v, n, path, f)
	case reflect.Map:
		r.texts(v, n, path)
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		setDefaults(p.Elem())
		r.decode(p.Elem(), n, path, f)
		v.Set(p)
	case reflect.Bool:
		r.boolean(v, n, path)
	case reflect.Int:
		r.integer(v, n, path, f)
	default:
		r.text(v, n, path, f)
	}
}

// mapping reads the keys of a struct, and reports those it does not have and those that must be there.
func (r *reader) mapping(v reflect.Value, n *node, path string) {
	if n.kind != mappingKind {
		r.problem(path, "must be a mapping of keys, found "+n.kind.String(), "")
		return
	}
	fields := fieldsOf(v.Type())
	used := map[int]string{} // field to the name it was given by
	for _, p := range n.pairs {
		f, ok := fieldNamed(fields, p.key)
		if !ok {
			r.unknown(fields, p, path)
			continue
		}
		key := join(path, p.key)
		r.places[key] = place{p.line, p.column, p.value.line, p.value.column}
		if p.value.kind == nullKind {
			r.places[key] = place{keyLine: p.line, keyColumn: p.column}
			continue
		}
		if other, twice := used[f.index]; twice {
			r.at(p.line, p.column, key, fmt.Sprintf("%s and %s are two names of one thing", quote(other), quote(p.key)), "keep one of the two")
			continue
		}
		used[f.index] = p.key
		r.decode(v.Field(f.index), p.value, key, f)
		if f.required && p.value.kind == scalarKind && p.value.text == "" {
			r.problem(key, "is empty", f.say)
		}
	}
	for _, f := range fields {
		if _, ok := used[f.index]; f.required && !ok && r.absent(path, f.names[0]) {
			r.missing(path, fmt.Sprintf("%s is missing", quote(f.names[0])), f.say)
		}
	}
}

func fieldNamed(fields []field, name string) (field, bool) {
	for _, f := range fields {
		for _, known := range f.names {
			if known == name {
				return f, true
			}
		}
	}
	return field{}, false
}

// list reads a list; one value stands for a list of one, and with the option words a text stands for its words.
func (r *reader) list(v reflect.Value, n *node, path string, f field) {
	elem := v.Type().Elem()
	items, single := n.items, n.kind != listKind && standsAlone(elem, n.kind)
	switch {
	case single && f.words:
		for _, word := range strings.Fields(n.text) {
			items = append(items, &node{kind: scalarKind, text: word, line: n.line, column: n.column, last: n.last})
		}
	case single:
		items = []*node{n}
	case n.kind != listKind:
		r.problem(path, "must be a list, found "+n.kind.String(), "begin each element with a dash")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		at := path + "[" + strconv.Itoa(i) + "]"
		r.places[at] = place{line: item.line, column: item.column}
		setDefaults(out.Index(i))
		if item.kind == nullKind {
			r.problem(at, "an element of the list is empty", "remove the dash, or write the element after it")
			continue
		}
		if single {
			at = path
		}
		r.decode(out.Index(i), item, at, f)
	}
	v.Set(out)
}

// standsAlone reports whether one value may stand for a list of one.
func standsAlone(elem reflect.Type, k kind) bool {
	switch {
	case elem == reflect.TypeFor[Secret]():
		return k == scalarKind || k == mappingKind
	case elem == reflect.TypeFor[Listener](), elem == reflect.TypeFor[netip.Prefix]():
		return k == scalarKind
	}
	return k == scalarKind && elem.Kind() == reflect.String
}

// texts reads a mapping whose keys are the operator's, with one text each.
func (r *reader) texts(v reflect.Value, n *node, path string) {
	if n.kind != mappingKind {
		r.problem(path, "must be a mapping of keys, found "+n.kind.String(), "")
		return
	}
	out := make(map[string]string, len(n.pairs))
	for _, p := range n.pairs {
		key := join(path, p.key)
		r.places[key] = place{p.line, p.column, p.value.line, p.value.column}
		if p.value.kind == scalarKind {
			out[p.key] = p.value.text
		} else {
			r.at(p.line, p.column, key, "must be one text, found "+p.value.kind.String(), "")
		}
	}
	v.Set(reflect.ValueOf(out))
}
