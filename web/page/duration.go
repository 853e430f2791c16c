package page

import (
	"strconv"
	"strings"
	"time"
)

// duration is a length of time as people read it: two units at most, and no
// digit that nobody asks for. "84 ms", "5.2 s", "1 min 20 s", "2 h 5 min".
func (l *locale) duration(d time.Duration) string {
	const day = 24 * time.Hour
	if d > 0 && d < time.Millisecond {
		return l.plain("duration.under", "time", l.count("ms", 1))
	}
	// Rounding may reach the next unit: 59.6 s is 1 min.
	if d = max(0, d).Round(time.Millisecond); d < time.Second {
		return l.count("ms", int64(d/time.Millisecond))
	}
	if short := d.Round(100 * time.Millisecond); short < 10*time.Second {
		n := strconv.FormatFloat(short.Seconds(), 'f', -1, 64)
		return l.plain("duration.s", "n", strings.Replace(n, ".", l.plain("duration.point"), 1))
	}
	if d = d.Round(time.Second); d < time.Hour {
		return l.two("min", int64(d/time.Minute), "s", int64(d%time.Minute/time.Second))
	}
	if d = d.Round(time.Minute); d < day {
		return l.two("h", int64(d/time.Hour), "min", int64(d%time.Hour/time.Minute))
	}
	d = d.Round(time.Hour)
	return l.two("d", int64(d/day), "h", int64(d%day/time.Hour))
}

// two is "1 min 20 s", or the one of both that is not zero.
func (l *locale) two(unit string, n int64, lesser string, m int64) string {
	switch {
	case n == 0:
		return l.count(lesser, m)
	case m == 0:
		return l.count(unit, n)
	}
	return l.count(unit, n) + "\u00a0" + l.count(lesser, m)
}

// count keeps number and unit on one line.
func (l *locale) count(unit string, n int64) string {
	return strings.ReplaceAll(l.plain("duration."+unit, "n", strconv.FormatInt(n, 10)), " ", "\u00a0")
}
