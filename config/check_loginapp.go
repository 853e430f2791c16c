package config

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// loginApp checks the start address of a front end of one's own. Its pages call the hub with the browser's cookies,
// which are SameSite=Lax, so it must be of the issuer's site; and of another origin, or a mistake in it could do
// whatever the hub's own pages can.
func (r *reader) loginApp(p *Pool, text, path string) {
	if text == "" {
		return
	}
	u, own := r.web(text, path), siteOf(p.Issuer)
	host := strings.Replace(own, "://", "://login.", 1)
	if _, domain, _ := strings.Cut(own, "://"); !strings.Contains(domain, ".") || isLoopback(domain) {
		host = own + ":3002" // it has no names under it
	}
	switch {
	case u == nil:
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		r.problem(path, quote(text)+" is not https", "people type passwords there; http is allowed only for loopback addresses")
	case u.RawQuery != "" || u.ForceQuery:
		r.problem(path, quote(text)+" has a query", "the hub adds interaction and error_id; remove the ? and what follows")
	case u.Host != strings.ToLower(u.Host):
		r.problem(path, quote(text)+" has capitals in its host", "origins are compared exactly, browsers send "+strings.ToLower(u.Host))
	case u.Port() == map[string]string{"http": "80", "https": "443"}[u.Scheme]:
		r.problem(path, quote(text)+" names the usual port", "origins are compared exactly, and browsers leave it out; write "+u.Scheme+"://"+u.Hostname())
	case own == "": // the issuer has been reported
	case strings.HasPrefix(p.Issuer+"/", u.Scheme+"://"+u.Host+"/"):
		r.problem(path, quote(text)+" has the origin of the issuer", "give the login application a host or a port of its own")
	case siteOf(text) != own:
		r.problem(path, quote(text)+" is of another site than the issuer "+quote(p.Issuer), "browsers keep the hub's cookies back from pages of other sites; put it at "+host+"/, for example")
	}
}

// siteOf is the site of an address, as browsers see it: its scheme and the domain that somebody registered (HTML
// §7.1.1), or its host where that is an address or a name of one label. Empty for what is no address.
func siteOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(host); err == nil {
		return u.Scheme + "://" + host
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		host = domain
	}
	return u.Scheme + "://" + host
}
