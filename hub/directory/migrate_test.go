package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/idp/migration"
	"github.com/isthmus-hub/isthmus/idp/migration/migrationtest"
	"github.com/isthmus-hub/isthmus/mapping"
)

const oldPassword = "weak old" // below the pool's policy: it is the person's all the same

// oldAda is somebody of the old system, of whom it says much.
var oldAda = migrationtest.User{
	Username: "ada", Password: oldPassword, Subject: "0f8fad5b-d9cb-469f-a165-70867728950e",
	Attributes: map[string]string{
		"email": "ada@corp.example", "email_verified": "true", "given_name": "Ada", "shoe_size": "41", "custom:role": "root",
		"phone_number": "not one", "phone_number_verified": "true", "cognito:groups": "admin", "identities": "[]", "birthdate": "0000-12-10",
	},
}

// ways are the kinds of an old system.
var ways = map[string]func(*migrationtest.Old, *http.Client, time.Duration) migration.System{
	"hook": (*migrationtest.Old).Hook, "cognito": (*migrationtest.Old).Cognito,
}

// Somebody unknown, and somebody imported, come in with the old password: once by
// the old system, then by the hub alone.
func TestMigrate(t *testing.T) {
	for way, system := range ways {
		for _, imported := range []bool{false, true} {
			t.Run(fmt.Sprint(way, imported), func(t *testing.T) {
				h := hubtest.New(t)
				old := migrationtest.New(t, oldAda)
				h.Pool.Migration = system(old, h.Outbound, time.Second)
				sub := ""
				if imported {
					sub = importOne(t, h, directory.Row{Username: "Ada", Attributes: mapping.Attributes{"email": "a@before.example", "family_name": "Lovelace"}}).Sub
				}
				// An imported name is asked about as the file has it.
				name := map[bool]string{true: "Ada", false: "ada"}[imported]
				if imported {
					other := oldAda
					other.Username = "Ada"
					old = migrationtest.New(t, other)
					h.Pool.Migration = system(old, h.Outbound, time.Second)
				}
				if _, err := h.Directory.Authenticate(t.Context(), h.Pool, name, "wrong"); !errors.Is(err, directory.ErrRefused) {
					t.Fatalf("wrong: %v", err)
				}
				u, migrated, err := h.Directory.SignIn(t.Context(), h.Pool, "app", " "+strings.ToLower(name)+" ", oldPassword)
				if err != nil || !migrated {
					t.Fatalf("%v, %v", migrated, err)
				}
				if sub != "" && u.Sub != sub || u.Username != name || u.Status != hub.Confirmed || !strings.HasPrefix(u.Password, "$argon2id$") {
					t.Errorf("user %+v", u)
				}
				want := mapping.Attributes{"email": "ada@corp.example", "email_verified": "true", "given_name": "Ada", "birthdate": "0000-12-10"}
				if imported {
					want["family_name"] = "Lovelace"
				}
				if fmt.Sprint(u.Attributes) != fmt.Sprint(want) {
					t.Errorf("attributes %v", u.Attributes)
				}
				asked := len(old.Asked())
				old.Fail(migrationtest.Fault{Body: "never"})
				for _, name := range []string{"ada", "ADA", "ada@corp.example"} {
					if again, migrated, err := h.Directory.SignIn(t.Context(), h.Pool, "app", name, oldPassword); err != nil || migrated || again.Sub != u.Sub {
						t.Errorf("%s again: %v, %v", name, migrated, err)
					}
				}
				if _, err := h.Directory.Authenticate(t.Context(), h.Pool, "ada", "wrong"); !errors.Is(err, directory.ErrRefused) {
					t.Errorf("wrong afterwards: %v", err)
				}
				if now := len(old.Asked()); now != asked {
					t.Errorf("asked %d times more", now-asked)
				}
			})
		}
	}
}

func importOne(t *testing.T, h *hubtest.Hub, row directory.Row) directory.Imported {
	t.Helper()
	list, err := h.Directory.Import(t.Context(), h.Pool, []directory.Row{row}, directory.ImportOptions{})
	if err != nil || list[0].Outcome != directory.RowCreated {
		t.Fatalf("%+v, %v", list, err)
	}
	return list[0]
}

