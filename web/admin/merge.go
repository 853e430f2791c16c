package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/merge"
)

// People is a page of a pool's users as an export or a merge plan takes them, in
// the order of their subs. It has their password hashes if that was asked for.
type People struct {
	People []merge.Person `json:"people"`
	Next   string         `json:"next,omitempty"`
}

// Merge is a merge into a pool.
type Merge struct {
	ID      string `json:"id"`
	From    string `json:"from"`
	State   string `json:"state"` // applying, applied, undoing, undone
	By      string `json:"by"`
	Joined  int    `json:"joined"`
	Added   int    `json:"added"`
	Undone  int    `json:"undone"`
	Begun   string `json:"begun"`
	Changed string `json:"changed"`
	// Until is when what it changed is forgotten, and it cannot be undone any more.
	Until string `json:"undo_until"`
}

// Merges are the merges into a pool, the oldest first.
type Merges struct {
	Merges []Merge `json:"merges"`
}

// Seals are digests of a plan, or the pool's seals of them.
type Seals struct {
	Texts []string `json:"texts"`
}

// Beginning is what POST /pools/{pool}/merges takes: a plan's header with its seal.
type Beginning struct {
	Header merge.Header `json:"header"`
	Seal   string       `json:"seal"`
}

// Steps is what POST /pools/{pool}/merges/{merge}/steps takes.
type Steps struct {
	Work []merge.Work `json:"work"`
}

// Outcomes is its answer.
type Outcomes struct {
	Outcomes []merge.Outcome `json:"outcomes"`
}

// Undo is what POST /pools/{pool}/merges/{merge}/undo takes.
type Undo struct {
	After string `json:"after,omitempty"`
	Dry   bool   `json:"dry,omitempty"`
}

func listPeople(a *api, q *request) (any, error) {
	values, err := q.query("after", "passwords", "why")
	if err != nil {
		return nil, err
	}
	passwords := values["passwords"] == "true"
	list := "people/" + values["passwords"]
	after, err := q.open(list, values["after"])
	if err != nil {
		return nil, err
	}
	var page People
	read := func() (_ string, err error) {
		page.People, page.Next, err = merge.People(q.Context(), q.pool, after, passwords)
		return "", err
	}
	if after == "" && (values["why"] == "export" || passwords) { // no cursor is had without the first page
		reason := "without passwords"
		if passwords {
			reason = "with passwords"
		}
		err = a.act(q, hub.Event{Name: hub.UsersExported, Reason: reason}, read)
	} else {
		_, err = read()
	}
	if err != nil {
		return nil, err
	}
	page.Next = q.seal(list, page.Next)
	return &page, nil
}

func mergeTerms(a *api, q *request) (any, error) {
	t, err := merge.TermsOf(q.Context(), q.pool, a.Pools())
	if err != nil {
		return nil, err
	}
	return t, nil
}

func sealPlan(_ *api, q *request) (any, error) {
	var s Seals
	if err := q.decode(&s); err != nil {
		return nil, err
	}
	seals, err := merge.Seal(q.pool, s.Texts)
	if err != nil {
		return nil, invalid("texts", "texts are digests of a merge plan.")
	}
	return &Seals{seals}, nil
}

func listMerges(_ *api, q *request) (any, error) {
	merges, err := merge.List(q.Context(), q.pool)
	if err != nil {
		return nil, err
	}
	list := Merges{Merges: []Merge{}}
	for _, m := range merges {
		list.Merges = append(list.Merges, shownMerge(m))
	}
	return &list, nil
}

func shownMerge(m *hub.Merge) Merge {
	const layout = "2006-01-02T15:04:05Z07:00"
	return Merge{
		ID: m.ID, From: m.From, State: string(m.State), By: m.By, Joined: m.Joined, Added: m.Added, Undone: m.Undone,
		Begun: m.Begun.Format(layout), Changed: m.Changed.Format(layout), Until: m.Expires.Format(layout),
	}
}

