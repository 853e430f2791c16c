package oauth

import (
	"net/url"
	"strings"
)

// ErrNoBearer is the error of BearerToken when the request has no token at all. Its challenge names no error (RFC 6750 §3.1).
var ErrNoBearer = &Error{Code: InvalidToken, Description: "an access token is needed"}

// BearerToken finds the access token of a request, as AccessToken does, and takes it under the scheme Bearer alone.
func BearerToken(authorization []string, query, form url.Values) (string, error) {
	token, tokenType, err := AccessToken(authorization, query, form)
	if err == nil && tokenType != TokenTypeBearer {
		return "", Errorf(InvalidToken, "the Authorization header must use the scheme Bearer")
	}
	return token, err
}

// AccessToken finds the access token of a request in the values of its Authorization header or, for a POST with a form, in the body
// (RFC 6750 §2.1 and §2.2), and tells the type it is shown as (RFC 9449 §7.1); form is nil for any other request. A token in the query,
// more than one token, another scheme and a token out of form are invalid_token: RFC 6750 §3.1 would have some of them invalid_request,
// but nothing that is wrong about a token may be told apart from a token that is wrong. No token is ErrNoBearer. The scheme's case does
// not matter.
func AccessToken(authorization []string, query, form url.Values) (token, tokenType string, err error) {
	if query.Has("access_token") {
		return "", "", Errorf(InvalidToken, "the access token must not be in the URL")
	}
	tokens := append([]string(nil), form["access_token"]...)
	tokenType = TokenTypeBearer
	for _, header := range authorization {
		scheme, token, _ := strings.Cut(header, " ")
		switch {
		case strings.EqualFold(scheme, TokenTypeDPoP):
			tokenType = TokenTypeDPoP
		case !strings.EqualFold(scheme, TokenTypeBearer):
			return "", "", Errorf(InvalidToken, "the Authorization header must use the scheme Bearer or DPoP")
		}
		tokens = append(tokens, strings.Trim(token, " "))
	}
	if len(tokens) == 0 {
		return "", "", ErrNoBearer
	}
	if len(tokens) > 1 {
		return "", "", Errorf(InvalidToken, "the access token is given more than once")
	}
	if !isToken68(tokens[0]) {
		return "", "", Errorf(InvalidToken, "the access token is out of form")
	}
	return tokens[0], tokenType, nil
}

// isToken68 holds b64token of RFC 6750 §2.1, to maxLongValue bytes.
func isToken68(s string) bool {
	if len(s) > maxLongValue {
		return false
	}
	body := strings.TrimRight(s, "=")
	for i := range len(body) {
		if c := body[i]; !isUnreserved(c) && c != '+' && c != '/' {
			return false
		}
	}
	return body != ""
}

// BearerChallenge is the WWW-Authenticate value of a protected resource's refusal (RFC 6750 §3). scope names what is needed, for
// insufficient_scope, and may be nil.
func BearerChallenge(realm string, e *Error, scope Scope) string {
	var b strings.Builder
	b.WriteString(`Bearer realm="` + cleanDescription(realm) + `"`)
	if e == nil || e == ErrNoBearer {
		return b.String()
	}
	b.WriteString(`, error="` + string(e.Code) + `"`)
	if e.Description != "" {
		b.WriteString(`, error_description="` + cleanDescription(e.Description) + `"`)
	}
	if len(scope) > 0 {
		b.WriteString(`, scope="` + scope.String() + `"`)
	}
	return b.String()
}
