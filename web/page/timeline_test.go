package page

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func plainSpaces(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

func TestTicks(t *testing.T) {
	l := testRenderer(t).locales[0]
	for _, test := range []struct {
		name  string
		times []time.Duration
		want  string
	}{
		{"nothing", nil, "0 ms 1 ms"},
		{"one app", []time.Duration{84 * ms}, "0 ms 20 ms 40 ms 60 ms 80 ms"},
		{"even", []time.Duration{31 * ms, 84 * ms, 52 * ms}, "0 ms 20 ms 40 ms 60 ms 80 ms"},
		{"seconds", []time.Duration{300 * ms, 9 * time.Second}, "0 ms 2 s 4 s 6 s 8 s"},
		{"days", []time.Duration{9 * 24 * time.Hour}, "0 ms 2 d 4 d 6 d 8 d"},
		{"fast and slow", []time.Duration{3 * ms, 40 * time.Minute}, "0 ms 10 ms 100 ms 1 s 10 s 1 min 10 min"},
		{"slower", []time.Duration{3 * ms, 20 * 24 * time.Hour}, "0 ms 100 ms 10 s 10 min 10 h"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, k := range l.ticks(newScale(test.times)) {
				got = append(got, plainSpaces(k.Text))
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// FuzzScale: time runs forward, within the axis, and what came first is to be
// seen apart from the beginning.
func FuzzScale(f *testing.F) {
	f.Add(int64(3*ms), int64(40*time.Minute), int64(time.Second))
	f.Add(int64(0), int64(0), int64(0))
	f.Add(int64(-1), int64(math.MaxInt64), int64(1))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64))
	f.Add(int64(2*ms), int64(201*ms), int64(math.MinInt64))
	l := testRenderer(f).locales[0]
	f.Fuzz(func(t *testing.T, a, b, c int64) {
		times := []time.Duration{time.Duration(a), time.Duration(b), time.Duration(c)}
		s := newScale(times)
		slices.Sort(times)
		last := 0.0
		for _, d := range times {
			x := s.at(d)
			if math.IsNaN(x) || x < last || x > 100.001 {
				t.Errorf("%v of %v is at %v%%, after %v%%", d, times, x, last)
			}
			if d >= time.Millisecond && x < 0.9 {
				t.Errorf("%v of %v is at %v%%: not apart from the beginning", d, times, x)
			}
			last = x
		}
		ticks := l.ticks(s)
		if n := len(ticks); n < 2 || n > 10 {
			t.Errorf("%v: %d marks", times, n)
		}
		last = -tickGap
		for _, k := range ticks {
			x, err := strconv.ParseFloat(strings.TrimSuffix(k.X, "%"), 64)
			if err != nil || x < last+tickGap-0.01 || x > 100 {
				t.Errorf("%v: %q at %s after %v", times, k.Text, k.X, last)
			}
			last = x
		}
	})
}

func TestTrack(t *testing.T) {
	s := scale{end: 100 * ms}
	for _, test := range []struct {
		name string
		hop  Hop
		want track
	}{
		{"told", told("A", 10*ms, 40*ms), track{From: "10.00%", Until: "40.00%", End: "40.00%", Tone: "delivered", Bars: []bar{{"delivered", "10.00%", "30.00%"}}}},
		{"no attempts", Hop{Outcome: Delivered, Until: 2 * ms}, track{From: "0.00%", Until: "2.00%", End: "2.00%", Tone: "delivered", Bars: []bar{{"delivered", "0.00%", "2.00%"}}}},
		{"told at last", Hop{Outcome: Delivered, From: 1 * ms, Until: 60 * ms, Attempts: []Attempt{{At: ms, Took: 9 * ms}, {At: 50 * ms, Took: 10 * ms}}},
			track{From: "1.00%", Until: "60.00%", End: "60.00%", Tone: "delivered", Bars: []bar{{"missed", "1.00%", "9.00%"}, {"delivered", "50.00%", "10.00%"}}}},
		{"waiting", Hop{Outcome: Pending, Attempts: []Attempt{{At: 0, Took: 9 * ms}}, Next: 90 * ms},
			track{From: "0.00%", Until: "90.00%", Next: "90.00%", Tone: "pending", Bars: []bar{{"missed", "0.00%", "9.00%"}}}},
		{"not begun", Hop{Outcome: Pending}, track{From: "0.00%", Until: "50.00%", Tone: "pending"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.hop.track(s, string(test.hop.Outcome), 50*ms)
			if got == nil || got.From != test.want.From || got.Until != test.want.Until || got.End != test.want.End ||
				got.Next != test.want.Next || got.Tone != test.want.Tone || !slices.Equal(got.Bars, test.want.Bars) {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
	if k := (&Hop{Outcome: NotSupported}).track(s, "not_supported", 0); k != nil {
		t.Errorf("nothing happened, and there is %+v", k)
	}
}
