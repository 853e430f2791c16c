package page

import (
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	l := testRenderer(t).locales[0]
	for d, want := range map[time.Duration]string{
		-time.Second: "0 ms", 0: "0 ms", 1: "under 1 ms", ms - 1: "under 1 ms", ms: "1 ms", 84*ms + ms/3: "84 ms",
		time.Second - ms/2: "1 s", 1049 * ms: "1 s", 1050 * ms: "1.1 s", 5200 * ms: "5.2 s", 9949 * ms: "9.9 s", 9950 * ms: "10 s",
		41500 * ms: "42 s", 59600 * ms: "1 min", 80 * time.Second: "1 min 20 s", 40 * time.Minute: "40 min",
		time.Hour - ms: "1 h", 125 * time.Minute: "2 h 5 min", 24*time.Hour - time.Second: "1 d", 76 * time.Hour: "3 d 4 h",
		72*time.Hour + 29*time.Minute: "3 d", 9999 * time.Hour: "416 d 15 h",
	} {
		if got := plainSpaces(l.duration(d)); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}
