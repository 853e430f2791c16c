package page

// FieldProvider is the form field of a provider's name.
const FieldProvider = "provider"

// Further values of FieldChoice, on pages about the ways into an account.
const (
	ChoiceApart  = "apart"  // leave the other account alone
	ChoiceClaim  = "claim"  // have the other account without signing in to it
	ChoiceAdd    = "add"    // add a way in
	ChoiceRemove = "remove" // take one away
)

// Join says that there is an account with the person's address, and lets her prove
// it, so that both ways lead to it; or go on without.
//
// The form posts tx and password to Action; or tx and choice: "apart", "claim" or
// "cancel".
type Join struct {
	Base
	Client    string
	Address   string     // masked: "a***@acme.example"
	Providers []Provider // by which the account can be proven
	Password  bool       // and so by its password
	Apart     bool       // an account of her own may be made
	Claim     bool       // the account may be had without a proof
	Provider  string     // name of a social provider that vouches for the address; empty: "your company"
	Action    string
	Tx        string
	Problem   Problem
}

type joinView struct {
	Frame
	Client, Address, Action, Tx string
	Shown, More                 []providerView
	Password, Apart, Claim      bool
	Primary, BadPassword        bool
	Why                         []Span
	Problem                     *problemView
}

func (p *Join) view(l *locale, f Frame) (string, any) {
	v := &joinView{
		Frame: f, Client: p.Client, Address: p.Address, Action: p.Action, Tx: p.Tx, Password: p.Password, Apart: p.Apart, Claim: p.Claim,
		BadPassword: p.Password && fieldOf[p.Problem] == FieldPassword, Problem: l.problem(p.Problem),
		Why: l.sentence("join.claim-text"+sender(p.Provider), "provider", p.Provider),
	}
	v.Shown, v.More = l.arrange(p.Providers, !p.Password)
	v.Primary = p.Password
	return "join", v
}
