package oauth

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// MaxRedirectURI is the greatest length of a redirect URI in bytes, Cognito's.
const MaxRedirectURI = 1024

// responseNames are the parameters that a response may carry, of this hub or of any flow a client might mistake it for.
var responseNames = []string{
	"access_token", "code", "error", "error_description", "error_uri", "expires_in", "id_token", "iss", "response", "session_state",
	"state", "token_type",
}

// refusedSchemes run or read something where they are opened, or lead to another application by their content.
var refusedSchemes = []string{
	"about", "blob", "content", "data", "file", "filesystem", "ftp", "intent", "jar", "javascript", "livescript", "mailto", "mocha",
	"resource", "sms", "tel", "urn", "vbscript", "view-source", "ws", "wss",
}

// CheckRedirectURI judges a URI for registration as redirect, sign-out or logout URI. Allowed are https; http on loopback (localhost,
// names under .localhost (RFC 6761 §6.3), 127.0.0.0/8, [::1]); and schemes of an app's own, either with a dot (RFC 8252 §7.1:
// com.example.app:/cb) or in Cognito's form myapp://. Refused are fragments, user names, wildcards, dot segments, whatever is not plain
// RFC 3986, more than MaxRedirectURI bytes, and names in the query that a response carries. The error is invalid_redirect_uri
// (RFC 7591 §3.2.2), its description says what to change.
func CheckRedirectURI(uri string) error {
	if uri == "" {
		return refuseURI("it is empty")
	}
	if len(uri) > MaxRedirectURI {
		return refuseURI("it is longer than %d bytes", MaxRedirectURI)
	}
	if strings.Contains(uri, "#") {
		return refuseURI("it has a fragment")
	}
	if strings.Contains(uri, "*") {
		return refuseURI("it has a wildcard; register every URI in full")
	}
	if i := strings.IndexFunc(uri, func(r rune) bool { return !isURIRune(r) }); i >= 0 {
		return refuseURI("the character at byte %d may not stand in a URI; percent-encode it", i+1)
	}
	u, err := url.Parse(uri)
	if err != nil {
		return Wrap(err, InvalidRedirectURI, refusedURI+"it is not a URI")
	}
	if !strings.HasPrefix(uri, u.Scheme+":") || u.Scheme == "" {
		return refuseURI("it must begin with a scheme in lower case, such as https://")
	}
	if u.Scheme == "https" || u.Scheme == "http" {
		err = checkWebHost(u)
	} else {
		err = checkAppScheme(u.Scheme, uri)
	}
	if err != nil {
		return err
	}
	if u.User != nil {
		return refuseURI("it has a user name before the host")
	}
	if strings.ContainsAny(u.EscapedPath()+u.RawQuery, "[]") {
		return refuseURI("brackets must be percent-encoded")
	}
	if hasDotSegment(u.EscapedPath()) {
		return refuseURI("its path has a dot segment, which browsers resolve")
	}
	names, err := queryNames(u.RawQuery)
	if err != nil {
		return Wrap(err, InvalidRedirectURI, refusedURI+"its query does not decode")
	}
	for _, name := range responseNames {
		if names[name] {
			return refuseURI("its query has the name %s, which responses carry", name)
		}
	}
	return nil
}

// checkWebHost judges the authority of an https or http URI. Host names are plain ASCII, as they go into DNS: a percent-encoded or
// otherwise odd one is read differently by different parsers.
func checkWebHost(u *url.URL) error {
	host := u.Hostname()
	if host == "" {
		return refuseURI("it has no host")
	}
	if port := u.Port(); port != "" && !validPort(port) || strings.HasSuffix(u.Host, ":") {
		return refuseURI("its port is not a number from 1 to 65535")
	}
	if strings.HasPrefix(u.Host, "[") {
		if addr, err := netip.ParseAddr(host); err != nil || addr.Zone() != "" {
			return refuseURI("its host is no IPv6 address")
		}
	} else if !isHostName(host) {
		return refuseURI("its host is no host name; write other scripts as xn--")
	}
	if u.Scheme == "http" && !isLoopback(host) {
		return refuseURI("http is only for loopback, such as http://localhost; use https")
	}
	return nil
}

