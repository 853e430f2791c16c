package page

import "time"

// LogoutRecord shows one sign-out as it travels: why it began, who was told, hop
// by hop, and when each one knew. It is for the person, for whoever tests an app
// and for whoever runs the hub; the last also sees addresses, statuses and errors.
type LogoutRecord struct {
	Base
	ID        string // the reference
	Begun     time.Time
	Cause     Cause
	CauseName string // of the app or provider that asked; may be empty
	Account   string // who was signed out; may be empty
	// Open says that deliveries are still under way.
	Open bool
	// Took is how long it took until the last one knew; while Open, how long it
	// has been so far.
	Took time.Duration
	Hub  string // name of the pool
	// Hops are shown as given, providers above the hub and apps below.
	Hops []Hop
	// Return is the address back to the app, and Client its name, as in SignedOut.
	Return, Client string
	// Details shows Address, Status and Error.
	Details bool
	// Refresh is how often the page looks again while Open, in whole seconds; 0:
	// never. With connect-src 'self' in the Content-Security-Policy the script
	// changes what is new; without it, and without script, the page is loaded anew.
	Refresh time.Duration
	// Toggle is the address of this page with Refresh turned off, or, without
	// Refresh, on (WCAG 2.2 SC 2.2.2); empty: not offered.
	Toggle string
}

// Cause is why a sign-out began.
type Cause string

// The causes of a sign-out.
const (
	ByApp           Cause = "app"           // an app asked; CauseName is its name
	ByPerson        Cause = "person"        // the person did, on the hub's own pages
	ByAdministrator Cause = "administrator" // an administrator ended the session
	ByDisabling     Cause = "disabled"      // the account was switched off
	ByDeletion      Cause = "deleted"       // the account was deleted
	ByPassword      Cause = "password"      // the password was changed
	ByExpiry        Cause = "expired"       // the session reached its end
	ByProvider      Cause = "provider"      // the provider told; CauseName is its label
	ByReplacement   Cause = "replaced"      // somebody else signed in on the same browser
)

// Hop is one place a sign-out travelled to. Times are offsets from Begun.
type Hop struct {
	Kind    HopKind
	Name    string // of the app or provider; of a session, what tells it apart, may be empty
	Channel Channel
	Outcome Outcome
	Address string // shown with Details; may be empty
	// From is when it was its turn, Until when the outcome was known; 0: not yet.
	From, Until time.Duration
	Attempts    []Attempt     // in order of time; may be empty
	Next        time.Duration // the next attempt, of a pending one; 0: none is set
}

// Attempt is one time a hop was told.
type Attempt struct {
	At, Took time.Duration
	Status   int    // HTTP status; 0: there was no answer
	Error    string // why it did not arrive, in any shape: it is cleaned and cut; empty: it did
}

// HopKind is what a hop is to the hub.
type HopKind string

// The kinds of hops.
const (
	SessionHop  HopKind = "session"  // a session of the hub's own
	ProviderHop HopKind = "provider" // upstream
	ClientHop   HopKind = "client"   // an app, downstream
)

// Channel is how a hop is told.
type Channel string

// The channels.
const (
	BackChannel  Channel = "back-channel"  // from server to server (OpenID Connect Back-Channel Logout 1.0)
	FrontChannel Channel = "front-channel" // in a frame (OpenID Connect Front-Channel Logout 1.0)
	ByBrowser    Channel = "browser"       // the person was sent there
)

// Outcome is what came of telling a hop.
type Outcome string

// The outcomes. An unknown one is shown as Unknown.
const (
	Pending      Outcome = "pending"       // not told yet
	Delivered    Outcome = "delivered"     // told; a session: ended
	Refused      Outcome = "refused"       // it answered that it will not
	GaveUp       Outcome = "gave_up"       // it did not answer, and no attempt is left
	NotSupported Outcome = "not_supported" // it has no address to be told at
	Unknown      Outcome = "unknown"       // sent, and nothing proves that it arrived
)

func (p *LogoutRecord) view(_ *locale, f Frame) (string, any) {
	return "logoutrecord", &logoutRecordView{Frame: f, Account: p.Account}
}

type logoutRecordView struct {
	Frame
	Account string
}
