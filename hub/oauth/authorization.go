package oauth

import (
	"net/url"
	"strconv"
	"strings"
)

// Response types and modes that the hub answers with.
const (
	ResponseTypeCode = "code"

	ResponseModeQuery    = "query"
	ResponseModeFormPost = "form_post"
)

// AuthorizationRequest is an authorization request as the client wrote it (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1, Cognito's
// extensions). It travels as JSON in the interaction, therefore the short form.
type AuthorizationRequest struct {
	ResponseType        string   `json:"response_type,omitempty"` // "code"
	ResponseMode        string   `json:"response_mode,omitempty"` // ResponseModeQuery or ResponseModeFormPost; never empty after parsing
	ClientID            string   `json:"client_id,omitempty"`
	RedirectURI         string   `json:"redirect_uri,omitempty"`
	Scope               Scope    `json:"scope,omitempty"` // empty when absent: the client's default scopes
	State               string   `json:"state,omitempty"`
	Nonce               string   `json:"nonce,omitempty"`
	CodeChallenge       string   `json:"code_challenge,omitempty"`
	CodeChallengeMethod string   `json:"code_challenge_method,omitempty"` // MethodS256 whenever there is a challenge
	Prompt              Prompt   `json:"prompt,omitzero"`
	MaxAge              *int     `json:"max_age,omitempty"` // seconds; nil when absent, 0 asks for a fresh sign-in
	Display             string   `json:"display,omitempty"`
	LoginHint           string   `json:"login_hint,omitempty"`
	IDTokenHint         string   `json:"id_token_hint,omitempty"`
	UILocales           string   `json:"ui_locales,omitempty"` // language tags, separated by spaces, most wanted first
	ClaimsLocales       string   `json:"claims_locales,omitempty"`
	ACRValues           string   `json:"acr_values,omitempty"`
	Claims              string   `json:"claims,omitempty"`            // the JSON object of OpenID Connect Core §5.5; see ParseClaims
	Resource            []string `json:"resource,omitempty"`          // RFC 8707: absolute URIs without fragment
	IdentityProvider    string   `json:"identity_provider,omitempty"` // Cognito: name of the provider to go to
	IDPIdentifier       string   `json:"idp_identifier,omitempty"`    // Cognito: another name of it, often an e-mail domain
	Lang                string   `json:"lang,omitempty"`              // Cognito: language of the pages
	DPoPJKT             string   `json:"dpop_jkt,omitempty"`          // RFC 9449 §10: the code is bound to this key
	Request             string   `json:"request,omitempty"`           // RFC 9101; noticed, and refused by ParseAuthorization
	RequestURI          string   `json:"request_uri,omitempty"`       // RFC 9101; noticed, and refused by ParseAuthorization
}

// ParseAuthorization reads an authorization request. The request is never nil, and every parameter in it that is not the cause of
// an error is filled in, so that the caller can prove ClientID and RedirectURI and then send the error to the client with its State.
// A parameter that came twice or is too long reads as absent: a doubtful client_id or redirect_uri can not be redirected to.
//
// The error is the first in this order, and an *Error:
//
//  1. client_id: twice, too long, absent                            invalid_request
//  2. redirect_uri: twice, too long, absent                         invalid_request
//  3. too many parameters; any other twice, too long, broken        invalid_request
//  4. request, request_uri, registration                            …_not_supported
//  5. response_type: absent; not "code"                             invalid_request; unsupported_response_type
//  6. response_mode: not query or form_post                         unsupported_response_type
//  7. scope: characters, number                                     invalid_scope
//  8. code_challenge and its method: not S256, one without other    invalid_request
//  9. prompt, max_age, claims                                       invalid_request
//  10. resource                                                     invalid_target
//
// A hub that supports request objects or pushed requests looks for them first and hands over what they hold.
func ParseAuthorization(v url.Values) (*AuthorizationRequest, error) {
	p := NewParams(v)
	r := &AuthorizationRequest{
		ResponseType:        p.Get("response_type"),
		ResponseMode:        ResponseModeQuery,
		ClientID:            p.Get("client_id"),
		RedirectURI:         p.Get("redirect_uri"),
		State:               p.Get("state"),
		Nonce:               p.Get("nonce"),
		CodeChallenge:       p.Get("code_challenge"),
		CodeChallengeMethod: p.Get("code_challenge_method"),
		Display:             p.Get("display"),
		LoginHint:           p.Get("login_hint"),
		IDTokenHint:         p.Get("id_token_hint"),
		UILocales:           p.Get("ui_locales"),
		ClaimsLocales:       p.Get("claims_locales"),
		ACRValues:           p.Get("acr_values"),
		Claims:              p.Get("claims"),
		Resource:            p.All("resource"),
		IdentityProvider:    p.Get("identity_provider"),
		IDPIdentifier:       p.Get("idp_identifier"),
		Lang:                p.Get("lang"),
		Request:             p.Get("request"),
		DPoPJKT:             p.Get("dpop_jkt"),
		RequestURI:          p.Get("request_uri"),
	}
	var first error
	for _, check := range authorizationChecks {
		if err := check(p, r); err != nil && first == nil {
			first = err
		}
	}
	return r, first
}