// Whoever types an e-mail address is the person whose name it leads to, there or
// here: there are no two users of one person.
func TestMigrateByAddress(t *testing.T) {
	for way, system := range ways {
		for _, imported := range []string{"", "ada@corp.example", "ada@before.example"} {
			h := hubtest.New(t)
			old := migrationtest.New(t, oldAda)
			h.Pool.Migration = system(old, h.Outbound, time.Second)
			sub := ""
			if imported != "" {
				sub = importOne(t, h, directory.Row{Username: "ada", Attributes: mapping.Attributes{"email": imported}}).Sub
			}
			u, err := h.Directory.Authenticate(t.Context(), h.Pool, "Ada@corp.example", oldPassword)
			if err != nil || u.Username != "ada" || sub != "" && u.Sub != sub || len(h.Users(h.Pool)) != 2 {
				t.Errorf("%s, %q: %+v, %v", way, imported, u, err)
			}
			asked := map[bool]string{true: "ada", false: "Ada@corp.example"}[imported == "ada@corp.example"]
			if got := old.Asked(); len(got) != 1 || got[0] != asked {
				t.Errorf("%s, %q: asked about %v", way, imported, got)
			}
		}
	}
}

// An old system that is down, lying or slow lets nobody in and makes nobody; no
// log has the password.
func TestA154_NothingIsMade(t *testing.T) {
	h := hubtest.New(t)
	var log bytes.Buffer
	h.Pool.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	importOne(t, h, directory.Row{Username: "bea", Attributes: mapping.Attributes{"email": "bea@corp.example"}})
	before := len(h.Users(h.Pool))
	old := migrationtest.New(t, oldAda)
	for way, system := range ways {
		h.Pool.Migration = system(old, h.Outbound, 200*time.Millisecond)
		for i, f := range []migrationtest.Fault{
			{Hang: true}, {Status: 500, Body: oldPassword}, {Status: 200, Body: `{"attributes":[]}`}, {Body: "<html>"}, {Status: 302},
			{Body: `{"attributes":{"email":7}}`},             // fits no schema, so what is required is missing
			{Body: `{"attributes":{"given_name":"Nobody"}}`}, // says nothing of what is required
		} {
			old.Fail(f)
			h.Advance(time.Hour) // no account is locked
			u, err := h.Directory.Authenticate(t.Context(), h.Pool, "ada", oldPassword)
			var e *migration.Error
			if u != nil || !errors.As(err, &e) {
				t.Errorf("%s, fault %d: %+v, %v", way, i, u, err)
			}
		}
		// A yes to everything still makes nobody of names that cannot be.
		old.Fail(migrationtest.Fault{Body: `{"attributes":{"email":"x@corp.example"}}`})
		for _, name := range []string{"a b", "a\x00b", "a\u202eb", strings.Repeat("x", 129)} {
			if _, err := h.Directory.Authenticate(t.Context(), h.Pool, name, oldPassword); !errors.Is(err, directory.ErrRefused) {
				t.Errorf("%s: %q: %v", way, name, err)
			}
		}
	}
	if users := h.Users(h.Pool); len(users) != before || h.User(h.Pool, "bea").Status != hub.ResetRequired {
		t.Errorf("%d users, before %d", len(users), before)
	}
	if strings.Contains(log.String(), oldPassword) {
		t.Errorf("logged: %s", log.String())
	}
}

