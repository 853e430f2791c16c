package app

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// pending is a sign-in that a browser has begun, kept by its state.
type pending struct {
	browser  string // the cookie of that browser
	nonce    string
	verifier string // PKCE (RFC 7636)
}

// prompts are what the start page offers to ask the pool for.
var prompts = []string{"login", "none", "select_account"}

// signIn sends the browser to the pool with state, nonce and PKCE of its own.
func (a *App) signIn(w http.ResponseWriter, r *http.Request) {
	browser := a.cookie(r, browserCookie)
	if browser == "" {
		browser = rand.Text()
		a.set(w, browserCookie, browser)
	}
	state, p := rand.Text(), pending{browser: browser, nonce: rand.Text(), verifier: oauth2.GenerateVerifier()}
	a.pending.put(state, p)
	options := []oauth2.AuthCodeOption{oidc.Nonce(p.nonce), oauth2.S256ChallengeOption(p.verifier)}
	query := r.URL.Query()
	if prompt := query.Get("prompt"); slices.Contains(prompts, prompt) {
		options = append(options, oauth2.SetAuthURLParam("prompt", prompt))
	}
	switch query.Get("way") {
	case "corporate":
		options = append(options, oauth2.SetAuthURLParam("identity_provider", a.config.Provider))
	case "address":
		options = append(options, oauth2.SetAuthURLParam("login_hint", a.config.LoginHint))
	}
	http.Redirect(w, r, a.oauth.AuthCodeURL(state, options...), http.StatusFound)
}

// callback takes the pool's answer: a code, or an error.
func (a *App) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	p, ok := a.pending.take(query.Get("state"))
	browser := a.cookie(r, browserCookie)
	if !ok || subtle.ConstantTimeCompare([]byte(p.browser), []byte(browser)) != 1 {
		a.stop(w, http.StatusBadRequest, Problem{
			Title: "This answer is not expected", Retry: true,
			Text: "It belongs to no sign-in that this browser has begun here, or it was used before. Start again from this app.",
		})
		return
	}
	if iss := query.Get("iss"); iss != a.config.Issuer && (a.names || iss != "") {
		a.stop(w, http.StatusBadRequest, Problem{
			Title: "This answer comes from somebody else", Retry: true,
			Text:  "It does not name the pool that this app asked.",
			Facts: []Fact{{"iss", iss}, {"expected", a.config.Issuer}},
		})
		return
	}
	if query.Get("error") != "" {
		a.refused(w, query)
		return
	}
	session, err := a.redeem(r, query.Get("code"), p)
	if err != nil {
		a.failed(w, "The pool sent a code, but no tokens that this app can take.", err)
		return
	}
	old := a.cookie(r, sessionCookie)
	a.sessions.drop(old)
	a.ended.drop(old)
	id := rand.Text()
	a.sessions.put(id, session)
	a.set(w, sessionCookie, id)
	http.Redirect(w, r, "/", http.StatusFound)
}

// refused shows the error that came instead of a code (RFC 6749 §4.1.2.1).
func (a *App) refused(w http.ResponseWriter, query url.Values) {
	p := Problem{
		Title: "Nobody was signed in", Retry: true,
		Text:  "The pool answered with an error instead of a code.",
		Facts: []Fact{{"error", query.Get("error")}},
	}
	if text := query.Get("error_description"); text != "" {
		p.Facts = append(p.Facts, Fact{"error_description", text})
	}
	if u, err := url.Parse(query.Get("error_uri")); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		p.Link = u.String()
	}
	a.stop(w, http.StatusBadRequest, p)
}

// redeem trades the code for tokens and verifies all that can be verified.
func (a *App) redeem(r *http.Request, code string, p pending) (*session, error) {
	if code == "" {
		return nil, errors.New("the answer holds neither a code nor an error")
	}
	ctx := a.context(r.Context())
	tokens, err := a.oauth.Exchange(ctx, code, oauth2.VerifierOption(p.verifier))
	if err != nil {
		return nil, err
	}
	id, err := a.verify(ctx, tokens)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(p.nonce)) != 1 {
		return nil, errors.New("the ID token's nonce is not the one that was sent")
	}
	return newSession(tokens, id)
}

// failed shows what the app could not do, with the pool's own words if it has any.
func (a *App) failed(w http.ResponseWriter, what string, err error) {
	p := Problem{Title: "Nobody was signed in", Text: what, Retry: true, Facts: []Fact{{"reason", err.Error()}}}
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok && e.ErrorCode != "" {
		p.Facts = []Fact{{"error", e.ErrorCode}}
		if e.ErrorDescription != "" {
			p.Facts = append(p.Facts, Fact{"error_description", e.ErrorDescription})
		}
	}
	a.stop(w, http.StatusBadGateway, p)
}

// refresh gets new tokens for the refresh token (RFC 6749 §6).
func (a *App) refresh(w http.ResponseWriter, r *http.Request) {
	s, ok := a.sessions.get(a.cookie(r, sessionCookie))
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx := a.context(r.Context())
	// A token without an access token is expired, so the source refreshes at once.
	tokens, err := a.oauth.TokenSource(ctx, &oauth2.Token{RefreshToken: s.tokens.RefreshToken}).Token()
	if err != nil {
		a.failed(w, "The pool gave no new tokens. Sign in again.", err)
		return
	}
	if _, ok := tokens.Extra("id_token").(string); ok {
		id, err := a.verify(ctx, tokens)
		if err == nil && id.Subject != s.subject {
			err = fmt.Errorf("the new ID token is of %s, not of %s", id.Subject, s.subject) // OIDC Core §12.2
		}
		if err == nil {
			err = s.claims(id)
		}
		if err != nil {
			a.failed(w, "The pool sent new tokens that this app cannot take.", err)
			return
		}
	}
	if raw, ok := tokens.Extra("id_token").(string); ok {
		s.hint = raw
	}
	s.tokens, s.renewed = tokens, time.Now()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
