package config

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// maxURL is the greatest length of an address in the file, in bytes.
const maxURL = 1024

// web reads an absolute http or https address. It reports what is wrong and returns nil then.
func (r *reader) web(text, path string) *url.URL {
	bad := func(what, hint string) *url.URL {
		r.problem(path, quote(text)+" "+what, hint)
		return nil
	}
	if len(text) > maxURL {
		return bad("is longer than 1024 bytes", "")
	}
	if i := strings.IndexFunc(text, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", c) }); i >= 0 {
		return bad("holds a character that an address may not have", "percent-encode it")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return bad("is not an address", "for example  https://id.example")
	case u.Scheme != "http" && u.Scheme != "https" || !strings.HasPrefix(text, u.Scheme+"://"):
		return bad("is not an address of the web", "it begins with https://")
	case u.Hostname() == "":
		return bad("has no host", "for example  https://id.example")
	case u.User != nil:
		return bad("has a user name in it", "remove what is before the @")
	case strings.Contains(text, "#"):
		return bad("has a fragment", "remove the # and what follows")
	}
	if _, _, err := splitHost(u.Host); err != nil {
		return bad("has a host that cannot be", "names have letters, digits and hyphens, international ones in their xn-- form; ports go to 65535")
	}
	return u
}

// issuer checks the form of an issuer, ours or an upstream's (RFC 8414 §2, OIDC Discovery §3).
func (r *reader) issuer(text, path string) *url.URL {
	u := r.web(text, path)
	switch {
	case u == nil:
		return nil
	case u.RawQuery != "" || u.ForceQuery:
		r.problem(path, quote(text)+" has a query", "an issuer has none; remove the ? and what follows")
		return nil
	}
	return u
}

// ownIssuer checks the issuer of a pool: https, or http on loopback, and no trailing slash, since endpoints are made by
// appending to it.
func (r *reader) ownIssuer(text, path string) {
	u := r.issuer(text, path)
	switch {
	case u == nil:
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		r.problem(path, quote(text)+" is not https", "http is allowed only for loopback addresses, such as http://localhost:8080; use https")
	case u.Host != strings.ToLower(u.Host):
		r.problem(path, quote(text)+" has capitals in its host", "apps compare issuers exactly, browsers send "+strings.ToLower(u.Host))
	case strings.HasSuffix(text, "/"):
		r.problem(path, quote(text)+" ends in a slash", "apps compare issuers exactly; write "+strings.TrimRight(text, "/"))
	case u.RawPath != "" || strings.Contains(u.Path, "//") || strings.Contains(u.Path+"/", "/./") || strings.Contains(u.Path+"/", "/../"):
		r.problem(path, quote(text)+" has a path that is not plain", "no percent-encoding, no empty or dot segments")
	}
}

// upstream checks an address that the hub itself will call: https, or http where it is loopback or listed, and not
// inside unless the outbound guard is told so.
func (r *reader) upstream(c *Config, u *url.URL, text, path string) {
	if u == nil {
		return
	}
	host := u.Hostname()
	insecure := listed(c.InsecureUpstreams, u)
	if u.Scheme == "http" && !isLoopback(host) && !insecure {
		r.problem(path, quote(text)+" is not https", "http is allowed only for loopback addresses; use https, or list the host under insecure_upstreams for a test")
		return
	}
	if isInner(host) && !insecure && !listed(c.Outbound.Allow, u) {
		r.problem(path, quote(text)+" is an address inside", "the hub calls loopback and private addresses only where it is told to; add "+quote(u.Host)+" to outbound.allow")
	}
}

// isInner tells names and addresses that lead inside by themselves. What a name resolves to is judged when it is
// called.
func isInner(host string) bool {
	if isLoopback(host) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	addr = addr.Unmap()
	return addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()
}

// listed reports whether a list of hosts, host:port and networks holds the host of u.
func listed(list []string, u *url.URL) bool {
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	var addrs []netip.Addr
	if addr, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, addr.Unmap())
	} else if host == "localhost" {
		addrs = append(addrs, netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback())
	}
	return slices.ContainsFunc(list, func(entry string) bool {
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			return slices.ContainsFunc(addrs, prefix.Contains)
		}
		h, p, err := splitHost(entry)
		return err == nil && strings.EqualFold(strings.TrimSuffix(h, "."), host) && (p == "" || net.JoinHostPort(h, p) == net.JoinHostPort(h, port))
	})
}
