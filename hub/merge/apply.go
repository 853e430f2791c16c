package merge

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Refusals of a whole plan.
var (
	ErrSeal    = errors.New("the plan was not made for this pool, or something in it was changed that may not be")
	ErrChanged = errors.New("the pool has changed since the plan was made")
	ErrUndone  = errors.New("the merge was undone; make a new plan")
	ErrNone    = errors.New("there is no such merge")
	ErrTooLate = errors.New("what the merge changed is no longer known")
)

// StepMax is how many entries one call of Step takes: a transaction for which no
// sign-in waits noticeably.
const StepMax = 50

// Work is an entry to be carried out, with the person it is about where that comes
// from a file.
type Work struct {
	Entry  Entry   `json:"entry"`
	Person *Person `json:"person,omitempty"`
}

// Done says what came of an entry.
type Done string

// What can come of an entry.
const (
	Joined  Done = "joined"
	Added   Done = "added"
	Left    Done = "left"    // as its decision says
	Already Done = "already" // done before
	Refused Done = "refused"
)

// Outcome is what came of one entry.
type Outcome struct {
	N        int    `json:"n"`
	Done     Done   `json:"done"`
	Username string `json:"username"` // there
	Sub      string `json:"sub,omitempty"`
	Why      string `json:"why,omitempty"` // it was refused
}

// Seal seals texts of Header.Sealed and Entry.Sealed for a pool.
func Seal(p *hub.Pool, texts []string) ([]string, error) {
	seals := make([]string, len(texts))
	for i, text := range texts {
		if kind, sum, _ := strings.Cut(text, "/"); kind != "header" && kind != "entry" || len(sum) != 64 {
			return nil, errors.New("not a digest of a plan")
		}
		mac := p.Secrets.Merge.MAC([]byte(text))
		seals[i] = base64.RawURLEncoding.EncodeToString(mac[:])
	}
	return seals, nil
}

func sealed(p *hub.Pool, text, seal string) bool {
	mac, err := base64.RawURLEncoding.DecodeString(seal)
	return err == nil && p.Secrets.Merge.VerifyMAC([]byte(text), mac)
}

// TermsOf are the terms of a pool among all of the hub's.
func TermsOf(ctx context.Context, p *hub.Pool, all []*hub.Pool) (*Terms, error) {
	t := poolTerms(p)
	for _, other := range all {
		merges, err := List(ctx, other)
		if err != nil {
			return nil, err
		}
		for _, m := range merges {
			if m.Live && m.State != hub.MergeUndone {
				t.Merges = append(t.Merges, Edge{m.ID, m.From, other.Name})
			}
		}
	}
	return t, nil
}

func poolTerms(p *hub.Pool) *Terms {
	t := &Terms{Pool: p.Name, Issuer: p.Issuer, Providers: []ProviderTerms{}, Attributes: p.Schema.Attributes()}
	for _, pr := range p.Providers {
		t.Providers = append(t.Providers, ProviderTerms{pr.Name, pr.Upstream.Issuer(), pr.ClientID})
	}
	return t
}

// List are the merges into a pool, the oldest first.
func List(ctx context.Context, p *hub.Pool) (list []*hub.Merge, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		list = nil
		for after := ""; ; {
			page, next, err := hub.Merges.List(tx, "", "", store.Page{After: after})
			if list = append(list, page...); err != nil || next == "" {
				return err
			}
			after = next
		}
	})
	return list, err
}

// Get finds a merge, or gives ErrNone.
func Get(ctx context.Context, p *hub.Pool, id string) (m *hub.Merge, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		m, err = hub.Merges.Get(tx, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNone
	}
	return m, err
}

