package hub_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
)

var (
	day  = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	next = day.Add(24 * time.Hour)
)

func TestIDsTellTheTimeAndDifferInTheRest(t *testing.T) {
	session := func(now time.Time) string {
		id, _, _ := hub.NewSessionID(now)
		return id
	}
	for name, make := range map[string]func(time.Time) string{"id": hub.NewID, "grant": hub.NewGrantID, "session": session} {
		a, b, later := make(day), make(day), make(next)
		if a == b {
			t.Errorf("%s: twice the same: %s", name, a)
		}
		const stamp = 8 // characters of base64url; the hexadecimal digits of a UUID tell a minute by then
		if a[:stamp] != b[:stamp] || a[:stamp] == later[:stamp] {
			t.Errorf("%s: %s and %s of one moment, %s of a day later", name, a, b, later)
		}
		if strings.Contains(a[stamp:], "AAAAA") {
			t.Errorf("%s: %s has no chance in it", name, a)
		}
	}
}

func TestGrantIDIsAVersion7UUID(t *testing.T) {
	form := regexp.MustCompile(`^019a9fb2-2280-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if id := hub.NewGrantID(time.UnixMilli(0x019a9fb22280)); !form.MatchString(id) {
		t.Errorf("%s is not of the form of RFC 9562 §5.7", id)
	}
}

// What is stored of a code tells when it was made, and nothing by which the
// code could be found.
func TestCodeID(t *testing.T) {
	code := hub.NewID(day)
	id := hub.CodeID(code)
	if id[:8] != code[:8] || id[8:] != hub.HashCode(code) {
		t.Errorf("the code %s is stored as %s", code, id)
	}
	for _, foreign := range []string{"", "x", "1234567", "\x00\xff", strings.Repeat("x", 100)} {
		if !strings.HasSuffix(hub.CodeID(foreign), hub.HashCode(foreign)) {
			t.Errorf("%q is looked for as %q", foreign, hub.CodeID(foreign))
		}
	}
}
