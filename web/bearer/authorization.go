package bearer

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// findToken returns the access token of a request. It stands in the one
// Authorization header (RFC 6750 §2.1) and nowhere else: bodies are the handler's
// to read, and a URL is written down by everybody who sees it (RFC 9700 §4.3.2).
func findToken(r *http.Request, raw bool) (string, *Error) {
	if queryHasToken(r.URL.RawQuery) {
		return "", misplaced("the access token must not be in the URL")
	}
	switch values := r.Header["Authorization"]; len(values) {
	case 0:
		return "", noToken()
	case 1:
		return parseAuthorization(values[0], raw)
	}
	return "", misplaced("there is more than one Authorization header")
}

// parseAuthorization reads a header's value. The scheme's case does not matter
// (RFC 9110 §11.1); another scheme is no token at all (RFC 6750 §3.1).
func parseAuthorization(value string, raw bool) (string, *Error) {
	value = strings.Trim(value, " \t")
	scheme, token, spaced := strings.Cut(value, " ")
	token = strings.TrimLeft(token, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
	case raw && !spaced && strings.Count(value, ".") == 2:
		token = value
	default:
		return "", noToken()
	}
	if !tokenCharacters(token) {
		return "", misplaced("the Authorization header has no access token, or more than one")
	}
	return token, nil
}

// tokenCharacters holds b64token of RFC 6750 §2.1, less the signs that no compact
// JWS has: a list of tokens does not pass.
func tokenCharacters(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return s != ""
}

// queryHasToken finds an access token in a query, in any spelling of its name.
func queryHasToken(query string) bool {
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if strings.EqualFold(name, "access_token") {
			return true
		}
	}
	return false
}

func noToken() *Error {
	return &Error{Status: http.StatusUnauthorized, Description: "an access token is needed"}
}

func misplaced(description string) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: invalidToken, Description: description, Cause: errors.New("the request is out of form")}
}
