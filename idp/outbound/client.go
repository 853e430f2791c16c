package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const (
	headerTimeout = 5 * time.Second
	totalTimeout  = 10 * time.Second
	dialTimeout   = 4 * time.Second
	maxHeader     = 64 << 10
	maxRedirects  = 3
)

// Transport is the http.RoundTripper of New's client. It is exported so that a caller that is handed a client can ask
// for its policy by Permits.
type Transport struct {
	rules    rules
	onRefuse func(*Refused)
	base     *http.Transport
	resolver *net.Resolver // nil: the system's
}

// New returns a client that obeys the policy. The error names an exception that cannot be read.
// One client is meant to serve the whole process; it is safe for concurrent use.
func New(p Policy) (*http.Client, error) {
	r, err := parseRules(p.Allow)
	if err != nil {
		return nil, err
	}
	t := &Transport{rules: r, onRefuse: p.OnRefuse}
	t.base = &http.Transport{
		Proxy:                  nil, // never from the environment: a proxy would resolve names out of our sight
		DialContext:            t.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: p.RootCAs},
		TLSHandshakeTimeout:    headerTimeout,
		ResponseHeaderTimeout:  or(p.HeaderTimeout, headerTimeout),
		MaxResponseHeaderBytes: maxHeader,
		ForceAttemptHTTP2:      true,
		// Sized for a few providers and very many people: connections are kept, not made anew for each sign-in.
		MaxIdleConns:        1024,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     90 * time.Second,
	}
	return &http.Client{Transport: t, CheckRedirect: t.checkRedirect, Timeout: or(p.Timeout, totalTimeout)}, nil
}

func or(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// RoundTrip checks the URL, sends the request and limits the body of the answer to MaxBody bytes.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.rules.checkURL(r.URL); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, t.told(err)
	}
	res, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = limited(res.Body, MaxBody)
	return res, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the pool.
func (t *Transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// dial connects to an address of the policy's liking. Control runs after resolution, once for each address tried.
func (t *Transport) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Resolver: t.resolver}
	if !t.rules.listed(host, port) {
		d.Control = func(_, resolved string, _ syscall.RawConn) error { return t.told(t.judge(address, resolved)) }
	}
	return d.DialContext(ctx, network, address)
}

// judge decides about one resolved address.
func (t *Transport) judge(asked, resolved string) error {
	at, err := netip.ParseAddrPort(resolved)
	if err != nil {
		return &Refused{Address: asked, Reason: "no address"}
	}
	reason := judge(at.Addr())
	if reason == "" || t.rules.covers(at.Addr()) {
		return nil
	}
	if asked != resolved {
		reason += " " + at.Addr().String()
	}
	return &Refused{Address: asked, Reason: reason}
}

func (t *Transport) told(err error) error {
	var refused *Refused
	if t.onRefuse != nil && errors.As(err, &refused) {
		t.onRefuse(refused)
	}
	return err
}

func (t *Transport) checkRedirect(r *http.Request, via []*http.Request) error {
	err := CheckRedirect(r, via)
	if err == nil || errors.Is(err, http.ErrUseLastResponse) {
		return err
	}
	return t.told(err)
}

// CheckRedirect is the redirect rule, for a client made elsewhere: the answer to anything but GET and HEAD is returned
// as it stands; a GET follows three redirects at most, to the same scheme, and to the same host if it carries
// credentials. The net/http package would drop credentials by itself but had to be mended twice (CVE-2024-45336,
// CVE-2025-4673).
func CheckRedirect(r *http.Request, via []*http.Request) error {
	first := via[0]
	refuse := func(reason string) error { return &Refused{Address: bare(r.URL), Reason: reason} }
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return http.ErrUseLastResponse
	case len(via) > maxRedirects:
		return refuse("too many redirects")
	case r.URL.Scheme != first.URL.Scheme:
		return refuse("redirect to another scheme")
	case r.URL.Host != first.URL.Host && (first.Header.Get("Authorization") != "" || first.Header.Get("Cookie") != ""):
		return refuse("redirect to another host with credentials")
	}
	return nil
}

// Permits tells whether the client may ask for the URL, as far as that shows before resolution: https, or http to a
// host its policy lists. A client not made by New is held to the zero Policy with http to loopback addresses added, for
// such clients live in tests. The error is a *Refused.
func Permits(c *http.Client, u *url.URL) error {
	if c != nil {
		if t, ok := c.Transport.(*Transport); ok {
			return t.rules.checkURL(u)
		}
	}
	return loopback.checkURL(u)
}

var loopback = rules{prefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
