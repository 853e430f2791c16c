package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/hub/store/storetest"
)

type user struct {
	ID      string
	Name    string   `json:",omitempty"`
	Emails  []string `json:",omitempty"`
	Group   string   `json:",omitempty"`
	Expires time.Time
}

var users = store.Collection[user]{
	Name:    "user",
	ID:      func(u *user) string { return u.ID },
	Expires: func(u *user) time.Time { return u.Expires },
	Indexes: []store.Index[user]{
		{Name: "name", Unique: true, Keys: func(u *user) []string { return []string{u.Name} }},
		{Name: "email", Unique: true, Keys: func(u *user) []string { return u.Emails }},
		{Name: "group", Keys: func(u *user) []string { return []string{u.Group} }},
	},
}

// fixture is a pool under a clock that the test moves.
type fixture struct {
	*testing.T
	pool *store.Space
	now  time.Time
}

// newFixture returns a pool whose every transaction runs twice.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureOn(t, storetest.Twice)
}

func newFixtureOn(t *testing.T, wrap func(store.Engine) store.Engine) *fixture {
	t.Helper()
	e, err := bolt.Open(filepath.Join(t.TempDir(), "hub.db"), bolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	s, err := store.Open(t.Context(), wrap(e), func() time.Time { return f.now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	f.pool = s.Space("pool")
	return f
}

func (f *fixture) update(fn func(tx *store.Tx) error) {
	f.Helper()
	if err := f.pool.Update(f.Context(), fn); err != nil {
		f.Fatalf("update: %v", err)
	}
}

func (f *fixture) view(fn func(tx *store.Tx) error) {
	f.Helper()
	if err := f.pool.View(f.Context(), fn); err != nil {
		f.Fatalf("view: %v", err)
	}
}

func (f *fixture) create(us ...user) {
	f.Helper()
	f.update(func(tx *store.Tx) error {
		for _, u := range us {
			if err := users.Create(tx, &u); err != nil {
				return err
			}
		}
		return nil
	})
}

// found returns the id of the user with that key, "" if there is none.
func (f *fixture) found(index, key string) (id string) {
	f.Helper()
	f.view(func(tx *store.Tx) error {
		id = ""
		u, err := users.Find(tx, index, key)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			id = u.ID
		}
		return err
	})
	return id
}

// dump returns the keys of the pool, readable.
func (f *fixture) dump() (keys []string) {
	f.Helper()
	f.view(func(tx *store.Tx) error {
		keys = nil
		entries, err := tx.Entries("", 1000)
		for _, e := range entries {
			keys = append(keys, strings.ReplaceAll(e.Key, "\x00", "·"))
		}
		return err
	})
	return keys
}

func TestGet(t *testing.T) {
	f := newFixture(t)
	want := user{ID: "1", Name: "alice", Emails: []string{"a@one.example"}, Expires: f.now.Add(time.Minute)}
	f.create(want)
	get := func(id string) (u *user, err error) {
		err = f.pool.View(t.Context(), func(tx *store.Tx) (err error) {
			u, err = users.Get(tx, id)
			return err
		})
		return u, err
	}
	if u, err := get("1"); err != nil || !cmp.Equal(*u, want) {
		t.Errorf("Get = %+v, %v, want %+v", u, err, want)
	}
	for _, id := range []string{"2", "", "1\x00", "\xff", strings.Repeat("1", store.MaxKey)} {
		if u, err := get(id); !errors.Is(err, store.ErrNotFound) || u != nil {
			t.Errorf("Get(%.10q) = %v, %v, want ErrNotFound", id, u, err)
		}
	}
	f.now = want.Expires.Add(-1)
	if _, err := get("1"); err != nil {
		t.Errorf("before it expires: %v", err)
	}
	f.now = want.Expires
	if _, err := get("1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("when it expires: %v, want ErrNotFound", err)
	}
}

func TestIndexEntriesFollowTheRecord(t *testing.T) {
	f := newFixture(t)
	f.create(user{ID: "1", Name: "alice", Emails: []string{"a@one.example", "a@two.example", "a@one.example", ""}, Group: "staff"})
	want := []string{
		"user··1·",
		"user·email·a@one.example·",
		"user·email·a@two.example·",
		"user·group·staff·1·",
		"user·name·alice·",
	}
	if diff := cmp.Diff(want, f.dump()); diff != "" {
		t.Errorf("after Create:\n%s", diff)
	}
	f.update(func(tx *store.Tx) error {
		return users.Put(tx, &user{ID: "1", Name: "alice", Emails: []string{"a@two.example", "a@three.example"}, Expires: tx.Now.Add(time.Hour)})
	})
	want = []string{
		"user··1·",
		"user·email·a@three.example·",
		"user·email·a@two.example·",
		"user·name·alice·",
		"user·~expires·2030-01-01T01:00:00.000000000Z·1·",
	}
	if diff := cmp.Diff(want, f.dump()); diff != "" {
		t.Errorf("after Put:\n%s", diff)
	}
	if f.found("email", "a@one.example") != "" || f.found("email", "a@three.example") != "1" || f.found("name", "") != "" {
		t.Error("Find does not see what Put changed")
	}
	f.update(func(tx *store.Tx) error {
		return errors.Join(users.Delete(tx, "1"), users.Delete(tx, "1"), users.Delete(tx, ""))
	})
	if got := f.dump(); len(got) != 0 {
		t.Errorf("after Delete: %q", got)
	}
}

func TestUnique(t *testing.T) {
	f := newFixture(t)
	f.create(
		user{ID: "1", Name: "alice", Emails: []string{"a@one.example"}},
		user{ID: "2", Name: "bob", Emails: []string{"b@one.example"}},
		user{ID: "3"}, user{ID: "4"}) // without any key they do not collide
	before := f.dump()
	for _, c := range []struct {
		name   string
		write  func(*store.Collection[user], *store.Tx, *user) error
		u      user
		in     string
		exists bool
	}{
		{"same id", (*store.Collection[user]).Create, user{ID: "1"}, "", true},
		{"same name", (*store.Collection[user]).Create, user{ID: "9", Name: "bob"}, "name", true},
		{"same e-mail", (*store.Collection[user]).Create, user{ID: "9", Emails: []string{"new@one.example", "b@one.example"}}, "email", true},
		{"rename to another's", (*store.Collection[user]).Put, user{ID: "1", Name: "bob"}, "name", true},
		{"case differs", (*store.Collection[user]).Create, user{ID: "9", Name: "Bob"}, "", false},
		{"own keys again", (*store.Collection[user]).Put, user{ID: "2", Name: "bob", Emails: []string{"b@one.example"}}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			undo := errors.New("undo")
			err := f.pool.Update(t.Context(), func(tx *store.Tx) error {
				if err := c.write(&users, tx, &c.u); err != nil {
					return err
				}
				return undo
			})
			switch {
			case !c.exists && !errors.Is(err, undo):
				t.Errorf("error %v, want none", err)
			case c.exists && (!errors.Is(err, store.ErrExists) || !strings.Contains(err.Error(), c.in)):
				t.Errorf("error %v, want ErrExists in %q", err, c.in)
			}
			if strings.Contains(fmt.Sprint(err), "one.example") {
				t.Errorf("error %q tells a person's key", err)
			}
		})
	}
	if diff := cmp.Diff(before, f.dump()); diff != "" {
		t.Errorf("refused writes left traces:\n%s", diff)
	}
}

func TestBadRecords(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		name string
		u    user
		want error
	}{
		{"no id", user{Name: "x"}, store.ErrKey},
		{"NUL in id", user{ID: "a\x00b"}, store.ErrKey},
		{"NUL in key", user{ID: "1", Name: "a\x00b"}, store.ErrKey},
		{"key not UTF-8", user{ID: "1", Group: "\xff"}, store.ErrKey},
		{"long key", user{ID: "1", Group: strings.Repeat("g", store.MaxKey)}, store.ErrKey},
		{"large", user{ID: "1", Emails: []string{strings.Repeat("e", store.MaxValue)}}, store.ErrTooLarge},
	} {
		for name, write := range map[string]func(*store.Tx, *user) error{"Create": users.Create, "Put": users.Put} {
			err := f.pool.Update(t.Context(), func(tx *store.Tx) error { return write(tx, &c.u) })
			if !errors.Is(err, c.want) && !(c.name == "large" && errors.Is(err, store.ErrKey)) {
				t.Errorf("%s with %s: %v, want %v", name, c.name, err, c.want)
			}
		}
	}
	if got := f.dump(); len(got) != 0 {
		t.Errorf("refused records left %q", got)
	}
}

