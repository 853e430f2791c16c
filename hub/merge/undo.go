package merge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// change is what became different from was to is.
func change(was, is *hub.User) *hub.UserChange {
	c := &hub.UserChange{Before: was.Modified, After: is.Modified}
	names := slices.Concat(slices.Collect(maps.Keys(was.Attributes)), slices.Collect(maps.Keys(is.Attributes)), []string{"email_verified", "phone_number_verified"})
	for _, name := range names {
		old, had := was.Attributes[name]
		now, has := is.Attributes[name]
		address := flagOf(name) // with which its mark is noted, if that is the same
		if had == has && old == now && (address == "" || was.Attributes[address] == is.Attributes[address]) {
			continue
		}
		var a hub.AttributeChange
		if had {
			a.Was = &old
		}
		if has {
			a.Now = &now
		}
		if c.Attributes == nil {
			c.Attributes = map[string]hub.AttributeChange{}
		}
		c.Attributes[name] = a
	}
	for _, l := range is.Links {
		if _, had := was.Link(l.Key()); !had {
			c.Links = append(c.Links, l.Key())
		}
	}
	for _, g := range is.Groups {
		if !slices.Contains(was.Groups, g) {
			c.Groups = append(c.Groups, g)
		}
	}
	for provider, list := range is.Given {
		if came := without(list, func(g string) bool { return slices.Contains(was.Given[provider], g) }); len(came) > 0 {
			if c.Given == nil {
				c.Given = map[string][]string{}
			}
			c.Given[provider] = came
		}
	}
	for _, a := range is.Aliases {
		if !was.Is(a.Sub) {
			c.Aliases = append(c.Aliases, a.Sub)
		}
	}
	if was.Password != is.Password {
		c.Password, c.Status = hexOf(is.Password), was.Status
	}
	return c
}

// revert takes a change back from a user as it is now. What has become different
// since stays as it is; why says what would be lost all the same.
func revert(u *hub.User, c *hub.UserChange) (was *hub.User, why string) {
	r := *u
	if c.Password != "" {
		if hexOf(u.Password) != c.Password {
			return nil, "has another password since"
		}
		r.Password, r.PasswordExpiry, r.Status = "", time.Time{}, c.Status
	}
	r.Attributes = maps.Clone(u.Attributes)
	stays := func(name string) bool {
		a, changed := c.Attributes[name]
		value, has := u.Attributes[name]
		return changed && (has != (a.Now != nil) || has && value != *a.Now)
	}
	for name, a := range c.Attributes {
		// An address and its mark go together: that of one says nothing of another (A82).
		address := cmp.Or(flagOf(name), name)
		if stays(name) || stays(address) || stays(address+"_verified") {
			continue
		}
		if a.Was == nil {
			delete(r.Attributes, name)
			continue
		}
		if r.Attributes == nil {
			r.Attributes = mapping.Attributes{}
		}
		r.Attributes[name] = *a.Was
	}
	r.Links = without(u.Links, func(l hub.Link) bool { return slices.Contains(c.Links, l.Key()) })
	r.Groups = without(u.Groups, func(g string) bool { return slices.Contains(c.Groups, g) })
	r.Given = nil
	for provider, list := range u.Given {
		if left := without(list, func(g string) bool { return slices.Contains(c.Given[provider], g) }); len(left) > 0 || c.Given[provider] == nil {
			if r.Given == nil {
				r.Given = map[string][]string{}
			}
			r.Given[provider] = left
		}
	}
	r.Aliases = without(u.Aliases, func(a hub.Alias) bool { return slices.Contains(c.Aliases, a.Sub) })
	if u.Modified.Equal(c.After) {
		r.Modified = c.Before
	}
	return &r, ""
}

// without is a list without some; nil if none are left.
func without[T any](list []T, drop func(T) bool) []T {
	var left []T
	for _, v := range list {
		if !drop(v) {
			left = append(left, v)
		}
	}
	return left
}

func hexOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// digestOfUser is of all that would be lost with a user; that somebody signed out
// is not.
func digestOfUser(u *hub.User) string {
	v := *u
	v.Modified, v.SignedOut = time.Time{}, time.Time{}
	text, err := json.Marshal(&v)
	if err != nil {
		panic(err)
	}
	return short(text)
}

// Loss is somebody who stays as the merge has made them, because they have changed
// since in a way that would be lost.
type Loss struct {
	Entry    int    `json:"entry"`
	Sub      string `json:"sub"`
	Username string `json:"username,omitempty"`
	Why      string `json:"why"`
}

// Undoing is how far an undo has come after one call.
type Undoing struct {
	Undone int    `json:"undone"` // entries of this call
	Lost   []Loss `json:"lost,omitempty"`
	After  string `json:"after,omitempty"` // for the next call; empty: that was the last
}

