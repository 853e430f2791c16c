package config

import (
	"fmt"
	"strings"
)

// maxSecret bounds a secret, in bytes.
const maxSecret = 64 << 10

// secret reads a secret: a text, or a mapping with env or file.
func (r *reader) secret(n *node, path string) Secret {
	switch n.kind {
	case scalarKind:
		r.src.hide(n.line, n.column, n.last)
		r.byValue = append(r.byValue, path)
		text := strings.TrimRight(n.text, "\r\n") // of a block
		if text == "" {
			r.problem(path, "the secret is empty", "")
		}
		return Secret{text: &text, origin: "the configuration file"}
	case mappingKind:
		var ref Reference
		if !r.reference(&ref, n, path) {
			return Secret{}
		}
		if ref.Env != "" {
			return r.fromEnv(ref.Env, join(path, "env"))
		}
		return r.fromFile(ref.File, join(path, "file"))
	}
	r.problem(path, "must be a text, {env: NAME} or {file: path}, found "+n.kind.String(), "")
	return Secret{}
}

func (r *reader) fromEnv(name, path string) Secret {
	text, set := r.env.LookupEnv(name)
	switch {
	case !set:
		r.problem(path, fmt.Sprintf("the variable %s is not set", name), "set it in the environment of the hub")
	case text == "":
		r.problem(path, fmt.Sprintf("the variable %s is empty", name), "set it in the environment of the hub")
	default:
		return Secret{text: &text, origin: "the variable " + name}
	}
	return Secret{}
}

// fromFile reads a secret of one line; the line end that editors leave does not belong to it.
func (r *reader) fromFile(name, path string) Secret {
	name = r.resolve(name)
	data, err := r.env.ReadFile(name)
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case err != nil:
		r.problem(path, fmt.Sprintf("the file %s cannot be read: %s", quote(name), reason(err)), "")
	case len(data) > maxSecret:
		r.problem(path, fmt.Sprintf("the file %s is too large for a secret", quote(name)), "64 KiB at most")
	case text == "":
		r.problem(path, fmt.Sprintf("the file %s is empty", quote(name)), "")
	default:
		r.secretMode(name, path)
		return Secret{text: &text, origin: "the file " + name}
	}
	return Secret{}
}

func (r *reader) secretMode(name, path string) {
	info, err := r.env.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	switch perm := info.Mode().Perm(); {
	case perm&0o002 != 0:
		r.problem(path, fmt.Sprintf("everybody on this machine may change %s (mode %04o)", quote(name), perm), "chmod 600 "+name)
	case perm&0o004 != 0:
		r.warn(path, fmt.Sprintf("everybody on this machine may read %s (mode %04o)", quote(name), perm), "chmod 600 "+name)
	}
}

// reference reads {env: NAME} or {file: path} and reports whether exactly one is there.
func (r *reader) reference(ref *Reference, n *node, path string) bool {
	before := len(r.findings)
	r.mapping(valueOf(ref), n, path)
	if len(r.findings) > before {
		return false
	}
	if (ref.Env == "") == (ref.File == "") {
		r.problem(path, "must name one of env and file", "for example  {env: CORP_SECRET}  or  {file: /run/secrets/corp}")
		return false
	}
	return true
}
