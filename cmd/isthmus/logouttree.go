package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// writeLogout draws one logout: the provider above the session that ended, the
// clients below it, each with the attempts to tell it; then what came of it all,
// what to do, and where to see it in a browser.
func writeLogout(w io.Writer, p paint, l admin.Logout, now time.Time) {
	fmt.Fprintln(w, strings.Join([]string{"Logout " + l.ID, "pool " + plain(l.Pool), plain(who(l)), moment(l.Begun)}, " · "))
	var above, below []admin.Hop
	for _, h := range l.Hops {
		if h.Party.Kind == admin.ProviderParty {
			above = append(above, h)
		} else {
			below = append(below, h)
		}
	}
	t := &tree{w: w, paint: p, logout: l, now: now, width: cells("session")}
	for _, h := range l.Hops {
		t.width = max(t.width, cells(plain(h.Party.ID)))
	}
	for _, h := range above {
		t.hop("", "│ ", h)
	}
	ended := fmt.Sprintf("ended at %s: %s", clock(l.Begun), plain(because(l)))
	if l.Address != "" {
		ended += ", from " + plain(l.Address)
	}
	if l.RequestID != "" {
		ended += ", request " + plain(l.RequestID)
	}
	fmt.Fprintf(w, "  %s %s  %s\n", p.good(), fill("session", t.width+2), ended)
	for i, h := range below {
		if i < len(below)-1 {
			t.hop("├ ", "│ ", h)
		} else {
			t.hop("└ ", "  ", h)
		}
	}
	fmt.Fprintln(w, summary(l))
	var mends []string
	for _, h := range l.Hops {
		if m := mend(l, h); m != "" && !slices.Contains(mends, m) {
			mends = append(mends, m)
			fmt.Fprintf(w, "Mend   %s\n", plain(m))
		}
	}
	if l.Page != "" {
		fmt.Fprintf(w, "Page   %s\n       for whoever has this address, for an hour\n", plain(l.Page))
	}
}

// tree is a logout that is being drawn.
type tree struct {
	w      io.Writer
	paint  paint
	logout admin.Logout
	now    time.Time
	width  int // of names, in columns
}

// hop draws a party and the attempts to tell it; branch leads to it, and trunk
// goes on below.
func (t *tree) hop(branch, trunk string, h admin.Hop) {
	indent := cells(branch)
	fmt.Fprintf(t.w, "  %s%s %s  %s  %s\n", branch, t.paint.hop(h.Outcome), fill(plain(h.Party.ID), t.width+2-indent), fill(channel(h), len("front channel")),
		outcome(h, t.logout, t.now))
	for i, a := range h.Attempts {
		rest := fill(trunk, t.width+6) + "  +" + fill(spell(a.At.Sub(t.logout.Begun)), 9)
		if a.TookMS > 0 {
			rest += fill(spell(a.TookMS.Duration()), 9)
		}
		fmt.Fprintln(t.w, strings.TrimRight("  "+rest+" "+t.answered(h, i), " "))
	}
}

// answered is what came of an attempt.
func (t *tree) answered(h admin.Hop, i int) string {
	a := h.Attempts[i]
	status := ""
	if a.Status != 0 {
		status = fmt.Sprint(a.Status)
	}
	switch {
	case a.TookMS > 0 && a.Error == "answered "+status:
		return status
	case a.TookMS > 0:
		return strings.TrimSpace(status + " " + plain(a.Error))
	case h.Outcome != string(hub.Waiting) || i < len(h.Attempts)-1:
		return "no answer is known: the hub or the browser was gone before"
	}
	return "under way"
}

// hop is the mark of an outcome.
func (p paint) hop(outcome string) string {
	switch hub.Outcome(outcome) {
	case hub.Delivered:
		return p.good()
	case hub.Refused, hub.GaveUp:
		return p.bad()
	case hub.Waiting:
		return p.colour("33", "…")
	}
	return "–"
}

// fill makes a text so many columns wide.
func fill(s string, columns int) string {
	return s + strings.Repeat(" ", max(columns-cells(s), 0))
}
