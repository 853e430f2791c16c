package merge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Make is what a plan is made of.
type Make struct {
	From, Into *Source
	// Terms are those of Into; FromTerms, of a live pool, are for advice only and may
	// be nil.
	Terms, FromTerms *Terms
	Rules            *Rules
	Now              time.Time
	// Seal asks the pool of Into to seal texts; nil: the plan cannot be applied.
	Seal func(context.Context, []string) ([]string, error)
	// Progress hears of what is going on. May be nil.
	Progress func(what string, n int)
}

// planner is a plan in the making.
type planner struct {
	terms
	m          Make
	match      []matcher
	from, into *side
	matched    map[int32]int32 // people here to how many match them
	sheets     [4]*sheet       // by order
}

// ErrRing says that people would come back to the pool that they came from.
var ErrRing = errors.New("a ring of merges")

// New makes a plan and writes it to w. It reads both pools and writes nothing
// else (A100). The error of a ring is ErrRing.
func New(ctx context.Context, m Make, w io.Writer) (*Header, error) {
	if m.Progress == nil {
		m.Progress = func(string, int) {}
	}
	match, err := m.Rules.compile()
	if err != nil {
		return nil, err
	}
	if ring := m.Terms.Ring(m.From.Name, m.Into.Name); ring != nil {
		return nil, ringError(m.From.Name, m.Into.Name, ring)
	}
	h := &Header{
		Isthmus: "merge plan", Version: PlanVersion, ID: newID(m.Now), Made: m.Now.UTC().Truncate(time.Second), From: m.From.Origin, Rules: *m.Rules,
		Into:   Target{Pool: m.Into.Name, Issuer: m.Terms.Issuer},
		Counts: Counts{By: map[string]int{}, Conflicts: map[string]int{}},
	}
	pl := &planner{m: m, match: match, matched: map[int32]int32{}}
	pl.terms = terms{Header: h, Terms: m.Terms}
	if !m.Terms.File {
		h.Into.Terms = m.Terms.Digest()
		if pl.schema, err = mapping.NewSchema(nil, m.Terms.Attributes); err != nil {
			return nil, err
		}
	}
	for i := range pl.sheets {
		if pl.sheets[i], err = newSheet(); err != nil {
			return nil, err
		}
		defer pl.sheets[i].close()
	}
	if pl.into, err = pl.read(ctx, m.Into, false); err != nil {
		return nil, err
	}
	defer pl.into.close()
	if pl.from, err = pl.read(ctx, m.From, true); err != nil {
		return nil, err
	}
	defer pl.from.close()
	h.From.People, h.Into.People = len(pl.from.rows), len(pl.into.rows)
	for _, g := range slices.Sorted(maps.Keys(pl.from.groups)) {
		if _, said := m.Rules.Groups[g]; !said && pl.into.groups[g] {
			h.GroupClashes = append(h.GroupClashes, g)
		}
	}
	h.Notes = pl.notes()
	if err := pl.entries(ctx); err != nil {
		return nil, err
	}
	return h, pl.write(ctx, w)
}

func (pl *planner) progress(what string, n int) { pl.m.Progress(what, n) }

func ringError(from, into string, ring []Edge) error {
	if from == into {
		return fmt.Errorf("%w: a pool cannot be merged into itself", ErrRing)
	}
	var way []string
	for _, e := range ring {
		way = append(way, fmt.Sprintf("%s went into %s by %s", e.From, e.Into, e.ID))
	}
	return fmt.Errorf("%w: %s; undo that first, if %s is to go into %s", ErrRing, strings.Join(way, ", "), from, into)
}

// newID is the id of a plan, and of the merge that comes of it.
func newID(now time.Time) string {
	return now.UTC().Format("20060102") + "-" + strings.ToLower(rand.Text()[:10])
}

