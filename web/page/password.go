package page

import (
	"cmp"
	"strconv"
)

// PasswordReason is why a new password is asked for.
type PasswordReason string

// The reasons for a new password.
const (
	TemporaryPassword PasswordReason = "temporary" // an administrator set it; it works once
	PasswordExpired   PasswordReason = "expired"
	PasswordReset     PasswordReason = "reset" // an administrator asked for a new one
)

// PasswordRule is a kind of rule that a password must keep.
type PasswordRule string

// The rules the pages know how to say and to tick while typing.
const (
	RuleLength PasswordRule = "length" // at least Min characters
	RuleLower  PasswordRule = "lower"  // a lower-case letter
	RuleUpper  PasswordRule = "upper"  // an upper-case letter
	RuleDigit  PasswordRule = "digit"
	RuleSymbol PasswordRule = "symbol" // one of Cognito's symbols, or a space inside
)

// Rule is one line of the list of password rules.
type Rule struct {
	Rule   PasswordRule
	Min    int  // for RuleLength: characters
	Broken bool // the password that was sent does not keep it
}

// NewPassword asks a person who signed in with a password that must be changed
// for a new one, and for required attributes that are missing.
//
// The form posts tx, username, new_password and the fields to Action.
type NewPassword struct {
	Base
	Client   string
	Reason   PasswordReason // empty: TemporaryPassword
	Username string         // shown, and sent along so that a password manager knows whose password it is
	Rules    []Rule
	Fields   []Field // required attributes without a value
	Action   string
	Tx       string
	Problem  Problem
}

type newPasswordView struct {
	Frame
	Client, Username, Action, Tx string
	Why                          []Span
	Rules                        []ruleView
	Fields                       []fieldView
	BadPassword                  bool
	Problem                      *problemView
}

type ruleView struct {
	Rule, Min, Text string
	Broken          bool
}

func (p *NewPassword) view(l *locale, f Frame) (string, any) {
	v := &newPasswordView{
		Frame: f, Client: p.Client, Username: p.Username, Action: p.Action, Tx: p.Tx,
		Why:    l.sentence("new-password." + string(cmp.Or(p.Reason, TemporaryPassword))),
		Fields: l.fields(p.Fields), BadPassword: p.Problem != "",
	}
	v.Problem = summary(l.problem(p.Problem), v.Fields)
	for _, r := range p.Rules {
		v.Rules = append(v.Rules, ruleView{
			Rule: string(r.Rule), Min: strconv.Itoa(r.Min), Broken: r.Broken,
			Text: l.plain("rule."+string(r.Rule), "n", strconv.Itoa(r.Min)),
		})
	}
	return "newpassword", v
}
