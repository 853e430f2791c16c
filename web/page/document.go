package page

import (
	"cmp"
	"fmt"
	"strings"
)

// Document is a page for a program: what a login application of one's own needs
// to draw the step a sign-in has come to. The sentences are those of the page, in
// its language. Addresses are of the hub, and without its origin where the page
// has them so.
type Document struct {
	// Interaction names the sign-in. It changes when a sign-in is begun anew, so
	// the one of the latest document is the one to use.
	Interaction string `json:"interaction,omitempty"`
	// Step is choose, account, new_password, profile, join, redirect, done or stopped.
	Step      string `json:"step"`
	Language  string `json:"language,omitempty"`  // BCP 47
	Direction string `json:"direction,omitempty"` // ltr or rtl
	Title     string `json:"title,omitempty"`
	Text      string `json:"text,omitempty"`

	Client *DocumentClient `json:"client,omitempty"`
	Brand  *DocumentBrand  `json:"brand,omitempty"`

	Providers   []DocumentProvider   `json:"providers,omitempty"`    // of choose and join; of stopped: the other ones
	Password    *DocumentPassword    `json:"password,omitempty"`     // of choose: the pool's own form; of join, without the user name
	Join        *DocumentJoin        `json:"join,omitempty"`         // of join: what else can be done
	Account     *DocumentAccount     `json:"account,omitempty"`      // of account: who is signed in
	NewPassword *DocumentNewPassword `json:"new_password,omitempty"` // of new_password
	Fields      []DocumentField      `json:"fields,omitempty"`       // of profile
	Problems    []DocumentProblem    `json:"problems,omitempty"`     // why the same step is asked again
	Error       *DocumentError       `json:"error,omitempty"`        // of stopped
	Cancel      bool                 `json:"cancel,omitempty"`       // the person may turn back to the app

	// RedirectTo is where the browser goes now, as a whole page.
	RedirectTo string `json:"redirect_to,omitempty"`
}

// DocumentClient is the app.
type DocumentClient struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

// DocumentBrand is the look that is configured.
type DocumentBrand struct {
	Name     string `json:"name,omitempty"`
	Logo     string `json:"logo,omitempty"`
	LogoDark string `json:"logo_dark,omitempty"`
	Terms    string `json:"terms,omitempty"`
	Privacy  string `json:"privacy,omitempty"`
	Help     string `json:"help,omitempty"`
}

// DocumentProvider is one way in. Start is where a link to it leads.
type DocumentProvider struct {
	Name        string `json:"name"`
	Label       string `json:"label"`
	Start       string `json:"start"`
	LastUsed    bool   `json:"last_used,omitempty"`
	Unreachable bool   `json:"unreachable,omitempty"`
}

// DocumentPassword is the form for user name and password. Ask says what of it is
// asked for now: both, the address alone, whose domain may belong to a provider, or
// the password for the address that was given.
type DocumentPassword struct {
	Ask           string `json:"ask"`
	Username      string `json:"username,omitempty"` // filled in
	UsernameLabel string `json:"username_label,omitempty"`
	PasswordLabel string `json:"password_label,omitempty"`
	Submit        string `json:"submit"`
}

// DocumentJoin offers to go on without the account that the person's address
// belongs to, or to take it over, which ClaimText explains. Each is the words for
// it, and empty where it is not offered.
type DocumentJoin struct {
	Apart     string `json:"apart,omitempty"`
	Claim     string `json:"claim,omitempty"`
	ClaimText string `json:"claim_text,omitempty"`
}

// DocumentAccount is a person who is signed in.
type DocumentAccount struct {
	Name    string `json:"name"`
	Address string `json:"address,omitempty"`
}

// DocumentNewPassword is the form for a password of one's own.
type DocumentNewPassword struct {
	Username string         `json:"username"`
	Label    string         `json:"label"`
	Rules    []DocumentRule `json:"rules"`
}

// DocumentRule is a rule for passwords: length (of at least Min characters),
// lower, upper, digit or symbol.
type DocumentRule struct {
	Rule   string `json:"rule"`
	Min    int    `json:"min,omitempty"`
	Text   string `json:"text"`
	Broken bool   `json:"broken,omitempty"`
}

// DocumentField asks for one attribute. Type is that of an HTML input, or
// textarea or checkbox, whose value is then "true".
type DocumentField struct {
	Name         string `json:"name"`
	Label        string `json:"label"`
	Type         string `json:"type"`
	InputMode    string `json:"inputmode,omitempty"`
	Autocomplete string `json:"autocomplete,omitempty"`
	Required     bool   `json:"required"`
	MinLength    string `json:"minlength,omitempty"`
	MaxLength    string `json:"maxlength,omitempty"`
	Value        string `json:"value,omitempty"`
}

// DocumentProblem is a sentence about a field: username, password, new_password
// or the name of an attribute.
type DocumentProblem struct {
	Field string `json:"field"`
	Code  string `json:"code,omitempty"`
	Text  string `json:"text"`
}

// DocumentError is why a sign-in stopped: one of the words of Reason. ID is the
// help desk code; what failed without one has the id of the request. Retry is
// where a link to begin anew leads.
type DocumentError struct {
	ID      string `json:"id,omitempty"`
	Request string `json:"request,omitempty"`
	Reason  string `json:"reason"`
	Advice  string `json:"advice,omitempty"`
	Retry   string `json:"retry,omitempty"`
}

