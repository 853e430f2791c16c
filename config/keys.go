package config

import (
	"fmt"
	"strings"

	"github.com/isthmus-hub/isthmus/hub/proof"
)

// jwks reads the JSON text of a JWK set, which may also lie in a file.
func (r *reader) jwks(n *node, path string) JWKS {
	switch {
	case n.kind == scalarKind:
		r.src.hide(n.line, n.column, n.last) // by mistake it may be the private half
		return JWKS(n.text)
	case n.kind == mappingKind && len(n.pairs) == 1 && n.pairs[0].key == "file" && n.pairs[0].value.kind == scalarKind:
		p := n.pairs[0]
		at := join(path, "file")
		r.places[at] = place{p.line, p.column, p.value.line, p.value.column}
		return r.jwksFile(p.value.text, at)
	}
	n.hide(r.src)
	r.problem(path, "must be the JSON text of a JWK set in quotes, or {file: path}, found "+n.kind.String(), "for example  jwks: '{\"keys\": […]}'")
	return ""
}

func (r *reader) jwksFile(name, path string) JWKS {
	name = r.resolve(name)
	data, err := r.env.ReadFile(name)
	if err != nil {
		r.problem(path, fmt.Sprintf("the file %s cannot be read: %s", quote(name), reason(err)), "")
		return ""
	}
	if info, err := r.env.Stat(name); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o002 != 0 {
		r.problem(path, fmt.Sprintf("everybody on this machine may change %s (mode %04o)", quote(name), info.Mode().Perm()), "chmod o-w "+name)
	}
	return JWKS(data)
}

// hide masks a value of any kind.
func (n *node) hide(src *source) {
	if n.line > 0 {
		src.hide(n.line, n.column, max(n.line, n.last))
	}
	for _, p := range n.pairs {
		p.value.hide(src)
	}
	for _, item := range n.items {
		item.hide(src)
	}
}

// keys parses the key set; what is wrong with it is told without its text.
func (r *reader) keys(k *Keys, path string) {
	at := path + ".jwks"
	switch {
	case r.has(path) && !r.has(at) && !r.reported[path]:
		r.missing(path, `"jwks" is missing`, `the JSON text of a JWK set in quotes, or {file: path}`)
		return
	case k.JWKS == "" || r.reported[at]:
		if r.has(at) && !r.reported[at] && !r.reported[at+".file"] {
			r.problem(at, "is empty", "the JSON text of a JWK set (RFC 7517 §5)")
		}
		return
	}
	parsed, err := proof.ParseKeys([]byte(k.JWKS))
	if err != nil {
		r.problem(at, "the key set is not fit for use", strings.TrimPrefix(err.Error(), "key set: "))
		return
	}
	k.Parsed = parsed
}
