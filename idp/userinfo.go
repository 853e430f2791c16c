package idp

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/idp/outbound"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// fetchUserInfo asks for claims with the access token and checks that they are about the same subject
// (OpenID Connect Core §5.3.2).
func (p *Provider) fetchUserInfo(ctx context.Context, t *trace, m *Metadata, accessToken, subject string) (map[string]any, *Error) {
	if err := p.userinfo.enter(p.now()); err != nil {
		return nil, err
	}
	claims, err := p.getUserInfo(ctx, t, m, accessToken, subject)
	p.userinfo.report(p.now(), err)
	return claims, err
}

func (p *Provider) getUserInfo(ctx context.Context, t *trace, m *Metadata, accessToken, subject string) (map[string]any, *Error) {
	var form url.Values
	if p.cfg.UserInfoMethod == http.MethodPost {
		form = url.Values{}
	}
	r, err := newRequest(p.cfg.UserInfoMethod, m.UserInfoEndpoint, form)
	if err != nil {
		return nil, &Error{Step: StepUserInfo, Check: "url", Kind: KindInvalid, Cause: err}
	}
	r.Header.Set("Authorization", "Bearer "+accessToken)
	wanted := "application/json"
	if p.cfg.UserInfoSigned {
		wanted = "application/jwt"
	}
	r.Header.Set("Accept", wanted)
	a, failed := p.do(ctx, t, StepUserInfo, r, outbound.MaxBody)
	if failed != nil {
		return nil, failed
	}
	if a.status != http.StatusOK {
		return nil, a.oauthFault(StepUserInfo)
	}
	body := a.body
	switch got := a.mediaType(); {
	case p.cfg.UserInfoSigned && got == "application/jwt":
		if body, failed = p.verifyUserInfo(ctx, t, a); failed != nil {
			return nil, failed
		}
	case p.cfg.UserInfoSigned || !isJSON(got):
		return nil, a.fault(StepUserInfo, "content_type", fmt.Errorf("content type is %q, %s was asked for", cut(got), wanted))
	}
	var claims map[string]any
	if err := strictjson.Decode(body, &claims); err != nil {
		return nil, a.fault(StepUserInfo, "json", err)
	}
	if claims["sub"] != subject {
		return nil, a.fault(StepUserInfo, "sub", fmt.Errorf("userinfo is about another subject than the ID token"))
	}
	if p.cfg.UserInfoSigned {
		if bad := (claimReader{claims}).addressed(p.cfg.Issuer, p.cfg.ClientID, p.now()); bad != nil {
			return nil, a.fault(StepUserInfo, bad.check, bad.cause)
		}
	}
	return claims, nil
}

// verifyUserInfo returns the payload of a signed userinfo answer.
func (p *Provider) verifyUserInfo(ctx context.Context, t *trace, a *answer) ([]byte, *Error) {
	token, bad := parseJWS(string(a.body), p.cfg.Algorithms, untyped)
	if bad != nil {
		return nil, a.fault(StepUserInfo, bad.check, bad.cause)
	}
	if failed := p.verifySignature(ctx, t, StepUserInfo, token); failed != nil && failed.Step == StepUserInfo {
		return nil, a.fault(StepUserInfo, failed.Check, failed.Cause)
	} else if failed != nil {
		return nil, failed
	}
	return token.payload, nil
}

// addressed wants iss and aud of a signed answer, which the specification merely advises: without them an answer made
// for another client would do. An expiry is heeded if there is one.
func (c claimReader) addressed(issuer, clientID string, now time.Time) *checkError {
	if bad := c.issuer(issuer); bad != nil {
		return bad
	}
	if bad := c.audience(clientID); bad != nil {
		return bad
	}
	exp, bad := c.time("exp", false)
	if bad == nil && !exp.IsZero() && !now.Before(exp.Add(leeway)) {
		bad = refuse("exp", "answer expired %s ago", now.Sub(exp).Round(time.Second))
	}
	return bad
}

// vouched pairs a value with the flag that vouches for it.
var vouched = map[string]string{"email": "email_verified", "phone_number": "phone_number_verified"}

// merge adds userinfo's claims to the ID token's. The signed ID token wins, and its protocol claims cannot be added to.
// A value and its flag always come from the same answer (A57): the ID token's pair if whole, else userinfo's if that has
// the value, else the ID token's value alone.
func merge(idToken, info map[string]any) map[string]any {
	all := make(map[string]any, len(idToken)+len(info))
	for name, v := range info {
		if !slices.Contains(protocolClaims, name) && !slices.Contains([]string{"c_hash", "jti", "_claim_names", "_claim_sources"}, name) {
			all[name] = v
		}
	}
	maps.Copy(all, idToken)
	for value, flag := range vouched {
		source := idToken
		_, hasValue := idToken[value]
		_, hasFlag := idToken[flag]
		_, infoHas := info[value]
		if infoHas && !(hasValue && hasFlag) {
			_, infoFlag := info[flag]
			if infoFlag || !hasValue {
				source = info
			}
		}
		take(all, source, value)
		take(all, source, flag)
		if _, ok := all[value]; !ok {
			delete(all, flag) // a flag that vouches for nothing
		}
	}
	return all
}

func take(all, source map[string]any, name string) {
	if v, ok := source[name]; ok {
		all[name] = v
	} else {
		delete(all, name)
	}
}
