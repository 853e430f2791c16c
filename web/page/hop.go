package page

import (
	"net/http"
	"strconv"
	"time"
)

// hopView is a hop as the tree and the time line show it.
type hopView struct {
	ID, Name         string
	State            Outcome
	Mark             stateMark
	Word             string
	Tag              bool   // the sign-out began here, and it was told too
	Hint             string // when the next attempt is, or how many there were
	When             string
	Channel, Address string
	Attempts         []attemptView
	Fold, Unfolded   bool   // the attempts can be folded, and are not at first
	Grid             bool   // the page has a time line
	Track            *track // its row of it; nil: nothing with a time happened
	Now              string // where the time line stands, while under way
}

type attemptView struct {
	At, Took, Status, Error string
}

// stateMark is the drawing of an outcome in a square of 16 units: a shape of its
// own each, so that colour is not needed to tell them apart.
type stateMark struct {
	Ground, Sign string
	Solid        bool // the ground is filled and the sign is cut out of it
}

// origin is the state of whoever began the sign-out and was not told.
const origin Outcome = "origin"

const ring = "M8 1.2a6.8 6.8 0 1 1 0 13.6A6.8 6.8 0 0 1 8 1.2z"

var stateMarks = map[Outcome]stateMark{
	Delivered:    {"M8 .5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15z", "M4.7 8.3l2.3 2.3 4.4-4.9", true},
	Pending:      {ring, "M8 4.6V8l2.2 1.5", false},
	Refused:      {"M4.9.5h6.2l4.4 4.4v6.2l-4.4 4.4H4.9L.5 11.1V4.9z", "M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2", true},
	GaveUp:       {"M8 1.4l6.9 12.4H1.1z", "M8 6v3.6M8 11.4v.4", false},
	NotSupported: {ring, "M5 8h6", false},
	Unknown:      {ring, "M6.1 6.4a1.9 1.9 0 1 1 2.6 1.7c-.5.3-.7.6-.7 1.1M8 11.3v.3", false},
	origin:       {"M8 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8z", "", true},
}

// outcome is Unknown for everything that is none.
func (h *Hop) outcome() Outcome {
	if _, ok := stateMarks[h.Outcome]; !ok || h.Outcome == origin {
		return Unknown
	}
	return h.Outcome
}

// plant fills the tree: the hub's session is the root, the providers stand above
// it, the apps below. Whoever began the sign-out is there even when nobody had to
// tell them.
func (v *logoutRecordView) plant(l *locale, p *LogoutRecord) {
	var times []time.Duration
	var now time.Duration
	if p.Open {
		now = p.Took
	}
	times = append(times, now)
	sessions, known := 0, false
	for i := range p.Hops {
		h := &p.Hops[i]
		if h.Kind == SessionHop {
			sessions++
			continue
		}
		times = append(times, h.Until)
		if h.outcome() == Pending {
			times = append(times, h.Next)
		}
		for _, a := range h.Attempts {
			times = append(times, a.At+a.Took)
		}
		known = known || p.began(h)
	}
	s := newScale(times)
	v.Uneven = s.knee > 0
	for i := range p.Hops {
		h := &p.Hops[i]
		hv := l.hop(h, p, s, now)
		hv.ID = "hop-" + strconv.Itoa(i)
		switch {
		case h.Kind == SessionHop && sessions == 1:
			if hv.Name == "" || p.Hub != "" {
				hv.Name = p.Hub
			}
			v.Hub = hv
		case h.Kind == ProviderHop:
			v.Up = append(v.Up, hv)
		default:
			v.Down = append(v.Down, hv)
		}
		if hv.Track != nil && v.Ticks == nil {
			v.Ticks = l.ticks(s)
		}
	}
	if v.Hub == nil {
		v.Hub = &hopView{Name: p.Hub, State: origin, Mark: stateMarks[origin]}
	}
	if !known && p.CauseName != "" {
		hv := &hopView{Name: p.CauseName, State: origin, Mark: stateMarks[origin], Word: l.plain("record.began")}
		switch p.Cause {
		case ByProvider:
			v.Up = append([]*hopView{hv}, v.Up...)
		case ByApp:
			v.Down = append([]*hopView{hv}, v.Down...)
		}
	}
	if v.Ticks == nil {
		return
	}
	for _, list := range [][]*hopView{v.Up, {v.Hub}, v.Down} {
		for _, hv := range list {
			if hv.Grid = true; now > 0 {
				hv.Now = percent(s.at(now))
			}
		}
	}
}

// began tells whether the sign-out began at this hop.
func (p *LogoutRecord) began(h *Hop) bool {
	return p.CauseName != "" && p.CauseName == h.Name &&
		(p.Cause == ByApp && h.Kind == ClientHop || p.Cause == ByProvider && h.Kind == ProviderHop)
}

func (l *locale) hop(h *Hop, p *LogoutRecord, s scale, now time.Duration) *hopView {
	o := h.outcome()
	v := &hopView{
		Name: h.Name, State: o, Mark: stateMarks[o], Tag: p.began(h),
		Word: l.plain("record.outcome." + string(o)), Track: h.track(s, string(o), now),
	}
	if h.Kind == SessionHop && o == Delivered {
		v.Word = l.plain("record.outcome.ended")
	}
	if h.Until > 0 {
		v.When = l.duration(h.Until)
	}
	if o == Pending && h.Next > p.Took {
		v.Hint = l.plain("record.next", "time", l.duration(h.Next-p.Took))
	} else if n := len(h.Attempts); n > 1 {
		v.Hint = l.plain("record.tries", "n", strconv.Itoa(n))
	}
	if !p.Details {
		return v
	}
	switch h.Channel {
	case BackChannel, FrontChannel, ByBrowser:
		v.Channel = string(h.Channel)
	}
	v.Address = legible(h.Address)
	for _, a := range h.Attempts {
		av := attemptView{At: l.duration(a.At), Took: l.duration(a.Took), Error: legible(a.Error)}
		if a.Status > 0 {
			av.Status = strconv.Itoa(a.Status)
			if text := http.StatusText(a.Status); text != "" {
				av.Status += " " + text
			}
		}
		v.Attempts = append(v.Attempts, av)
	}
	v.Fold = len(h.Attempts) > 1
	v.Unfolded = o == Refused || o == GaveUp || o == Pending
	return v
}
