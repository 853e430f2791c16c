package rehearse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub/logout/logouttest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// Fault makes a client or a provider of the file misbehave from the moment in
// which the session ends.
type Fault struct {
	Of   string // the id of a client, or the name of a provider
	Word string // of logouttest.Behaviours, or of idptest.Breakages with a colon for the equals sign
}

// ParseFault reads OF=WORD.
func ParseFault(text string) (Fault, error) {
	of, word, ok := strings.Cut(text, "=")
	if !ok || of == "" || word == "" {
		return Fault{}, fmt.Errorf("%q is no fault; one is written NAME=FAULT, for example  expenses=refuse-400", text)
	}
	return Fault{of, word}, nil
}

// ClientFaults lists the words for clients.
func ClientFaults() (words []string) {
	for _, b := range logouttest.Behaviours() {
		words = append(words, b.Name)
	}
	return words
}

// ProviderFaults lists the words for providers that matter to a sign-out: what
// can go wrong where people are signed out, and with logout tokens.
func ProviderFaults() (words []string) {
	for _, b := range idptest.Breakages() {
		if strings.HasPrefix(b, "end_session=") || strings.HasPrefix(b, "logout_token=") {
			words = append(words, strings.Replace(b, "=", ":", 1))
		}
	}
	return words
}

// check tells whether the pools have somebody of that name, who can have this
// fault.
func (f Fault) check(pools []*config.Pool) error {
	var names []string
	for _, p := range pools {
		for i := range p.Providers {
			if p.Providers[i].Name != f.Of {
				names = append(names, p.Providers[i].Name)
			} else if !slices.Contains(ProviderFaults(), f.Word) {
				return fmt.Errorf("provider %s cannot have the fault %q; there are %s", f.Of, f.Word, strings.Join(ProviderFaults(), ", "))
			} else {
				return nil
			}
		}
		for _, c := range signingIn(p) {
			if c.ID != f.Of {
				names = append(names, c.ID)
				continue
			}
			if _, err := logouttest.BehaviourNamed(f.Word); err != nil {
				return fmt.Errorf("client %s cannot have the fault %q; there are %s", f.Of, f.Word, strings.Join(ClientFaults(), ", "))
			}
			if c.BackchannelLogoutURI == "" && c.FrontchannelLogoutURI == "" {
				return fmt.Errorf("client %s has no logout URI at which it could misbehave", f.Of)
			}
			return nil
		}
	}
	return fmt.Errorf("there is no client and no provider %q to be rehearsed; there are %s", f.Of, strings.Join(names, ", "))
}
