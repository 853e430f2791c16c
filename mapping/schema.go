package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Schema is the set of attributes the users of one pool can have. It does not change after [NewSchema] and may be used
// by many goroutines.
type Schema struct {
	attributes []Attribute
	index      map[string]int
	required   []string
}

// NewSchema returns the schema of a pool: Cognito's standard attributes and the custom ones. required names the
// attributes every user must have. An entry of custom is named custom:name or just name; one that bears the name of a
// standard attribute restricts that attribute instead (Required, Immutable, lengths), as in Cognito's schema array. An
// empty Type means String.
//
// The error, if any, is [Problems].
func NewSchema(required []string, custom []Attribute) (*Schema, error) {
	s := &Schema{attributes: slices.Clone(standard), index: make(map[string]int, len(standard)+len(custom))}
	for i, a := range s.attributes {
		s.index[a.Name] = i
	}
	var problems Problems
	seen := make(map[string]bool, len(custom))
	for _, a := range custom {
		written := a.Name
		if !isStandard(a.Name) && !strings.HasPrefix(a.Name, customPrefix) {
			a.Name = customPrefix + a.Name
		}
		if seen[a.Name] {
			problems.add(written, fmt.Sprintf("attribute %q is declared twice; keep one declaration", a.Name))
			continue
		}
		seen[a.Name] = true
		message := ""
		if isStandard(a.Name) {
			message = s.restrict(a)
		} else {
			message = s.declare(written, a)
		}
		if message != "" {
			problems.add(written, message)
		}
	}
	if n := len(s.attributes) - len(standard); n > maxCustom {
		problems.add("", fmt.Sprintf("%d custom attributes are declared; a pool has at most %d", n, maxCustom))
	}
	for _, name := range required {
		i, ok := s.index[name]
		switch {
		case name == subjectAttribute: // every user has one
		case !ok:
			problems.add(name, s.unknown(fmt.Sprintf("required attribute %q", cut(name)), name))
		default:
			s.attributes[i].Required = true
		}
	}
	for _, a := range s.attributes {
		if a.Required {
			s.required = append(s.required, a.Name)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return s, nil
}

// declare adds a custom attribute, or says what is wrong with it.
func (s *Schema) declare(written string, a Attribute) string {
	name := strings.TrimPrefix(a.Name, customPrefix)
	switch {
	case written == subjectAttribute || written == "identities" || written == "username":
		return fmt.Sprintf("attribute %q is built in and cannot be declared", written)
	case name == "" || len(name) > maxCustomName || strings.ContainsFunc(name, notCustomName):
		return fmt.Sprintf("custom attribute %q: a name is 1 to %d letters, digits, or the characters . _ -", written, maxCustomName)
	}
	if a.Type == "" {
		a.Type = String
	}
	if !slices.Contains([]Type{String, Number, Boolean, DateTime}, a.Type) {
		return fmt.Sprintf("custom attribute %q has the type %q; the types are String, Number, Boolean and DateTime", written, a.Type)
	}
	if a.MaxLength == 0 && a.Type == String {
		a.MaxLength = maxValueBytes
	}
	if message := lengthProblem(a); message != "" {
		return fmt.Sprintf("custom attribute %q: %s", written, message)
	}
	s.index[a.Name] = len(s.attributes)
	s.attributes = append(s.attributes, a)
	return ""
}

// restrict narrows a standard attribute, or says what is wrong with the declaration.
func (s *Schema) restrict(a Attribute) string {
	base := &s.attributes[s.index[a.Name]]
	if a.Type != "" && a.Type != base.Type {
		return fmt.Sprintf("standard attribute %q has the type %s, not %q; leave the type out", a.Name, base.Type, a.Type)
	}
	a.Type = base.Type
	if a.Immutable && (a.Name == emailVerified || a.Name == phoneVerified) {
		return fmt.Sprintf("attribute %q cannot be immutable: it follows the address it stands beside", a.Name)
	}
	if a.MaxLength == 0 {
		a.MaxLength = base.MaxLength
	}
	a.MinLength = max(a.MinLength, base.MinLength)
	if message := lengthProblem(a); message != "" {
		return fmt.Sprintf("standard attribute %q: %s", a.Name, message)
	}
	a.MaxLength = min(a.MaxLength, base.MaxLength)
	*base = a
	return ""
}

func lengthProblem(a Attribute) string {
	switch {
	case a.Type != String && (a.MinLength != 0 || a.MaxLength != 0):
		return fmt.Sprintf("lengths are for the type String, not %s; leave them out", a.Type)
	case a.MinLength < 0 || a.MaxLength < 0 || a.MaxLength > maxValueBytes || a.MinLength > a.MaxLength:
		return fmt.Sprintf("lengths %d to %d are not a range within 0 to %d", a.MinLength, a.MaxLength, maxValueBytes)
	}
	return ""
}

func notCustomName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
}

// Attribute returns the row of the attribute with this full name (custom:dept, not dept). sub is no row: it is built in
// and nothing writes it.
func (s *Schema) Attribute(name string) (Attribute, bool) {
	i, ok := s.index[name]
	if !ok {
		return Attribute{}, false
	}
	return s.attributes[i], true
}

// Attributes returns all rows in the order a form or a listing shows them: the standard attributes, then the custom
// ones as they were declared.
func (s *Schema) Attributes() []Attribute { return slices.Clone(s.attributes) }

// Required returns the names of the attributes every user must have, in the order of [Schema.Attributes].
func (s *Schema) Required() []string { return slices.Clone(s.required) }

// Check examines attributes that somebody wants to write and returns every problem at once, as [Problems]: a name
// outside the schema, a value of the wrong type or form, too short or too long, invalid UTF-8, control or bidirectional
// override characters, more than 200 attributes. An empty value clears an attribute and is a problem only for a
// required one. Absent attributes are no problem: Check is for changes too, see [Schema.Required] for the rest.
func (s *Schema) Check(attributes Attributes) error {
	if n := len(attributes); n > maxAttributes {
		return Problems{{Message: fmt.Sprintf("%d attributes; a user has at most %d", n, maxAttributes)}}
	}
	var problems Problems
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a, ok := s.Attribute(name)
		if !ok {
			problems.add(name, s.unknown(fmt.Sprintf("attribute %q", cut(name)), name))
			continue
		}
		if reason := a.check(attributes[name]); reason != "" {
			problems.add(name, fmt.Sprintf("attribute %q %s", name, reason))
		}
	}
	return problems.err()
}

