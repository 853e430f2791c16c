package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// Bounds on the form of a file, counted on its tokens before the parser runs. The parser recurses into nesting and from
// one key of a mapping to the next, and a stack that overflows cannot be recovered from; and it moves all tokens to make
// room for a value that is not there.
const (
	maxTokens  = 200_000
	maxDepth   = 40
	maxKeys    = 2_000 // of one block mapping
	maxEmpty   = 2_000 // values that are not there
	maxAnchors = 1_000
)

// guard walks the tokens once.
type guard struct {
	line    int         // the line of the last token
	entries int         // list dashes on this line
	anchors int         // anchors and aliases so far
	empty   int         // values that are not there
	keys    map[int]int // number of keys in each open block mapping, by column
	open    []bracket
}

// bracket is a { or [ that is open.
type bracket struct {
	mapping bool
	colon   bool // in the present entry
}

// guardTokens returns the first token that the file has no use for or that could exhaust the parser, and why; an
// empty message means the tokens may be parsed.
func guardTokens(tokens token.Tokens) (at *token.Token, message, hint string) {
	g := guard{keys: map[int]int{}}
	for i, t := range tokens {
		if i == maxTokens {
			return t, fmt.Sprintf("more than %d words and signs", maxTokens), "a configuration is smaller; users in such numbers are imported, not written into it"
		}
		if message, hint := refuseForm(tokens, i); message != "" {
			return t, message, hint
		}
		if word, ok := g.splitWord(tokens, i); ok {
			if b := g.open[len(g.open)-1]; !b.mapping || b.colon {
				return t, "a colon with no space after it", `inside brackets a value with several colons stands in quotes:  "` + word + `"`
			}
			return t, "a colon with no space after it", `if it is part of the key, write  "` + word + `": …  in quotes; if it ends the key, add a space`
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
		if i > 0 {
			return "a second document begins here", "one file holds one configuration; remove the line ---"
		}
	case token.DocumentEndType:
		if i+1 < len(tokens) {
			return "the document ends here and more follows", "one file holds one configuration; remove the line ..."
		}
	case token.DirectiveType:
		return "YAML directives are not used in this file", "remove the line; a value that begins with % needs quotes"
	case token.TagType:
		return "YAML tags are not used in this file", "remove it; a value that begins with ! needs quotes"
	case token.MappingKeyType:
		return "keys in the form of ? are not used in this file", "write the key before a colon; a value that begins with ? needs quotes"
	case token.MergeKeyType:
		return "merge keys (<<) are not used in this file", "write the keys out, or give a whole value by an alias"
	}
	return "", ""
}

// splitWord finds a word such as custom:level inside braces. YAML takes it whole there (YAML 1.2 §7.3.3), the parser ends
// it at the first colon; we guess neither and ask.
func (g *guard) splitWord(tokens token.Tokens, i int) (word string, ok bool) {
	t := tokens[i]
	if t.Type != token.MappingValueType || len(g.open) == 0 || i == 0 || i+1 == len(tokens) || tokens[i-1].Type != token.StringType {
		return "", false
	}
	next := tokens[i+1]
	if next.Type != token.StringType || next.Position.Line != t.Position.Line || next.Position.Column != t.Position.Column+1 {
		return "", false
	}
	rest, _, _ := strings.Cut(next.Value, ": ")
	return tokens[i-1].Value + ":" + rest, true
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
		g.open = append(g.open, bracket{mapping: t.Type == token.MappingStartType})
		if len(g.open) > maxDepth {
			return fmt.Sprintf("more than %d brackets inside each other", maxDepth)
		}
	case token.CollectEntryType, token.MappingEndType, token.SequenceEndType:
		g.closeEntry(t.Type != token.CollectEntryType)
	case token.MappingValueType:
		if message := g.key(tokens, i); message != "" {
			return message
		}
	}
	if g.lacksValue(tokens, i) {
		g.empty++
	}
	if g.empty > maxEmpty {
		return fmt.Sprintf("more than %d values that are empty", maxEmpty)
	}
	return ""
}

// closeEntry is called at a comma and at a closing bracket.
func (g *guard) closeEntry(last bool) {
	n := len(g.open) - 1
	if n < 0 {
		return // the parser will say so
	}
	if g.open[n].mapping && !g.open[n].colon {
		g.empty++
	}
	if g.open[n].colon = false; last {
		g.open = g.open[:n]
	}
}

// key counts the key before the colon at i.
func (g *guard) key(tokens token.Tokens, i int) string {
	if n := len(g.open); n > 0 {
		g.open[n-1].colon = true
		return ""
	}
	if i == 0 {
		return ""
	}
	column := tokens[i-1].Position.Column
	if g.keys[column]++; g.keys[column] > maxKeys {
		return fmt.Sprintf("a mapping of more than %d keys", maxKeys)
	}
	if len(g.keys) > maxDepth {
		return fmt.Sprintf("more than %d mappings inside each other", maxDepth)
	}
	return ""
}

// lacksValue reports whether the dash or colon at i has no value after it.
func (g *guard) lacksValue(tokens token.Tokens, i int) bool {
	t, column := tokens[i], 0
	switch t.Type {
	case token.SequenceEntryType:
		column = t.Position.Column
	case token.MappingValueType:
		if i > 0 {
			column = tokens[i-1].Position.Column
		}
	default:
		return false
	}
	if i+1 == len(tokens) {
		return true
	}
	next := tokens[i+1]
	switch next.Type {
	case token.CollectEntryType, token.MappingEndType, token.SequenceEndType:
		return true
	}
	return len(g.open) == 0 && next.Position.Line > t.Position.Line && next.Position.Column <= column
}

// withoutComments drops comments, which the parser has no use for either.
func withoutComments(tokens token.Tokens) token.Tokens {
	return slices.DeleteFunc(tokens, func(t *token.Token) bool { return t.Type == token.CommentType })
}
