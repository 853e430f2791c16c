package hub

import (
	"slices"
	"strings"
)

// AddressDomain is the domain, in lower case, of an e-mail address that is
// plainly a single one: ASCII, one @, dot-atoms on both sides (RFC 5322 §3.4.1
// without its quoted and obsolete forms). Anything else has none, so that no rule
// about domains ever speaks of it (A78): addresses in other scripts fold onto
// each other, and which mailbox is meant is then a guess.
func AddressDomain(address string) (domain string, ok bool) {
	name, domain, ok := strings.Cut(address, "@")
	if !ok || len(address) > 254 || len(name) > 64 || !dotAtom(name, atomText) || !strings.Contains(domain, ".") || !dotAtom(domain, hostText) {
		return "", false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
	}
	return strings.ToLower(domain), true
}

func dotAtom(s string, text func(byte) bool) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			if !text(atom[i]) {
				return false
			}
		}
	}
	return true
}

func hostText(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}

func atomText(c byte) bool { return hostText(c) || strings.IndexByte("!#$%&'*+/=?^_`{|}~", c) >= 0 }

// Trusts tells whether the provider's word about an address at that domain, as
// AddressDomain gives it, is enough to join accounts. Whole domains are compared:
// corp.example speaks neither for a.corp.example nor for xcorp.example.
func (pr *Provider) Trusts(domain string) bool {
	return domain != "" && slices.Contains(pr.TrustedDomains, domain)
}
