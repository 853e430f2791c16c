package login

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/page"
)

// Links is the page on which a person sees the ways into her account.
func Links(s *Site, w http.ResponseWriter, r *http.Request) error {
	next, err := s.signin.Links(r.Context(), s.pool, s.browser(r), r.URL.Query().Get("identity_provider"))
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

// ChangeLinks adds a way in or takes one away, as the page was answered.
func ChangeLinks(s *Site, w http.ResponseWriter, r *http.Request) error {
	var next signin.Next
	var err error
	tx := r.PostFormValue(page.FieldTx)
	switch choice := r.PostFormValue(page.FieldChoice); choice {
	case page.ChoiceAdd:
		next, err = s.signin.AddLink(r.Context(), s.pool, s.browser(r), r.PostFormValue(page.FieldProvider))
	case page.ChoiceRemove:
		next, err = s.signin.RemoveLink(r.Context(), s.pool, s.browser(r), r.PostFormValue(page.FieldLink))
	case page.ChoiceContinue, page.ChoiceOther:
		if next, err = s.signin.ConfirmLink(r.Context(), s.pool, s.browser(r), s.interaction(r, tx), choice == page.ChoiceContinue); err == nil {
			s.cookies.ClearTransaction(w, tx)
		}
	default:
		return s.status(w, r, http.StatusBadRequest)
	}
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

func (s *Site) askLinks(w http.ResponseWriter, r *http.Request, n signin.AskLinks) error {
	p := &page.Links{
		Base: s.base(r, nil, nil), Account: *account(n.User), Password: n.User.Password != "", Action: s.under("/account/links"), Done: n.Done,
	}
	for _, l := range n.User.Links {
		p.Ways = append(p.Ways, s.way(n, l))
	}
	for _, pr := range n.Providers {
		if slices.ContainsFunc(n.User.Links, func(l hub.Link) bool { return l.Provider == pr.Name }) {
			continue // one of each is what people have
		}
		p.Add = append(p.Add, page.Provider{Name: pr.Name, Kind: page.Corporate, Unreachable: silent(pr)})
	}
	status := http.StatusOK
	if n.Problem != nil {
		status = http.StatusConflict
		p.Problem = page.GoneWay
		for refusal, problem := range linkProblems {
			if errors.Is(n.Problem, refusal) {
				p.Problem = problem
			}
		}
	}
	return s.render(w, status, p, s.pool.Issuer)
}

var linkProblems = map[error]page.LinksProblem{
	directory.ErrLastWay: page.LastWay, directory.ErrNamesake: page.FirstWay, directory.ErrNoLink: page.GoneWay, directory.ErrLinked: page.DoubleWay,
}

// way is an identity as its owner sees it.
func (s *Site) way(n signin.AskLinks, l hub.Link) page.Way {
	way := page.Way{
		Name: l.Provider, Origin: page.OriginFirst, Since: l.Created, Link: l.Key(),
		Fixed: directory.Removable(s.pool, n.User, l.Key()) != nil, Current: n.Session.Link == l.Key(),
	}
	if l.Evidence != nil {
		by, _, _ := strings.Cut(l.Evidence.By, " ")
		way.Origin, way.Identity = page.WayOrigin(by), l.Evidence.Claims["email"]
	}
	return way
}

func (s *Site) askLink(w http.ResponseWriter, r *http.Request, n signin.AskLink) error {
	if err := s.keep(w, r, n.Interaction); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, &page.Link{
		Base: s.base(r, nil, n.Interaction), Account: *account(n.User), Provider: n.Provider.Name,
		Identity: *account(&hub.User{Username: n.Subject, Attributes: n.Identity}), Action: s.under("/account/links"), Tx: n.Interaction.ID,
	}, s.pool.Issuer)
}
