package idp

import (
	"context"
	"slices"
	"time"
)

// Identity is who came back, all of it verified.
type Identity struct {
	Provider  string // Config.Name
	Issuer    string // with Subject, the identity; kept byte for byte
	Subject   string
	SessionID string         // the provider's sid, or empty
	IDToken   string         // as received, for a later id_token_hint
	AuthTime  time.Time      // zero if the provider did not say
	ACR       string         // authentication context class, or empty
	AMR       []string       // authentication methods
	Claims    map[string]any // of ID token and userinfo; numbers are json.Number
	Calls     []Call         // made for this exchange
}

// Exchange redeems the code of a callback and returns the verified identity.
//
// r is the Request that began the sign-in. needs names the top-level claims the caller will read: userinfo is asked only
// if the ID token lacks one of them, or if needs holds "*", or as Config.UserInfo says. The whole takes Config.Timeout
// at most. Every failure is an *Error; with one no identity is returned.
func (p *Provider) Exchange(ctx context.Context, r Request, code string, needs []string) (*Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	var t trace
	id, err := p.exchange(ctx, &t, r, code, needs)
	if err != nil {
		return nil, p.finish(err, &t)
	}
	id.Calls = t.calls
	return id, nil
}

func (p *Provider) exchange(ctx context.Context, t *trace, r Request, code string, needs []string) (*Identity, *Error) {
	if err := r.check(); err != nil {
		return nil, &Error{Step: StepToken, Check: "request", Kind: KindMisused, Cause: err}
	}
	r = p.fit(r)
	m, err := p.discover(ctx, t)
	if err != nil {
		return nil, err
	}
	tokens, err := p.redeem(ctx, t, m, r, code)
	if err != nil {
		return nil, err
	}
	if p.cfg.OAuth2 != nil {
		return p.identify(ctx, t, m, tokens.AccessToken, r)
	}
	claims, err := p.verify(ctx, t, tokens.IDToken, tokens.AccessToken, r)
	if err != nil {
		return nil, err
	}
	id := claims.identity(p.cfg.Name, tokens.IDToken)
	p.vouch(id.Claims)
	p.addName(id.Claims, r.User)
	if m.UserInfoEndpoint == "" || !p.wantsUserInfo(id.Claims, needs) {
		return id, nil
	}
	info, err := p.fetchUserInfo(ctx, t, m, tokens.AccessToken, id.Subject)
	if err != nil {
		return nil, err
	}
	p.vouch(info)
	id.Claims = merge(id.Claims, info)
	return id, nil
}

// wantsUserInfo tells whether the ID token's claims leave something to ask for.
func (p *Provider) wantsUserInfo(have map[string]any, needs []string) bool {
	switch p.cfg.UserInfo {
	case UserInfoAlways:
		return true
	case UserInfoNever:
		return false
	}
	return slices.ContainsFunc(needs, func(name string) bool {
		_, ok := have[name]
		return !ok
	})
}
