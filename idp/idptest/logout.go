package idptest

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// backchannelLogout is the event that makes a JWT a logout token (Back-Channel Logout §2.4).
const backchannelLogout = "http://schemas.openid.net/event/backchannel-logout"

// SetLogoutURIs replaces where the relying party is told of sessions that end; empty for not at all.
func (p *Provider) SetLogoutURIs(backchannel, frontchannel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cfg.BackchannelLogoutURI, p.cfg.FrontchannelLogoutURI = backchannel, frontchannel
}

// LogoutToken makes a signed logout token for a subject, a session, or both (Back-Channel Logout §2.4), as
// Hooks.LogoutToken changes it. No session need exist, and none is ended.
func (p *Provider) LogoutToken(subject, sid string) (string, error) {
	key := p.SigningKey()
	now := p.cfg.Now()
	t := &Token{
		Header: map[string]any{"alg": key.Algorithm, "kid": key.ID, "typ": "logout+jwt"},
		Claims: map[string]any{
			"iss": p.cfg.Issuer, "aud": p.cfg.ClientID, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
			"jti": rand.Text(), "events": map[string]any{backchannelLogout: map[string]any{}},
		},
		Key: key,
	}
	for name, v := range map[string]string{"sub": subject, "sid": sid} {
		if v != "" {
			t.Claims[name] = v
		}
	}
	if h := p.hook().LogoutToken; h != nil {
		h(t)
	}
	return t.Compact()
}

// SendLogout delivers a logout token to an address (Back-Channel Logout §2.5) and returns the answer's status and body.
// No redirect is followed.
func (p *Provider) SendLogout(ctx context.Context, uri, token string) (status int, body string, err error) {
	client := p.cfg.Client
	if client == nil {
		roots, err := Roots()
		if err != nil {
			return 0, "", err
		}
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		defer transport.CloseIdleConnections()
		client = &http.Client{
			Transport: transport, Timeout: 5 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	return res.StatusCode, string(b), err
}
