package page

import (
	"strconv"
	"strings"
)

// FieldType is the type of an attribute as the schema declares it.
type FieldType int

// The types of attributes.
const (
	Text FieldType = iota
	Number
	Boolean
	DateTime
)

// FieldProblem is what is wrong with the value a person gave.
type FieldProblem string

// The problems of one field.
const (
	FieldMissing FieldProblem = "missing"
	FieldInvalid FieldProblem = "invalid" // and any other
	FieldShort   FieldProblem = "short"
	FieldLong    FieldProblem = "long"
)

// Field asks for one attribute.
type Field struct {
	Name      string // of the attribute, and of the form field: "family_name", "custom:cost_centre"
	Label     string // for custom attributes; standard ones have theirs in the catalogue
	Type      FieldType
	Value     string
	Optional  bool
	MinLength int // of text, in characters; 0: no limit
	MaxLength int
	Problem   FieldProblem
}

// Profile asks a person who came in through a provider for what the provider
// did not send.
//
// The form posts tx and one value per field, named like the attribute, to
// Action. A Boolean is "true" or absent.
type Profile struct {
	Base
	Client   string
	Provider string // name of a social provider; empty: "your company"
	Fields   []Field
	Action   string
	Tx       string
}

type profileView struct {
	Frame
	Client, Action, Tx string
	Why                []Span
	Fields             []fieldView
	Problem            *problemView
}

func (p *Profile) view(l *locale, f Frame) (string, any) {
	v := &profileView{Frame: f, Client: p.Client, Action: p.Action, Tx: p.Tx, Fields: l.fields(p.Fields)}
	v.Problem = summary(nil, v.Fields)
	key := "profile.several"
	attribute := ""
	if len(p.Fields) == 1 {
		key, attribute = "profile.one", l.attribute(p.Fields[0].Name, p.Fields[0].Label, true)
	}
	v.Why = l.sentence(key+sender(p.Provider), "provider", p.Provider, "attribute", attribute)
	return "profile", v
}

// sender picks the variant of a sentence: about a named provider or about the
// person's company.
func sender(provider string) string {
	if provider == "" {
		return ".company"
	}
	return ".provider"
}

type fieldView struct {
	ID, Name, Label, Value         string
	Type, Mode, Autocomplete       string // of the input element
	Area, Check, Optional, Checked bool
	Max, Min                       string
	Error                          []Span
}

// standard says how a standard attribute is asked for: the input type and the
// autofill detail token (HTML §4.10.18.7).
var standard = map[string]struct{ input, autocomplete string }{
	"name":               {"text", "name"},
	"given_name":         {"text", "given-name"},
	"family_name":        {"text", "family-name"},
	"middle_name":        {"text", "additional-name"},
	"nickname":           {"text", "nickname"},
	"preferred_username": {"text", "username"},
	"email":              {"email", "email"},
	"phone_number":       {"tel", "tel"},
	"birthdate":          {"date", "bday"},
	"gender":             {"text", "sex"},
	"address":            {"area", "street-address"},
	"website":            {"url", "url"},
	"profile":            {"url", "off"},
	"picture":            {"url", "photo"},
	"locale":             {"text", "language"},
	"zoneinfo":           {"text", "off"},
}

func (l *locale) fields(list []Field) []fieldView {
	views := make([]fieldView, 0, len(list))
	for _, f := range list {
		v := fieldView{
			ID: "attribute-" + strings.ReplaceAll(f.Name, ":", "-"), Name: f.Name, Value: f.Value,
			Label: l.attribute(f.Name, f.Label, false), Optional: f.Optional, Type: "text", Autocomplete: "off",
		}
		if s, ok := standard[f.Name]; ok {
			v.Type, v.Autocomplete = s.input, s.autocomplete
		}
		switch f.Type {
		case Number:
			v.Mode = "numeric"
		case Boolean:
			v.Check, v.Checked = true, f.Value == "true"
		case DateTime:
			v.Type = "datetime-local"
		}
		v.Area = v.Type == "area"
		if f.Type == Text && f.MaxLength > 0 {
			v.Max = strconv.Itoa(f.MaxLength)
		}
		if f.Type == Text && f.MinLength > 1 {
			v.Min = strconv.Itoa(f.MinLength)
		}
		v.Error = l.fieldProblem(f, v.Label)
		views = append(views, v)
	}
	return views
}

func (l *locale) fieldProblem(f Field, label string) []Span {
	switch f.Problem {
	case "":
		return nil
	case FieldMissing:
		return l.sentence("field.missing", "field", label)
	case FieldShort:
		return l.sentence("field.short", "field", label, "n", strconv.Itoa(f.MinLength))
	case FieldLong:
		return l.sentence("field.long", "field", label, "n", strconv.Itoa(f.MaxLength))
	}
	return l.sentence("field.invalid", "field", label)
}

// attribute is the name of an attribute for people: on a label, or inside a
// sentence ("your family name"). A custom one has the label its owner gave, or
// its own name made readable.
func (l *locale) attribute(name, label string, inside bool) string {
	key := "attribute." + name
	if inside {
		key = "your." + name
	}
	if _, ok := l.sentences[key]; ok && label == "" {
		return l.plain(key)
	}
	if label == "" {
		label = strings.ReplaceAll(strings.TrimPrefix(name, "custom:"), "_", " ")
	}
	return label
}

// summary gathers the problem of the page and those of its fields.
func summary(first *problemView, fields []fieldView) *problemView {
	for _, f := range fields {
		if f.Error == nil {
			continue
		}
		if first == nil {
			first = &problemView{}
		}
		first.Items = append(first.Items, problemItem{Field: f.ID, Text: f.Error})
	}
	return first
}
