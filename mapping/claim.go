package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// text turns a claim's value into the text of attribute a and checks it. An empty text without an error means that the
// value counts as absent: null, an empty or blank string. Values are what encoding/json decodes into any, with numbers
// as float64 or json.Number. The error is the end of a sentence and never quotes the value.
func (a *Attribute) text(value any) (string, error) {
	text := ""
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		if strings.TrimSpace(v) == "" {
			return "", nil
		}
		text = a.fromString(v)
	case bool:
		if a.Type != String && a.Type != Boolean {
			return "", fmt.Errorf("is a boolean, but %s is a %s", a.Name, a.Type)
		}
		text = strconv.FormatBool(v)
	case float64, json.Number:
		number, err := decimal(v)
		if err != nil {
			return "", err
		}
		text, err = a.fromNumber(number)
		if err != nil {
			return "", err
		}
	case []any, map[string]any:
		var err error
		if text, err = a.fromComposite(v); err != nil {
			return "", err
		}
	default:
		return "", fmt.Errorf("is a %T, which is no JSON value", value)
	}
	if reason := a.check(text); reason != "" {
		return "", errors.New(reason)
	}
	return text, nil
}

// fromString removes the visual separators that OpenID Connect Core §5.1 allows in a phone number (RFC 3966 §5.1.1).
func (a *Attribute) fromString(s string) string {
	if a.Name != "phone_number" || !strings.HasPrefix(s, "+") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()", r) {
			return -1
		}
		return r
	}, s)
}

// fromNumber reads a number as seconds since 1970 where a time is wanted, which is how JWT claims write times.
func (a *Attribute) fromNumber(number string) (string, error) {
	switch a.Type {
	case Boolean:
		return "", fmt.Errorf("is a number, but %s is a Boolean", a.Name)
	case DateTime:
		seconds, err := strconv.ParseInt(number, 10, 64)
		if err != nil || seconds < 0 || seconds > 253402300799 { // the last second of the year 9999
			return "", errors.New("is a number that is no time in seconds since 1970")
		}
		return time.Unix(seconds, 0).UTC().Format(time.RFC3339), nil
	}
	return number, nil
}

// fromComposite keeps lists and objects as JSON text in the address and in custom attributes of type String. In any
// other attribute they would be a person's name that looks like a program's.
func (a *Attribute) fromComposite(value any) (string, error) {
	kind, hint := "a list", "take one element with a JSON pointer that ends in /0"
	if _, ok := value.(map[string]any); ok {
		kind, hint = "an object", "take one member with a JSON pointer"
	}
	if a.Type != String || a.Name != "address" && !strings.HasPrefix(a.Name, customPrefix) {
		return "", fmt.Errorf("is %s, but %s is a single %s; %s", kind, a.Name, a.Type, hint)
	}
	text, err := appendJSON(make([]byte, 0, 128), value, 0)
	if err != nil {
		return "", err
	}
	return string(text), nil
}

// decimal writes a JSON number without an exponent.
func decimal(value any) (string, error) {
	f, isFloat := value.(float64)
	if !isFloat {
		number := string(value.(json.Number))
		if isDecimal(number) {
			return number, nil
		}
		var ok bool
		if f, ok = float(number); !ok {
			return "", errors.New("is no number that can be kept")
		}
	}
	if math.IsNaN(f) || math.Abs(f) >= 1e21 {
		return "", errors.New("is a number too large to keep")
	}
	if f == 0 {
		return "0", nil // not "-0"
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !isDecimal(text) {
		return "", errors.New("is a number with too many digits to keep")
	}
	return text, nil
}

// float parses a JSON number (RFC 8259 §6), which is less than Go's parser takes.
func float(number string) (float64, bool) {
	if !json.Valid([]byte(number)) {
		return 0, false
	}
	f, err := strconv.ParseFloat(number, 64)
	return f, err == nil
}

// appendJSON writes a value as compact JSON with sorted members, and gives up as soon as the text is too long for an
// attribute, however large the value is. Strings inside are held to the same rules as attributes (A95).
func appendJSON(dst []byte, value any, depth int) ([]byte, error) {
	if len(dst) > maxValueBytes || depth > maxPathSteps {
		return nil, fmt.Errorf("is JSON of more than %d bytes or %d levels", maxValueBytes, maxPathSteps)
	}
	var err error
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return appendString(dst, v)
	case float64, json.Number:
		number, err := decimal(v)
		return append(dst, number...), err
	case []any:
		dst = append(dst, '[')
		for i, element := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendJSON(dst, element, depth+1); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case map[string]any:
		if len(v) > maxValueBytes/4 { // a member takes at least `"":0`; do not sort what cannot fit
			return nil, fmt.Errorf("is an object of %d members", len(v))
		}
		dst = append(dst, '{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendString(dst, name); err != nil {
				return nil, err
			}
			if dst, err = appendJSON(append(dst, ':'), v[name], depth+1); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	}
	return nil, fmt.Errorf("holds a %T, which is no JSON value", value)
}

// appendString quotes a string that holds no control characters but line breaks, so four escapes are enough.
func appendString(dst []byte, s string) ([]byte, error) {
	if len(s) > maxValueBytes {
		return nil, fmt.Errorf("holds a string of %d bytes", len(s))
	}
	if reason := textProblem(s, true); reason != "" {
		return nil, errors.New(reason)
	}
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"'), nil
}