// unknown explains why a name is not in the schema; what describes the place where it was written.
func (s *Schema) unknown(what, name string) string {
	if meant := s.meant(name); meant != "" {
		return fmt.Sprintf("%s is not in the schema; did you mean %q?", what, meant)
	}
	switch {
	case name == subjectAttribute:
		return what + " is built in: the hub makes it once per user and nothing can write it"
	case name == "username":
		return what + " is made from the provider's name and its sub; for a readable name use preferred_username"
	case isReserved(name):
		return fmt.Sprintf("%s is protected: only the hub gives it a meaning; to keep what a provider sends, declare a custom attribute such as %q",
			what, customPrefix+customExample(name))
	}
	if strings.HasPrefix(name, customPrefix) {
		return what + " is not declared; declare it among the pool's custom attributes"
	}
	return fmt.Sprintf("%s is not in the schema; it is neither a standard attribute nor declared as %q", what, customPrefix+customExample(name))
}

// meant guesses which attribute a name outside the schema stands for; "" if none.
func (s *Schema) meant(name string) string {
	if _, ok := s.index[customPrefix+name]; ok {
		return customPrefix + name
	}
	if name == subjectAttribute || name == "username" || isReserved(name) {
		return ""
	}
	return nearest(name, s.names())
}

func (s *Schema) names() []string {
	names := make([]string, len(s.attributes))
	for i, a := range s.attributes {
		names[i] = a.Name
	}
	return names
}

// customExample turns a refused name into one that a custom attribute may have.
func customExample(name string) string {
	name = name[strings.LastIndexAny(name, ":/")+1:]
	name = strings.Map(func(r rune) rune {
		if notCustomName(r) {
			return -1
		}
		return r
	}, name)
	if name == "" {
		return "dept"
	}
	return name[:min(len(name), maxCustomName)]
}
