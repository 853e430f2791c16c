package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// path is the way to one claim: the top-level name, then the steps below it.
type path struct {
	name  string
	steps []string
}

// Limits of what a rule may name.
const (
	maxPathBytes = 256
	maxPathSteps = 32 // the depth of claims the hub accepts
	maxFrom      = 16
)

// parsePath reads one entry of Rule.From: a JSON pointer (RFC 6901) when it begins with "/", else a claim's name.
func parsePath(s string) (path, error) {
	switch {
	case s == "":
		return path{}, errors.New("is empty; give the name of a claim")
	case len(s) > maxPathBytes:
		return path{}, fmt.Errorf("has %d bytes; at most %d are allowed", len(s), maxPathBytes)
	case textProblem(s, false) != "":
		return path{}, errors.New(textProblem(s, false))
	case s[0] != '/':
		return path{name: s}, nil
	}
	steps := strings.Split(s[1:], "/")
	if len(steps) > maxPathSteps {
		return path{}, fmt.Errorf("has %d steps; claims are at most %d deep", len(steps), maxPathSteps)
	}
	for i, step := range steps {
		unescaped, err := unescape(step)
		if err != nil {
			return path{}, err
		}
		steps[i] = unescaped
	}
	if steps[0] == "" {
		return path{}, errors.New("is a JSON pointer without a claim's name, which follows the first slash, for example /address/locality")
	}
	return path{name: steps[0], steps: steps[1:]}, nil
}

// unescape decodes one reference token (RFC 6901 §4): ~1 first, so that ~01 gives ~1.
func unescape(step string) (string, error) {
	for i := range len(step) {
		if step[i] == '~' && (i+1 == len(step) || step[i+1] != '0' && step[i+1] != '1') {
			return "", errors.New(`has a "~" that is neither "~0" (for ~) nor "~1" (for /)`)
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~"), nil
}

// find follows the path; ok is false when a step leads nowhere.
func (p path) find(claims map[string]any) (value any, ok bool) {
	value, ok = claims[p.name]
	for _, step := range p.steps {
		if !ok {
			return nil, false
		}
		switch container := value.(type) {
		case map[string]any:
			value, ok = container[step]
		case []any:
			var i int
			i, ok = arrayIndex(step)
			if ok = ok && i < len(container); ok {
				value = container[i]
			}
		default:
			return nil, false
		}
	}
	return value, ok
}

// arrayIndex accepts 0 or digits without a leading zero (RFC 6901 §4).
func arrayIndex(step string) (int, bool) {
	if !isDigits(step) || len(step) > 1 && step[0] == '0' {
		return 0, false
	}
	i, err := strconv.Atoi(step)
	return i, err == nil
}

// last returns the final step of the path.
func (p path) last() string {
	if len(p.steps) == 0 {
		return p.name
	}
	return p.steps[len(p.steps)-1]
}

// sibling returns the path that ends in another name.
func (p path) sibling(name string) path {
	if len(p.steps) == 0 {
		return path{name: name}
	}
	steps := slices.Clone(p.steps)
	steps[len(steps)-1] = name
	return path{name: p.name, steps: steps}
}

func (p path) equal(other path) bool {
	return p.name == other.name && slices.Equal(p.steps, other.steps)
}

// String writes the path as Rule.From has it.
func (p path) String() string {
	if len(p.steps) == 0 && !strings.HasPrefix(p.name, "/") {
		return p.name
	}
	var b strings.Builder
	for _, step := range append([]string{p.name}, p.steps...) {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(step, "~", "~0"), "/", "~1"))
	}
	return b.String()
}