func getMerge(_ *api, q *request) (any, error) {
	m, err := merge.Get(q.Context(), q.pool, q.names["merge"])
	if err != nil {
		return nil, mergeError(err)
	}
	return new(shownMerge(m)), nil
}

func beginMerge(a *api, q *request) (any, error) {
	var b Beginning
	if err := q.decode(&b); err != nil {
		return nil, err
	}
	b.Header.Seal = b.Seal
	var m *hub.Merge
	err := a.act(q, hub.Event{Name: hub.UsersMerging, Reason: b.Header.ID}, func() (_ string, err error) {
		m, err = merge.Begin(q.Context(), q.pool, a.Pools(), &b.Header, actor(q.Context()))
		return "", mergeError(err)
	})
	if err != nil {
		return nil, err
	}
	return new(shownMerge(m)), nil
}

func stepMerge(a *api, q *request) (any, error) {
	var s Steps
	if err := q.decode(&s); err != nil {
		return nil, err
	}
	m, err := merge.Get(q.Context(), q.pool, q.names["merge"])
	if err != nil {
		return nil, mergeError(err)
	}
	var from *hub.Pool
	if m.Live {
		for _, p := range a.Pools() {
			if p.Name == m.From {
				from = p
			}
		}
		if from == nil {
			return nil, mergeError(fmt.Errorf("%w: the hub has no pool %s any more", merge.ErrChanged, m.From))
		}
	}
	var answer Outcomes
	err = a.act(q, hub.Event{Name: hub.UsersMerging, Reason: m.ID}, func() (_ string, err error) {
		// Half of it must not be done because the administrator's line breaks.
		answer.Outcomes, err = merge.Step(context.WithoutCancel(q.Context()), q.pool, from, m.ID, s.Work)
		return "", mergeError(err)
	})
	if err != nil {
		return nil, err
	}
	return &answer, nil
}

func finishMerge(a *api, q *request) (any, error) {
	if err := q.decode(&struct{}{}); err != nil {
		return nil, err
	}
	var m *hub.Merge
	err := a.act(q, hub.Event{Name: hub.UsersMerged, Reason: q.names["merge"]}, func() (_ string, err error) {
		m, err = merge.Finish(q.Context(), q.pool, q.names["merge"])
		return "", mergeError(err)
	})
	if err != nil {
		return nil, err
	}
	return new(shownMerge(m)), nil
}

func undoMerge(a *api, q *request) (any, error) {
	var n Undo
	if err := q.decode(&n); err != nil {
		return nil, err
	}
	after, err := q.open("undo/"+q.names["merge"], n.After)
	if err != nil {
		return nil, err
	}
	var u merge.Undoing
	do := func() (_ string, err error) {
		u, err = merge.Undo(context.WithoutCancel(q.Context()), q.pool, q.names["merge"], after, n.Dry, q.end())
		return "", mergeError(err)
	}
	if n.Dry {
		_, err = do()
	} else {
		err = a.act(q, hub.Event{Name: hub.UsersUnmerged, Reason: q.names["merge"]}, do)
	}
	if err != nil {
		return nil, err
	}
	u.After = q.seal("undo/"+q.names["merge"], u.After)
	return &u, nil
}

// mergeError makes a refusal of what the administrator can mend.
func mergeError(err error) error {
	refuse := func(status int, code string) error {
		return &Error{Status: status, Code: code, Message: err.Error() + "."}
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, merge.ErrNone):
		return &Error{Status: http.StatusNotFound, Code: "no_such_merge", Message: "There is no such merge into this pool."}
	case errors.Is(err, merge.ErrSeal):
		return refuse(http.StatusUnprocessableEntity, "merge_plan_altered")
	case errors.Is(err, merge.ErrChanged), errors.Is(err, merge.ErrUndone), errors.Is(err, merge.ErrRing), errors.Is(err, merge.ErrTooLate):
		return refuse(http.StatusConflict, "merge_refused")
	}
	return err
}
