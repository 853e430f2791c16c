package config

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"
)

// reader is the work on one file: what has been found so far, and where everything stands.
type reader struct {
	src  *source
	body string // the text, with Unix line ends
	env  Environment
	mode fs.FileMode // of the file; zero when it is not known

	places   map[string]place // by path of the key
	meant    map[string]bool  // paths that a misspelt key was taken for
	reported map[string]bool  // paths with a problem
	unread   map[string]bool  // paths whose value could not be read, so that there is nothing more to say about it
	broken   map[string]bool  // paths of rules with a problem in them
	// Of the pool under examination: the scopes of its resource servers, and the ids of its clients in order.
	declared  map[string]bool
	clientIDs []string
	signers   map[string]string // of keys that sign for us at upstreams, to where they do
	findings  []finding
	warned    []finding
	byValue   []string // paths of secrets written in the file itself
}

// place is where a key and its value stand. An element of a list has no key.
type place struct {
	keyLine, keyColumn int
	line, column       int
}

// finding is a problem whose excerpt is drawn at the end, when all secrets are known and masked.
type finding struct {
	Problem
	show bool
}

// Bounds on the list of problems. A file with more is not meant as a configuration, and need not cost more.
const (
	maxFindings = 5_000 // kept, in the order they are found
	maxProblems = 200   // told, in the order of the file
)

func newReader(name string, data []byte, env Environment) *reader {
	text := normal(data)
	return &reader{src: newSource(name, text), body: text, env: env, places: map[string]place{},
		meant: map[string]bool{}, reported: map[string]bool{}, broken: map[string]bool{}}
}

func (r *reader) add(f finding) {
	f.File = r.src.name
	if len(r.findings) < maxFindings {
		r.findings = append(r.findings, f)
	}
	r.reported[f.Path] = true
}

// at reports a problem at a position of the file, with an excerpt.
func (r *reader) at(line, column int, path, message, hint string) {
	r.add(finding{Problem{Line: line, Column: column, Path: path, Message: message, Hint: hint}, line > 0})
}

// problem reports what is wrong with the value of a key, unless the value could not even be read.
func (r *reader) problem(path, message, hint string) {
	if !r.unread[path] {
		r.add(r.find(path, message, hint))
	}
}

// atKey reports what is wrong with a key that the operator named.
func (r *reader) atKey(path, message, hint string) {
	if p, ok := r.places[path]; ok && p.keyLine > 0 {
		r.at(p.keyLine, p.keyColumn, path, message, hint)
		return
	}
	r.problem(path, message, hint)
}

// warn reports what is unwise about the value of a key.
func (r *reader) warn(path, message, hint string) {
	f := r.find(path, message, hint)
	f.File = r.src.name
	if len(r.warned) < maxFindings {
		r.warned = append(r.warned, f)
	}
}

// find places a problem at a value, or, when the key is absent, at what is nearest above it and without an excerpt.
func (r *reader) find(path, message, hint string) finding {
	if p, ok := r.places[path]; ok && p.line > 0 {
		return finding{Problem{Line: p.line, Column: p.column, Path: path, Message: message, Hint: hint}, true}
	}
	return r.lack(path, message, hint)
}

// missing reports something that is absent under path: at the key, and without an excerpt, because what is there is
// not what is wrong.
func (r *reader) missing(path, message, hint string) { r.add(r.lack(path, message, hint)) }

func (r *reader) lack(path, message, hint string) finding {
	for at := path; ; at = parent(at) {
		p, ok := r.places[at]
		switch {
		case ok && p.keyLine > 0:
			return finding{Problem{Line: p.keyLine, Column: p.keyColumn, Path: path, Message: message, Hint: hint}, false}
		case ok && p.line > 0:
			return finding{Problem{Line: p.line, Column: p.column, Path: path, Message: message, Hint: hint}, false}
		case at == "":
			return finding{Problem{Path: path, Message: message, Hint: hint}, false}
		}
	}
}

// absent reports whether a key that must be there is neither in the file nor meant by a misspelt one, which has been
// reported already.
func (r *reader) absent(path, key string) bool {
	key = join(path, key)
	return !r.has(key) && !r.meant[key]
}

// has reports whether the key is in the file, with a value.
func (r *reader) has(path string) bool { return r.places[path].line > 0 }

// parent cuts the last key or index off a path.
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// join appends a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// finish orders findings by position and draws their excerpts.
func (r *reader) finish(findings []finding) Problems {
	slices.SortStableFunc(findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
	})
	var list Problems
	for i, f := range findings {
		if i == maxProblems {
			list = append(list, Problem{File: r.src.name, Line: f.Line, Column: f.Column, Message: "more problems follow from here; they are not listed"})
			break
		}
		if f.show {
			f.Excerpt = r.src.excerpt(f.Line, f.Column)
		}
		list = append(list, f.Problem)
	}
	return list
}