// Document makes a page's document. A page that has none, because no step of a
// sign-in shows it, is an error.
func (r *Renderer) Document(p Page) (Document, error) {
	l := r.locale(p.base().Language)
	f := r.frame(p.base())
	d := Document{
		Language: l.tag, Direction: l.plain("language.dir"),
		Brand: &DocumentBrand{Name: f.Brand.Name, Logo: f.Brand.Logo, LogoDark: f.Brand.LogoDark, Terms: f.Brand.Terms, Privacy: f.Brand.Privacy, Help: f.Brand.Help},
	}
	_, view := p.view(l, f)
	switch v := view.(type) {
	case *loginView:
		d.login(l, p.(*Login), v)
	case *newPasswordView:
		d.Step, d.Title, d.Text = "new_password", l.plain("new-password.title"), flat(v.Why)
		d.client(v.Client)
		d.Interaction = v.Tx
		d.NewPassword = &DocumentNewPassword{Username: v.Username, Label: l.plain("field.new-password"), Rules: []DocumentRule{}}
		for i, rule := range v.Rules {
			d.NewPassword.Rules = append(d.NewPassword.Rules, DocumentRule{rule.Rule, p.(*NewPassword).Rules[i].Min, rule.Text, rule.Broken})
		}
		d.Fields = documentFields(v.Fields)
		d.problems(string(p.(*NewPassword).Problem), v.Problem, p.(*NewPassword).Fields, v.Fields)
	case *profileView:
		d.Step, d.Title, d.Text = "profile", l.plain("profile.title"), flat(v.Why)
		d.client(v.Client)
		d.Interaction = v.Tx
		d.Fields = documentFields(v.Fields)
		d.problems("", v.Problem, p.(*Profile).Fields, v.Fields)
	case *joinView:
		d.join(l, p.(*Join), v)
	case *stoppedView:
		d.Step, d.Title, d.Text = "stopped", flat(v.Title), flat(v.Text)
		d.client(v.Client)
		d.Error = &DocumentError{ID: v.Code, Reason: string(cmp.Or(p.(*Stopped).Reason, Unavailable)), Advice: flat(v.Advice), Retry: v.Retry}
		d.Cancel = v.Leave
		d.providers(v.Shown, v.More)
	case *errorView:
		d.Step, d.Title, d.Text = "stopped", flat(v.Title), flat(v.Text)
		d.Error = &DocumentError{Reason: string(Unavailable), Request: v.RequestID}
	default:
		return Document{}, fmt.Errorf("page: %T has no document", p)
	}
	return d, nil
}

func (d *Document) client(name string) {
	if name != "" {
		d.Client = &DocumentClient{Name: name}
	}
}

func (d *Document) login(l *locale, p *Login, v *loginView) {
	d.Interaction = p.Tx
	d.client(p.Client)
	d.Step, d.Title, d.Cancel = "choose", l.plain("login.title"), v.Leave
	if p.Client != "" {
		d.Text = l.plain("login.continue", "client", p.Client)
	}
	if v.Account != nil {
		d.Step, d.Title = "account", l.plain("account.title")
		d.Account = &DocumentAccount{Name: v.Account.Name, Address: v.Account.Address}
		return
	}
	d.providers(v.Shown, v.More)
	if v.Form {
		d.Password = &DocumentPassword{Ask: "address", Username: v.Username, UsernameLabel: v.Label, Submit: l.plain("login.next")}
	}
	if v.Password {
		d.Password.Ask, d.Password.PasswordLabel, d.Password.Submit = "both", l.plain("field.password"), l.plain("login.submit")
	}
	if p.Step == StepPassword {
		d.Password.Ask = "password"
	}
	d.problems(string(p.Problem), v.Problem, nil, nil)
}

func (d *Document) join(l *locale, p *Join, v *joinView) {
	d.Step, d.Title, d.Text = "join", l.plain("join.title"), l.plain("join.text", "address", p.Address)
	d.client(p.Client)
	d.Interaction, d.Cancel = p.Tx, p.Client != ""
	d.providers(v.Shown, v.More)
	if v.Password {
		d.Password = &DocumentPassword{Ask: "password", PasswordLabel: l.plain("join.password"), Submit: l.plain("join.submit")}
	}
	d.Join = &DocumentJoin{}
	if v.Apart {
		d.Join.Apart = l.plain("join.apart")
	}
	if v.Claim {
		d.Join.Claim, d.Join.ClaimText = l.plain("join.claim-submit"), flat(v.Why)
	}
	d.problems(string(p.Problem), v.Problem, nil, nil)
}

func (d *Document) providers(shown, more []providerView) {
	for _, w := range append(shown[:len(shown):len(shown)], more...) {
		d.Providers = append(d.Providers, DocumentProvider{w.Name, w.Label, w.Href, w.LastUsed, w.Unreachable})
	}
}

func documentFields(views []fieldView) []DocumentField {
	list := make([]DocumentField, 0, len(views))
	for _, v := range views {
		f := DocumentField{
			Name: v.Name, Label: v.Label, Type: v.Type, InputMode: v.Mode, Autocomplete: v.Autocomplete,
			Required: !v.Optional && !v.Check, MinLength: v.Min, MaxLength: v.Max, Value: v.Value,
		}
		switch {
		case v.Check:
			f.Type = "checkbox"
		case v.Area:
			f.Type = "textarea"
		}
		list = append(list, f)
	}
	return list
}

// problems are those of the page's summary; code is the word for the page's own,
// which comes first there.
func (d *Document) problems(code string, summary *problemView, fields []Field, views []fieldView) {
	if summary == nil {
		return
	}
	for _, item := range summary.Items {
		p := DocumentProblem{Field: item.Field, Text: flat(item.Text)}
		for i, v := range views {
			if v.ID == item.Field {
				p.Field, p.Code = v.Name, string(fields[i].Problem)
			}
		}
		if p.Field == item.Field {
			p.Code = code
		}
		d.Problems = append(d.Problems, p)
	}
}

func flat(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}
