package rehearse_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/rehearse"
)

// TestClientFaults: each way in which an app can misbehave, and whether it knows
// in time all the same.
func TestClientFaults(t *testing.T) {
	cfg := load(t, "testdata/two.yaml")
	const short, long = 4 * time.Second, 12 * time.Second
	type row struct {
		word   string
		within time.Duration
		ok     bool
		note   string // of the party, when it does not know
	}
	rows := []row{
		{word: "ok", within: short, ok: true},
		{word: "no-content-204", within: short, ok: true},
		{word: "slow", within: short, ok: true},
		{word: "slow", within: time.Second, note: "it has not answered yet"},
		{word: "fails-once", within: short, ok: true},
		{word: "huge", within: short, ok: true},
		{word: "drops-twice", within: short, note: "connection reset"},
		{word: "drops-twice", within: long, ok: true},
		{word: "back-after-2s", within: short, note: "connection refused"},
		{word: "back-after-2s", within: long, ok: true},
		{word: "refuse-400", within: long, note: "400 invalid_request: the relying party was told to refuse"}, // final
		{word: "refuse-500", within: short, note: "answered 500"},
		{word: "unavailable-503", within: short, note: "answered 503"},
		{word: "not-found-404", within: short, note: "answered 404"},
		{word: "redirect", within: short, note: "307 a redirect, which is not followed"},
		{word: "hang", within: short, note: "it has not answered yet"},
		{word: "reset", within: short, note: "connection reset"},
		{word: "down", within: short, note: "connection refused"},
	}
	together(t, rows, func(c row) string { return c.word + "/" + c.within.String() }, func(t *testing.T, c row) {
		r := rehearsed(t, cfg, rehearse.Options{
			Pools: []string{"staff"}, Kinds: []rehearse.Kind{rehearse.Administrator}, Within: c.within,
			Faults: []rehearse.Fault{{Of: "intranet", Word: c.word}},
		})
		p := r.Ends[0].Parties[0]
		if r.OK != c.ok || (p.Telling == rehearse.Told) != c.ok || !strings.Contains(p.Note, c.note) || c.ok && p.Note != "" {
			t.Errorf("%t: %+v", r.OK, p)
		}
		if p.Access != rehearse.Dead || p.Refresh != rehearse.Dead || len(p.Wrong) > 0 {
			t.Errorf("its tokens: %+v", p)
		}
		formats(t, r)
	})
	for _, word := range rehearse.ClientFaults() {
		if !slices.ContainsFunc(rows, func(c row) bool { return c.word == word }) {
			t.Errorf("%s has no row", word)
		}
	}
}

// TestProviderFaults: what a provider can do wrong when it is signed out of.
// Everything at the hub is over all the same.
func TestProviderFaults(t *testing.T) {
	cfg := federated(t, "email: email")
	good := map[string]bool{"duplicate": true, "wrong-type": true, "no-state": true}
	// A large answer is right, if the machine makes it before the hub's patience is over.
	large := map[string]bool{"bomb": true, "huge": true}
	words := slices.DeleteFunc(rehearse.ProviderFaults(), func(word string) bool { return !strings.HasPrefix(word, "end_session:") })
	together(t, words, strings.Clone, func(t *testing.T, word string) {
		ok := good[strings.TrimPrefix(word, "end_session:")]
		r := rehearsed(t, cfg, rehearse.Options{
			Kinds: []rehearse.Kind{rehearse.App}, Within: 4 * time.Second,
			Faults: []rehearse.Fault{{Of: "CorporateID", Word: word}},
		})
		e := &r.Ends[0]
		if large[strings.TrimPrefix(word, "end_session:")] {
			ok = e.Parties[0].Telling == rehearse.Told
		}
		if r.OK != ok {
			t.Errorf("OK is %t", r.OK)
		}
		if p := e.Parties[0]; !p.Provider || (p.Telling == rehearse.Told) != ok || (p.Note == "") != ok {
			t.Errorf("the provider: %+v", p)
		}
		if p := e.Parties[1]; p.Telling != rehearse.Told || !p.OK() {
			t.Errorf("the app: %+v", p)
		}
		if c := e.Checks[len(e.Checks)-1]; c.Name != "prompt=none" || !c.OK {
			t.Errorf("%+v", c)
		}
		formats(t, r)
	})
	if len(words) < 15 {
		t.Errorf("only %d words", len(words))
	}
}

// TestLogoutTokens: a wrong logout token ends nothing, and that is seen.
func TestLogoutTokens(t *testing.T) {
	cfg := load(t, "testdata/two.yaml")
	for _, name := range []string{"nonce-there", "exp-passed", "signature-by-another-key", "iss-of-another"} {
		r := rehearsed(t, cfg, rehearse.Options{
			Pools: []string{"master"}, Kinds: []rehearse.Kind{rehearse.Provider, rehearse.ProviderFront},
			Faults: []rehearse.Fault{{Of: "CorporateID", Word: "logout_token:" + name}},
		})
		if r.OK || len(r.Ends) != 2 || r.Ends[0].OK || !r.Ends[1].OK {
			t.Fatalf("%s: %+v", name, r)
		}
		checks := r.Ends[0].Checks
		if c := checks[0]; c.OK || c.Detail != "the hub answers the logout token with 400: the logout token is not valid" {
			t.Errorf("%s: %+v", name, c)
		}
		if c := checks[1]; c.OK || !strings.Contains(c.Detail, "the session at the hub goes on") {
			t.Errorf("%s: %+v", name, c)
		}
		if !strings.HasPrefix(r.Verdict(), "1 of 2 ends did not go as the file says. Not told within 5 s: expenses, chat.") {
			t.Error(r.Verdict())
		}
		formats(t, r)
	}
}