// Begin opens the merge of a plan, or goes on with one that was stopped. The plan
// must be sealed by this pool, which must be as it was.
func Begin(ctx context.Context, p *hub.Pool, all []*hub.Pool, h *Header, by string) (m *hub.Merge, err error) {
	if !sealed(p, h.Sealed(), h.Seal) {
		return nil, ErrSeal
	}
	t, err := TermsOf(ctx, p, all)
	if err != nil {
		return nil, err
	}
	if t.Digest() != h.Into.Terms {
		return nil, fmt.Errorf("%w: its issuer, providers or attributes are others; make a new plan", ErrChanged)
	}
	if _, err := h.Rules.compile(); err != nil {
		return nil, err
	}
	live := h.From.Kind == FromPool
	if live {
		t.Merges = slices.DeleteFunc(t.Merges, func(e Edge) bool { return e.ID == h.ID })
		if ring := t.Ring(h.From.Name, p.Name); ring != nil {
			return nil, ringError(h.From.Name, p.Name, ring)
		}
		if !slices.ContainsFunc(all, func(o *hub.Pool) bool { return o.Name == h.From.Name && o.Issuer == h.From.Issuer }) {
			return nil, fmt.Errorf("%w: %s, which people were to come from, is not there", ErrChanged, h.From.Name)
		}
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		m, err = hub.Merges.Get(tx, h.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			m = &hub.Merge{ID: h.ID, From: h.From.Name, Live: live, Header: text, Begun: tx.Now, Expires: tx.Now.Add(hub.MergeMemory)}
		case err != nil:
			return err
		case m.State == hub.MergeUndoing || m.State == hub.MergeUndone:
			return ErrUndone
		case !tx.Now.Before(m.Expires):
			return ErrTooLate
		}
		m.State, m.By, m.Changed = hub.MergeApplying, by, tx.Now
		return hub.Merges.Put(tx, m)
	})
	return m, err
}

// Finish notes that every entry had its turn.
func Finish(ctx context.Context, p *hub.Pool, id string) (m *hub.Merge, err error) {
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		if m, err = hub.Merges.Get(tx, id); err != nil || m.State != hub.MergeApplying {
			return err
		}
		m.State, m.Changed = hub.MergeApplied, tx.Now
		return hub.Merges.Put(tx, m)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNone
	}
	return m, err
}

// job is one entry on its way into a transaction.
type job struct {
	entry  *Entry
	person *Person // resolved
	sub    string  // for somebody who brings none
	refuse string  // why nothing is tried
}

// Step carries out at most StepMax entries in one transaction. from is the pool
// that people come from; nil where they come from a file. What was done before is
// not done again, so a call whose answer was lost is repeated.
func Step(ctx context.Context, p, from *hub.Pool, id string, work []Work) ([]Outcome, error) {
	m, err := Get(ctx, p, id)
	if err != nil {
		return nil, err
	}
	h := &Header{}
	if err := json.Unmarshal(m.Header, h); err != nil {
		return nil, err
	}
	t := &terms{Header: h, Terms: poolTerms(p), schema: p.Schema}
	if t.Terms.Digest() != h.Into.Terms {
		return nil, fmt.Errorf("%w: its issuer, providers or attributes are others; make a new plan", ErrChanged)
	}
	if len(work) > StepMax {
		return nil, fmt.Errorf("%d entries; %d at most", len(work), StepMax)
	}
	jobs, err := t.jobs(ctx, p, from, work)
	if err != nil {
		return nil, err
	}
	var outcomes []Outcome
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		outcomes = make([]Outcome, 0, len(jobs))
		m, err := hub.Merges.Get(tx, id)
		if err != nil {
			return err
		}
		if m.State != hub.MergeApplying {
			return ErrUndone
		}
		before := m.Joined + m.Added
		for i := range jobs {
			o, err := t.carryOut(tx, p, m, &jobs[i])
			if err != nil {
				return fmt.Errorf("entry %d: %w", jobs[i].entry.N, err)
			}
			outcomes = append(outcomes, o)
		}
		if m.Joined+m.Added == before {
			return nil
		}
		m.Changed = tx.Now
		return hub.Merges.Put(tx, m)
	})
	return outcomes, err
}

