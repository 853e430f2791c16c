package login

import (
	"net/http"

	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/page"
)

// Join takes the answer of a person whose address belongs to an account: its
// password, or what she chose instead.
func Join(s *Site, w http.ResponseWriter, r *http.Request) error {
	in := s.interaction(r, r.PostFormValue(page.FieldTx))
	var next signin.Next
	var err error
	switch r.PostFormValue(page.FieldChoice) {
	case page.ChoiceCancel:
		next, err = s.signin.Cancel(s.pool, s.browser(r), in)
	case page.ChoiceApart:
		next, err = s.signin.JoinApart(r.Context(), s.pool, s.browser(r), in)
	case page.ChoiceClaim:
		next, err = s.signin.JoinClaim(r.Context(), s.pool, s.browser(r), in)
	default:
		next, err = s.signin.JoinPassword(r.Context(), s.pool, s.browser(r), in, r.PostFormValue(page.FieldPassword))
	}
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

// JoinProvider sends a person to another provider, to prove the account there.
func JoinProvider(s *Site, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	next, err := s.signin.JoinProvider(r.Context(), s.pool, s.browser(r), s.interaction(r, q.Get(signin.ParamInteraction)), q.Get("identity_provider"))
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

func (s *Site) askJoin(w http.ResponseWriter, r *http.Request, n signin.AskJoin) error {
	if err := s.keep(w, r, n.Interaction); err != nil {
		return err
	}
	p := &page.Join{
		Base: s.base(r, n.Client, n.Interaction), Address: n.Address, Password: n.Password, Apart: n.Apart, Claim: n.Claim,
		Providers: s.providers(r, n.Interaction, n.Providers, "/login/join"), Action: s.under("/login/join"), Tx: n.Interaction.ID,
	}
	if n.Interaction.App() {
		p.Client = n.Client.Name
	}
	status := http.StatusOK
	switch {
	case n.Wrong:
		p.Problem, status = page.WrongJoinPassword, http.StatusBadRequest
	case n.Other:
		p.Problem, status = page.OtherAccount, http.StatusBadRequest
	}
	return s.render(w, status, p, n.FormTarget.URI())
}
