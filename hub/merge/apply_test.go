package merge_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/merge"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// family is two pools in which everything happens that a merge can do.
func family(r *rig) {
	r.put(r.old,
		local(1, "ada", "ada@x.example", with("nickname", "Ada"), with("family_name", "King"), inGroups("poets", "staff")),
		federated(2, "g", "grace@old.example", with("locale", "en"), inGroups("navy"), given("navy")),
		local(3, "alan", "alan@x.example", with("family_name", "Turing")),
		federated(4, "k", "kay@x.example", inGroups("staff"), given("staff")),
		local(5, "edsger", "edsger@x.example", with("email_verified", "")),
		local(6, "barbara", "barbara@x.example", disabled),
		local(7, "tony", "tony@x.example"),
	)
	r.put(r.Pool,
		federated(11, "a", "ada@x.example", with("family_name", "Lovelace")),
		federated(12, "g", "grace@x.example"),
		local(15, "dijkstra", "edsger@x.example"),
		local(17, "hoare", "tony@x.example", func(u *hub.User) { u.Password = "" }),
	)
}

func TestA101_ApplyAndUndo(t *testing.T) {
	r := newRig(t)
	family(r)
	before := r.dump(false)
	path, h := r.plan(r.live(), "keep: {family_name: source}")
	tally := r.apply(path, nil)
	if tally.Joined != 3 || tally.Added != 3 || tally.Left != 1 || tally.Refused != 0 {
		t.Fatalf("%+v", tally)
	}

	ada := r.User(r.Pool, sub(11))
	if _, linked := ada.Link("CorporateID/" + "https%3A%2F%2Fcorp.example/a"); !linked || ada.Attributes["family_name"] != "King" || ada.Attributes["nickname"] != "Ada" ||
		!slices.Equal(ada.Groups, []string{"poets", "staff"}) || ada.Password != "" || !ada.Federated() {
		t.Errorf("ada %+v", ada)
	}
	if len(ada.Aliases) != 1 || ada.Aliases[0].Sub != sub(1) || ada.Aliases[0].Pool != "old" || ada.Aliases[0].Merge != h.ID {
		t.Errorf("aliases %+v", ada.Aliases)
	}
	if u := r.User(r.Pool, sub(1)); u == nil || u.Sub != ada.Sub {
		t.Errorf("the old sub leads to %+v", u)
	}
	if grace := r.User(r.Pool, sub(2)); grace.Sub != sub(12) || grace.Attributes["email"] != "grace@x.example" || grace.Attributes["locale"] != "en" {
		t.Errorf("grace %+v", grace)
	}
	for id, group := range map[string]string{sub(12): "navy", sub(4): "staff"} {
		if u := r.User(r.Pool, id); !slices.Equal(u.Groups, []string{group}) || !slices.Equal(u.Given["CorporateID"], []string{group}) {
			t.Errorf("%s is in %v, of which %v were given by the provider", id, u.Groups, u.Given)
		}
	}
	alan := r.User(r.Pool, "alan")
	if alan.Sub != sub(3) || alan.Password == "" || alan.Status != hub.Confirmed || len(alan.Aliases) != 0 {
		t.Errorf("alan %+v", alan)
	}
	kay := r.User(r.Pool, "CorporateID_k")
	if kay.Sub != sub(4) || kay.Status != hub.ExternalProvider || !kay.Links[0].Primary || kay.Links[0].Evidence == nil {
		t.Errorf("kay %+v", kay)
	}
	if u := r.User(r.Pool, "barbara"); u == nil || !u.Disabled {
		t.Errorf("barbara %+v", u)
	}
	if tony := r.User(r.Pool, "hoare"); tony.Password == "" {
		t.Error("the one who had no way in did not get the password")
	}
	if u := r.User(r.Pool, sub(5)); u != nil {
		t.Errorf("who was asked about came in: %+v", u)
	}

	// Once more: nothing changes.
	applied := r.dump(true)
	again := r.apply(path, nil)
	if again.Already != 6 || again.Left != 1 || again.Joined+again.Added+again.Refused != 0 {
		t.Errorf("again %+v", again)
	}
	if now := strip(r.dump(true)); now != strip(applied) {
		t.Errorf("the second time changed\n%s", differ(strip(applied), now))
	}
	// A new plan finds nothing left but who was asked about.
	_, next := r.plan(r.live(), "")
	if next.Counts.Done != 6 || next.Counts.Ask != 1 || next.Counts.Join+next.Counts.Add != 0 {
		t.Errorf("planned anew: %+v", next.Counts)
	}

	if lost := r.undo(h.ID, true); len(lost) != 0 || strip(r.dump(true)) != strip(applied) {
		t.Errorf("the look before the undo: %+v", lost)
	}
	if lost := r.undo(h.ID, false); len(lost) != 0 {
		t.Errorf("lost %+v", lost)
	}
	if after := r.dump(false); after != before {
		t.Errorf("undo left\n%s", differ(before, after))
	}
	m, err := merge.Get(t.Context(), r.Pool, h.ID)
	if err != nil || m.State != hub.MergeUndone || m.Undone != 6 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := r.tryApply(path, nil, nil); !errors.Is(err, merge.ErrUndone) {
		t.Errorf("an undone plan: %v", err)
	}
}