func TestReadOnly(t *testing.T) {
	f := newFixture(t)
	f.create(user{ID: "1"})
	f.view(func(tx *store.Tx) error {
		_, sweepErr := users.Sweep(tx, 1)
		for _, err := range []error{users.Create(tx, &user{ID: "2"}), users.Put(tx, &user{ID: "1"}), users.Delete(tx, "1"), sweepErr} {
			if !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("a write in a View gives %v", err)
			}
		}
		return nil
	})
}

// Every record that expires may be swept, replaced or revived, in any order, and no index entry is left over or lost.
func TestExpired(t *testing.T) {
	alice := func(id string, expires time.Time) user {
		return user{ID: id, Name: "alice", Emails: []string{"a@one.example"}, Group: "staff", Expires: expires}
	}
	for _, c := range []struct {
		name  string
		after func(tx *store.Tx) error
		holds string
		keys  int
	}{
		{"swept", func(tx *store.Tx) error { _, err := users.Sweep(tx, 10); return err }, "", 0},
		{"created anew", func(tx *store.Tx) error {
			u := alice("1", time.Time{})
			return users.Create(tx, &u)
		}, "1", 4},
		{"revived", func(tx *store.Tx) error {
			u := alice("1", tx.Now.Add(time.Hour))
			return users.Put(tx, &u)
		}, "1", 5},
		{"taken over, both keys", func(tx *store.Tx) error {
			u := alice("2", time.Time{})
			return users.Create(tx, &u)
		}, "2", 4},
		{"taken over by Put", func(tx *store.Tx) error {
			u := alice("2", time.Time{})
			return users.Put(tx, &u)
		}, "2", 4},
		{"taken over and swept", func(tx *store.Tx) error {
			u := alice("2", time.Time{})
			_, err := users.Sweep(tx, 10)
			return errors.Join(users.Create(tx, &u), err)
		}, "2", 4},
		{"deleted", func(tx *store.Tx) error { return users.Delete(tx, "1") }, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.create(alice("1", f.now.Add(time.Minute)))
			f.now = f.now.Add(time.Hour)
			f.update(c.after)
			f.update(func(tx *store.Tx) error { _, err := users.Sweep(tx, 10); return err })
			if got := f.found("name", "alice"); got != c.holds {
				t.Errorf("the name is held by %q, want %q", got, c.holds)
			}
			if got := f.dump(); len(got) != c.keys {
				t.Errorf("%d entries, want %d: %q", len(got), c.keys, got)
			}
		})
	}
}

