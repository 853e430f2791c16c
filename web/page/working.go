package page

// Hidden is a hidden field of a form.
type Hidden struct{ Name, Value string }

// Working carries a person from one address to the next when a redirect cannot:
// a form_post answer to the app (OAuth 2.0 Form Post Response Mode §2), or a
// form_post callback turned into a request of our own. The script sends the
// form at once; without script there is the button.
//
// Action must be an http or https address, or a path on the hub. The handler
// allows its origin in form-action of the Content-Security-Policy.
type Working struct {
	Base
	Client string // name of the app the person goes to; empty: the sign-in goes on here
	Method string // "get" or "post"; empty: post
	Action string
	Fields []Hidden
}

type workingView struct {
	Frame
	Client, Method, Action string
	Fields                 []Hidden
}

func (p *Working) view(_ *locale, f Frame) (string, any) {
	v := &workingView{Frame: f, Client: p.Client, Method: "post", Action: p.Action, Fields: p.Fields}
	if p.Method == "get" {
		v.Method = "get"
	}
	return "working", v
}
