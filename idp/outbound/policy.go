package outbound

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Policy says where the client may go. The zero value reaches public addresses over https only.
type Policy struct {
	// Allow lists the exceptions: a host ("idp.corp.example"), a host and port ("localhost:8080", "[::1]:8080"), an
	// address ("10.1.0.7"), or a CIDR ("10.1.0.0/16"). A listed host may resolve to any address and may be spoken to
	// over http; an address or CIDR opens addresses whatever name leads there, and http only where the URL has the
	// address itself, or "localhost".
	Allow []string
	// OnRefuse, if set, hears of every refusal; it must be quick and safe for concurrent use.
	OnRefuse func(*Refused)
	// RootCAs replaces the system's certificate authorities when set.
	RootCAs *x509.CertPool
	// HeaderTimeout bounds the wait for a response's header; zero means 5 s.
	HeaderTimeout time.Duration
	// Timeout bounds a whole request with its redirects and its body; zero means 10 s.
	Timeout time.Duration
}

// Refused is the error of a connection or redirect that the policy forbids.
type Refused struct {
	Address string // host, host:port or URL without query, as far as known
	Reason  string // e.g. "loopback address", "http is for listed hosts only"
}

func (r *Refused) Error() string {
	return "outbound request to " + r.Address + " refused: " + r.Reason
}

// rules is a Policy's Allow list, parsed.
type rules struct {
	hosts    map[string]bool // lower case, no final dot; with or without port
	prefixes []netip.Prefix
}

func parseRules(allow []string) (rules, error) {
	r := rules{hosts: map[string]bool{}}
	for _, entry := range allow {
		switch prefix, err := netip.ParsePrefix(entry); {
		case err == nil && prefix.Addr().Is4In6():
			return r, fmt.Errorf("outbound exception %q: write the IPv4 network itself", entry)
		case err == nil:
			r.prefixes = append(r.prefixes, prefix.Masked())
			continue
		}
		if a, err := netip.ParseAddr(unbracket(entry)); err == nil && a.Zone() == "" {
			a = a.Unmap()
			r.prefixes = append(r.prefixes, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		host, port, err := net.SplitHostPort(entry)
		if err != nil {
			host, port = entry, ""
		}
		host = fold(host)
		if port != "" {
			if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
				return r, fmt.Errorf("outbound exception %q: bad port", entry)
			}
		}
		if host == "" || strings.ContainsAny(host, "/*@?#[] ") || strings.Contains(host, ":") && !isAddress(host) {
			return r, fmt.Errorf("outbound exception %q: want a host, host:port or CIDR", entry)
		}
		r.hosts[join(host, port)] = true
	}
	return r, nil
}

// unbracket takes the brackets off an IPv6 address that has both.
func unbracket(s string) string {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			return inner
		}
	}
	return s
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func fold(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

func join(host, port string) string {
	if port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}

// listed tells whether the operator named this host, as asked for, before resolution.
func (r rules) listed(host, port string) bool {
	host = fold(host)
	return r.hosts[host] || r.hosts[join(host, port)]
}

// covers tells whether a listed CIDR holds the address.
func (r rules) covers(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(r.prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

// checkURL judges what can be judged before resolution: shape and scheme.
func (r rules) checkURL(u *url.URL) error {
	refuse := func(reason string) error { return &Refused{Address: bare(u), Reason: reason} }
	host := u.Hostname()
	switch {
	case host == "":
		return refuse("no host")
	case u.User != nil:
		return refuse("user information in a URL")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return refuse("scheme is not https")
	case r.listed(host, u.Port()) || u.Port() == "" && r.listed(host, "80"):
		return nil
	case fold(host) == "localhost" && (r.covers(netip.AddrFrom4([4]byte{127, 0, 0, 1})) || r.covers(netip.IPv6Loopback())):
		return nil
	}
	if a, err := netip.ParseAddr(host); err == nil && r.covers(a) {
		return nil
	}
	return refuse("http is for listed hosts only")
}

// bare is a URL as it may be logged: no user, no query, no fragment.
func bare(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
