package hub

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// sampleBytes bounds the claims of one set, as JSON.
const sampleBytes = 8 << 10

// unkept are claims that prove something of one token or session, and say nothing
// of the person.
var unkept = []string{"at_hash", "c_hash", "jti", "nonce", "s_hash", "sid"}

// secretNames are in the names of claims whose values open something; the marks
// are what such values begin with, whatever their name.
var (
	secretNames = []string{"token", "secret", "password", "passwd", "passphrase", "credential", "private_key", "privatekey", "api_key", "apikey", "assertion", "cookie", "otp"}
	secretMarks = []string{"eyJ", "-----BEGIN", "Bearer ", "Basic ", "AKIA", "ASIA", "ghp_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk_live_", "sk-", "$2a$", "$2b$", "$2y$", "$argon2"}
)

// redacted are the claims that may be kept, and the names of the rest: what looks
// like a secret, whether at the top or within, and the largest where all together
// would be more than sampleBytes.
func redacted(claims map[string]any) (kept map[string]any, leftOut []string) {
	kept = make(map[string]any, len(claims))
	sizes := make(map[string]int, len(claims))
	for name, value := range claims {
		if slices.Contains(unkept, name) {
			continue
		}
		clean, whole := scrub(name, value, 0)
		text, err := json.Marshal(clean)
		if !whole || err != nil {
			leftOut = append(leftOut, name)
		}
		if clean != nil && err == nil {
			kept[name], sizes[name] = clean, len(name)+len(text)
		}
	}
	names := slices.SortedFunc(maps.Keys(kept), func(a, b string) int {
		if d := sizes[a] - sizes[b]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	total := 0
	for _, name := range names {
		if total += sizes[name]; total > sampleBytes {
			delete(kept, name)
			leftOut = append(leftOut, name)
		}
	}
	slices.Sort(leftOut)
	return kept, slices.Compact(leftOut)
}

// scrub takes out of a value what looks like a secret; whole reports whether
// there was nothing of the kind.
func scrub(name string, value any, depth int) (clean any, whole bool) {
	lower := strings.ReplaceAll(strings.ToLower(name), "-", "_")
	if depth > 16 || slices.ContainsFunc(secretNames, func(s string) bool { return strings.Contains(lower, s) }) {
		return nil, false
	}
	switch v := value.(type) {
	case string:
		if slices.ContainsFunc(secretMarks, func(mark string) bool { return strings.HasPrefix(v, mark) }) {
			return nil, false
		}
		return v, true
	case []any:
		list, whole := make([]any, 0, len(v)), true
		for _, element := range v {
			clean, ok := scrub("", element, depth+1)
			if whole = whole && ok; ok || clean != nil {
				list = append(list, clean)
			}
		}
		return list, whole
	case map[string]any:
		members, whole := make(map[string]any, len(v)), true
		for member, element := range v {
			clean, ok := scrub(member, element, depth+1)
			if whole = whole && ok; ok || clean != nil {
				members[member] = clean
			}
		}
		return members, whole
	}
	return value, true
}
