package merge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/merge"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/mapping"
)

const corp = "https://corp.example"

// rig is a hub whose pool old goes into the pool master.
type rig struct {
	*hubtest.Hub
	t   testing.TB
	old *hub.Pool
	all []*hub.Pool
}

func newRig(t testing.TB) *rig {
	t.Helper()
	h := hubtest.New(t)
	r := &rig{Hub: h, t: t, old: h.AddPool("old", "http://old.test")}
	r.all = []*hub.Pool{h.Pool, r.old}
	for _, p := range r.all {
		r.provider(p, "CorporateID", corp)
	}
	return r
}

func (r *rig) provider(p *hub.Pool, name, issuer string) {
	r.t.Helper()
	up, err := idp.New(idp.Config{
		Name: name, Issuer: issuer, ClientID: "hub", ClientSecret: "secret", RedirectURI: p.CallbackURL(), Scopes: []string{"openid"}, Timeout: time.Second,
	}, r.Outbound, r.Now)
	if err != nil {
		r.t.Fatal(err)
	}
	p.Providers = append(p.Providers, &hub.Provider{Name: name, Type: "OIDC", Enabled: true, Creates: true, Upstream: up, ClientID: "hub",
		TrustedDomains: []string{"x.example", "old.example", "o.example", "p.example", "corp.example"}})
}

// put writes users as they are.
func (r *rig) put(p *hub.Pool, users ...*hub.User) {
	r.t.Helper()
	for len(users) > 0 {
		n := min(len(users), 1000)
		err := p.Space.Update(context.Background(), func(tx *store.Tx) error {
			for _, u := range users[:n] {
				if u.Created.IsZero() {
					u.Created, u.Modified = tx.Now, tx.Now
				}
				if err := hub.Users.Create(tx, u); err != nil {
					return fmt.Errorf("%s: %w", u.Username, err)
				}
			}
			return nil
		})
		if err != nil {
			r.t.Fatal(err)
		}
		users = users[n:]
	}
}

