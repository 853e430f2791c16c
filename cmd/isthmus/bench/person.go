//go:build linux

package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// person is a virtual person with a browser, and the app this person uses. One
// goroutine at a time.
type person struct {
	world   *world
	master  map[string]string // cookies
	session *http.Cookie      // at the corporate pool
	tokens  tokens            // of the last sign-in
}

// tokens are what the app gets.
type tokens struct {
	Access  string `json:"access_token"`
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`
}

// transport is everybody's: what is measured is the hub, not the making of
// connections.
var transport = &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true, IdleConnTimeout: time.Minute}

// signIn takes the person through a whole federated sign-in and the app to its
// tokens. The browser has forgotten the session at the master pool, as it has
// the next day, and keeps the one at the corporate pool.
func (p *person) signIn() error {
	p.master = map[string]string{}
	state, nonce, verifier := rand.Text(), rand.Text(), rand.Text()+rand.Text()
	location, err := p.begin(state, nonce, verifier)
	for hop := 0; err == nil && !strings.HasPrefix(location, callback); hop++ {
		if hop == 3 {
			return fmt.Errorf("the browser is sent around in circles, now to %s", location)
		}
		location, err = p.visit(location)
	}
	if err != nil {
		return err
	}
	u, err := url.Parse(location)
	if err != nil {
		return err
	}
	answer := u.Query()
	if answer.Get("state") != state || answer.Get("iss") != p.world.Master() || answer.Get("code") == "" {
		return fmt.Errorf("the answer to the app is %s", location)
	}
	if err := p.askTokens(url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}); err != nil {
		return err
	}
	return p.tokens.check(nonce)
}

// begin opens the app's link to the master pool and returns where it leads.
func (p *person) begin(state, nonce, verifier string) (string, error) {
	challenge := sha256.Sum256([]byte(verifier))
	return p.visit(p.world.Master() + "/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {callback}, "scope": {"openid email profile"},
		"state": {state}, "nonce": {nonce},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode())
}

// abandon begins a sign-in and goes away at the provider's door.
func (p *person) abandon() error {
	p.master = map[string]string{}
	location, err := p.begin(rand.Text(), rand.Text(), rand.Text()+rand.Text())
	if err == nil && !strings.HasPrefix(location, p.world.Corporate()) {
		err = fmt.Errorf("the browser is sent to %s", location)
	}
	return err
}

// visit opens an address in the browser and returns where it is sent on to.
func (p *person) visit(address string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	atMaster := r.URL.Host == p.world.MasterAddress
	if atMaster {
		for name, value := range p.master {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	} else {
		r.AddCookie(&http.Cookie{Name: p.session.Name, Value: p.session.Value})
	}
	res, body, err := exchange(r)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusFound {
		return "", fmt.Errorf("%s answers %s: %.300s", address, res.Status, body)
	}
	for _, c := range res.Cookies() {
		if atMaster && c.MaxAge >= 0 {
			p.master[c.Name] = c.Value
		}
	}
	return res.Header.Get("Location"), nil
}

// refresh has the app renew its tokens.
func (p *person) refresh() error {
	return p.askTokens(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {p.tokens.Refresh}})
}

// askTokens is the app's token request.
func (p *person) askTokens(form url.Values) error {
	r, err := http.NewRequest(http.MethodPost, p.world.Master()+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(clientID, clientSecret)
	res, body, err := exchange(r)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("token endpoint answers %s: %s", res.Status, body)
	}
	return json.Unmarshal(body, &p.tokens)
}

// userInfo has the app ask who the person is.
func (p *person) userInfo() error {
	r, err := http.NewRequest(http.MethodGet, p.world.Master()+"/oauth2/userInfo", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+p.tokens.Access)
	return expectOK(r)
}

// discover has an app read the metadata and the keys.
func (p *person) discover() error {
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json"} {
		r, err := http.NewRequest(http.MethodGet, p.world.Master()+path, nil)
		if err != nil {
			return err
		}
		if err := expectOK(r); err != nil {
			return err
		}
	}
	return nil
}

// check holds the tokens to what every sign-in must give. Their signatures are
// judged in tests.
func (t *tokens) check(nonce string) error {
	if t.Access == "" || t.Refresh == "" {
		return errors.New("the token answer lacks a token")
	}
	parts := strings.Split(t.ID, ".")
	if len(parts) != 3 {
		return errors.New("the ID token has not three parts")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var claims struct{ Nonce, Email string }
	if err := json.Unmarshal(payload, &claims); err != nil {
		return err
	}
	if claims.Nonce != nonce || !strings.HasSuffix(claims.Email, "@corp.example") {
		return fmt.Errorf("the ID token says %s", payload)
	}
	return nil
}

func expectOK(r *http.Request) error {
	res, body, err := exchange(r)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %.300s", r.URL, res.Status, body)
	}
	return err
}

// exchange sends a request, follows no redirect, and reads the answer to its end.
func exchange(r *http.Request) (*http.Response, []byte, error) {
	res, err := transport.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, body, err
}
