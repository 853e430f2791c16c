package hub

import (
	"fmt"
	"math"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// LogoutLife is how long the record of a logout is kept.
const LogoutLife = 30 * 24 * time.Hour

// Logout is the record of one session's end: who or what ended it, and how each
// party that had to hear of it did. It is written with the end of the session in
// one transaction, so that it is also what is left to be done: a hub that dies in
// between goes on from it.
type Logout struct {
	ID        string    `json:"id"` // the session's
	Begun     time.Time `json:"begun"`
	Cause     Cause     `json:"cause"`
	By        string    `json:"by,omitempty"` // the client, the provider or the administrator, by the cause
	Address   string    `json:"address,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	Sub       string    `json:"sub"`
	Provider  string    `json:"provider,omitempty"` // the way in; empty: the pool's own password
	Hops      []Hop     `json:"hops,omitempty"`
	Hint      []byte    `json:"hint,omitempty"` // Session.Hint, until the provider's hop is over
	Deadline  time.Time `json:"deadline"`       // nobody is tried after this
	Next      time.Time `json:"next,omitzero"`  // when there is something to do; zero: never again
	Closed    time.Time `json:"closed,omitzero"`
}

// Hop is one party that had to hear of a session's end.
type Hop struct {
	Provider string    `json:"provider,omitempty"` // either the provider upstream
	ClientID string    `json:"client,omitempty"`   // or a client downstream
	Channel  Channel   `json:"channel,omitempty"`  // empty: there is none
	Outcome  Outcome   `json:"outcome"`
	Note     string    `json:"note,omitempty"` // why, where no attempt says it
	Attempts []Attempt `json:"attempts,omitempty"`
	Next     time.Time `json:"next,omitzero"` // of the next attempt
	Done     time.Time `json:"done,omitzero"` // when the outcome was known
}

// Attempt is one try to tell a party.
type Attempt struct {
	At     time.Time     `json:"at"`
	Took   time.Duration `json:"took,omitempty"` // zero: it has not ended, or the hub did before it
	Status int           `json:"status,omitempty"`
	Error  string        `json:"error,omitempty"`
}

// Cause is why a session ended.
type Cause string

// The causes, and what Logout.By is then.
const (
	ByApp           Cause = "app"           // an app sent the person here; its client
	ByPerson        Cause = "person"        // the person came by herself
	ByProvider      Cause = "provider"      // the provider told us; its name
	ByAdministrator Cause = "administrator" // signed out everywhere; who did it
	ByDisabling     Cause = "disabled"      // the user was disabled; who did it
	ByDeletion      Cause = "deleted"       // the user was deleted; who did it
	ByAge           Cause = "expired"       // the session was old
	ByReplacement   Cause = "replaced"      // another person signed in on the same browser
	ByUnlinking     Cause = "unlinked"      // the identity it began with was taken off the user; who did it
	ByOwner         Cause = "claimed"       // the owner of the address proved it, and what was before fell
)

// Channel is how a party is told.
type Channel string

// The channels.
const (
	BackChannel  Channel = "back-channel"  // OpenID Connect Back-Channel Logout 1.0
	FrontChannel Channel = "front-channel" // OpenID Connect Front-Channel Logout 1.0
	ByBrowser    Channel = "browser"       // the person was sent through the provider's end_session_endpoint
)

// Outcome is what is known of a hop.
type Outcome string

// The outcomes. Waiting is the only one that changes.
const (
	Waiting      Outcome = "pending"
	Delivered    Outcome = "delivered"
	Refused      Outcome = "refused"       // the party says that it did not sign the person out
	GaveUp       Outcome = "gave_up"       // it could not be reached
	NotSupported Outcome = "not_supported" // it has no way to be told
	Unknown      Outcome = "unknown"       // it was asked in a browser, which does not tell
)

// Logouts are the records of a pool's logouts: by id, by person, the newest
// first, and those with something left to do by when.
var Logouts = store.Collection[Logout]{
	Name:    "logout",
	ID:      func(l *Logout) string { return l.ID },
	Expires: func(l *Logout) time.Time { return l.Begun.Add(LogoutLife) },
	Indexes: []store.Index[Logout]{
		{Name: "newest", Keys: func(l *Logout) []string { return []string{fmt.Sprintf("%016x", math.MaxInt64-l.Begun.UnixNano())} }},
		{Name: "sub", Keys: func(l *Logout) []string { return []string{l.Sub} }},
		{Name: "due", Keys: func(l *Logout) []string {
			if l.Next.IsZero() {
				return nil
			}
			return []string{store.TimeKey(l.Next)}
		}},
	},
}

// Open tells whether a party has still to be told.
func (l *Logout) Open() bool { return l.Closed.IsZero() }

// Took is the time until the last party's outcome was known, or so far.
func (l *Logout) Took(now time.Time) time.Duration {
	if l.Open() {
		return now.Sub(l.Begun)
	}
	return l.Closed.Sub(l.Begun)
}

// Settle ends a hop with its outcome; one that has ended stays as it is. The
// caller calls Reckon when it is done with all.
func (h *Hop) Settle(o Outcome, note string, now time.Time) {
	if h.Outcome != Waiting {
		return
	}
	h.Outcome, h.Note, h.Next, h.Done = o, note, time.Time{}, now
}

// Reckon brings Next and Closed up to date with the hops.
func (l *Logout) Reckon() {
	l.Next, l.Closed = time.Time{}, l.Begun
	open := false
	for i := range l.Hops {
		h := &l.Hops[i]
		if h.Outcome == Waiting {
			open = true
			if l.Next.IsZero() || h.Next.Before(l.Next) {
				l.Next = h.Next
			}
		}
		if h.Done.After(l.Closed) {
			l.Closed = h.Done
		}
		if h.Provider != "" && h.Outcome != Waiting {
			l.Hint = nil
		}
	}
	if open {
		l.Closed = time.Time{}
	}
}
