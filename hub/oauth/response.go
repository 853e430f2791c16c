package oauth

import (
	"net/url"
	"strings"
)

// Field is one parameter of a response. A response is a list, so that its order is the same every time.
type Field struct{ Name, Value string }

// AuthorizationResponse is what goes back to the client through the browser: a code, or an error (RFC 6749 §4.1.2).
type AuthorizationResponse struct {
	Code   string
	State  string // as it came; "" when none came
	Issuer string // RFC 9207: in every response, errors too
	Err    *Error // when set, Code is left out
}

// Fields lists the parameters, for a redirect or as the hidden inputs of a form_post page (OAuth 2.0 Form Post Response Mode §2).
// Empty ones are left out.
func (r AuthorizationResponse) Fields() []Field {
	all := []Field{{"code", r.Code}}
	if r.Err != nil {
		all = []Field{{"error", string(r.Err.Code)}, {"error_description", cleanDescription(r.Err.Description)}}
	}
	all = append(all, Field{"state", r.State}, Field{"iss", r.Issuer})
	fields := all[:0]
	for _, f := range all {
		if f.Value != "" {
			fields = append(fields, f)
		}
	}
	return fields
}

// URL is RedirectURL with the response's fields.
func (r AuthorizationResponse) URL(redirectURI string) (string, error) {
	return RedirectURL(redirectURI, r.Fields())
}

// RedirectURL appends fields to the query of a registered redirect URI, whose own bytes stay as they are (RFC 6749 §3.1.2). A URI with
// a fragment, one with a field's name in its own query, and a field given twice are refused with server_error: registration lets no such
// URI through, and a parameter must never come twice.
func RedirectURL(redirectURI string, fields []Field) (string, error) {
	if strings.Contains(redirectURI, "#") {
		return "", Errorf(ServerError, "the redirect URI has a fragment")
	}
	if len(fields) == 0 {
		return redirectURI, nil
	}
	base, query, hasQuery := strings.Cut(redirectURI, "?")
	there, err := queryNames(query)
	if err != nil {
		return "", Wrap(err, ServerError, "the redirect URI has a query that does not decode")
	}
	var b strings.Builder
	b.Grow(len(redirectURI) + 256)
	b.WriteString(base)
	b.WriteByte('?')
	b.WriteString(query)
	separate := hasQuery && query != "" && !strings.HasSuffix(query, "&")
	for _, f := range fields {
		if there[f.Name] {
			return "", Errorf(ServerError, "the redirect URI would have the parameter %s twice", f.Name)
		}
		there[f.Name] = true
		if separate {
			b.WriteByte('&')
		}
		separate = true
		b.WriteString(url.QueryEscape(f.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(f.Value))
	}
	return b.String(), nil
}
