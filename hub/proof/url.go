package proof

import (
	"encoding/hex"
	"errors"
	"net"
	"net/url"
	"strings"
)

// canonicalURL is the form in which the htu of a DPoP proof and the URL of a request are compared (RFC 9449 §4.3): without query and
// fragment, normalised by syntax and scheme (RFC 3986 §6.2.2 and §6.2.3). Two texts that mean different resources never meet: what is
// reserved keeps its spelling, but for the case of hex digits.
func canonicalURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", err
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if u.Scheme != "https" && u.Scheme != "http" || u.User != nil || host == "" || strings.ContainsFunc(u.Hostname(), notInHost) {
		return "", errors.New("not an absolute http URL with a plain host")
	}
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	switch {
	case port != "":
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return u.Scheme + "://" + host + withoutDots(canonicalEscapes(u.EscapedPath())), nil
}

// notInHost leaves host names and addresses. Escapes, zones and letters beyond ASCII, which a change of case could make alike, have no
// place in the URL of a service.
func notInHost(r rune) bool { return r != ':' && (r > 0x7e || !isUnreserved(byte(r))) }

// canonicalEscapes decodes what need not be escaped and writes the rest in upper case (RFC 3986 §6.2.2.1 and §6.2.2.2).
func canonicalEscapes(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			b.WriteByte(path[i])
			continue
		}
		octet, err := hex.DecodeString(path[i+1 : i+3])
		if err == nil && isUnreserved(octet[0]) {
			b.WriteByte(octet[0])
		} else {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

// isUnreserved holds RFC 3986 §2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// withoutDots removes dot segments (RFC 3986 §5.2.4). An empty path is "/".
func withoutDots(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	kept := make([]string, 0, len(segments))
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		case ".":
		default:
			kept = append(kept, segment)
			continue
		}
		if last {
			kept = append(kept, "") // what ended in a dot segment ends in a slash
		}
	}
	return "/" + strings.Join(kept, "/")
}
