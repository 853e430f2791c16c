package page

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Reason is why a sign-in stopped, as far as the person needs to know.
type Reason string

// The reasons a sign-in stops.
const (
	Cancelled        Reason = "cancelled"         // the person turned back at the provider
	ProviderSilent   Reason = "provider-silent"   // the provider did not answer
	ProviderWrong    Reason = "provider-wrong"    // the provider answered with something unusable
	ProviderRefused  Reason = "provider-refused"  // the provider refused, and not because the person asked it to
	AttributeRefused Reason = "attribute-refused" // a required attribute did not come, and the mapping says refuse
	AccountDisabled  Reason = "account-disabled"
	CreationOff      Reason = "creation-off"    // nobody is known by this identity, and none is created
	NameTaken        Reason = "name-taken"      // another user has the name the mapping gives
	NotProven        Reason = "not-proven"      // the account that was to be joined changed meanwhile
	LinkTaken        Reason = "link-taken"      // the identity opens another account
	LinkLimit        Reason = "link-limit"      // the account has as many identities as it may
	NotAllowed       Reason = "not-allowed"     // this way in is not open for this app
	TooManyAttempts  Reason = "too-many"        // wait, then try again
	Expired          Reason = "expired"         // the page stood open too long, or was used before
	OtherBrowser     Reason = "other-browser"   // the cookie is missing: another browser, or cookies are blocked
	RequestRefused   Reason = "request-refused" // the app's request is not acceptable; see Mismatches
	SignOutRefused   Reason = "signout-refused" // the app's request to sign out is not acceptable; see Mismatches
	Unavailable      Reason = "unavailable"     // the hub itself cannot go on
)

// Stopped says that a sign-in stopped, what to do, and the code to give to the
// help desk.
type Stopped struct {
	Base
	Reason   Reason // empty or unknown: Unavailable
	Client   string // name of the app; empty when it is not known or not proven
	Provider string // name of a social provider; empty: "your company"
	// Attribute is the name (and Label the custom label) of what did not come.
	Attribute, Label string
	// Code is the help desk code, as "K7QF-2M9X"; empty: none is shown.
	Code string
	// Retry is the address that starts again with the same app, or, after
	// SignOutRefused, that signs out; empty: none.
	Retry string
	// Leave is where the form goes that turns back to the app, and Tx the
	// interaction it is about; empty: it is not offered.
	Leave, Tx string
	// Others are further ways in.
	Others []Provider
	// Wait is how long TooManyAttempts lasts; shown in whole minutes.
	Wait time.Duration
	// Mismatches say what was wrong with the app's request, for the people who run it.
	Mismatches []Mismatch
}

// Mismatch is one part of an app's request that is not as registered. It is
// shown as text, never as a link: nothing here is proven.
type Mismatch struct {
	Name       string   // of the parameter: "redirect_uri"
	Received   string   // what came, in any shape: it is cleaned and cut; empty: nothing came
	Registered []string // what would have been right; may be empty
}

type stoppedView struct {
	Frame
	Code, Retry string
	Leave       bool
	Action, Tx  string
	Client      string
	Title       []Span
	Text        []Span
	Advice      []Span // what to do with the code
	Restart     bool   // trying again means starting anew
	SignOut     bool   // or signing out without the app
	Mismatches  []Mismatch
	Shown, More []providerView
}

// legible makes text of unproven origin fit to be read on a page: without
// controls and without characters that turn or hide what stands beside them,
// and of 500 characters at most (A66).
func legible(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if !unicode.IsGraphic(r) {
			r = '\uFFFD'
		}
		if n++; n > 500 {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (p *Stopped) view(l *locale, f Frame) (string, any) {
	reason := p.Reason
	if _, known := l.sentences["stopped."+string(reason)+".title"]; !known {
		reason = Unavailable
	}
	v := &stoppedView{Frame: f, Code: p.Code, Retry: p.Retry, Leave: p.Leave != "" && p.Client != "", Action: p.Leave, Tx: p.Tx, Client: p.Client}
	for _, m := range p.Mismatches {
		v.Mismatches = append(v.Mismatches, Mismatch{Name: m.Name, Received: legible(m.Received), Registered: m.Registered})
	}
	v.Title = l.sentence("stopped." + string(reason) + ".title")
	v.Shown, v.More = l.arrange(p.Others, p.Retry == "")
	key := "stopped." + string(reason)
	switch reason {
	case Cancelled, ProviderSilent, ProviderWrong, ProviderRefused, AttributeRefused, CreationOff, NameTaken:
		key += sender(p.Provider)
	case NotAllowed, RequestRefused, SignOutRefused, Expired:
		if p.Client == "" {
			key += ".unknown"
		} else {
			key += ".client"
		}
	default:
		key += ".text"
	}
	v.Text = l.sentence(key,
		"provider", p.Provider,
		"client", p.Client,
		"attribute", l.attribute(p.Attribute, p.Label, true),
		"minutes", strconv.Itoa(max(1, int(math.Ceil(p.Wait.Minutes())))),
	)
	v.Advice = l.advice(reason, p.Code, p.Retry)
	v.Restart, v.SignOut = reason == Expired || reason == OtherBrowser, reason == SignOutRefused
	return "stopped", v
}

// advice says whom to give the code to. Where nothing failed it says nothing.
func (l *locale) advice(reason Reason, code, retry string) []Span {
	if code == "" {
		return nil
	}
	switch reason {
	case Cancelled, Expired, OtherBrowser, TooManyAttempts:
		return nil
	case RequestRefused, SignOutRefused:
		return l.sentence("stopped.advice.app")
	}
	if retry != "" {
		return l.sentence("stopped.advice.retry")
	}
	return l.sentence("stopped.advice.code")
}
