package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/hub/merge"
	"github.com/isthmus-hub/isthmus/web/admin"
)

func mergeCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "merge",
		Short: "Merge the people of one pool into another: plan, apply, undo",
		Long: `Merge the people of one pool into another: plan, apply, undo.

A plan is a file that says of each person who they are in the other pool, by which
rule, and what will become of them. It is read and edited before it is applied;
what the rules cannot prove is asked, and left alone until somebody decides. See
isthmus help merging.`,
	}, mergePlanCommand(), mergeApplyCommand(), mergeUndoCommand(), mergeListCommand(), mergeShowCommand())
}

// mergePlan are the flags of merge plan.
type mergePlan struct {
	target
	from, into, rules, name, out string
	providers                    []string
}

func mergePlanCommand() *cobra.Command {
	var v mergePlan
	c := &cobra.Command{
		Use:   "plan --from POOL|FILE --into POOL|FILE -o FILE",
		Short: "Write a plan, and nothing else",
		Long: `Write a plan of merging one pool into another, and nothing else.

People come from a pool of the hub or from a file: what isthmus user export writes,
the JSON of aws cognito-idp list-users, or CSV with the header of Cognito's import.
What has a dot or a slash in it is a file. A plan into a file can be read, but not
applied.`,
		Example: `  isthmus merge plan --from old --into main -o plan.yaml
  isthmus merge plan --from users.json --name old --into main --provider Google=Google -o plan.yaml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return v.run(c) },
	}
	v.flags(c)
	flags := c.Flags()
	flags.StringVar(&v.from, "from", "", "where people come from")
	flags.StringVar(&v.into, "into", "", "where they go")
	flags.StringVar(&v.rules, "rules", "", "the file of rules (default: identity, then verified address)")
	flags.StringArrayVar(&v.providers, "provider", nil, "Old=New: a provider's name in --from and in --into; repeatable")
	flags.StringVar(&v.name, "name", "", "what the pool of a file is called from now on")
	flags.StringVarP(&v.out, "out", "o", "", "the file to write")
	return c
}

func isFile(name string) bool { return strings.ContainsAny(name, "./\\") }

func (v *mergePlan) run(c *cobra.Command) (err error) {
	if v.from == "" || v.into == "" || v.out == "" {
		return &statusError{exitUsage, errors.New("--from, --into and --out are all wanted")}
	}
	m := merge.Make{Now: time.Now(), Progress: newMeter(c.ErrOrStderr()).show}
	if m.Rules, err = v.readRules(); err != nil {
		return &statusError{exitUsage, err}
	}
	if isFile(v.from) {
		if m.From, err = merge.OpenFile(v.from, v.name); err != nil {
			return &statusError{exitUsage, err}
		}
	}
	if isFile(v.into) {
		if m.Into, err = merge.OpenFile(v.into, ""); err != nil {
			return &statusError{exitUsage, err}
		}
		m.Terms = &merge.Terms{Pool: m.Into.Name, Issuer: m.Into.Issuer, File: true}
	}
	if m.From != nil && m.Into != nil {
		return v.write(c, m)
	}
	return v.connect(c.Context(), c.ErrOrStderr(), func(client *admin.Client) error {
		if m.Into == nil {
			if m.Into, m.Terms, err = v.live(c.Context(), client, v.into); err != nil {
				return err
			}
			m.Seal = func(ctx context.Context, texts []string) ([]string, error) {
				return client.SealPlan(ctx, v.into, texts)
			}
		}
		if m.From == nil {
			if m.From, m.FromTerms, err = v.live(c.Context(), client, v.from); err != nil {
				return err
			}
			if m.Terms.File {
				m.Terms.Merges = m.FromTerms.Merges
			}
		}
		return v.write(c, m)
	})
}

// live is a pool of the hub as a source.
func (v *mergePlan) live(ctx context.Context, client *admin.Client, pool string) (*merge.Source, *merge.Terms, error) {
	v.pool = pool
	if _, err := v.pools(ctx, client); err != nil {
		return nil, nil, err
	}
	t, err := client.MergeTerms(ctx, pool)
	if err != nil {
		return nil, nil, refused(err)
	}
	return client.PeopleOf(ctx, merge.Origin{Kind: merge.FromPool, Name: pool, Issuer: t.Issuer, Passwords: true}, false, false), t, nil
}

func (v *mergePlan) readRules() (*merge.Rules, error) {
	var text []byte
	if v.rules != "" {
		var err error
		if text, err = os.ReadFile(v.rules); err != nil {
			return nil, err
		}
	}
	r, err := merge.ParseRules(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.rules, err)
	}
	for _, pair := range v.providers {
		old, name, ok := strings.Cut(pair, "=")
		if !ok || old == "" || name == "" {
			return nil, fmt.Errorf("--provider %q: it is Old=New, for example Corporate=CorporateID", pair)
		}
		if r.Providers == nil {
			r.Providers = map[string]string{}
		}
		r.Providers[old] = name
	}
	return r, nil
}

// write makes the plan in a file beside the one to be, which appears when it is
// whole.
func (v *mergePlan) write(c *cobra.Command, m merge.Make) error {
	f, done, err := newFile(v.out)
	if err != nil {
		return err
	}
	h, err := merge.New(c.Context(), m, f)
	if err := done(err); err != nil {
		return refused(err)
	}
	writePlan(c.OutOrStdout(), h, v.out)
	return nil
}

// newFile makes a file that only its owner reads, and that is there once done is
// called with no error. One that exists is somebody's work, and stays.
func newFile(path string) (f *os.File, done func(error) error, err error) {
	part := path + ".part"
	if _, err := os.Stat(path); err == nil {
		return nil, nil, fmt.Errorf("%s is there already; remove it, or name another file", path)
	}
	_ = os.Remove(part) // of one that was killed
	if f, err = os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return nil, nil, err
	}
	return f, func(err error) error {
		if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
			err = os.Rename(part, path)
		}
		if err != nil {
			_ = os.Remove(part)
		}
		return err
	}, nil
}

func writePlan(w io.Writer, h *merge.Header, path string) {
	c := h.Counts
	fmt.Fprintf(w, "Plan %s: %s with %s into %s with %d.\n", h.ID, plain(h.From.Name), people(h.From.People), plain(h.Into.Pool), h.Into.People)
	var by []string
	for _, rule := range slices.Sorted(maps.Keys(c.By)) {
		by = append(by, fmt.Sprintf("%d by %s", c.By[rule], rule))
	}
	rows := [][2]string{
		{"  join", tail(c.Join, "become one with somebody there", by)},
		{"  add", tail(c.Add, "become users of their own", nil)},
		{"  skip", tail(c.Skip, "stay behind, as the rules say", nil)},
		{"  done", tail(c.Done, "are there already", nil)},
		{"  stay", tail(c.Untouched, "of those there stay as they were, for now", nil)},
		{"  ask", tail(c.Ask, "are to be decided", conflicts(c.Conflicts))},
	}
	rows = slices.DeleteFunc(rows, func(r [2]string) bool { return strings.HasPrefix(r[1], "0 ") && r[0] != "  ask" })
	writeFields(w, rows)
	if c.Clashes > 0 {
		fmt.Fprintf(w, "Of %d both have another value of some attribute; the plan says which stays.\n", c.Clashes)
	}
	for _, n := range h.Notes {
		fmt.Fprintf(w, "Note: %s.\n", plain(n))
	}
	switch {
	case h.Seal == "":
		fmt.Fprintf(w, "The plan is in %s. It is into a file, and cannot be applied.\n", path)
	default:
		fmt.Fprintf(w, "Nothing was changed. Read %s, decide what it asks, then: isthmus merge apply %s\n", path, path)
	}
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

func tail(n int, what string, parts []string) string {
	text := fmt.Sprintf("%d %s", n, what)
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}

func conflicts(kinds map[string]int) []string {
	var list []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		list = append(list, fmt.Sprintf("%d %s", kinds[kind], kind))
	}
	return list
}

// meter tells on a terminal what long work is at; elsewhere it is silent.
type meter struct {
	w     io.Writer
	on    bool
	shown time.Time
}

func newMeter(w io.Writer) *meter { return &meter{w: w, on: bool(painted(w))} }

func (m *meter) show(what string, n int) {
	if now := time.Now(); m.on && now.Sub(m.shown) > 100*time.Millisecond {
		m.shown = now
		fmt.Fprintf(m.w, "\r\x1b[K%s: %d", plain(what), n)
	}
}

func (m *meter) clear() {
	if m.on {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}