// A lying system takes over nobody who has a password here, or is disabled, or
// comes in through a provider.
func TestA154_LiesTakeNobodyOver(t *testing.T) {
	h := hubtest.New(t)
	liar := migrationtest.User{Username: hubtest.Username, Password: oldPassword, Subject: "s", Attributes: map[string]string{"email": "mallory@evil.example"}}
	gone := liar
	gone.Username = "gone"
	old := migrationtest.New(t, liar, gone)
	h.AddUser(h.Pool, "off", directory.NewUser{Password: hubtest.Password, Disabled: true, Attributes: mapping.Attributes{"email": "off@corp.example"}})
	importOne(t, h, directory.Row{Username: "gone", Attributes: mapping.Attributes{"email": "gone@corp.example"}})
	if _, err := directory.SetDisabled(t.Context(), h.Pool, "gone", true, hub.End{}); err != nil {
		t.Fatal(err)
	}
	for way, system := range ways {
		h.Pool.Migration = system(old, h.Outbound, time.Second)
		for _, name := range []string{hubtest.Username, "ANA", "off", "gone"} {
			if _, err := h.Directory.Authenticate(t.Context(), h.Pool, name, oldPassword); !errors.Is(err, directory.ErrRefused) {
				t.Errorf("%s: %s: %v", way, name, err)
			}
		}
	}
	// Nor under another name that the old system gives as the same person's.
	if _, err := h.Directory.Authenticate(t.Context(), h.Pool, "mallory@evil.example", oldPassword); !errors.Is(err, directory.ErrRefused) {
		t.Errorf("by an alias: %v", err)
	}
	if asked := old.Asked(); len(asked) != 1 || asked[0] != "mallory@evil.example" {
		t.Errorf("asked about %v", asked)
	}
	if u := h.User(h.Pool, hubtest.Username); u.Attributes["email"] != "ana@corp.example" {
		t.Errorf("taken over: %+v", u)
	}
	if _, err := h.Directory.Authenticate(t.Context(), h.Pool, hubtest.Username, hubtest.Password); err != nil {
		t.Errorf("the owner: %v", err)
	}
}

// A password is the same to the byte for the old system and for the hub, or it is
// not asked about at all.
func TestA151_OldPasswordsExactly(t *testing.T) {
	exact := []string{"a\x00b-\x00", " leading and trailing ", "Pässwörd-é", "Pässwörd-e\u0301", "\u202e\"\\\n", strings.Repeat("é", hub.PasswordMax/2), "+44=1"}
	for way, system := range ways {
		h := hubtest.New(t)
		var users []migrationtest.User
		for i, password := range exact {
			users = append(users, migrationtest.User{Username: fmt.Sprint("person-", i), Password: password, Attributes: map[string]string{"email": "x@corp.example"}})
		}
		old := migrationtest.New(t, users...)
		h.Pool.Migration = system(old, h.Outbound, time.Second)
		for i, password := range exact {
			for _, when := range []string{"at first", "again"} {
				if _, err := h.Directory.Authenticate(t.Context(), h.Pool, fmt.Sprint("person-", i), password); err != nil {
					t.Errorf("%s: %q %s: %v", way, password, when, err)
				}
			}
		}
		asked := len(old.Asked())
		for _, password := range []string{"", "\xff", "\xed\xa0\x80", strings.Repeat("x", hub.PasswordMax+1)} {
			if _, err := h.Directory.Authenticate(t.Context(), h.Pool, "nobody", password); !errors.Is(err, directory.ErrRefused) {
				t.Errorf("%s: %q: %v", way, password, err)
			}
		}
		if n := len(old.Asked()); n != asked {
			t.Errorf("%s: asked %d times about what no password is", way, n-asked)
		}
	}
}

// A hundred sign-ins at once of somebody who has not come yet make one user, and
// guesses at once are counted before the old system is asked.
func TestA140_ManyAtOnce(t *testing.T) {
	for way, system := range ways {
		for _, password := range []string{oldPassword, "wrong"} {
			h := hubtest.New(t)
			old := migrationtest.New(t, oldAda)
			old.Fail(migrationtest.Fault{Delay: 20 * time.Millisecond})
			h.Pool.Migration = system(old, h.Outbound, 5*time.Second)
			var wait sync.WaitGroup
			subs, locked := sync.Map{}, 0
			var mu sync.Mutex
			for range 100 {
				wait.Go(func() {
					u, err := h.Directory.Authenticate(t.Context(), h.Pool, "ada", password)
					var l *directory.LockedError
					switch {
					case err == nil:
						subs.Store(u.Sub, true)
					case errors.As(err, &l):
						mu.Lock()
						locked++
						mu.Unlock()
					case !errors.Is(err, directory.ErrRefused):
						t.Errorf("%s: %v", way, err)
					}
				})
			}
			wait.Wait()
			n := 0
			subs.Range(func(any, any) bool { n++; return true })
			users := len(h.Users(h.Pool)) - 1
			if password == oldPassword && (n != 1 || users != 1) || password == "wrong" && (n != 0 || users != 0 || len(old.Asked()) > 6 || locked < 90) {
				t.Errorf("%s, %s: %d subs, %d users, asked %d times, %d locked", way, password, n, users, len(old.Asked()), locked)
			}
		}
	}
}

