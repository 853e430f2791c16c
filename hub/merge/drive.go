package merge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/isthmus-hub/isthmus/hub"
)

// Desk takes the steps of a merge: a pool's store, near or behind a socket.
type Desk interface {
	Begin(ctx context.Context, h *Header) (*hub.Merge, error)
	Step(ctx context.Context, id string, work []Work) ([]Outcome, error)
	Finish(ctx context.Context, id string) (*hub.Merge, error)
}

// Tally counts what came of a plan's entries.
type Tally struct {
	Seen    int       `json:"seen"`
	Joined  int       `json:"joined"`
	Added   int       `json:"added"`
	Left    int       `json:"left"`
	Already int       `json:"already"`
	Refused int       `json:"refused"`
	Why     []Outcome `json:"why,omitempty"` // of those refused, the first maxRefusals

	Begun bool `json:"-"` // the desk took the plan
}

const (
	maxRefusals = 1000
	maxBatch    = 600 << 10 // bytes of one step
)

// Apply hands a plan's entries to a desk, batch after batch. file is where people
// come from, nil for a live pool. It can be stopped at any time and called again:
// what was done is not done twice. progress hears after each batch; it may be nil.
func Apply(ctx context.Context, plan *Plan, file *Source, d Desk, progress func(Tally)) (t Tally, err error) {
	people, err := filed(ctx, plan, file)
	if err != nil {
		return t, err
	}
	if people != nil {
		defer people.close()
	}
	m, err := d.Begin(ctx, &plan.Header)
	if err != nil {
		return t, err
	}
	t.Begun = true
	var batch []Work
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		outcomes, err := d.Step(ctx, m.ID, batch)
		if err != nil {
			return err
		}
		t.count(outcomes)
		batch, size = batch[:0], 0
		if progress != nil {
			progress(t)
		}
		return nil
	}
	for {
		if err := ctx.Err(); err != nil {
			return t, err
		}
		e, err := plan.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return t, err
		}
		w := Work{Entry: Entry{
			N: e.N, Decision: e.Decision, Conflict: e.Conflict, Rule: e.Rule, Why: e.Why, Source: e.Source, Target: e.Target,
			Username: e.Username, Clashes: e.Clashes, Candidates: e.Candidates, Seal: e.Seal,
		}}
		if people != nil && (e.Decision == Join || e.Decision == Add) {
			if w.Person, err = people.find(e.Source); err != nil {
				return t, err
			}
		}
		text, err := json.Marshal(w)
		if err != nil {
			return t, err
		}
		if len(batch) == StepMax || size+len(text) > maxBatch {
			if err := flush(); err != nil {
				return t, err
			}
		}
		batch, size = append(batch, w), size+len(text)
	}
	if err := flush(); err != nil {
		return t, err
	}
	_, err = d.Finish(ctx, m.ID)
	return t, err
}

func (t *Tally) count(outcomes []Outcome) {
	for _, o := range outcomes {
		t.Seen++
		switch o.Done {
		case Joined:
			t.Joined++
		case Added:
			t.Added++
		case Left:
			t.Left++
		case Already:
			t.Already++
		case Refused:
			t.Refused++
			if len(t.Why) < maxRefusals {
				t.Why = append(t.Why, o)
			}
		}
	}
}

// catalog finds the people of a file by what an entry says of them.
type catalog struct {
	*spool
	by *index
}

// filed reads the people of a file, which must be the one that was planned with.
func filed(ctx context.Context, plan *Plan, file *Source) (*catalog, error) {
	if file == nil {
		return nil, nil
	}
	if file.SHA256 != plan.From.SHA256 || file.Kind != plan.From.Kind {
		return nil, fmt.Errorf("%w: %s is another file than the plan was made of", ErrChanged, file.File)
	}
	s, err := newSpool()
	if err != nil {
		return nil, err
	}
	c := &catalog{s, newIndex()}
	for p, err := range file.People {
		if err = errors.Join(err, ctx.Err()); err != nil {
			s.close()
			return nil, err
		}
		row, err := s.add(p)
		if err != nil {
			s.close()
			return nil, err
		}
		c.by.add(p.Sub+"\n"+p.Username, row)
	}
	return c, nil
}

func (c *catalog) find(r Ref) (*Person, error) {
	rows, _ := c.by.get(r.Sub + "\n" + r.Username)
	if len(rows) != 1 {
		return nil, nil // Step refuses the entry
	}
	return c.get(rows[0])
}

// PoolSource reads a pool of this process.
func PoolSource(ctx context.Context, p *hub.Pool) *Source {
	return Pages(Origin{Kind: FromPool, Name: p.Name, Issuer: p.Issuer, Passwords: true}, func(after string) ([]Person, string, error) {
		return People(ctx, p, after, false)
	})
}

// Pages makes a source of pages.
func Pages(o Origin, page func(after string) ([]Person, string, error)) *Source {
	return &Source{Origin: o, People: func(yield func(*Person, error) bool) {
		for after := ""; ; {
			list, next, err := page(after)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range list {
				if !yield(&list[i], nil) {
					return
				}
			}
			if next == "" {
				return
			}
			after = next
		}
	}}
}