// sub is a made-up UUID.
func sub(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// local and federated are users; changes come after.
func local(n int, name, email string, change ...func(*hub.User)) *hub.User {
	u := &hub.User{Sub: sub(n), Username: name, Status: hub.Confirmed, Password: "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vt", Attributes: mapping.Attributes{"email": email, "email_verified": "true"}}
	for _, c := range change {
		c(u)
	}
	return u
}

func federated(n int, subject, email string, change ...func(*hub.User)) *hub.User {
	u := local(n, "CorporateID_"+subject, email)
	u.Password, u.Status = "", hub.ExternalProvider
	u.Links = []hub.Link{{Provider: "CorporateID", Issuer: corp, Subject: subject, Type: "OIDC", Primary: true}}
	for _, c := range change {
		c(u)
	}
	return u
}

func with(name, value string) func(*hub.User) {
	return func(u *hub.User) {
		if value == "" {
			delete(u.Attributes, name)
			return
		}
		u.Attributes[name] = value
	}
}

func inGroups(groups ...string) func(*hub.User) { return func(u *hub.User) { u.Groups = groups } }

func given(groups ...string) func(*hub.User) {
	return func(u *hub.User) { u.Given = map[string][]string{"CorporateID": groups} }
}

func disabled(u *hub.User) { u.Disabled = true }

func rules(t testing.TB, text string) *merge.Rules {
	t.Helper()
	r, err := merge.ParseRules([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// make is what a plan from a source into the pool is made of.
func (r *rig) make(from *merge.Source, text string) merge.Make {
	r.t.Helper()
	terms, err := merge.TermsOf(context.Background(), r.Pool, r.all)
	if err != nil {
		r.t.Fatal(err)
	}
	return merge.Make{
		From: from, Into: merge.PoolSource(context.Background(), r.Pool), Terms: terms, Rules: rules(r.t, text), Now: r.Now(),
		Seal: func(_ context.Context, texts []string) ([]string, error) { return merge.Seal(r.Pool, texts) },
	}
}

// plan makes a plan and returns its file.
func (r *rig) plan(from *merge.Source, text string) (string, *merge.Header) {
	r.t.Helper()
	var out bytes.Buffer
	h, err := merge.New(context.Background(), r.make(from, text), &out)
	if err != nil {
		r.t.Fatal(err)
	}
	path := filepath.Join(r.t.TempDir(), "plan.yaml")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path, h
}

func (r *rig) live() *merge.Source { return merge.PoolSource(context.Background(), r.old) }

// desk is the pool's own.
type desk struct {
	*rig
	from  *hub.Pool
	after func() error // hears of each step that was done
}

func (d desk) Begin(ctx context.Context, h *merge.Header) (*hub.Merge, error) {
	return merge.Begin(ctx, d.Pool, d.all, h, "test")
}

func (d desk) Step(ctx context.Context, id string, work []merge.Work) ([]merge.Outcome, error) {
	// As over a socket.
	text, err := json.Marshal(work)
	if err != nil {
		return nil, err
	}
	var sent []merge.Work
	if err := json.Unmarshal(text, &sent); err != nil {
		return nil, err
	}
	out, err := merge.Step(ctx, d.Pool, d.from, id, sent)
	if err == nil && d.after != nil {
		err = d.after()
	}
	return out, err
}

func (d desk) Finish(ctx context.Context, id string) (*hub.Merge, error) {
	return merge.Finish(ctx, d.Pool, id)
}

func (r *rig) tryApply(path string, file *merge.Source, after func() error) (merge.Tally, error) {
	r.t.Helper()
	plan, err := merge.OpenPlan(path)
	if err != nil {
		return merge.Tally{}, err
	}
	defer plan.Close()
	d := desk{rig: r, after: after}
	if file == nil {
		d.from = r.old
	}
	return merge.Apply(context.Background(), plan, file, d, nil)
}

func (r *rig) apply(path string, file *merge.Source) merge.Tally {
	r.t.Helper()
	t, err := r.tryApply(path, file, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return t
}

// undo takes all of a merge back and returns who was left.
func (r *rig) undo(id string, dry bool) (lost []merge.Loss) {
	r.t.Helper()
	for after := ""; ; {
		u, err := merge.Undo(context.Background(), r.Pool, id, after, dry, hub.End{By: "test"})
		if err != nil {
			r.t.Fatal(err)
		}
		lost = append(lost, u.Lost...)
		if after = u.After; after == "" {
			return lost
		}
	}
}

// entries are those of a plan's file.
func entries(t testing.TB, path string) []*merge.Entry {
	t.Helper()
	plan, err := merge.OpenPlan(path)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	var list []*merge.Entry
	for {
		e, err := plan.Next()
		if err != nil {
			if err.Error() != "EOF" {
				t.Fatal(err)
			}
			return list
		}
		list = append(list, e)
	}
}

// edit rewrites a plan's file.
func edit(t testing.TB, path string, pairs ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(pairs...).Replace(string(text))
	if changed == string(text) {
		t.Fatalf("nothing to edit in\n%s", text)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

// dump is everything in both spaces, indexes included; what merges keep of
// themselves only if books is set.
func (r *rig) dump(books bool) string {
	r.t.Helper()
	var out strings.Builder
	for _, p := range r.all {
		after := ""
		for {
			var page []store.Entry
			err := p.Space.View(context.Background(), func(tx *store.Tx) (err error) {
				page, err = tx.Entries(after, 1000)
				return err
			})
			if err != nil {
				r.t.Fatal(err)
			}
			for _, e := range page {
				own := strings.HasPrefix(e.Key, "merge\x00") || strings.HasPrefix(e.Key, "mergestep\x00")
				if own && !books || strings.HasPrefix(e.Key, "signingkey") {
					continue
				}
				fmt.Fprintf(&out, "%s %q = %s\n", p.Name, e.Key, e.Value)
			}
			if len(page) < 1000 {
				break
			}
			after = page[len(page)-1].Key
		}
	}
	return out.String()
}

// differ shows the lines that only one of two dumps has.
func differ(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out strings.Builder
	for _, l := range x {
		if !slices.Contains(y, l) {
			fmt.Fprintln(&out, "-", l)
		}
	}
	for _, l := range y {
		if !slices.Contains(x, l) {
			fmt.Fprintln(&out, "+", l)
		}
	}
	return out.String()
}
