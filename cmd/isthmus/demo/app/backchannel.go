package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// logoutEvent is what makes a JWT a logout token (Back-Channel Logout §2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// tokenLife is how long a logout token may be good for, and so how long its jti
// is remembered.
const tokenLife = 10 * time.Minute

// leeway is how far ahead the pool's clock may be.
const leeway = time.Minute

// farewell is what the app keeps of a session that the pool ended, for the
// browser that had it.
type farewell struct {
	At      string
	Checked []string // of the logout token
}

// backchannel takes a logout token from the pool (Back-Channel Logout §2.5), and
// answers by how the app is told to take it.
func (a *App) backchannel(w http.ResponseWriter, r *http.Request) {
	t, err := a.verifyLogout(r.Context(), r.PostFormValue("logout_token"))
	if err != nil {
		refuse(w, "invalid_request", err.Error())
		return
	}
	named := func(s *session) bool {
		return (t.SessionID == "" || t.SessionID == s.sid) && (t.Subject == "" || t.Subject == s.subject)
	}
	switch m := a.wait(r.Context(), named); m {
	case silent: // as a rule nobody listens any more
		w.WriteHeader(http.StatusServiceUnavailable)
	case refusing:
		a.stay(named, m)
		refuse(w, "access_denied", a.config.Sample.Name+" was told to refuse, and keeps its people signed in")
	default:
		a.endSessions(named, farewell{clock(time.Now()), a.checked(t)})
		w.WriteHeader(http.StatusOK) // also if nobody is here any more (§2.7)
	}
}

// refuse answers as Back-Channel Logout §2.8 has it.
func refuse(w http.ResponseWriter, code, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description})
}

// verifyLogout checks a logout token by Back-Channel Logout §2.6: go-oidc its
// signature, iss, aud, exp, jti, that it names somebody and has no nonce; the rest
// is done here.
func (a *App) verifyLogout(ctx context.Context, raw string) (*oidc.LogoutToken, error) {
	t, err := a.verifier.VerifyLogout(a.context(ctx), raw)
	if err != nil {
		return nil, err
	}
	var claims struct {
		Events map[string]any `json:"events"`
	}
	if err := t.Claims(&claims); err != nil {
		return nil, err
	}
	if _, ok := claims.Events[logoutEvent].(map[string]any); !ok {
		return nil, errors.New("events do not hold the object " + logoutEvent)
	}
	now := time.Now()
	switch {
	case t.IssuedAt.IsZero():
		return nil, errors.New("there is no iat")
	case t.IssuedAt.After(now.Add(leeway)):
		return nil, errors.New("iat lies ahead")
	case t.Expiry.After(now.Add(tokenLife)):
		return nil, errors.New("the token is good for too long")
	case !a.tokens.add(t.TokenID, struct{}{}):
		return nil, errors.New("the token was used before")
	}
	return t, nil
}

// checked is what verifyLogout found, in words.
func (a *App) checked(t *oidc.LogoutToken) []string {
	list := []string{
		"signature, by the key the pool publishes",
		"issuer is " + t.Issuer,
		"aud is " + a.config.ClientID,
		"events say backchannel-logout",
		"there is no nonce, so it is no ID token",
		"jti is " + t.TokenID + ", for the first time",
		"valid until " + clock(t.Expiry),
	}
	if t.SessionID != "" {
		list = append(list, "sid is this session’s: "+t.SessionID)
	}
	return list
}

// endSessions ends the sessions that are named, and leaves word for their
// browsers.
func (a *App) endSessions(named func(*session) bool, f farewell) {
	for _, key := range a.sessions.keys(named) {
		if s, ok := a.sessions.take(key); ok {
			a.ended.put(key, f)
			s.news.ring()
		}
	}
}

// stay leaves word in the sessions that are named that they ought to have ended.
func (a *App) stay(named func(*session) bool, m string) {
	for _, key := range a.sessions.keys(named) {
		s, ok := a.sessions.get(key)
		if !ok {
			continue
		}
		s.mu.Lock()
		if s.unmoved == nil || s.unmoved.Manner != m {
			s.unmoved = &unmoved{clock(time.Now()), m}
			s.news.ring()
		}
		s.mu.Unlock()
	}
}
