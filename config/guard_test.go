package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestA169_HostileFilesCostLittle: no file of the size that is read keeps the reader busy for long or overflows its
// stack. Unguarded, the parser needs minutes for some of these and dies of others.
// numbered repeats a text with a number in it until it has that many bytes.
func numbered(format string, bytes int) string {
	var b strings.Builder
	for i := 0; b.Len() < bytes; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestA169_HostileFilesCostLittle(t *testing.T) {
	full := func(s string) string { return strings.Repeat(s, maxFile/5/len(s)) }
	some := func(s string) string { return strings.Repeat(s, maxFile/48/len(s)) }
	stairs := func() string {
		var b strings.Builder
		for i := 0; b.Len() < maxFile/8; i++ {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"brackets":         full("["),
		"dashes":           full("- "),
		"keys":             full("a:\n"),
		"empty elements":   "pools:\n" + full("-\n"),
		"text":             some("x "),
		"braces":           some("{"),
		"flow keys":        "{" + some("a: b, ") + "}",
		"flow lines":       "{\n" + some("a: b,\n") + "}",
		"flow empties":     "{" + full("a: ,") + "}",
		"sets":             "{" + full("a,") + "}",
		"pairs":            "[" + some("a: b,") + "]",
		"elements":         "pools:\n" + some("- a\n"),
		"some empties":     "pools:\n" + strings.Repeat("-\n", maxEmpty-1) + some("- a\n"),
		"mappings":         "pools:\n" + some("- a: b\n"),
		"nested":           "pools:\n" + some("- a:\n  - b:\n    - c: d\n"),
		"steps":            stairs(),
		"questions":        some("? "),
		"anchors":          some("&a "),
		"aliases":          "[" + some("*a,") + "]",
		"tags":             some("!a "),
		"documents":        some("---\n"),
		"directives":       some("%a\n"),
		"colons":           some(": "),
		"quotes":           some("'' "),
		"unterminated":     "a: \"" + some("\\n"),
		"comments":         some("# x\n"),
		"tabs":             some("\tx\n"),
		"block":            "store: |\n" + some("  x\n"),
		"long key":         some("x") + ": y",
		"one long problem": `metrics: "` + some("x ") + `"`,
		"problems":         "outbound: {allow: [" + some("a b,") + "]}",
		"networks":         "trusted_proxies: [" + some("x,") + "]",
		"unknown keys":     "pools: [" + some("{q: r},") + "]",
		"secrets":          "pools:\n- clients:\n  - secrets:\n" + some("    - a\n"),
		"claims":           "pools: [{name: p, claims: {" + numbered("c%d: {expr: user.x}, ", maxFile/200) + "}}]",
		"scopes": "pools: [{resource_servers: [{identifier: i, scopes: [" + numbered("{name: s%d, description: d}, ", maxFile/600) + "]}], clients: [" +
			numbered("{id: c%d, scopes: i/x}, ", maxFile/600) + "]}]",
		"exchanges":   "pools: [{clients: [" + numbered("{id: c%d, flows: token_exchange, token_exchange: {from: [a/1, b/2, c/3]}}, ", maxFile/600) + "]}]",
		"identifiers": "pools: [{providers: [{identifiers: [" + some("a,") + "]}]}]",
	} {
		start := time.Now()
		c, err := Parse("f.yaml", []byte(text), exampleMachine())
		if err == nil {
			t.Errorf("%s: loads as %d pools", name, len(c.Pools))
			continue
		}
		list := err.(Problems)
		checkPlaces(t, list, strings.Count(text, "\n")+1)
		took := time.Since(start)
		if took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		t.Logf("%-18s %6d ms  %s", name, took.Milliseconds(), list[0].Message)
	}
}
