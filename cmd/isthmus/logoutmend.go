package main

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// mend is what to do so that a party hears of the next logout; empty if it did of
// this one, or if nothing can be done here.
func mend(l admin.Logout, h admin.Hop) string {
	to := h.Party
	if to.Name == "" {
		return "" // the configuration has it no more
	}
	if to.Kind == admin.ProviderParty {
		if h.Outcome == string(hub.GaveUp) {
			return fmt.Sprintf("%s could not be used for it; isthmus doctor says what it finds there.", to.ID)
		}
		return ""
	}
	switch hub.Outcome(h.Outcome) {
	case hub.NotSupported:
		if to.Address == "" {
			return fmt.Sprintf("%s is never told: give the client a backchannel_logout_uri.", to.ID)
		}
	case hub.Unknown:
		called := func(other admin.Hop) bool { return other.Party.ID == to.ID && other.Channel == string(hub.BackChannel) }
		if !slices.ContainsFunc(l.Hops, called) {
			return fmt.Sprintf("%s is told by browsers alone, which prove nothing: give the client a backchannel_logout_uri too.", to.ID)
		}
	case hub.Refused, hub.GaveUp, hub.Waiting:
		if n := len(h.Attempts); n > 0 && h.Attempts[n-1].TookMS > 0 {
			return mendCall(to, h.Attempts[n-1])
		} else if n > 1 {
			return mendCall(to, h.Attempts[n-2])
		}
	}
	return ""
}

var refusedDial = regexp.MustCompile(`outbound request to (\S+) refused: (.*)`)

// mendCall is what to do after a call that was no success.
func mendCall(to admin.Party, a admin.Attempt) string {
	if m := refusedDial.FindStringSubmatch(a.Error); m != nil {
		return fmt.Sprintf("The hub may not call %s (%s): put %s under outbound.allow, if that address is meant.", m[1], m[2], allowed(m[1]))
	}
	from := fmt.Sprintf("%d from %s", a.Status, to.Address)
	switch {
	case a.Status == 0 && strings.HasPrefix(a.Error, "not called: it has not answered"):
		return fmt.Sprintf("%s did not answer several calls and is left alone for a moment; look whether it runs, and answers at %s.", to.ID, to.Address)
	case a.Status == 0 && strings.HasPrefix(a.Error, "not called"):
		return ""
	case a.Status == 0:
		return fmt.Sprintf("Nobody answers at %s: look whether %s runs, and whether name, port and firewall lead there from the hub.", to.Address, to.ID)
	case a.Status == 400:
		return fmt.Sprintf("%s: the app refused; ask its owners to look at its log at %s.", from, clock(a.At))
	case a.Status == 404 || a.Status == 405 || a.Status == 410:
		return fmt.Sprintf("%s: nothing takes logout tokens there; correct the backchannel_logout_uri of %s.", from, to.ID)
	case a.Status/100 == 3:
		return fmt.Sprintf("%s: make the backchannel_logout_uri of %s the address that it redirects to.", from, to.ID)
	case a.Status == 401 || a.Status == 403:
		return fmt.Sprintf("%s: something in front of %s wants credentials or a CSRF token; exempt this address, since the logout token is the proof.", from, to.ID)
	case a.Status >= 500:
		return fmt.Sprintf("%s: a fault of the app, or of a proxy in front of it; ask its owners to look at its log at %s.", from, clock(a.At))
	}
	return fmt.Sprintf("%s is no answer to a logout token; ask the owners of %s to look at its log at %s.", from, to.ID, clock(a.At))
}

// allowed is an entry of outbound.allow for an address that was refused: a host
// with or without port, or a URL.
func allowed(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Port() != "" {
		if err == nil && u.Host != "" {
			return u.Host
		}
		return address
	}
	return net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
}