// Undo takes back at most StepMax entries of a merge, the last one first; after is
// what the call before answered. With dry set it only looks. Whoever would lose
// something stays as they are, and is named.
func Undo(ctx context.Context, p *hub.Pool, id, after string, dry bool, by hub.End) (u Undoing, err error) {
	by.Cause = hub.ByDeletion
	var more []string
	do := func(tx *store.Tx) error {
		u, more = Undoing{}, nil
		m, err := hub.Merges.Get(tx, id)
		if err != nil {
			return err
		}
		if !tx.Now.Before(m.Expires) {
			return ErrTooLate
		}
		steps, next, err := hub.MergeSteps.List(tx, "", id+"/", store.Page{After: after, Limit: StepMax})
		if err != nil {
			return err
		}
		for _, s := range steps {
			loss, ends, err := takeBack(tx, p, s, dry, by)
			if err != nil {
				return err
			}
			if ends {
				more = append(more, s.Sub)
			}
			if loss != nil {
				u.Lost = append(u.Lost, *loss)
				continue
			}
			u.Undone++
		}
		u.After = next
		if dry {
			return nil
		}
		m.Undone, m.Changed = m.Undone+u.Undone, tx.Now
		switch {
		case next == "":
			m.State = hub.MergeUndone
		case m.State != hub.MergeUndone: // or it is done once more for those who were left
			m.State = hub.MergeUndoing
		}
		return hub.Merges.Put(tx, m)
	}
	if dry {
		err = p.Space.View(ctx, do)
	} else {
		err = p.Space.Update(ctx, do)
	}
	if errors.Is(err, store.ErrNotFound) {
		return u, ErrNone
	}
	if err != nil || dry {
		return u, err
	}
	for _, sub := range more {
		if err := hub.EndAll(context.WithoutCancel(ctx), p, sub, by); err != nil {
			return u, err
		}
	}
	p.TellEnded()
	return u, nil
}

// takeBack undoes one step. more: there are sessions left to end.
func takeBack(tx *store.Tx, p *hub.Pool, s *hub.MergeStep, dry bool, by hub.End) (loss *Loss, more bool, err error) {
	u, err := hub.Users.Get(tx, s.Sub)
	if errors.Is(err, store.ErrNotFound) {
		return &Loss{Entry: s.Entry, Sub: s.Sub, Why: "was deleted since"}, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	lose := func(why string) (*Loss, bool, error) {
		return &Loss{Entry: s.Entry, Sub: s.Sub, Username: u.Username, Why: why}, false, nil
	}
	var was *hub.User
	if s.Made != "" {
		if digestOfUser(u) != s.Made {
			return lose("has changed since, and would be deleted")
		}
	} else {
		var why string
		if was, why = revert(u, s.Change); why != "" {
			return lose(why)
		}
	}
	if held, err := heldSince(tx, u, s.Absorbed); err != nil {
		return nil, false, err
	} else if held != "" {
		return lose(held)
	}
	if dry {
		return nil, false, nil
	}
	if was == nil {
		if more, err = hub.EndSome(tx, p, s.Sub, by, nil); err == nil {
			err = hub.Users.Delete(tx, s.Sub)
		}
	} else {
		if !u.Modified.Equal(s.Change.After) { // what an identity that goes has brought since goes too
			err = was.Forget(p, without(u.Links, func(l hub.Link) bool { _, stays := was.Link(l.Key()); return stays }))
		}
		if err == nil {
			err = endLinked(tx, p, u, was, by)
		}
		if err == nil {
			err = hub.Users.Put(tx, was)
		}
	}
	if err != nil {
		return nil, false, err
	}
	for i := range s.Absorbed {
		back := &s.Absorbed[i]
		back.Disabled = back.Disabled || u.Disabled // whoever was switched off meanwhile stays so (A90)
		if u.SignedOut.After(back.SignedOut) {
			back.SignedOut = u.SignedOut
		}
		if err := hub.Users.Create(tx, back); err != nil {
			return nil, false, err
		}
	}
	return nil, more, hub.MergeSteps.Delete(tx, hub.MergeStepID(s.Merge, s.Entry))
}

// heldSince says what of the users who were taken up in u is somebody else's by now,
// so that they cannot be again; empty: nothing.
func heldSince(tx *store.Tx, u *hub.User, absorbed []hub.User) (why string, err error) {
	for i := range absorbed {
		back := &absorbed[i]
		keys := [][2]string{{"name", hub.LocalNameKey(back.Username)}, {"name", hub.FederatedNameKey(back.Username)}}
		for _, l := range back.Links {
			keys = append(keys, [2]string{"link", l.Key()})
		}
		for _, key := range keys {
			holder, err := hub.Users.Find(tx, key[0], key[1])
			if err == nil && holder.Sub != u.Sub {
				return "has taken up " + back.Username + ", whose name or identity is somebody else's since", nil
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return "", err
			}
		}
	}
	return "", nil
}

// endLinked ends sessions that began by an identity the user has no longer. What
// one page does not hold is dead at its next use.
func endLinked(tx *store.Tx, p *hub.Pool, u, was *hub.User, by hub.End) error {
	if len(u.Links) == len(was.Links) {
		return nil
	}
	sessions, _, err := hub.Sessions.FindAll(tx, "sub", u.Sub, store.Page{})
	for _, s := range sessions {
		_, stays := was.Link(s.Link)
		if s.Link == "" || stays {
			continue
		}
		if _, err := hub.EndSession(tx, p, s, by); err != nil {
			return err
		}
	}
	return err
}
