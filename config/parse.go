package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFile bounds the file, in bytes.
const maxFile = 1 << 20

// parse reads the text into nodes. It returns nil when anything was reported.
func (r *reader) parse() *node {
	if !r.characters() || !r.indentation() {
		return nil
	}
	tokens, err := surviving(func() (token.Tokens, error) { return withoutComments(lexer.Tokenize(r.body)), nil })
	if err != nil {
		r.syntax(err)
		return nil
	}
	if t, message, hint := guardTokens(tokens); message != "" {
		r.at(t.Position.Line, t.Position.Column, "", message, hint)
		return nil
	}
	body, err := surviving(func() (ast.Node, error) { return parseTokens(tokens) })
	if err != nil {
		r.syntax(err)
		return nil
	}
	if body == nil {
		r.add(finding{Problem: Problem{Message: "the file is empty", Hint: emptyHint}})
		return nil
	}
	b := builder{anchors: map[string]*node{}, report: func(line, column int, message, hint string) {
		r.at(line, column, "", message, hint)
	}}
	root := b.build(body)
	if len(r.findings) > 0 || root == nil {
		return nil
	}
	if root.kind != mappingKind {
		r.at(root.line, root.column, "", fmt.Sprintf("the file holds %s; it must hold keys", root.kind), emptyHint)
		return nil
	}
	return root
}

const emptyHint = "the smallest useful file has one pool with name, issuer, providers and clients; `isthmus config example` prints one"

// characters refuses what is not readable text.
func (r *reader) characters() bool {
	if len(r.body) > maxFile {
		r.add(finding{Problem: Problem{Message: "the file is larger than 1 MiB", Hint: "a configuration is smaller; users in such numbers are imported, not written into it"}})
		return false
	}
	if strings.TrimSpace(r.body) == "" {
		r.add(finding{Problem: Problem{Message: "the file is empty", Hint: emptyHint}})
		return false
	}
	for i, line := range r.src.lines {
		column := 0
		for rest := line; rest != ""; {
			c, size := utf8.DecodeRuneInString(rest)
			column++
			switch {
			case c == utf8.RuneError && size == 1:
				r.add(finding{Problem: Problem{Line: i + 1, Column: column, Message: fmt.Sprintf("byte 0x%02x is not UTF-8", rest[0]), Hint: "save the file as UTF-8"}})
				return false
			case c < ' ' && c != '\t', c == 0x7f, c >= 0x80 && c < 0xa0, c == 0xfeff, c == 0x2028, c == 0x2029:
				r.add(finding{Problem: Problem{Line: i + 1, Column: column, Message: fmt.Sprintf("control character U+%04X", c), Hint: `remove it; inside "…" it can be written as an escape`}})
				return false
			}
			rest = rest[size:]
		}
	}
	return true
}

// indentation refuses tabs before the first character of a line: YAML counts columns in spaces (YAML 1.2 §6.1).
func (r *reader) indentation() bool {
	ok := true
	for i, line := range r.src.lines {
		rest := strings.TrimLeft(line, " \t")
		tab := strings.IndexByte(line[:len(line)-len(rest)], '\t')
		if tab < 0 || rest == "" || rest[0] == '#' {
			continue
		}
		ok = false
		r.at(i+1, tab+1, "", "a tab in the indentation", "indent with spaces")
	}
	return ok
}

// syntax reports what the parser refused.
func (r *reader) syntax(err error) {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		r.add(finding{Problem: Problem{Message: "not readable as YAML: " + printable(err.Error())}})
		return
	}
	p := at.GetToken().Position
	r.at(p.Line, p.Column, "", "not readable as YAML", printable(at.GetMessage()))
}

// surviving runs code of the YAML library: a panic in it is a file that cannot be read, not the end of the hub.
func surviving[T any](run func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the reader gave up (%v)", p)
		}
	}()
	return run()
}

func parseTokens(tokens token.Tokens) (ast.Node, error) {
	// Duplicate keys are found by the builder, all of them and with both places.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, err
	}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			return doc.Body, nil
		}
	}
	return nil, nil
}
