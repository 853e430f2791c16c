package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/outbound"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// OAuth2 is a provider without ID tokens, of which Config.Endpoints name authorization, token and userinfo. Who came is
// what userinfo says to the access token of our own exchange; no token from elsewhere is ever looked at (RFC 9700 §4.6).
// Config.Issuer is a constant then: it stands in the identity, and nothing is discovered or compared but a callback's iss.
type OAuth2 struct {
	// Subject is the member of userinfo that names the person for good: a name, or a JSON pointer (RFC 6901) where it
	// begins with "/". It holds a text, or a whole number, which becomes its decimal text. Names that people can change,
	// and that others can take then, must not be it (A58).
	Subject string
	// Emails is asked too, if set: a list of {email, primary, verified}, as GitHub's /user/emails has it. The primary one
	// becomes email with its own flag, whatever userinfo says of an address.
	Emails string
	// SecretProof sends appsecret_proof with each call, which Facebook can be told to demand: the access token under
	// HMAC-SHA256 with the client secret.
	SecretProof bool
}

// identify asks who the access token speaks for.
func (p *Provider) identify(ctx context.Context, t *trace, m *Metadata, accessToken string, r Request) (*Identity, *Error) {
	if err := p.userinfo.enter(p.now()); err != nil {
		return nil, err
	}
	id, err := p.profile(ctx, t, m, accessToken, r)
	p.userinfo.report(p.now(), err)
	return id, err
}

func (p *Provider) profile(ctx context.Context, t *trace, m *Metadata, accessToken string, r Request) (*Identity, *Error) {
	// Nothing here proves how fresh the sign-in there is: whoever demands that is refused (A76).
	if bad := (claimReader{}).freshness(&idClaims{}, p.now(), r); bad != nil {
		return nil, &Error{Step: StepUserInfo, Check: bad.check, Kind: KindInvalid, Cause: bad.cause}
	}
	var claims map[string]any
	a, failed := p.resource(ctx, t, p.cfg.UserInfoMethod, m.UserInfoEndpoint, accessToken)
	if failed != nil {
		return nil, failed
	}
	if failed := a.resource(&claims); failed != nil {
		return nil, failed
	}
	subject, bad := subjectOf(claims, p.cfg.OAuth2.Subject)
	if bad != nil {
		return nil, a.fault(StepUserInfo, bad.check, bad.cause)
	}
	if p.cfg.OAuth2.Emails != "" {
		if failed := p.emails(ctx, t, accessToken, claims); failed != nil {
			return nil, failed
		}
	}
	c := &idClaims{all: claims, issuer: p.cfg.Issuer, subject: subject}
	claims["sub"] = subject
	p.vouch(claims)
	return c.identity(p.cfg.Name, ""), nil
}

// resource asks for something with the access token; any status is an answer.
func (p *Provider) resource(ctx context.Context, t *trace, method, endpoint, accessToken string) (*answer, *Error) {
	var form url.Values
	if method == http.MethodPost {
		form = url.Values{}
	}
	r, err := newRequest(method, endpoint, form)
	if err != nil {
		return nil, &Error{Step: StepUserInfo, Check: "url", Kind: KindInvalid, Cause: err}
	}
	if p.cfg.OAuth2.SecretProof {
		q := r.URL.Query()
		q.Set("appsecret_proof", secretProof(accessToken, p.cfg.ClientSecret))
		r.URL.RawQuery = q.Encode()
	}
	r.Header.Set("Authorization", "Bearer "+accessToken)
	r.Header.Set("Accept", "application/json")
	return p.do(ctx, t, StepUserInfo, r, outbound.MaxBody)
}

// resource reads the answer into v.
func (a *answer) resource(v any) *Error {
	if a.status != http.StatusOK {
		return a.oauthFault(StepUserInfo)
	}
	if m := a.mediaType(); !isJSON(m) {
		return a.fault(StepUserInfo, "content_type", fmt.Errorf("content type is %q, application/json was asked for", cut(m)))
	}
	if err := strictjson.Decode(a.body, v); err != nil {
		return a.fault(StepUserInfo, "json", err)
	}
	return nil
}

// emails puts the person's primary address into the claims, with the flag that stands beside it. Where the list is not
// to be had, for the person or the registration does not allow it, there is no address: none but a proven one is taken.
func (p *Provider) emails(ctx context.Context, t *trace, accessToken string, claims map[string]any) *Error {
	delete(claims, "email")
	delete(claims, "email_verified")
	a, failed := p.resource(ctx, t, http.MethodGet, p.cfg.OAuth2.Emails, accessToken)
	if failed != nil {
		return failed
	}
	if a.status == http.StatusForbidden || a.status == http.StatusNotFound {
		return nil
	}
	var list []struct {
		Email    string `json:"email"`
		Primary  bool   `json:"primary"`
		Verified bool   `json:"verified"`
	}
	if failed := a.resource(&list); failed != nil {
		return failed
	}
	for _, e := range list {
		if e.Primary {
			claims["email"], claims["email_verified"] = e.Email, e.Verified
			return nil
		}
	}
	return nil
}

// subjectOf reads who it is.
func subjectOf(claims map[string]any, where string) (string, *checkError) {
	v, last := any(claims), where
	if pointer, ok := strings.CutPrefix(where, "/"); ok {
		for _, last = range strings.Split(pointer, "/") {
			last = strings.ReplaceAll(strings.ReplaceAll(last, "~1", "/"), "~0", "~")
			object, _ := v.(map[string]any)
			v = object[last]
		}
	} else {
		v = claims[where]
	}
	if n, ok := v.(json.Number); ok {
		if strings.Trim(n.String(), "0123456789") != "" {
			return "", &checkError{"sub", errors.New("the number that names the person is not a whole one")}
		}
		v = n.String()
	}
	return claimReader{map[string]any{"sub": v}}.identifier("sub", maxSubject)
}
