package login

import (
	"net/http"
	"net/url"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/web/page"
)

// Authorize is the authorization endpoint (RFC 6749 §3.1), by GET or POST. When
// a page is needed it sends the browser to /login with the same query, as
// Cognito does, so that the page's address can be kept and opened again.
func Authorize(s *Site, w http.ResponseWriter, r *http.Request) error {
	params, err := parameters(r)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost && s.cookies.Session(r) == "" {
		// From a form of another site: the browser holds its cookies back, and
		// sends them on a GET of ourselves.
		redirect(w, r, s.under("/oauth2/authorize")+"?"+params.Encode())
		return nil
	}
	next, err := s.authorize(r, params, false)
	if err != nil {
		return err
	}
	if _, ask := next.(signin.AskSignIn); ask {
		redirect(w, r, s.under("/login")+"?"+params.Encode())
		return nil
	}
	return s.show(w, r, next)
}

// Login is the sign-in page, with the parameters of the authorization endpoint.
func Login(s *Site, w http.ResponseWriter, r *http.Request) error {
	params, err := parameters(r)
	if err != nil {
		return err
	}
	next, err := s.authorize(r, params, true)
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

// authorize goes on with the sign-in whose page a link was on, or begins one.
func (s *Site) authorize(r *http.Request, params url.Values, page bool) (signin.Next, error) {
	if in := s.interaction(r, params.Get(signin.ParamInteraction)); in != nil {
		return s.signin.Again(r.Context(), s.pool, s.browser(r), in, params, page)
	}
	return s.signin.Authorize(r.Context(), s.pool, s.browser(r), params, page)
}

// SignIn takes the form of the sign-in page.
func SignIn(s *Site, w http.ResponseWriter, r *http.Request) error {
	in := s.interaction(r, r.PostFormValue(page.FieldTx))
	switch choice := r.PostFormValue(page.FieldChoice); {
	case choice == page.ChoiceOther && in != nil:
		query := signin.Query(in)
		query.Set("prompt", "login")
		redirect(w, r, s.under("/login")+"?"+query.Encode())
		return nil
	case choice == page.ChoiceCancel:
		next, err := s.signin.Cancel(s.pool, s.browser(r), in)
		if err != nil {
			return err
		}
		return s.show(w, r, next)
	case choice != "":
		next, err := s.signin.Continue(r.Context(), s.pool, s.browser(r), in)
		if err != nil {
			return err
		}
		return s.show(w, r, next)
	}
	next, err := s.signin.Password(r.Context(), s.pool, s.browser(r), in,
		r.PostFormValue(page.FieldUsername), r.PostFormValue(page.FieldPassword))
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

// NewPassword takes the form that replaces a temporary password.
func NewPassword(s *Site, w http.ResponseWriter, r *http.Request) error {
	in := s.interaction(r, r.PostFormValue(page.FieldTx))
	next, err := s.signin.ChoosePassword(r.Context(), s.pool, s.browser(r), in, r.PostFormValue(page.FieldNewPassword))
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

// Profile takes the form with the details that a provider did not send.
func Profile(s *Site, w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return oauth.Wrap(err, oauth.InvalidRequest, "the body is not a form")
	}
	typed := map[string]string{}
	for name := range r.PostForm {
		typed[name] = r.PostForm.Get(name)
	}
	next, err := s.signin.Complete(r.Context(), s.pool, s.browser(r), s.interaction(r, typed[page.FieldTx]), typed)
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

// Callback takes a provider's answer (RFC 6749 §4.1.2).
func Callback(s *Site, w http.ResponseWriter, r *http.Request) error {
	params, err := parameters(r)
	if err != nil {
		return err
	}
	next, err := s.signin.Callback(r.Context(), s.pool, s.browser(r), s.interaction(r, params.Get("state")), params)
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

// CallbackPost turns a form_post answer into a GET on ourselves, on which the
// browser sends the cookies that it held back.
func CallbackPost(s *Site, w http.ResponseWriter, r *http.Request) error {
	params, err := parameters(r)
	if err != nil {
		return err
	}
	answer := url.Values{}
	for _, name := range []string{"code", "state", "iss", "error", "error_description"} {
		if params.Has(name) {
			answer[name] = params[name]
		}
	}
	// Of what a provider sends along unsigned, a name alone goes further (A73); an address would stand in logs besides.
	if name := idp.CallbackName(params.Get("user")); name != "" {
		answer.Set("user", name)
	}
	redirect(w, r, s.under("/oauth2/idpresponse")+"?"+answer.Encode())
	return nil
}

// parameters are the query of a GET or the body of a POST, never both.
func parameters(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return oauth.ParseQuery(r.URL.RawQuery)
	}
	if err := r.ParseForm(); err != nil {
		return nil, oauth.Wrap(err, oauth.InvalidRequest, "the body is not a form")
	}
	if err := oauth.RefuseQuery(r.URL.Query()); err != nil {
		return nil, err
	}
	return r.PostForm, nil
}