// authorizationChecks run in the documented order, and all of them run: some also fill in the request, and an error in one parameter
// must not lose the response_mode that the error is to be sent with.
var authorizationChecks = []func(Params, *AuthorizationRequest) error{
	func(p Params, _ *AuthorizationRequest) error { return requireParam(p, "client_id") },
	func(p Params, _ *AuthorizationRequest) error { return requireParam(p, "redirect_uri") },
	func(p Params, _ *AuthorizationRequest) error { return p.Err() },
	checkRequestObject,
	checkResponseType,
	readResponseMode,
	readScope,
	checkChallenge,
	readPrompt,
	readMaxAge,
	checkClaims,
	checkResource,
}

func requireParam(p Params, name string) error {
	if err := p.ErrOf(name); err != nil {
		return err
	}
	if !p.Has(name) {
		return Errorf(InvalidRequest, "%s is missing", name)
	}
	return nil
}

func checkRequestObject(p Params, _ *AuthorizationRequest) error {
	switch {
	case p.Has("request"):
		return Errorf(RequestNotSupported, "request objects are not supported")
	case p.Has("request_uri"):
		return Errorf(RequestURINotSupported, "request_uri is not supported")
	case p.Has("registration"):
		return Errorf(RegistrationNotSupported, "the registration parameter is not supported")
	}
	return nil
}

func checkResponseType(_ Params, r *AuthorizationRequest) error {
	switch r.ResponseType {
	case ResponseTypeCode:
		return nil
	case "":
		return Errorf(InvalidRequest, "response_type is missing")
	}
	return Errorf(UnsupportedResponseType, "response_type must be code")
}

func readResponseMode(p Params, r *AuthorizationRequest) error {
	switch mode := p.Get("response_mode"); mode {
	case "":
		return nil
	case ResponseModeQuery, ResponseModeFormPost:
		r.ResponseMode = mode
		return nil
	}
	return Errorf(UnsupportedResponseType, "response_mode must be query or form_post")
}

func readScope(p Params, r *AuthorizationRequest) (err error) {
	r.Scope, err = ParseScope(p.Get("scope"))
	return err
}

// checkChallenge takes S256 only. RFC 7636 §4.3 reads an absent method as plain, which is refused as well, as Cognito does.
func checkChallenge(_ Params, r *AuthorizationRequest) error {
	switch {
	case r.CodeChallenge == "" && r.CodeChallengeMethod == "":
		return nil
	case r.CodeChallenge == "":
		return Errorf(InvalidRequest, "code_challenge_method is given without code_challenge")
	case r.CodeChallengeMethod != MethodS256:
		return Errorf(InvalidRequest, "code_challenge_method must be S256")
	case !ValidChallenge(r.CodeChallenge):
		return Errorf(InvalidRequest, "code_challenge must be the 43 characters of a SHA-256 in base64url")
	}
	return nil
}

func readPrompt(p Params, r *AuthorizationRequest) (err error) {
	r.Prompt, err = ParsePrompt(p.Get("prompt"))
	return err
}

// readMaxAge takes plain digits only, so that "+5", "1e3" and "-0" do not pass, and no more than fit an int32: 68 years.
func readMaxAge(p Params, r *AuthorizationRequest) error {
	text := p.Get("max_age")
	if text == "" {
		return nil
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return Errorf(InvalidRequest, "max_age must be a number of seconds")
	}
	age := int(seconds)
	r.MaxAge = &age
	return nil
}

func checkClaims(_ Params, r *AuthorizationRequest) error {
	if r.Claims == "" {
		return nil
	}
	_, err := ParseClaims(r.Claims)
	return err
}

func checkResource(_ Params, r *AuthorizationRequest) error {
	return checkResources(r.Resource)
}

// checkResources holds RFC 8707 §2: absolute URIs without fragment.
func checkResources(resources []string) error {
	for _, resource := range resources {
		u, err := url.Parse(resource)
		if err != nil || !u.IsAbs() || strings.Contains(resource, "#") {
			return Errorf(InvalidTarget, "resource must be an absolute URI without fragment")
		}
	}
	return nil
}
