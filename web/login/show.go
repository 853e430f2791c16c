package login

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/mapping"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/page"
)

// show does what a sign-in says comes next.
func (s *Site) show(w http.ResponseWriter, r *http.Request, next signin.Next) error {
	if done, err := s.handOver(w, r, next); done || err != nil {
		return err
	}
	switch n := next.(type) {
	case signin.ToApp:
		return s.toApp(w, r, n)
	case signin.ToProvider:
		if err := s.keep(w, r, n.Interaction); err != nil {
			return err
		}
		redirect(w, r, n.URL)
		return nil
	case signin.AskSignIn:
		return s.askSignIn(w, r, n)
	case signin.AskSwitch:
		return s.askSwitch(w, r, n)
	case signin.AskPassword:
		return s.askPassword(w, r, n)
	case signin.AskProfile:
		return s.askProfile(w, r, n)
	case signin.AskJoin:
		return s.askJoin(w, r, n)
	case signin.AskLinks:
		return s.askLinks(w, r, n)
	case signin.AskLink:
		return s.askLink(w, r, n)
	case signin.AskDevice:
		return s.askDevice(w, r, n)
	default:
		return fmt.Errorf("sign-in went on to an unknown step %T", next)
	}
}

// redirect sends the browser on by GET, whatever it came by (RFC 9110 §15.4.4);
// never by a status that would post a password again.
func redirect(w http.ResponseWriter, r *http.Request, location string) {
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}

func (s *Site) toApp(w http.ResponseWriter, r *http.Request, n signin.ToApp) error {
	if err := s.settle(w, n); err != nil {
		return err
	}
	return s.deliver(w, r, n.Client, parcel{Address: n.Response.Target.URI(), Fields: n.Response.Fields, Post: n.Response.FormPost()})
}

// settle leaves in the browser what is left of a sign-in that is over.
func (s *Site) settle(w http.ResponseWriter, n signin.ToApp) error {
	if n.Session != "" {
		if err := s.cookies.SetSession(w, n.Session, n.SessionLife); err != nil {
			return err
		}
	}
	if n.Finished != "" {
		s.cookies.ClearTransaction(w, n.Finished)
	}
	if n.Session == "" || n.Provider == "" {
		return nil
	}
	return s.cookies.SetLastUsed(w, n.Provider, lastUsedLife)
}

func (s *Site) askSignIn(w http.ResponseWriter, r *http.Request, n signin.AskSignIn) error {
	if err := s.keep(w, r, n.Interaction); err != nil {
		return err
	}
	p := &page.Login{
		Base: s.base(r, n.Client, n.Interaction), Client: n.Client.Name, Tx: n.Interaction.ID,
		Action: s.under("/login"), Username: n.Username, Identifier: page.UserNameOrEmail, Step: page.StepNone,
		Providers: s.providers(r, n.Interaction, n.Providers, authorizePath), Leave: n.Interaction.App(),
	}
	forms := formAction(n.FormTarget.URI())
	switch {
	case n.AddressFirst && n.Given:
		p.Step, p.Change = page.StepPassword, s.way(n.Interaction, "", authorizePath)
	case n.AddressFirst:
		p.Step = page.StepAddress
		for _, pr := range n.Providers { // the form may lead to each
			forms = append(forms, formAction(pr.Upstream.Issuer())...)
		}
	case n.Password:
		p.Step = page.StepBoth
	}
	status := http.StatusOK
	switch {
	case n.Wrong:
		p.Problem, status = page.WrongPassword, http.StatusBadRequest
	case n.Given && p.Step == page.StepBoth: // by a form that asked for the address alone
		p.Problem, status = page.PasswordMissing, http.StatusBadRequest
	case n.Missing:
		p.Problem, status = page.UsernameMissing, http.StatusBadRequest
	}
	slices.Sort(forms)
	return s.renderWith(w, status, p, middleware.Policy{Script: []string{"'self'"}, Form: slices.Compact(forms)})
}

// providers are the links of a page to ways in: each asks, at path, for the same
// sign-in again, by that provider. The one this browser used last is marked.
func (s *Site) providers(r *http.Request, in *hub.Interaction, list []*hub.Provider, path string) []page.Provider {
	last := s.cookies.LastUsed(r)
	ways := make([]page.Provider, 0, len(list))
	for _, pr := range list {
		way := page.Provider{Name: pr.Name, Label: pr.Label, LastUsed: pr.Name == last, Unreachable: s.silent(pr), Href: s.way(in, pr.Name, path)}
		way.Mark, way.Kind = look(pr)
		ways = append(ways, way)
	}
	return ways
}

// look is the mark and the kind of a provider's button.
func look(pr *hub.Provider) (mark string, kind page.Kind) {
	return page.Look(pr.Preset, pr.Type, pr.Name)
}

