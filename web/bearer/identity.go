package bearer

import (
	"net/http"
	"slices"
	"strings"
)

const (
	subjectHeader  = "X-Auth-Request-Subject"
	clientHeader   = "X-Auth-Request-Client"
	usernameHeader = "X-Auth-Request-Username"
	scopesHeader   = "X-Auth-Request-Scopes"
	emailHeader    = "X-Auth-Request-Email"
)

var identity = []string{subjectHeader, clientHeader, usernameHeader, scopesHeader, emailHeader}

// Identity returns the names of the headers by which ForwardAuth tells the proxy,
// and the proxy the API, whose token it was: X-Auth-Request- and Subject (sub),
// Client (client_id), Username, Scopes (with spaces between), and Email if the
// token has one and says that it is verified. All are in every answer, empty
// where there is nothing to tell: a proxy that copies them overwrites whatever
// the client sent under these names. Values are percent-encoded where they are
// not visible ASCII, and at percent signs.
func Identity() []string { return slices.Clone(identity) }

// clearIdentity makes an answer that speaks of nobody.
func clearIdentity(h http.Header) {
	for _, name := range identity {
		h[name] = []string{""}
	}
}

// setIdentity writes whose token it was over what clearIdentity left.
func setIdentity(h http.Header, c *Claims) {
	h.Set(subjectHeader, encode(c.Subject))
	h.Set(clientHeader, encode(c.ClientID))
	h.Set(usernameHeader, encode(c.Username))
	h.Set(scopesHeader, strings.Join(c.Scopes, " "))
	// An address that nobody proved says nothing about who it is.
	if email, _ := c.All["email"].(string); verified(c.All["email_verified"]) {
		h.Set(emailHeader, encode(email))
	}
}

// verified reads the flag as a boolean or as Cognito's text.
func verified(flag any) bool { return flag == true || flag == "true" }

// encode makes a header's value of any text, and no two texts the same.
func encode(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c > ' ' && c <= '~' && c != '%' {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// disguised finds a header that is none of the identity headers, but becomes one
// where an application sees headers as CGI variables: X_Auth_Request_Subject. A
// proxy that overwrites the header by its name lets it through.
func disguised(h http.Header) (string, bool) {
	for name := range h {
		for _, known := range identity {
			if len(name) == len(known) && name != known && strings.EqualFold(fold(name), known) {
				return name, true
			}
		}
	}
	return "", false
}

// fold writes everything that is no letter and no digit as a hyphen.
func fold(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, name)
}
