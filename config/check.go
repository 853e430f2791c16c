package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// check judges what the values mean, after every key has been read. It reports and returns nothing.
func (r *reader) check(c *Config) {
	for i, l := range c.Listen {
		r.listener(l, fmt.Sprintf("listen[%d]", i), len(c.TrustedProxies) > 0)
	}
	if r.has("listen") && len(c.Listen) == 0 {
		r.problem("listen", "the list is empty", "for example  listen: localhost:8080")
	}
	if c.Metrics != "" {
		r.address(c.Metrics, "metrics")
	}
	for i, entry := range c.Outbound.Allow {
		r.hostOrNetwork(entry, fmt.Sprintf("outbound.allow[%d]", i))
	}
	for i, host := range c.InsecureUpstreams {
		r.insecureUpstream(host, fmt.Sprintf("insecure_upstreams[%d]", i))
	}
	r.sealingKey(c.SealingKey)
	if r.has("pools") && len(c.Pools) == 0 {
		r.problem("pools", "there is no pool", "begin one with  - name:")
	}
	all := unique{r: r}
	for i := range c.Pools {
		r.pool(c, &c.Pools[i], fmt.Sprintf("pools[%d]", i), &all)
	}
}

// sealingKey checks that a variable is set; a file is made by the hub when it does not exist.
func (r *reader) sealingKey(ref Reference) {
	named := 0
	for _, key := range []string{"sealing_key.env", "sealing_key.file"} {
		if r.has(key) {
			named++
		}
	}
	if r.has("sealing_key") && named != 1 {
		r.problem("sealing_key", "must name one of env and file", "for example  {file: isthmus.key}")
	}
	if ref.Env == "" {
		return
	}
	if text, set := r.env.LookupEnv(ref.Env); !set || text == "" {
		r.problem("sealing_key.env", fmt.Sprintf("the variable %s is not set", ref.Env), "set it in the environment of the hub")
	}
}

func (r *reader) listener(l Listener, path string, proxied bool) {
	at := path
	if r.has(path + ".address") {
		at = path + ".address"
	}
	host, ok := r.address(l.Address, at)
	if ok && l.TLS == nil && !isLoopback(host) && !proxied {
		r.warn(at, "plain http beyond this machine", "give tls, or name the proxy that has it under trusted_proxies")
	}
}

// address checks host:port and returns the host.
func (r *reader) address(text, path string) (host string, ok bool) {
	if text == "" {
		return "", false
	}
	host, port, err := net.SplitHostPort(text)
	n, numErr := strconv.ParseUint(port, 10, 16)
	if err != nil || numErr != nil || strconv.FormatUint(n, 10) != port || strings.ContainsAny(host, " /@") {
		r.problem(path, quote(text)+" is not host:port", "for example  localhost:8080,  :8443  or  [::1]:8080")
		return "", false
	}
	return host, true
}

func (r *reader) insecureUpstream(host, path string) {
	if _, _, err := splitHost(host); err != nil {
		r.problem(path, quote(host)+" is not a host", "write the host alone, or host:port, without http://")
		return
	}
	r.warn(path, fmt.Sprintf("%s is called over plain http: whoever is on the way reads codes, secrets and tokens", host), "remove it when the test is over")
}

// hostOrNetwork checks an exception for the outbound guard.
func (r *reader) hostOrNetwork(entry, path string) {
	if prefix, err := netip.ParsePrefix(entry); err == nil {
		switch {
		case prefix.Addr().Is4In6():
			r.problem(path, quote(entry)+" is an IPv4 network in IPv6 form", "write the IPv4 network itself")
		case prefix.Bits() == 0:
			r.problem(path, quote(entry)+" takes the guard away", "list what the hub has to reach inside")
		}
		return
	}
	if _, _, err := splitHost(entry); err != nil {
		r.problem(path, quote(entry)+" is not a host, a host:port or a network", "for example  idp.corp.example,  localhost:8081  or  10.1.0.0/16")
	}
}

// splitHost reads host or host:port; IPv6 addresses may stand in brackets or without.
func splitHost(text string) (host, port string, err error) {
	bare := text
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		bare = text[1 : len(text)-1]
	}
	if addr, err := netip.ParseAddr(bare); err == nil && addr.Zone() == "" {
		return bare, "", nil
	}
	if host = text; strings.Contains(text, ":") {
		if host, port, err = net.SplitHostPort(text); err != nil {
			return "", "", err
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", "", fmt.Errorf("port %q", port)
		}
		if _, err := netip.ParseAddr(host); err == nil {
			return host, port, nil
		}
	}
	if !isHostName(host) {
		return "", "", fmt.Errorf("host %q", host)
	}
	return host, port, nil
}

// isHostName accepts names of letters, digits, hyphens and underscores in labels of 1 to 63 (RFC 1123 §2.1).
func isHostName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		ok := label != "" && len(label) <= 63 && label[0] != '-' && label[len(label)-1] != '-'
		if !ok || strings.ContainsFunc(label, func(c rune) bool {
			return c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
		}) {
			return false
		}
	}
	return true
}

// isLoopback tells localhost, names under .localhost (RFC 6761 §6.3) and loopback addresses.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// unique finds names that stand twice.
type unique struct {
	r    *reader
	seen map[string]string // kind and value to the path of the first
}

// add reports a value that is there already; fold compares without case.
func (u *unique) add(kind, value, path string, fold bool) {
	if value == "" {
		return
	}
	key := kind + "\x00" + value
	if fold {
		key = strings.ToLower(key)
	}
	if u.seen == nil {
		u.seen = map[string]string{}
	}
	if first, twice := u.seen[key]; twice {
		what := " is taken by another " + kind
		if parent(first) == parent(path) {
			what = " is given twice"
		}
		u.r.problem(path, quote(value)+what, fmt.Sprintf("it stands on line %d already", u.r.places[first].line))
		return
	}
	u.seen[key] = path
}
