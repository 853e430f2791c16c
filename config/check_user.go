package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/isthmus-hub/isthmus/mapping"
)

const (
	maxUsername = 128 // characters
	maxPassword = 256 // bytes of UTF-8
)

func (r *reader) user(p *Pool, u *User, path string, names *unique) {
	if u.Username != "" && (utf8.RuneCountInString(u.Username) > maxUsername || strings.ContainsFunc(u.Username, func(c rune) bool {
		return unicode.IsSpace(c) || !unicode.IsPrint(c)
	})) {
		r.problem(path+".username", quote(u.Username)+" is not a user name", "128 characters at most, and no spaces")
	}
	names.add("user", u.Username, path+".username", true)
	permanent, temporary := r.has(path+".password"), r.has(path+".temporary_password")
	switch {
	case permanent && temporary:
		r.problem(path+".temporary_password", "stands beside a password", "keep one: with password the user is ready, with temporary_password a new one is asked for at the first sign-in")
	case !permanent && !temporary && r.absent(path, "password") && r.absent(path, "temporary_password"):
		r.missing(path, "the user has no password", "give one of password and temporary_password, for example  temporary_password: {env: FIRST_PASSWORD}")
	}
	r.password(p.PasswordPolicy, u.Password, path+".password")
	r.password(p.PasswordPolicy, u.TemporaryPassword, path+".temporary_password")
	r.userAttributes(p, u, path)
}

// password checks a password against the policy and says what it lacks, never what it is.
func (r *reader) password(policy PasswordPolicy, s Secret, path string) {
	text := s.Reveal()
	if text == "" {
		return
	}
	if lacks := policy.lacks(text); len(lacks) > 0 {
		r.problem(path, "the password does not fit the pool's policy", "it needs "+and(lacks))
	}
}

// lacks lists what a password does not have, in words.
func (p PasswordPolicy) lacks(text string) []string {
	var list []string
	need := func(wanted, ok bool, what string) {
		if wanted && !ok {
			list = append(list, what)
		}
	}
	need(true, utf8.RuneCountInString(text) >= p.MinimumLength, fmt.Sprintf("at least %d characters", p.MinimumLength))
	need(true, len(text) <= maxPassword, fmt.Sprintf("at most %d bytes", maxPassword))
	need(true, utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl), "no control characters")
	need(p.RequireUppercase, strings.ContainsFunc(text, unicode.IsUpper), "an upper-case letter")
	need(p.RequireLowercase, strings.ContainsFunc(text, unicode.IsLower), "a lower-case letter")
	need(p.RequireNumbers, strings.ContainsFunc(text, unicode.IsDigit), "a number")
	need(p.RequireSymbols, strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }), "a symbol or a space")
	return list
}

func (r *reader) userAttributes(p *Pool, u *User, path string) {
	if p.Schema == nil {
		return
	}
	at := path + ".attributes"
	if err := p.Schema.Check(mapping.Attributes(u.Attributes)); err != nil {
		for _, problem := range mappingProblems(err) {
			what, remedy, _ := strings.Cut(problem.Message, "; ")
			r.atKey(join(at, problem.Attribute), what, remedy)
		}
	}
	var lack []string
	for _, name := range p.Schema.Required() {
		if u.Attributes[name] == "" && !r.reported[join(at, name)] && !slices.Contains([]string{"email_verified", "phone_number_verified"}, name) {
			lack = append(lack, quote(name))
		}
	}
	if len(lack) > 0 && !r.reported[at] {
		r.missing(at, "the user lacks what the pool requires: "+and(lack), "every user has a value for each required attribute")
	}
}
