package logout

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Get is the record of one logout; nil if there is none.
func Get(ctx context.Context, p *hub.Pool, id string) (l *hub.Logout, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		l, err = find(tx, id)
		return err
	})
	return l, err
}

func find(tx *store.Tx, id string) (*hub.Logout, error) {
	l, err := hub.Logouts.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return l, err
}

// How much of an id Named needs, and among how many of the latest it looks: of
// so many, hardly two have the same six characters.
const (
	MinPart = 6
	latest  = 5000
)

// ErrAmbiguous says that a part of an id is in several of the latest logouts.
var ErrAmbiguous = errors.New("more than one of the latest logouts has this in its id")

// Named is the record of a logout by its id, or by MinPart characters or more of
// it that no other of the latest has; nil if there is none. The first eight
// characters are a time, so those of neighbours are alike and the last ones tell
// them apart.
func Named(ctx context.Context, p *hub.Pool, part string) (l *hub.Logout, err error) {
	if l, err = Get(ctx, p, part); err != nil || l != nil || len(part) < MinPart {
		return l, err
	}
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		l = nil
		page := store.Page{Limit: 500}
		for range latest / page.Limit {
			list, next, err := hub.Logouts.List(tx, "newest", "", page)
			if err != nil {
				return err
			}
			for _, found := range list {
				if !strings.Contains(found.ID, part) {
					continue
				}
				if l != nil {
					return ErrAmbiguous
				}
				l = found
			}
			if page.After = next; next == "" {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Filter chooses logouts; an empty field chooses all.
type Filter struct {
	Sub    string
	Client string // one that had to hear of it
	Open   bool   // somebody has still to hear of it
}

func (f Filter) chooses(l *hub.Logout) bool {
	return (f.Sub == "" || l.Sub == f.Sub) && (!f.Open || l.Open()) &&
		(f.Client == "" || slices.ContainsFunc(l.Hops, func(h hub.Hop) bool { return h.ClientID == f.Client }))
}

// maxLooked is how many records List looks at for one page.
const maxLooked = 10_000

// List returns up to limit records of a pool's logouts, the newest first, and
// where to go on. A page may be short, and the next one is not empty for that.
func List(ctx context.Context, p *hub.Pool, f Filter, after string, limit int) (list []*hub.Logout, next string, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		list, next = nil, ""
		switch {
		case f.Sub != "":
			list, next, err = among(f, after, limit, func(page store.Page) ([]*hub.Logout, string, error) {
				return hub.Logouts.FindAll(tx, "sub", f.Sub, page)
			})
		case f.Open:
			list, next, err = among(f, after, limit, func(page store.Page) ([]*hub.Logout, string, error) {
				return hub.Logouts.List(tx, "due", "", page)
			})
		default:
			list, next, err = newest(tx, f, after, limit)
		}
		return err
	})
	return list, next, err
}

// newest goes through all, which the store has in the order that is wanted.
func newest(tx *store.Tx, f Filter, after string, limit int) (list []*hub.Logout, next string, err error) {
	next = after
	for looked := 0; looked < maxLooked; {
		page := store.Page{After: next, Limit: limit - len(list)} // not more than fit: the cursor is that of the last
		var found []*hub.Logout
		if found, next, err = hub.Logouts.List(tx, "newest", "", page); err != nil {
			return nil, "", err
		}
		for _, l := range found {
			if f.chooses(l) {
				list = append(list, l)
			}
		}
		if looked += page.Limit; next == "" || len(list) >= limit {
			break
		}
	}
	return list, next, nil
}

// among chooses from the few that an index has, in whatever order.
func among(f Filter, after string, limit int, read func(store.Page) ([]*hub.Logout, string, error)) (list []*hub.Logout, next string, err error) {
	more := false
	for page := (store.Page{Limit: 500}); ; {
		found, on, err := read(page)
		if err != nil {
			return nil, "", err
		}
		for _, l := range found {
			if f.chooses(l) && (after == "" || place(l) < after) {
				list = append(list, l)
			}
		}
		slices.SortFunc(list, func(a, b *hub.Logout) int { return strings.Compare(place(b), place(a)) })
		if len(list) > limit {
			list, more = list[:limit], true
		}
		if page.After = on; on == "" {
			break
		}
	}
	if more {
		next = place(list[limit-1])
	}
	return list, next, nil
}

// place is where a logout stands in the order of time.
func place(l *hub.Logout) string { return store.TimeKey(l.Begun) + "/" + l.ID }
