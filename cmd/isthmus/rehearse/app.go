package rehearse

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// tokens are what an app was given.
type tokens struct {
	Access  string `json:"access_token"`
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`

	userInfo, introspected bool // the access token was good there
}

// authorization is an app's request. The addresses of the app are where the
// browser stops.
func (w *world) authorization(c *config.Client, verifier string, more url.Values) (address string, app []string) {
	q := url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {c.CallbackURLs[0]}, "state": {rand.Text()}, "nonce": {rand.Text()},
		"code_challenge": {oauth.Challenge(verifier)}, "code_challenge_method": {"S256"},
	}
	if scopes := c.Scopes; slices.Contains(scopes, "openid") {
		q.Set("scope", "openid")
	} else if len(scopes) > 0 {
		q.Set("scope", scopes[0])
	}
	for name, values := range more {
		q[name] = values
	}
	return w.pool.URL("/oauth2/authorize?") + q.Encode(), slices.Concat(c.CallbackURLs, c.LogoutURLs)
}

// signIn takes the person into an app, through the way in if there is no session
// yet.
func (w *world) signIn(ctx context.Context, c *config.Client, first bool) (*tokens, error) {
	verifier := rand.Text() + rand.Text()
	more := url.Values{}
	if first {
		more.Set("identity_provider", w.way)
	}
	address, app := w.authorization(c, verifier, more)
	at, err := w.browser.open(ctx, address, app)
	if err == nil && first && !at.app && w.password != "" {
		at, err = w.browser.submit(ctx, at, url.Values{"username": {username}, "password": {w.password}}, app)
	}
	if err != nil {
		return nil, err
	}
	if !at.app || at.at.Query().Get("code") == "" {
		return nil, w.stopped(ctx, at)
	}
	t := &tokens{}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {at.at.Query().Get("code")}, "redirect_uri": {c.CallbackURLs[0]}, "code_verifier": {verifier},
	}
	if status, err := w.call(ctx, c, "/oauth2/token", form, t); err != nil || status != http.StatusOK {
		return nil, errors.Join(err, fmt.Errorf("the token endpoint answers %d", status))
	}
	t.userInfo = w.userInfo(ctx, t)
	t.introspected = w.active(ctx, c, t)
	return t, nil
}

// stopped says why a sign-in did not come to its end, in the hub's own words
// where it explains it.
func (w *world) stopped(ctx context.Context, at *stop) error {
	client := admin.Local(w.hub.Admin())
	defer client.Close()
	if traces, err := client.Traces(ctx, w.pool.Name, signin.TraceFilter{}, "", 1); err == nil && len(traces.Traces) > 0 {
		t := traces.Traces[0]
		return errors.New(strings.TrimSpace(t.Why + " " + t.Mend))
	}
	q := at.at.Query()
	if code := q.Get("error"); at.app && code != "" {
		return errors.New(strings.Trim(code+": "+q.Get("error_description"), ": "))
	}
	return fmt.Errorf("the browser ends at %s", at.where())
}

// call is an app's request at the back: it proves itself as the client it is.
func (w *world) call(ctx context.Context, c *config.Client, path string, form url.Values, answer any) (status int, err error) {
	if c.Public {
		form.Set("client_id", c.ID)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.pool.URL(path), strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if secret := w.secrets[c.ID]; secret != "" {
		r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(secret)) // RFC 6749 §2.3.1
	}
	return w.exchange(r, answer)
}

func (w *world) exchange(r *http.Request, answer any) (status int, err error) {
	res, err := w.roads.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage))
	if err == nil && res.StatusCode == http.StatusOK && answer != nil {
		err = json.Unmarshal(body, answer)
	}
	return res.StatusCode, err
}

// userInfo tells whether an access token is good for /oauth2/userInfo.
func (w *world) userInfo(ctx context.Context, t *tokens) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.pool.URL("/oauth2/userInfo"), nil)
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", "Bearer "+t.Access)
	status, err := w.exchange(r, nil)
	return err == nil && status == http.StatusOK
}

// active tells whether introspection says that an access token is live; false
// too of a client that cannot ask.
func (w *world) active(ctx context.Context, c *config.Client, t *tokens) bool {
	if c.Public {
		return false
	}
	var said struct {
		Active bool `json:"active"`
	}
	_, err := w.call(ctx, c, "/oauth2/introspect", url.Values{"token": {t.Access}}, &said)
	return err == nil && said.Active
}

// refreshes tells whether a refresh token still gives something.
func (w *world) refreshes(ctx context.Context, c *config.Client, t *tokens) bool {
	status, err := w.call(ctx, c, "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.Refresh}}, nil)
	return err == nil && status == http.StatusOK
}

// keeps tells whether a refresh token must outlive the end of the session.
func (a act) keeps(c *config.Client) bool {
	switch a.kind {
	case Administrator, Disabled, Deleted:
		return false // such a word ends all there is
	case Expired:
		return c.Tokens.AtLogout == "keep" && c.Tokens.Refresh > a.pool.Session.Lifetime+aged
	default:
		return c.Tokens.AtLogout == "keep"
	}
}
