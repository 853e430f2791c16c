package page

// FieldUserCode is the form field of the code that a device shows.
const FieldUserCode = "user_code"

// Device asks for the code that a device without a browser shows; then, when
// Client is known, whether that device may act for the person; and says in the
// end what was decided.
//
// Without Client the form sends user_code to Action by GET. With it the form
// posts user_code and choice: "continue" to allow, "other" to refuse.
type Device struct {
	Base
	Client          string
	Account         *Account
	UserCode        string
	Address         string // where the device asked from
	Action          string
	Problem         Problem
	Allowed, Denied bool
}

type deviceView struct {
	Frame
	Client, UserCode, Address, Action string
	Account                           *accountView
	Problem                           *problemView
	Allowed, Denied                   bool
}

func (p *Device) view(l *locale, f Frame) (string, any) {
	v := &deviceView{
		Frame: f, Client: p.Client, UserCode: p.UserCode, Address: p.Address, Action: p.Action,
		Problem: l.problem(p.Problem), Allowed: p.Allowed, Denied: p.Denied,
	}
	if p.Account != nil {
		v.Account = p.Account.view()
	}
	return "device", v
}
