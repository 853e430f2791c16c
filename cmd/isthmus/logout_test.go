package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/web/admin"
)

func TestLogoutInWords(t *testing.T) {
	begun := time.Date(2026, 11, 20, 10, 31, 2, 0, time.UTC)
	now := begun.Add(10 * time.Second)
	to := func(kind, id string) admin.Party {
		return admin.Party{Kind: kind, ID: id, Name: id, Address: "https://" + id + ".example/out"}
	}
	back := func(id, outcome string, attempts ...admin.Attempt) admin.Hop {
		h := admin.Hop{Party: to("client", id), Channel: "back-channel", Outcome: outcome, Attempts: attempts}
		if outcome != "pending" {
			h.Done = begun.Add(12 * time.Millisecond)
		}
		return h
	}
	said := func(status int, text string) admin.Attempt {
		return admin.Attempt{At: begun, TookMS: 9, Status: status, Error: text}
	}
	next := func(h admin.Hop, in time.Duration) admin.Hop { h.Next = now.Add(in); return h }
	both := back("both", "delivered", said(200, ""))
	front := admin.Hop{Party: to("client", "both"), Channel: "front-channel", Outcome: "unknown", Note: "the browser loaded it", Done: begun}
	for _, test := range []struct {
		name                    string
		logout                  admin.Logout
		why, know, end, summary string
		mends                   []string
	}{
		{"nobody", admin.Logout{Cause: "person"}, "the person", "nobody to tell", "-", "Nobody had to be told.", nil},
		{"one knows", admin.Logout{Cause: "app", By: "web", TookMS: 12, Hops: []admin.Hop{back("web", "delivered", said(200, ""))}},
			"web asked", "1 of 1", "12 ms", "The one that had to hear of it knows, after 12 ms.", nil},
		{"in two ways", admin.Logout{Cause: "provider", By: "Corp", TookMS: 1500, Hops: []admin.Hop{both, front}},
			"Corp told", "1 of 1", "1.5 s", "The one that had to hear of it knows, after 1.5 s.", nil},
		{"by frame alone", admin.Logout{Cause: "replaced", Hops: []admin.Hop{front}},
			"replaced", "0 of 1", "at once", "0 of 1 know; that was clear at once.",
			[]string{"both is told by browsers alone, which prove nothing: give the client a backchannel_logout_uri too."}},
		{"refused", admin.Logout{Cause: "administrator", By: "local uid 0", TookMS: 12, Hops: []admin.Hop{both, back("no", "refused", said(400, "no session"))}},
			"administrator uid 0", "1 of 2", "12 ms", "1 of 2 knows; that was clear after 12 ms.",
			[]string{"400 from https://no.example/out: the app refused; ask its owners to look at its log at 10:31:02."}},
		{"open", admin.Logout{Cause: "disabled", Open: true, TookMS: 10_000, Deadline: begun.Add(time.Hour), Hops: []admin.Hop{
			next(back("slow", "pending", said(503, "answered 503")), 28*time.Second),
			next(back("dark", "pending", said(0, "outbound request to dark.example:443 refused: private address 10.0.0.7")), 40*time.Second),
		}}, "disabled", "0 of 2", "open, next try in 28 s", "0 of 2 know so far, after 10 s; nobody is tried after 2026-11-20 11:31:02 UTC.",
			[]string{
				"503 from https://slow.example/out: a fault of the app, or of a proxy in front of it; ask its owners to look at its log at 10:31:02.",
				"The hub may not call dark.example:443 (private address 10.0.0.7): put dark.example:443 under outbound.allow, if that address is meant.",
			}},
		{"being told", admin.Logout{Cause: "expired", Open: true, Hops: []admin.Hop{
			next(back("later", "pending", said(404, "answered 404")), time.Second), next(back("now", "pending", admin.Attempt{At: now}), 15*time.Second),
		}}, "expired", "0 of 2", "open, being told now", "0 of 2 know so far, after 0 ms; nobody is tried after -.",
			[]string{"404 from https://later.example/out: nothing takes logout tokens there; correct the backchannel_logout_uri of later."}},
		{"the browser", admin.Logout{Cause: "person", Open: true, Hops: []admin.Hop{
			next(admin.Hop{Party: to("provider", "Corp"), Channel: "browser", Outcome: "pending"}, time.Minute),
		}}, "the person", "0 of 1", "open, waits for the browser", "0 of 1 know so far, after 0 ms; nobody is tried after -.", nil},
		{"no way", admin.Logout{Cause: "deleted", Hops: []admin.Hop{
			{Party: admin.Party{Kind: "client", ID: "mute", Name: "mute"}, Outcome: "not_supported", Done: begun},
			{Party: admin.Party{Kind: "client", ID: "gone"}, Outcome: "not_supported", Note: "the client is no longer registered", Done: begun},
		}}, "deleted", "0 of 2", "at once", "0 of 2 know; that was clear at once.",
			[]string{"mute is never told: give the client a backchannel_logout_uri."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := test.logout
			l.ID, l.Begun, l.Username, l.Pool = "AZqgEVR7uWzXJDnLb1ctCA", begun, "ana", "main"
			got := []string{why(l), knowing(l), ending(l, now), summary(l)}
			if diff := cmp.Diff([]string{test.why, test.know, test.end, test.summary}, got); diff != "" {
				t.Error(diff)
			}
			var mends []string
			for _, h := range l.Hops {
				if m := mend(l, h); m != "" {
					mends = append(mends, m)
				}
			}
			if diff := cmp.Diff(test.mends, mends); diff != "" {
				t.Error(diff)
			}
			var b strings.Builder
			writeLogout(&b, true, l, now)
			if !strings.Contains(b.String(), summary(l)+"\n") || strings.Count(b.String(), "Mend ") != len(mends) {
				t.Errorf("drawn as\n%s", b.String())
			}
		})
	}
}