// jobs proves entries and finds their people, outside of the transaction.
func (t *terms) jobs(ctx context.Context, p, from *hub.Pool, work []Work) ([]job, error) {
	jobs := make([]job, len(work))
	for i := range work {
		e := &work[i].Entry
		j := &jobs[i]
		*j = job{entry: e, sub: directory.NewSub()}
		if e.Decision == Skip || e.Decision == Ask {
			continue
		}
		person := work[i].Person
		if from != nil {
			var err error
			if person, err = personOf(ctx, from, e.Source.Sub); err != nil {
				return nil, err
			}
		}
		switch {
		case !sealed(p, e.Sealed(t.ID), e.Seal):
			j.refuse = "something in the entry was changed that may not be"
		case person == nil:
			j.refuse = "is no longer there"
		case person.check() != nil:
			j.refuse = person.check().Error()
		case from == nil && person.Password != "" && directory.CheckHash(person.Password) != nil:
			j.refuse = "the password is no hash of ours"
		default:
			j.person, _ = t.resolve(person)
			if printOf(j.person, &t.Rules, true) != e.Source.Print {
				j.refuse = "has changed there since the plan was made"
			}
		}
	}
	return jobs, nil
}

func personOf(ctx context.Context, from *hub.Pool, sub string) (p *Person, err error) {
	err = from.Space.View(ctx, func(tx *store.Tx) error {
		u, err := hub.Users.Get(tx, sub)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			p = new(Shown(from, u, true))
		}
		return err
	})
	return p, err
}

// carryOut does one entry. All that could stand in the way is read before anything
// is written, so a refusal leaves nothing behind.
func (t *terms) carryOut(tx *store.Tx, p *hub.Pool, m *hub.Merge, j *job) (Outcome, error) {
	e := j.entry
	o := Outcome{N: e.N, Username: e.Source.Username}
	refuse := func(why string) (Outcome, error) {
		o.Done, o.Why = Refused, why
		return o, nil
	}
	if step, err := hub.MergeSteps.Get(tx, hub.MergeStepID(m.ID, e.N)); err == nil {
		o.Done, o.Sub = Already, step.Sub
		return o, nil
	} else if !errors.Is(err, store.ErrNotFound) {
		return o, err
	}
	if e.Decision == Skip || e.Decision == Ask {
		o.Done = Left
		return o, nil
	}
	if j.refuse != "" {
		return refuse(j.refuse)
	}
	var u *hub.User
	var r *result
	if e.Decision == Join {
		var why string
		var err error
		if u, why, err = t.target(tx, p, j); err != nil || why != "" {
			o.Done, o.Why = Refused, why
			return o, err
		}
		r = t.join(j.person, u, e, tx.Now)
	} else {
		r = t.add(j.person, e, j.sub, tx.Now)
		if why, err := t.mayAdd(tx, r.user); err != nil || why != "" {
			o.Done, o.Why = Refused, why
			return o, err
		}
	}
	if len(r.links) > 0 && r.user.Joined() > hub.MaxLinks {
		return refuse(fmt.Sprintf("would have more than %d joined identities", hub.MaxLinks))
	}
	late, why, err := t.obstacles(tx, j.person, r)
	if err != nil || why != "" {
		o.Done, o.Why = Refused, why
		return o, err
	}
	step := &hub.MergeStep{Merge: m.ID, Entry: e.N, Sub: r.user.Sub, Expires: m.Expires}
	for _, l := range late {
		if err := t.absorb(tx, p, l, r.user); err != nil {
			return o, err
		}
		step.Absorbed = append(step.Absorbed, *l)
	}
	if u == nil {
		step.Made = digestOfUser(r.user)
		o.Done = Added
		m.Added++
	} else {
		step.Change = change(u, r.user)
		o.Done = Joined
		m.Joined++
	}
	o.Sub = r.user.Sub
	if u == nil || r.changed || len(late) > 0 {
		if err := hub.Users.Put(tx, r.user); err != nil {
			return o, err
		}
	}
	return o, hub.MergeSteps.Create(tx, step)
}