func TestSweep(t *testing.T) {
	f := newFixture(t)
	for i := range 25 {
		f.create(user{ID: fmt.Sprintf("%02d", i), Expires: f.now.Add(time.Duration(25-i) * time.Second)})
	}
	f.create(user{ID: "for ever"})
	f.now = f.now.Add(20 * time.Second)
	var swept []int
	for range 4 {
		n := 0
		f.update(func(tx *store.Tx) (err error) {
			n, err = users.Sweep(tx, 8)
			return err
		})
		swept = append(swept, n)
	}
	if diff := cmp.Diff([]int{8, 8, 4, 0}, swept); diff != "" {
		t.Errorf("swept:\n%s", diff)
	}
	want := []string{"user··00·", "user··01·", "user··02·", "user··03·", "user··04·", "user··for ever·"}
	if diff := cmp.Diff(want, f.dump()[:6]); diff != "" {
		t.Errorf("left:\n%s", diff)
	}
}

func TestEveryAttemptHasItsOwnNow(t *testing.T) {
	f := newFixture(t)
	f.now = time.Now() // with a monotonic part and a zone
	var nows []time.Time
	f.update(func(tx *store.Tx) error {
		f.now = f.now.Add(time.Second)
		nows = append(nows, tx.Now)
		return users.Put(tx, &user{ID: "1", Expires: tx.Now.Add(time.Hour)})
	})
	if len(nows) != 2 || !nows[1].After(nows[0]) {
		t.Errorf("attempts at %v", nows)
	}
	f.view(func(tx *store.Tx) error {
		u, err := users.Get(tx, "1")
		if err == nil && u.Expires != nows[1].Add(time.Hour) {
			t.Errorf("a time came back as %#v, not %#v", u.Expires, nows[1].Add(time.Hour))
		}
		return err
	})
}
