package strictjson

import (
	"encoding/json"
	"reflect"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNumber bounds the text of one number: long enough for any float64 written in full by a sane encoder.
const maxNumber = 128

// scanner walks the text once, checks it and builds the value. Recursion is bounded by MaxDepth.
type scanner struct {
	data   []byte
	pos    int
	values int
}

func (s *scanner) fail(reason string) error { return &Error{Offset: s.pos, Reason: reason} }

func (s *scanner) document(t reflect.Type) (any, error) {
	if !utf8.Valid(s.data) {
		return nil, s.fail("text is not UTF-8")
	}
	v, err := s.value(0, t)
	if err != nil {
		return nil, err
	}
	s.space()
	if s.pos != len(s.data) {
		return nil, s.fail("data after the value")
	}
	return v, nil
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the byte at hand, or 0 at the end; a literal NUL is no JSON anywhere, so the two need no telling apart.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// value reads one value; t is the type it will be decoded into, or nil where any member name goes.
func (s *scanner) value(depth int, t reflect.Type) (any, error) {
	if s.values++; s.values > MaxValues {
		return nil, s.fail("too many values")
	}
	s.space()
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth+1, t)
	case c == '[':
		return s.array(depth+1, t)
	case c == '"':
		return s.string()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return true, s.word("true")
	case c == 'f':
		return false, s.word("false")
	case c == 'n':
		return nil, s.word("null")
	}
	return nil, s.fail("no value")
}

func (s *scanner) word(w string) error {
	if len(s.data)-s.pos < len(w) || string(s.data[s.pos:s.pos+len(w)]) != w {
		return s.fail("no value")
	}
	s.pos += len(w)
	return nil
}

func (s *scanner) object(depth int, t reflect.Type) (any, error) {
	if depth > MaxDepth {
		return nil, s.fail("nested too deeply")
	}
	fields := fieldsOf(t)
	m := make(map[string]any)
	s.pos++
	s.space()
	if s.peek() == '}' {
		s.pos++
		return m, nil
	}
	for {
		s.space()
		start := s.pos
		if s.peek() != '"' {
			return nil, s.fail("no member name")
		}
		name, err := s.string()
		if err != nil {
			return nil, err
		}
		if _, twice := m[name]; twice {
			return nil, &Error{Offset: start, Reason: "member " + quote(name) + " twice"}
		}
		element, lookalike := fields.element(name)
		if lookalike {
			return nil, &Error{Offset: start, Reason: "member " + quote(name) + " in the wrong case"}
		}
		s.space()
		if s.peek() != ':' {
			return nil, s.fail("no colon")
		}
		s.pos++
		if m[name], err = s.value(depth, element); err != nil {
			return nil, err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			return m, nil
		default:
			return nil, s.fail("no comma or end of object")
		}
	}
}

func (s *scanner) array(depth int, t reflect.Type) (any, error) {
	if depth > MaxDepth {
		return nil, s.fail("nested too deeply")
	}
	element := elementOf(t)
	list := []any{}
	s.pos++
	s.space()
	if s.peek() == ']' {
		s.pos++
		return list, nil
	}
	for {
		v, err := s.value(depth, element)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return list, nil
		default:
			return nil, s.fail("no comma or end of array")
		}
	}
}

// number reads by the grammar of RFC 8259 §6.
func (s *scanner) number() (any, error) {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return nil, s.fail("no digit")
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return nil, s.fail("no digit")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return nil, s.fail("no digit")
		}
	}
	if s.pos-start > maxNumber {
		return nil, &Error{Offset: start, Reason: "number too long"}
	}
	text := string(s.data[start:s.pos])
	if len(text) > 15 || s.pos-start > 3 && hasExponent(text) {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return nil, &Error{Offset: start, Reason: "number out of range"}
		}
	}
	return json.Number(text), nil
}

func hasExponent(text string) bool {
	for i := range len(text) {
		if text[i]|0x20 == 'e' {
			return true
		}
	}
	return false
}

func (s *scanner) digits() bool {
	start := s.pos
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos > start
}

func (s *scanner) string() (string, error) {
	s.pos++
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			text := string(s.data[start:s.pos])
			s.pos++
			return text, nil
		case c == '\\':
			return s.escaped(start)
		case c < 0x20:
			return "", s.fail("control character in a string")
		}
		s.pos++
	}
	return "", s.fail("string without end")
}

// escaped goes on with a string that has an escape at s.pos; start is its first byte.
func (s *scanner) escaped(start int) (string, error) {
	text := append(make([]byte, 0, s.pos-start+32), s.data[start:s.pos]...)
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		switch {
		case c == '"':
			s.pos++
			return string(text), nil
		case c < 0x20:
			return "", s.fail("control character in a string")
		case c != '\\':
			text = append(text, c)
			s.pos++
			continue
		}
		s.pos++
		switch c := s.peek(); c {
		case '"', '\\', '/':
			text = append(text, c)
		case 'b':
			text = append(text, '\b')
		case 'f':
			text = append(text, '\f')
		case 'n':
			text = append(text, '\n')
		case 'r':
			text = append(text, '\r')
		case 't':
			text = append(text, '\t')
		case 'u':
			r, err := s.codepoint()
			if err != nil {
				return "", err
			}
			text = utf8.AppendRune(text, r)
			continue
		default:
			return "", s.fail("unknown escape")
		}
		s.pos++
	}
	return "", s.fail("string without end")
}

// codepoint reads uXXXX at s.pos, and the low half of a surrogate pair behind it. A half alone is refused: parsers
// differ in what they make of it.
func (s *scanner) codepoint() (rune, error) {
	high, ok := s.hex()
	if !ok {
		return 0, s.fail("bad \\u escape")
	}
	if !utf16.IsSurrogate(high) {
		return high, nil
	}
	if s.peek() == '\\' {
		s.pos++
		if low, ok := s.hex(); ok {
			if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
				return r, nil
			}
		}
	}
	return 0, s.fail("lone surrogate")
}

func (s *scanner) hex() (rune, bool) {
	if len(s.data)-s.pos < 5 || s.data[s.pos] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s.data[s.pos+1 : s.pos+5] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.pos += 5
	return r, true
}

// quote prints a member's name for an error: cut, and with everything unprintable escaped.
func quote(name string) string {
	if len(name) > 40 {
		name = name[:40]
	}
	return strconv.QuoteToASCII(name)
}
