package hub

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds on every password, before any policy: they keep hashing cheap to bound
// and refuse what no person types (bytes of UTF-8).
const (
	PasswordMin = 6
	PasswordMax = 256
)

// PasswordPolicy is what a new password must satisfy. Its zero value asks only
// for PasswordMin characters.
type PasswordPolicy struct {
	MinimumLength int
	Upper, Lower  bool
	Number        bool
	Symbol        bool
	TemporaryLife time.Duration // how long a temporary password may be used
}

// PasswordRule is one rule of a policy with the verdict on a password.
type PasswordRule struct {
	Name string // length, upper, lower, number, symbol
	Min  int    // of length
	OK   bool
}

// Judge lists the policy's rules, in a fixed order, each with its verdict.
func (p PasswordPolicy) Judge(password string) []PasswordRule {
	minimum := max(p.MinimumLength, PasswordMin)
	rules := []PasswordRule{{
		Name: "length", Min: minimum,
		OK: utf8.RuneCountInString(password) >= minimum && len(password) <= PasswordMax && utf8.ValidString(password),
	}}
	add := func(wanted bool, name string, is func(rune) bool) {
		if wanted {
			rules = append(rules, PasswordRule{Name: name, OK: has(password, is)})
		}
	}
	add(p.Upper, "upper", unicode.IsUpper)
	add(p.Lower, "lower", unicode.IsLower)
	add(p.Number, "number", unicode.IsDigit)
	add(p.Symbol, "symbol", func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return rules
}

// Accepts tells whether a password satisfies every rule.
func (p PasswordPolicy) Accepts(password string) bool {
	for _, r := range p.Judge(password) {
		if !r.OK {
			return false
		}
	}
	return true
}

func (r PasswordRule) String() string {
	if r.Name == "length" {
		return "at least " + strconv.Itoa(r.Min) + " characters"
	}
	return map[string]string{
		"upper": "an upper-case letter", "lower": "a lower-case letter", "number": "a number", "symbol": "a symbol or a space",
	}[r.Name]
}

func has(s string, is func(rune) bool) bool {
	for _, r := range s {
		if is(r) {
			return true
		}
	}
	return false
}
