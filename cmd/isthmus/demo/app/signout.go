package app

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
)

// signOut ends the app's own session and goes on to the pool's sign-out (OpenID
// Connect RP-Initiated Logout §2). The ID token tells the pool which session is
// meant, so that it need not ask.
func (a *App) signOut(w http.ResponseWriter, r *http.Request) {
	s, ok := a.sessions.take(a.cookie(r, sessionCookie))
	a.set(w, sessionCookie, "")
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	s.news.ring()
	s.mu.Lock()
	hint := s.hint
	s.mu.Unlock()
	state := rand.Text()
	a.leaving.put(state, a.cookie(r, browserCookie))
	query := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {a.config.URL + SignedOutPath}, "state": {state}}
	mark := "?"
	if strings.Contains(a.out, "?") {
		mark = "&"
	}
	http.Redirect(w, r, a.out+mark+query.Encode(), http.StatusSeeOther)
}

// signedOut is where the pool sends people after a sign-out. Only who comes back
// with the state of a sign-out that this browser began is told that it is over.
func (a *App) signedOut(w http.ResponseWriter, r *http.Request) {
	browser, ok := a.leaving.get(r.URL.Query().Get("state"))
	ok = ok && browser != "" && subtle.ConstantTimeCompare([]byte(browser), []byte(a.cookie(r, browserCookie))) == 1
	if _, in := a.sessions.get(a.cookie(r, sessionCookie)); in || !ok {
		http.Redirect(w, r, "/", http.StatusFound)
		return
	}
	a.start(w, Start{SignedOut: true})
}
