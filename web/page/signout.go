package page

// SignedOut says that the person is signed out, and of what.
type SignedOut struct {
	Base
	// From are the names of the apps the sign-out reached.
	From []string
	// Unreached are apps that could not be told; they may still be open.
	Unreached []string
	// Still tells that the person remains signed in at the provider. Provider is
	// the name of a social one; empty: "your company".
	Still    bool
	Provider string
	// Return is the address back to the app, and Client its name. Return must be
	// an http or https address; any other is not shown.
	Return, Client string
	// SignIn is the address that starts again; empty: none.
	SignIn string
}

type signedOutView struct {
	Frame
	One                    string // the only app, said in a sentence
	From, Unreached        []string
	Still                  []Span
	Return, Client, SignIn string
}

func (p *SignedOut) view(l *locale, f Frame) (string, any) {
	v := &signedOutView{Frame: f, From: p.From, Unreached: p.Unreached, Client: p.Client, SignIn: p.SignIn}
	if len(p.From) == 1 {
		v.One = p.From[0]
	}
	if p.Still {
		v.Still = l.sentence("signedout.still"+sender(p.Provider), "provider", p.Provider)
	}
	if checkLink(p.Return) == nil {
		v.Return = p.Return
	}
	return "signedout", v
}

// SignOutConfirm asks whether to sign out, when nothing proves that the person
// wanted it (OIDC RP-Initiated Logout §2).
//
// The form posts tx and choice: "continue" to sign out, "other" to stay.
type SignOutConfirm struct {
	Base
	Account Account
	Client  string   // the app that asks, if it is known
	Apps    []string // apps that will be signed out too
	Action  string
	Tx      string
}

type signOutConfirmView struct {
	Frame
	Account            *accountView
	Client, Action, Tx string
	Apps               []string
}

func (p *SignOutConfirm) view(_ *locale, f Frame) (string, any) {
	return "signoutconfirm", &signOutConfirmView{
		Frame: f, Account: p.Account.view(), Client: p.Client, Apps: p.Apps, Action: p.Action, Tx: p.Tx,
	}
}
