package oauth

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"
)

// CheckFrontchannelLogoutURI judges the address that a page loads in a frame after a sign-out (OpenID Connect Front-Channel Logout §2)
// of a client with those redirect URIs: CheckRedirectURI must take it, its scheme, host and port must be those of one of them, and the
// names iss and sid in its query are left to us. The error is invalid_client_metadata, its description says what to change.
func CheckFrontchannelLogoutURI(uri string, redirectURIs []string) error {
	if err := CheckRedirectURI(uri); err != nil {
		return Wrap(err, InvalidClientMetadata, "%s", strings.TrimPrefix(AsError(err).Description, refusedURI))
	}
	origin, query := webOrigin(uri)
	names, _ := queryNames(query) // it decodes, or the URI would not have been taken
	switch {
	case origin == "":
		return Errorf(InvalidClientMetadata, "it must begin with https://, since a browser loads it")
	case names["sid"]:
		return Errorf(InvalidClientMetadata, "its query has the name sid, which is added when it is loaded")
	case !slices.ContainsFunc(redirectURIs, func(r string) bool { o, _ := webOrigin(r); return o == origin }):
		return Errorf(InvalidClientMetadata, "its scheme, host and port must be those of an address that the client is called back at")
	}
	return nil
}

// SameOrigin tells whether two web addresses have the same scheme, host and port for a browser, however they are spelt (RFC 6454 §4).
func SameOrigin(a, b string) bool {
	one, _ := webOrigin(a)
	other, _ := webOrigin(b)
	return one != "" && one == other
}

// webOrigin returns scheme, host and port of a web address in one spelling, "" for an app's own scheme, and its query.
func webOrigin(uri string) (origin, query string) {
	u, err := url.Parse(uri)
	if err != nil || u.Hostname() == "" {
		return "", ""
	}
	port := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	if port == "" {
		return "", ""
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), cmp.Or(u.Port(), port)), u.RawQuery
}
