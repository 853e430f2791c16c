package middleware

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Policy is a page's Content-Security-Policy, as additions to a base that
// allows our own styles and images and nothing else: no script, no frame, no
// connection, no base element, forms to ourselves only (security row A112).
type Policy struct {
	Script  []string // sources for script-src, such as "'self'"
	Connect []string // sources for connect-src
	Image   []string // sources for img-src beside 'self' and data:
	Frame   []string // origins this page may frame: front-channel logout
	Form    []string // origins that a form's answer may redirect to; see Origin
	// Ancestors are the origins whose pages may frame this one: a provider's, for
	// its front-channel logout. None: nobody may.
	Ancestors []string
}

// String prints the policy as a header value. A source with a space, a comma,
// a semicolon or a control character could end the directive it stands in, so
// it is left out.
func (p Policy) String() string {
	var b strings.Builder
	b.Grow(192)
	b.WriteString("default-src 'none'; style-src 'self'; img-src 'self' data:")
	sources(&b, p.Image)
	directive(&b, "script-src", p.Script)
	directive(&b, "connect-src", p.Connect)
	directive(&b, "frame-src", p.Frame)
	b.WriteString("; base-uri 'none'; frame-ancestors")
	if len(p.Ancestors) == 0 {
		b.WriteString(" 'none'")
	}
	sources(&b, p.Ancestors)
	b.WriteString("; form-action 'self'")
	sources(&b, p.Form)
	return b.String()
}

func directive(b *strings.Builder, name string, list []string) {
	if len(list) == 0 {
		return
	}
	b.WriteString("; ")
	b.WriteString(name)
	sources(b, list)
}

func sources(b *strings.Builder, list []string) {
	for _, s := range list {
		if s == "" || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == ';' || c == ',' || c >= 0x7f }) {
			continue
		}
		b.WriteByte(' ')
		b.WriteString(s)
	}
}

// Origin returns the policy source that stands for a redirect URI: scheme, host
// and port for http and https, "scheme:" for a native app's own scheme, and ""
// for what is no absolute URI. Chromium applies form-action to the redirects
// that follow a form, so the page with the form names where it may end (A41).
func Origin(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	switch {
	case err != nil || u.Scheme == "":
		return ""
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "":
		return u.Scheme + "://" + strings.ToLower(u.Host)
	case u.Scheme == "https" || u.Scheme == "http":
		return ""
	}
	return u.Scheme + ":"
}

// SetPolicy replaces the response's Content-Security-Policy. It must come
// before the header is written.
func SetPolicy(w http.ResponseWriter, p Policy) {
	w.Header()["Content-Security-Policy"] = []string{p.String()}
	if len(p.Ancestors) > 0 {
		w.Header().Del("X-Frame-Options") // it cannot name an origin
	}
}

// Values of the fixed headers. Each slice is full, so that a handler's Add
// copies it; Set replaces it.
var (
	basePolicy       = []string{Policy{}.String()}
	noSniff          = []string{"nosniff"}
	noReferrer       = []string{"no-referrer"}
	referrerSelf     = []string{"same-origin"}
	sameOrigin       = []string{"same-origin"}
	denyFrames       = []string{"DENY"}
	noDevices        = []string{"accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"}
	strictTransports = []string{"max-age=31536000"}
)

// Headers puts the protective headers on every answer, refusals included; a
// handler replaces those that it must (SetPolicy for the CSP, Header().Set for
// Cross-Origin-Opener-Policy of a popup sign-in). Strict-Transport-Security is
// sent only where the browser came by TLS (RFC 6797 §7.2), without subdomains,
// which are not ours.
func Headers() Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h["Content-Security-Policy"] = basePolicy
			h["X-Content-Type-Options"] = noSniff
			h["X-Frame-Options"] = denyFrames
			h["Referrer-Policy"] = noReferrer
			h["Cross-Origin-Opener-Policy"] = sameOrigin
			h["Cross-Origin-Resource-Policy"] = sameOrigin
			h["Permissions-Policy"] = noDevices
			switch {
			case Scheme(r) == "https":
				h["Strict-Transport-Security"] = strictTransports
			case !loopback(r.Host):
				// Development over plain http on a name of the network. Browsers send
				// "Origin: null" with a form of a no-referrer page, and Sec-Fetch-Site
				// only to trustworthy origins, so CrossOrigin could not tell our own
				// form from a stranger's.
				h["Referrer-Policy"] = referrerSelf
			}
			next.ServeHTTP(w, r)
		})
	}
}

// loopback tells whether browsers count a host on plain http as trustworthy
// (W3C Secure Contexts §3.1).
func loopback(host string) bool {
	u := url.URL{Host: host}
	name := strings.ToLower(u.Hostname())
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}