// The paths at which a sign-in goes on.
const (
	authorizePath = "/oauth2/authorize"
	joinPath      = "/login/join"
)

// way is the address that goes on with a sign-in by the named way in, or by the
// page if none is named. A page that is about something else than the ways in
// says by which path.
func (s *Site) way(in *hub.Interaction, provider, path string) string {
	query := signin.Query(in)
	switch {
	case path == joinPath:
		query = url.Values{signin.ParamInteraction: {in.ID}}
	case in.Device != "":
		path, query = "/device", url.Values{"user_code": {in.Device}}
	case in.Account:
		path, query = "/account/links", url.Values{}
	}
	if provider != "" {
		query.Set("identity_provider", provider)
		query.Del("idp_identifier")
	}
	return s.under(path) + "?" + query.Encode()
}

// silence is how long a provider that did not answer is marked, unless it answers
// before. It outlasts the pauses of an open circuit, and ends: a provider that
// everybody avoids would otherwise be marked for good.
const silence = 5 * time.Minute

// silent tells whether a provider did not answer the last time it was asked, a
// moment ago.
func (s *Site) silent(pr *hub.Provider) bool {
	h := pr.Upstream.Health()
	return h.Failure != nil && (h.Failure.Kind == idp.KindUnreachable || h.Failure.Kind == idp.KindTimeout) &&
		s.pool.Now().Sub(h.Failed).Abs() < silence
}

func (s *Site) askSwitch(w http.ResponseWriter, r *http.Request, n signin.AskSwitch) error {
	if err := s.keep(w, r, n.Interaction); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, &page.Login{
		Base: s.base(r, n.Client, n.Interaction), Client: n.Client.Name, Tx: n.Interaction.ID,
		Action: s.under("/login"), Account: account(n.User),
	}, n.FormTarget.URI())
}

func account(u *hub.User) *page.Account {
	a := &page.Account{Name: u.Attributes["name"], Address: u.Attributes["email"]}
	if a.Name == "" && u.Attributes["given_name"] != "" {
		a.Name = u.Attributes["given_name"] + " " + u.Attributes["family_name"]
	}
	if a.Name == "" && a.Address == "" {
		a.Address = u.Username
	}
	return a
}

func (s *Site) askPassword(w http.ResponseWriter, r *http.Request, n signin.AskPassword) error {
	if err := s.keep(w, r, n.Interaction); err != nil {
		return err
	}
	p := &page.NewPassword{
		Base: s.base(r, n.Client, n.Interaction), Client: n.Client.Name, Reason: page.TemporaryPassword,
		Username: n.Username, Action: s.under("/login/password"), Tx: n.Interaction.ID,
	}
	status := http.StatusOK
	for _, rule := range n.Rules {
		p.Rules = append(p.Rules, page.Rule{Rule: passwordRules[rule.Name], Min: rule.Min, Broken: n.Problem != "" && !rule.OK})
	}
	switch n.Problem {
	case signin.PasswordPolicy:
		p.Problem, status = page.PasswordRules, http.StatusBadRequest
	case signin.PasswordSame:
		p.Problem, status = page.PasswordSame, http.StatusBadRequest
	}
	return s.render(w, status, p, n.FormTarget.URI())
}

var passwordRules = map[string]page.PasswordRule{
	"length": page.RuleLength, "upper": page.RuleUpper, "lower": page.RuleLower, "number": page.RuleDigit, "symbol": page.RuleSymbol,
}

func (s *Site) askProfile(w http.ResponseWriter, r *http.Request, n signin.AskProfile) error {
	if err := s.keep(w, r, n.Interaction); err != nil {
		return err
	}
	p := &page.Profile{
		Base: s.base(r, n.Client, n.Interaction), Client: n.Client.Name, Action: s.under("/login/profile"), Tx: n.Interaction.ID,
	}
	status := http.StatusOK
	for _, name := range n.Ask {
		p.Fields = append(p.Fields, field(s.pool.Schema, name, n.Given[name], n.Problems[name]))
	}
	if len(n.Problems) > 0 {
		status = http.StatusBadRequest
	}
	return s.render(w, status, p, n.FormTarget.URI())
}

var fieldTypes = map[mapping.Type]page.FieldType{
	mapping.String: page.Text, mapping.Number: page.Number, mapping.Boolean: page.Boolean, mapping.DateTime: page.DateTime,
}

func field(schema *mapping.Schema, name, value, problem string) page.Field {
	a, _ := schema.Attribute(name)
	return page.Field{
		Name: name, Type: fieldTypes[a.Type], Value: value, MinLength: a.MinLength, MaxLength: a.MaxLength,
		Problem: page.FieldProblem(problem),
	}
}

// Origins are where the pool's own forms may come from.
func (s *Site) Origins() []string { return []string{middleware.Origin(s.pool.Issuer)} }
