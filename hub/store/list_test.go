package store_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// pages reads a list to its end and returns the ids of each page.
func (f *fixture) pages(list func(*store.Tx, store.Page) ([]*user, string, error), limit int) (pages []string) {
	f.Helper()
	p := store.Page{Limit: limit}
	for range 100 {
		var ids []string
		var next string
		f.view(func(tx *store.Tx) error {
			var vs []*user
			var err error
			vs, next, err = list(tx, p)
			ids = nil
			for _, v := range vs {
				ids = append(ids, v.ID)
			}
			return err
		})
		pages = append(pages, strings.Join(ids, " "))
		if next == "" {
			return pages
		}
		p.After = next
	}
	f.Fatal("a list without end")
	return nil
}

func TestList(t *testing.T) {
	f := newFixture(t)
	f.create(
		user{ID: "u1", Name: "carol", Group: "staff"},
		user{ID: "u10", Name: "alice", Group: "staff"},
		user{ID: "u2", Name: "alan", Group: "staff2"},
		user{ID: "u3", Name: "bob", Group: "guests", Expires: f.now.Add(time.Minute)},
		user{ID: "u4", Emails: []string{"x@one.example", "x@two.example"}, Group: "staff"},
	)
	list := func(index, prefix string) func(*store.Tx, store.Page) ([]*user, string, error) {
		return func(tx *store.Tx, p store.Page) ([]*user, string, error) { return users.List(tx, index, prefix, p) }
	}
	all := func(index, key string) func(*store.Tx, store.Page) ([]*user, string, error) {
		return func(tx *store.Tx, p store.Page) ([]*user, string, error) { return users.FindAll(tx, index, key, p) }
	}
	for _, c := range []struct {
		name  string
		list  func(*store.Tx, store.Page) ([]*user, string, error)
		limit int
		want  []string
	}{
		{"by id", list("", ""), 0, []string{"u1 u10 u2 u3 u4"}},
		{"by id, exactly one page", list("", ""), 5, []string{"u1 u10 u2 u3 u4"}},
		{"by id, pages", list("", ""), 2, []string{"u1 u10", "u2 u3", "u4"}},
		{"by id, prefix", list("", "u1"), 0, []string{"u1 u10"}},
		{"by name", list("name", ""), 3, []string{"u2 u10 u3", "u1"}},
		{"by name, prefix", list("name", "al"), 1, []string{"u2", "u10"}},
		{"by group, prefix", list("group", "staff"), 0, []string{"u1 u10 u4 u2"}},
		{"by group, exactly", all("group", "staff"), 0, []string{"u1 u10 u4"}},
		{"by group, exactly, pages", all("group", "staff"), 2, []string{"u1 u10", "u4"}},
		{"unique, exactly", all("name", "alice"), 0, []string{"u10"}},
		{"once for each key", list("email", "x@"), 0, []string{"u4 u4"}},
		{"none", list("name", "zoe"), 0, []string{""}},
		{"beginning only", all("name", "al"), 0, []string{""}},
		{"no key", all("group", ""), 0, []string{""}},
		{"impossible key", all("group", "staff\x00u1"), 0, []string{""}},
		{"impossible prefix", list("group", "staff\x00"), 0, []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fixture{T: t, pool: f.pool}
			if diff := cmp.Diff(c.want, f.pages(c.list, c.limit)); diff != "" {
				t.Error(diff)
			}
		})
	}
	f.now = f.now.Add(time.Hour)
	if diff := cmp.Diff([]string{"u1 u10", "u2", "u4"}, f.pages(list("", ""), 2)); diff != "" {
		t.Errorf("expired records leave pages short:\n%s", diff)
	}
}

// A page cursor comes from outside. Whatever it says, the list stays within its index and prefix.
func TestForgedCursor(t *testing.T) {
	f := newFixture(t)
	f.create(user{ID: "1", Name: "alice", Group: "staff"}, user{ID: "2", Name: "bob", Group: "guests"})
	for _, after := range []string{"\x00", "\x01", "guests\x002\x00", "staff", "staff\x00", "zzz", "\xff\xff", "../../name", "\x00\x00\x00\x00"} {
		f.view(func(tx *store.Tx) error {
			vs, _, err := users.FindAll(tx, "group", "staff", store.Page{After: base64.RawURLEncoding.EncodeToString([]byte(after))})
			if slices.ContainsFunc(vs, func(u *user) bool { return u.Group != "staff" }) {
				t.Errorf("cursor %q leads to %v", after, vs)
			}
			return err
		})
	}
	for _, after := range []string{"%", "a b", "====", "ä"} {
		err := f.pool.View(t.Context(), func(tx *store.Tx) error {
			_, _, err := users.List(tx, "", "", store.Page{After: after})
			return err
		})
		if !errors.Is(err, store.ErrKey) {
			t.Errorf("cursor %q gives %v, want ErrKey", after, err)
		}
	}
}

func TestLargePage(t *testing.T) {
	f := newFixture(t)
	us := make([]user, 1200)
	for i := range us {
		us[i].ID = fmt.Sprintf("%04d", i)
	}
	f.create(us...)
	f.view(func(tx *store.Tx) error {
		for limit, want := range map[int]int{0: 100, -1: 100, 50: 50, 5000: 1000} {
			vs, next, err := users.List(tx, "", "", store.Page{Limit: limit})
			if err != nil || len(vs) != want || next == "" {
				t.Errorf("limit %d gives %d records, %q, %v, want %d", limit, len(vs), next, err, want)
			}
		}
		return nil
	})
}

func TestUnknownIndex(t *testing.T) {
	f := newFixture(t)
	f.view(func(tx *store.Tx) error {
		_, findErr := users.Find(tx, "phone", "1")
		_, notUnique := users.Find(tx, "group", "staff")
		_, _, listErr := users.List(tx, "phone", "", store.Page{})
		_, _, allErr := users.FindAll(tx, "~expires", "1", store.Page{})
		for _, err := range []error{findErr, notUnique, listErr, allErr} {
			if err == nil || errors.Is(err, store.ErrNotFound) {
				t.Errorf("error %v, want one that tells of the mistake", err)
			}
		}
		return nil
	})
}

// Code that changes the keys of an index without raising the format leaves old entries behind. They must
// not lead to a record that has not that key.
func TestStaleIndexEntry(t *testing.T) {
	f := newFixture(t)
	f.create(user{ID: "1", Name: "Alice"}, user{ID: "2", Name: "bob"})
	lower := users
	lower.Indexes = slices.Clone(users.Indexes)
	lower.Indexes[0].Keys = func(u *user) []string { return []string{strings.ToLower(u.Name)} }
	f.view(func(tx *store.Tx) error {
		if u, err := lower.Find(tx, "name", "Alice"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a stale entry leads to %v, %v", u, err)
		}
		vs, _, err := lower.List(tx, "name", "", store.Page{})
		if len(vs) != 1 || vs[0].ID != "2" {
			t.Errorf("the list has %d records", len(vs))
		}
		return err
	})
	f.update(func(tx *store.Tx) error { return lower.Create(tx, &user{ID: "3", Name: "alice"}) })
}
