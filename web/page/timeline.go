package page

import (
	"math"
	"strconv"
	"time"
)

// scale places times on an axis, in percent of its width. Within a factor of
// uneven it is even, as a ruler. Beyond, an app that knew after 3 ms and one that
// took 40 min are both to be seen: up to knee it is nearly even, then each
// further step stands for many times the one before.
type scale struct {
	end  time.Duration
	knee time.Duration // 0: even
}

const uneven = 100

// newScale is made of every time that is to be seen apart from zero.
func newScale(times []time.Duration) scale {
	first, end := time.Duration(math.MaxInt64), time.Millisecond
	for _, t := range times {
		if t > 0 {
			first, end = min(first, max(t, time.Millisecond)), max(end, t)
		}
	}
	s := scale{end: end}
	if end/first > uneven && first < end {
		s.knee = first / 2
	}
	return s
}

func (s scale) at(t time.Duration) float64 {
	t = max(0, min(t, s.end))
	if s.knee == 0 {
		return 100 * float64(t) / float64(s.end)
	}
	return 100 * math.Log1p(float64(t)/float64(s.knee)) / math.Log1p(float64(s.end)/float64(s.knee))
}

// The steps between the marks of an even axis, and the marks of an uneven one.
var (
	steps = []time.Duration{
		time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
		100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	}
	leaps = []time.Duration{
		time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 10 * time.Second,
		time.Minute, 10 * time.Minute, time.Hour, 10 * time.Hour, 4 * 24 * time.Hour, 40 * 24 * time.Hour,
	}
)

// tick is a mark of the axis.
type tick struct {
	X     string
	Text  string
	Minor bool // its text is left out where there is little room
	Last  bool // so near the end that its text stands before it
}

const (
	tickGap  = 11 // percent between two marks with text, at least
	minorGap = 21 // the same where there is little room
)

func (l *locale) ticks(s scale) []tick {
	list := []tick{{X: percent(0), Text: l.duration(0)}}
	text, major := 3.0, 7.0 // about where the last text ends, and the last major one
	add := func(t time.Duration) {
		x := s.at(t)
		if x-text < tickGap {
			return
		}
		k := tick{X: percent(x), Text: l.duration(t), Minor: x-major < minorGap, Last: x > 97}
		text = x
		if !k.Minor {
			major = x
		}
		list = append(list, k)
	}
	if s.knee > 0 {
		for _, t := range leaps {
			if t <= s.end {
				add(t)
			}
		}
		return list
	}
	step := steps[0]
	for i := 1; s.end/step > 5; i++ {
		if i < len(steps) {
			step = steps[i]
		} else {
			step *= 2 // days
		}
	}
	for i := range s.end / step { // counted, for a sum could overflow
		add((i + 1) * step)
	}
	return list
}

// percent is a place or length in an SVG that stretches.
func percent(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) + "%" }

// bar is one attempt, or the whole of a hop that has none.
type bar struct{ Tone, X, Width string }

// track is the row of the time line that belongs to a hop.
type track struct {
	From, Until string // of the thin line: from its turn until it was known
	Bars        []bar
	End, Tone   string // where it was known, and how it ended
	Next        string // where the next attempt is
}

func (h *Hop) track(s scale, tone string, now time.Duration) *track {
	k := &track{From: percent(s.at(h.From)), Tone: tone}
	last := h.Until
	for i, a := range h.Attempts {
		t := "missed"
		if i == len(h.Attempts)-1 && h.Until > 0 {
			t = tone
		}
		k.Bars = append(k.Bars, s.bar(t, a.At, a.At+a.Took))
		last = max(last, a.At+a.Took)
	}
	if len(h.Attempts) == 0 && h.Until > 0 {
		k.Bars = append(k.Bars, s.bar(tone, h.From, h.Until))
	}
	if h.Until > 0 {
		k.End = percent(s.at(h.Until))
	}
	if h.Outcome == Pending && h.Until == 0 {
		last = max(last, now)
		if h.Next > 0 {
			last, k.Next = max(last, h.Next), percent(s.at(h.Next))
		}
	}
	if last == 0 {
		return nil // nothing happened that would have a time
	}
	k.Until = percent(s.at(last))
	return k
}

func (s scale) bar(tone string, from, until time.Duration) bar {
	x := s.at(from)
	return bar{Tone: tone, X: percent(x), Width: percent(s.at(until) - x)}
}