// A no takes as long for somebody who is here already as for somebody who is not:
// the time of the other system is in both.
func TestA138_SameTime(t *testing.T) {
	h := hubtest.New(t)
	old := migrationtest.New(t, oldAda)
	const slow = 60 * time.Millisecond
	old.Fail(migrationtest.Fault{Delay: slow})
	h.Pool.Migration = old.Hook(h.Outbound, 5*time.Second)
	h.AddUser(h.Pool, "off", directory.NewUser{Password: hubtest.Password, Disabled: true, Attributes: mapping.Attributes{"email": "off@corp.example"}})
	least := func(name string) time.Duration {
		best := time.Hour
		for range 4 {
			begun := time.Now()
			if _, err := h.Directory.Authenticate(t.Context(), h.Pool, name, "wrong"); !errors.Is(err, directory.ErrRefused) {
				t.Fatalf("%s: %v", name, err)
			}
			best = min(best, time.Since(begun))
		}
		return best
	}
	for _, name := range []string{"nobody", "ada", hubtest.Username, "off", "a b"} {
		if took := least(name); took < slow {
			t.Errorf("%s is refused within %v", name, took)
		}
	}
}

// The page of a sign-in that could not ask is one sentence and a code, and the
// explanation behind it tells the cause, without name or password.
func TestA154_Explained(t *testing.T) {
	h := hubtest.New(t)
	challenged := oldAda
	challenged.Username, challenged.Challenge = "cid", "SOFTWARE_TOKEN_MFA"
	old := migrationtest.New(t, oldAda, challenged)
	h.Pool.Migration = old.Cognito(h.Outbound, 200*time.Millisecond)
	sign := func(name, password string) (signin.Next, error) {
		next, err := h.SignIn.Authorize(t.Context(), h.Pool, signin.Browser{}, hubtest.Authorization(), false)
		if err != nil {
			t.Fatal(err)
		}
		return h.SignIn.Password(t.Context(), h.Pool, signin.Browser{}, next.(signin.AskSignIn).Interaction, name, password)
	}
	explained := func(err error, reason signin.Reason, words ...string) {
		t.Helper()
		var e *signin.Error
		if !errors.As(err, &e) || e.Reason != reason {
			t.Fatalf("%v", err)
		}
		trace, err := h.SignIn.Trace(context.Background(), h.Pool, e.Trace)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%+v", trace)
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %q", text, w)
			}
		}
		if strings.Contains(text, oldPassword) {
			t.Errorf("%s", text)
		}
	}
	_, err := sign("cid", oldPassword)
	explained(err, signin.MigrationChallenge, "SOFTWARE_TOKEN_MFA", "not enough")
	old.Fail(migrationtest.Fault{Status: 503, Body: oldPassword})
	_, err = sign("ada", oldPassword)
	explained(err, signin.MigrationFailed, "it answers 503", "isthmus doctor")
	old.Fail(migrationtest.Fault{})
	if next, err := sign("ada", oldPassword); err != nil {
		t.Errorf("%v", err)
	} else if _, ok := next.(signin.ToApp); !ok {
		t.Errorf("%T", next)
	}
	events := h.Events(hub.UserMigrated)
	if len(events) != 1 || !events[0].OK || events[0].Client != hubtest.ClientID || events[0].Sub != h.User(h.Pool, "ada").Sub {
		t.Errorf("events %+v", events)
	}
}
