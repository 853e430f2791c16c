package page

import (
	"math"
	"strconv"
	"time"
)

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
	ByUnlinking     Cause = "unlinked"      // the way in was taken off the account
	ByOwner         Cause = "claimed"       // the owner of the address took the account over
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

type logoutRecordView struct {
	Frame
	Title, Notes    []Span
	ID, Account     string
	Cause           []Span
	Begun, BegunISO string
	Up              []*hopView // providers
	Hub             *hopView
	Down            []*hopView // apps, after further sessions
	Ticks           []tick
	Uneven          bool
	Details         bool
	Refresh         string // seconds; empty: never
	Open            bool
	Toggle          string
	Return, Client  string
}

func (p *LogoutRecord) view(l *locale, f Frame) (string, any) {
	v := &logoutRecordView{
		Frame: f, ID: p.ID, Account: p.Account, Cause: l.cause(p.Cause, p.CauseName),
		Open: p.Open, Details: p.Details, Toggle: p.Toggle, Client: p.Client,
	}
	if !p.Begun.IsZero() {
		at := p.Begun.UTC()
		v.Begun, v.BegunISO = at.Format("2006-01-02 15:04:05 UTC"), at.Format(time.RFC3339)
	}
	if p.Open && p.Refresh > 0 {
		v.Refresh = strconv.Itoa(max(1, int(math.Ceil(p.Refresh.Seconds()))))
	}
	if isWeb(p.Return) {
		v.Return = p.Return
	}
	v.Title, v.Notes = l.told(p)
	v.plant(l, p)
	return "logoutrecord", v
}

// cause is the sentence for why a sign-out began.
func (l *locale) cause(c Cause, name string) []Span {
	switch {
	case c == ByProvider:
		return l.sentence("record.cause.provider"+sender(name), "provider", name)
	case c == ByApp && name != "":
		return l.sentence("record.cause.app.client", "client", name)
	case c == ByApp:
		return l.sentence("record.cause.app.unknown")
	}
	if _, known := l.sentences["record.cause."+string(c)]; !known {
		return nil
	}
	return l.sentence("record.cause." + string(c))
}

// told is the record in one heading, which counts the apps, and a sentence for
// whatever did not arrive.
func (l *locale) told(p *LogoutRecord) (title, notes []Span) {
	var (
		apps, told int
		knew       time.Duration
		only       *Hop // the last app
		missed     = map[Outcome][]*Hop{}
		next       time.Duration
	)
	for i := range p.Hops {
		h := &p.Hops[i]
		o := h.outcome()
		if h.Kind == ClientHop {
			apps, only = apps+1, h
			if o == Delivered {
				told, knew = told+1, max(knew, h.Until)
			}
		}
		if h.Kind != SessionHop && o != Delivered {
			missed[o] = append(missed[o], h)
			if o == Pending && h.Next > p.Took && (next == 0 || h.Next < next) {
				next = h.Next
			}
		}
	}
	if knew == 0 {
		knew = p.Took
	}
	n, after := strconv.Itoa(apps), l.duration(knew)
	switch {
	case apps == 0:
		title = l.sentence("record.title.none")
	case apps == 1 && told == 1:
		title = l.sentence("record.title.one", "client", only.Name, "time", after)
	case apps == 1:
		title = l.sentence("record.title."+string(only.outcome()), "client", only.Name)
	case apps == 2 && told == 2:
		title = l.sentence("record.title.both", "time", after)
	case apps == told:
		title = l.sentence("record.title.all", "n", n, "time", after)
	default:
		title = l.sentence("record.title.some", "told", strconv.Itoa(told), "n", n)
	}
	for _, o := range []Outcome{Refused, GaveUp, NotSupported, Unknown, Pending} {
		switch list := missed[o]; {
		case len(list) == 1 && apps == 1 && list[0] == only: // the title says it
		case len(list) == 1:
			notes = also(notes, l.sentence("record.note."+string(o)+".one", "client", list[0].Name))
		case len(list) > 1:
			notes = also(notes, l.sentence("record.note."+string(o)+".several", "n", strconv.Itoa(len(list))))
		}
	}
	if next > 0 {
		notes = also(notes, l.sentence("record.note.next", "time", l.duration(next-p.Took)))
	}
	return title, notes
}
