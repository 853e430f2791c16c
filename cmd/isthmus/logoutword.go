package main

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// shortID is the end of a logout's id, which tells it from its neighbours; it
// does not begin with a dash, which the command line would take for a flag.
func shortID(id string) string {
	at := max(len(id)-6, 0)
	for at > 0 && id[at] == '-' {
		at--
	}
	return id[at:]
}

func who(l admin.Logout) string { return cmp.Or(l.Username, l.Sub) }

// why is why a session ended, in a few words.
func why(l admin.Logout) string {
	switch hub.Cause(l.Cause) {
	case hub.ByApp:
		return l.By + " asked"
	case hub.ByPerson:
		return "the person"
	case hub.ByProvider:
		return l.By + " told"
	case hub.ByAdministrator:
		return "administrator " + strings.TrimPrefix(l.By, "local ")
	}
	return l.Cause // disabled, deleted, expired, replaced
}

// because is why in a sentence.
func because(l admin.Logout) string {
	switch hub.Cause(l.Cause) {
	case hub.ByPerson:
		return "the person signed out"
	case hub.ByAdministrator:
		return "an administrator (" + l.By + ") signed the person out"
	case hub.ByDisabling:
		return "an administrator (" + l.By + ") disabled the user"
	case hub.ByDeletion:
		return "an administrator (" + l.By + ") deleted the user"
	case hub.ByAge:
		return "it was old"
	case hub.ByReplacement:
		return "somebody else signed in on the same browser"
	case hub.ByProvider:
		return l.By + " told that the person signed out there"
	}
	return why(l)
}

// counted is how many parties had to hear of a logout, and how many know. A
// client that is told in two ways is one party.
func counted(l admin.Logout) (know, all int) {
	known := map[admin.Party]bool{}
	for _, h := range l.Hops {
		to := admin.Party{Kind: h.Party.Kind, ID: h.Party.ID}
		known[to] = known[to] || h.Outcome == string(hub.Delivered)
	}
	for _, knows := range known {
		if knows {
			know++
		}
	}
	return know, len(known)
}

func knowing(l admin.Logout) string {
	know, all := counted(l)
	if all == 0 {
		return "nobody to tell"
	}
	return fmt.Sprintf("%d of %d", know, all)
}

// ending is the time until the last party's outcome was known, or what is left
// to do.
func ending(l admin.Logout, now time.Time) string {
	if !l.Open {
		if len(l.Hops) == 0 {
			return "-"
		}
		return lasted(l)
	}
	var next *admin.Hop
	for i := range l.Hops {
		h := &l.Hops[i]
		if h.Outcome == string(hub.Waiting) && (next == nil || underWay(*h) || h.Next.Before(next.Next) && !underWay(*next)) {
			next = h
		}
	}
	if next == nil {
		return "open"
	}
	return "open, " + waiting(*next, now)
}

// underWay tells whether a client is being called at the moment.
func underWay(h admin.Hop) bool {
	n := len(h.Attempts)
	return h.Outcome == string(hub.Waiting) && h.Channel == string(hub.BackChannel) && n > 0 && h.Attempts[n-1].TookMS == 0
}

// waiting is what a pending hop waits for.
func waiting(h admin.Hop, now time.Time) string {
	left := h.Next.Sub(now)
	switch {
	case h.Channel != string(hub.BackChannel):
		return "waits for the browser"
	case underWay(h):
		return "being told now"
	case left <= 0:
		return "next try now"
	}
	return "next try in " + spell(max(left.Round(time.Second), time.Second))
}

// outcome is what came of a hop, in plain words.
func outcome(h admin.Hop, l admin.Logout, now time.Time) string {
	took := spell(h.Done.Sub(l.Begun))
	provider := h.Party.Kind == admin.ProviderParty
	switch hub.Outcome(h.Outcome) {
	case hub.Waiting:
		text := waiting(h, now)
		if !underWay(h) && !h.Next.IsZero() {
			if h.Channel != string(hub.BackChannel) {
				text += ", until " + clock(h.Next)
			} else if h.Next.After(now) {
				text += ", at " + clock(h.Next)
			}
		}
		return text
	case hub.Delivered:
		if provider {
			return "the browser came back from it after " + took
		}
		return "told after " + took
	case hub.Refused:
		return "said after " + took + " that it did not sign the person out"
	case hub.GaveUp:
		return "given up after " + took + note(h)
	case hub.NotSupported:
		return "cannot be told" + note(h)
	}
	return "unknown" + note(h)
}

func note(h admin.Hop) string {
	if h.Note == "" {
		return ""
	}
	return ": " + plain(h.Note)
}

// channel is how a party is told, in words.
func channel(h admin.Hop) string {
	if h.Channel == "" {
		return "–"
	}
	return strings.ReplaceAll(h.Channel, "-", " ")
}

// summary is the sentence that closes the record of a logout.
func summary(l admin.Logout) string {
	know, all := counted(l)
	verb := "know"
	if know == 1 {
		verb = "knows"
	}
	switch {
	case all == 0:
		return "Nobody had to be told."
	case l.Open:
		return fmt.Sprintf("%d of %d %s so far, after %s; nobody is tried after %s.", know, all, verb, spell(l.TookMS.Duration()), moment(l.Deadline))
	case know == all && all == 1:
		return fmt.Sprintf("The one that had to hear of it knows, %s.", after(l))
	case know == all:
		return fmt.Sprintf("All %d know, the last %s.", all, after(l))
	}
	return fmt.Sprintf("%d of %d %s; that was clear %s.", know, all, verb, after(l))
}

// lasted is how long it took until all was known.
func lasted(l admin.Logout) string {
	if l.TookMS == 0 {
		return "at once"
	}
	return spell(l.TookMS.Duration())
}

func after(l admin.Logout) string {
	if l.TookMS == 0 {
		return "at once"
	}
	return "after " + spell(l.TookMS.Duration())
}

// clock is the time of day.
func clock(t time.Time) string { return stamp(t, "15:04:05") }

// spell prints a time as people say it: 0.4 ms, 181 ms, 6.2 s, 12 min, 3.5 h.
func spell(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return trimmed(float64(d)/float64(time.Millisecond), "ms")
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 2*time.Minute:
		return trimmed(d.Seconds(), "s")
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return trimmed(d.Hours(), "h")
}

// trimmed is a number with one decimal, if that is not zero.
func trimmed(n float64, unit string) string {
	return fmt.Sprintf("%v %s", math.Round(n*10)/10, unit)
}
