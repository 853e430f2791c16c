package directory_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Passwords are kept as argon2id with at least OWASP's cost and a salt of their
// own, and a hash that costs less is made anew at the next sign-in.
func TestA150_PasswordHashes(t *testing.T) {
	if directory.DefaultCost.Memory < 19*1024 || directory.DefaultCost.Time < 2 {
		t.Errorf("default cost %+v", directory.DefaultCost)
	}
	h := hubtest.New(t)
	u := h.User(h.Pool, hubtest.Username)
	if !strings.HasPrefix(u.Password, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("hash %s", u.Password)
	}
	other := h.AddUser(h.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bob@corp.example"}})
	if other.Password == u.Password {
		t.Error("two people with one password have one hash")
	}
	dearer := directory.New(directory.Cost{Memory: 128, Time: 2})
	if _, err := dearer.Authenticate(t.Context(), h.Pool, hubtest.Username, hubtest.Password); err != nil {
		t.Fatal(err)
	}
	if now := h.User(h.Pool, hubtest.Username).Password; !strings.HasPrefix(now, "$argon2id$v=19$m=128,t=2,p=1$") {
		t.Errorf("not made anew: %s", now)
	}
	if _, err := h.Directory.Authenticate(t.Context(), h.Pool, hubtest.Username, hubtest.Password); err != nil {
		t.Errorf("a dearer hash is not read: %v", err)
	}
}

func TestCreate(t *testing.T) {
	h := hubtest.New(t)
	for name, c := range map[string]struct {
		user directory.NewUser
		want error
	}{
		"exists":           {directory.NewUser{Username: hubtest.Username, Password: hubtest.Password}, directory.ErrExists},
		"exists, by case":  {directory.NewUser{Username: "ANA", Password: hubtest.Password}, directory.ErrExists},
		"exists, by width": {directory.NewUser{Username: "ａｎａ", Password: hubtest.Password}, directory.ErrExists},
		"short password":   {directory.NewUser{Username: "x", Password: "Ab1"}, directory.ErrPolicy},
		"no upper case":    {directory.NewUser{Username: "x", Password: "correct-horse-1"}, directory.ErrPolicy},
		"giant password":   {directory.NewUser{Username: "x", Password: "Aa1" + strings.Repeat("x", 300)}, directory.ErrPolicy},
	} {
		if _, err := h.Directory.Create(t.Context(), h.Pool, c.user); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for field, u := range map[string]directory.NewUser{
		"username":   {Username: " ", Password: hubtest.Password},
		"attributes": {Username: "x", Password: hubtest.Password, Attributes: mapping.Attributes{"shoe_size": "46"}},
	} {
		var invalid *directory.InvalidError
		if _, err := h.Directory.Create(t.Context(), h.Pool, u); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, name := range []string{"a b", "a\tb", "a\u200bb", "a\u202eb", strings.Repeat("x", 129)} {
		if _, err := h.Directory.Create(t.Context(), h.Pool, directory.NewUser{Username: name, Password: hubtest.Password}); err == nil {
			t.Errorf("%q was made", name)
		}
	}
}

func TestAttemptsLockAndForget(t *testing.T) {
	a, now := directory.NewAttempts(), time.Unix(1_800_000_000, 0)
	for i := range 5 {
		if until := a.Begin("k", now); !until.IsZero() {
			t.Fatalf("locked at try %d", i+1)
		}
	}
	if until := a.Begin("k", now); until.Sub(now) != time.Second {
		t.Errorf("locked for %v after five failures", until.Sub(now))
	}
	if until := a.Begin("other", now); !until.IsZero() {
		t.Error("another account is locked too")
	}
	longest := time.Duration(0)
	for range 40 {
		if until := a.Begin("k", now); until.IsZero() {
			continue
		} else {
			longest = max(longest, until.Sub(now))
			now = until
		}
	}
	if longest != 15*time.Minute {
		t.Errorf("longest lock %v", longest)
	}
	a.Succeed("k")
	if until := a.Begin("k", now); !until.IsZero() {
		t.Error("locked after success")
	}
}

// More passwords than the queue holds are turned away, not piled up (A152).
func TestHasherTurnsAway(t *testing.T) {
	h := directory.NewHasher(directory.Cost{Memory: 1024, Time: 1})
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, 500)
	for range cap(results) {
		go func() {
			_, err := h.Hash(ctx, hubtest.Password)
			results <- err
		}()
	}
	refused := 0
	for range cap(results) {
		if err := <-results; errors.Is(err, directory.ErrOverloaded) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	cancel()
	if _, err := h.Hash(t.Context(), hubtest.Password); err != nil {
		t.Errorf("after the rush: %v", err)
	}
	t.Logf("%d of %d turned away", refused, cap(results))
}

func TestListPages(t *testing.T) {
	h := hubtest.New(t)
	for _, name := range []string{"bob", "carol", "dave"} {
		h.AddUser(h.Pool, name, directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": name + "@corp.example"}})
	}
	var names []string
	for after := ""; ; {
		users, next, err := directory.List(t.Context(), h.Pool, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range users {
			names = append(names, u.Username)
		}
		if after = next; next == "" {
			break
		}
	}
	if got := strings.Join(names, " "); got != "ana bob carol dave" {
		t.Errorf("listed %s", got)
	}
}

// A federated user is found by the name that the provider gave, exactly.
func TestFindFederated(t *testing.T) {
	if hub.LocalNameKey("A") != hub.LocalNameKey("a") || hub.FederatedNameKey("A") == hub.FederatedNameKey("a") {
		t.Error("local names fold, federated names do not")
	}
}
