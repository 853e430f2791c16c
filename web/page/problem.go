package page

// Problem is why a form came back. Each is a sentence of the catalogue and
// belongs to one field.
type Problem string

// The problems of the forms. That a user name does not exist is not among
// them: it looks like a wrong password (row A140).
const (
	WrongPassword   Problem = "wrong-password"   // user name and password do not go together
	UsernameMissing Problem = "username-missing" // nothing typed
	PasswordMissing Problem = "password-missing"
	AddressMissing  Problem = "address-missing" // StepAddress: nothing typed
	AddressInvalid  Problem = "address-invalid" // StepAddress: not an e-mail address
	PasswordRules   Problem = "password-rules"  // the new password breaks a rule of the list
	PasswordSame    Problem = "password-same"   // the new password is the temporary one, or an earlier one
	PasswordCommon  Problem = "password-common" // the new password is in a list of stolen ones
	WrongCode       Problem = "wrong-code"
	CodeExpired     Problem = "code-expired"
	WrongDeviceCode Problem = "wrong-device-code" // no device waits with it

	WrongJoinPassword Problem = "wrong-join-password" // Join: not that account's
	OtherAccount      Problem = "other-account"       // Join: what was proven is another account
)

// fieldOf is the id of the field a problem belongs to.
var fieldOf = map[Problem]string{
	WrongPassword:   FieldPassword,
	UsernameMissing: FieldUsername,
	PasswordMissing: FieldPassword,
	AddressMissing:  FieldUsername,
	AddressInvalid:  FieldUsername,
	PasswordRules:   FieldNewPassword,
	PasswordSame:    FieldNewPassword,
	PasswordCommon:  FieldNewPassword,
	WrongCode:       FieldCode,
	CodeExpired:     FieldCode,
	WrongDeviceCode: FieldUserCode,

	WrongJoinPassword: FieldPassword,
	OtherAccount:      "ways",
}

// problemView is the error summary: sentences that lead to their fields.
type problemView struct {
	Items []problemItem
}

type problemItem struct {
	Field string // id of the field
	Text  []Span
}

func (l *locale) problem(p Problem) *problemView {
	if p == "" {
		return nil
	}
	return &problemView{Items: []problemItem{{Field: fieldOf[p], Text: l.sentence("problem." + string(p))}}}
}
