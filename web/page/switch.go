package page

// Switch asks which of two people goes on: the one signed in on this browser,
// or the one who just signed in or whom the app asked for.
//
// The form posts tx and choice: "continue" for the person signed in, "other"
// for the other one.
type Switch struct {
	Base
	Client  string
	Current Account // signed in on this browser
	Other   Account // the other one
	Action  string
	Tx      string
}

type switchView struct {
	Frame
	Client, Action, Tx string
	Current, Other     *accountView
}

func (p *Switch) view(_ *locale, f Frame) (string, any) {
	return "switch", &switchView{
		Frame: f, Client: p.Client, Action: p.Action, Tx: p.Tx, Current: p.Current.view(), Other: p.Other.view(),
	}
}
