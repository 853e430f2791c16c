package login

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/mapping"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/page"
)

// show does what a sign-in says comes next.
func (s *Site) show(w http.ResponseWriter, r *http.Request, next signin.Next) error {
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
	if n.Session != "" {
		if err := s.cookies.SetSession(w, n.Session, n.SessionLife); err != nil {
			return err
		}
	}
	if n.Finished != "" {
		s.cookies.ClearTransaction(w, n.Finished)
	}
	if n.Session != "" && n.Provider != "" {
		if err := s.cookies.SetLastUsed(w, n.Provider, lastUsedLife); err != nil {
			return err
		}
	}
	if n.Response.FormPost() {
		p := &page.Working{Base: s.base(r, n.Client, nil), Client: n.Client.Name, Method: "post", Action: n.Response.Target.URI()}
		for _, f := range n.Response.Fields {
			p.Fields = append(p.Fields, page.Hidden{Name: f.Name, Value: f.Value})
		}
		return s.render(w, http.StatusOK, p, n.Response.Target.URI())
	}
	location, err := n.Response.Location()
	if err != nil {
		return err
	}
	redirect(w, r, location)
	return nil
}

func (s *Site) askSignIn(w http.ResponseWriter, r *http.Request, n signin.AskSignIn) error {
	if err := s.keep(w, r, n.Interaction); err != nil {
		return err
	}
	p := &page.Login{
		Base: s.base(r, n.Client, n.Interaction), Client: n.Client.Name, Tx: n.Interaction.ID,
		Action: s.under("/login"), Username: n.Username, Identifier: page.UserNameOrEmail, Step: page.StepNone,
		Providers: s.providers(r, n.Interaction, n.Providers, "/oauth2/authorize"), Leave: n.Interaction.App(),
	}
	status := http.StatusOK
	if n.Password {
		p.Step = page.StepBoth
	}
	if n.Wrong {
		p.Problem, status = page.WrongPassword, http.StatusBadRequest
	}
	return s.render(w, status, p, n.FormTarget.URI())
}

// providers are the links of a page to ways in: each asks, at path, for the same
// sign-in again, by that provider. The one this browser used last is marked.
func (s *Site) providers(r *http.Request, in *hub.Interaction, list []*hub.Provider, path string) []page.Provider {
	last := s.cookies.LastUsed(r)
	ways := make([]page.Provider, 0, len(list))
	for _, pr := range list {
		query := signin.Query(in)
		switch {
		case path == "/login/join":
			query = url.Values{signin.ParamInteraction: {in.ID}}
		case in.Device != "":
			path, query = "/device", url.Values{"user_code": {in.Device}}
		case in.Account:
			path, query = "/account/links", url.Values{}
		}
		query.Set("identity_provider", pr.Name)
		query.Del("idp_identifier")
		ways = append(ways, page.Provider{
			Name: pr.Name, Label: pr.Label, Kind: page.Corporate, LastUsed: pr.Name == last, Unreachable: silent(pr),
			Href: s.under(path) + "?" + query.Encode(),
		})
	}
	return ways
}

// silent tells whether a provider did not answer the last time it was asked.
func silent(pr *hub.Provider) bool {
	f := pr.Upstream.Health().Failure
	return f != nil && (f.Kind == idp.KindUnreachable || f.Kind == idp.KindTimeout)
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
