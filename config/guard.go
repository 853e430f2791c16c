package config

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// Bounds on the form of a file. The parser recurses into nesting and from one key of a mapping to the next, and a stack
// that overflows cannot be recovered from, so these are counted on the tokens before it runs.
const (
	maxDepth   = 40
	maxKeys    = 2_000 // of one block mapping
	maxAnchors = 1_000
)

// guard walks the tokens once.
type guard struct {
	line    int         // the line of the last token
	flow    int         // brackets that are open
	entries int         // list dashes on this line
	anchors int         // anchors and aliases so far
	keys    map[int]int // number of keys in each open block mapping, by column
}

// guardTokens returns the first token that the file has no use for or that could exhaust the parser, and why; an
// empty message means the tokens may be parsed.
func guardTokens(tokens token.Tokens) (at *token.Token, message, hint string) {
	g := guard{keys: map[int]int{}}
	for i, t := range tokens {
		if message, hint := refuseForm(tokens, i); message != "" {
			return t, message, hint
		}
		if message := g.count(tokens, i); message != "" {
			return t, message, ""
		}
	}
	return nil, "", ""
}

// refuseForm names what YAML knows and this file does not.
func refuseForm(tokens token.Tokens, i int) (message, hint string) {
	t := tokens[i]
	switch t.Type {
	case token.DocumentHeaderType:
		if !onlyComments(tokens[:i]) {
			return "a second document begins here", "one file holds one configuration; remove the line ---"
		}
	case token.DocumentEndType:
		if !onlyComments(tokens[i+1:]) {
			return "the document ends here and more follows", "one file holds one configuration; remove the line ..."
		}
	case token.DirectiveType:
		return "YAML directives are not used in this file", "remove the line; a value that begins with % needs quotes"
	case token.TagType:
		return fmt.Sprintf("YAML tags are not used in this file, found %s", quote(t.Value)), "remove it; a value that begins with ! needs quotes"
	case token.MappingKeyType:
		return "keys in the form of ? are not used in this file", "write the key before a colon; a value that begins with ? needs quotes"
	case token.MergeKeyType:
		return "merge keys (<<) are not used in this file", "write the keys out, or give a whole value by an alias"
	}
	return "", ""
}

// count returns what there is too much of.
func (g *guard) count(tokens token.Tokens, i int) string {
	t := tokens[i]
	if p := t.Position; p.Line != g.line {
		g.line, g.entries = p.Line, 0
		for column := range g.keys {
			if column > p.Column {
				delete(g.keys, column)
			}
		}
	}
	switch t.Type {
	case token.AnchorType, token.AliasType:
		if g.anchors++; g.anchors > maxAnchors {
			return fmt.Sprintf("more than %d anchors and aliases", maxAnchors)
		}
	case token.SequenceEntryType:
		if g.entries++; g.entries > maxDepth {
			return fmt.Sprintf("more than %d lists inside each other", maxDepth)
		}
	case token.MappingStartType, token.SequenceStartType:
		if g.flow++; g.flow > maxDepth {
			return fmt.Sprintf("more than %d brackets inside each other", maxDepth)
		}
	case token.MappingEndType, token.SequenceEndType:
		g.flow--
	case token.MappingValueType:
		if g.flow > 0 || i == 0 {
			return ""
		}
		column := tokens[i-1].Position.Column
		if g.keys[column]++; g.keys[column] > maxKeys {
			return fmt.Sprintf("a mapping of more than %d keys", maxKeys)
		}
		if len(g.keys) > maxDepth {
			return fmt.Sprintf("more than %d mappings inside each other", maxDepth)
		}
	}
	return ""
}

func onlyComments(tokens token.Tokens) bool {
	for _, t := range tokens {
		if t.Type != token.CommentType {
			return false
		}
	}
	return true
}