// target is the user that an entry joins, if that still is who was planned.
func (t *terms) target(tx *store.Tx, p *hub.Pool, j *job) (u *hub.User, why string, err error) {
	if len(j.entry.Target) != 1 || !slices.Contains(j.entry.Candidates, candidate(j.entry.Target[0])) {
		return nil, "the target is none that the plan named", nil
	}
	ref := j.entry.Target[0]
	u, err = hub.Users.Get(tx, ref.Sub)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, "the target is no longer here", nil
	case err != nil:
		return nil, "", err
	case printOf(new(Shown(p, u, true)), &t.Rules, false) != ref.Print:
		return nil, "the target has changed since the plan was made", nil
	case j.entry.Conflict != "":
		return u, "", nil
	case len(rivals(j.person, u)) > 0:
		return nil, "the target has got another identity at the same provider since the plan was made", nil
	case j.entry.Rule == ByIdentity && !slices.ContainsFunc(j.person.Links, func(l hub.Link) bool { _, has := u.Link(l.Key()); return has }):
		return nil, "the target has no longer the identity that the match rests on", nil
	}
	return u, "", nil
}

// mayAdd says why nobody can be added so.
func (t *terms) mayAdd(tx *store.Tx, u *hub.User) (why string, err error) {
	if _, err := hub.FindUser(tx, u.Sub); err == nil {
		return "somebody here has this sub", nil
	} else if !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	if names := t.lacks(u); len(names) > 0 {
		return "lacks what everybody here must have: " + strings.Join(names, ", "), nil
	}
	if err := t.named(u); err != nil {
		return "the " + err.Error(), nil
	}
	return "", nil
}

// obstacles finds who holds what the result would hold: people who came in by the
// identity since the plan was made, and are to be absorbed; or anybody else, who
// stands in the way.
func (t *terms) obstacles(tx *store.Tx, p *Person, r *result) (late []*hub.User, why string, err error) {
	self := func(o *hub.User) bool {
		return o.Sub == r.user.Sub || slices.ContainsFunc(late, func(l *hub.User) bool { return l.Sub == o.Sub })
	}
	look := func(index, key, refusal string) error {
		o, err := hub.Users.Find(tx, index, key)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return nil
		case err != nil:
			return err
		case self(o):
		case index == "link" && t.late(o, p):
			late = append(late, o)
		default:
			why = refusal
		}
		return nil
	}
	for _, l := range r.links {
		if err := look("link", l.Key(), "the identity at "+l.Provider+" belongs to somebody else here"); err != nil {
			return nil, "", err
		}
	}
	for _, a := range r.aliases {
		if err := look("alias", a.Sub, "somebody else here is known by this sub"); err != nil {
			return nil, "", err
		}
		if o, err := hub.Users.Get(tx, a.Sub); err == nil && !self(o) {
			why = "somebody else here has this sub"
		} else if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, "", err
		}
	}
	for _, key := range []string{hub.LocalNameKey(r.user.Username), hub.FederatedNameKey(r.user.Username)} {
		if err := look("name", key, "somebody else here is called so"); err != nil {
			return nil, "", err
		}
	}
	return late, why, nil
}

// late tells whether a user is nobody but the person of an entry: made after the
// plan by a sign-in with an identity of that person, and with nothing else. Who was
// imported, or claimed, has the identity too, and is more than that.
func (t *terms) late(o *hub.User, p *Person) bool {
	return o.Created.After(t.Made) && o.Federated() && !o.Disabled && len(o.Aliases) == 0 && len(o.Groups) == 0 &&
		!slices.ContainsFunc(o.Links, func(l hub.Link) bool { _, has := p.Link(l.Key()); return !has })
}

// absorb makes a latecomer part of u: whoever is signed in goes on being so.
func (t *terms) absorb(tx *store.Tx, p *hub.Pool, late, u *hub.User) error {
	if err := hub.Users.Delete(tx, late.Sub); err != nil {
		return err
	}
	u.Aliases = append(u.Aliases, hub.Alias{Sub: late.Sub, Pool: p.Name, Merge: t.ID, Since: tx.Now})
	u.Modified = tx.Now
	if late.SignedOut.After(u.SignedOut) { // what was dead stays dead
		u.SignedOut = late.SignedOut
	}
	for after := ""; ; {
		sessions, next, err := hub.Sessions.FindAll(tx, "sub", late.Sub, store.Page{After: after})
		if err != nil {
			return err
		}
		for _, s := range sessions {
			s.Sub = u.Sub
			if err := hub.Sessions.Put(tx, s); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		after = next
	}
}
