package page

import "slices"

// Step is how much of the sign-in form is asked for at once.
type Step int

// The steps of the sign-in page.
const (
	// StepNone offers the providers only.
	StepNone Step = iota
	// StepBoth asks for user name and password together.
	StepBoth
	// StepAddress asks for the e-mail address first, to see which provider its
	// domain belongs to.
	StepAddress
	// StepPassword asks for the password of an address already given.
	StepPassword
)

// Identifier is what people type to say who they are.
type Identifier int

// The kinds of identifiers.
const (
	UserName Identifier = iota
	EmailAddress
	UserNameOrEmail
)

// Login is the page where a person chooses how to sign in.
//
// The form posts tx, username and password to Action; at StepAddress it has no
// password. With an Account it posts tx and choice, which is "continue" or
// "other", and offers nothing else.
type Login struct {
	Base
	// Client is the name of the app; empty leaves the sentence out.
	Client string
	// Account is the person already signed in on this browser, if any.
	Account *Account
	// Providers are the ways in other than the form, in the client's order.
	Providers []Provider

	Step       Step
	Identifier Identifier
	Action     string
	Tx         string // names the interaction
	Username   string // filled in beforehand: a login hint or what was typed
	Change     string // StepPassword: address of the page that asks for another address
	Problem    Problem
	Leave      bool // offers to turn back to the app
}

// Names of the form fields of these pages.
const (
	FieldTx          = "tx"
	FieldUsername    = "username"
	FieldPassword    = "password"
	FieldNewPassword = "new_password"
	FieldCode        = "code"
	FieldChoice      = "choice"
)

// Values of FieldChoice.
const (
	ChoiceContinue = "continue" // go on as the account shown, or do what is asked
	ChoiceOther    = "other"    // use another account, or do not
	ChoiceResend   = "resend"   // send the code again
	ChoiceCancel   = "cancel"   // turn back to the app
)

type loginView struct {
	Frame
	Client                            string
	Account                           *accountView
	Shown, More                       []providerView
	Form, Password, Address           bool // which parts of the form there are
	Label, Type, Action, Tx, Username string
	Change                            string
	Focus                             bool // the first field takes the focus: nothing stands before it
	Primary                           bool // the form's button is filled: no provider's is
	First                             bool // the form stands before the providers
	BadUsername, BadPassword          bool
	Leave                             bool
	Problem                           *problemView
}

func (p *Login) view(l *locale, f Frame) (string, any) {
	v := &loginView{
		Frame: f, Client: p.Client, Action: p.Action, Tx: p.Tx, Username: p.Username, Change: p.Change,
		Form: p.Step != StepNone, Password: p.Step == StepBoth || p.Step == StepPassword, Address: p.Step == StepAddress,
		BadUsername: fieldOf[p.Problem] == FieldUsername || p.Problem == WrongPassword,
		BadPassword: fieldOf[p.Problem] == FieldPassword,
		Problem:     l.problem(p.Problem),
		Leave:       p.Leave && p.Client != "",
	}
	if p.Account != nil {
		v.Account = p.Account.view()
		return "account", v
	}
	v.Label, v.Type = l.identifier(p.Identifier)
	if p.Step == StepPassword {
		return "password", v
	}
	// Among more than can be shown people do not look for their company: the address knows it.
	v.First = v.Address && len(p.Providers) > visibleProviders
	v.Shown, v.More = l.arrange(p.Providers, !v.First)
	v.Primary = !slices.ContainsFunc(v.Shown, func(p providerView) bool { return p.Filled })
	v.Focus = (v.First || len(p.Providers) == 0) && p.Problem == ""
	return "login", v
}

// identifier is the label and the input type for a kind of identifier. The type
// is e-mail only where nothing else is accepted, because browsers refuse the rest.
func (l *locale) identifier(i Identifier) (label, input string) {
	switch i {
	case EmailAddress:
		return l.plain("field.email"), "email"
	case UserNameOrEmail:
		return l.plain("field.username-or-email"), "text"
	}
	return l.plain("field.username"), "text"
}