// checkAppScheme judges a scheme that is neither https nor http.
func checkAppScheme(scheme, uri string) error {
	rest := uri[len(scheme)+1:]
	switch {
	case slices.Contains(refusedSchemes, scheme):
		return refuseURI("the scheme %s is never allowed", scheme)
	case !strings.HasPrefix(rest, "/"):
		return refuseURI("after the scheme there must be a slash, as in com.example.app:/callback or myapp://callback")
	case !strings.Contains(scheme, ".") && !strings.HasPrefix(rest, "//"):
		return refuseURI("a scheme of an app's own must have a dot, as in com.example.app:/callback, or be followed by two slashes")
	}
	return nil
}

// MatchRedirectURI reports whether uri is one of the registered ones, byte for byte (RFC 9700 §2.1). With native set, which is for
// clients marked as native apps only, the port of an http URI with a literal loopback address (127.0.0.1 or [::1]) may be any
// (RFC 8252 §7.3); all else must still be equal, and localhost, being a name, is not such an address.
func MatchRedirectURI(registered []string, uri string, native bool) bool {
	if uri == "" || len(uri) > MaxRedirectURI {
		return false
	}
	if slices.Contains(registered, uri) {
		return true
	}
	if !native {
		return false
	}
	host, rest, ok := cutLoopbackPort(uri)
	return ok && slices.ContainsFunc(registered, func(r string) bool {
		h, tail, ok := cutLoopbackPort(r)
		return ok && h == host && tail == rest
	})
}

// cutLoopbackPort splits "http://127.0.0.1:8080/cb" into "http://127.0.0.1" and "/cb". It works on the text, so that nothing is
// normalized on the way.
func cutLoopbackPort(uri string) (host, rest string, ok bool) {
	for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, found := strings.CutPrefix(uri, host)
		if !found {
			continue
		}
		if port, found := strings.CutPrefix(rest, ":"); found {
			end := strings.IndexAny(port, "/?")
			if end < 0 {
				end = len(port)
			}
			if !validPort(port[:end]) {
				return "", "", false
			}
			rest = port[end:]
		}
		if rest == "" || rest[0] == '/' || rest[0] == '?' {
			return host, rest, true
		}
	}
	return "", "", false
}

// queryNames returns the decoded names of a query. A name with an index, such as code[0], counts as code, because that is how a number
// of web frameworks read it.
func queryNames(query string) (map[string]bool, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	names := make(map[string]bool, len(values))
	for name := range values {
		name, _, _ = strings.Cut(name, "[")
		names[strings.TrimSpace(name)] = true
	}
	return names, nil
}

func isLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" && addr.IsLoopback() && !addr.Is4In6()
}

// hasDotSegment finds "." and ".." also in their encoded spelling, which the WHATWG URL standard resolves alike.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(strings.ToLower(path), "/") {
		switch strings.ReplaceAll(segment, "%2e", ".") {
		case ".", "..":
			return true
		}
	}
	return false
}

// isHostName holds letters, digits, hyphen and underscore in labels that are not empty.
func isHostName(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.ContainsFunc(label, func(r rune) bool {
			return r >= 0x80 || r != '-' && r != '_' && !isAlphanumeric(byte(r))
		}) {
			return false
		}
	}
	return true
}

func validPort(port string) bool {
	if port == "" || port[0] == '0' || len(port) > 5 || strings.Trim(port, "0123456789") != "" {
		return false
	}
	n, _ := strconv.Atoi(port)
	return n <= 65535
}

// isURIRune holds the characters of RFC 3986 §2.
func isURIRune(r rune) bool {
	return r < 0x80 && (isUnreserved(byte(r)) || strings.ContainsRune(":/?#[]@!$&'()*+,;=%", r))
}

// refusedURI begins what is said of a redirect URI.
const refusedURI = "the redirect URI is refused: "

func refuseURI(format string, args ...any) *Error {
	e := Errorf(InvalidRedirectURI, format, args...)
	e.Description = refusedURI + e.Description
	return e
}