// strip takes away when a merge was last worked at, and by whom.
func strip(dump string) string {
	var lines []string
	for _, l := range strings.Split(dump, "\n") {
		if !strings.Contains(l, `"merge\x00`) {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}

// crowd fills both pools with n people, of whom half are in both.
func crowd(r *rig, n int) {
	var old, our []*hub.User
	for i := range n {
		mail := fmt.Sprintf("p%d@x.example", i)
		switch i % 4 {
		case 0:
			old, our = append(old, local(i, fmt.Sprint("p", i), mail)), append(our, federated(n+i, fmt.Sprint("s", i), mail))
		case 1:
			old, our = append(old, federated(i, fmt.Sprint("s", i), mail)), append(our, federated(n+i, fmt.Sprint("s", i), "o"+mail))
		case 2:
			old = append(old, local(i, fmt.Sprint("p", i), mail))
		case 3:
			old = append(old, federated(i, fmt.Sprint("s", i), mail))
		}
	}
	r.put(r.old, old...)
	r.put(r.Pool, our...)
}

// A merge that is stopped after any step, and one whose answers get lost, end as
// one that is not; and so does its undo.
func TestA101_StoppedAnywhere(t *testing.T) {
	r := newRig(t)
	crowd(r, 230)
	before := r.dump(false)
	path, h := r.plan(r.live(), "")
	stop := errors.New("stopped")
	for steps := 1; ; steps++ {
		left := steps
		_, err := r.tryApply(path, nil, func() error {
			if left--; left < 0 {
				return stop
			}
			return nil
		})
		if err == nil {
			break
		}
		if !errors.Is(err, stop) || steps > 10 {
			t.Fatal(steps, err)
		}
	}
	ended := r.dump(false)
	for after := ""; ; { // the undo's answers get lost: each call is made twice
		if _, err := merge.Undo(t.Context(), r.Pool, h.ID, after, false, hub.End{}); err != nil {
			t.Fatal(err)
		}
		u, err := merge.Undo(t.Context(), r.Pool, h.ID, after, false, hub.End{})
		if err != nil {
			t.Fatal(err)
		}
		if after = u.After; after == "" {
			break
		}
	}
	if after := r.dump(false); after != before {
		t.Errorf("undo left\n%s", differ(before, after))
	}
	// In one go, it ends the same.
	whole, second := r.plan(r.live(), "")
	r.apply(whole, nil)
	if now := strings.ReplaceAll(r.dump(false), second.ID, h.ID); now != ended {
		t.Errorf("in one go:\n%s", differ(ended, now))
	}
}

func TestUndoKeepsWhatCameSince(t *testing.T) {
	r := newRig(t)
	family(r)
	path, h := r.plan(r.live(), "")
	r.apply(path, nil)
	r.Advance(time.Hour)
	r.change(sub(11), func(u *hub.User) { // ada: nothing is lost by taking the merge back
		u.Attributes["nickname"], u.Attributes["locale"] = "Countess", "fr"
		u.SignedOut, u.Modified = r.Now(), r.Now()
	})
	r.change(sub(3), func(u *hub.User) { u.Attributes["nickname"] = "Prof" })     // alan would go, and this with him
	r.change(sub(17), func(u *hub.User) { u.Password = "another one of theirs" }) // tony
	if _, err := directory.Delete(t.Context(), r.Pool, sub(12), hub.End{}); err != nil {
		t.Fatal(err)
	}
	kay := r.User(r.Pool, sub(4))
	for _, dry := range []bool{true, false} {
		got := map[int]string{}
		for _, l := range r.undo(h.ID, dry) {
			got[len(got)] = l.Sub + " " + l.Why
		}
		for _, want := range []string{sub(3) + " has changed since, and would be deleted", sub(17) + " has another password since", sub(12) + " was deleted since"} {
			found := false
			for _, l := range got {
				found = found || l == want
			}
			if !found || len(got) != 3 {
				t.Errorf("dry %v: lacks %q: %v", dry, want, got)
			}
		}
		if dry && r.User(r.Pool, sub(4)) == nil {
			t.Fatal("looking took somebody away")
		}
	}
	ada := r.User(r.Pool, sub(11))
	if ada.Attributes["nickname"] != "Countess" || ada.Attributes["locale"] != "fr" || len(ada.Aliases) != 0 || ada.Groups != nil || !ada.SignedOut.Equal(r.Now()) {
		t.Errorf("ada %+v", ada)
	}
	if r.User(r.Pool, sub(4)) != nil || kay == nil {
		t.Error("who was added is still there")
	}
	if u := r.User(r.Pool, "alan"); u == nil || u.Attributes["nickname"] != "Prof" {
		t.Errorf("alan %+v", u)
	}
}

// change writes a user of the target as somebody else would.
func (r *rig) change(id string, do func(*hub.User)) {
	r.t.Helper()
	err := r.Pool.Space.Update(r.t.Context(), func(tx *store.Tx) error {
		u, err := hub.Users.Get(tx, id)
		if err != nil {
			return err
		}
		do(u)
		return hub.Users.Put(tx, u)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// Each entry is carried out only if its people still are who was planned.
func TestA100_EntriesThatNoLongerHold(t *testing.T) {
	there := func(do func(*hub.User)) func(*rig) {
		return func(r *rig) { p := r.Hub.Pool; r.Hub.Pool = r.old; r.change(sub(1), do); r.Hub.Pool = p }
	}
	here := func(do func(*hub.User)) func(*rig) { return func(r *rig) { r.change(sub(11), do) } }
	for name, test := range map[string]struct {
		change func(*rig)
		why    string
	}{
		"nothing":           {func(*rig) {}, ""},
		"their locale":      {there(with("locale", "fr")), ""},
		"our locale":        {here(with("locale", "fr")), ""},
		"their flag":        {there(with("email_verified", "")), "has changed there"},
		"their address":     {there(with("email", "b@x.example")), "has changed there"},
		"their state":       {there(disabled), "has changed there"},
		"their groups":      {there(inGroups("admins")), "has changed there"},
		"their identities":  {there(func(u *hub.User) { u.Links = federated(1, "new", "").Links }), "has changed there"},
		"our flag":          {here(with("email_verified", "")), "the target has changed"},
		"our address":       {here(with("email", "b@x.example")), "the target has changed"},
		"our state":         {here(disabled), "the target has changed"},
		"they are gone":     {func(r *rig) { r.remove(r.old, sub(1)) }, "no longer there"},
		"ours is gone":      {func(r *rig) { r.remove(r.Pool, sub(11)) }, "no longer here"},
		"their sub is ours": {func(r *rig) { r.put(r.Pool, local(1, "z", "z@x.example")) }, "somebody else here has this sub"},
		"their sub is known": {func(r *rig) {
			r.put(r.Pool, local(99, "z", "z@x.example", func(u *hub.User) { u.Aliases = []hub.Alias{{Sub: sub(1)}} }))
		}, "known by this sub"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.put(r.old, local(1, "ada", "ada@x.example"))
			r.put(r.Pool, federated(11, "a", "ada@x.example"))
			path, _ := r.plan(r.live(), "")
			test.change(r)
			before := r.dump(false)
			tally := r.apply(path, nil)
			if test.why == "" {
				if tally.Joined != 1 {
					t.Errorf("%+v", tally)
				}
				return
			}
			if tally.Refused != 1 || !strings.Contains(tally.Why[0].Why, test.why) {
				t.Errorf("%+v", tally)
			}
			if after := r.dump(false); after != before {
				t.Errorf("a refused entry wrote\n%s", differ(before, after))
			}
		})
	}
}

func (r *rig) remove(p *hub.Pool, id string) {
	r.t.Helper()
	if _, err := directory.Delete(r.t.Context(), p, id, hub.End{}); err != nil {
		r.t.Fatal(err)
	}
}

// An operator may decide; nobody may change what a decision rests on.
func TestA100_EditedPlans(t *testing.T) {
	pools := func() *rig {
		r := newRig(t)
		r.put(r.old, local(1, "ada", "ada@x.example", with("family_name", "King")), local(2, "bob", "bob@x.example"), local(3, "Eve", "eve@x.example"))
		r.put(r.Pool, local(11, "lovelace", "ada@x.example", with("email_verified", ""), with("family_name", "Lovelace")), local(12, "root", "root@x.example"),
			local(13, "eve", "other@x.example"))
		return r
	}
	t.Run("decided", func(t *testing.T) {
		r := pools()
		path, _ := r.plan(r.live(), "")
		edit(t, path, "n: 1\n  decision: ask", "n: 1\n  decision: join", "keep: target", "keep: source", "n: 2\n  decision: ask", "n: 2\n  decision: add", `username: "Eve"`+"\n  attr", `username: "eve.old"`+"\n  attr")
		if tally := r.apply(path, nil); tally.Joined != 1 || tally.Added != 2 {
			t.Fatalf("%+v", tally)
		}
		ada := r.User(r.Pool, sub(1))
		if ada.Sub != sub(11) || ada.Attributes["family_name"] != "King" || ada.Attributes["email_verified"] != "" {
			t.Errorf("%+v", ada)
		}
		if eve := r.User(r.Pool, "eve.old"); eve == nil || eve.Sub != sub(3) {
			t.Errorf("%+v", eve)
		}
	})
	for name, test := range map[string]struct {
		edits []string
		why   string
	}{
		"another target":    {[]string{"n: 1\n  decision: ask", "n: 1\n  decision: join", `{sub: "` + sub(11), `{sub: "` + sub(12)}, "none that the plan named"},
		"candidates too":    {[]string{"n: 1\n  decision: ask", "n: 1\n  decision: join", sub(11), sub(12)}, "changed that may not be"},
		"another source":    {[]string{"n: 1\n  decision: ask", "n: 1\n  decision: join", sub(1), sub(2)}, "changed that may not be"},
		"no conflict":       {[]string{"n: 1\n  decision: ask\n  conflict: \"unproven\"", "n: 1\n  decision: join"}, "changed that may not be"},
		"an odd name":       {[]string{"n: 2\n  decision: ask", "n: 2\n  decision: add", `username: "Eve"` + "\n  attr", `username: "CorporateID_7"` + "\n  attr"}, "names that begin with"},
		"a name that taken": {[]string{"n: 2\n  decision: ask", "n: 2\n  decision: add"}, "called so"},
	} {
		t.Run(name, func(t *testing.T) {
			r := pools()
			path, _ := r.plan(r.live(), "")
			edit(t, path, test.edits...)
			tally := r.apply(path, nil)
			if tally.Refused != 1 || !strings.Contains(tally.Why[0].Why, test.why) {
				t.Errorf("%+v", tally)
			}
		})
	}
	for name, pair := range map[string][2]string{
		"of another pool": {"pool: master", "pool: old"}, "vouched": {"by: verified_email", "by: attribute\n    name: locale\n    vouched: true"},
		"clashes": {"  name: old", "  name: new"}, "made": {"made: 20", "made: 19"},
	} {
		t.Run("header "+name, func(t *testing.T) {
			r := pools()
			path, _ := r.plan(r.live(), "")
			edit(t, path, pair[0], pair[1])
			before := r.dump(true)
			if _, err := r.tryApply(path, nil, nil); !errors.Is(err, merge.ErrSeal) {
				t.Errorf("%v", err)
			}
			if after := r.dump(true); after != before {
				t.Errorf("it wrote\n%s", differ(before, after))
			}
		})
	}
	t.Run("pool changed", func(t *testing.T) {
		r := pools()
		path, _ := r.plan(r.live(), "")
		r.provider(r.Pool, "Google", "https://accounts.google.example")
		if _, err := r.tryApply(path, nil, nil); !errors.Is(err, merge.ErrChanged) {
			t.Errorf("%v", err)
		}
	})
	t.Run("spoilt", func(t *testing.T) {
		r := pools()
		for _, pair := range [][2]string{{"decision: ask", "decision: yes"}, {"- n: 1", "- x: 1"}, {"keep: target", "keep: both"}, {"entries:", "entires:"}, {"version: 1", "version: 9"}} {
			path, _ := r.plan(r.live(), "")
			edit(t, path, pair[0], pair[1])
			_, err := r.tryApply(path, nil, nil)
			if wrong := (*merge.PlanError)(nil); !errors.As(err, &wrong) || wrong.Line < 1 {
				t.Errorf("%s: %v", pair[1], err)
			}
		}
	})
}

// An export, with passwords and without, comes in as the live pool would.
func TestExportIsASource(t *testing.T) {
	for _, passwords := range []bool{true, false} {
		r := newRig(t)
		family(r)
		path := filepath.Join(t.TempDir(), "old.jsonl")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		people := merge.Pages(merge.Origin{}, func(after string) ([]merge.Person, string, error) {
			return merge.People(t.Context(), r.old, after, passwords)
		})
		n, err := merge.Export(f, merge.ExportHead{Pool: "old", Issuer: r.old.Issuer, Passwords: passwords}, people.People)
		if err := errors.Join(err, f.Close()); err != nil || n != 7 {
			t.Fatal(n, err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(string(text), "$argon2id$"); has != passwords {
			t.Errorf("passwords %v: the file has some: %v", passwords, has)
		}
		file, err := merge.OpenFile(path, "")
		if err != nil {
			t.Fatal(err)
		}
		plan, h := r.plan(file, "")
		if tally := r.apply(plan, file); tally.Joined != 3 || tally.Added != 3 || tally.Refused != 0 {
			t.Fatalf("%+v", tally)
		}
		if alan := r.User(r.Pool, "alan"); (alan.Password != "") != passwords {
			t.Errorf("alan %+v", alan)
		}
		if h.From.Kind != merge.FromExport || h.From.Name != "old" {
			t.Errorf("%+v", h.From)
		}
		if err := os.WriteFile(path, append(text, []byte("{}\n")...), 0o600); err != nil {
			t.Fatal(err)
		}
		changed, err := merge.OpenFile(path, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.tryApply(plan, changed, nil); !errors.Is(err, merge.ErrChanged) {
			t.Errorf("a file that has changed: %v", err)
		}
	}
}

// A Step that is called with made-up work does nothing that the plan does not say.
func TestA101_StepTakesSealedWorkAlone(t *testing.T) {
	r := newRig(t)
	family(r)
	path, h := r.plan(r.live(), "")
	plan, err := merge.OpenPlan(path)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	e := entries(t, path)[1]
	if _, err := merge.Step(t.Context(), r.Pool, r.old, h.ID, []merge.Work{{Entry: *e}}); !errors.Is(err, merge.ErrNone) {
		t.Errorf("before it has begun: %v", err)
	}
	if _, err := merge.Begin(t.Context(), r.Pool, r.all, &plan.Header, "test"); err != nil {
		t.Fatal(err)
	}
	before := r.dump(true)
	person := merge.Shown(r.old, r.User(r.old, e.Source.Sub), true)
	person.Attributes["email"] = "mallory@x.example"
	for name, work := range map[string]merge.Work{
		"no seal":        {Entry: func() merge.Entry { c := *e; c.Seal = ""; return c }()},
		"another number": {Entry: func() merge.Entry { c := *e; c.N = 77; return c }()},
		"another seal":   {Entry: func() merge.Entry { c := *e; c.Seal = entries(t, path)[0].Seal; return c }()},
	} {
		out, err := merge.Step(t.Context(), r.Pool, r.old, h.ID, []merge.Work{work})
		if err != nil || out[0].Done != merge.Refused {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	if out, err := merge.Step(t.Context(), r.Pool, nil, h.ID, []merge.Work{{Entry: *e, Person: &person}}); err != nil || out[0].Done != merge.Refused {
		t.Errorf("another person: %+v, %v", out, err)
	}
	if after := r.dump(true); after != before {
		t.Errorf("it wrote\n%s", differ(before, after))
	}
	if _, err := merge.Step(t.Context(), r.Pool, r.old, h.ID, make([]merge.Work, merge.StepMax+1)); err == nil {
		t.Error("a step of any size is taken")
	}
	if text, _ := json.Marshal(person); !strings.Contains(string(text), "mallory") {
		t.Error("the person was not another")
	}
}

// TestSpoiltPlans: whatever becomes of a plan's file by accident or by intent, it is entries that can be tried, or an
// error with its place, and soon.
func TestSpoiltPlans(t *testing.T) {
	r := newRig(t)
	family(r)
	path, _ := r.plan(r.live(), "")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 2))
	texts := [][]byte{
		bytes.Replace(whole, []byte("decision: ask"), []byte("decision: "+strings.Repeat("[", 1<<19)), 1),
		bytes.Replace(whole, []byte("rules:"), []byte("rules: "+strings.Repeat("{a: ", 1<<18)), 1),
		bytes.Replace(whole, []byte("decision: ask"), []byte("decision:\n"+strings.Repeat("- ", 1<<18)), 1),
		append(whole, bytes.Repeat([]byte("  x"), 1<<19)...),
	}
	for range 300 {
		c := slices.Clone(whole)
		for range 1 + rnd.IntN(3) {
			at := rnd.IntN(len(c))
			switch rnd.IntN(3) {
			case 0:
				c[at] = byte(rnd.IntN(256))
			case 1:
				c = slices.Insert(c, at, []byte("\n- {[\"':#&*|>"[rnd.IntN(12):])...)
			case 2:
				c = slices.Delete(c, at, at+min(rnd.IntN(40), len(c)-at))
			}
		}
		texts = append(texts, c)
	}
	for i, text := range texts {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		plan, err := merge.OpenPlan(path)
		for err == nil {
			var e *merge.Entry
			if e, err = plan.Next(); err == nil && (e.N < 1 || e.Decision == merge.Join && len(e.Target) != 1) {
				t.Errorf("%+v", e)
			}
		}
		if plan != nil {
			_ = plan.Close()
		}
		if wrong := (*merge.PlanError)(nil); !errors.Is(err, io.EOF) && (!errors.As(err, &wrong) || wrong.Line < 1) {
			t.Errorf("%d: %v", i, err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%d: %s", i, took)
		}
		if i < 4 && errors.Is(err, io.EOF) {
			t.Errorf("%d was read", i)
		}
	}
}