// entries writes one for each person there. The rules run twice: how many there
// match one here is known only after the first time.
func (pl *planner) entries(ctx context.Context) error {
	for row := range int32(len(pl.from.rows)) {
		p, err := pl.from.get(row)
		if err != nil {
			return err
		}
		resolved, _ := pl.resolve(p)
		f, err := pl.find(resolved)
		if err != nil {
			return err
		}
		if f.rule >= 0 {
			pl.matched[f.row]++
		}
		if row%1000 == 999 {
			pl.progress("matching", int(row)+1)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	for row := range int32(len(pl.from.rows)) {
		p, err := pl.from.get(row)
		if err != nil {
			return err
		}
		if pl.Header.From.Passwords {
			p.User = *p.as()
		}
		if err := pl.entry(p, row); err != nil {
			return err
		}
		if row%1000 == 999 {
			pl.progress("planning", int(row)+1)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	pl.Counts.Untouched = pl.Header.Into.People - len(pl.matched)
	return nil
}

// entry plans one person.
func (pl *planner) entry(p *Person, row int32) error {
	resolved, stuck := pl.resolve(p)
	e := &Entry{Source: Ref{p.Sub, p.Username, printOf(resolved, pl.m.Rules, true)}}
	done, err := pl.doubts(e, p, resolved, stuck, row)
	if err != nil {
		return err
	}
	c := &pl.Counts
	if done {
		c.Done++
		return nil
	}
	if e.Conflict != "" {
		if e.Sees != "" {
			e.Sees = "if " + map[bool]string{true: "joined", false: "added"}[len(e.Target) > 0] + ": " + e.Sees
		}
		e.Decision = Ask
		c.Conflicts[e.Conflict]++
	}
	switch e.Decision {
	case Join:
		c.Join++
		c.By[e.Rule]++
	case Add:
		c.Add++
	case Skip:
		c.Skip++
	case Ask:
		c.Ask++
	}
	if len(e.Clashes) > 0 {
		c.Clashes++
	}
	for _, t := range e.Target {
		e.Candidates = append(e.Candidates, candidate(t))
	}
	return pl.sheets[slices.Index(order, e.Decision)].add(e)
}

// order is that of the entries in the file: what is to be decided comes first.
var order = []Decision{Ask, Join, Add, Skip}

// doubts finds what the rules say of a person and everything that stands against
// it. done: the person is here already.
func (pl *planner) doubts(e *Entry, p, resolved *Person, stuck []string, row int32) (done bool, err error) {
	var why []string
	doubt := func(conflict, text string) {
		if e.Conflict == "" {
			e.Conflict = conflict
		}
		why = append(why, text)
	}
	f, err := pl.find(resolved)
	if err != nil {
		return false, err
	}
	if p.Sub != "" {
		if rows, _ := pl.into.subs.get(p.Sub); len(rows) > 0 {
			u, err := pl.into.get(rows[0])
			if err != nil {
				return false, err
			}
			if u.Sub != p.Sub || u.Username == resolved.Username || f.rule >= 0 && f.row == rows[0] {
				return true, nil
			}
			doubt(SubTaken, "somebody else here has this sub")
			f.rows = append(f.rows, rows[0])
		}
	}
	switch {
	case p.Sub != "" && pl.from.subs.count(p.Sub) > 1:
		doubt(Duplicated, "the sub is there twice")
	case slices.ContainsFunc(resolved.Links, func(l hub.Link) bool { return pl.from.links.count(l.Key()) > 1 }):
		doubt(Duplicated, "an identity is there twice")
	}
	if f.conflict != "" {
		doubt(f.conflict, f.why)
	}
	if f.rule >= 0 && pl.matched[f.row] > 1 {
		doubt(Ambiguous, fmt.Sprintf("%d people there match the same one here", pl.matched[f.row]))
		f.rows = append(f.rows, f.row)
	}
	for _, l := range resolved.Links {
		if rows, _ := pl.into.links.get(l.Key()); len(rows) > 0 && (f.rule < 0 || rows[0] != f.row) {
			doubt(Identity, "the identity at "+l.Provider+" is that of somebody here whom no rule names")
			f.rows = append(f.rows, rows[0])
		}
	}
	if troubled(p.Status) {
		doubt(State, "is "+string(p.Status)+" there, so that nothing is proven of them")
	}
	for _, s := range stuck {
		doubt(Provider, s)
	}
	if f.rule >= 0 {
		m := &pl.match[f.rule]
		e.Decision, e.Rule = Join, m.By
		why = append([]string{m.proof(resolved)}, why...)
		f.rows = append([]int32{f.row}, f.rows...)
	}
	slices.Sort(f.rows[min(1, len(f.rows)):])
	f.rows = unique(f.rows)
	switch {
	case len(f.rows) == 1:
		u, err := pl.into.get(f.rows[0])
		if err != nil {
			return false, err
		}
		pl.joining(e, resolved, u, doubt)
	case len(f.rows) == 0:
		e.Decision = Decision(pl.m.Rules.Orphans)
		if e.Decision == Add {
			pl.adding(e, resolved, row, doubt)
		}
		why = append([]string{"matches nobody here"}, why...)
	default:
		for _, other := range f.rows[:min(len(f.rows), maxCandidates)] {
			u, err := pl.into.get(other)
			if err != nil {
				return false, err
			}
			e.Target = append(e.Target, Ref{u.Sub, u.Username, printOf(u, pl.m.Rules, false)})
		}
	}
	e.Why = strings.Join(why, "; ")
	return false, nil
}

func unique(rows []int32) []int32 {
	var list []int32
	for _, row := range rows {
		if !slices.Contains(list, row) {
			list = append(list, row)
		}
	}
	return list
}

// joining tells what becomes of a person and the one user here who may be meant.
func (pl *planner) joining(e *Entry, p, u *Person, doubt func(conflict, why string)) {
	e.Target = []Ref{{u.Sub, u.Username, printOf(u, pl.m.Rules, false)}}
	if names := rivals(p, &u.User); len(names) > 0 {
		doubt(Identity, "both have an identity at "+strings.Join(names, ", ")+", and not the same: the address may have gone to somebody else")
	}
	if n := len(providersNew(p, u)) + u.Joined(); n > hub.MaxLinks && n > u.Joined() {
		doubt(Identity, fmt.Sprintf("would have %d joined identities, and %d is the most", n, hub.MaxLinks))
	}
	switch {
	case p.Disabled && !u.Disabled:
		doubt(Disabled, "is disabled there and not here")
	case u.Disabled:
		doubt(Disabled, "is disabled here")
	}
	if troubled(u.Status) {
		doubt(State, "is "+string(u.Status)+" here, so that nothing is proven of them")
	}
	r := pl.join(p, u.as(), nil, pl.m.Now)
	pl.tell(e, r)
	e.Clashes = r.clashes
	e.Sees = "signs in as " + u.Username + wayIn(&u.User, u.HasPassword || r.password)
	if added := providers(r.links); added != "" {
		e.Sees += ", and by " + added + " too"
	}
	if p.HasPassword && !r.password && len(p.Links) == 0 {
		e.Sees += "; the password of " + pl.Header.From.Name + " opens nothing here"
	}
}

// providersNew are the links that a person would bring.
func providersNew(p, u *Person) []hub.Link {
	return without(p.Links, func(l hub.Link) bool { _, has := u.Link(l.Key()); return has })
}

// adding tells what becomes of a person who is nobody here.
func (pl *planner) adding(e *Entry, p *Person, row int32, doubt func(conflict, why string)) {
	r := pl.add(p, nil, "a new one", pl.m.Now)
	pl.tell(e, r)
	u := r.user
	e.Username = u.Username
	if n := u.Joined(); n > hub.MaxLinks {
		doubt(Identity, fmt.Sprintf("would have %d joined identities, and %d is the most", n, hub.MaxLinks))
	}
	if names := pl.lacks(u); len(names) > 0 {
		doubt(Invalid, "lacks what everybody here must have: "+strings.Join(names, ", "))
	}
	if err := pl.named(u); err != nil && !pl.File {
		doubt(Invalid, "the "+err.Error())
	}
	for _, key := range []string{hub.LocalNameKey(u.Username), hub.FederatedNameKey(u.Username)} {
		here, _ := pl.into.names.get(key)
		for _, other := range here[:min(1, len(here))] {
			holder, err := pl.into.get(other)
			switch {
			case err == nil && holder.Username != u.Username:
				doubt(NameCase, "somebody here is called "+holder.Username)
			default:
				doubt(NameTaken, "somebody here is called so")
			}
		}
		if there, _ := pl.from.names.get(key); slices.ContainsFunc(there, func(other int32) bool { return other != row }) {
			doubt(NameCase, "two people there have the same name, but for the case")
		}
	}
	e.Sees = "signs in as " + u.Username + wayIn(u, p.Password != "")
	switch {
	case u.Disabled:
		e.Sees = "stays disabled"
	case len(u.Links) == 0 && p.Password == "":
		e.Sees = "cannot come in before an administrator gives a password, as none came along"
	}
	if p.Sub == "" {
		e.Sees += "; gets a new sub, as the source tells none"
	} else {
		e.Sees += "; keeps the sub"
	}
}

// tell writes what is new of a result into an entry.
func (pl *planner) tell(e *Entry, r *result) {
	for _, l := range r.links {
		e.Links = append(e.Links, fmt.Sprintf("%s, subject %s at %s", l.Provider, l.Subject, l.Issuer))
	}
	e.Attributes, e.Groups, e.Left = r.fill, r.groups, r.left
	if r.password {
		e.Password = "comes along"
	}
}

// as is a person as a user who keeps a password, if there was one.
func (p *Person) as() *hub.User {
	u := p.User
	if p.HasPassword && u.Password == "" {
		u.Password = "not shown"
	}
	return &u
}

func wayIn(u *hub.User, password bool) string {
	by := providers(u.Links)
	switch {
	case password && by != "":
		return " by password and by " + by
	case password:
		return " by password"
	case by != "":
		return " by " + by
	}
	return ""
}

func providers(links []hub.Link) string {
	var names []string
	for _, l := range links {
		names = append(names, l.Provider)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// notes say what holds for everybody.
func (pl *planner) notes() []string {
	from, into := pl.Header.From.Name, pl.Header.Into.Pool
	notes := []string{fmt.Sprintf("%s is only read: who signs in there goes on doing so, with what they have there, until its apps are moved to %s", from, into)}
	switch k := pl.Header.From.Kind; {
	case k == FromJSON || k == FromCSV:
		notes = append(notes, "passwords never leave Cognito: who has no other way in needs a new one")
	case !pl.Header.From.Passwords:
		notes = append(notes, "the export is without passwords: who has no other way in needs a new one, or make it again with --with-passwords")
	}
	for _, g := range pl.GroupClashes {
		notes = append(notes, fmt.Sprintf("the group %s is in both pools and may mean another thing in each: it stays behind unless the rules say  groups: {%s: %s}", g, g, g))
	}
	if pl.m.FromTerms == nil {
		return notes
	}
	for _, theirs := range pl.m.FromTerms.Providers {
		for _, ours := range pl.Terms.Providers {
			if theirs.Issuer == ours.Issuer && theirs.ClientID != ours.ClientID {
				notes = append(notes, fmt.Sprintf("%s is registered at %s as %s for %s and as %s for %s: if it gives each client subjects of its own (pairwise), nobody is known again by them", ours.Name, ours.Issuer, theirs.ClientID, from, ours.ClientID, into))
			}
		}
	}
	return notes
}
