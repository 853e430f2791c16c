package idp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/outbound"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// tokens is the part of a token response that is used. The access token is spent on userinfo and kept nowhere.
type tokens struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	IDToken     string `json:"id_token"`
	Error       string `json:"error"` // some providers refuse with status 200
	Description string `json:"error_description"`
}

// redeem exchanges the code at the token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.5).
func (p *Provider) redeem(ctx context.Context, t *trace, m *Metadata, r Request, code string) (*tokens, *Error) {
	if err := p.token.enter(p.now()); err != nil {
		return nil, err
	}
	a, err := p.postCode(ctx, t, m, code, r.Verifier)
	var got *tokens
	if err == nil {
		got, err = a.tokens(p.cfg.OAuth2 == nil)
	}
	p.token.report(p.now(), err)
	return got, err
}

// postCode sends the token request; any status is an answer.
func (p *Provider) postCode(ctx context.Context, t *trace, m *Metadata, code, verifier string) (*answer, *Error) {
	form := url.Values{
		"grant_type":   {"authorization_code"},
		"code":         {code},
		"redirect_uri": {p.cfg.RedirectURI},
	}
	if !p.cfg.NoPKCE {
		form.Set("code_verifier", verifier)
	}
	method := p.authMethod(m)
	secret, made := p.prove(form, method)
	if made != nil {
		return nil, &Error{Step: StepToken, Check: "assertion", Kind: KindMisused, Cause: made}
	}
	req, err := newRequest(http.MethodPost, m.TokenEndpoint, form)
	if err != nil {
		return nil, &Error{Step: StepToken, Check: "url", Kind: KindInvalid, Cause: err}
	}
	if method == AuthBasic {
		// RFC 6749 §2.3.1: both parts form-encoded first. Providers that forget to decode agree for plain characters.
		req.SetBasicAuth(url.QueryEscape(p.cfg.ClientID), url.QueryEscape(secret))
	}
	req.Header.Set("Accept", "application/json")
	return p.do(ctx, t, StepToken, req, outbound.MaxBody)
}

// prove puts what proves us into the form, and returns the secret for the method that has it in the header.
func (p *Provider) prove(form url.Values, method string) (secret string, err error) {
	if method == AuthPrivateKey {
		form.Set("client_id", p.cfg.ClientID)
		form.Set("client_assertion_type", assertionType)
		text, err := p.assert()
		form.Set("client_assertion", text)
		return "", err
	}
	if secret, err = p.secret(); err != nil || method == AuthBasic {
		return secret, err
	}
	form.Set("client_id", p.cfg.ClientID)
	if method == AuthPost {
		form.Set("client_secret", secret)
	}
	return secret, nil
}

// authMethod is how to authenticate, from configuration or, where that leaves it open, from the metadata.
func (p *Provider) authMethod(m *Metadata) string {
	offered := m.AuthMethods
	switch {
	case p.cfg.AuthMethod != AuthByDiscovery:
		return p.cfg.AuthMethod
	case p.cfg.Assertion != nil && !p.cfg.Assertion.AsSecret:
		return AuthPrivateKey
	case !p.cfg.hasSecret():
		return AuthNone
	case len(offered) > 0 && !slices.Contains(offered, AuthBasic) && slices.Contains(offered, AuthPost):
		return AuthPost
	}
	return AuthBasic
}

// tokens reads a token response, which holds an ID token unless the provider has none.
func (a *answer) tokens(withID bool) (*tokens, *Error) {
	if a.status != http.StatusOK {
		return nil, a.oauthFault(StepToken)
	}
	if m := a.mediaType(); !isJSON(m) {
		return nil, a.fault(StepToken, "content_type", fmt.Errorf("content type is %q", cut(m)))
	}
	var got tokens
	if err := strictjson.Decode(a.body, &got); err != nil {
		return nil, a.fault(StepToken, "json", err)
	}
	switch {
	case got.Error != "":
		e := a.fault(StepToken, "error", nil)
		e.Kind, e.Code, e.Description = KindRefused, standardCode(got.Error), clean(got.Description)
		return nil, e
	case got.AccessToken == "":
		return nil, a.fault(StepToken, "access_token", errors.New("access_token is missing"))
	case !strings.EqualFold(got.TokenType, "Bearer") && (withID || got.TokenType != ""): // LinkedIn documents none
		return nil, a.fault(StepToken, "token_type", fmt.Errorf("token_type is %q", cut(got.TokenType)))
	case withID && got.IDToken == "":
		return nil, a.fault(StepToken, "id_token", errors.New("id_token is missing"))
	}
	return &got, nil
}

// oauthFault is the *Error of an answer that is not 200: with the provider's code if the body is an OAuth error
// (RFC 6749 §5.2). The body itself is kept nowhere.
func (a *answer) oauthFault(step Step) *Error {
	e := a.statusFault(step)
	var body struct {
		Error       any    `json:"error"`
		Description string `json:"error_description"`
	}
	if !isJSON(a.mediaType()) || strictjson.Decode(a.body, &body) != nil {
		return e
	}
	code, _ := body.Error.(string)
	if object, ok := body.Error.(map[string]any); ok { // Facebook's form
		code, _ = object["type"].(string)
		body.Description, _ = object["message"].(string)
	}
	if code != "" {
		e.Code, e.Description = standardCode(code), clean(body.Description)
		if e.Kind == KindInvalid {
			e.Kind, e.Check = KindRefused, "error"
		}
	}
	return e
}

// standardCode is a provider's error code, in the standard's word (RFC 6749 §5.2) where GitHub has one of its own.
func standardCode(code string) string {
	switch code {
	case "bad_verification_code":
		return "invalid_grant"
	case "incorrect_client_credentials":
		return "invalid_client"
	}
	return cut(code)
}
