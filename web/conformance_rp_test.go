package web_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// rp is the relying party of a conformance plan, with the browser of the person
// who tests it.
type rp struct {
	*browser
	mode string // response_mode; empty: none is asked for
}

// newRP is a relying party whose person has not signed in yet.
func (s *site) newRP(t *testing.T, mode string) *rp {
	t.Helper()
	return &rp{browser: s.browser(t), mode: mode}
}

// ask sends an authorization request.
func (a *rp) ask(changes ...string) *response {
	a.t.Helper()
	return a.authorize(append([]string{"response_mode", a.mode}, changes...)...)
}

// answered are the parameters of an authorization response, in the mode that was
// asked for; it fails if there was a page for the person instead.
func (a *rp) answered(r *response) url.Values {
	a.t.Helper()
	if a.mode != "form_post" {
		params, ok := r.app()
		if !ok {
			a.t.Fatalf("no response: %d %s\n%s", r.StatusCode, r.url, r.doc(a.t).Find("main").Text())
		}
		return params
	}
	form := r.doc(a.t).Find("form")
	if form.AttrOr("action", "") != hubtest.Callback || form.AttrOr("method", "") != "post" {
		a.t.Fatalf("no response: %d %s\n%s", r.StatusCode, r.url, r.doc(a.t).Find("main").Text())
	}
	params := url.Values{}
	for _, n := range form.Find("input").Nodes {
		var name, value string
		for _, attr := range n.Attr {
			switch attr.Key {
			case "name":
				name = attr.Val
			case "value":
				value = attr.Val
			}
		}
		params.Add(name, value)
	}
	return params
}

// pageFor tells whether the person was shown the sign-in page.
func (r *response) pageFor(t *testing.T) bool {
	t.Helper()
	return r.doc(t).Find("input[type=password]").Length() == 1
}

// signIn answers the sign-in page, which must be there, and returns the code.
func (a *rp) signIn(page *response) string {
	a.t.Helper()
	if !page.pageFor(a.t) {
		a.t.Fatalf("no sign-in page: %d %s\n%s", page.StatusCode, page.url, page.body)
	}
	return a.codeOf(a.submit(page, "username", ada, "password", hubtest.Password))
}

// codeOf is the code of a response that must be a success, judged for what every
// response has.
func (a *rp) codeOf(r *response) string {
	a.t.Helper()
	params := a.answered(r)
	code := params.Get("code")
	if code == "" || params.Has("error") {
		a.t.Fatalf("no code: %v", params)
	}
	if len(code) < 22 || params.Get("iss") != hubtest.Issuer {
		a.t.Errorf("response %v", params)
	}
	return code
}

// refused is the error of a response that must be one.
func (a *rp) refused(r *response) string {
	a.t.Helper()
	params := a.answered(r)
	if params.Has("code") || params.Get("iss") != hubtest.Issuer || params.Get("state") != "state-of-the-app" {
		a.t.Errorf("response %v", params)
	}
	return params.Get("error")
}

// idToken redeems a code and has go-oidc judge what comes.
func (a *rp) idToken(code string) map[string]any {
	a.t.Helper()
	_, claims := exchange(a.t, a.site, code)
	return claims
}

// info calls userInfo and returns its claims.
func (s *site) info(t *testing.T, r *http.Request) map[string]any {
	t.Helper()
	res, err := transport{hub: s.server}.RoundTrip(r.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	var claims map[string]any
	if err := json.Unmarshal(body, &claims); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("userInfo: %d %s", res.StatusCode, body)
	}
	return claims
}

// infoRequest is a request to userInfo with the token in the header.
func infoRequest(method, token string) *http.Request {
	r, _ := http.NewRequest(method, hubtest.Issuer+"/oauth2/userInfo", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// refuses holds a response to be a page for the person, and no redirect.
func (r *response) refuses(t *testing.T) {
	t.Helper()
	if _, ok := r.app(); ok || r.StatusCode != http.StatusBadRequest || !strings.Contains(r.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%d %s", r.StatusCode, r.url)
	}
}

// ada is a person of whom everything is known.
const ada = "ada"

func addAda(h *hubtest.Hub) {
	h.AddUser(h.Pool, ada, directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{
		"name": "Ada Vale", "given_name": "Ada", "family_name": "Vale", "middle_name": "M", "nickname": "adi", "preferred_username": "ada.vale",
		"profile": "https://people.example/ada", "picture": "https://people.example/ada.png", "website": "https://ada.example",
		"gender": "female", "birthdate": "1990-12-10", "zoneinfo": "Europe/Zurich", "locale": "en-CH", "updated_at": "1767607200",
		"email": "ada@corp.example", "email_verified": "true", "phone_number": "+41445550100", "phone_number_verified": "false",
		"address": `{"formatted":"1 Lake Road, Bern","locality":"Bern","country":"CH"}`,
	}})
}
