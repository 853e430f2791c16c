package app

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"
)

//go:embed templates static
var files embed.FS

// stylesheet is the address of the one style sheet.
const stylesheet = "/assets/app.css"

// pages are the app's templates.
type pages struct {
	sets           map[string]*template.Template
	sheet, watcher []byte
}

func newPages() (*pages, error) {
	p := &pages{sets: map[string]*template.Template{}}
	for _, name := range []string{"start", "home", "problem"} {
		set, err := template.ParseFS(files, "templates/base.html", "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		p.sets[name] = set
	}
	var err error
	if p.sheet, err = files.ReadFile("static/app.css"); err != nil {
		return nil, err
	}
	p.watcher, err = files.ReadFile("static/watch.js")
	return p, err
}

// asset serves a file.
func (p *pages) asset(kind string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = w.Write(body)
	}
}

// Start is the page of a browser that nobody is signed in on.
type Start struct {
	SignedOut bool      // by way of the pool, from here
	Farewell  *farewell // from elsewhere
	Ask, Wish string
	Provider  string
	LoginHint string
	Other     Link
	Pool      string // host
}

// Home is the page of a person who is signed in.
type Home struct {
	Name, Email, Initial string
	Provider             string
	Signed, Renewed      string // times
	ID, Access, Info     []Row
	InfoProblem          string
	Answer               *Answer
	APIProblem           string
	API                  string // address
	Title                string // of the data
	Columns              [3]string
	App                  string
	Other                Link
	Company              string // address
	Manners              []Manner
	Unmoved              *unmoved
	Seen                 int // of the session's news
}

// Manner is a choice of how the app takes a logout token.
type Manner struct {
	Value, Word, Hint string
	Chosen            bool
}

func (a *App) manners() (list []Manner) {
	if !a.config.Moody {
		return nil
	}
	current, _ := a.manner.get()
	for _, m := range []Manner{
		{Value: obeying, Word: "sign you out", Hint: "as an app should"},
		{Value: refusing, Word: "refuse", Hint: "it answers 400 and keeps you"},
		{Value: silent, Word: "not answer", Hint: "the pool tries again, until you choose something else here"},
	} {
		m.Chosen = m.Value == current
		list = append(list, m)
	}
	return list
}

// Problem is the page that says what did not work.
type Problem struct {
	Title, Text string
	Facts       []Fact
	Link        string // the pool's own page about it
	Retry       bool
}

// Fact is a name and a value of the protocol.
type Fact struct{ Name, Value string }

// render writes a page, or a plain sentence if its template fails.
func (a *App) render(w http.ResponseWriter, status int, name, title string, page any) {
	var b bytes.Buffer
	err := a.pages.sets[name].ExecuteTemplate(&b, "base.html", struct {
		App, Initial, Colour, Title, Style string
		Page                               any
	}{a.config.Sample.Name, initial(a.config.Sample.Name), a.config.Sample.Colour, title, stylesheet, page})
	if err != nil {
		http.Error(w, "This page could not be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
}

func (a *App) stop(w http.ResponseWriter, status int, p Problem) {
	a.render(w, status, "problem", p.Title, p)
}

func (a *App) start(w http.ResponseWriter, p Start) {
	title := "Sign in"
	if p.SignedOut || p.Farewell != nil {
		title = "Signed out"
	}
	c := &a.config
	p.Ask, p.Wish, p.Provider, p.LoginHint, p.Other = c.Sample.Ask, c.Sample.Wish, c.Provider, c.LoginHint, c.Other
	_, p.Pool, _ = strings.Cut(c.Issuer, "://")
	a.render(w, http.StatusOK, "start", title, p)
}

// home shows who is signed in and all that the app was told, asked anew from
// the pool and the API at each look.
func (a *App) home(w http.ResponseWriter, r *http.Request) {
	cookie := a.cookie(r, sessionCookie)
	s, ok := a.sessions.get(cookie)
	if !ok {
		p := Start{}
		if f, ok := a.ended.get(cookie); ok {
			p.Farewell = &f
		}
		a.start(w, p)
		return
	}
	s.mu.Lock()
	tokens, id, renewed, unmoved, seen := s.tokens, s.idClaims, s.renewed, s.unmoved, s.news.count()
	s.mu.Unlock()

	now := time.Now()
	h := Home{
		Name: text(id, "name"), Email: text(id, "email"), Provider: provider(id),
		Signed: clock(s.begun), ID: rows(id, now), API: a.config.URL + a.config.Sample.API,
		Title: a.config.Sample.Title, Columns: a.config.Sample.Columns, App: a.config.Sample.Name,
		Other: a.config.Other, Company: a.config.Company, Manners: a.manners(), Unmoved: unmoved, Seen: seen,
	}
	if h.Name == "" {
		h.Name = strings.TrimSpace(text(id, "given_name") + " " + text(id, "family_name"))
	}
	if h.Name == "" {
		h.Name, h.Email = h.Email, ""
	}
	if h.Name == "" {
		h.Name = text(id, "cognito:username")
	}
	h.Initial = initial(h.Name)
	if !renewed.IsZero() {
		h.Renewed = clock(renewed)
	}
	if claims, err := payload(tokens.AccessToken); err == nil {
		h.Access = rows(claims, now)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		claims, err := a.userInfo(r.Context(), tokens, s.subject)
		if err != nil {
			h.InfoProblem = err.Error()
		}
		h.Info = rows(claims, now)
	})
	wait.Go(func() {
		answer, err := a.call(r.Context(), tokens.AccessToken)
		if err != nil {
			h.APIProblem = err.Error()
		}
		h.Answer = answer
	})
	wait.Wait()
	w.Header().Set("Content-Security-Policy", a.policy+"; script-src 'self'; connect-src 'self'") // for the watcher
	a.render(w, http.StatusOK, "home", h.Name, h)
}

// provider is the name of the provider the person came through.
func provider(claims map[string]any) string {
	list, _ := claims["identities"].([]any)
	if len(list) == 0 {
		return ""
	}
	entry, _ := list[0].(map[string]any)
	return fmt.Sprint(entry["providerName"])
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05") + " UTC" }

func initial(name string) string {
	for _, r := range name {
		return strings.ToUpper(string(r))
	}
	return ""
}
