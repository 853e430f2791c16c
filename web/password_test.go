package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/idp/migration/migrationtest"
	"github.com/isthmus-hub/isthmus/mapping"
)

func (s *site) tryPassword(t *testing.T, name, password string) *response {
	t.Helper()
	b := s.browser(t)
	return b.submit(b.authorize(), "username", name, "password", password)
}

// Absent, disabled, federated and mistyped accounts are answered alike, and so are
// those that an old system is asked about.
func TestA138_AccountsLookAlike(t *testing.T) {
	for _, migrates := range []bool{false, true} {
		accountsLookAlike(t, migrates)
	}
}

func accountsLookAlike(t *testing.T, migrates bool) {
	t.Helper()
	h := hubtest.New(t)
	if migrates {
		waiting := migrationtest.User{Username: "waits", Password: hubtest.Password, Attributes: map[string]string{"email": "waits@corp.example"}}
		h.Pool.Migration = migrationtest.New(t, waiting).Hook(h.Outbound, 5*time.Second)
		if _, err := h.Directory.Import(t.Context(), h.Pool, []directory.Row{{Username: "waits", Attributes: mapping.Attributes{"email": "waits@corp.example"}}}, directory.ImportOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	h.AddUser(h.Pool, "gone", directory.NewUser{Password: hubtest.Password, Disabled: true, Attributes: mapping.Attributes{"email": "gone@corp.example"}})
	up := idptest.New(t, idptest.Config{})
	up.SetUser(alice)
	h.Link(h.Pool, "CorporateID", up)
	s := serve(t, h)
	s.browser(t).authorize("identity_provider", "CorporateID")
	var first *response
	for _, c := range [][2]string{
		{hubtest.Username, "wrong-Passw0rd"}, {"nobody", "wrong-Passw0rd"}, {"gone", hubtest.Password}, {"gone", "wrong-Passw0rd"},
		{"CorporateID_alice", "wrong-Passw0rd"}, {"alice@corp.example", "wrong-Passw0rd"}, {"ana@corp.example", "wrong-Passw0rd"}, {"waits", "wrong-Passw0rd"}, {"x@y.example", "wrong-Passw0rd"},
	} {
		r := s.tryPassword(t, c[0], c[1])
		r.body = strings.ReplaceAll(r.body, c[0], "NAME")
		tx := r.doc(t).Find("input[name=tx]").AttrOr("value", "?")
		r.body = strings.ReplaceAll(r.body, tx, "TX")
		if first == nil {
			first = r
			continue
		}
		if r.StatusCode != first.StatusCode || r.body != first.body || len(r.Header) != len(first.Header) {
			t.Errorf("%s is told apart: %d and %d\n%s", c[0], r.StatusCode, first.StatusCode, r.body)
		}
	}
}

// The work, and so the time, does not tell an absent account from another: both
// pay one hash at the same cost.
func TestA138_SameWork(t *testing.T) {
	h := hubtest.New(t)
	h.Directory = directory.New(directory.Cost{Memory: 8 * 1024, Time: 1})
	h.AddUser(h.Pool, "slow", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "slow@corp.example"}})
	measure := func(name string) time.Duration {
		best := time.Hour
		for i := range 5 {
			h.Advance(20 * time.Minute) // nobody is locked
			_ = i
			start := time.Now()
			if _, err := h.Directory.Authenticate(t.Context(), h.Pool, name, "wrong-Passw0rd"); err == nil {
				t.Fatal("a wrong password was right")
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	there, absent := measure("slow"), measure("nobody")
	if absent < there/3 || absent > there*3 {
		t.Errorf("%v for an account that is there, %v for one that is not", there, absent)
	}
}

// One counter for an account however it is spelt, tries counted before they are
// checked, and a hundred at once are a hundred.
func TestA140_ParallelGuesses(t *testing.T) {
	s := serve(t, hubtest.New(t))
	spellings := []string{"ana", "ANA", " ana ", "Ana", "ana@corp.example", "ANA@Corp.Example"}
	var all sync.WaitGroup
	var mu sync.Mutex
	answers := map[int]int{}
	pages := make([]*response, 100)
	browsers := make([]*browser, 100)
	for i := range pages {
		browsers[i] = s.browser(t)
		browsers[i].address = fmt.Sprintf("198.51.100.%d:4711", i+1) // the pace of one address is not what is tried
		pages[i] = browsers[i].authorize()
	}
	for i := range pages {
		all.Go(func() {
			r := browsers[i].submit(pages[i], "username", spellings[i%len(spellings)], "password", "wrong-Passw0rd")
			mu.Lock()
			defer mu.Unlock()
			answers[r.StatusCode]++
		})
	}
	all.Wait()
	if answers[http.StatusBadRequest] > 5 || answers[http.StatusTooManyRequests] < 95 {
		t.Errorf("statuses %v: more than five guesses were checked", answers)
	}
	if r := s.tryPassword(t, hubtest.Username, hubtest.Password); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the right password while locked: %d", r.StatusCode)
	}
	s.Advance(16 * time.Minute)
	if params, ok := s.tryPassword(t, hubtest.Username, hubtest.Password).app(); !ok || params.Get("code") == "" {
		t.Error("A139: the owner is locked out for ever")
	}
}

// Absent accounts are locked like others, or locking would tell them apart.
func TestA140_AbsentAccountsLockToo(t *testing.T) {
	s := serve(t, hubtest.New(t))
	for range 6 {
		s.tryPassword(t, "nobody", "wrong-Passw0rd")
	}
	if r := s.tryPassword(t, "NOBODY", "wrong-Passw0rd"); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("status %d", r.StatusCode)
	}
	if len(s.Events(hub.PasswordRefused)) == 0 {
		t.Error("no event")
	}
}

func TestA149_TemporaryPasswordExpires(t *testing.T) {
	h := hubtest.New(t)
	h.AddUser(h.Pool, "new", directory.NewUser{Password: "Temp0rary-Pass", Temporary: true, Attributes: mapping.Attributes{"email": "new@corp.example"}})
	s := serve(t, h)
	s.Advance(s.Pool.PasswordPolicy.TemporaryLife + time.Minute)
	if r := s.tryPassword(t, "new", "Temp0rary-Pass"); r.StatusCode != http.StatusBadRequest || r.doc(t).Find(`input[autocomplete="new-password"]`).Length() > 0 {
		t.Errorf("after a week: %d", r.StatusCode)
	}
}

// Odd passwords are compared whole, and giant ones are refused before hashing.
func TestA151_OddPasswords(t *testing.T) {
	h := hubtest.New(t)
	odd := "Pässwörd-1 " + strings.Repeat("x", 100)
	h.AddUser(h.Pool, "odd", directory.NewUser{Password: odd, Attributes: mapping.Attributes{"email": "odd@corp.example"}})
	s := serve(t, h)
	for _, wrong := range []string{"", odd[:72], odd + "x", strings.TrimRight(odd, "x"), strings.Repeat("A1a", 10_000)} {
		if _, ok := s.tryPassword(t, "odd", wrong).app(); ok {
			t.Errorf("%.20q opened", wrong)
		}
		s.Advance(20 * time.Minute)
	}
	if _, ok := s.tryPassword(t, "odd", odd).app(); !ok {
		t.Error("the right one does not open")
	}
}
