package page

import "time"

// FieldLink is the form field that names a way in.
const FieldLink = "link"

// WayOrigin is how a way into an account came to be.
type WayOrigin string

// The origins of a way in.
const (
	OriginFirst         WayOrigin = "first"         // the account was made by it
	OriginPerson        WayOrigin = "person"        // the person added it
	OriginAdministrator WayOrigin = "administrator" // an administrator did
	OriginRule          WayOrigin = "rule"          // both had proven one address
)

// Way is a provider's identity that opens the account.
type Way struct {
	Name     string // the provider's
	Identity string // as the person knows it there; may be empty
	Origin   WayOrigin
	Since    time.Time
	Link     string // names it in the form
	Fixed    bool   // it cannot be taken away
	Current  bool   // this session began with it
}

// LinksProblem is why a way in was not added or taken away.
type LinksProblem string

// The problems of Links.
const (
	LastWay   LinksProblem = "last"  // nothing else opens the account
	FirstWay  LinksProblem = "first" // the account was made by it
	GoneWay   LinksProblem = "gone"  // it is not there any more
	DoubleWay LinksProblem = "double"
)

// Links shows the ways into a person's account, to add others and to take away.
//
// A form posts choice and, with "remove", link; with "add", provider.
type Links struct {
	Base
	Account  Account
	Password bool
	Ways     []Way
	Add      []Provider // Name is posted
	Action   string
	Problem  LinksProblem
	Done     bool // the last change was made
}

type wayView struct {
	Name, Identity, Link, Date string
	Origin                     []Span
	Fixed, Current             bool
}

type linksView struct {
	Frame
	Account        *accountView
	Password, Done bool
	Ways           []wayView
	Add            []addView
	Action         string
	Problem        []Span
}

type addView struct {
	providerView
	Name string
}

func (p *Links) view(l *locale, f Frame) (string, any) {
	v := &linksView{Frame: f, Account: p.Account.view(), Password: p.Password, Done: p.Done && p.Problem == "", Action: p.Action}
	if p.Problem != "" {
		v.Problem = l.sentence("links.problem." + string(p.Problem))
	}
	for _, w := range p.Ways {
		view := wayView{Name: w.Name, Identity: w.Identity, Link: w.Link, Fixed: w.Fixed, Current: w.Current, Origin: l.origin(w.Origin)}
		if !w.Since.IsZero() {
			view.Date = w.Since.Format(time.DateOnly)
		}
		v.Ways = append(v.Ways, view)
	}
	for _, add := range p.Add {
		shown, _ := l.arrange([]Provider{{Name: add.Name, Label: add.Name, Kind: add.Kind, Mark: add.Mark, Unreachable: add.Unreachable}}, false)
		v.Add = append(v.Add, addView{shown[0], add.Name})
	}
	return "links", v
}

func (l *locale) origin(o WayOrigin) []Span {
	switch o {
	case OriginPerson, OriginAdministrator, OriginRule:
	default:
		o = OriginFirst
	}
	return l.sentence("links.origin." + string(o))
}

// Link asks a person whether an identity at a provider is to open her account, with
// both names.
//
// The form posts tx and choice: "continue" to add it, "other" to leave it.
type Link struct {
	Base
	Account  Account // here
	Provider string
	Identity Account // there
	Action   string
	Tx       string
}

type linkView struct {
	Frame
	Provider, Action, Tx string
	Account, Identity    *accountView
}

func (p *Link) view(_ *locale, f Frame) (string, any) {
	return "link", &linkView{
		Frame: f, Provider: p.Provider, Action: p.Action, Tx: p.Tx, Account: p.Account.view(), Identity: p.Identity.view(),
	}
}
