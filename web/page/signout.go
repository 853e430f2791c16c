package page

import "slices"

// SignedOut says that the person is signed out, and of what.
type SignedOut struct {
	Base
	// From are the names of the apps the sign-out reached.
	From []string
	// Pending are apps that were not told yet; they will be as soon as they answer.
	Pending []string
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
	// Record is the address of the LogoutRecord; empty: none.
	Record string
}

type signedOutView struct {
	Frame
	One                            string // the only app, said in a sentence
	Plain                          bool   // nothing to say of any app
	Names                          []string
	States                         []*hopView // in place of Names, when not all were told
	Rest                           []Span     // what becomes of the others
	Still                          []Span
	Return, Client, SignIn, Record string
}

func (p *SignedOut) view(l *locale, f Frame) (string, any) {
	v := &signedOutView{Frame: f, Client: p.Client, SignIn: p.SignIn, Record: p.Record}
	switch {
	case len(p.Pending)+len(p.Unreached) > 0:
		v.States = slices.Concat(l.states(p.From, Delivered), l.states(p.Pending, Pending), l.states(p.Unreached, GaveUp))
		v.Rest = also(l.some("signedout.pending", p.Pending), l.some("signedout.unreached", p.Unreached))
	case len(p.From) == 1:
		v.One = p.From[0]
	case len(p.From) > 1:
		v.Names = p.From
	default:
		v.Plain = true
	}
	if p.Still {
		v.Still = l.sentence("signedout.still"+sender(p.Provider), "provider", p.Provider)
	}
	if isWeb(p.Return) {
		v.Return = p.Return
	}
	return "signedout", v
}

func (l *locale) states(names []string, o Outcome) []*hopView {
	list := make([]*hopView, len(names))
	for i, name := range names {
		list[i] = &hopView{Name: name, State: o, Mark: stateMarks[o], Word: l.plain("signedout.state." + string(o))}
	}
	return list
}

// some is the sentence of key for one app or for several; nil for none.
func (l *locale) some(key string, names []string) []Span {
	switch len(names) {
	case 0:
		return nil
	case 1:
		return l.sentence(key+".one", "client", names[0])
	}
	return l.sentence(key + ".several")
}

// SignOutConfirm asks whether to sign out, when nothing proves that the person
// wanted it (OIDC RP-Initiated Logout §2).
//
// The form posts tx and choice: "continue" to sign out, "other" to stay.
type SignOutConfirm struct {
	Base
	Account Account  // the zero one: it is not said whose the session is
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

// SignOutProvider asks whether to sign out of the provider as well, after the
// sign-out here is done.
//
// The form posts tx and choice: "continue" to sign out there too, "other" to
// stay signed in there.
type SignOutProvider struct {
	Base
	Provider string // name of a social one; empty: "your company"
	Client   string // the app the person comes back to; may be empty
	Action   string
	Tx       string
}

type signOutProviderView struct {
	Frame
	Provider, Client, Action, Tx string
	Title, Text                  []Span
}

func (p *SignOutProvider) view(l *locale, f Frame) (string, any) {
	return "signoutprovider", &signOutProviderView{
		Frame: f, Provider: p.Provider, Client: p.Client, Action: p.Action, Tx: p.Tx,
		Title: l.sentence("signout.provider.title"+sender(p.Provider), "provider", p.Provider),
		Text:  l.sentence("signout.provider.text"+sender(p.Provider), "provider", p.Provider),
	}
}
