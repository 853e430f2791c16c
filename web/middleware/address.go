package middleware

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// origin is where a request came from: the peer, or what listed proxies say.
type origin struct {
	addr        netip.Addr
	scheme      string
	certificate []byte // of the client, DER; nil: none
}

type originKey struct{}

// forwarding are the headers by which proxies, and those who pose as one, speak
// of the request before them. Nothing below Address may be tempted by them.
var forwarding = []string{
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix",
	"X-Forwarded-Server", "X-Forwarded-Ssl", "X-Real-Ip", "True-Client-Ip", "X-Original-Url", "X-Original-Host", "X-Rewrite-Url", "X-Host",
	"X-Http-Method-Override", "Client-Cert", "Client-Cert-Chain",
}

// Address finds the client's address and the scheme it spoke (security row
// A115). X-Forwarded-For and X-Forwarded-Proto count only when the peer is in
// one of the trusted prefixes; the addresses are then read from the right and
// the first that is no trusted proxy is the client. A header with anything
// malformed in the part that is read is ignored whole, which leaves the peer:
// a check may become coarser that way, but is never skipped. The host is never taken
// from a header but Host (A114); all forwarding headers are removed.
func Address(trusted []netip.Prefix) Middleware {
	trusted = slices.Clone(trusted)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			o := &origin{scheme: "http"}
			if r.TLS != nil {
				o.scheme = "https"
			}
			if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
				o.addr = plain(peer.Addr())
			}
			if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
				o.certificate = r.TLS.PeerCertificates[0].Raw
			}
			if contains(trusted, o.addr) {
				o.certificate = forwardedCertificate(r.Header)
				o.forwarded(r.Header, trusted)
			}
			for _, name := range forwarding {
				delete(r.Header, name)
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), originKey{}, o)))
		})
	}
}

// Client returns the address that the request's limits and audit events go by;
// the zero Addr if there is none (a unix socket). Without Address it is the peer.
func Client(r *http.Request) netip.Addr {
	if o, ok := r.Context().Value(originKey{}).(*origin); ok {
		return o.addr
	}
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return plain(peer.Addr())
}

// Scheme returns "https" or "http": what the browser spoke, as far as TLS on
// this connection or a trusted proxy tells. It serves HSTS and banners; no URL
// is ever built from it.
func Scheme(r *http.Request) string {
	if o, ok := r.Context().Value(originKey{}).(*origin); ok {
		return o.scheme
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// Certificate returns the client's certificate, DER, as its TLS connection
// proved it: to this hub, or to a listed proxy that passes it in Client-Cert
// (RFC 9440 §2.1). Nil when there is none.
func Certificate(r *http.Request) []byte {
	if o, ok := r.Context().Value(originKey{}).(*origin); ok {
		return o.certificate
	}
	return nil
}

// forwardedCertificate reads Client-Cert: one byte sequence of structured fields
// (RFC 8941 §3.3.5). Anything else is none.
func forwardedCertificate(h http.Header) []byte {
	values := h["Client-Cert"]
	if len(values) != 1 || len(values[0]) > 16<<10 {
		return nil
	}
	text, ok := strings.CutPrefix(strings.TrimSpace(values[0]), ":")
	text, closed := strings.CutSuffix(text, ":")
	if !ok || !closed {
		return nil
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return der
}

func (o *origin) forwarded(h http.Header, trusted []netip.Prefix) {
	// Repeated lines are one list (RFC 9110 §5.3); the nearest proxy wrote last.
	if addr, ok := firstStranger(h["X-Forwarded-For"], trusted); ok {
		o.addr = addr
	}
	if lines := h["X-Forwarded-Proto"]; len(lines) > 0 {
		last := lines[len(lines)-1]
		switch strings.ToLower(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])) {
		case "https":
			o.scheme = "https"
		case "http":
			o.scheme = "http"
		}
	}
}

// firstStranger walks a forwarding list from its right end to the first address
// that is not a trusted proxy's, or to the leftmost if all are. False when the
// list is empty or the walk meets something that is not an address.
func firstStranger(lines []string, trusted []netip.Prefix) (netip.Addr, bool) {
	var found netip.Addr
	for _, line := range slices.Backward(lines) {
		for line != "" {
			cut := strings.LastIndexByte(line, ',')
			element := strings.TrimSpace(line[cut+1:])
			line = line[:max(cut, 0)]
			addr, ok := parseHop(element)
			if !ok {
				return netip.Addr{}, false
			}
			found = addr
			if !contains(trusted, addr) {
				return addr, true
			}
		}
	}
	return found, found.IsValid()
}

// parseHop reads an address, with or without port; some proxies add theirs.
func parseHop(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(s)
		addr = withPort.Addr()
	}
	addr = plain(addr)
	return addr, err == nil && !addr.IsUnspecified()
}

// plain removes what lets one address have several spellings.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}
