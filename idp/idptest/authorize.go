package idptest

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// grant is what a code stands for, and then an access token.
type grant struct {
	user        User
	sid         string
	nonce       string
	challenge   string
	redirectURI string
	authTime    time.Time
}

// shelf keeps grants by code or token; the oldest go when there are very many.
type shelf struct {
	grants map[string]*grant
	order  []string
}

const maxGrants = 1 << 16

func (s *shelf) put(name string, g *grant) {
	if s.grants == nil {
		s.grants = map[string]*grant{}
	}
	if len(s.order) == maxGrants {
		for _, old := range s.order[:maxGrants/2] {
			delete(s.grants, old)
		}
		s.order = append(s.order[:0], s.order[maxGrants/2:]...)
	}
	s.grants[name] = g
	s.order = append(s.order, name)
}

// authorize answers an authorization request (OpenID Connect Core §3.1.2).
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.Form
	redirect, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") != p.cfg.ClientID:
		http.Error(w, "unknown client", http.StatusBadRequest)
		return
	case err != nil || redirect.Scheme == "" || len(p.cfg.RedirectURIs) > 0 && !slices.Contains(p.cfg.RedirectURIs, q.Get("redirect_uri")):
		http.Error(w, "redirect_uri is not registered", http.StatusBadRequest)
		return
	}
	params := url.Values{}
	if state := q.Get("state"); state != "" {
		params.Set("state", state)
	}
	if !p.cfg.NoIss {
		params.Set("iss", p.cfg.Issuer)
	}
	user, found := p.choose(q)
	switch {
	case q.Get("response_type") != "code":
		params.Set("error", "unsupported_response_type")
	case q.Get("code_challenge_method") != "S256" && q.Has("code_challenge"):
		params.Set("error", "invalid_request")
	case q.Get("cancel") != "":
		params.Set("error", "access_denied")
	case !found && q.Get("prompt") == "none":
		params.Set("error", "login_required")
	case !found:
		p.chooser(w, q)
		return
	default:
		code, sid := p.newCode(user, q)
		params.Set("code", code)
		p.remember(w, r, sid)
	}
	if h := p.hook().Callback; h != nil {
		h(params)
	}
	if q.Get("response_mode") == "form_post" {
		writePage(w, formPost, map[string]any{"Action": redirect.String(), "Params": params})
		return
	}
	all := redirect.Query()
	for name, values := range params {
		all[name] = values
	}
	redirect.RawQuery = all.Encode()
	http.Redirect(w, r, redirect.String(), http.StatusFound)
}

// choose finds the user to sign in; not found means that a person must choose.
func (p *Provider) choose(q url.Values) (User, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wanted := q.Get("login_hint")
	if p.cfg.Choose {
		wanted = q.Get("user")
	}
	for _, u := range p.users {
		if wanted != "" && (u.Subject == wanted || u.Claims["email"] == wanted) {
			return u, true
		}
	}
	if p.cfg.Choose || len(p.users) == 0 {
		return User{}, false
	}
	return p.users[0], true
}

// newCode begins a session of the user and returns a code and the sid for it.
func (p *Provider) newCode(u User, q url.Values) (code, sid string) {
	code = rand.Text()
	g := &grant{user: u, sid: u.SessionID, nonce: q.Get("nonce"), challenge: q.Get("code_challenge"),
		redirectURI: q.Get("redirect_uri"), authTime: u.AuthTime}
	if g.sid == "" {
		g.sid = rand.Text()
	}
	if g.authTime.IsZero() {
		g.authTime = p.cfg.Now()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes.put(code, g)
	p.sessions.begin(g.sid, u.Subject)
	return code, g.sid
}

// chooser shows one button for each user, and one to cancel.
func (p *Provider) chooser(w http.ResponseWriter, q url.Values) {
	p.mu.Lock()
	users := slices.Clone(p.users)
	p.mu.Unlock()
	writePage(w, choosePage, map[string]any{"Issuer": p.cfg.Issuer, "Params": q, "Users": users})
}

func writePage(w http.ResponseWriter, page *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = page.Execute(w, data)
}

const hidden = `{{range $name, $values := .Params}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end}}`

var choosePage = template.Must(template.New("choose").Parse(`<!doctype html><html lang="en"><title>Test provider</title>
<h1>Test provider</h1><p>{{.Issuer}}</p>
<form method="post">` + hidden + `{{range .Users}}<p><button name="user" value="{{.Subject}}">Sign in as {{.Subject}}</button></p>
{{end}}<p><button name="cancel" value="1">Cancel</button></p></form></html>
`))

var formPost = template.Must(template.New("form_post").Parse(`<!doctype html><html lang="en"><title>Test provider</title>
<form method="post" action="{{.Action}}">` + hidden + `<noscript><button>Continue</button></noscript></form>
<script>document.forms[0].submit()</script></html>
`))
