package rehearse

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/mapping"
)

// The person that a rehearsal makes up.
const (
	subject  = "rehearsal"
	username = "rehearsal"
	address  = "rehearsal@person.example"
)

// value is one that an attribute takes.
func value(a mapping.Attribute) any {
	switch a.Name {
	case "email":
		return address
	case "phone_number":
		return "+15550100"
	case "birthdate":
		return "1990-01-01"
	case "locale":
		return "en"
	case "zoneinfo":
		return "Europe/Zurich"
	case "picture", "profile", "website":
		return "https://person.example/"
	}
	switch a.Type {
	case mapping.Boolean:
		return true
	case mapping.Number:
		return 7.0 // as JSON has it
	case mapping.DateTime:
		return "2026-01-01T00:00:00Z"
	}
	text := "Rehearsal"
	if a.MinLength > len(text) {
		text += strings.Repeat("l", a.MinLength-len(text))
	}
	if a.MaxLength > 0 && a.MaxLength < len(text) {
		text = text[:a.MaxLength]
	}
	return text
}

// attributes are those of the person as a user of the pool's own.
func attributes(s *mapping.Schema) mapping.Attributes {
	list := mapping.Attributes{"email": address}
	for _, name := range s.Required() {
		if a, ok := s.Attribute(name); ok {
			list[name] = fmt.Sprint(value(a))
		}
	}
	return list
}

// claims are what the provider says of the person, so that its mapping is
// content: made of what its rules read, with the given ones over them. The error
// says what the mapping still misses.
func claims(p *config.Pool, pr *config.Provider, given map[string]any) (map[string]any, error) {
	made := map[string]any{"email": address, "email_verified": true, "name": "Rehearsal Person"}
	for _, rule := range pr.Mapping {
		a, ok := p.Schema.Attribute(rule.Attribute)
		if !ok || len(rule.From) == 0 {
			continue
		}
		if err := put(made, rule.From[0], value(a)); err != nil {
			return nil, err
		}
	}
	maps.Copy(made, given)
	missing, err := lacks(pr, made)
	for _, name := range pr.Compiled.Needs() {
		if _, ok := made[name]; ok || err != nil || len(missing) == 0 {
			continue
		}
		// What an expression wants of a claim it does not say: the value that leaves
		// least missing is as good as any.
		best := missing
		for _, guess := range []any{address, "Rehearsal", []any{"Rehearsal"}, true, 7.0, map[string]any{}} {
			tried := maps.Clone(made)
			tried[name] = guess
			left, failed := lacks(pr, tried)
			if failed == nil && (len(left) < len(best) || made[name] == nil) {
				made, best = tried, left
			}
		}
		missing = best
	}
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("nobody could be made up whom the mapping takes: %s", strings.Join(missing, "; "))
	}
	return made, err
}

// lacks says what the mapping misses in claims.
func lacks(pr *config.Provider, claims map[string]any) (missing []string, err error) {
	r, err := pr.Compiled.Apply(claims, nil)
	if err != nil {
		return nil, err
	}
	for _, m := range r.Missing {
		if m.OnMissing == mapping.Refuse || m.OnMissing == mapping.Ask {
			missing = append(missing, m.Attribute+" "+m.Reason)
		}
	}
	return missing, nil
}

// put writes a value where a rule looks for it: a claim, or a JSON pointer
// (RFC 6901) with objects and lists on its way.
func put(claims map[string]any, from string, v any) error {
	if !strings.HasPrefix(from, "/") {
		if _, there := claims[from]; !there {
			claims[from] = v
		}
		return nil
	}
	path := strings.Split(from[1:], "/")
	for i := range path {
		path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(path[i])
	}
	grown, err := grow(claims[path[0]], path[1:], v)
	if err != nil {
		return fmt.Errorf("claim %s: %w", from, err)
	}
	claims[path[0]] = grown
	return nil
}

// maxList is the longest list that is made up for a pointer into it.
const maxList = 100

// grow returns what is there with a value put at the end of a path.
func grow(there any, path []string, v any) (any, error) {
	if len(path) == 0 {
		return v, nil
	}
	if n, err := strconv.Atoi(path[0]); err == nil && n >= 0 {
		list, _ := there.([]any)
		if n > maxList {
			return nil, fmt.Errorf("%d is far into a list", n)
		}
		list = slices.Clone(list)
		for len(list) <= n {
			list = append(list, "Rehearsal")
		}
		grown, err := grow(list[n], path[1:], v)
		list[n] = grown
		return list, err
	}
	object, _ := there.(map[string]any)
	object = maps.Clone(object)
	if object == nil {
		object = map[string]any{}
	}
	grown, err := grow(object[path[0]], path[1:], v)
	object[path[0]] = grown
	return object, err
}