// What a party or a person is called never reaches the terminal as a command.
func TestLogoutsOnTerminals(t *testing.T) {
	const evil = "\x1b]0;x\a\u202e"
	l := admin.Logout{ID: "AZqgEVR7uWzXJDnLb1ctCA", Pool: "main", Username: evil, Cause: "app", By: evil, Address: evil, RequestID: evil, Hops: []admin.Hop{{
		Party: admin.Party{Kind: "client", ID: evil, Name: evil, Address: evil}, Channel: "back-channel", Outcome: "refused", Note: evil,
		Attempts: []admin.Attempt{{TookMS: 1, Status: 400, Error: evil}},
	}}}
	var b strings.Builder
	writeLogout(&b, false, l, time.Now())
	writeLogouts(&b, []admin.Logout{l}, time.Now())
	for _, e := range changes(admin.Logout{}, l, false) {
		if err := new(logoutVerb).tell(&b, e, true); err != nil {
			t.Fatal(err)
		}
	}
	if strings.ContainsAny(b.String(), "\x1b\a\u202e") || strings.Count(b.String(), "u{202e}") < 8 {
		t.Errorf("printed %q", b.String())
	}
}

func TestShortIDs(t *testing.T) {
	for id, want := range map[string]string{"AZqgEVR7uWzXJDnLb1ctCA": "b1ctCA", "AZqgEVR7uWzXJDnL-1ctCA": "L-1ctCA", "AZqgEVR7uWzXJ---_1ctCA": "_1ctCA", "x": "x", "": ""} {
		if got := shortID(id); got != want {
			t.Errorf("%s is shown as %s, want %s", id, got, want)
		}
	}
}

func TestTimesInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 400 * time.Microsecond: "0.4 ms", 4 * time.Millisecond: "4 ms", 181 * time.Millisecond: "181 ms", 6240 * time.Millisecond: "6.2 s",
		28 * time.Second: "28 s", 12*time.Minute + 10*time.Second: "12 min", 24 * time.Hour: "24 h", 3*time.Hour + 30*time.Minute: "3.5 h",
	} {
		if got := spell(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}
