package mapping

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// check says what is wrong with a value of this attribute, as the end of a sentence that begins with the attribute's
// name, or returns "". It never quotes the value: reasons go to logs.
func (a Attribute) check(value string) string {
	if value == "" {
		if a.Required {
			return "is required and cannot be empty"
		}
		return ""
	}
	if len(value) > maxValueBytes {
		return fmt.Sprintf("has %d bytes; at most %d are allowed", len(value), maxValueBytes)
	}
	if reason := textProblem(value, a.Name == "address"); reason != "" {
		return reason
	}
	switch a.Type {
	case Boolean:
		if value != "true" && value != "false" {
			return "is not true or false, as a Boolean must be"
		}
		return ""
	case Number:
		if !isDecimal(value) {
			return "is not a decimal number, for example 12 or -0.5"
		}
		if a.Name == "updated_at" && value[0] == '-' {
			return "is negative, but it is a time in seconds since 1970"
		}
		return ""
	case DateTime:
		if _, err := time.Parse(time.RFC3339Nano, value); err != nil {
			return "is not an RFC 3339 time, for example 2026-11-20T09:14:03Z"
		}
		return ""
	}
	if reason := a.formProblem(value); reason != "" {
		return reason
	}
	return a.lengthProblem(value)
}

// lengthProblem counts characters only where bytes leave a doubt.
func (a Attribute) lengthProblem(value string) string {
	if len(value) <= a.MaxLength && a.MinLength <= 1 {
		return ""
	}
	n := utf8.RuneCountInString(value)
	switch {
	case n > a.MaxLength:
		return fmt.Sprintf("has %d characters; at most %d are allowed", n, a.MaxLength)
	case n < a.MinLength:
		return fmt.Sprintf("has %d characters; at least %d are needed", n, a.MinLength)
	}
	return ""
}

// formProblem holds the forms that Cognito and OpenID Connect Core §5.1 demand of single attributes.
func (a Attribute) formProblem(value string) string {
	switch a.Name {
	case "birthdate":
		if !isBirthdate(value) {
			return "is not a date in the form YYYY-MM-DD; the year may be 0000"
		}
	case "phone_number":
		if !isPhone(value) {
			return "is not a plus sign and 1 to 15 digits (E.164), for example +41445550100"
		}
	case "email":
		if !isEmail(value) {
			return "is not one e-mail address, for example ana@example.test"
		}
	}
	return ""
}

// textProblem refuses what misleads people, logs and other parsers (A95): invalid UTF-8, control characters, line
// separators, and characters that override or isolate the direction of text. Marks that writing systems need
// (joiners, left-to-right and right-to-left marks) pass. OpenID Connect Core §5.1.1 allows line breaks in an address.
func textProblem(value string, lines bool) string {
	for i := 0; i < len(value); {
		c := value[i]
		if c >= 0x20 && c < 0x7f || lines && (c == '\n' || c == '\r') {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(value[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return "is not valid UTF-8"
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return fmt.Sprintf("holds the control character U+%04X", r)
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return fmt.Sprintf("holds U+%04X, which changes the direction of the text around it", r)
		}
		i += size
	}
	return ""
}

// isDecimal accepts -?digits(.digits)? of at most 64 bytes.
func isDecimal(s string) bool {
	if len(s) > 64 {
		return false
	}
	whole, fraction, dot := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return isDigits(whole) && (!dot || isDigits(fraction))
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isBirthdate accepts a calendar date; year 0000 means that the year is withheld (OpenID Connect Core §5.1), and then
// 29 February is a date, as it is in the proleptic year 0.
func isBirthdate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && len(s) == birthdateLength
}

func isPhone(s string) bool {
	digits, plus := strings.CutPrefix(s, "+")
	return plus && len(digits) <= 15 && isDigits(digits)
}

// isEmail accepts one address without a display name. A second @ is legal when quoted but unknown in practice, and
// makes two programs see two domains; invisible characters make two addresses look like one (A78).
func isEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && len(s) <= 320 && !strings.ContainsFunc(s, notEmail) &&
		!strings.Contains(domain, "@") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".")
}

func notEmail(r rune) bool {
	return strings.ContainsRune("<>,;\"\\", r) || unicode.IsSpace(r) || r > unicode.MaxASCII && unicode.Is(unicode.Cf, r)
}
