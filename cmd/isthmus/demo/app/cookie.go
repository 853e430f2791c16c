package app

import (
	"net/http"
	"strings"
	"time"
)

// The app's cookies hold random names and nothing else: of the signed-in
// session, and of the browser in which a sign-in began.
const (
	sessionCookie = ".session"
	browserCookie = ".browser"
)

// set gives the browser a cookie until it closes, or takes it away if the value
// is empty. Lax, because the pool sends people back from another site.
func (a *App) set(w http.ResponseWriter, name, value string) {
	c := &http.Cookie{
		Name: a.cookieName(name), Value: value, Path: "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: a.secure(),
	}
	if value == "" {
		c.MaxAge, c.Expires = -1, time.Unix(1, 0)
	}
	http.SetCookie(w, c)
}

func (a *App) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(a.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

func (a *App) secure() bool { return strings.HasPrefix(a.config.URL, "https://") }

// cookieName begins with the client: apps at other ports of a host have the same
// cookies.
func (a *App) cookieName(name string) string {
	if a.secure() {
		return "__Host-" + a.config.ClientID + name
	}
	return a.config.ClientID + name
}
